//! Which of the spec's endpoints a path is (distribution-spec, "Endpoints"). Pure: names and digests are parsed here,
//! so no text of a request ever reaches a path of the file system.

use oci::digest::Digest;
use oci::reference::Tag;

use crate::fault::{Code, Fault};
use crate::repositories::RepositoryPath;

/// What a path asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Base,
    Catalog,
    Tags(RepositoryPath),
    Manifest(RepositoryPath, Selector),
    Blob(RepositoryPath, Digest),
    Uploads(RepositoryPath),
    /// The id as it was sent: looked up, never joined to a path.
    Upload(RepositoryPath, String),
    Referrers(RepositoryPath, Digest),
}

/// What a manifest is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selector {
    Tag(Tag),
    Digest(Digest),
    /// Neither: there can be no such manifest.
    Impossible(String),
}

impl Route {
    /// Reads a request's path, as it was sent. None: the spec has no such endpoint.
    pub(crate) fn parse(path: &str) -> Result<Option<Route>, Fault> {
        let Some(path) = decode(path) else { return Ok(None) };
        let Some(rest) = path.strip_prefix("/v2") else { return Ok(None) };
        if rest.is_empty() || rest == "/" {
            return Ok(Some(Route::Base));
        }
        let Some(rest) = rest.strip_prefix('/') else { return Ok(None) };
        if rest == "_catalog" {
            return Ok(Some(Route::Catalog));
        }
        // From the end, because a repository may have components that read like an endpoint.
        let parts: Vec<&str> = rest.split('/').collect();
        let name = |count: usize| repository(&parts[..parts.len() - count].join("/"));
        Ok(Some(match parts.as_slice() {
            [_, .., "tags", "list"] => Route::Tags(name(2)?),
            [_, .., "blobs", "uploads", ""] => Route::Uploads(name(3)?),
            [_, .., "blobs", "uploads"] => Route::Uploads(name(2)?),
            [_, .., "blobs", "uploads", id] => Route::Upload(name(3)?, (*id).to_owned()),
            [_, .., "manifests", selector] => Route::Manifest(name(2)?, Selector::parse(selector)?),
            [_, .., "blobs", text] => Route::Blob(name(2)?, digest(text)?),
            [_, .., "referrers", text] => Route::Referrers(name(2)?, digest(text)?),
            _ => return Ok(None),
        }))
    }
}

impl Selector {
    fn parse(text: &str) -> Result<Self, Fault> {
        if text.contains(':') {
            return digest(text).map(Selector::Digest);
        }
        Ok(text.parse().map_or_else(|_| Selector::Impossible(text.to_owned()), Selector::Tag))
    }
}

fn repository(text: &str) -> Result<RepositoryPath, Fault> {
    RepositoryPath::parse(text)
        .ok_or_else(|| Fault::new(Code::NameInvalid, format!("`{}` is no repository name", shown(text))))
}

pub(crate) fn digest(text: &str) -> Result<Digest, Fault> {
    text.parse().map_err(|problem| Fault::new(Code::DigestInvalid, format!("`{}`: {problem}", shown(text))))
}

/// At most 80 characters of a stranger's text.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Undoes percent-encoding; None for what is none, or no UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = if *first == b'%' {
            let hex = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with('+'))?);
            &after[2..]
        } else {
            bytes.push(*first);
            after
        };
    }
    String::from_utf8(bytes).ok()
}

/// Percent-encodes a query's value.
pub(crate) fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn name(text: &str) -> RepositoryPath {
        RepositoryPath::parse(text).unwrap()
    }

    #[test]
    fn every_endpoint_is_found() {
        let digest: Digest = format!("sha256:{HEX}").parse().unwrap();
        let tag: Tag = "1.0".parse().unwrap();
        for (path, route) in [
            ("/v2".to_owned(), Route::Base),
            ("/v2/".to_owned(), Route::Base),
            ("/v2/_catalog".to_owned(), Route::Catalog),
            ("/v2/a/tags/list".to_owned(), Route::Tags(name("a"))),
            ("/v2/a/b/c/tags/list".to_owned(), Route::Tags(name("a/b/c"))),
            ("/v2/a/manifests/1.0".to_owned(), Route::Manifest(name("a"), Selector::Tag(tag.clone()))),
            (
                format!("/v2/a/manifests/sha256:{HEX}"),
                Route::Manifest(name("a"), Selector::Digest(digest.clone())),
            ),
            (
                format!("/v2/a/manifests/sha256%3A{HEX}"),
                Route::Manifest(name("a"), Selector::Digest(digest.clone())),
            ),
            (
                "/v2/a/manifests/.bad".to_owned(),
                Route::Manifest(name("a"), Selector::Impossible(".bad".into())),
            ),
            (format!("/v2/a/b/blobs/sha256:{HEX}"), Route::Blob(name("a/b"), digest.clone())),
            ("/v2/a/blobs/uploads/".to_owned(), Route::Uploads(name("a"))),
            ("/v2/a/blobs/uploads".to_owned(), Route::Uploads(name("a"))),
            ("/v2/a/blobs/uploads/42-x".to_owned(), Route::Upload(name("a"), "42-x".into())),
            (format!("/v2/a/referrers/sha256:{HEX}"), Route::Referrers(name("a"), digest)),
            ("/v2/blobs/manifests/tags/list".to_owned(), Route::Tags(name("blobs/manifests"))),
            (
                "/v2/a/tags/list/manifests/1.0".to_owned(),
                Route::Manifest(name("a/tags/list"), Selector::Tag(tag)),
            ),
        ] {
            assert_eq!(Route::parse(&path).unwrap(), Some(route), "{path}");
        }
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for path in [
            "/v2/../../etc/tags/list",
            "/v2/a/../b/tags/list",
            "/v2/a/%2e%2e/b/tags/list",
            "/v2/%2Fetc/tags/list",
            "/v2//tags/list",
            "/v2/a//b/tags/list",
            "/v2/A/tags/list",
            "/v2/a_/tags/list",
            "/v2/a%00/tags/list",
            "/v2/a/blobs/sha256:..",
            "/v2/a/blobs/sha256:%2e%2e",
            "/v2/a/blobs/md5:0123",
            "/v2/a/blobs/nothing",
            "/v2/a/manifests/sha256:..",
            "/v2/a/referrers/..",
        ] {
            assert!(Route::parse(path).is_err(), "{path}");
        }
        let long = format!("/v2/{}/tags/list", "a".repeat(256));
        assert!(Route::parse(&long).is_err(), "a name of 256 characters");
        for path in [
            "/",
            "/v1/",
            "/v2x",
            "/v2/a",
            "/v2/tags/list",
            "/v2/a/manifests",
            "/v2/a/%zz/tags/list",
            "/v2/%ff",
        ] {
            assert_eq!(Route::parse(path).unwrap(), None, "{path}");
        }
    }

    #[test]
    fn encoding_is_undone() {
        for text in ["a/b:c", "ü %", "plain-1.0_~"] {
            assert_eq!(decode(&encode(text)).as_deref(), Some(text));
        }
        assert_eq!(decode("%+1"), None);
        assert_eq!(decode("%4"), None);
    }
}
