//! What is known of a job: made from its events, and given out as heads, rows and lines.
//!
//! Every change raises the revision, and each row knows the revision that last changed it, so a watcher can be told
//! what is new to it alone. Deliberately absent: time-keeping by itself; whoever calls says what time it is.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use engine::job::{NodeKind, PlannedBlob, Settlement, TransferEvent};
use oci::digest::Digest;

use super::lines::Lines;
use super::pace::Pace;
use crate::wire::{
    Fault, FaultCode, JobEnd, JobHead, JobOutcome, JobState, RowKind, RowState, TransferRow, Verb, Wait,
};

/// What a job is called and how it would be done in a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Which way the bytes go.
    pub verb: Verb,
    /// `web:2.0`
    pub title: String,
    /// The canonical reference of what is pulled, or of the name that a push or a copy gives.
    pub reference: String,
    /// Where a push or a copy takes it from.
    pub source: Option<String>,
    /// The container engine that it goes to or comes from.
    pub engine: Option<String>,
    /// The platform, where it is one.
    pub platform: Option<String>,
    /// `docker pull …`
    pub command: String,
}

/// The estimate is a guess before this.
const ESTIMATE_AFTER: Duration = Duration::from_secs(2);

/// Everything that a page shows of a job.
#[derive(Debug)]
pub struct Record {
    id: u64,
    about: About,
    state: JobState,
    rows: Vec<Row>,
    by_digest: HashMap<Digest, usize>,
    lines: Lines,
    lines_revision: u64,
    revision: u64,
    planned: bool,
    /// Bytes of a file that were read before it was known what there is to move, of all that it has.
    reading: Option<(u64, u64)>,
    /// Bytes that an earlier transfer left: they arrived, but not now.
    resumed: u64,
    pace: Pace,
    wait: Option<Wait>,
    started_at: String,
    worked: Duration,
    working_since: Option<Instant>,
    outcome: Option<JobOutcome>,
}

#[derive(Debug)]
struct Row {
    shown: TransferRow,
    changed: u64,
}

/// What changed since a revision.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The rows that did.
    pub rows: Vec<TransferRow>,
    /// All lines, where one did.
    pub lines: Vec<String>,
    /// To ask with next.
    pub revision: u64,
}

impl Record {
    /// A job that waits for its turn. A record that takes another's place goes on from its `revision`.
    pub fn new(id: u64, about: About, started_at: String, revision: u64) -> Self {
        Self {
            id,
            state: JobState::Queued,
            rows: Vec::new(),
            by_digest: HashMap::new(),
            lines: Lines::new(about.verb),
            about,
            lines_revision: revision + 1,
            revision: revision + 1,
            planned: false,
            reading: None,
            resumed: 0,
            pace: Pace::default(),
            wait: None,
            started_at,
            worked: Duration::ZERO,
            working_since: None,
            outcome: None,
        }
    }

    /// The last change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// How it ended, if it did.
    pub fn outcome(&self) -> Option<&JobOutcome> {
        self.outcome.as_ref()
    }

    /// It waits for a free place.
    pub fn queue(&mut self, now: Instant) {
        self.stop_clock(now);
        self.set_state(JobState::Queued);
    }

    /// It works.
    pub fn work(&mut self, now: Instant) {
        self.working_since.get_or_insert(now);
        self.pace.restart(now, self.arrived());
        self.set_state(if self.planned { JobState::Running } else { JobState::Resolving });
    }

    /// It is stopped on request.
    pub fn pause(&mut self, now: Instant) {
        self.stop_clock(now);
        for at in 0..self.rows.len() {
            if matches!(self.rows[at].shown.state, RowState::Moving | RowState::Retrying) {
                self.change(at, |row| row.state = RowState::Paused);
            }
        }
        self.set_state(JobState::Paused);
    }

    /// Another name for it: all tags of a repository are many.
    pub fn rename(&mut self, reference: String) {
        self.about.reference = reference;
        self.revision += 1;
    }

    /// One image of it is over: its layers stay as they are, and `last` follows them.
    pub fn end_image(&mut self, last: String) {
        self.lines.settle(&self.by_digest, |at| &self.rows[at].shown);
        self.say(last);
    }

    /// A line that belongs to no layer.
    pub fn say(&mut self, line: impl Into<String>) {
        self.lines.say(line.into());
        self.touch_lines();
    }

