//! Lists in pages: where `Link: <…>; rel="next"` leads (distribution spec, "Listing Tags"; RFC 8288), and when it leads
//! nowhere.
//!
//! Invariants: no page is on another origin; no page is asked for twice; a list that brings nothing new ends. Memory is
//! a page, and eight bytes for each name that was seen.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use http::StatusCode;
use http::header::LINK;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::http::{Request, same_origin};
use super::{Answer, RegistryClient, Scope};
use crate::error::{Code, Error, Result};
use crate::exchange::Redactor;
use crate::job::Job;

/// A page is read no further than this, bytes.
const PAGE_CAP: u64 = 16 << 20;
/// What a page is asked to hold.
pub(super) const PAGE: u32 = 1000;
/// More pages than this are a loop that hides itself.
const PAGES: usize = 10_000;

/// A list that is read page by page.
pub(super) struct Pages {
    client: RegistryClient,
    scopes: Vec<Scope>,
    /// In words: `` list of tags of `…` ``.
    what: String,
    next: Option<Request>,
    hasher: RandomState,
    /// Fingerprints of addresses and of names: 64 bits of a keyed hash, which nobody outside can make collide.
    asked: HashSet<u64>,
    seen: HashSet<u64>,
    partial: bool,
}

/// What came of asking for a page.
pub(super) enum Step<T> {
    /// There is no further page.
    End,
    /// A page; [`Pages::turn`] must follow.
    Page(Answer, T),
    /// The registry refused; the body is still to be read.
    Refused(Answer),
}

impl Pages {
    pub(super) fn new(client: RegistryClient, first: Request, scopes: Vec<Scope>, what: String) -> Self {
        Self {
            client,
            scopes,
            what,
            next: Some(first),
            hasher: RandomState::new(),
            asked: HashSet::new(),
            seen: HashSet::new(),
            partial: false,
        }
    }

    /// Asks for the next page. After a failure the same one can be asked for again.
    pub(super) async fn fetch<T: DeserializeOwned>(&mut self, job: Option<&Job>) -> Result<Step<T>> {
        let Some(request) = self.next.clone() else { return Ok(Step::End) };
        let (mut answer, mut body) = self.read(request.clone(), job).await?;
        // Some registries refuse a number instead of lowering it.
        if answer.status == StatusCode::BAD_REQUEST && self.asked.is_empty() {
            let mut plain = request;
            plain.url.set_query(None);
            (answer, body) = self.read(plain, job).await?;
        }
        if !answer.status.is_success() {
            return Ok(Step::Refused(answer));
        }
        if super::http::looks_like_html(&answer, &body) {
            let registry = self.client.registry().as_str();
            return Err(super::http::web_page(registry, answer.status).at_exchange(answer.body.exchange()));
        }
        let page = serde_json::from_slice(&body).map_err(|error| {
            let why = format!("the {} is not the JSON that it should be", self.what);
            Error::new(Code::ProtocolViolation, why)
                .with_hint(
                    "The registry or a proxy in front of it is broken; a name that you know can still be typed",
                )
                .with_source(error)
                .at_exchange(answer.body.exchange())
        })?;
        Ok(Step::Page(answer, page))
    }

    async fn read(&self, request: Request, job: Option<&Job>) -> Result<(Answer, Bytes)> {
        self.client.call_and_read(request, &self.scopes, PAGE_CAP, job).await
    }

