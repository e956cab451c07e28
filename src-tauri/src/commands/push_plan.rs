//! What a push or a copy would do, for the planner: the engine's plan of each tag, with what the page needs besides.
//!
//! Invariant: nothing moves, and nothing that would only be nice to know fails the plan.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use engine::endpoint::{ImageSource, Target};
use engine::job::{Job, NodeKind};
use engine::push::{Fate, PushPlan as Planned};
use engine::{Code, Error, Result, image, push};
use oci::digest::Digest;
use oci::graph::Node;
use oci::instruction::instruction;
use oci::{Platform, Reference, Registry};

use crate::jobs::push::Push;
use crate::state::Longshore;
use crate::wire::{
    BlobFate, Breakdown, Explanation, Origin, PlanAccount, PlanBlob, PlanPlatform, PushPlan, PushRequest,
    RowKind, TagMove, TagState,
};

/// A keychain that is locked may ask for its password first: the plan does not wait for that.
const ACCOUNT_WAITS: Duration = Duration::from_secs(4);
/// The steps of no more platforms are read for the names of layers: each costs a registry two answers.
const NAMED: usize = 4;

/// What `start_push` would do.
pub async fn plan_push(app: &Arc<Longshore>, request: PushRequest) -> Result<PushPlan> {
    let push = super::push::task(app, &request).await?;
    let job = Job::silent();
    let source = push.source();
    let client = app.registries().client(push.destination.registry());
    let names = names(&push, &job).await?;
    let mut plans = Vec::with_capacity(names.len());
    for (from, to) in &names {
        let request = push.request(from, to);
        plans.push(push::plan_push(&*source, &request, &client, to, &job).await?);
    }
    let Some(first) = plans.first() else {
        let name = push.source.repository().familiar();
        return Err(Error::new(Code::NotFound, format!("`{name}` has no tags"))
            .with_hint("Choose another repository"));
    };
    let platforms = match push.all_tags {
        true => Vec::new(),
        false => platforms(&*source, &push.source, &request, &job).await.unwrap_or_default(),
    };
    let labels = match push.all_tags {
        true => HashMap::new(),
        false => labels(&*source, &push.source, &platforms, &job).await,
    };
    let account = account(app, push.destination.registry(), first).await;
    let blobs = blobs(&plans, &labels);
    let bytes = |fate: BlobFate| blobs.iter().filter(|blob| blob.fate == fate).map(|blob| blob.size).sum();
    Ok(PushPlan {
        source: push.source.familiar(),
        destination: match push.all_tags {
            true => push.destination.repository().familiar(),
            false => push.destination.familiar(),
        },
        breakdown: breakdown(&request.destination)?,
        verb: push.verb(),
        account,
        repository_exists: first.repository_exists,
        digest: first.root.digest.to_string(),
        media_type: first.root.media_type.clone(),
        documents: plans.iter().map(|plan| plan.documents.len() as u64).sum(),
        upload_bytes: bytes(BlobFate::Upload),
        mount_bytes: bytes(BlobFate::Mount),
        exists_bytes: bytes(BlobFate::Exists),
        tags: names.iter().zip(&plans).filter_map(|((_, to), plan)| tag_move(to, plan)).collect(),
        platforms,
        lost_platforms: once(
            plans.iter().flat_map(|plan| plan.lost_platforms.iter().map(ToString::to_string)),
        ),
        warnings: once(plans.iter().flat_map(|plan| plan.warnings.iter().cloned())),
        command: push.command(),
        blobs,
    })
}

/// What is pushed, and under which name.
async fn names(push: &Push, job: &Job) -> Result<Vec<(Reference, Reference)>> {
    if !push.all_tags {
        return Ok(vec![(push.source.clone(), push.destination.clone())]);
    }
    let named = |tag: oci::Tag| (push.source.with_tag(tag.clone()), push.destination.with_tag(tag));
    Ok(push.tags(job).await?.into_iter().map(named).collect())
}

fn breakdown(destination: &str) -> Result<Breakdown> {
    Explanation::from(oci::explain::explain(destination)).breakdown.ok_or_else(|| {
        Error::new(Code::ReferenceInvalid, format!("`{destination}` is no reference"))
            .with_hint("Write it as `host/team/app:1.0`")
    })
}

