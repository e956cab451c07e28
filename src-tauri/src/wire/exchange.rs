//! Exchanges with registries, redacted by the engine before they were kept.

use std::time::Duration;

use engine::exchange::{self, Exchange, ShownHeader};
use serde::Serialize;
use ts_rs::TS;

use super::KeyValue;

/// Whom an exchange is with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Registry,
    Auth,
    Cdn,
}

/// An exchange, without headers and body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ExchangeHead {
    pub id: u64,
    pub job: Option<u64>,
    pub method: String,
    pub host: String,
    /// path and query, redacted
    pub path: String,
    pub role: Role,
    pub status: Option<u16>,
    /// ms
    pub elapsed: u64,
    /// bytes of body received so far
    pub received: u64,
    pub expected: Option<u64>,
    pub live: bool,
    /// `token`, `index, 9 platforms`, `go to the CDN`, or the failure
    pub summary: String,
    pub failed: bool,
}

impl ExchangeHead {
    /// A head; `job` is the window's job that the exchange serves.
    pub fn new(exchange: &Exchange, job: Option<u64>) -> Self {
        let elapsed = exchange.finished.unwrap_or_else(|| exchange.started.elapsed());
        Self {
            id: exchange.id,
            job,
            method: exchange.method.clone(),
            host: exchange.host.clone(),
            path: exchange.path.clone(),
            role: match exchange.role {
                exchange::Role::Registry => Role::Registry,
                exchange::Role::Auth => Role::Auth,
                exchange::Role::Cdn => Role::Cdn,
            },
            status: exchange.status,
            elapsed: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            received: exchange.received,
            expected: exchange.expected,
            live: exchange.finished.is_none(),
            summary: exchange.summary.clone(),
            failed: exchange.failed,
        }
    }
}

/// A header as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Header {
    pub name: String,
    /// null: redacted
    pub value: Option<String>,
    /// `Bearer`, for a redacted authorization
    pub scheme: Option<String>,
}

impl From<&ShownHeader> for Header {
    fn from(shown: &ShownHeader) -> Self {
        Self { name: shown.name.clone(), value: shown.value.clone(), scheme: shown.scheme.clone() }
    }
}

/// An exchange with all that is kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeDetail {
    pub head: ExchangeHead,
    pub explanation: String,
    pub request_headers: Vec<Header>,
    pub response_headers: Vec<Header>,
    /// small text bodies, at most 64 KiB, secrets out
    pub body: Option<String>,
    pub timing: Vec<KeyValue>,
}

impl ExchangeDetail {
    /// Everything of one exchange.
    pub fn new(exchange: &Exchange, job: Option<u64>) -> Self {
        Self {
            head: ExchangeHead::new(exchange, job),
            explanation: exchange.purpose.explanation.clone(),
            request_headers: exchange.request_headers.iter().map(Header::from).collect(),
            response_headers: exchange.response_headers.iter().map(Header::from).collect(),
            body: exchange.body.clone(),
            timing: timing(exchange),
        }
    }
}

fn timing(exchange: &Exchange) -> Vec<KeyValue> {
    let mut lines = Vec::new();
    if let Some(first) = exchange.first_byte {
        lines.push(KeyValue::new("Until the answer began", milliseconds(first)));
        if let Some(finished) = exchange.finished {
            lines.push(KeyValue::new("Reading the answer", milliseconds(finished.saturating_sub(first))));
        }
    }
    if let Some(finished) = exchange.finished {
        lines.push(KeyValue::new("Altogether", milliseconds(finished)));
    }
    lines
}

fn milliseconds(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1000.0;
    if milliseconds < 10.0 { format!("{milliseconds:.1} ms") } else { format!("{milliseconds:.0} ms") }
}
