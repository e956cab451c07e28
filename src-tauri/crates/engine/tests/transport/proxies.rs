//! Forward proxies: what goes through them, what they ask for, and what must not get out by way of them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use engine::Code;
use engine::registry::http::ProxySettings;
use testkit::auth::Guard;
use testkit::forward_proxy::ForwardProxy;
use testkit::image::Image;
use testkit::registry::Registry;
use testkit::server::{Fault, On, Server};
use testkit::tls::Authority;

use crate::scene::Scene;

/// A registry over TLS that only the proxy can find, and the way to it.
fn behind(proxy: &ForwardProxy, url: &str) -> Scene {
    let authority = Authority::new();
    let registry = Registry::start_tls(&authority.for_names(&["registry.test"]), Guard::Open);
    proxy.resolve("registry.test", registry.address());
    let mut scene = Scene::new(registry, Image::of_size(1, 50_000)).at("registry.test");
    scene.options.extra_roots = vec![authority.pem().as_bytes().to_vec()];
    through(&mut scene, url);
    scene
}

fn through(scene: &mut Scene, url: &str) {
    scene.options.proxies = ProxySettings::custom(url).routes(|_| None).unwrap();
}

#[tokio::test]
async fn https_goes_through_a_tunnel_and_http_by_whole_urls() {
    let proxy = ForwardProxy::start();
    let scene = behind(&proxy, &proxy.url());
    scene.pull().await.whole(&scene);
    assert!(
        proxy.asked().iter().all(|line| line == "CONNECT registry.test:443 HTTP/1.1"),
        "{:?}",
        proxy.asked()
    );

    let proxy = ForwardProxy::start();
    let mut scene = Scene::of_size(50_000);
    proxy.resolve("registry.test", scene.registry.address());
    scene = scene.at("registry.test").marked_plain();
    through(&mut scene, &proxy.url());
    scene.pull().await.whole(&scene);
    assert!(
        proxy.asked().iter().all(|line| line.starts_with("GET http://registry.test/v2/")),
        "{:?}",
        proxy.asked()
    );
}

