//! Tags of a repository: page by page in the registry's order, each tag once.

use oci::name::RepositoryName;
use oci::reference::Tag;
use serde::Deserialize;
use serde_json::Value;

use super::page::{PAGE, Pages, Step};
use super::{RegistryClient, Scope, refusal};
use crate::error::Result;
use crate::exchange::Purpose;
use crate::job::Job;

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

/// A part of the list.
#[derive(Clone, Debug, Default)]
pub struct TagPage {
    /// Valid tags that no page before had, in the registry's order. May be empty although more follows.
    pub tags: Vec<Tag>,
    /// Names that are no tags, as the registry lists them: text to show, never a link.
    pub invalid: Vec<String>,
    /// The registry's paging went in circles or nowhere: this is the last page that could be had, and there may be more.
    pub partial: bool,
    /// Whether another page follows.
    pub has_more: bool,
}

/// The pages of one repository's tags. What it keeps does not grow but for eight bytes a tag.
pub struct TagPages {
    pages: Pages,
    repository: RepositoryName,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    tags: Option<Vec<Value>>,
}

impl TagPages {
    /// The next page; none after the last. After a failure the same page can be asked for again.
    ///
    /// # Errors
    /// [`crate::Code::NotFound`]; [`crate::Code::RedirectRefused`] where the list goes on at another host.
    pub async fn next(&mut self, job: Option<&Job>) -> Result<Option<TagPage>> {
        let (answer, body) = match self.pages.fetch::<Body>(job).await? {
            Step::End => return Ok(None),
            Step::Refused(answer) => {
                let object = format!("repository `{}`", self.repository);
                return Err(refusal(answer, &object, self.pages.redactor()).await);
            }
            Step::Page(answer, body) => (answer, body),
        };
        let (tags, invalid) = self.pages.names(&answer, body.tags, "tags", |name| name.parse().ok())?;
        let (partial, has_more) = (self.pages.is_partial(), self.pages.has_more());
        Ok(Some(TagPage { tags, invalid, partial, has_more }))
    }
}

impl RegistryClient {
    /// The tags of a repository, page by page (distribution spec, `tags/list`). Nothing is asked before the first
    /// [`TagPages::next`].
    ///
    /// # Errors
    /// Where the name has no registry that could be asked.
    pub fn tag_pages(&self, repository: &RepositoryName) -> Result<TagPages> {
        let purpose = Purpose::new("tags", "Longshore asks which tags the repository has, a page at a time.");
        let first = self.request(&format!("/v2/{}/tags/list?n={PAGE}", repository.path()), purpose)?;
        let what = format!("list of tags of `{repository}`");
        let pages = Pages::new(self.clone(), first, vec![Scope::pull(repository)], what);
        Ok(TagPages { pages, repository: repository.clone() })
    }

    /// All pages of [`RegistryClient::tag_pages`] in one list.
    ///
    /// # Errors
    /// As [`TagPages::next`].
    pub async fn tags(&self, repository: &RepositoryName, job: Option<&Job>) -> Result<TagList> {
        let (mut pages, mut list) = (self.tag_pages(repository)?, TagList::default());
        while let Some(page) = pages.next(job).await? {
            list.tags.extend(page.tags);
            list.invalid.extend(page.invalid);
            list.partial |= page.partial;
        }
        Ok(list)
    }
}
