//! A request, read from a socket.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `HEAD`, …
    pub method: String,
    /// The request target as it came: path and query, still escaped.
    pub target: String,
    /// The target before any `?`, still escaped.
    pub path: String,
    /// Headers in the order and the spelling they came in. Bytes that are not UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The body, by Content-Length or chunks.
    pub body: Bytes,
    /// The connection broke off, or was broken off, before all of the body had come.
    pub partial: bool,
}

impl Request {
    /// A header's first value, the name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Every value of a header.
    pub fn header_values(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, it)| it.as_str())
            .collect()
    }

    /// The query's parameters, unescaped, in order.
    pub fn query(&self) -> Vec<(String, String)> {
        parameters(self.target.split_once('?').map_or("", |(_, query)| query))
    }

    /// The parameters of a form body (`application/x-www-form-urlencoded`), unescaped, in order.
    pub fn form(&self) -> Vec<(String, String)> {
        parameters(&String::from_utf8_lossy(&self.body))
    }

    /// Every value of a parameter of the query.
    pub fn query_values(&self, name: &str) -> Vec<String> {
        self.query().into_iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect()
    }

    /// The head's and body's text, to search for what must not be in it.
    pub fn text(&self) -> String {
        let mut text = format!("{} {}\n", self.method, self.target);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text + &String::from_utf8_lossy(&self.body)
    }
}

fn parameters(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (unescape(name), unescape(value))
        })
        .collect()
}

fn unescape(text: &str) -> String {
    let text = text.as_bytes();
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let escaped = text.get(at + 1..at + 3).filter(|_| text[at] == b'%');
        let escaped = escaped.and_then(|pair| std::str::from_utf8(pair).ok());
        if let Some(decoded) = escaped.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            bytes.push(decoded);
            at += 3;
        } else {
            bytes.push(if text[at] == b'+' { b' ' } else { text[at] });
            at += 1;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const HEAD_CAP: usize = 256 * 1024;
const BODY_CAP: usize = 1 << 30;

pub(super) enum Framing {
    Length(usize),
    Chunked,
}

/// Reads the head of the next request; `None` at a clean end. What follows it stays in `buffer`.
pub(super) async fn read_head(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
) -> io::Result<Option<(Request, Framing)>> {
    loop {
        if let Some((request, framing, length)) = parse_head(buffer)? {
            buffer.advance(length);
            return Ok(Some((request, framing)));
        }
        if buffer.len() > HEAD_CAP {
            return Err(invalid("the head is too long"));
        }
        if stream.read_buf(buffer).await? == 0 {
            return if buffer.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
    }
}

/// Reads the body of a request, or its first bytes. Where the connection breaks off, what has come is the body, and
/// `partial`.
pub(super) async fn read_body(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
    framing: Framing,
    most: Option<u64>,
    request: &mut Request,
) -> io::Result<()> {
    request.body = match framing {
        Framing::Length(length) => {
            let wanted = most.map_or(length, |most| length.min(usize::try_from(most).unwrap_or(usize::MAX)));
            request.partial = wanted < length;
            match take(stream, buffer, wanted).await {
                Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(error),
                Err(_) => {
                    request.partial = true;
                    std::mem::take(buffer).freeze()
                }
                Ok(body) => body,
            }
        }
        Framing::Chunked => {
            let mut body = BytesMut::new();
            loop {
                let line = take_line(stream, buffer).await?;
                let size = line.split(';').next().unwrap_or_default().trim();
                let size = usize::from_str_radix(size, 16).map_err(|_| invalid("a chunk has no size"))?;
                if size == 0 {
                    while !take_line(stream, buffer).await?.is_empty() {}
                    break body.freeze();
                }
                body.extend_from_slice(&take(stream, buffer, size).await?);
                take_line(stream, buffer).await?;
            }
        }
    };
    Ok(())
}

fn parse_head(bytes: &[u8]) -> io::Result<Option<(Request, Framing, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut parsed = httparse::Request::new(&mut headers);
    let Ok(status) = parsed.parse(bytes) else { return Err(invalid("the head is no HTTP request")) };
    let httparse::Status::Complete(length) = status else { return Ok(None) };
    let target = parsed.path.unwrap_or_default().to_owned();
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: target.split('?').next().unwrap_or_default().to_owned(),
        target,
        headers: parsed
            .headers
            .iter()
            .map(|header| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned()))
            .collect(),
        body: Bytes::new(),
        partial: false,
    };
    let chunked = request.header("transfer-encoding").is_some_and(|it| it.eq_ignore_ascii_case("chunked"));
    let framing = if chunked {
        Framing::Chunked
    } else {
        let length = request.header("content-length").unwrap_or("0");
        Framing::Length(length.parse().map_err(|_| invalid("Content-Length is no number"))?)
    };
    Ok(Some((request, framing, length)))
}

async fn take(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
    length: usize,
) -> io::Result<Bytes> {
    if length > BODY_CAP {
        return Err(invalid("the body is too long"));
    }
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(buffer.split_to(length).freeze())
}

async fn take_line(stream: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> io::Result<String> {
    loop {
        if let Some(end) = buffer.windows(2).position(|pair| pair == b"\r\n") {
            let line = buffer.split_to(end);
            buffer.advance(2);
            return Ok(String::from_utf8_lossy(&line).into_owned());
        }
        if buffer.len() > HEAD_CAP {
            return Err(invalid("a line is too long"));
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(stream: &mut &[u8], buffer: &mut BytesMut) -> io::Result<Option<Request>> {
        let Some((mut request, framing)) = read_head(stream, buffer).await? else { return Ok(None) };
        read_body(stream, buffer, framing, None, &mut request).await?;
        Ok(Some(request))
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_partial() {
        let wire = b"PUT / HTTP/1.1\r\nContent-Length: 7\r\n\r\nabcd";
        let request = read(&mut &wire[..], &mut BytesMut::new()).await.unwrap().unwrap();
        assert_eq!((&request.body[..], request.partial), (&b"abcd"[..], true));
    }

    #[tokio::test]
    async fn reads_two_requests_from_one_stream() {
        let wire = b"POST /token?a=1&b=x%20y HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\nk=%2b+v\
            GET / HTTP/1.1\r\nAccept: a\r\naccept: b\r\n\r\n";
        let mut stream = &wire[..];
        let mut buffer = BytesMut::new();
        let first = read(&mut stream, &mut buffer).await.unwrap().unwrap();
        assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/token"));
        assert_eq!(first.query_values("b"), ["x y"]);
        assert_eq!(first.form(), [("k".to_owned(), "+ v".to_owned())]);
        let second = read(&mut stream, &mut buffer).await.unwrap().unwrap();
        assert_eq!(second.header_values("ACCEPT"), ["a", "b"]);
        assert!(read(&mut stream, &mut buffer).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn reads_chunks() {
        let wire =
            b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\n";
        let request = read(&mut &wire[..], &mut BytesMut::new()).await.unwrap().unwrap();
        assert_eq!(&request.body[..], b"abcde");
    }

    #[tokio::test]
    async fn refuses_half_a_request() {
        assert!(read(&mut &b"GET / HT"[..], &mut BytesMut::new()).await.is_err());
        assert!(read(&mut &b"\x16\x03\x01garbage\r\n\r\n"[..], &mut BytesMut::new()).await.is_err());
    }
}