#[tokio::test]
async fn loopback_and_what_is_excepted_go_direct() {
    let proxy = ForwardProxy::start();
    let mut scene = Scene::of_size(50_000);
    through(&mut scene, &proxy.url());
    scene.pull().await.whole(&scene);
    let mut scene = scene.named("registry.test").marked_plain();
    let settings =
        ProxySettings { no_proxy: vec!["registry.test".into()], ..ProxySettings::custom(proxy.url()) };
    scene.options.proxies = settings.routes(|_| None).unwrap();
    scene.pull().await;
    assert_eq!(proxy.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn f126_a_proxy_that_fails_is_named_and_its_password_is_not() {
    let closed = {
        let listener = TcpListener::bind((Ipv4Addr::new(127, 7, 7, 8), 0)).unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let (wrong, refusing) =
        (ForwardProxy::with_account("ann", "right"), ForwardProxy::with_account("ann", "hunter22"));
    refusing.refuse(403);
    let unknown = format!("{}.test:3128", "x".repeat(64));
    let rows = [
        ("nothing listens", closed.as_str(), "which can't be reached"),
        ("its name does not resolve", &unknown, "which can't be reached"),
        ("it wants another account", &wrong.host(), "wants an account"),
        ("it does not connect", &refusing.host(), "does not connect to `registry.test`"),
    ];
    for (name, host, says) in rows {
        let scene = behind(&refusing, &format!("http://ann:hunter22@{host}"));
        let pulled = scene.pull().await;
        let Err(error) = &pulled.result else { panic!("{name}: it did not fail") };
        assert_eq!(error.code(), Code::Unreachable, "{name}: {error:?}");
        assert!(error.message().contains(&format!("the proxy `http://{host}`")), "{name}: {error:?}");
        assert!(error.message().contains(says), "{name}: {error:?}");
        assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{name}: {error:?}");
        scene.check_nothing_visible();
        let told = format!("{error:?} {:?} {:?} {:?}", error.causes(), pulled.exchanges, scene.options);
        for secret in ["hunter22", "YW5uOmh1bnRlcjIy"] {
            assert!(!told.contains(secret), "{name}: the password is shown: {told}");
        }
    }
}

#[tokio::test]
async fn an_account_of_the_proxy_is_sent_to_it_alone() {
    let proxy = ForwardProxy::with_account("ann", "hunter22");
    let scene = behind(&proxy, &proxy.url());
    scene.pull().await.whole(&scene);
    let mut plain = Scene::of_size(50_000);
    proxy.resolve("plain.test", plain.registry.address());
    plain = plain.at("plain.test").marked_plain();
    through(&mut plain, &proxy.url());
    plain.pull().await.whole(&plain);
    for registry in [&scene.registry, &plain.registry] {
        assert!(registry.log().iter().all(|it| it.request.header("proxy-authorization").is_none()));
        assert!(registry.log().iter().all(|it| it.request.header("authorization").is_none()));
    }
}

const PRIVATE: Ipv4Addr = Ipv4Addr::new(127, 9, 9, 8);

/// One address is private in these tests; the rest of loopback counts as public.
fn is_private(address: IpAddr) -> bool {
    address == IpAddr::V4(PRIVATE)
}

#[tokio::test]
async fn f020_a_proxy_leads_to_no_private_address() {
    let listener = TcpListener::bind((PRIVATE, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let inner = listener.local_addr().unwrap();
    let targets = [
        ("an address", format!("https://{inner}/x")),
        ("a name that resolves to one here", "https://inner.test/x".to_owned()),
        ("a name of one part", "https://database/x".to_owned()),
        ("a name of an inner network", "https://db.corp.internal/x".to_owned()),
    ];
    for (name, target) in targets {
        let proxy = ForwardProxy::start();
        for host in ["inner.test", "database", "db.corp.internal"] {
            proxy.resolve(host, inner);
        }
        let mut scene = behind(&proxy, &proxy.url());
        scene.options.network.private = is_private;
        scene.options.network.hosts.insert("inner.test".to_owned(), inner);
        scene.registry.fault(On::blobs(), Fault::redirect(&target));
        let pulled = scene.pull().await;
        let Err(error) = &pulled.result else { panic!("{name}: it was followed") };
        assert_eq!(error.code(), Code::RedirectRefused, "{name}: {error:?}");
        assert!(
            proxy.asked().iter().all(|line| line.contains(" registry.test:443 ")),
            "{name}: {:?}",
            proxy.asked()
        );
        assert!(listener.accept().is_err(), "{name}");
    }
}

#[tokio::test]
async fn f020_a_proxy_at_a_private_address_leads_to_public_ones() {
    // The proxy has a name that resolves to a private address, as in an office; what is behind it is public.
    let proxy = ForwardProxy::start();
    let port = proxy.host().rsplit_once(':').unwrap().1.to_owned();
    let address: SocketAddr = proxy.host().parse().unwrap();
    let mut scene = behind(&proxy, &format!("http://proxy.test:{port}"));
    let storage = Server::of_objects(&scene.image);
    scene.options.network.hosts.insert("proxy.test".to_owned(), address);
    scene.options.network.private = |address| address == IpAddr::V4(Ipv4Addr::LOCALHOST);
    proxy.resolve("cdn.example.test", storage.address());
    scene.registry.fault(On::blobs(), Fault::redirect("https://cdn.example.test/{last}"));
    let pulled = scene.pull().await;
    // The storage speaks no TLS: that it was asked shows that the way was open.
    assert!(pulled.result.is_err());
    assert!(proxy.asked().iter().any(|line| line.contains("cdn.example.test:443")), "{:?}", proxy.asked());
    // The proxy itself is no place to be sent to.
    let scene2 = scene;
    scene2.registry.heal();
    scene2.registry.fault(On::blobs(), Fault::redirect(&format!("https://proxy.test:{port}/x")));
    let pulled = scene2.pull().await;
    let Err(error) = &pulled.result else { panic!("it was followed") };
    assert_eq!(error.code(), Code::RedirectRefused, "{error:?}");
}
