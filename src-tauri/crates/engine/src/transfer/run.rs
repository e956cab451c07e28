//! Moves what was planned.

use std::sync::Arc;

use oci::digest::Digest;
use oci::reference::Reference;
use tokio::task::JoinSet;

use super::{Blob, Plan};
use crate::endpoint::{Admission, Content, ImageSink, ImageSource, Lanes};
use crate::error::{Code, Error, Result, Side};
use crate::job::{Job, PlannedBlob, Settlement, TransferEvent};

/// Connections of one transfer.
const CONNECTIONS: usize = 8;

/// Moves the blobs that the sink wants, the largest first; bytes moved and bytes skipped.
pub(super) async fn blobs(
    source: Arc<dyn ImageSource>,
    sink: Arc<dyn ImageSink>,
    plan: &Plan,
    job: &Job,
) -> Result<(u64, u64)> {
    let (mut wanted, skipped) = admit(&*sink, source.repository(), plan, job).await?;
    let moved = wanted.iter().map(|blob| blob.descriptor.size).sum();
    // The largest last on the stack, popped first: it must not be what is waited for at the end.
    wanted.sort_by_key(|blob| blob.descriptor.size);
    let lanes = Lanes::new(CONNECTIONS);
    let mut under_way = JoinSet::new();
    let mut failure = None;
    loop {
        while failure.is_none() && under_way.len() < sink.parallelism().get() {
            let Some(blob) = wanted.pop() else { break };
            let content = Content::new(source.clone(), blob.descriptor, job.clone(), lanes.clone());
            under_way.spawn(one(sink.clone(), content));
        }
        let Some(done) = under_way.join_next().await else { break };
        match done
            .map_err(|panic| Error::new(Code::Internal, "a transfer ended in a panic").with_source(panic))
        {
            Ok(Ok(())) => {}
            Ok(Err(error)) | Err(error) if failure.is_none() => {
                failure = Some(error);
                // What the others have on disk stays; they go on from there next time.
                under_way.abort_all();
            }
            _ => {}
        }
    }
    match failure {
        Some(error) => Err(error),
        None => Ok((moved, skipped)),
    }
}

async fn admit(
    sink: &dyn ImageSink,
    mount_from: Option<&oci::name::RepositoryName>,
    plan: &Plan,
    job: &Job,
) -> Result<(Vec<Blob>, u64)> {
    let (mut planned, mut wanted, mut skipped) = (Vec::new(), Vec::new(), 0);
    for blob in &plan.blobs {
        let admission =
            sink.admit(&blob.descriptor, mount_from).await.map_err(|error| error.on_side(Side::Sink))?;
        let (present, resumed) = match admission {
            Admission::Wanted { have } => (false, have),
            Admission::Present | Admission::Mounted => (true, 0),
        };
        if present {
            skipped += blob.descriptor.size;
        } else {
            wanted.push(blob.clone());
        }
        planned.push(PlannedBlob { descriptor: blob.descriptor.clone(), kind: blob.kind, present, resumed });
    }
    let here: Vec<Digest> =
        planned.iter().filter(|blob| blob.present).map(|blob| blob.descriptor.digest.clone()).collect();
    job.emit(TransferEvent::Planned { blobs: planned, total: plan.total(), skipped });
    for digest in here {
        job.emit(TransferEvent::Settled { digest, settlement: Settlement::Exists });
    }
    Ok((wanted, skipped))
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

/// Writes the documents, children first, then publishes the name.
pub(super) async fn documents(
    sink: &dyn ImageSink,
    plan: &Plan,
    name: Option<&Reference>,
) -> Result<Option<Digest>> {
    for document in &plan.documents {
        sink.document(document).await.map_err(|error| error.on_side(Side::Sink))?;
    }
    sink.publish(&plan.root, name).await.map_err(|error| error.on_side(Side::Sink))
}