    /// Something happened.
    pub fn apply(&mut self, event: TransferEvent, now: Instant) {
        // Whatever happens next ends a wait.
        self.wait = None;
        match event {
            TransferEvent::Reading { done, total } => {
                self.reading = Some((done, total));
                self.revision += 1;
                self.pace.sample(now, done);
            }
            TransferEvent::Resolved { .. } => self.revision += 1,
            TransferEvent::Preparing { blobs } => self.prepare(&blobs),
            TransferEvent::Planned { blobs, .. } => self.plan(&blobs, now),
            TransferEvent::Advanced { digest, done } => {
                self.on(&digest, |row| {
                    row.done = done.min(row.size);
                    row.state = RowState::Moving;
                    row.note = None;
                });
                self.pace.sample(now, self.arrived());
            }
            TransferEvent::Retrying { digest: Some(digest), wait, .. } => self.on(&digest, |row| {
                row.state = RowState::Retrying;
                row.note = Some(format!("Retrying in {}", seconds(wait)));
                row.retry_at = end_of(wait);
            }),
            TransferEvent::Retrying { digest: None, wait, why } => {
                self.say(format!("{why}; retrying in {}", seconds(wait)));
                self.wait = end_of(wait).map(|until| Wait { why, until });
            }
            TransferEvent::Verifying { digest } => self.on(&digest, |row| {
                row.done = row.size;
                row.state = RowState::Verifying;
                row.note = None;
            }),
            TransferEvent::Settled { digest, settlement } => {
                self.on(&digest, |row| {
                    // A layer that two tags share is complete once, and exists from then on: it stays what it was.
                    if row.state == RowState::Complete {
                        return;
                    }
                    row.done = row.size;
                    row.note = None;
                    row.state = match settlement {
                        Settlement::Exists => RowState::Exists,
                        Settlement::Mounted { from } => {
                            row.note = Some(format!("Mounted from {}", from.path()));
                            RowState::Mounted
                        }
                        Settlement::Complete => RowState::Complete,
                    };
                });
                self.pace.sample(now, self.arrived());
            }
            TransferEvent::Warned { message } => self.say(format!("WARNING: {message}")),
            // The queue says so itself, when it asks for it.
            TransferEvent::Paused | TransferEvent::Resumed => {}
        }
    }

    /// It is over.
    pub fn end(&mut self, result: Result<Ended, Fault>, now: Instant) {
        self.stop_clock(now);
        let (state, outcome) = match result {
            Ok(ended) => {
                self.lines.settle(&self.by_digest, |at| &self.rows[at].shown);
                for line in &ended.last_lines {
                    self.say(line);
                }
                let digest = ended.digest.as_ref().map(ToString::to_string);
                let up_to_date = ended.up_to_date;
                (JobState::Done, JobOutcome { state: JobEnd::Done, digest, up_to_date, fault: None })
            }
            Err(fault) if fault.code == FaultCode(engine::Code::Cancelled) => {
                self.stop_rows(None);
                let state = JobEnd::Cancelled;
                (JobState::Cancelled, JobOutcome { state, digest: None, up_to_date: false, fault: None })
            }
            Err(fault) => {
                self.stop_rows(Some(&fault));
                self.end_image(fault.message.clone());
                let state = JobEnd::Failed;
                (JobState::Failed, JobOutcome { state, digest: None, up_to_date: false, fault: Some(fault) })
            }
        };
        self.outcome = Some(outcome);
        self.set_state(state);
    }

    /// The head as it is at `now`.
    pub fn head(&self, now: Instant) -> JobHead {
        let reading = self.reading.filter(|_| !self.planned);
        let total =
            reading.map_or_else(|| self.rows.iter().map(|row| row.shown.size).sum(), |(_, total)| total);
        let skipped = self.skipped();
        let arrived = reading.map_or_else(|| self.arrived(), |(done, _)| done);
        let elapsed =
            self.worked + self.working_since.map_or(Duration::ZERO, |since| now.duration_since(since));
        let is_moving = match self.state {
            JobState::Running => true,
            JobState::Resolving => reading.is_some(),
            _ => false,
        };
        let rate = if is_moving { self.pace.rate(now) } else { 0 };
        let left = total.saturating_sub(skipped + arrived);
        JobHead {
            id: self.id,
            verb: self.about.verb,
            title: self.about.title.clone(),
            reference: self.about.reference.clone(),
            source: self.about.source.clone(),
            engine: self.about.engine.clone(),
            platform: self.about.platform.clone(),
            state: self.state,
            total,
            skipped,
            arrived,
            rate,
            wait: self.wait.clone(),
            eta: (elapsed >= ESTIMATE_AFTER && rate > 0).then(|| left.div_ceil(rate)),
            started_at: self.started_at.clone(),
            elapsed: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            command: self.about.command.clone(),
            digest: self.outcome.as_ref().and_then(|outcome| outcome.digest.clone()),
            fault: self.outcome.as_ref().and_then(|outcome| outcome.fault.clone()),
        }
    }

    /// Rows and lines that changed after `revision`.
    pub fn changes_since(&self, revision: u64) -> Changes {
        let rows = self.rows.iter().filter(|row| row.changed > revision).map(|row| row.shown.clone());
        let lines = if self.lines_revision > revision { self.print() } else { Vec::new() };
        Changes { rows: rows.collect(), lines, revision: self.revision }
    }

    fn print(&self) -> Vec<String> {
        self.lines.print(&self.by_digest, |at| &self.rows[at].shown)
    }

    /// Blobs are known before the registry was asked for them.
    fn prepare(&mut self, blobs: &[PlannedBlob]) {
        for blob in blobs {
            self.list(blob, TransferRow { state: RowState::Preparing, done: 0, ..row(blob) });
        }
        self.touch_lines();
    }

