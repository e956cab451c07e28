//! Redirects: followed where they may lead, and no further.

use std::net::{IpAddr, Ipv4Addr, TcpListener};

use engine::Code;
use testkit::auth::Guard;
use testkit::image::Image;
use testkit::registry::Registry;
use testkit::server::{Fault, On, Reply, Server};
use testkit::tls::Authority;

use crate::scene::Scene;

/// A server that redirects `/N/DIGEST` to `/N-1/DIGEST`, and serves the image's objects under `/0/DIGEST`.
fn hops(image: &Image) -> Server {
    let objects = image.blobs.clone();
    Server::start(move |request| {
        let mut parts = request.path.split('/').skip(1);
        let (left, digest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        match left.parse::<u32>() {
            Ok(0) => {
                objects.iter().find(|it| it.digest.as_str() == digest).map_or(Reply::status(404), |it| {
                    Reply { ranged: true, ..Reply::status(200).body(it.bytes.clone()) }
                })
            }
            Ok(left) => Reply::status(307).with("Location", &format!("/{}/{digest}", left - 1)),
            Err(_) => Reply::status(404),
        }
    })
}

#[tokio::test]
async fn f018_five_redirects_are_followed_and_a_sixth_is_not() {
    let scene = Scene::of_size(30_000);
    let storage = hops(&scene.image);
    scene.registry.fault(On::blobs(), Fault::redirect(&storage.url("/4/{last}")));
    scene.pull().await.whole(&scene);
    assert_eq!(scene.registry.count(&On::blobs()), 2);
    assert_eq!(storage.log().len(), 10);

    let scene = Scene::of_size(30_000);
    let storage = hops(&scene.image);
    scene.registry.fault(scene.on_layer(), Fault::redirect(&storage.url("/5/{last}")));
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, Code::RedirectRefused, &scene.host);
    assert!(error.message().contains("more than 5 times"), "{error:?}");
    assert_eq!((scene.layer_requests(), storage.log().len()), (1, 5), "{}", storage.transcript());
}

#[tokio::test]
async fn f018_a_redirect_loop_ends() {
    for location in ["", "?again", "./latest", "/v2/team/app/manifests/latest"] {
        let scene = Scene::of_size(3000);
        let location =
            if location.is_empty() { scene.registry.url("/v2/a/manifests/b") } else { location.to_owned() };
        scene.registry.fault(On::any("*"), Fault::redirect(&location));
        let pulled = scene.pull().await;
        pulled.refused(&scene, Code::RedirectRefused, &scene.host);
        assert_eq!(scene.registry.log().len(), 6, "{location}: {}", scene.registry.transcript());
        assert!(pulled.waits().is_empty(), "{location}");
    }
}

#[tokio::test]
async fn f018_locations_that_are_none_are_refused() {
    for location in
        ["http://", "http://[::1", "ftp://files.test/x", "file:///etc/passwd", "javascript:1", "data:,x"]
    {
        let scene = Scene::of_size(3000);
        scene.registry.fault(On::manifests(), Fault::redirect(location));
        let pulled = scene.pull().await;
        let error = pulled.refused(&scene, Code::RedirectRefused, &scene.host);
        assert!(error.exchange().is_some(), "{location}");
        assert_eq!(scene.registry.log().len(), 1, "{location}");
    }
}

#[tokio::test]
async fn f019_https_does_not_become_http() {
    let authority = Authority::new();
    let image = Image::of_size(1, 30_000);
    let plain = Server::of_objects(&image);
    for (name, on) in [("manifest", On::manifests()), ("blob", On::blobs())] {
        let mut scene = Scene::new(Registry::start_tls(&authority.loopback(), Guard::Open), image.clone());
        scene.options.extra_roots = vec![authority.pem().as_bytes().to_vec()];
        scene.registry.fault(on, Fault::redirect(&plain.url("/{last}")));
        let pulled = scene.pull().await;
        let error = pulled.refused(&scene, Code::RedirectRefused, &scene.host);
        assert!(error.message().contains("https to plain http"), "{name}: {error:?}");
        assert!(error.message().contains(&plain.host()), "{name}: {error:?}");
        assert_eq!(plain.connections(), 0, "{name}");
        assert!(pulled.waits().is_empty(), "{name}");
    }
    // From https to https it goes, and to another host without the registry's authorization.
    let storage_tls = authority.loopback();
    let objects = image.blobs.clone();
    let storage = Server::start_tls(&storage_tls, move |request| {
        let found = objects.iter().find(|it| request.path.ends_with(it.digest.as_str()));
        found.map_or(Reply::status(404), |it| Reply::status(200).body(it.bytes.clone()))
    });
    let mut scene = Scene::new(Registry::start_tls(&authority.loopback(), Guard::Open), image.clone());
    scene.options.extra_roots = vec![authority.pem().as_bytes().to_vec()];
    scene.registry.fault(On::blobs(), Fault::redirect(&storage.url("/{last}")));
    scene.pull().await.whole(&scene);
    assert_eq!(storage.log().len(), 2);
}

