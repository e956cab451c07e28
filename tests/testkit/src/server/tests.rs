use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

use super::*;

/// What a client saw: the head, the body's bytes as they came, and how it ended.
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    pub(crate) error: Option<ErrorKind>,
}

impl Seen {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0)
    }
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let named =
            |line: &'_ str| line.split_once(": ").is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
        self.head
            .lines()
            .filter(|line| named(line))
            .filter_map(|line| Some(line.split_once(": ")?.1))
            .collect()
    }
}

/// One request on a connection of its own, read until the connection ends.
pub(crate) fn ask(host: &str, request: &str, headers: &[(&str, &str)]) -> Seen {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut head = format!("{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    read_to_end(stream)
}

fn read_to_end(mut stream: TcpStream) -> Seen {
    let mut bytes = Vec::new();
    let error = stream.read_to_end(&mut bytes).err().map(|error| error.kind());
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    Seen { head: String::from_utf8_lossy(&bytes[..end]).into_owned(), body: bytes[end..].to_vec(), error }
}

fn content() -> Bytes {
    crate::image::noise(5, 1_000_000).into()
}

fn server() -> Server {
    Server::of_files([("/file".to_owned(), content())])
}

fn with_fault(fault: Fault) -> Seen {
    let server = server();
    server.fault(On::any("*"), fault);
    ask(&server.host(), "GET /file", &[])
}

#[test]
fn whole_parts_and_beyond() {
    let server = server();
    let whole = ask(&server.host(), "GET /file", &[]);
    assert_eq!((whole.status(), whole.body.len(), whole.error), (200, 1_000_000, None));
    let part = ask(&server.host(), "GET /file", &[("Range", "bytes=10-19")]);
    assert_eq!((part.status(), part.header("content-range")), (206, vec!["bytes 10-19/1000000"]));
    assert_eq!((part.header("Content-Length"), &part.body[..]), (vec!["10"], &content()[10..20]));
    let beyond = ask(&server.host(), "GET /file", &[("Range", "bytes=1000000-")]);
    assert_eq!((beyond.status(), beyond.header("content-range")), (416, vec!["bytes */1000000"]));
    let head = ask(&server.host(), "HEAD /file", &[]);
    assert_eq!((head.header("content-length"), head.body.len()), (vec!["1000000"], 0));
    assert_eq!(ask(&server.host(), "GET /other", &[]).status(), 404);
    assert_eq!(server.sent(&On::get("/file").ranged()), 10);
    assert_eq!(server.count(&On::any("*")), 5);
}

#[test]
fn stops_are_exact() {
    for at in [0, 1, 999, 65_536, 262_144, 262_145, 999_999] {
        let seen = with_fault(Fault::new().reset_after(at));
        assert_eq!(
            (seen.body.len() as u64, seen.error),
            (at, Some(ErrorKind::ConnectionReset)),
            "reset at {at}"
        );
        let seen = with_fault(Fault::new().end_after(at));
        assert_eq!((seen.body.len() as u64, seen.error), (at, None), "end at {at}");
        assert_eq!(seen.header("content-length"), ["1000000"]);
        let seen = with_fault(Fault::new().truncate(at));
        assert_eq!((seen.body.len() as u64, seen.error), (at, None));
        assert_eq!(seen.header("content-length"), [at.to_string()]);
    }
}

#[test]
fn a_stall_keeps_the_connection_open() {
    let server = server();
    server.fault(On::any("*"), Fault::new().stall_after(1_000));
    let mut stream = TcpStream::connect(server.host()).unwrap();
    stream.write_all(b"GET /file HTTP/1.1\r\n\r\n").unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let seen = read_to_end(stream);
    assert_eq!((seen.body.len(), seen.error), (1_000, Some(ErrorKind::WouldBlock)));
}

#[test]
fn lengths_lie_or_are_left_out() {
    let chunked = with_fault(Fault::new().chunked());
    assert_eq!(chunked.header("transfer-encoding"), ["chunked"]);
    assert!(chunked.header("content-length").is_empty());
    assert!(chunked.body.starts_with(b"40000\r\n") && chunked.body.ends_with(b"\r\n0\r\n\r\n"));
    let until_close = with_fault(Fault::new().until_close());
    assert!(until_close.header("content-length").is_empty());
    assert_eq!(until_close.body, content());
    let longer = with_fault(Fault::new().longer_by(7));
    assert_eq!((longer.header("content-length"), longer.body.len()), (vec!["1000007"], 1_000_007));
    let claimed = with_fault(Fault::new().claim_length(5));
    assert_eq!((claimed.header("content-length"), claimed.body.len()), (vec!["5"], 1_000_000));
}

#[test]
fn a_chunked_stop_has_no_last_chunk() {
    let seen = with_fault(Fault::new().chunked().end_after(10));
    assert_eq!(&seen.body[..], [b"a\r\n", &content()[..10], b"\r\n"].concat());
}

#[test]
fn ranges_go_wrong() {
    let server = server();
    server.fault(On::any("*").nth(1), Fault::new().ignore_range());
    server.fault(On::any("*").nth(2), Fault::new().header("Content-Range", "bytes 0-9/20"));
    server.fault(On::any("*").nth(3), Fault::new().second_header("Content-Range", "bytes 0-9/20"));
    server.fault(On::any("*").nth(4), Fault::new().body("other content that is longer"));
    let ask = || ask(&server.host(), "GET /file", &[("Range", "bytes=10-19")]);
    assert_eq!((ask().status(), ask().header("content-range").len()), (200, 1));
    assert_eq!(ask().header("content-range"), ["bytes 10-19/1000000", "bytes 0-9/20"]);
    assert_eq!((ask().body, ask().status()), (b"ent that i".to_vec(), 206));
}

#[test]
fn replies_are_replaced() {
    let seen = with_fault(Fault::status(429).header("Retry-After", "7"));
    assert_eq!((seen.status(), seen.header("retry-after"), seen.body.len()), (429, vec!["7"], 0));
    let seen = with_fault(Fault::redirect("https://elsewhere.test/x/{last}"));
    assert_eq!((seen.status(), seen.header("location")), (302, vec!["https://elsewhere.test/x/file"]));
    let seen = with_fault(Fault::status(500).endless(3_000_000));
    assert_eq!((seen.status(), seen.body.len()), (500, 3_000_000));
    let seen = with_fault(Fault::raw("HTTP/1.1 200 OK\r\nX: \u{1}"));
    assert_eq!(seen.head, "HTTP/1.1 200 OK\r\nX: \u{1}");
    assert_eq!(with_fault(Fault::reset()).error, Some(ErrorKind::ConnectionReset));
    assert_eq!((with_fault(Fault::hang_up()).head.len(), with_fault(Fault::hang_up()).error), (0, None));
    assert_eq!(with_fault(Fault::captive_portal()).header("content-type"), ["text/html; charset=utf-8"]);
}

#[test]
fn a_drip_keeps_its_rate() {
    let start = Instant::now();
    let seen = with_fault(Fault::new().body("12345").drip(20));
    assert_eq!(seen.body, b"12345");
    assert!(start.elapsed() >= Duration::from_millis(230), "{:?}", start.elapsed());
}

#[test]
fn a_connection_is_reused_until_a_fault_closes_it() {
    let server = Server::of_files([("/a".to_owned(), Bytes::from_static(b"hello"))]);
    server.fault(On::any("*").nth(2), Fault::new().close_after());
    let mut stream = TcpStream::connect(server.host()).unwrap();
    for _ in 0..2 {
        stream.write_all(b"GET /a HTTP/1.1\r\n\r\n").unwrap();
        let mut answer = [0; 43];
        stream.read_exact(&mut answer).unwrap();
        assert!(answer.ends_with(b"\r\n\r\nhello"), "{}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert_eq!((server.connections(), server.log()[1].connection), (1, 1));
}

#[test]
fn idle_connections_are_closed() {
    let server = server();
    server.close_idle_after(Duration::from_millis(20));
    let mut stream = TcpStream::connect(server.host()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}
