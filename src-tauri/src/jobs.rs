//! Transfers of this window: a queue, and a snapshot of each job that any number of pages can watch.
//!
//! The engine goes on whatever the page does (faults.md row 123): a page that was loaded again watches again and gets
//! everything first. Updates are at most ten a second for each watcher (row 124). A finished job stays until it is
//! dismissed; one that failed or was cancelled can be taken up again under its id. What is under way when the window is
//! closed waits, paused, when it is opened again ([`kept`]). Deliberately absent: what a job does, which its [`Task`] knows.

pub mod daemon;
pub mod export;
pub mod import;
pub mod kept;
mod lines;
pub mod load;
mod pace;
pub mod pull;
pub mod push;
mod record;
pub mod save;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use engine::job::Job;
use engine::{Code, Error, Result};
use futures_util::FutureExt as _;
use tokio::sync::{Semaphore, watch};

use kept::Kept;

use crate::faults::Faults;
use crate::wire::{JobEnd, JobHead, JobOutcome, JobUpdate};

pub use record::{About, Ended, Record};

/// Jobs that move bytes at once; others wait their turn.
const AT_ONCE: usize = 3;
/// The shortest time between two updates of one watcher: ten a second, as often as a page draws progress.
const BETWEEN_UPDATES: Duration = Duration::from_millis(100);
/// A watcher hears of a moving job at least this often: its clock and its rate change without events.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// What a job does. It may be run again after it failed or was cancelled.
#[async_trait]
pub trait Task: Send + Sync {
    /// What it is called.
    fn about(&self) -> About;
    /// Two tasks with one key do the same: the second is not started while the first is under way.
    fn key(&self) -> String;
    /// The file that it writes for a person, where it writes one.
    fn writes(&self) -> Option<&Path> {
        None
    }
    /// What it can be begun again from after a restart of the window, where it can.
    fn kept(&self) -> Option<Kept> {
        None
    }
    /// Does it. Progress goes through `job`; what is said beside that, into `log`.
    async fn run(&self, job: &Job, log: &Log) -> Result<Ended>;
}

/// The jobs of this window; clones are the same.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

struct Inner {
    entries: Mutex<BTreeMap<u64, Arc<Entry>>>,
    next: AtomicU64,
    places: Arc<Semaphore>,
    faults: Faults,
    clock: fn() -> String,
    /// Where what is under way is kept.
    file: OnceLock<PathBuf>,
}

struct Entry {
    id: u64,
    task: Arc<dyn Task>,
    record: Mutex<Record>,
    changed: watch::Sender<u64>,
    /// Whether it is meant to move: false while it is paused.
    go: watch::Sender<bool>,
    /// The engine's job of this run; its exchanges carry the id.
    job: Mutex<Job>,
    /// Ids of the engine's jobs of all runs.
    runs: Mutex<Vec<u64>>,
}

/// Where a task writes what is no event.
#[derive(Clone)]
pub struct Log(Arc<Entry>);

impl Log {
    /// Changes the record.
    pub fn with<T>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        self.0.with(change)
    }
}

impl Jobs {
    /// No jobs yet. `faults` words their failures, `clock` says what time it is, RFC 3339.
    pub fn new(faults: Faults, clock: fn() -> String) -> Self {
        Self(Arc::new(Inner {
            entries: Mutex::default(),
            next: AtomicU64::new(1),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            faults,
            clock,
            file: OnceLock::new(),
        }))
    }

    /// Keeps what is under way in a file from now on.
    pub fn keep_in(&self, file: PathBuf) {
        let _ = self.0.file.set(file);
    }

    /// Starts a task, from within a tokio runtime; or finds the job that is doing the same. Returns the job's id.
    pub fn start(&self, task: Arc<dyn Task>) -> u64 {
        self.begin(task, true)
    }

    /// As [`Jobs::start`], but paused: it was under way when the window was closed.
    pub fn start_paused(&self, task: Arc<dyn Task>) -> u64 {
        self.begin(task, false)
    }

