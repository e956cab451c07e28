//! What a push would do, before any byte of a blob moves: what is there, what would be mounted, what would go up, where
//! the tag points, what would be lost, and whether the account may.
//!
//! Everything is asked, nothing is changed: an upload that is begun to learn whether it may be is ended at once. What is
//! said is of this moment; the push itself asks again.

use futures_util::future::join;
use futures_util::stream::{StreamExt, TryStreamExt, iter};
use oci::descriptor::Descriptor;
use oci::graph::Node;
use oci::index::Index;
use oci::name::RepositoryName;
use oci::platform::Platform;
use oci::reference::Reference;

use crate::endpoint::{Document, ImageSource, Target};
use crate::error::{Code, Error, Result};
use crate::image;
use crate::job::{Job, NodeKind};
use crate::registry::{RegistryClient, RegistrySink, Scope};
use crate::transfer::{Blob, Plan, Request};

/// Questions at a time.
const PARALLEL: usize = 8;

/// What would happen to one blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The repository has it.
    Exists,
    /// It would be taken over from another repository of the registry, which has it.
    Mount(RepositoryName),
    /// Its bytes would move.
    Upload,
}

/// One blob of a plan.
#[derive(Clone, Debug)]
pub struct PlannedUpload {
    /// What it is.
    pub descriptor: Descriptor,
    /// Config or layer.
    pub kind: NodeKind,
    /// What would happen to it.
    pub fate: Fate,
}

/// What a push would do.
#[derive(Debug)]
pub struct PushPlan {
    /// What the name would point to.
    pub root: Descriptor,
    /// Every blob once, in the manifests' order.
    pub blobs: Vec<PlannedUpload>,
    /// Manifests and indexes that would be written, children before their parents.
    pub documents: Vec<Descriptor>,
    /// What the tag points to now; none where it is free, or where it can't be known.
    pub previous: Option<Descriptor>,
    /// Platforms of the source's index that would not go along.
    pub left_out: Vec<Platform>,
    /// Platforms that the tag has now and would not have any more.
    pub lost_platforms: Vec<Platform>,
    /// Whether the repository is there; none where the registry does not say.
    pub repository_exists: Option<bool>,
    /// Whether the account may push; none where only the push itself shows it.
    pub may_push: Option<bool>,
    /// Why it may not, or not yet.
    pub refusal: Option<Error>,
    /// What should be known before, a sentence each.
    pub warnings: Vec<String>,
}

impl PushPlan {
    /// Bytes of blobs that would go up.
    pub fn upload_bytes(&self) -> u64 {
        self.bytes(|fate| *fate == Fate::Upload)
    }

    /// Bytes of blobs that would be mounted.
    pub fn mount_bytes(&self) -> u64 {
        self.bytes(|fate| matches!(fate, Fate::Mount(_)))
    }

    /// Bytes of blobs that are there.
    pub fn exists_bytes(&self) -> u64 {
        self.bytes(|fate| *fate == Fate::Exists)
    }

    fn bytes(&self, which: impl Fn(&Fate) -> bool) -> u64 {
        self.blobs.iter().filter(|blob| which(&blob.fate)).map(|blob| blob.descriptor.size).sum()
    }
}

/// Finds out what `request` would do if it went to `name`, whose registry's client is given.
///
/// # Errors
/// What the source gives, [`Code::PlatformMissing`] among it, and what the transport gives. That the account may not is no
/// error: it is in the plan.
pub async fn plan_push(
    source: &dyn ImageSource,
    request: &Request,
    client: &RegistryClient,
    name: &Reference,
    job: &Job,
) -> Result<PushPlan> {
    let repository = name.repository();
    let sink = RegistrySink::new(client.clone(), repository.clone());
    let plan = match Plan::of(source, Some(&sink), request, job).await {
        // What the destination has can't be asked without an account; the source can answer alone.
        Err(error) if is_refusal(&error) && error.side() == Some(crate::Side::Sink) => {
            Plan::of(source, None, request, job).await?
        }
        other => other?,
    };
    let (may, previous) =
        join(may_push(client, repository, job), client.tag_descriptor(name, Some(job))).await;
    let Permission { may_push, refusal, repository_exists } = may?;
    let previous = unless_refused(previous, None)?;
    let asked = plan.blobs.iter().map(|blob| fate(client, repository, source, request, blob, job));
    let fates: Vec<Fate> = iter(asked.collect::<Vec<_>>()).buffered(PARALLEL).try_collect().await?;
    let known = previous.is_some() || fates.contains(&Fate::Exists);
    let repository_exists = match repository_exists {
        None if known => Some(true),
        None => unless_refused(client.repository_exists(repository, Some(job)).await, None)?,
        told => told,
    };
    let lost_platforms = lost(source, client, name, &plan, previous.as_ref(), job).await?;
    let blobs = plan.blobs.iter().zip(fates).map(|(blob, fate)| PlannedUpload {
        descriptor: blob.descriptor.clone(),
        kind: blob.kind,
        fate,
    });
    let blobs = blobs.collect();
    let mut warnings = plan.warnings;
    if !lost_platforms.is_empty() {
        let lost: Vec<String> = lost_platforms.iter().map(|platform| format!("`{platform}`")).collect();
        let name = name.familiar();
        warnings.push(format!("`{name}` has {} now and would not have it any more", lost.join(", ")));
    }
    Ok(PushPlan {
        root: plan.root,
        blobs,
        documents: plan.documents.into_iter().map(|document| document.descriptor).collect(),
        previous,
        left_out: plan.lost,
        lost_platforms,
        repository_exists,
        may_push,
        refusal,
        warnings,
    })
}

