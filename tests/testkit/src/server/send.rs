//! A message onto the socket, as far and as fast as its fault lets it.

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

use super::exchange::Message;
use super::fault::{Fault, Framing, Stop};
use super::stream::Stream;
use super::{Exchange, Request};
use crate::net::lock;

/// What becomes of the connection.
pub(super) enum After {
    KeepOpen,
    End,
    Reset,
    Hang,
}

/// What is sent: bytes, or so many zeros.
pub(super) enum Body {
    Bytes(Bytes),
    Zeros(u64),
}

const PIECE: usize = 256 * 1024;
static ZEROS: [u8; PIECE] = [0; PIECE];

impl Body {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Zeros(count) => *count,
        }
    }

    fn piece(&self, at: u64, length: usize) -> &[u8] {
        match self {
            Self::Bytes(bytes) => {
                let at = usize::try_from(at).expect("an offset into memory");
                &bytes[at..at + length]
            }
            Self::Zeros(_) => &ZEROS[..length],
        }
    }
}

pub(super) async fn send(
    stream: &mut Stream,
    message: &Message,
    request: &Request,
    fault: &Fault,
    exchange: &Mutex<Exchange>,
) -> io::Result<After> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", message.status, reason(message.status));
    for (name, value) in &message.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    if request.method == "HEAD" {
        stream.write_all(head.as_bytes()).await?;
        stream.flush().await?;
        lock(exchange).done = true;
        return Ok(After::KeepOpen);
    }

    let chunked = matches!(message.framing, Some(Framing::Chunked));
    let (end, stop) = match fault.stop {
        Some((after, stop)) if after <= message.body.len() => (after, Some(stop)),
        _ => (message.body.len(), None),
    };
    // The head goes out with the first piece: one packet for a small reply.
    let mut pending = head.into_bytes();
    let mut pace = fault.rate.map(Pace::new);
    let mut sent = 0;
    while sent < end {
        let longest = pace.as_ref().map_or(PIECE, Pace::piece);
        let length = usize::try_from(end - sent).map_or(longest, |left| left.min(longest));
        if let Some(pace) = &mut pace {
            if !pending.is_empty() {
                stream.write_all(&pending).await?;
                pending.clear();
                stream.flush().await?;
            }
            pace.wait(length).await;
        }
        if chunked {
            pending.extend_from_slice(format!("{length:x}\r\n").as_bytes());
        }
        let piece = message.body.piece(sent, length);
        if piece.len() <= 16 * 1024 {
            pending.extend_from_slice(piece);
            stream.write_all(&pending).await?;
        } else {
            stream.write_all(&pending).await?;
            stream.write_all(piece).await?;
        }
        pending.clear();
        if chunked {
            pending.extend_from_slice(b"\r\n");
        }
        sent += length as u64;
        lock(exchange).sent = sent;
        if pace.is_some() {
            stream.flush().await?;
        }
    }
    if chunked && stop.is_none() {
        pending.extend_from_slice(b"0\r\n\r\n");
    }
    stream.write_all(&pending).await?;
    stream.flush().await?;
    lock(exchange).done = stop.is_none();
    Ok(match (stop, message.framing) {
        (Some(Stop::Reset), _) => After::Reset,
        (Some(Stop::Stall), _) => After::Hang,
        (Some(Stop::End), _) | (None, Some(Framing::UntilClose | Framing::Claimed(_))) => After::End,
        (None, _) => After::KeepOpen,
    })
}

/// Keeps to a rate by absolute times, so that late timers don't add up.
struct Pace {
    rate: u64,
    next: Instant,
}

impl Pace {
    fn new(rate: u64) -> Self {
        Self { rate, next: Instant::now() }
    }

    /// A tenth of a second's worth, and a byte at least.
    fn piece(&self) -> usize {
        usize::try_from(self.rate / 10).unwrap_or(PIECE).clamp(1, PIECE)
    }

    async fn wait(&mut self, length: usize) {
        self.next += Duration::from_secs_f64(length as f64 / self.rate as f64);
        tokio::time::sleep_until(self.next).await;
    }
}

fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Unknown")
}
