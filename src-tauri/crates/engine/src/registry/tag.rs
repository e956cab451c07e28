//! Tags of a repository: all pages, in the registry's order, each tag once.

use std::collections::HashSet;

use http::header::LINK;
use oci::name::RepositoryName;
use oci::reference::Tag;
use serde::Deserialize;
use url::Url;

use super::http::same_origin;
use super::{Answer, RegistryClient, Scope, refusal};
use crate::error::{Code, Error, Result};
use crate::exchange::Purpose;
use crate::job::Job;

/// A page is read no further than this, bytes.
const PAGE_CAP: u64 = 16 << 20;
/// What a page is asked to hold.
const PAGE: u32 = 1000;
/// More pages than this are a loop that hides itself.
const PAGES: usize = 10_000;

/// What a repository lists.
#[derive(Clone, Debug, Default)]
pub struct TagList {
    /// Valid tags in the registry's order, each once.
    pub tags: Vec<Tag>,
    /// Names that the registry lists and that are no tags.
    pub invalid: Vec<String>,
    /// The registry's paging went in circles or nowhere: there may be more.
    pub partial: bool,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    tags: Option<Vec<Option<String>>>,
}

impl RegistryClient {
    /// Lists all tags of a repository (distribution spec, `tags/list`).
    ///
    /// # Errors
    /// [`Code::NotFound`]; [`Code::RedirectRefused`] where a page points to another host.
    pub async fn tags(&self, repository: &RepositoryName, job: Option<&Job>) -> Result<TagList> {
        let mut list = TagList::default();
        let mut seen = HashSet::new();
        let mut visited = HashSet::new();
        let purpose = Purpose::new("tags", "Longshore asks which tags the repository has, a page at a time.");
        let mut request = self.request(&format!("/v2/{}/tags/list?n={PAGE}", repository.path()), purpose)?;
        for _ in 0..PAGES {
            if !visited.insert(request.url.to_string()) {
                list.partial = true;
                return Ok(list);
            }
            let scopes = [Scope::pull(repository)];
            let (answer, body) = self.call_and_read(request.clone(), &scopes, PAGE_CAP, job).await?;
            if !answer.status.is_success() {
                let object = format!("repository `{repository}`");
                return Err(refusal(answer, &object, self.http().log().redactor()).await);
            }
            if super::http::looks_like_html(&answer, &body) {
                return Err(super::http::web_page(repository.registry().as_str(), answer.status)
                    .at_exchange(answer.body.exchange()));
            }
            let page: Page = serde_json::from_slice(&body).map_err(|error| {
                Error::new(
                    Code::ProtocolViolation,
                    format!("the list of tags of `{repository}` is not the JSON that it should be"),
                )
                .with_hint("The registry or a proxy in front of it is broken; a tag that you know can still be typed")
                .with_source(error)
                .at_exchange(answer.body.exchange())
            })?;
            let before = seen.len();
            for name in page.tags.unwrap_or_default().into_iter().flatten() {
                if !seen.insert(name.clone()) {
                    continue;
                }
                match name.parse() {
                    Ok(tag) => list.tags.push(tag),
                    Err(_) => list.invalid.push(name),
                }
            }
            answer.body.note(&format!("{} tags", seen.len()));
            request.url = match next_page(&answer, &request.url)? {
                Next::End => return Ok(list),
                // A page that brings nothing new and points on: some registries never end.
                Next::Page(next) if seen.len() > before => next,
                Next::Page(_) | Next::Nowhere => {
                    list.partial = true;
                    return Ok(list);
                }
            };
        }
        list.partial = true;
        Ok(list)
    }
}

/// What follows a page.
enum Next {
    End,
    Page(Url),
    /// There is more, at an address that is none.
    Nowhere,
}

/// Where `Link: <…>; rel="next"` points (RFC 8288), which must be on the same origin.
fn next_page(answer: &Answer, from: &Url) -> Result<Next> {
    let links = answer.headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let Some(target) = links.flat_map(split_links).find_map(next_target) else { return Ok(Next::End) };
    let Ok(next) = from.join(target) else { return Ok(Next::Nowhere) };
    if !same_origin(&next, from) {
        let host = super::http::host_of(&next);
        let why = format!("the list of tags goes on at another host, `{host}`");
        answer.body.failed(&why);
        return Err(Error::new(Code::RedirectRefused, why)
            .with_hint("The registry or a proxy in front of it is misconfigured; Longshore does not go there")
            .at_exchange(answer.body.exchange()));
    }
    Ok(Next::Page(next))
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
