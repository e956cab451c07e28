//! A body as it arrives: bounded, with a stall time-out and a lowest speed instead of a total time-out.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::failure;
use crate::error::{Code, Error, Result};
use crate::exchange::ExchangeHandle;

/// When an answer is given up.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// No byte for this long.
    pub stall: Duration,
    /// Fewer bytes a second than this …
    pub lowest: u64,
    /// … over this long.
    pub over: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { stall: Duration::from_secs(30), lowest: 128, over: Duration::from_secs(30) }
    }
}

/// The body of an answer. Dropping it lets go of the connection.
pub struct Body {
    response: reqwest::Response,
    /// Read already, and to be read again.
    peeked: Option<Bytes>,
    exchange: ExchangeHandle,
    pace: Pace,
    host: String,
    received: u64,
    noted: u64,
    window: (Instant, u64),
}

/// How many bytes go by between two notes in the exchange record.
const NOTE_EVERY: u64 = 1 << 20;

impl Body {
    pub(super) fn new(
        response: reqwest::Response,
        exchange: ExchangeHandle,
        pace: Pace,
        host: String,
    ) -> Self {
        let window = (Instant::now(), 0);
        Self { response, peeked: None, exchange, pace, host, received: 0, noted: 0, window }
    }

    /// The next bytes; none at the end that the transport saw as clean.
    ///
    /// # Errors
    /// [`Code::Timeout`] where it stalls or drips, [`Code::ConnectionLost`] where it breaks off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        if let Some(peeked) = self.peeked.take() {
            return Ok(Some(peeked));
        }
        let next = tokio::time::timeout(self.pace.stall, self.response.chunk()).await;
        let failed = match next {
            Ok(Ok(Some(bytes))) => {
                self.received += bytes.len() as u64;
                if self.received - self.noted >= NOTE_EVERY {
                    self.noted = self.received;
                    self.exchange.received(self.received);
                }
                match self.too_slow() {
                    None => return Ok(Some(bytes)),
                    Some(error) => error,
                }
            }
            Ok(Ok(None)) => {
                self.exchange.received(self.received);
                return Ok(None);
            }
            Ok(Err(error)) => failure::classify(error, self.response.url(), None),
            Err(_) => Error::new(
                Code::Timeout,
                format!("`{}` sent nothing for {} s", self.host, self.pace.stall.as_secs()),
            )
            .with_hint("Check the connection, then try again; what has arrived is kept"),
        };
        self.exchange.received(self.received);
        self.exchange.failed(failed.message());
        Err(failed.at_exchange(self.exchange.id()))
    }

    fn too_slow(&mut self) -> Option<Error> {
        let (since, before) = self.window;
        let elapsed = since.elapsed();
        if elapsed < self.pace.over {
            return None;
        }
        let rate = (self.received - before) as f64 / elapsed.as_secs_f64();
        self.window = (Instant::now(), self.received);
        (rate < self.pace.lowest as f64).then(|| {
            Error::new(Code::Timeout, format!("`{}` sends only {rate:.0} bytes a second", self.host))
                .with_hint("Try again later, or from another network; what has arrived is kept")
        })
    }

    /// The whole body, at most `cap` bytes.
    ///
    /// # Errors
    /// [`Code::TooLarge`] beyond the cap: what arrived is dropped. What announces itself so is not read at all.
    pub async fn read(&mut self, cap: u64) -> Result<Bytes> {
        let mut whole = BytesMut::new();
        if self.response.content_length().is_some_and(|length| length > cap) {
            return Err(self.over(cap));
        }
        while let Some(bytes) = self.chunk().await? {
            if whole.len() as u64 + bytes.len() as u64 > cap {
                return Err(self.over(cap));
            }
            whole.extend_from_slice(&bytes);
        }
        let whole = whole.freeze();
        self.exchange.body(&whole);
        Ok(whole)
    }

    fn over(&self, cap: u64) -> Error {
        let why = format!("the answer of `{}` is over its cap of {cap} bytes", self.host);
        self.exchange.failed(&why);
        Error::new(Code::TooLarge, why).at_exchange(self.exchange.id())
    }

    /// The first bytes of the body, at most `cap`; what follows is not read, and a failure ends it early.
    pub async fn read_start(&mut self, cap: u64) -> Bytes {
        let mut start = BytesMut::new();
        while (start.len() as u64) < cap {
            let Ok(Some(bytes)) = self.chunk().await else { break };
            start.extend_from_slice(&bytes);
        }
        start.truncate(usize::try_from(cap).unwrap_or(usize::MAX));
        let start = start.freeze();
        self.exchange.body(&start);
        start
    }

    /// As [`Body::read_start`], for someone who only looks: it is all still to be read.
    pub async fn peek_start(&mut self, cap: u64) -> Bytes {
        let mut start = BytesMut::new();
        while (start.len() as u64) < cap {
            let Ok(Some(bytes)) = self.chunk().await else { break };
            start.extend_from_slice(&bytes);
        }
        let start = start.freeze();
        self.peeked = Some(start.clone()).filter(|start| !start.is_empty());
        start
    }

    /// Bytes received so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Id of the exchange.
    pub fn exchange(&self) -> u64 {
        self.exchange.id()
    }

    /// Says in the record what came of it.
    pub fn note(&self, summary: &str) {
        self.exchange.summarise(summary);
    }

    /// Says in the record that it failed, and why.
    pub fn failed(&self, why: &str) {
        self.exchange.failed(why);
    }
}
