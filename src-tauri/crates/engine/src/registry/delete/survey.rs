//! Which tags stand for what, and which indexes list it: every tag of a repository looked up, up to a bound.

use std::collections::{HashMap, HashSet};

use futures_util::StreamExt;
use futures_util::stream;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::Node;
use oci::media_type;
use oci::name::RepositoryName;
use oci::reference::{Reference, Tag};

use super::super::RegistryClient;
use super::Parent;
use crate::error::{Code, Result};
use crate::job::Job;

/// So many tags are looked up.
pub(super) const TAGS: usize = 2000;
/// So many indexes are looked into.
const INDEXES: usize = 500;
/// Look-ups at a time.
const AT_ONCE: usize = 8;

/// A repository at one moment, as far as it was looked at.
#[derive(Default)]
pub(super) struct Survey {
    tags: HashMap<Digest, Vec<Tag>>,
    /// Each index with what it lists.
    indexes: Vec<(Digest, HashSet<Digest>)>,
    /// Tags that were looked up.
    pub(super) checked: u64,
    /// Tags that were not.
    pub(super) unchecked: u64,
    /// What could not be found out.
    pub(super) trouble: Vec<String>,
}

impl Survey {
    /// The tags on a manifest, in the registry's order.
    pub(super) fn tags_on(&self, digest: &Digest) -> &[Tag] {
        self.tags.get(digest).map_or(&[], Vec::as_slice)
    }

    /// The indexes that list a manifest.
    pub(super) fn parents_of(&self, digest: &Digest) -> Vec<Parent> {
        let listing = self.indexes.iter().filter(|(_, listed)| listed.contains(digest));
        listing
            .map(|(index, _)| Parent { digest: index.clone(), tags: self.tags_on(index).to_vec() })
            .collect()
    }
}

impl RegistryClient {
    /// Looks every tag up, and into every index.
    ///
    /// # Errors
    /// [`Code::Cancelled`]; what can't be found out otherwise is counted and told.
    pub(super) async fn survey(&self, repository: &RepositoryName, job: Option<&Job>) -> Result<Survey> {
        let mut survey = Survey::default();
        let tags = self.some_tags(repository, &mut survey, job).await?;
        let looked_up = tags.into_iter().map(|tag| async move {
            let name = Reference::new(repository.clone(), Some(tag.clone()), None);
            (tag, self.manifest_descriptor(&name, job).await)
        });
        let mut looked_up = stream::iter(looked_up).buffered(AT_ONCE);
        let mut indexes: Vec<Descriptor> = Vec::new();
        let mut failed = None;
        while let Some((tag, found)) = looked_up.next().await {
            match found {
                Ok(descriptor) => {
                    survey.checked += 1;
                    let on = survey.tags.entry(descriptor.digest.clone()).or_default();
                    on.push(tag);
                    if on.len() == 1 && media_type::is_index(&descriptor.media_type) {
                        indexes.push(descriptor);
                    }
                }
                Err(error) if error.code() == Code::Cancelled => return Err(error),
                // It went away since it was listed.
                Err(error) if error.code() == Code::NotFound => {}
                Err(error) => {
                    survey.unchecked += 1;
                    failed.get_or_insert(error);
                }
            }
        }
        if let Some(error) = failed {
            survey.trouble.push(format!("Some tags could not be looked up: {}", error.message()));
        }
        self.look_into(repository, indexes, &mut survey, job).await?;
        Ok(survey)
    }

    /// The first tags of the list; the others are counted alone.
    async fn some_tags(
        &self,
        repository: &RepositoryName,
        survey: &mut Survey,
        job: Option<&Job>,
    ) -> Result<Vec<Tag>> {
        let (mut pages, mut tags) = (self.tag_pages(repository)?, Vec::new());
        loop {
            match pages.next(job).await {
                Ok(Some(page)) => {
                    let room = TAGS - tags.len();
                    survey.unchecked += page.tags.len().saturating_sub(room) as u64;
                    tags.extend(page.tags.into_iter().take(room));
                    if page.partial {
                        survey.trouble.push(
                            "The registry's list of tags does not end properly: there may be more".to_owned(),
                        );
                    }
                }
                Ok(None) => break,
                Err(error) if error.code() == Code::Cancelled => return Err(error),
                Err(error) => {
                    survey.trouble.push(format!(
                        "The tags could not be listed, so other tags may go too: {}",
                        error.message()
                    ));
                    // Some there are, or there would be nothing to delete.
                    survey.unchecked = survey.unchecked.max(1);
                    break;
                }
            }
        }
        if survey.unchecked > 0 && tags.len() == TAGS {
            survey.trouble.push(format!("Only the first {TAGS} tags were looked up"));
        }
        Ok(tags)
    }

    /// Reads the indexes, and the indexes that they list.
    async fn look_into(
        &self,
        repository: &RepositoryName,
        mut waiting: Vec<Descriptor>,
        survey: &mut Survey,
        job: Option<&Job>,
    ) -> Result<()> {
        let mut seen: HashSet<Digest> = waiting.iter().map(|index| index.digest.clone()).collect();
        while !waiting.is_empty() {
            let room = INDEXES.saturating_sub(survey.indexes.len());
            if waiting.len() > room {
                survey.trouble.push(format!("Only {INDEXES} indexes were looked into"));
                waiting.truncate(room);
            }
            let read = waiting.drain(..).map(|index| async move {
                let manifest = self.manifest(repository, index.digest.as_str(), job).await;
                (index.digest, manifest)
            });
            let read: Vec<_> = stream::iter(read).buffered(AT_ONCE).collect().await;
            for (digest, manifest) in read {
                let node = match manifest {
                    Ok(manifest) => Node::parse(&manifest.bytes, Some(&manifest.descriptor.media_type)),
                    Err(error) if error.code() == Code::Cancelled => return Err(error),
                    Err(error) => {
                        survey.trouble.push(format!(
                            "Index `{}` could not be looked into: {}",
                            digest.short(),
                            error.message()
                        ));
                        continue;
                    }
                };
                let Ok(Node::Index(index)) = node else { continue };
                let inner = index.manifests.iter().filter(|entry| media_type::is_index(&entry.media_type));
                waiting.extend(inner.filter(|entry| seen.insert(entry.digest.clone())).cloned());
                let listed = index.manifests.into_iter().map(|entry| entry.digest).collect();
                survey.indexes.push((digest, listed));
            }
        }
        Ok(())
    }
}
