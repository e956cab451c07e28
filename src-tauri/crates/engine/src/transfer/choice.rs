//! Which platforms of an index go along, and what becomes of the index where some do not.
//!
//! Invariant: nothing is left out in silence. An index can't be kept as it is without all that it lists (registries
//! refuse it, and its digest covers the list), so one platform goes as its own manifest, several as a shorter index with a
//! digest of its own, and what is lost is said.

use std::collections::HashSet;

use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::Node;
use oci::index::Index;
use oci::platform::Platform;
use serde_json::Value;

use super::Platforms;
use super::plan::{list, missing_platform, parse};
use crate::endpoint::{Document, ImageSink, ImageSource};
use crate::error::{Code, Error, Result, Side};
use crate::job::Job;

/// What is to be moved in place of what the name points to.
pub(super) struct Choice {
    pub root: Document,
    /// What the sink has and the source has not.
    pub elsewhere: HashSet<Digest>,
    /// Platforms of the index that the root does not have any more.
    pub lost: Vec<Platform>,
    /// What is to be said of it.
    pub warning: Option<String>,
}

impl Choice {
    fn whole(root: Document) -> Self {
        Self { root, elsewhere: HashSet::new(), lost: Vec::new(), warning: None }
    }
}

/// Chooses.
///
/// # Errors
/// [`Code::PlatformMissing`] with the platforms that there are.
pub(super) async fn choose(
    source: &dyn ImageSource,
    sink: Option<&dyn ImageSink>,
    root: Document,
    platforms: &Platforms,
    job: &Job,
) -> Result<Choice> {
    let wanted = match platforms {
        Platforms::Only(_) | Platforms::All => return Ok(Choice::whole(root)),
        Platforms::Present => None,
        Platforms::These(wanted) => Some(wanted),
    };
    let Node::Index(index) = parse(&root)? else { return Ok(Choice::whole(root)) };
    let mut held = HashSet::new();
    for entry in &index.manifests {
        if source.holds(entry).await.map_err(|error| error.on_side(Side::Source))? {
            held.insert(entry.digest.clone());
        }
    }
    let kept = match wanted {
        Some(wanted) => named(&index, wanted, &held, &root)?,
        None => {
            let missing: Vec<&Descriptor> =
                index.manifests.iter().filter(|entry| !held.contains(&entry.digest)).collect();
            if let Some(elsewhere) = all_at(sink, &missing, job).await? {
                return Ok(Choice { elsewhere, ..Choice::whole(root) });
            }
            let images = index.platforms().into_iter().map(|(entry, _)| entry);
            images.filter(|entry| held.contains(&entry.digest)).map(|entry| entry.digest.clone()).collect()
        }
    };
    keep(source, root, &index, &kept, &held, job).await
}

/// The entries for the platforms that were asked for.
fn named(
    index: &Index,
    wanted: &[Platform],
    held: &HashSet<Digest>,
    root: &Document,
) -> Result<HashSet<Digest>> {
    let mut kept = HashSet::new();
    for platform in wanted {
        let chosen = index.choose(platform).filter(|entry| held.contains(&entry.digest));
        let Some(chosen) = chosen else {
            let choices = held_platforms(index, held).iter().map(ToString::to_string).collect();
            return Err(missing_platform(platform, choices, &root.descriptor));
        };
        kept.insert(chosen.digest.clone());
    }
    Ok(kept)
}

/// What is missing, if the sink has all of it.
async fn all_at(
    sink: Option<&dyn ImageSink>,
    missing: &[&Descriptor],
    job: &Job,
) -> Result<Option<HashSet<Digest>>> {
    for entry in missing {
        let is_there = match sink {
            Some(sink) => sink.has_document(entry, job).await?,
            None => false,
        };
        if !is_there {
            return Ok(None);
        }
    }
    Ok(Some(missing.iter().map(|entry| entry.digest.clone()).collect()))
}

