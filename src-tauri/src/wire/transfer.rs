//! Transfers.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Fault;

/// What to pull.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PullRequest {
    pub input: String,
    pub platform: Option<String>,
    pub all_platforms: bool,
    pub all_tags: bool,
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum RowKind {
    Layer,
    Config,
    Manifest,
}

/// How far a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "the commands that give it land with the engine's parts")]
pub enum RowState {
    /// It is known, and the registry was not asked for it yet.
    Preparing,
    Waiting,
    Exists,
    /// The registry took it from another of its repositories; the note says which.
    Mounted,
    /// Its bytes move: down or up, as the verb says.
    Moving,
    Retrying,
    Verifying,
    Complete,
    Paused,
    Failed,
}

/// One object of a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TransferRow {
    pub digest: String,
    pub kind: RowKind,
    pub size: u64,
    pub done: u64,
    pub state: RowState,
    /// `Retrying in 12 s`, `Mounted from team/base`, a mismatch…
    pub note: Option<String>,
    /// when it is tried again, milliseconds of Unix time; null where that is now
    pub retry_at: Option<u64>,
}

/// A transfer that waits before it asks again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Wait {
    /// `the registry answered 429`
    pub why: String,
    /// milliseconds of Unix time
    pub until: u64,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    Queued,
    Resolving,
    Running,
    Paused,
    Done,
    Failed,
    Cancelled,
}

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "the commands that give it land with the engine's parts")]
pub enum Verb {
    /// From a registry to this computer.
    Pull,
    /// From this computer to a registry.
    Push,
    /// From a registry to a registry.
    Copy,
    /// From an archive or a container engine to this computer, or straight to a registry.
    Load,
    /// From a filesystem in a file to this computer.
    Import,
    /// From this computer or a registry to an archive or a container engine.
    Save,
    /// The files of an image to a file.
    Export,
}

/// A job, without its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JobHead {
    pub id: u64,
    pub verb: Verb,
    pub title: String,
    /// What is pulled, or the name that a push or a copy gives.
    pub reference: String,
    /// Where a push or a copy takes it from; null for a pull.
    pub source: Option<String>,
    /// the container engine that it goes to or comes from; null for a file or a registry
    pub engine: Option<String>,
    pub platform: Option<String>,
    pub state: JobState,
    /// bytes
    pub total: u64,
    /// already there, skipped
    pub skipped: u64,
    /// arrived in this job, resumed prefix included
    pub arrived: u64,
    /// bytes a second, 3 s average
    pub rate: u64,
    /// seconds left; null until two seconds in
    pub eta: Option<u64>,
    /// the wait that holds up all of it
    pub wait: Option<Wait>,
    pub started_at: String,
    /// milliseconds of work, pauses left out
    pub elapsed: u64,
    /// the docker line
    pub command: String,
    /// the root's digest when done
    pub digest: Option<String>,
    pub fault: Option<Fault>,
}

/// At most ten a second. The first update of a watch has every row and line; later ones only what changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct JobUpdate {
    pub job: JobHead,
    pub rows: Vec<TransferRow>,
    /// lines of "as the Docker client prints it", whole; empty where none changed
    pub lines: Vec<String>,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum JobEnd {
    Done,
    Failed,
    Cancelled,
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JobOutcome {
    pub state: JobEnd,
    pub digest: Option<String>,
    pub up_to_date: bool,
    pub fault: Option<Fault>,
}