    /// The names of a page that none before had, those that `read` can read and those that it can't; then goes on.
    ///
    /// # Errors
    /// As [`Pages::turn`].
    pub(super) fn names<T>(
        &mut self,
        answer: &Answer,
        names: Option<Vec<Value>>,
        what: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<(Vec<T>, Vec<String>)> {
        let (mut good, mut invalid) = (Vec::new(), Vec::new());
        // Registries give `null` for none, and odd ones something else among the names.
        for name in names.unwrap_or_default().into_iter().filter(|name| !name.is_null()) {
            let name = match name {
                Value::String(name) => name,
                other => other.to_string(),
            };
            if self.is_new(&name) {
                match read(&name) {
                    Some(it) => good.push(it),
                    None => invalid.push(name),
                }
            }
        }
        answer.body.note(&format!("{} {what}", self.count()));
        self.turn(answer, !good.is_empty() || !invalid.is_empty())?;
        Ok((good, invalid))
    }

    /// Whether a name was not in the list before.
    pub(super) fn is_new(&mut self, name: &str) -> bool {
        self.seen.insert(self.hasher.hash_one(name))
    }

    /// How many different names there were.
    pub(super) fn count(&self) -> usize {
        self.seen.len()
    }

    /// Goes on to what follows a page; `new` says whether it brought any name that was not there before.
    ///
    /// # Errors
    /// [`Code::RedirectRefused`] where the list goes on at another host.
    pub(super) fn turn(&mut self, answer: &Answer, new: bool) -> Result<()> {
        let Some(mut request) = self.next.take() else { return Ok(()) };
        self.asked.insert(self.hasher.hash_one(request.url.as_str()));
        match self.next_page(answer, &request.url)? {
            Next::End => {}
            Next::Page(url)
                if new
                    && self.asked.len() < PAGES
                    && !self.asked.contains(&self.hasher.hash_one(url.as_str())) =>
            {
                request.url = url;
                self.next = Some(request);
            }
            Next::Page(_) | Next::Nowhere => self.partial = true,
        }
        Ok(())
    }

    /// What hides the secrets in use.
    pub(super) fn redactor(&self) -> &Redactor {
        self.client.http().log().redactor()
    }

    /// Whether there is another page to ask for.
    pub(super) fn has_more(&self) -> bool {
        self.next.is_some()
    }

    /// Whether the paging went in circles or nowhere, so that there may be more than was read.
    pub(super) fn is_partial(&self) -> bool {
        self.partial
    }

    fn next_page(&self, answer: &Answer, from: &Url) -> Result<Next> {
        let links = answer.headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
        let Some(target) = links.flat_map(split_links).find_map(next_target) else { return Ok(Next::End) };
        let Ok(next) = from.join(target) else { return Ok(Next::Nowhere) };
        if !same_origin(&next, from) {
            let host = super::http::host_of(&next);
            let why = format!("the {} goes on at another host, `{host}`", self.what);
            answer.body.failed(&why);
            return Err(Error::new(Code::RedirectRefused, why)
                .with_hint(
                    "The registry or a proxy in front of it is misconfigured; Longshore does not go there",
                )
                .at_exchange(answer.body.exchange()));
        }
        Ok(Next::Page(next))
    }
}

/// What follows a page.
enum Next {
    End,
    Page(Url),
    /// There is more, at an address that is none.
    Nowhere,
}

fn split_links(value: &str) -> impl Iterator<Item = &str> {
    // A comma separates links only outside the angle brackets.
    let mut inside = false;
    value.split(move |character| {
        match character {
            '<' => inside = true,
            '>' => inside = false,
            _ => {}
        }
        character == ',' && !inside
    })
}

fn next_target(link: &str) -> Option<&str> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = parameters.split(';').any(|parameter| {
        let Some((name, value)) = parameter.split_once('=') else { return false };
        name.trim().eq_ignore_ascii_case("rel")
            && value.trim().trim_matches('"').split_whitespace().any(|rel| rel.eq_ignore_ascii_case("next"))
    });
    is_next.then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_in_every_form() {
        let rows = [
            ("usual", r#"</v2/a/tags/list?last=x&n=2>; rel="next""#, Some("/v2/a/tags/list?last=x&n=2")),
            ("unquoted", "</x>; rel=next", Some("/x")),
            ("second of two", r#"</p>; rel="prev", </n>; rel="next""#, Some("/n")),
            ("comma inside", r#"</x?last=a,b>; rel="next""#, Some("/x?last=a,b")),
            ("other relation", r#"</x>; rel="first""#, None),
            ("garbage", "next please", None),
        ];
        for (name, value, want) in rows {
            assert_eq!(split_links(value).find_map(next_target), want, "{name}");
        }
    }
}
