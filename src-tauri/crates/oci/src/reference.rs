//! References: the text that names an image, such as `nginx:1.25` or `ghcr.io/owner/image@sha256:…`.
//!
//! The grammar and the normalisation are those of distribution/reference (the library in Docker and containerd):
//! the same verdict on every input. A [`Reference`] is what its `ParseNormalizedNamed` followed by `TagNameOnly`
//! gives, with image-spec's two digest algorithms registered. It therefore always selects something: a tag, a
//! digest, or both (then the digest decides).

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::digest::{Digest, DigestProblem};
use crate::name::{Registry, RepositoryName};
use crate::parse::{parse, parse_lone_tag};

/// A tag: at most 128 characters, `[A-Za-z0-9_][A-Za-z0-9._-]*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Box<str>);

impl Tag {
    /// `latest`: the tag that is meant where none is given.
    pub fn latest() -> Self {
        Tag("latest".into())
    }

    /// From text that the parser has checked.
    pub(crate) fn checked(text: &str) -> Self {
        Tag(text.into())
    }

    /// The tag's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Tag {
    type Err = ReferenceProblem;

    fn from_str(input: &str) -> Result<Self, ReferenceProblem> {
        parse_lone_tag(input)
    }
}

/// A normalised reference. Displays in its canonical form, which parses back to the same value.
///
/// ```
/// let reference: oci::Reference = "nginx".parse().unwrap();
/// assert_eq!(reference.canonical(), "docker.io/library/nginx:latest");
/// assert_eq!(reference.familiar(), "nginx:latest");
/// assert_eq!(reference.registry().api_host(), "registry-1.docker.io");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    repository: RepositoryName,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

impl Reference {
    /// A reference from its parts. Where there is neither tag nor digest, the tag is `latest`.
    pub fn new(repository: RepositoryName, tag: Option<Tag>, digest: Option<Digest>) -> Self {
        let tag = if tag.is_none() && digest.is_none() { Some(Tag::latest()) } else { tag };
        Reference { repository, tag, digest }
    }

    /// Registry and path.
    pub fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// The registry that keeps the image.
    pub fn registry(&self) -> &Registry {
        self.repository.registry()
    }

    /// The tag; `None` only where there is a digest.
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest, where the image is pinned.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Everything spelled out: `docker.io/library/nginx:latest@sha256:…`.
    pub fn canonical(&self) -> String {
        self.to_string()
    }

    /// As Docker prints it: `nginx:latest`.
    pub fn familiar(&self) -> String {
        let mut text = self.repository.familiar();
        self.write_suffix(&mut text).expect("writing to a string can't fail");
        text
    }

    /// The same repository and digest under another tag.
    #[must_use]
    pub fn with_tag(&self, tag: Tag) -> Self {
        Reference { tag: Some(tag), ..self.clone() }
    }

    /// The same repository and tag, pinned to `digest`.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Reference { digest: Some(digest), ..self.clone() }
    }

    /// What a registry is asked for (`/v2/<path>/manifests/<selector>`): the digest if there is one, else the tag.
    pub fn manifest_selector(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.to_string(),
            (None, None) => unreachable!("a reference has a tag or a digest"),
        }
    }

    fn write_suffix(&self, out: &mut impl fmt::Write) -> fmt::Result {
        if let Some(tag) = &self.tag {
            write!(out, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(out, "@{digest}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.repository)?;
        self.write_suffix(f)
    }
}

impl FromStr for Reference {
    type Err = ReferenceProblem;

    fn from_str(input: &str) -> Result<Self, ReferenceProblem> {
        let parsed = parse(input)?;
        Ok(Reference::new(parsed.repository, parsed.tag, parsed.digest))
    }
}

/// Why a text is no reference, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ReferenceProblem {
    /// What kind of problem it is.
    pub kind: ReferenceProblemKind,
    /// What is wrong, values in backticks.
    pub message: String,
    /// One next action, often a text that would do.
    pub hint: Option<String>,
    /// The bytes of the input that are wrong; empty where something is missing at that place. Always on
    /// character boundaries.
    pub span: Range<usize>,
}

/// The kinds of [`ReferenceProblem`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceProblemKind {
    /// Nothing was typed.
    Empty,
    /// White space or a control character, which no reference has.
    Space,
    /// A URL: a reference has no scheme.
    Scheme,
    /// 64 hexadecimal digits alone, which read as an image's ID.
    ImageId,
    /// The first part is meant as a host and is none.
    Host,
    /// What follows the host's colon is no number.
    Port,
    /// Upper case in the path.
    UpperCase,
    /// Two slashes together, or nothing where a name must be.
    NameMissing,
    /// A character or a separator that the path can't have there.
    Name,
    /// The path is longer than 255 bytes.
    NameTooLong,
    /// A tag that is none.
    Tag,
    /// A digest that is none.
    Digest(DigestProblem),
    /// A tag or a digest where only a repository is asked for.
    NotARepository,
}
