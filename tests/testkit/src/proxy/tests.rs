use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream as Client;

use super::*;
use crate::image::noise;
use crate::server::{Server, tests::ask};

const SIZE: usize = 3_000_000;

fn origin() -> Server {
    Server::of_files([("/file".to_owned(), noise(9, SIZE).into())])
}

/// All that came, and how it ended.
fn fetch(proxy: &Proxy, patience: Duration) -> (Vec<u8>, Option<ErrorKind>) {
    let mut client = Client::connect(proxy.host()).unwrap();
    client.set_read_timeout(Some(patience)).unwrap();
    client.write_all(b"GET /file HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    let error = client.read_to_end(&mut bytes).err().map(|error| error.kind());
    (bytes, error)
}

const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn counts_both_ways() {
    let origin = origin();
    let proxy = Proxy::start(&origin.host());
    let (bytes, error) = fetch(&proxy, PATIENCE);
    assert_eq!(error, None);
    assert!(bytes.ends_with(&noise(9, SIZE)));
    assert_eq!(proxy.down(), bytes.len() as u64);
    assert_eq!(proxy.up(), 41);
    fetch(&proxy, PATIENCE);
    assert_eq!((proxy.connections(), proxy.cuts(), proxy.most_open() <= 2), (2, 0, true));
}

#[test]
fn cuts_at_the_exact_byte() {
    let origin = origin();
    for at in [0, 1, 70, 65_536, 65_537, 1_234_567] {
        let proxy = Proxy::start(&origin.host());
        proxy.limit(Limit::each(at, Cut::Reset));
        for _ in 0..2 {
            let (bytes, error) = fetch(&proxy, PATIENCE);
            assert_eq!((bytes.len() as u64, error), (at, Some(ErrorKind::ConnectionReset)), "reset at {at}");
        }
        proxy.limit(Limit::each(at, Cut::End).once());
        assert_eq!(fetch(&proxy, PATIENCE).0.len() as u64, at, "end at {at}");
        assert!(fetch(&proxy, PATIENCE).0.len() > SIZE, "only once");
        assert_eq!(proxy.cuts(), 3);
    }
}

#[test]
fn an_answer_that_fits_is_not_cut() {
    let origin = origin();
    let proxy = Proxy::start(&origin.host());
    let length = fetch(&proxy, PATIENCE).0.len() as u64;
    proxy.limit(Limit::each(length, Cut::Reset));
    assert_eq!(fetch(&proxy, PATIENCE).1, None);
    proxy.limit(Limit::each(length - 1, Cut::Reset));
    assert_eq!(fetch(&proxy, PATIENCE).1, Some(ErrorKind::ConnectionReset));
}

#[test]
fn a_total_is_of_all_connections() {
    let origin = origin();
    let proxy = Proxy::start(&origin.host());
    let length = fetch(&proxy, PATIENCE).0.len() as u64;
    proxy.limit(Limit::total(length + 1_000, Cut::Reset));
    assert_eq!(fetch(&proxy, PATIENCE).0.len(), 1_000);
    assert_eq!(fetch(&proxy, PATIENCE).0.len(), 0);
    assert_eq!(proxy.down(), length + 1_000);
}

#[test]
fn a_stall_goes_on_when_healed() {
    let origin = origin();
    for limit in [Limit::total(500_000, Cut::Stall), Limit::each(500_000, Cut::Stall).once()] {
        let proxy = Proxy::start(&origin.host());
        proxy.limit(limit);
        let mut client = Client::connect(proxy.host()).unwrap();
        client.write_all(b"GET /file HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap();
        let mut first = vec![0; 500_000];
        client.read_exact(&mut first).unwrap();
        client.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        assert_eq!(client.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        proxy.heal();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).unwrap();
        assert!(rest.ends_with(&noise(9, SIZE)[SIZE - 1_000_000..]));
    }
}

#[test]
fn a_link_has_its_rate_and_latency() {
    let origin = origin();
    let link = Link { rate: Some(10_000_000), round_trip: Duration::from_millis(50) };
    let proxy = Proxy::with_link(&origin.host(), link);
    let start = Instant::now();
    fetch(&proxy, PATIENCE);
    let took = start.elapsed();
    // 3 MB at 10 MB/s, a round trip, and what the machine adds.
    assert!((Duration::from_millis(340)..Duration::from_secs(3)).contains(&took), "{took:?}");
}

#[test]
fn latency_does_not_limit_the_rate() {
    let origin = Server::of_files([("/file".to_owned(), noise(9, 24_000_000).into())]);
    let proxy = Proxy::with_link(&origin.host(), Link::far());
    let start = Instant::now();
    let (bytes, _) = fetch(&proxy, PATIENCE);
    let rate = bytes.len() as f64 / start.elapsed().as_secs_f64();
    assert!(rate < 62e6, "{rate} B/s is too fast");
    // Waiting for each piece's arrival before the next would give 64 KiB in 10 ms: 6.5 MB/s.
    assert!(rate > 20e6, "{rate} B/s is too slow");
}

#[test]
fn a_target_that_refuses_ends_the_connection() {
    let gone = Server::of_files([]).host();
    let proxy = Proxy::start(&gone);
    let mut client = Client::connect(proxy.host()).unwrap();
    assert!(matches!(client.read(&mut [0]), Ok(0) | Err(_)));
}

#[test]
fn requests_go_through_on_one_connection() {
    let origin = origin();
    let proxy = Proxy::start(&origin.host());
    assert_eq!(ask(&proxy.host(), "HEAD /file", &[]).header("content-length"), ["3000000"]);
    assert_eq!(origin.connections(), 1);
}
