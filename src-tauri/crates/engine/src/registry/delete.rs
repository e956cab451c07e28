//! Deleting from a registry: first a plan that says everything that would go, then that and no more.
//!
//! A manifest takes every tag on it along; whether a tag can be deleted alone is the registry's choice (distribution
//! spec, "Deleting tags", "Deleting Manifests"). Invariant: what a plan does not name is not deleted; everything is
//! looked up again right before, and what has changed is left alone and told. Deliberately absent: freeing space, which
//! is the registry's own garbage collection.

mod execute;
mod survey;

use std::fmt;
use std::str::FromStr;

use oci::descriptor::Descriptor;
use oci::digest::{Digest, DigestProblem};
use oci::media_type;
use oci::name::RepositoryName;
use oci::reference::{Reference, ReferenceProblem, Tag};

pub use execute::{DeleteMode, DeleteReport, Deleted, Undone};

use super::RegistryClient;
use super::referrer::is_optional;
use crate::error::{Code, Error, Result};
use crate::job::Job;

/// What was chosen to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selector {
    /// What this tag stands for.
    Tag(Tag),
    /// This very manifest.
    Digest(Digest),
}

impl Selector {
    /// What a reference selects: its digest if it has one, else its tag.
    pub fn of(reference: &Reference) -> Self {
        match (reference.digest(), reference.tag()) {
            (Some(digest), _) => Self::Digest(digest.clone()),
            (None, Some(tag)) => Self::Tag(tag.clone()),
            (None, None) => unreachable!("a reference has a tag or a digest"),
        }
    }