    fn begin(&self, task: Arc<dyn Task>, go: bool) -> u64 {
        let mut entries = lock(&self.0.entries);
        let key = task.key();
        if let Some(same) = entries.values().find(|entry| entry.is_active() && entry.task.key() == key) {
            return same.id;
        }
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let record = Record::new(id, task.about(), (self.0.clock)(), 0);
        let entry = Arc::new(Entry {
            id,
            task,
            changed: watch::Sender::new(record.revision()),
            record: Mutex::new(record),
            go: watch::Sender::new(true),
            job: Mutex::new(Job::silent()),
            runs: Mutex::default(),
        });
        entries.insert(id, entry.clone());
        drop(entries);
        self.run(entry, go);
        self.remember();
        id
    }

    /// Writes down what is under way.
    fn remember(&self) {
        let Some(file) = self.0.file.get() else { return };
        // Written under the lock: the newest list is the last.
        let entries = lock(&self.0.entries);
        let active = entries.values().filter(|entry| entry.is_active());
        kept::write(file, &active.filter_map(|entry| entry.task.kept()).collect::<Vec<_>>());
    }

    /// Every job, oldest first.
    pub fn heads(&self) -> Vec<JobHead> {
        let now = Instant::now();
        lock(&self.0.entries).values().map(|entry| lock(&entry.record).head(now)).collect()
    }

    /// The job whose exchanges carry the id of one of the engine's jobs.
    pub fn of_engine_job(&self, engine_job: u64) -> Option<u64> {
        let entries = lock(&self.0.entries);
        entries.values().find(|entry| lock(&entry.runs).contains(&engine_job)).map(|entry| entry.id)
    }

    /// The file that a job wrote, once it is done.
    ///
    /// # Errors
    /// [`Code::NotFound`] where there is none.
    pub fn written(&self, id: u64) -> Result<PathBuf> {
        let entry = self.entry(id)?;
        let done =
            entry.with_read(|record| record.outcome().is_some_and(|outcome| outcome.state == JobEnd::Done));
        entry.task.writes().filter(|_| done).map(Path::to_owned).ok_or_else(|| {
            Error::new(Code::NotFound, "this transfer has written no file")
                .with_hint("It is still under way, or it was stopped: start it again")
        })
    }

    /// Stops a job's bytes and lets another have its place. Nothing happens where it is over.
    pub fn pause(&self, id: u64) -> Result<()> {
        let entry = self.entry(id)?;
        if entry.is_active() {
            entry.go.send_replace(false);
        }
        Ok(())
    }

    /// Goes on with a paused job; takes one up again that failed or was cancelled.
    pub fn resume(&self, id: u64) -> Result<()> {
        let entry = self.entry(id)?;
        if entry.is_active() {
            entry.go.send_replace(true);
            return Ok(());
        }
        let again = entry.with(|record| {
            let done = record.outcome().is_some_and(|outcome| outcome.state == JobEnd::Done);
            if !done {
                let revision = record.revision();
                *record = Record::new(id, entry.task.about(), (self.0.clock)(), revision);
            }
            !done
        });
        if again {
            self.run(entry, true);
            self.remember();
        }
        Ok(())
    }

    /// Ends a job; what arrived is kept for the next time.
    pub fn cancel(&self, id: u64) -> Result<()> {
        let entry = self.entry(id)?;
        lock(&entry.job).cancel();
        Ok(())
    }

    /// Forgets a job; one that is under way is cancelled.
    pub fn dismiss(&self, id: u64) -> Result<()> {
        self.cancel(id)?;
        lock(&self.0.entries).remove(&id);
        self.remember();
        Ok(())
    }

