//! Which tags a query finds, and in what order.
//!
//! What is not known sorts last, whichever way: a column that is being fetched fills from the top. Ties keep the
//! registry's order.

use std::cmp::Ordering;
use std::collections::HashMap;

use engine::registry::describe::{Details, TagFacts};
use oci::Digest;
use oci::reference::Tag;
use oci::tag_order::VersionKey;

use super::table::Described;
use crate::wire::{TagQuery, TagSort};

/// A tag, and what was found out about it.
#[derive(Debug)]
pub struct Entry {
    /// Its name.
    pub tag: Tag,
    /// None as long as nobody asked.
    pub described: Option<Described>,
}

impl Entry {
    /// What it stands for, where that is known.
    pub fn facts(&self) -> Option<&TagFacts> {
        match &self.described {
            Some(Described::Known(facts)) => Some(facts),
            Some(Described::Failed(_)) | None => None,
        }
    }

    /// The digest that it stands for.
    pub fn digest(&self) -> Option<&Digest> {
        self.facts().map(|facts| &facts.descriptor.digest)
    }

    fn details(&self) -> Option<&Details> {
        self.facts()?.details.as_deref()
    }

    fn updated(&self) -> Option<jiff::Timestamp> {
        self.details()?.created.as_deref()?.parse().ok()
    }

    fn has_platform(&self, wanted: &str) -> bool {
        let is_it = |platform: String| {
            platform == wanted || platform.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('/'))
        };
        self.details()
            .is_some_and(|details| details.platforms.iter().any(|platform| is_it(platform.to_string())))
    }
}

/// A query without its window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrangement {
    words: Vec<String>,
    sort: TagSort,
    descending: bool,
    grouped: bool,
    platform: Option<String>,
}

impl Arrangement {
    /// What a query asks for.
    pub fn of(query: &TagQuery) -> Self {
        Self {
            words: query.filter.split_whitespace().map(str::to_ascii_lowercase).collect(),
            sort: query.sort,
            descending: query.descending,
            grouped: query.grouped,
            platform: query.platform.clone().filter(|platform| !platform.is_empty()),
        }
    }

    /// Whether more known of a tag may change the order.
    pub fn goes_by_facts(&self) -> bool {
        let sorted = matches!(self.sort, TagSort::Updated | TagSort::Size | TagSort::Digest);
        sorted || self.grouped || self.platform.is_some()
    }

    /// The places of the tags that it finds, in its order.
    pub fn order(&self, entries: &[Entry]) -> Vec<u32> {
        let mut order: Vec<u32> =
            (0u32..).zip(entries).filter(|(_, entry)| self.finds(entry)).map(|(place, _)| place).collect();
        let at = |place: &u32| &entries[*place as usize];
        match self.sort {
            TagSort::Registry if self.descending => order.reverse(),
            TagSort::Registry => {}
            TagSort::Name => order.sort_by(|a, b| self.way(at(a).tag.as_str().cmp(at(b).tag.as_str()))),
            TagSort::Version => {
                let mut keyed: Vec<_> =
                    order.iter().map(|place| (VersionKey::of(at(place).tag.as_str()), *place)).collect();
                keyed.sort_by(|(a, _), (b, _)| self.way(a.cmp(b)));
                order = keyed.into_iter().map(|(_, place)| place).collect();
            }
            TagSort::Updated => self.sort_by_fact(&mut order, |place| at(place).updated()),
            TagSort::Size => self.sort_by_fact(&mut order, |place| at(place).details()?.size),
            TagSort::Digest => self.sort_by_fact(&mut order, |place| at(place).digest()),
        }
        if self.grouped { grouped(&order, entries) } else { order }
    }

    fn finds(&self, entry: &Entry) -> bool {
        let name = || entry.tag.as_str().to_ascii_lowercase();
        let named = self.words.is_empty() || {
            let name = name();
            self.words.iter().all(|word| name.contains(word.as_str()))
        };
        named && self.platform.as_deref().is_none_or(|platform| entry.has_platform(platform))
    }

    fn way(&self, order: Ordering) -> Ordering {
        if self.descending { order.reverse() } else { order }
    }

    fn sort_by_fact<'a, T: Ord + 'a>(&self, order: &mut Vec<u32>, fact: impl Fn(&u32) -> Option<T> + 'a) {
        let mut keyed: Vec<_> = order.iter().map(|place| (fact(place), *place)).collect();
        keyed.sort_by(|(a, _), (b, _)| match (a, b) {
            (Some(a), Some(b)) => self.way(a.cmp(b)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        });
        *order = keyed.into_iter().map(|(_, place)| place).collect();
    }
}

/// Tags of one digest side by side, where the first of them stands.
fn grouped(order: &[u32], entries: &[Entry]) -> Vec<u32> {
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let mut known: HashMap<&Digest, usize> = HashMap::new();
    for place in order {
        match entries[*place as usize].digest() {
            Some(digest) => {
                let at = *known.entry(digest).or_insert(groups.len());
                match groups.get_mut(at) {
                    Some(group) => group.push(*place),
                    None => groups.push(vec![*place]),
                }
            }
            None => groups.push(vec![*place]),
        }
    }
    groups.concat()
}