struct Permission {
    may_push: Option<bool>,
    refusal: Option<Error>,
    repository_exists: Option<bool>,
}

/// Begins an upload and ends it: the one question that every registry answers.
async fn may_push(client: &RegistryClient, repository: &RepositoryName, job: &Job) -> Result<Permission> {
    match client.begin_upload(repository, None, Some(job)).await {
        Ok(session) => {
            client.cancel_upload(repository, &session).await;
            Ok(Permission { may_push: Some(true), refusal: None, repository_exists: None })
        }
        Err(error) if is_refusal(&error) => {
            Ok(Permission { may_push: Some(false), refusal: Some(error), repository_exists: None })
        }
        // Registries that make no repositories by themselves say so here.
        Err(error) if error.code() == Code::NotFound => {
            Ok(Permission { may_push: None, refusal: Some(error), repository_exists: Some(false) })
        }
        Err(error) if error.code() == Code::RegistryRefused => {
            Ok(Permission { may_push: Some(false), refusal: Some(error), repository_exists: None })
        }
        Err(error) => Err(error),
    }
}

async fn fate(
    client: &RegistryClient,
    repository: &RepositoryName,
    source: &dyn ImageSource,
    request: &Request,
    blob: &Blob,
    job: &Job,
) -> Result<Fate> {
    let descriptor = &blob.descriptor;
    let is_there = client.has_blob(repository, descriptor, &Scope::push(repository), Some(job)).await;
    if unless_refused(is_there, false)? {
        return Ok(Fate::Exists);
    }
    let mut mounts = request.mounts.clone();
    if let Some(own) = source.repository() {
        mounts.add(&descriptor.digest, own);
    }
    for candidate in mounts.of(&descriptor.digest, repository) {
        let has = client.has_blob(&candidate, descriptor, &Scope::pull(&candidate), Some(job)).await;
        if unless_refused(has, false)? {
            return Ok(Fate::Mount(candidate));
        }
    }
    Ok(Fate::Upload)
}

/// Platforms of the index that the tag points to now, without those that would be pushed.
async fn lost(
    source: &dyn ImageSource,
    client: &RegistryClient,
    name: &Reference,
    plan: &Plan,
    previous: Option<&Descriptor>,
    job: &Job,
) -> Result<Vec<Platform>> {
    let is_other = |previous: &&Descriptor| previous.digest != plan.root.digest;
    let Some(previous) = previous.filter(is_other) else { return Ok(Vec::new()) };
    let selector = previous.digest.as_str();
    let manifest = match client.manifest(name.repository(), selector, Some(job)).await {
        Ok(manifest) => manifest,
        // What can't be read is not known to have anything; deleted meanwhile, say.
        Err(error) if error.code() != Code::Cancelled => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let document = Document { descriptor: manifest.descriptor, bytes: manifest.bytes };
    let Some(old) = index_of(&document) else { return Ok(Vec::new()) };
    let new = match index_of(plan.root_document()) {
        Some(index) => platforms(&index),
        None => {
            let target = Target::Exact(plan.root.digest.clone());
            let image = image::inspect(source, &target, None, job).await?;
            image.manifest.and_then(|manifest| manifest.platform).into_iter().collect()
        }
    };
    Ok(platforms(&old).into_iter().filter(|platform| !new.contains(platform)).collect())
}

fn index_of(document: &Document) -> Option<Index> {
    match Node::parse(&document.bytes, Some(&document.descriptor.media_type)) {
        Ok(Node::Index(index)) => Some(index),
        _ => None,
    }
}

fn platforms(index: &Index) -> Vec<Platform> {
    let platforms = index.platforms().into_iter().filter_map(|(_, platform)| platform.cloned());
    platforms.filter(|platform| !platform.is_unknown()).collect()
}

fn is_refusal(error: &Error) -> bool {
    matches!(error.code(), Code::AuthRequired | Code::AuthRefused)
}

/// What may not be asked is not known.
fn unless_refused<T>(result: Result<T>, unknown: T) -> Result<T> {
    match result {
        Err(error) if is_refusal(&error) => Ok(unknown),
        other => other,
    }
}
