//! Moves what was planned.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::try_join;
use futures_util::stream::{StreamExt, TryStreamExt, iter};
use oci::digest::Digest;
use oci::graph::Node;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::openings::Openings;
use super::{Blob, Plan, Request};
use crate::endpoint::{Admission, Content, Document, ImageSink, ImageSource, Lanes, Tempo};
use crate::error::{Code, Error, Result, Side};
use crate::job::{Job, PlannedBlob, Settlement, TransferEvent};

/// Connections of one transfer.
const CONNECTIONS: usize = 8;

/// What came of it, in bytes of blobs.
pub(super) struct Moved {
    pub previous: Option<Digest>,
    pub moved: u64,
    pub skipped: u64,
    pub mounted: u64,
}

/// Everything after the plan.
pub(super) async fn run(
    source: Arc<dyn ImageSource>,
    sink: Arc<dyn ImageSink>,
    plan: &Plan,
    request: &Request,
    job: &Job,
) -> Result<Moved> {
    let blobs = plan.blobs.iter().map(|blob| planned(blob, &Admission::Wanted { have: 0 })).collect();
    job.emit(TransferEvent::Preparing { blobs });
    let prepared = async {
        let prepared = sink.prepare(request.name.as_ref(), job).await;
        prepared.map_err(|error| error.on_side(Side::Sink))
    };
    let asked = admissions(&*sink, &*source, plan, request, job);
    let ((), admissions) = try_join(prepared, asked).await?;
    let wanted = tell_plan(plan, &admissions, job);
    let sum = |which: fn(&Admission) -> bool| {
        let blobs = plan.blobs.iter().zip(&admissions).filter(|(_, admission)| which(admission));
        blobs.map(|(blob, _)| blob.descriptor.size).sum()
    };
    let skipped = sum(|admission| *admission == Admission::Present);
    let mounted = sum(|admission| matches!(admission, Admission::Mounted { .. }));
    let moved = wanted.iter().map(|blob| blob.descriptor.size).sum();
    move_blobs(source.clone(), sink.clone(), wanted, job).await?;
    job.checkpoint().await?;
    let previous = match documents(&*sink, plan, request, job).await {
        // A registry that knows nothing of layers elsewhere wants them all the same.
        Err(error) if error.code() == Code::RegistryRefused && !plan.foreign.is_empty() => {
            if let Err(failed) = move_blobs(source, sink.clone(), plan.foreign.clone(), job).await {
                return Err(if failed.code() == Code::Cancelled { failed } else { error });
            }
            documents(&*sink, plan, request, job).await?
        }
        written => written?,
    };
    Ok(Moved { previous, moved, skipped, mounted })
}

/// Moves blobs.
async fn move_blobs(
    source: Arc<dyn ImageSource>,
    sink: Arc<dyn ImageSink>,
    wanted: Vec<Blob>,
    job: &Job,
) -> Result<()> {
    let lanes = Lanes::new(CONNECTIONS);
    let mut openings = Openings::new(wanted, &*sink);
    let mut under_way = JoinSet::new();
    let mut failure = None;
    let mut ticks = tokio::time::interval(Tempo::TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        while failure.is_none()
            && let Some(blob) = openings.next()
        {
            let size = blob.descriptor.size;
            let content = Content::new(source.clone(), blob.descriptor, job.clone(), lanes.clone());
            let moving = one(sink.clone(), content);
            under_way.spawn(async move { (size, moving.await) });
        }
        let done = tokio::select! {
            done = under_way.join_next() => done,
            _ = ticks.tick(), if openings.may_grow() && !job.is_paused() => {
                openings.tick(lanes.sent(), Instant::now());
                continue;
            }
        };
        let Some(done) = done else { break };
        let result = match done {
            Ok((size, result)) => {
                openings.ended(size);
                result
            }
            Err(panic) => Err(Error::new(Code::Internal, "a transfer ended in a panic").with_source(panic)),
        };
        if let Err(error) = result
            && failure.is_none()
        {
            failure = Some(error);
            // What the others have on disk stays; they go on from there next time.
            under_way.abort_all();
        }
    }
    failure.map_or(Ok(()), Err)
}

