//! The tags of one repository with what is known of them, and windows of that in any order.

use std::collections::HashMap;
use std::sync::Arc;

use engine::registry::describe::TagFacts;
use engine::registry::tag::TagPage;
use oci::reference::Tag;
use oci::{Digest, RepositoryName};

use super::order::{Arrangement, Entry};
use crate::wire::{Fault, LocalState, RateLimit, RepositoryHead, TagQuery, TagRow, TagRows};

/// So many names that are no tags are shown.
const ODD_SHOWN: usize = 20;
/// A name that is no tag is cut after so many characters.
const ODD_LENGTH: usize = 200;
/// The largest window, rows.
const MOST_ROWS: u64 = 500;

/// What was found out about a tag.
#[derive(Clone, Debug)]
pub enum Described {
    /// What it stands for.
    Known(TagFacts),
    /// Why that is not known.
    Failed(Fault),
}

/// All tags of a repository that are known.
#[derive(Debug, Default)]
pub struct Table {
    entries: Vec<Entry>,
    places: HashMap<Tag, u32>,
    invalid: u64,
    odd: Vec<String>,
    finished: bool,
    partial: bool,
    fault: Option<Fault>,
    /// Raised when tags come.
    listed: u64,
    /// Raised when anything is found out about one.
    described: u64,
    /// The order that was asked for last.
    arranged: Option<Arranged>,
}

#[derive(Debug)]
struct Arranged {
    by: Arrangement,
    listed: u64,
    described: u64,
    order: Arc<Vec<u32>>,
}

impl Table {
    /// Adds a page; whether another follows.
    pub fn append(&mut self, page: TagPage) -> bool {
        for tag in page.tags {
            let place = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
            if self.places.insert(tag.clone(), place).is_none() {
                self.entries.push(Entry { tag, described: None });
            }
        }
        self.invalid += page.invalid.len() as u64;
        let shown = page.invalid.into_iter().map(|name| name.chars().take(ODD_LENGTH).collect());
        self.odd.extend(shown.take(ODD_SHOWN - self.odd.len()));
        self.partial |= page.partial;
        self.finished = !page.has_more;
        self.listed += 1;
        page.has_more
    }

    /// The order that was made last.
    #[cfg(test)]
    pub(super) fn order(&self) -> Option<&Arc<Vec<u32>>> {
        self.arranged.as_ref().map(|arranged| &arranged.order)
    }

    /// There is no further page.
    pub fn finish(&mut self) -> bool {
        self.finished = true;
        false
    }

    /// The list broke off.
    pub fn fail(&mut self, fault: Fault) {
        self.finished = true;
        self.fault = Some(fault);
    }

    /// Nobody looks at it any more.
    pub fn close(&mut self) {
        self.finished = true;
    }

    /// Keeps what was found out about a tag.
    pub fn describe(&mut self, tag: &Tag, described: Described) {
        if let Some(place) = self.places.get(tag) {
            self.entries[*place as usize].described = Some(described);
            self.described += 1;
        }
    }

    /// Of these names those of tags about which nothing is known, or that could not be asked about.
    pub fn undescribed(&self, names: &[String]) -> Vec<Tag> {
        let known = |entry: &&Entry| !matches!(entry.described, Some(Described::Known(_)));
        names
            .iter()
            .filter_map(|name| self.entry(name))
            .filter(known)
            .map(|entry| entry.tag.clone())
            .collect()
    }

    /// What the page shows above the tags.
    pub fn head(
        &self,
        id: u64,
        repository: &RepositoryName,
        rate_limit: Option<RateLimit>,
    ) -> RepositoryHead {
        let registry = repository.registry();
        let official = registry.is_docker_hub() && repository.path().starts_with("library/");
        RepositoryHead {
            id,
            repository: repository.path().to_owned(),
            familiar: repository.familiar(),
            host: registry.as_str().to_owned(),
            about: if official { "Official image on Docker Hub".to_owned() } else { String::new() },
            known: self.entries.len() as u64,
            invalid: self.invalid,
            odd: self.odd.clone(),
            finished: self.finished,
            partial: self.partial,
            fault: self.fault.clone(),
            rate_limit,
        }
    }

    /// A window of the tags that the query finds.
    pub fn query(&mut self, query: &TagQuery, local: &dyn Fn(&Tag) -> Option<Digest>) -> TagRows {
        let order = self.arrange(&Arrangement::of(query));
        let from = query.from.min(order.len() as u64);
        let count = query.count.min(MOST_ROWS);
        let (first, last) = (from as usize, (from + count).min(order.len() as u64) as usize);
        let rows = (first..last).map(|at| self.row(order[at], self.knot(&order, at), local));
        let described = order.iter().filter(|place| self.entries[**place as usize].facts().is_some());
        TagRows {
            total: self.entries.len() as u64,
            matched: order.len() as u64,
            described: described.count() as u64,
            from,
            rows: rows.collect(),
        }
    }

    /// Rows by name, in the order of the names.
    pub fn rows(&self, names: &[String], local: &dyn Fn(&Tag) -> Option<Digest>) -> Vec<TagRow> {
        let places = names.iter().filter_map(|name| self.place(name));
        places.map(|place| self.row(place, None, local)).collect()
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(self.place(name)? as usize)
    }

    fn place(&self, name: &str) -> Option<u32> {
        self.places.get(&name.parse::<Tag>().ok()?).copied()
    }

    /// The order, made anew where tags came, or where it goes by what is known of them and more is.
    fn arrange(&mut self, by: &Arrangement) -> Arc<Vec<u32>> {
        if let Some(arranged) = &self.arranged
            && arranged.by == *by
            && arranged.listed == self.listed
            && (arranged.described == self.described || !by.goes_by_facts())
        {
            return arranged.order.clone();
        }
        let order = Arc::new(by.order(&self.entries));
        self.arranged = Some(Arranged {
            by: by.clone(),
            listed: self.listed,
            described: self.described,
            order: order.clone(),
        });
        order
    }

    /// The row's run of one digest, by the place of its first row; none where it stands alone.
    fn knot(&self, order: &[u32], at: usize) -> Option<u32> {
        let digest = |at: usize| self.entries[*order.get(at)? as usize].digest();
        let own = digest(at)?;
        let before = |at: usize| at.checked_sub(1).and_then(digest) == Some(own);
        if !before(at) && digest(at + 1) != Some(own) {
            return None;
        }
        let first = (0..=at).rev().find(|place| !before(*place)).unwrap_or_default();
        u32::try_from(first).ok()
    }

    fn row(&self, place: u32, knot: Option<u32>, local: &dyn Fn(&Tag) -> Option<Digest>) -> TagRow {
        let entry = &self.entries[place as usize];
        let facts = entry.facts();
        let details = facts.and_then(|facts| facts.details.as_deref());
        let digest = facts.map(|facts| &facts.descriptor.digest);
        let here = digest.map(|digest| match local(&entry.tag) {
            Some(own) if own == *digest => LocalState::Same,
            Some(_) => LocalState::Older,
            None => LocalState::Absent,
        });
        TagRow {
            tag: entry.tag.to_string(),
            digest: digest.map(ToString::to_string),
            media_type: facts.map(|facts| facts.descriptor.media_type.clone()),
            kind: details.map(|details| details.kind.as_str().to_owned()),
            platforms: details
                .map(|details| details.platforms.iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            size: details.and_then(|details| details.size),
            updated: details.and_then(|details| details.created.clone()),
            local: here,
            fault: match &entry.described {
                Some(Described::Failed(fault)) => Some(fault.clone()),
                _ => None,
            },
            knot,
        }
    }
}