    fn plan(&mut self, blobs: &[PlannedBlob], now: Instant) {
        for blob in blobs {
            let planned = row(blob);
            let before = self.list(blob, planned.clone());
            // What an image before this one brought is there, and stays what it was.
            if before.is_none_or(|before| before == RowState::Preparing) {
                if !blob.present {
                    self.resumed += blob.resumed;
                }
                self.on(&blob.descriptor.digest, |row| *row = planned);
            }
        }
        self.planned = true;
        self.touch_lines();
        if self.state == JobState::Resolving {
            self.set_state(JobState::Running);
        }
        self.pace.restart(now, self.arrived());
    }

    /// Gives a blob a row and a line, unless it has them; the state that the row had.
    fn list(&mut self, blob: &PlannedBlob, shown: TransferRow) -> Option<RowState> {
        let digest = &blob.descriptor.digest;
        if blob.kind != NodeKind::Manifest {
            self.lines.row(digest.clone(), blob.kind);
        }
        if let Some(at) = self.by_digest.get(digest) {
            return Some(self.rows[*at].shown.state);
        }
        self.by_digest.insert(digest.clone(), self.rows.len());
        self.revision += 1;
        self.rows.push(Row { shown, changed: self.revision });
        None
    }

    /// Bytes of what was not here, resumed ones included.
    fn arrived(&self) -> u64 {
        let moved = self.rows.iter().filter(|row| !is_there(row.shown.state));
        moved.map(|row| row.shown.done).sum()
    }

    fn skipped(&self) -> u64 {
        let there = self.rows.iter().filter(|row| is_there(row.shown.state));
        there.map(|row| row.shown.size).sum()
    }

    /// Rows that were on the way stop: the one that failed says so, of the others the bytes are kept.
    fn stop_rows(&mut self, fault: Option<&Fault>) {
        for at in 0..self.rows.len() {
            let row = &self.rows[at].shown;
            let failed = fault.filter(|fault| fault.digest.as_deref() == Some(row.digest.as_str()));
            if is_there(row.state) || row.state == RowState::Complete {
                continue;
            }
            match failed {
                Some(fault) => {
                    let mismatch = fault.code == FaultCode(engine::Code::ContentMismatch);
                    let note = (!mismatch).then(|| "Failed".to_owned());
                    self.change(at, |row| (row.state, row.note) = (RowState::Failed, note));
                }
                None if row.done > 0 => self.change(at, |row| {
                    (row.state, row.note) = (RowState::Paused, Some("Stopped".to_owned()));
                }),
                None => self.change(at, |row| (row.state, row.note) = (RowState::Waiting, None)),
            }
        }
    }

    fn on(&mut self, digest: &Digest, change: impl FnOnce(&mut TransferRow)) {
        if let Some(at) = self.by_digest.get(digest).copied() {
            self.change(at, change);
        }
    }

    fn change(&mut self, at: usize, change: impl FnOnce(&mut TransferRow)) {
        let before = self.rows[at].shown.clone();
        let row = &mut self.rows[at].shown;
        change(row);
        row.retry_at = row.retry_at.filter(|_| row.state == RowState::Retrying);
        if self.rows[at].shown != before {
            self.revision += 1;
            self.rows[at].changed = self.revision;
            self.lines_revision = self.revision;
        }
    }

    fn touch_lines(&mut self) {
        self.revision += 1;
        self.lines_revision = self.revision;
    }

    fn set_state(&mut self, state: JobState) {
        self.wait = None;
        self.state = state;
        self.revision += 1;
    }

    fn stop_clock(&mut self, now: Instant) {
        if let Some(since) = self.working_since.take() {
            self.worked += now.duration_since(since);
        }
    }
}

/// What a job that went well has to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// The root's digest, where the job was about one image.
    pub digest: Option<Digest>,
    /// Whether nothing had to change.
    pub up_to_date: bool,
    /// What the Docker client prints last.
    pub last_lines: Vec<String>,
}

/// Whether no byte of it had to move.
fn is_there(state: RowState) -> bool {
    matches!(state, RowState::Exists | RowState::Mounted)
}

fn row(blob: &PlannedBlob) -> TransferRow {
    let size = blob.descriptor.size;
    TransferRow {
        digest: blob.descriptor.digest.to_string(),
        kind: match blob.kind {
            NodeKind::Manifest => RowKind::Manifest,
            NodeKind::Config => RowKind::Config,
            NodeKind::Layer => RowKind::Layer,
        },
        size,
        done: if blob.present { size } else { blob.resumed.min(size) },
        state: if blob.present { RowState::Exists } else { RowState::Waiting },
        note: None,
        retry_at: None,
    }
}

/// When a wait that begins now is over, milliseconds of Unix time; one that nobody would notice is none.
fn end_of(wait: Duration) -> Option<u64> {
    let end = (SystemTime::now() + wait).duration_since(UNIX_EPOCH).unwrap_or_default();
    (wait >= Duration::from_secs(1)).then(|| u64::try_from(end.as_millis()).unwrap_or(u64::MAX))
}

fn seconds(wait: Duration) -> String {
    format!("{} s", wait.as_secs_f64().ceil().max(1.0))
}

#[cfg(test)]
mod tests;