async fn keep(
    source: &dyn ImageSource,
    root: Document,
    index: &Index,
    kept: &HashSet<Digest>,
    held: &HashSet<Digest>,
    job: &Job,
) -> Result<Choice> {
    let stays = |entry: &Descriptor| {
        let about = Index::attested(entry);
        match Index::is_attestation(entry) {
            true => held.contains(&entry.digest) && about.is_some_and(|about| kept.contains(&about)),
            false => kept.contains(&entry.digest),
        }
    };
    if index.manifests.iter().all(stays) {
        return Ok(Choice::whole(root));
    }
    let known =
        |entry: &&Descriptor| entry.platform.as_ref().filter(|platform| !platform.is_unknown()).cloned();
    let images: Vec<&Descriptor> = index.platforms().into_iter().map(|(entry, _)| entry).collect();
    let lost: Vec<Platform> =
        images.iter().filter(|entry| !kept.contains(&entry.digest)).filter_map(known).collect();
    let left: Vec<&Descriptor> = images.into_iter().filter(|entry| kept.contains(&entry.digest)).collect();
    let platforms: Vec<String> = left.iter().filter_map(known).map(|platform| platform.to_string()).collect();
    let gone: Vec<String> = lost.iter().map(ToString::to_string).collect();
    let (new_root, how) = match left[..] {
        [] => return Err(nothing_here(&root)),
        [one] => {
            let document = source.document(&plain(one), job).await;
            let document = document.map_err(|error| error.on_side(Side::Source))?;
            (document, format!("only {} goes along, as a manifest of its own", list(&platforms)))
        }
        _ => {
            let how = format!("the index goes with {} alone", list(&platforms));
            (shortened(&root, |entry| stays(entry), index)?, how)
        }
    };
    let without = if gone.is_empty() { "attestations are".to_owned() } else { list(&gone) };
    let warning = format!(
        "{how}, so with another digest than `{}`; left out: {without}",
        root.descriptor.digest.short()
    );
    Ok(Choice { root: new_root, elsewhere: HashSet::new(), lost, warning: Some(warning) })
}

/// A root has nothing of what its index said of it.
fn plain(entry: &Descriptor) -> Descriptor {
    let mut plain = Descriptor::new(entry.media_type.clone(), entry.digest.clone(), entry.size);
    plain.data.clone_from(&entry.data);
    plain
}

/// The index with some of its entries; everything else of it stays as it is.
fn shortened(root: &Document, stays: impl Fn(&Descriptor) -> bool, index: &Index) -> Result<Document> {
    let invalid = |why: serde_json::Error| {
        Error::new(Code::ManifestInvalid, "the index can't be read").with_source(why)
    };
    let mut value: Value = serde_json::from_slice(&root.bytes).map_err(invalid)?;
    let staying: HashSet<&str> =
        index.manifests.iter().filter(|entry| stays(entry)).map(|entry| entry.digest.as_str()).collect();
    if let Some(entries) = value.get_mut("manifests").and_then(Value::as_array_mut) {
        entries.retain(|entry| entry["digest"].as_str().is_some_and(|digest| staying.contains(digest)));
    }
    let bytes = serde_json::to_vec(&value).map_err(invalid)?;
    let digest = Digest::of(root.descriptor.digest.algorithm(), &bytes);
    let descriptor = Descriptor::new(root.descriptor.media_type.clone(), digest, bytes.len() as u64);
    Ok(Document { descriptor, bytes: bytes.into() })
}

fn held_platforms(index: &Index, held: &HashSet<Digest>) -> Vec<Platform> {
    let images = index.platforms().into_iter().filter(|(entry, _)| held.contains(&entry.digest));
    images.filter_map(|(_, platform)| platform.cloned()).filter(|platform| !platform.is_unknown()).collect()
}

fn nothing_here(root: &Document) -> Error {
    let digest = &root.descriptor.digest;
    Error::new(Code::ImageMissing, format!("no platform of `{}` is here whole", digest.short()))
        .with_hint("Pull it again: an interrupted pull goes on where it was")
        .at_digest(digest)
        .on_side(Side::Source)
}
