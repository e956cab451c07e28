//! The one pipeline: resolve, plan, move blobs in parallel, write manifests children first, publish the name.
//!
//! Invariants: everything after the first look-up goes by digest, so a tag that moves meanwhile changes nothing; only
//! blobs are skipped, manifests are always written again; the name appears after all that it needs.

mod choice;
mod openings;
mod plan;
mod run;

use std::sync::Arc;

use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::platform::Platform;
use oci::reference::Reference;

pub use plan::{Blob, Plan};
pub(crate) use plan::{choices, node_error};

use crate::endpoint::{ImageSink, ImageSource, Mounts, Target};
use crate::error::Result;
use crate::job::{Job, TransferEvent};

/// Which of an image's platforms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Platforms {
    /// The best match for one.
    Only(Platform),
    /// Every manifest that the index lists, attestations too.
    All,
    /// Those that the source has whole. Where these are not all, one goes as its own manifest and several as a shorter
    /// index, which is told as a warning.
    Present,
    /// These and no others: one as its own manifest, several as a shorter index, all of them as the index that it is.
    These(Vec<Platform>),
}

impl Platforms {
    /// The platform, where it is the best match for one.
    pub fn only(&self) -> Option<&Platform> {
        if let Self::Only(platform) = self { Some(platform) } else { None }
    }
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
    /// Where the sink may take blobs over from; the source's own repository is tried as well.
    pub mounts: Mounts,
}

impl Request {
    /// A request without mounts.
    pub fn new(target: Target, platforms: Platforms, name: Option<Reference>) -> Self {
        Self { target, platforms, name, mounts: Mounts::none() }
    }

    /// With repositories of the destination's registry that may have some of the blobs.
    #[must_use]
    pub fn mounting(mut self, mounts: Mounts) -> Self {
        self.mounts = mounts;
        self
    }
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
    /// Bytes of blobs that the sink took over from elsewhere in its registry.
    pub mounted: u64,
    /// Platforms of the source's index that the root does not have.
    pub lost: Vec<Platform>,
}

impl Outcome {
    /// Whether nothing had to change.
    pub fn up_to_date(&self) -> bool {
        self.moved == 0 && self.mounted == 0 && self.previous.as_ref() == Some(&self.root.digest)
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
    let plan = Plan::of(&*source, Some(&*sink), request, job).await?;
    job.emit(TransferEvent::Resolved { root: Box::new(plan.root.clone()) });
    for message in &plan.warnings {
        job.emit(TransferEvent::Warned { message: message.clone() });
    }
    let moved = run::run(source, sink.clone(), &plan, request, job).await;
    if moved.is_err() {
        sink.abandon().await;
    }
    let run::Moved { previous, moved, skipped, mounted } = moved?;
    Ok(Outcome { root: plan.root, previous, moved, skipped, mounted, lost: plan.lost })
}
