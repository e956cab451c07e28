//! Async verbs: the runtime, and Ctrl-C.

use std::time::Duration;

use engine::job::Job;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{CANCELLED, Failure};

/// How long what still blocks (a name that is being looked up) may go on at the end.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many threads a verb needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// A few requests after one another.
    One,
    /// Receiving, hashing and writing at the same time.
    Several,
}

/// Runs a verb's work. Ctrl-C, or a SIGTERM, cancels `job`; a second one ends the program at once.
///
/// # Errors
/// The work's own.
pub fn run<T>(
    threads: Threads,
    job: &Job,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let runtime = runtime(threads).map_err(|error| {
        engine::Error::new(engine::Code::Internal, "no threads can be started").with_source(error)
    })?;
    let watched = job.clone();
    let outcome = runtime.block_on(async move {
        tokio::spawn(cancel_on_signal(watched));
        work.await
    });
    runtime.shutdown_timeout(PATIENCE);
    outcome
}

/// Runs what is over at once. Unlike [`run`] it leaves Ctrl-C as it is, for whoever types an answer afterwards.
///
/// # Errors
/// Where no runtime can be made.
pub fn briefly<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = runtime(Threads::One).map_err(|error| {
        engine::Error::new(engine::Code::Internal, "no threads can be started").with_source(error)
    })?;
    Ok(runtime.block_on(work))
}

fn runtime(threads: Threads) -> std::io::Result<Runtime> {
    match threads {
        Threads::One => Builder::new_current_thread().enable_all().build(),
        Threads::Several => {
            let cores = std::thread::available_parallelism().map_or(2, usize::from);
            Builder::new_multi_thread().worker_threads(cores.clamp(2, 4)).enable_all().build()
        }
    }
}

async fn cancel_on_signal(job: Job) {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers the signals do what they always do: they end the program.
        return;
    };
    let mut next = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    next().await;
    job.cancel();
    next().await;
    std::process::exit(i32::from(CANCELLED));
}
