//! Lists of files that are made in the background, of what was just pulled.
//!
//! One image after the other, on one thread. Whoever opens a tree goes first: what is still listed in the background then
//! is given up, and listed there.

use std::sync::{Arc, Mutex, PoisonError};

use engine::ahead::list_files;
use engine::job::Job;
use engine::store::ContentStore;
use oci::digest::Digest;
use oci::platform::Platform;

/// What is listed in the background. Clones are the same.
#[derive(Clone, Default)]
pub struct Ahead(Arc<Listing>);

#[derive(Default)]
struct Listing {
    turn: tokio::sync::Mutex<()>,
    jobs: Mutex<Vec<Job>>,
}

impl Ahead {
    /// Lists the files of an image of the store when it is its turn. Nobody waits for it, so that a layer which can't be
    /// listed is told of where somebody looks inside.
    pub fn list(&self, store: ContentStore, root: Digest, platform: Option<Platform>) {
        let (listing, job) = (self.0.clone(), Job::silent());
        listing.jobs.lock().unwrap_or_else(PoisonError::into_inner).push(job.clone());
        tokio::spawn(async move {
            let _turn = listing.turn.lock().await;
            let listed = job.run(list_files(&store, &root, platform.as_ref(), &job));
            let _ = listed.await;
            listing.jobs.lock().unwrap_or_else(PoisonError::into_inner).retain(|each| each.id() != job.id());
        });
    }

    /// Gives up what is not done.
    pub fn give_way(&self) {
        for job in self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            job.cancel();
        }
    }
}
