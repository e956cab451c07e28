//! Connections that can't be made, must not be made, or are gone when they are used again.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use engine::Code;
use engine::endpoint::Target;
use engine::image::inspect;
use engine::job::Job;
use testkit::auth::Guard;
use testkit::image::Image;
use testkit::registry::Registry;
use testkit::script::{Script, Step};
use testkit::server::{Fault, On};
use testkit::tls::{Authority, ServerTls};

use crate::scene::Scene;

/// A loopback address where nothing listens: no other test uses this network.
fn closed() -> String {
    let listener = TcpListener::bind((Ipv4Addr::new(127, 7, 7, 7), 0)).unwrap();
    listener.local_addr().unwrap().to_string()
}

/// An address that answers no SYN: a listener whose queue is full. It stays so for as long as the value lives.
fn black_hole() -> (tokio::net::TcpListener, Vec<TcpStream>, SocketAddr) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        waiting.push(stream);
    }
    (listener, waiting, address)
}

#[tokio::test]
async fn f001_what_does_not_answer_is_tried_three_times() {
    // Longer than a label may be: the resolver refuses it without asking anyone.
    let unknown = format!("{}.test", "x".repeat(64));
    let rows = [
        ("refused", closed(), "nothing listens at `", "is running"),
        ("a name that does not resolve", unknown, "does not resolve", "spelling"),
    ];
    for (name, host, says, hint) in rows {
        let scene = Scene::of_size(1000).at(&host).marked_plain();
        let pulled = scene.pull().await;
        let error = pulled.refused(&scene, Code::Unreachable, &host);
        assert!(error.message().contains(says), "{name}: {error:?}");
        assert!(error.hint().unwrap().contains(hint), "{name}: {error:?}");
        assert!(!error.causes().is_empty(), "{name}: the cause is kept");
        assert_eq!(pulled.exchanges.len(), 3, "{name}: tries");
        assert_eq!(pulled.waits().len(), 2, "{name}");
        assert!(pulled.took < Duration::from_secs(3), "{name}: {:?}", pulled.took);
    }
}

#[tokio::test]
async fn f001_an_address_that_swallows_packets_is_given_up_within_the_time_for_connecting() {
    assert!(engine::registry::HttpOptions::default().connect_timeout <= Duration::from_secs(10));
    let (_listener, _waiting, address) = black_hole();
    let mut scene = Scene::of_size(1000).at(&address.to_string());
    scene.options.connect_timeout = Duration::from_secs(1);
    let pulled = scene.pull().await;
    pulled.refused(&scene, Code::Unreachable, &address.to_string());
    assert!(pulled.took > Duration::from_millis(500), "{:?}", pulled.took);
    assert!(pulled.took < Duration::from_millis(2000), "over all tries: {:?}", pulled.took);
}

#[tokio::test]
async fn f001_what_is_here_can_be_looked_at_while_the_registry_is_away() {
    let scene = Scene::of_size(20_000);
    scene.pull().await.whole(&scene);
    let name = scene.reference();
    let scene = scene.at(&closed());
    scene.pull().await.failed(Code::Unreachable, &scene.host);
    assert_eq!(scene.store.images().unwrap().len(), 1);
    let image = inspect(&scene.store, &Target::Named(name), None, &Job::silent()).await.unwrap();
    assert_eq!(image.manifest.unwrap().steps().len(), 2);
}

#[tokio::test]
async fn f022_bad_certificates_are_final() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let rows = [
        ("expired", authority.expired(), "has expired", "clock"),
        ("another name", authority.for_names(&["other.test"]), "is for another name", "never falls back"),
        (
            "unknown authority",
            stranger.for_names(&["registry.test"]),
            "does not trust",
            "longshore certificates",
        ),
    ];
    for (name, tls, says, hint) in rows {
        let scene = over_tls(&tls, &authority).named("registry.test");
        let pulled = scene.pull().await;
        let error = pulled.refused(&scene, Code::TlsFailed, &scene.host);
        assert!(error.message().contains(says), "{name}: {error:?}");
        assert!(error.hint().unwrap().contains(hint), "{name}: {error:?}");
        assert_eq!(scene.registry.connections(), 1, "{name}: one try, and none in plain HTTP");
        assert!(pulled.waits().is_empty(), "{name}: {:?}", pulled.retries());
        assert!(scene.registry.log().is_empty(), "{name}");
        // On loopback, plain HTTP comes first and TLS after it: a bad certificate does not lead back.
        let loopback = scene.registry.host();
        let scene = scene.at(&loopback);
        let pulled = scene.pull().await;
        pulled.refused(&scene, Code::TlsFailed, &scene.host);
        assert!(pulled.waits().is_empty(), "{name}: {:?}", pulled.retries());
    }
}

