//! One connection: requests and their replies until either side ends it.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use super::fault::{Fault, Framing, Silence, Stop};
use super::send::{After, Body, send};
use super::stream::Stream;
use super::{Exchange, Reply, Request, Shared, on, request};
use crate::net::lock;

pub(super) async fn serve(mut stream: Stream, connection: u64, shared: &Shared) -> io::Result<()> {
    let mut buffer = BytesMut::with_capacity(16 * 1024);
    loop {
        let idle = *lock(&shared.idle);
        let next = request::read_head(&mut stream, &mut buffer);
        let head = match idle {
            Some(idle) => match tokio::time::timeout(idle, next).await {
                Ok(head) => head?,
                Err(_) => return stream.finish().await,
            },
            None => next.await?,
        };
        let Some((mut request, framing)) = head else { return Ok(()) };
        let exchange = Arc::new(Mutex::new(Exchange {
            request: request.clone(),
            connection,
            at: Instant::now(),
            status: None,
            sent: 0,
            done: false,
        }));
        lock(&shared.log).push(Arc::clone(&exchange));
        let fault = on::due(&mut lock(&shared.faults), &request);
        if fault.unread {
            answer(&mut stream, &request, &fault, shared, &exchange).await?;
            return stream.finish().await;
        }
        let most = fault.intake.map(|(most, _)| most);
        request::read_body(&mut stream, &mut buffer, framing, most, &mut request).await?;
        lock(&exchange).request = request.clone();
        if request.partial {
            // What arrived counts, as it does for a real registry.
            let _ = (shared.handler)(&request);
            match fault.intake {
                Some((_, Stop::Stall)) => std::future::pending().await,
                Some((_, Stop::End)) => return stream.finish().await,
                Some((_, Stop::Reset)) | None => return stream.reset().await,
            }
        }
        match answer(&mut stream, &request, &fault, shared, &exchange).await? {
            After::KeepOpen => {}
            After::End => return stream.finish().await,
            After::Reset => return stream.reset().await,
            After::Hang => std::future::pending().await,
        }
    }
}

async fn answer(
    stream: &mut Stream,
    request: &Request,
    fault: &Fault,
    shared: &Shared,
    exchange: &Mutex<Exchange>,
) -> io::Result<After> {
    if let Some(delay) = fault.delay {
        tokio::time::sleep(delay).await;
    }
    match fault.silence {
        Some(Silence::Reset) => return Ok(After::Reset),
        Some(Silence::End) => return Ok(After::End),
        Some(Silence::Hang) => return Ok(After::Hang),
        None => {}
    }
    if let Some(raw) = &fault.raw {
        use tokio::io::AsyncWriteExt as _;
        stream.write_all(raw).await?;
        stream.flush().await?;
        return Ok(After::End);
    }
    let reply = if fault.replaces_reply() {
        Reply::status(fault.status.unwrap_or(200))
    } else {
        (shared.handler)(request)
    };
    if fault.lost {
        return Ok(After::Reset);
    }
    let message = Message::new(reply, request, fault);
    lock(exchange).status = Some(message.status);
    let after = send(stream, &message, request, fault, exchange).await?;
    let wants_close = request.header("connection").is_some_and(|it| it.eq_ignore_ascii_case("close"));
    Ok(match after {
        After::KeepOpen if wants_close || fault.close => After::End,
        after => after,
    })
}

/// A reply with its range cut out and its headers complete.
pub(super) struct Message {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
    pub(super) framing: Option<Framing>,
}

impl Message {
    fn new(reply: Reply, request: &Request, fault: &Fault) -> Self {
        let Reply { mut status, mut headers, body, ranged } = reply;
        let mut content = fault.content.clone().unwrap_or(body);
        if fault.extra > 0 {
            let mut longer = content.to_vec();
            longer.resize(content.len() + fault.extra, b'+');
            content = longer.into();
        }
        let asked = request.header("range").filter(|_| ranged && !fault.ignore_range && status == 200);
        match asked.map_or(Range::Whole, |value| Range::parse(value, content.len())) {
            Range::Whole => {}
            Range::Part(start, end) => {
                status = 206;
                let total = content.len();
                headers.push(("Content-Range".to_owned(), format!("bytes {start}-{}/{total}", end - 1)));
                content = content.slice(start..end);
            }
            Range::Beyond => {
                status = 416;
                headers.push(("Content-Range".to_owned(), format!("bytes */{}", content.len())));
                content = Bytes::new();
            }
        }
        if let Some(length) = fault.truncated {
            content.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        }
        let body = fault.zeros.map_or(Body::Bytes(content), Body::Zeros);
        match fault.framing {
            None if status == 204 || status == 304 => {}
            None => headers.push(("Content-Length".to_owned(), body.len().to_string())),
            Some(Framing::Claimed(length)) => headers.push(("Content-Length".to_owned(), length.to_string())),
            Some(Framing::Chunked) => headers.push(("Transfer-Encoding".to_owned(), "chunked".to_owned())),
            Some(Framing::UntilClose) => {}
        }
        let is_named = |header: &(String, String), name: &str| header.0.eq_ignore_ascii_case(name);
        for name in fault.removed.iter().chain(fault.set.iter().map(|(name, _)| name)) {
            headers.retain(|header| !is_named(header, name));
        }
        let last = request.path.rsplit('/').next().unwrap_or_default();
        let given = fault.set.iter().chain(&fault.added);
        headers.extend(given.map(|(name, value)| (name.clone(), value.replace("{last}", last))));
        Self { status, headers, body, framing: fault.framing }
    }
}

enum Range {
    Whole,
    /// First byte, and the byte after the last.
    Part(usize, usize),
    Beyond,
}

impl Range {
    /// RFC 9110, 14.2: one range of bytes; several, or nonsense, are answered with the whole.
    fn parse(value: &str, length: usize) -> Self {
        let Some((first, last)) = value.strip_prefix("bytes=").and_then(|spec| spec.split_once('-')) else {
            return Self::Whole;
        };
        let (start, end) = match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) if first <= last => (first, last.saturating_add(1).min(length)),
            (Ok(first), Err(_)) if last.is_empty() => (first, length),
            (Err(_), Ok(suffix)) if first.is_empty() && suffix > 0 => (length.saturating_sub(suffix), length),
            _ => return Self::Whole,
        };
        if start >= length { Self::Beyond } else { Self::Part(start, end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (value, expected) in [
            ("bytes=0-0", Some((0, 1))),
            ("bytes=0-9", Some((0, 10))),
            ("bytes=3-99", Some((3, 10))),
            ("bytes=9-", Some((9, 10))),
            ("bytes=-3", Some((7, 10))),
            ("bytes=-99", Some((0, 10))),
            ("bytes=5-4", None),
            ("bytes=0-1,3-4", None),
            ("lines=0-1", None),
        ] {
            let found = match Range::parse(value, 10) {
                Range::Part(start, end) => Some((start, end)),
                Range::Whole => None,
                Range::Beyond => panic!("{value} is beyond"),
            };
            assert_eq!(found, expected, "{value}");
        }
        for value in ["bytes=10-", "bytes=10-20", "bytes=99-"] {
            assert!(matches!(Range::parse(value, 10), Range::Beyond), "{value}");
        }
    }
}