/// An address that counts as private in these tests, with a listener that nobody may reach.
fn private() -> (TcpListener, String) {
    let listener = TcpListener::bind((PRIVATE, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

const PRIVATE: Ipv4Addr = Ipv4Addr::new(127, 9, 9, 9);

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address == PRIVATE,
        IpAddr::V6(address) => address.is_loopback() || address.to_ipv4_mapped() == Some(PRIVATE),
    }
}

#[tokio::test]
async fn f020_a_public_registry_leads_to_no_private_address() {
    let (listener, address) = private();
    let port = listener.local_addr().unwrap().port();
    let rows = [
        ("an address", format!("http://{address}/x")),
        ("a name", format!("http://inner.test:{port}/x")),
        ("a name of ours", format!("http://localhost:{port}/x")),
        ("mapped into IPv6", format!("http://[::ffff:127.9.9.9]:{port}/x")),
        ("as a number", format!("http://2131298569:{port}/x")),
        ("over IPv6", format!("http://[::1]:{port}/x")),
    ];
    for (name, location) in rows {
        for on in [On::manifests(), On::blobs()] {
            let mut scene = Scene::of_size(3000).named("registry.test").marked_plain();
            scene.options.network.private = is_private;
            scene.options.network.hosts.insert("inner.test".to_owned(), address.parse().unwrap());
            scene.registry.fault(on, Fault::redirect(&location));
            let pulled = scene.pull().await;
            assert!(pulled.result.is_err(), "{name}");
            let error = pulled.failed(Code::RedirectRefused, "");
            assert!(error.message().contains("private address"), "{name}: {error:?}");
            assert!(pulled.waits().is_empty(), "{name}: {:?}", pulled.retries());
            scene.check_nothing_visible();
            let reached = listener.accept().map(|(_, from)| from);
            assert!(reached.is_err(), "{name}: the private address was connected to");
        }
    }
}

#[tokio::test]
async fn f020_public_to_public_and_private_to_private_are_followed() {
    // To another public host, twice, and on from there.
    let scene = Scene::of_size(30_000).named("registry.test").marked_plain();
    let storage = Server::of_objects(&scene.image);
    let mut scene = scene;
    scene.options.network.private = is_private;
    scene.options.network.hosts.insert("cdn.test".to_owned(), storage.host().parse().unwrap());
    let cdn = format!("http://cdn.test:{}/{{last}}", storage.port());
    scene.registry.fault(On::blobs(), Fault::redirect(&cdn));
    scene.pull().await.whole(&scene);
    assert_eq!(storage.log().len(), 2);

    // A private registry may have private storage: both are the same network's.
    let scene = Scene::of_size(30_000);
    let storage = Server::of_objects(&scene.image);
    scene.registry.fault(On::blobs(), Fault::redirect(&storage.url("/{last}")));
    scene.pull().await.whole(&scene);
    assert_eq!(storage.log().len(), 2);

    // What a CDN redirects to is judged as what the registry redirects to.
    let (listener, address) = private();
    let away = Server::start(move |_| Reply::status(302).with("Location", &format!("http://{address}/x")));
    let mut scene = Scene::of_size(3000).named("registry.test").marked_plain();
    scene.options.network.private = is_private;
    scene.registry.fault(On::blobs(), Fault::redirect(&away.url("/{last}")));
    scene.pull().await.refused(&scene, Code::RedirectRefused, "127.0.0.1");
    assert!(listener.accept().is_err());
}