    fn name(&self, repository: &RepositoryName) -> Reference {
        let (tag, digest) = match self {
            Self::Tag(tag) => (Some(tag.clone()), None),
            Self::Digest(digest) => (None, Some(digest.clone())),
        };
        Reference::new(repository.clone(), tag, digest)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

impl FromStr for Selector {
    type Err = SelectorProblem;

    fn from_str(text: &str) -> Result<Self, SelectorProblem> {
        // No tag has a colon, every digest has one.
        if text.contains(':') { Ok(Self::Digest(text.parse()?)) } else { Ok(Self::Tag(text.parse()?)) }
    }
}

/// Why a text selects nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorProblem {
    /// It is no tag.
    #[error(transparent)]
    Tag(#[from] ReferenceProblem),
    /// It is no digest.
    #[error(transparent)]
    Digest(#[from] DigestProblem),
}

/// Everything that a deletion would take along.
#[derive(Clone, Debug)]
pub struct DeletePlan {
    /// Where.
    pub repository: RepositoryName,
    /// Each manifest once: indexes before what they may list.
    pub items: Vec<DeleteItem>,
    /// How many of the repository's tags were looked up.
    pub checked: u64,
    /// How many were not: a tag among them may be on a manifest that goes.
    pub unchecked: u64,
    /// Whether the registry can delete a tag alone; none where that is not known before it is tried.
    pub can_untag: Option<bool>,
    /// What could not be found out, and what was chosen but is not there; a sentence each.
    pub warnings: Vec<String>,
}

/// One manifest that would go.
#[derive(Clone, Debug)]
pub struct DeleteItem {
    /// The manifest or the index.
    pub descriptor: Descriptor,
    /// The tags that were chosen.
    pub chosen: Vec<Tag>,
    /// Whether it was chosen by its digest.
    pub by_digest: bool,
    /// Other tags on it, which go too.
    pub also: Vec<Tag>,
    /// Indexes that list it and stay, with a hole.
    pub parents: Vec<Parent>,
    /// Digests of signatures, SBOMs and the like that refer to it and stay, about nothing.
    pub referrers: Vec<Digest>,
    /// Bytes of the image that it is, where that is known.
    pub size: Option<u64>,
}

/// An index that lists a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The index.
    pub digest: Digest,
    /// The tags by which it was found.
    pub tags: Vec<Tag>,
}

impl DeletePlan {
    /// Whether more would go than was named: other tags, or tags that were not looked up.
    pub fn goes_beyond(&self) -> bool {
        self.unchecked > 0 || self.items.iter().any(|item| !item.also.is_empty())
    }
}

impl RegistryClient {
    /// Plans the deletion of manifests. Every tag of the repository is looked up, up to a bound.
    ///
    /// # Errors
    /// [`Code::NotFound`] where nothing that was chosen is there; whatever authorization and transport give.
    pub async fn plan_delete(
        &self,
        repository: &RepositoryName,
        chosen: &[Selector],
        job: Option<&Job>,
    ) -> Result<DeletePlan> {
        let mut warnings = Vec::new();
        let mut items = self.resolve_all(repository, chosen, &mut warnings, job).await?;
        let survey = self.survey(repository, job).await?;
        warnings.extend(survey.trouble.clone());
        let going: Vec<Digest> = items.iter().map(|item| item.descriptor.digest.clone()).collect();
        for item in &mut items {
            let digest = item.descriptor.digest.clone();
            let tags = survey.tags_on(&digest).iter();
            item.also = tags.filter(|tag| !item.chosen.contains(tag)).cloned().collect();
            let parents = survey.parents_of(&digest).into_iter();
            item.parents = parents.filter(|parent| !going.contains(&parent.digest)).collect();
            match self.referring_manifests(repository, &digest, job).await {
                Ok(found) => {
                    let found = found.into_iter().map(|referrer| referrer.descriptor.digest);
                    item.referrers = found.filter(|digest| !going.contains(digest)).collect();
                }
                Err(error) if is_optional(&error) => warnings.push(format!(
                    "What refers to `{}` could not be asked for: {}",
                    digest.short(),
                    error.message()
                )),
                Err(error) => return Err(error),
            }
            let name = Reference::new(repository.clone(), None, Some(digest));
            let facts = self.describe_name(&name, None, job).await.ok();
            item.size = facts.and_then(|facts| facts.details?.size);
        }
        // An index before its children: some registries keep a manifest while an index lists it.
        items.sort_by_key(|item| !media_type::is_index(&item.descriptor.media_type));
        Ok(DeletePlan {
            repository: repository.clone(),
            items,
            checked: survey.checked,
            unchecked: survey.unchecked,
            can_untag: self.can_untag(),
            warnings,
        })
    }

    /// What the chosen ones stand for, each manifest once.
    async fn resolve_all(
        &self,
        repository: &RepositoryName,
        chosen: &[Selector],
        warnings: &mut Vec<String>,
        job: Option<&Job>,
    ) -> Result<Vec<DeleteItem>> {
        let mut items: Vec<DeleteItem> = Vec::new();
        let mut missing: Option<Error> = None;
        for selector in chosen {
            let descriptor = match self.manifest_descriptor(&selector.name(repository), job).await {
                Ok(descriptor) => descriptor,
                Err(error) if error.code() == Code::NotFound => {
                    warnings.push(format!("`{selector}` is not there, so there is nothing to delete"));
                    missing.get_or_insert(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let at = items.iter().position(|item| item.descriptor.digest == descriptor.digest);
            let at = at.unwrap_or_else(|| {
                items.push(DeleteItem::of(descriptor));
                items.len() - 1
            });
            match selector {
                Selector::Digest(_) => items[at].by_digest = true,
                Selector::Tag(tag) if !items[at].chosen.contains(tag) => items[at].chosen.push(tag.clone()),
                Selector::Tag(_) => {}
            }
        }
        match missing {
            Some(error) if items.is_empty() => Err(error),
            _ => Ok(items),
        }
    }

    /// Whether this registry can delete a tag alone; none before that was tried.
    pub fn can_untag(&self) -> Option<bool> {
        *self.0.can_untag.lock().expect("no code panics while it holds this")
    }
}

impl DeleteItem {
    fn of(descriptor: Descriptor) -> Self {
        Self {
            descriptor,
            chosen: Vec::new(),
            by_digest: false,
            also: Vec::new(),
            parents: Vec::new(),
            referrers: Vec::new(),
            size: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_selects_a_tag_or_a_digest() {
        let digest = Digest::sha256(b"x");
        assert_eq!(digest.as_str().parse(), Ok(Selector::Digest(digest)));
        assert_eq!("1.0".parse(), Ok(Selector::Tag("1.0".parse().unwrap())));
        for bad in ["", "a/b", "sha256:..", "-x", "a:b"] {
            assert!(bad.parse::<Selector>().is_err(), "{bad}");
        }
    }
}