/// What the sink says of each blob, several asked at a time, in the plan's order.
async fn admissions(
    sink: &dyn ImageSink,
    source: &dyn ImageSource,
    plan: &Plan,
    request: &Request,
    job: &Job,
) -> Result<Vec<Admission>> {
    let asked = plan.blobs.iter().map(|blob| async move {
        let mut from: Vec<_> = source.repository().cloned().into_iter().collect();
        from.extend(request.mounts.all_of(&blob.descriptor.digest));
        let admission = sink.admit(&blob.descriptor, &from, job).await;
        admission.map_err(|error| error.at_digest(&blob.descriptor.digest).on_side(Side::Sink))
    });
    iter(asked.collect::<Vec<_>>()).buffered(CONNECTIONS).try_collect().await
}

fn planned(blob: &Blob, admission: &Admission) -> PlannedBlob {
    let (present, resumed) = match admission {
        Admission::Wanted { have } => (false, *have),
        Admission::Present | Admission::Mounted { .. } => (true, 0),
    };
    PlannedBlob { descriptor: blob.descriptor.clone(), kind: blob.kind, present, resumed }
}

/// Says what will be done; the blobs that are to be moved.
fn tell_plan(plan: &Plan, admissions: &[Admission], job: &Job) -> Vec<Blob> {
    let both = || plan.blobs.iter().zip(admissions);
    let blobs: Vec<PlannedBlob> = both().map(|(blob, admission)| planned(blob, admission)).collect();
    let skipped = blobs.iter().filter(|blob| blob.present).map(|blob| blob.descriptor.size).sum();
    job.emit(TransferEvent::Planned { blobs, total: plan.total(), skipped });
    let mut wanted = Vec::new();
    for (blob, admission) in both() {
        let settlement = match admission {
            Admission::Wanted { .. } => {
                wanted.push(blob.clone());
                continue;
            }
            Admission::Present => Settlement::Exists,
            Admission::Mounted { from } => Settlement::Mounted { from: from.clone() },
        };
        job.emit(TransferEvent::Settled { digest: blob.descriptor.digest.clone(), settlement });
    }
    wanted
}

async fn one(sink: Arc<dyn ImageSink>, content: Content) -> Result<()> {
    let digest = content.descriptor().digest.clone();
    sink.write(&content).await.map_err(|error| {
        let side = match error.code() {
            Code::StoreFull | Code::StoreReadOnly | Code::StoreFailed | Code::StoreCorrupt => Side::Sink,
            _ => Side::Source,
        };
        error.at_digest(&digest).on_side(side)
    })?;
    content.job().emit(TransferEvent::Settled { digest, settlement: Settlement::Complete });
    Ok(())
}

/// Writes the documents, children first, manifests that follow one another at the same time; then the root with the name.
async fn documents(
    sink: &dyn ImageSink,
    plan: &Plan,
    request: &Request,
    job: &Job,
) -> Result<Option<Digest>> {
    let (root, below) = plan.documents.split_last().expect("a plan has its root");
    let is_index = |document: &Document| {
        matches!(Node::parse(&document.bytes, Some(&document.descriptor.media_type)), Ok(Node::Index(_)))
    };
    // An index may need what comes before it, and is alone.
    for group in below.chunk_by(|one, next| !is_index(one) && !is_index(next)) {
        let written = group.iter().map(|document| sink.document(document, job)).collect::<Vec<_>>();
        let written = iter(written).buffer_unordered(CONNECTIONS).try_collect::<()>().await;
        written.map_err(|error| error.on_side(Side::Sink))?;
    }
    let published = sink.publish(root, request.name.as_ref(), job).await;
    published.map_err(|error| error.on_side(Side::Sink))
}
