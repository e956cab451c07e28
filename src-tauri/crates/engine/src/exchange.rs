//! The record of every HTTP exchange, redacted: what the Wire view draws and what an error points at.
//!
//! Invariant: nothing secret enters the record. Authorization keeps its scheme alone, queries keep only names
//! known to be harmless, token answers lose their values, and every text passes through the [`Redactor`], which
//! knows the secrets in use. Deliberately absent: bodies of blobs.

mod redact;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use http::HeaderMap;
use tokio::sync::watch;
use url::Url;

pub use redact::{Redactor, redact_url};

/// How many exchanges are kept; older ones fall out.
const KEPT: usize = 4096;
/// How much of a text body is kept, bytes.
pub(crate) const BODY_KEPT: usize = 64 * 1024;

/// Whom an exchange is with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The registry's API.
    Registry,
    /// The token server.
    Auth,
    /// Where the registry redirected to.
    Cdn,
}

/// What a request is for, in a few words, and a sentence that explains it to someone who learns.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// `manifest`, `blob`, `token`: the noun of the summary.
    pub noun: &'static str,
    /// Why this request is made, a full sentence.
    pub explanation: String,
}

impl Purpose {
    /// A purpose.
    pub fn new(noun: &'static str, explanation: impl Into<String>) -> Self {
        Self { noun, explanation: explanation.into() }
    }
}

/// A header as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownHeader {
    /// Lower-case name.
    pub name: String,
    /// The value; none where it is secret.
    pub value: Option<String>,
    /// The scheme of a hidden authorization: `Bearer`.
    pub scheme: Option<String>,
}

/// One request and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Unique within the log, ascending.
    pub id: u64,
    /// The job that it serves.
    pub job: Option<u64>,
    /// The HTTP method.
    pub method: String,
    /// Host and port.
    pub host: String,
    /// Path and query, redacted.
    pub path: String,
    /// Whom it is with.
    pub role: Role,
    /// What it is for.
    pub purpose: Purpose,
    /// The answer's status.
    pub status: Option<u16>,
    /// When it began.
    pub started: Instant,
    /// Time until the headers of the answer.
    pub first_byte: Option<Duration>,
    /// Time until its end.
    pub finished: Option<Duration>,
    /// Bytes of body sent, of a large one.
    pub sent: u64,
    /// Bytes of body received.
    pub received: u64,
    /// Bytes of body announced.
    pub expected: Option<u64>,
    /// Nobody checked whose certificate it was: the host is marked so.
    pub unverified: bool,
    /// What is to be said in a few words: `index, 9 platforms`, `go to the CDN`, or the failure.
    pub summary: String,
    /// Whether it failed.
    pub failed: bool,
    /// What was sent.
    pub request_headers: Vec<ShownHeader>,
    /// What came back.
    pub response_headers: Vec<ShownHeader>,
    /// A small text body, secrets out.
    pub body: Option<String>,
    /// Ascends with every change, for [`ExchangeLog::changed_since`].
    pub revision: u64,
}

impl Exchange {
    /// A summary, which never leaves out that nobody checked who answers.
    fn said(&self, summary: String) -> String {
        const UNVERIFIED: &str = "certificate not checked";
        match (self.unverified, summary.is_empty()) {
            (false, _) => summary,
            (true, true) => UNVERIFIED.to_owned(),
            (true, false) => format!("{summary} ({UNVERIFIED})"),
        }
    }
}

#[derive(Default)]
struct State {
    kept: VecDeque<Exchange>,
    next_id: u64,
    revision: u64,
}

/// The log of one engine: shared, bounded, watchable.
#[derive(Clone)]
pub struct ExchangeLog {
    state: Arc<Mutex<State>>,
    changed: watch::Sender<u64>,
    redactor: Redactor,
}

impl Default for ExchangeLog {
    fn default() -> Self {
        Self { state: Arc::default(), changed: watch::Sender::new(0), redactor: Redactor::default() }
    }
}

