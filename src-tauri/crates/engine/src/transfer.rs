//! The one pipeline: resolve, plan, move blobs in parallel, write manifests children first, publish the name.
//!
//! Invariants: everything after the first look-up goes by digest, so a tag that moves meanwhile changes nothing; only
//! blobs are skipped, manifests are always written again; the name appears after all that it needs.

mod plan;
mod run;

use std::sync::Arc;

use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::platform::Platform;
use oci::reference::Reference;

pub use plan::{Blob, Plan};
pub(crate) use plan::{choices, node_error};

use crate::endpoint::{ImageSink, ImageSource, Target};
use crate::error::Result;
use crate::job::{Job, TransferEvent};

/// Which of an image's platforms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Platforms {
    /// The best match for one.
    Only(Platform),
    /// Every manifest that the index lists, attestations too.
    All,
}

/// What is to be moved, and how it is named at the other end.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to look up at the source.
    pub target: Target,
    /// Which platforms of it.
    pub platforms: Platforms,
    /// The name at the sink; none keeps it by digest alone.
    pub name: Option<Reference>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The root: what the name points to now.
    pub root: Descriptor,
    /// What the name pointed to before.
    pub previous: Option<Digest>,
    /// Bytes of blobs that were moved.
    pub moved: u64,
    /// Bytes of blobs that were there.
    pub skipped: u64,
}

impl Outcome {
    /// Whether nothing had to change.
    pub fn up_to_date(&self) -> bool {
        self.moved == 0 && self.previous.as_ref() == Some(&self.root.digest)
    }
}

/// Moves one image.
///
/// # Errors
/// [`crate::Code::PlatformMissing`] with the choices; [`crate::Code::Cancelled`]; whatever the ends give, with the
/// side that failed. Blobs that arrived stay at the sink, partial downloads too; the name is untouched.
pub async fn transfer(
    source: Arc<dyn ImageSource>,
    sink: Arc<dyn ImageSink>,
    request: &Request,
    job: &Job,
) -> Result<Outcome> {
    let plan = Plan::of(&*source, request, job).await?;
    job.emit(TransferEvent::Resolved { root: Box::new(plan.root.clone()) });
    let (moved, skipped) = run::blobs(source, sink.clone(), &plan, job).await?;
    job.checkpoint().await?;
    let previous = run::documents(&*sink, &plan, request.name.as_ref()).await?;
    Ok(Outcome { root: plan.root, previous, moved, skipped })
}
