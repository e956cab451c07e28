//! Loading an archive into the store: which names would move, and the images, all of them or none.
//!
//! Invariants:
//! - The names appear together, in one write, after every chosen image is there whole.
//! - A name that stands for another image here moves only where that was agreed to.

use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::name::RepositoryName;
use oci::reference::Reference;

use crate::archive::{ArchiveSource, DigestKept};
use crate::endpoint::{Admission, Content, Document, ImageSink, Target};
use crate::error::{Code, Error, Result};
use crate::job::Job;
use crate::store::{ContentStore, StoreSink};
use crate::transfer::{Outcome, Plan, Platforms, Request, transfer};

/// An image of an archive that is to be loaded.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Its digest, as [`ArchiveSource::images`] has it.
    pub root: Digest,
    /// The names that it gets; none keeps it by its digest alone.
    pub names: Vec<Reference>,
    /// Which of its platforms.
    pub platforms: Platforms,
}

/// A name that stands for another image here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moving {
    /// The name.
    pub name: Reference,
    /// What it stands for now.
    pub from: Digest,
    /// What it would stand for.
    pub to: Digest,
}

/// An image that was loaded.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What was moved.
    pub outcome: Outcome,
    /// Its names, each with what it stood for before.
    pub names: Vec<(Reference, Option<Digest>)>,
    /// Whether its digest is the one that it was saved with.
    pub digest: DigestKept,
}

/// The names that would move. Nothing is read but manifests.
///
/// # Errors
/// What reading the archive or the store gives.
pub async fn moving(
    source: &ArchiveSource,
    store: &ContentStore,
    chosen: &[Chosen],
    job: &Job,
) -> Result<Vec<Moving>> {
    let mut moving = Vec::new();
    for image in chosen {
        let plan = Plan::of(source, None, &request(image), job).await?;
        let to = plan.root.digest;
        let (store, names) = (store.clone(), image.names.clone());
        let known = blocking(move || {
            let known = names.into_iter().map(|name| Ok((store.resolve(&name)?, name)));
            known.collect::<Result<Vec<_>>>()
        });
        for (known, name) in known.await? {
            if let Some(known) = known.filter(|known| known.digest != to) {
                moving.push(Moving { name, from: known.digest, to: to.clone() });
            }
        }
    }
    Ok(moving)
}

/// Loads images, all of them or none. What was moved of a load that fails has no name, and the next load or the
/// collection finds it.
///
/// # Errors
/// [`Code::Changed`] where names would move and `replace` is not set, before anything is moved;
/// [`Code::ContentMismatch`], [`Code::ArchiveInvalid`], [`Code::ImageMissing`] where the archive is damaged; what the
/// store gives.
pub async fn load(
    source: &ArchiveSource,
    store: &ContentStore,
    chosen: &[Chosen],
    replace: bool,
    job: &Job,
) -> Result<Vec<Loaded>> {
    if !replace {
        let moving = moving(source, store, chosen, job).await?;
        if !moving.is_empty() {
            return Err(would_move(&moving));
        }
    }
    let sink = Arc::new(Unnamed(StoreSink::open(store).await?));
    let mut outcomes = Vec::new();
    for image in chosen {
        outcomes.push(transfer(Arc::new(source.clone()), sink.clone(), &request(image), job).await?);
    }
    job.checkpoint().await?;
    let (named, store) = (chosen.to_vec(), store.clone());
    let loaded = blocking(move || {
        let mut entries: Vec<(Option<&Reference>, &Descriptor)> = Vec::new();
        for (image, outcome) in named.iter().zip(&outcomes) {
            entries.extend(image.names.iter().map(|name| (Some(name), &outcome.root)));
            if image.names.is_empty() {
                entries.push((None, &outcome.root));
            }
        }
        let mut previous = store.publish_all(&entries)?.into_iter();
        let mut loaded = Vec::new();
        for (image, outcome) in named.iter().zip(&outcomes) {
            let names: Vec<_> = image.names.iter().cloned().zip(previous.by_ref()).collect();
            if image.names.is_empty() {
                previous.next();
            }
            loaded.push((outcome.clone(), names));
        }
        Ok(loaded)
    });
    let loaded = loaded.await?.into_iter().zip(chosen).map(|((outcome, names), image)| {
        let digest = source.digest_kept(&image.root, &outcome.root.digest, &outcome.lost);
        Loaded { outcome, names, digest }
    });
    Ok(loaded.collect())
}

fn request(image: &Chosen) -> Request {
    Request::new(Target::Exact(image.root.clone()), image.platforms.clone(), None)
}

fn would_move(moving: &[Moving]) -> Error {
    const SHOWN: usize = 6;
    let mut names: Vec<String> = moving
        .iter()
        .take(SHOWN)
        .map(|moving| format!("`{}` (now `{}`)", moving.name.familiar(), moving.from.short()))
        .collect();
    if moving.len() > SHOWN {
        names.push(format!("{} more", moving.len() - SHOWN));
    }
    let verb = if moving.len() == 1 { "stands for another image" } else { "stand for other images" };
    Error::new(Code::Changed, format!("{} {verb} here", names.join(", ")))
        .with_hint("Load with `--replace` to move the name, or give the image that is here a second name first: `longshore tag`")
        .with_choices(moving.iter().map(|moving| moving.name.canonical()).collect())
}

/// The store without the names: those are given to all images at once.
struct Unnamed(StoreSink);

#[async_trait]
impl ImageSink for Unnamed {
    async fn admit(&self, blob: &Descriptor, mount_from: &[RepositoryName], job: &Job) -> Result<Admission> {
        self.0.admit(blob, mount_from, job).await
    }

    async fn write(&self, content: &Content) -> Result<()> {
        self.0.write(content).await
    }

    async fn document(&self, document: &Document, job: &Job) -> Result<()> {
        self.0.document(document, job).await
    }

    async fn publish(&self, root: &Document, _name: Option<&Reference>, job: &Job) -> Result<Option<Digest>> {
        self.0.document(root, job).await?;
        Ok(None)
    }

    fn parallelism(&self) -> NonZeroUsize {
        self.0.parallelism()
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|panic| Error::new(Code::Internal, "work on the store was broken off").with_source(panic))?
}
