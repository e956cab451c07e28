//! Blobs: whole or a range of one, streamed from the file in large pieces (distribution-spec, "Pulling blobs").

use std::fs::File;
use std::io;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use oci::digest::Digest;
use rustix::buffer::spare_capacity;
use tokio::sync::mpsc;

use crate::fault::{Code, Fault};
use crate::repositories::RepositoryPath;
use crate::respond::{Answer, CONTENT_DIGEST, Shared, blocking, empty, value};

/// Bytes read from the file at once; two such pieces wait for the connection at most.
const PIECE: usize = 512 * 1024;

fn no_blob(name: &RepositoryPath, digest: &Digest) -> Fault {
    Fault::new(Code::BlobUnknown, format!("`{name}` has no blob `{digest}`"))
}

pub(crate) async fn get(
    registry: Shared,
    name: RepositoryPath,
    digest: Digest,
    headers: &HeaderMap,
    head: bool,
) -> Answer {
    let etag = format!("\"{digest}\"");
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    // A range of another version is of no use (RFC 9110, 13.1.5); HEAD has no ranges (14.2).
    let same = text(header::IF_RANGE).is_none_or(|known| known == etag);
    let range = text(header::RANGE).filter(|_| same && !head).map(str::to_owned);
    let content_digest = value(digest.as_str());
    let (file, size) = blocking(move || {
        let size = registry.repositories.blob(&name, &digest)?.ok_or_else(|| no_blob(&name, &digest))?;
        Ok((registry.repositories.store().open_blob(&digest)?, size))
    })
    .await?;

    let (status, start, end) = match range.map_or(Range::Whole, |range| Range::parse(&range, size)) {
        Range::Whole => (StatusCode::OK, 0, size),
        Range::Part(start, end) => (StatusCode::PARTIAL_CONTENT, start, end),
        Range::Outside => {
            let message = format!("the range is outside the blob's {size} bytes");
            return Err(Fault::new(Code::SizeInvalid, message)
                .with_status(StatusCode::RANGE_NOT_SATISFIABLE)
                .with_header(header::CONTENT_RANGE, value(&format!("bytes */{size}"))));
        }
    };
    let mut response = Response::new(if head { Body::empty() } else { stream_file(file, start, end) });
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(end - start));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::ETAG, value(&etag));
    headers.insert(CONTENT_DIGEST, content_digest);
    if status == StatusCode::PARTIAL_CONTENT {
        headers.insert(header::CONTENT_RANGE, value(&format!("bytes {start}-{}/{size}", end - 1)));
    }
    Ok(response)
}

/// What of a blob is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Range {
    /// No range, one that is malformed, or several: then the whole is a right answer (RFC 9110, 14.2).
    Whole,
    /// From the first number to before the second.
    Part(u64, u64),
    Outside,
}

impl Range {
    /// Reads a `Range` header for something of `size` bytes.
    fn parse(header: &str, size: u64) -> Self {
        let number =
            |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
        let Some((first, last)) =
            header.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-'))
        else {
            return Range::Whole;
        };
        match (first.is_empty(), number(first), last.is_empty(), number(last)) {
            (true, _, _, Some(0)) => Range::Outside,
            (true, _, _, Some(_)) if size == 0 => Range::Outside,
            (true, _, _, Some(count)) => Range::Part(size.saturating_sub(count), size),
            (_, Some(first), true, _) if first < size => Range::Part(first, size),
            (_, Some(_), true, _) => Range::Outside,
            (_, Some(first), _, Some(last)) if last < first => Range::Whole,
            (_, Some(first), _, Some(last)) if first < size => {
                Range::Part(first, last.saturating_add(1).min(size))
            }
            (_, Some(_), _, Some(_)) => Range::Outside,
            _ => Range::Whole,
        }
    }
}

/// The bytes of `file` from `start` to before `end`. A thread reads ahead while the connection sends; it ends when the
/// client goes.
fn stream_file(file: File, start: u64, end: u64) -> Body {
    let (pieces, mut waiting) = mpsc::channel::<io::Result<Bytes>>(1);
    tokio::task::spawn_blocking(move || {
        let mut at = start;
        while at < end {
            let piece = read_piece(&file, at, (end - at).min(PIECE as u64) as usize);
            at += piece.as_ref().map_or(0, |piece| piece.len() as u64);
            let failed = piece.is_err();
            if pieces.blocking_send(piece).is_err() || failed {
                return;
            }
        }
    });
    Body::from_stream(stream::poll_fn(move |context| waiting.poll_recv(context)))
}

/// Exactly `length` bytes at `at`. A file that ends before is an error, which breaks the connection: a short answer
/// must not look like a whole one.
fn read_piece(file: &File, at: u64, length: usize) -> io::Result<Bytes> {
    let mut piece = Vec::with_capacity(length);
    while piece.len() < length {
        let from = at + piece.len() as u64;
        match rustix::io::pread(file, spare_capacity(&mut piece), from) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // An allocator may have given more room than was asked for.
    piece.truncate(length);
    Ok(piece.into())
}

/// Takes a blob away from the repository. One that a manifest still needs stays: deleting it would break the image.
pub(crate) async fn delete(registry: Shared, name: RepositoryPath, digest: Digest) -> Answer {
    blocking(move || {
        let repositories = &registry.repositories;
        if repositories.is_needed(&name, &digest)? {
            let message = format!("a manifest of `{name}` needs `{digest}`: delete that first");
            return Err(Fault::new(Code::Denied, message));
        }
        if repositories.unlink(&name, &digest) {
            Ok(empty(StatusCode::ACCEPTED, []))
        } else {
            Err(no_blob(&name, &digest))
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        for (header, expected) in [
            ("bytes=0-0", Range::Part(0, 1)),
            ("bytes=2-5", Range::Part(2, 6)),
            ("bytes=2-", Range::Part(2, 10)),
            ("bytes=-3", Range::Part(7, 10)),
            ("bytes=-30", Range::Part(0, 10)),
            ("bytes=9-99", Range::Part(9, 10)),
            ("bytes=0-18446744073709551615", Range::Part(0, 10)),
            ("bytes=10-", Range::Outside),
            ("bytes=10-12", Range::Outside),
            ("bytes=-0", Range::Outside),
            ("bytes=5-2", Range::Whole),
            ("bytes=-", Range::Whole),
            ("bytes=a-b", Range::Whole),
            ("bytes=+1-2", Range::Whole),
            ("bytes=0-1,3-4", Range::Whole),
            ("items=0-1", Range::Whole),
            ("bytes=99999999999999999999-", Range::Whole),
        ] {
            assert_eq!(Range::parse(header, 10), expected, "{header}");
        }
        assert_eq!(Range::parse("bytes=0-", 0), Range::Outside);
        assert_eq!(Range::parse("bytes=-1", 0), Range::Outside);
    }
}