#[tokio::test]
async fn f022_a_certificate_of_a_trusted_authority_is_good() {
    let authority = Authority::new();
    let scene = over_tls(&authority.for_names(&["registry.test"]), &authority).named("registry.test");
    scene.pull().await.whole(&scene);
    let scene = over_tls(&authority.loopback(), &authority);
    scene.pull().await.whole(&scene);
}

fn over_tls(tls: &ServerTls, trusted: &Authority) -> Scene {
    let mut scene = Scene::new(Registry::start_tls(tls, Guard::Open), Image::of_size(1, 50_000));
    scene.options.extra_roots = vec![trusted.pem().as_bytes().to_vec()];
    scene
}

#[tokio::test]
async fn f023_plain_http_is_for_loopback_and_marked_hosts() {
    // Most servers answer TLS with a plain 400; some just end the connection.
    let answering = Script::start([Step::send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")]);
    let ending = Scene::of_size(1000).named("registry.test");
    let scene = Scene::of_size(1000).named_at("registry.test", &answering.host());
    let rows = [(&scene, Code::PlainHttpRefused, 1), (&ending, Code::Unreachable, 3)];
    for (scene, code, tries) in rows {
        let pulled = scene.pull().await;
        let error = pulled.refused(scene, code, &scene.host);
        assert!(error.message().contains("TLS"), "{error:?}");
        let mark = format!("--plain-http {}", scene.host);
        assert!(error.hint().unwrap().contains(&mark), "{error:?}");
        assert_eq!(pulled.exchanges.len(), tries);
    }
    assert!(ending.registry.log().is_empty(), "a request went out in the clear");
    assert_eq!(answering.received().len(), 1);
    assert!(answering.received()[0].starts_with(&[0x16, 3]), "a TLS hello and nothing else");

    let marked = ending.marked_plain();
    marked.pull().await.whole(&marked);
    // The mark is of that host alone.
    let asked = marked.registry.log().len();
    let other = marked.named("other.test");
    other.pull().await.failed(Code::Unreachable, &other.host);
    assert_eq!(other.registry.log().len(), asked);
    for host in ["127.0.0.1", "localhost"] {
        let scene = Scene::new(Registry::start(), Image::tiny(host));
        let host = format!("{host}:{}", scene.registry.port());
        let scene = scene.at(&host);
        scene.pull().await.whole(&scene);
    }
}

#[tokio::test]
async fn f024_connections_that_were_closed_meanwhile_are_opened_anew() {
    let rows = [
        ("closed after every answer", On::any("*"), Fault::new().close_after()),
        ("hung up on the manifest", On::manifests().nth(1), Fault::hang_up()),
        ("hung up on every first blob", On::blobs().first(2), Fault::hang_up()),
        ("reset instead of an answer", On::blobs().nth(1), Fault::reset()),
    ];
    for (name, on, fault) in rows {
        let scene = Scene::of_size(100_000);
        scene.registry.fault(on, fault);
        let pulled = scene.pull().await;
        assert!(pulled.result.is_ok(), "{name}: {:?}", pulled.result);
        pulled.whole(&scene);
        assert!(scene.registry.log().len() <= 6, "{name}:\n{}", scene.registry.transcript());
    }
}

#[tokio::test]
async fn f024_an_idle_connection_that_the_registry_closed_is_not_used() {
    let scene = Scene::of_size(1000);
    scene.registry.close_idle_after(Duration::from_millis(60));
    let client = scene.client();
    for _ in 0..3 {
        client.ping(None).await.unwrap();
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    assert_eq!(scene.registry.log().len(), 3, "none was sent twice");
    assert_eq!(scene.registry.connections(), 3);
}