    /// Tells `send` of a job until it ends, everything first, and then what changed. `send` says whether anybody still
    /// listens; `None` where nobody does.
    pub async fn watch(
        &self,
        id: u64,
        mut send: impl FnMut(JobUpdate) -> bool + Send,
    ) -> Result<Option<JobOutcome>> {
        let entry = self.entry(id)?;
        let mut changed = entry.changed.subscribe();
        let mut seen = 0;
        loop {
            changed.mark_unchanged();
            let (update, outcome) = entry.with_read(|record| {
                let changes = record.changes_since(seen);
                seen = changes.revision;
                let job = record.head(Instant::now());
                (JobUpdate { job, rows: changes.rows, lines: changes.lines }, record.outcome().cloned())
            });
            if !send(update) {
                return Ok(None);
            }
            if outcome.is_some() {
                return Ok(outcome);
            }
            tokio::time::sleep(BETWEEN_UPDATES).await;
            tokio::select! {
                _ = changed.changed() => {}
                () = tokio::time::sleep(HEARTBEAT) => {}
            }
        }
    }

    fn entry(&self, id: u64) -> Result<Arc<Entry>> {
        lock(&self.0.entries).get(&id).cloned().ok_or_else(|| {
            Error::new(Code::Internal, format!("there is no transfer `{id}`"))
                .with_hint("It was cleared; start it again")
        })
    }

    fn run(&self, entry: Arc<Entry>, go: bool) {
        let observed = Arc::downgrade(&entry);
        let job = Job::new(move |event| {
            if let Some(entry) = observed.upgrade() {
                entry.with(|record| record.apply(event, Instant::now()));
            }
        });
        lock(&entry.runs).push(job.id());
        *lock(&entry.job) = job.clone();
        entry.go.send_replace(go);
        let (jobs, places) = (self.clone(), self.0.places.clone());
        tokio::spawn(async move {
            let driven = AssertUnwindSafe(drive(&entry, &job, &places)).catch_unwind().await;
            let result = driven.unwrap_or_else(|_| {
                Err(Error::new(Code::Internal, "the transfer ended in a panic").with_hint("Try again"))
            });
            let result = result.map_err(|error| jobs.0.faults.of(&error));
            entry.with(|record| record.end(result, Instant::now()));
            jobs.remember();
        });
    }
}

/// Runs the task while it has a place and is meant to go; a paused job gives its place back.
async fn drive(entry: &Arc<Entry>, job: &Job, places: &Arc<Semaphore>) -> Result<Ended> {
    let log = Log(entry.clone());
    let mut go = entry.go.subscribe();
    let mut work = entry.task.run(job, &log);
    let mut begun = false;
    let mut place = None;
    loop {
        let wanted = *go.borrow_and_update();
        if wanted && place.is_none() {
            entry.with(|record| record.queue(Instant::now()));
            tokio::select! {
                biased;
                () = job.cancelled(), if !begun => return Err(Error::cancelled()),
                result = &mut work, if begun => return result,
                _ = go.changed() => continue,
                permit = places.clone().acquire_owned() => place = permit.ok(),
            }
            begun = true;
            entry.with(|record| record.work(Instant::now()));
            job.resume();
        } else if !wanted {
            // Told before the place is given away: the next job must not move bytes beside this one.
            job.pause();
            entry.with(|record| record.pause(Instant::now()));
            place = None;
        }
        tokio::select! {
            biased;
            result = &mut work, if begun => return result,
            () = job.cancelled(), if !begun => return Err(Error::cancelled()),
            _ = go.changed() => {}
        }
    }
}

impl Entry {
    fn with<T>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        let mut record = lock(&self.record);
        let outcome = change(&mut record);
        let revision = record.revision();
        drop(record);
        self.changed.send_if_modified(|known| std::mem::replace(known, revision) != revision);
        outcome
    }

    fn with_read<T>(&self, read: impl FnOnce(&Record) -> T) -> T {
        read(&lock(&self.record))
    }

    fn is_active(&self) -> bool {
        self.with_read(|record| record.outcome().is_none())
    }
}

/// A poisoned lock guards plain data that is whole: a panic elsewhere must not take the window down.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