/// As whom it would go. Where the credential comes from is worth knowing, and not worth failing for.
async fn account(app: &Arc<Longshore>, registry: &Registry, plan: &Planned) -> PlanAccount {
    let found = tokio::time::timeout(ACCOUNT_WAITS, app.keyring().credential(registry, None)).await;
    let (account, origin) = match found {
        Ok(Ok(found)) if !found.credential.is_anonymous() => {
            let account = found.credential.account().map_or_else(|| "a token".to_owned(), str::to_owned);
            (Some(account), found.origin)
        }
        _ => (None, String::new()),
    };
    let note = plan.refusal.as_ref().map(|refusal| match refusal.hint() {
        Some(hint) => format!("{}. {hint}", refusal.message()),
        None => refusal.message().to_owned(),
    });
    PlanAccount { account, origin, may_push: plan.may_push, note }
}

/// The platforms that the source's index lists; none where it is no index.
async fn platforms(
    source: &dyn ImageSource,
    name: &Reference,
    request: &PushRequest,
    job: &Job,
) -> Result<Vec<PlanPlatform>> {
    let root = source.resolve(&Target::Named(name.clone()), job).await?;
    let Ok(Node::Index(index)) = Node::parse(&root.bytes, Some(&root.descriptor.media_type)) else {
        return Ok(Vec::new());
    };
    let mut platforms: Vec<PlanPlatform> = Vec::new();
    for (entry, platform) in index.platforms() {
        let Some(platform) = platform.filter(|platform| !platform.is_unknown()) else { continue };
        let platform = platform.to_string();
        if platforms.iter().any(|known| known.platform == platform) {
            continue;
        }
        let present = request.from == Origin::Registry || source.holds(entry).await?;
        let chosen =
            if request.platforms.is_empty() { present } else { request.platforms.contains(&platform) };
        platforms.push(PlanPlatform { platform, present, chosen });
    }
    Ok(platforms)
}

/// The step that made each layer, and of which platform a config is.
async fn labels(
    source: &dyn ImageSource,
    name: &Reference,
    platforms: &[PlanPlatform],
    job: &Job,
) -> HashMap<Digest, String> {
    let chosen: Vec<Platform> = platforms
        .iter()
        .filter(|entry| entry.chosen)
        .filter_map(|entry| entry.platform.parse().ok())
        .collect();
    let wanted: Vec<Option<&Platform>> = match chosen.as_slice() {
        [] => vec![None],
        some => some.iter().take(NAMED).map(Some).collect(),
    };
    let mut labels = HashMap::new();
    for platform in wanted {
        let Ok(image) = image::inspect(source, &Target::Named(name.clone()), platform, job).await else {
            continue;
        };
        let Some(manifest) = image.manifest else { continue };
        let config = platform
            .filter(|_| chosen.len() > 1)
            .map_or_else(|| "config".to_owned(), |it| format!("config, {it}"));
        labels.insert(manifest.manifest.config.digest.clone(), config);
        for step in manifest.steps() {
            let (Some(layer), Some(history)) = (step.layer, step.history) else { continue };
            let (word, arguments) = instruction(&history.created_by);
            labels.entry(layer.digest).or_insert_with(|| format!("{word} {arguments}").trim().to_owned());
        }
    }
    labels
}

/// Every blob once: what several tags have moves with the first of them.
fn blobs(plans: &[Planned], labels: &HashMap<Digest, String>) -> Vec<PlanBlob> {
    let mut seen = HashSet::new();
    let all = plans.iter().flat_map(|plan| &plan.blobs);
    let new = all.filter(|blob| seen.insert(blob.descriptor.digest.clone()));
    let blob = |blob: &push::PlannedUpload| {
        let (fate, mount_from) = match &blob.fate {
            Fate::Exists => (BlobFate::Exists, None),
            Fate::Mount(from) => (BlobFate::Mount, Some(from.path().to_owned())),
            Fate::Upload => (BlobFate::Upload, None),
        };
        PlanBlob {
            digest: blob.descriptor.digest.to_string(),
            size: blob.descriptor.size,
            kind: match blob.kind {
                NodeKind::Manifest => RowKind::Manifest,
                NodeKind::Config => RowKind::Config,
                NodeKind::Layer => RowKind::Layer,
            },
            label: labels.get(&blob.descriptor.digest).cloned().unwrap_or_default(),
            fate,
            mount_from,
        }
    };
    new.map(blob).collect()
}

fn tag_move(name: &Reference, plan: &Planned) -> Option<TagMove> {
    let digest = &plan.root.digest;
    let previous = plan.previous.as_ref().map(|previous| &previous.digest);
    Some(TagMove {
        tag: name.tag()?.to_string(),
        digest: digest.to_string(),
        previous: previous.filter(|previous| *previous != digest).map(ToString::to_string),
        state: match previous {
            None => TagState::New,
            Some(previous) if previous == digest => TagState::Same,
            Some(_) => TagState::Moves,
        },
    })
}

fn once(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    all.filter(|one| seen.insert(one.clone())).collect()
}
