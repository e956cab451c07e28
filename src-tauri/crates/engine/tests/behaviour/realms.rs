//! Token realms: which may be asked, and which may be told a password (rows 30 to 33).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use engine::Code;
use testkit::auth::{Guard, TokenServer};
use testkit::image::Image;
use testkit::registry::Registry;
use testkit::server::{Fault, On, Reply, Server};
use testkit::tls::Authority;

use crate::scene::{Scene, account};

const TOKENS: &str = "/token";

/// The guard of `tokens`, whose challenge names this realm.
fn naming(tokens: &Arc<TokenServer>, realm: &str) -> Guard {
    let challenge = format!("Bearer realm=\"{realm}\",service=\"registry.test\",scope=\"{{scope}}\"");
    Guard::Challenging(Box::new(tokens.guard()), vec![challenge])
}

#[tokio::test]
async fn f030_a_realm_elsewhere_is_asked_without_the_account() {
    let tokens = TokenServer::builder().account("ann", "secret").start();
    let scene = Scene::guarded(tokens.guard()).with(account("ann", "secret"));
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    pulled.warned(&format!("tokens come from `{}`", tokens.origin()));
    assert_eq!(tokens.issued()[0].account, None);
    assert_eq!(tokens.count(&On::any(TOKENS).authorized()), 0);
}

#[tokio::test]
async fn f030_a_realm_elsewhere_that_wants_the_account_is_asked_about() {
    for (name, tokens) in [
        ("no token for anybody", TokenServer::builder().account("ann", "secret").no_anonymous().start()),
        (
            "a token that opens nothing",
            TokenServer::builder()
                .grant(|account, scope| Some(scope.to_owned()).filter(|_| account.is_some()))
                .account("ann", "secret")
                .start(),
        ),
    ] {
        let scene = Scene::guarded(tokens.guard()).with(account("ann", "secret"));
        let pulled = scene.pull().await;
        let error = pulled.refused(&scene, Code::RealmRefused, &tokens.origin());
        let hint = error.hint().unwrap();
        assert!(hint.contains(&format!("--trust-realm {}", tokens.host())), "{name}: {hint}");
        assert_eq!(tokens.count(&On::any(TOKENS).authorized()), 0, "{name}: the password went nowhere");

        let scene = scene.trusting(&tokens);
        scene.pull().await.whole(&scene);
        assert_eq!(tokens.issued().last().unwrap().account.as_deref(), Some("ann"), "{name}");
    }
}

#[tokio::test]
async fn f030_a_realm_under_the_registrys_own_domain_gets_the_account() {
    let authority = Authority::new();
    let tls = authority.for_names(&["registry.longshore.dev", "auth.longshore.dev", "auth.other.dev"]);
    for (realm_host, trusted) in [("auth.longshore.dev", true), ("auth.other.dev", false)] {
        let tokens = TokenServer::builder().account("ann", "secret").start_tls(&tls);
        let realm = format!("https://{realm_host}:{}/token", tokens.port());
        let registry = Registry::start_tls(&tls, naming(&tokens, &realm));
        let mut scene = Scene::new(registry, Image::tiny("x"))
            .named("registry.longshore.dev")
            .resolving(realm_host, &tokens.host())
            .with(account("ann", "secret"));
        scene.keyring.remember(&scene.name(), account("ann", "secret"));
        scene.options.extra_roots.push(authority.pem().as_bytes().to_vec());
        scene.pull().await.whole(&scene);
        let account = tokens.issued()[0].account.clone();
        assert_eq!(account.is_some(), trusted, "{realm_host}");
    }
}

#[tokio::test]
async fn f031_a_realm_that_must_not_be_asked_is_refused() {
    fn only_two_is_private(address: IpAddr) -> bool {
        address == IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))
    }
    let authority = Authority::new();
    let tls = authority.for_names(&["registry.longshore.dev"]);
    let rows = [
        ("plain HTTP", "http://auth.longshore.dev:{port}/token", "plain HTTP"),
        ("an account in it", "https://eve:canary@auth.longshore.dev:{port}/token", "user name or a password"),
        ("a file", "file:///etc/passwd", "`file:`"),
        ("no URL", "/token", "no absolute URL"),
        ("a private address", "https://127.0.0.2:{port}/token", "a private address"),
        ("a private name", "https://localhost:{port}/token", "a private address"),
        ("a name of a private address", "https://inside.longshore.dev:{port}/token", "private address"),
    ];
    for (name, realm, says) in rows {
        let tokens = TokenServer::builder().start();
        let realm = realm.replace("{port}", &tokens.port().to_string());
        let registry = Registry::start_tls(&tls, naming(&tokens, &realm));
        let mut scene = Scene::new(registry, Image::tiny("x")).named("registry.longshore.dev");
        scene = scene
            .resolving("auth.longshore.dev", &tokens.host())
            .resolving("inside.longshore.dev", &format!("127.0.0.2:{}", tokens.port()))
            .with(account("ann", "secret"));
        scene.options.extra_roots.push(authority.pem().as_bytes().to_vec());
        scene.options.network.private = only_two_is_private;
        let pulled = scene.pull().await;
        let error = pulled.result.as_ref().unwrap_err();
        assert_eq!(error.code(), Code::RealmRefused, "{name}: {error:?}");
        assert!(error.message().contains("registry.longshore.dev"), "{name}: {error:?}");
        assert!(error.message().contains(says), "{name}: {error:?}");
        assert!(!format!("{error:?}").contains("canary"), "{name}: {error:?}");
        assert!(error.hint().is_some() && error.exchange().is_some(), "{name}: {error:?}");
        assert_eq!(tokens.connections(), 0, "{name}: nobody was asked");
        scene.check_nothing_visible();
    }
}

#[tokio::test]
async fn f032_a_token_servers_redirect_is_not_followed() {
    let elsewhere = Server::start(|_| Reply::json(200, &serde_json::json!({ "token": "stolen" })));
    for status in [301, 302, 303, 307, 308] {
        let tokens = TokenServer::builder().account("ann", "secret").start();
        let fault = Fault::status(status).header("Location", &elsewhere.url("/token"));
        tokens.fault(On::any(TOKENS), fault);
        let scene = Scene::guarded(tokens.guard()).with(account("ann", "secret")).trusting(&tokens);
        let pulled = scene.pull().await;
        let error = pulled.refused(&scene, Code::TokenInvalid, &tokens.host());
        assert!(error.message().contains("redirects"), "{status}: {error:?}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn f033_what_the_challenge_says_arrives_as_one_value() {
    for service in ["a&scope=admin", "a#b", "a b+c%26", "ünï", "a?b=c;d"] {
        let tokens = TokenServer::builder().service(service).start();
        let scene = Scene::guarded(tokens.guard());
        scene.pull().await.whole(&scene);
        let asked = &tokens.requests(&On::any(TOKENS))[0].request;
        assert_eq!(asked.query_values("service"), [service]);
        assert_eq!(asked.query_values("scope"), ["repository:team/app:pull"], "{service}");
    }
    // A tab is the one control character that a header may carry.
    let tokens = TokenServer::builder().service("a\tb").start();
    let scene = Scene::guarded(tokens.guard());
    let pulled = scene.pull().await;
    let error = pulled.result.as_ref().unwrap_err();
    assert_eq!(error.code(), Code::RealmRefused, "{error:?}");
    assert!(error.message().contains("its service holds control characters"), "{error:?}");
    assert_eq!(tokens.count(&On::any("*")), 0);
}