impl ExchangeLog {
    /// What hides the secrets in use.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Begins a record; it ends when the handle is told so or dropped.
    pub fn begin(
        &self,
        method: &http::Method,
        url: &Url,
        role: Role,
        purpose: Purpose,
        job: Option<u64>,
        headers: &HeaderMap,
    ) -> ExchangeHandle {
        let mut state = self.lock();
        state.next_id += 1;
        let id = state.next_id;
        let exchange = Exchange {
            id,
            job,
            method: method.to_string(),
            host: shown_host(url),
            path: redact_url(url, role),
            role,
            purpose,
            status: None,
            started: Instant::now(),
            first_byte: None,
            finished: None,
            sent: 0,
            received: 0,
            expected: None,
            unverified: false,
            summary: String::new(),
            failed: false,
            request_headers: self.redactor.headers(headers, role),
            response_headers: Vec::new(),
            body: None,
            revision: 0,
        };
        state.kept.push_back(exchange);
        if state.kept.len() > KEPT {
            state.kept.pop_front();
        }
        drop(state);
        let handle = ExchangeHandle { log: self.clone(), id, open: true };
        handle.update(|_| {});
        handle
    }

    /// One exchange, if it is still kept.
    pub fn get(&self, id: u64) -> Option<Exchange> {
        let state = self.lock();
        let first = state.kept.front()?.id;
        let at = usize::try_from(id.checked_sub(first)?).ok()?;
        state.kept.get(at).cloned()
    }

    /// Exchanges that changed after `revision`, oldest first, and the revision to ask with next.
    pub fn changed_since(&self, revision: u64) -> (Vec<Exchange>, u64) {
        let state = self.lock();
        (state.kept.iter().filter(|exchange| exchange.revision > revision).cloned().collect(), state.revision)
    }

    /// Wakes when anything changed; the value is the revision.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics while it holds the log")
    }
}

/// An exchange under way.
pub struct ExchangeHandle {
    log: ExchangeLog,
    id: u64,
    open: bool,
}

impl ExchangeHandle {
    /// The record's id.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The answer's head has come.
    pub fn answered(&self, status: u16, headers: &HeaderMap, expected: Option<u64>) {
        self.update(|exchange| {
            exchange.status = Some(status);
            exchange.first_byte = Some(exchange.started.elapsed());
            exchange.expected = expected;
            exchange.response_headers = self.log.redactor.headers(headers, exchange.role);
        });
    }

    /// Bytes of the request's body so far.
    pub fn sent(&self, bytes: u64) {
        self.update(|exchange| exchange.sent = bytes);
    }

    /// Bytes of the body so far.
    pub fn received(&self, bytes: u64) {
        self.update(|exchange| exchange.received = bytes);
    }

    /// Keeps a small text body, redacted; other bytes are left out.
    pub fn body(&self, body: &[u8]) {
        let cut = &body[..body.len().min(BODY_KEPT)];
        let received = body.len() as u64;
        self.update(|exchange| {
            exchange.received = received;
            exchange.body = self.log.redactor.body(cut, exchange.role);
        });
    }

    /// The connection is to whoever answers: certificates of this host are not checked.
    pub fn unverified(&self) {
        self.update(|exchange| {
            exchange.unverified = true;
            exchange.summary = exchange.said(String::new());
        });
    }

    /// Says in a few words what came of it.
    pub fn summarise(&self, summary: &str) {
        self.update(|exchange| exchange.summary = exchange.said(self.log.redactor.scrub(summary)));
    }

    /// It failed, and why.
    pub fn failed(&self, why: &str) {
        self.update(|exchange| {
            exchange.failed = true;
            exchange.summary = exchange.said(self.log.redactor.scrub(why));
        });
    }

    /// It is over.
    pub fn end(mut self) {
        self.close();
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.update(|exchange| exchange.finished = Some(exchange.started.elapsed()));
        }
    }

    fn update(&self, change: impl FnOnce(&mut Exchange)) {
        let mut state = self.log.lock();
        state.revision += 1;
        let revision = state.revision;
        let Some(first) = state.kept.front().map(|exchange| exchange.id) else { return };
        let at = self.id.checked_sub(first).and_then(|at| usize::try_from(at).ok());
        if let Some(exchange) = at.and_then(|at| state.kept.get_mut(at)) {
            change(exchange);
            exchange.revision = revision;
        }
        drop(state);
        self.log.changed.send_replace(revision);
    }
}

impl Drop for ExchangeHandle {
    fn drop(&mut self) {
        self.close();
    }
}

fn shown_host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
