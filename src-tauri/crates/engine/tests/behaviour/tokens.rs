//! Tokens: kept by scope, refreshed once, and read with suspicion (rows 28 and 34).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use engine::Code;
use serde_json::{Value, json};
use testkit::auth::TokenServer;
use testkit::image::Image;
use testkit::registry::Registry;
use testkit::server::{Fault, On, Reply, Server};

use crate::scene::{REPOSITORY, Scene, layered};

const TOKENS: &str = "/token";

#[tokio::test]
async fn tokens_are_kept_by_scope() {
    let tokens = TokenServer::builder().start();
    let scene = Scene::guarded(tokens.guard());
    scene.registry.put("team/other", "latest", &Image::tiny("other"));
    let engine = scene.engine();
    engine.pull(&scene.reference()).await.whole(&scene);
    engine.pull(&scene.reference()).await.whole(&scene);
    assert_eq!(tokens.issued().len(), 1, "a second pull asks for none");
    engine.pull(&scene.tagged("team/other", "latest")).await.succeeded(&scene);
    engine.pull(&scene.reference()).await.whole(&scene);
    let scopes: Vec<Vec<String>> = tokens.issued().into_iter().map(|it| it.scopes).collect();
    assert_eq!(scopes, [["repository:team/app:pull"], ["repository:team/other:pull"]]);
}

/// How often each blob was sent whole.
fn sent_whole(scene: &Scene) -> Vec<usize> {
    let mut times: HashMap<String, usize> = HashMap::new();
    for exchange in scene.registry.requests(&On::blobs()) {
        *times.entry(exchange.request.path).or_default() += usize::from(exchange.status == Some(200));
    }
    times.into_values().collect()
}

#[tokio::test]
async fn f028_a_token_that_is_revoked_mid_pull_is_refreshed_once_and_no_blob_starts_again() {
    let tokens = TokenServer::builder().start();
    let scene = Scene::new(Registry::guarded(tokens.guard()), layered(24));
    scene.registry.fault(On::blobs(), Fault::new().delay(Duration::from_millis(40)));
    let running = scene
        .engine()
        .start(&scene.reference(), engine::transfer::Platforms::Only("linux/amd64".parse().unwrap()));
    let is_blob = |path: &str| path.contains("/blobs/");
    scene.registry.until(|log| log.iter().any(|it| it.done && is_blob(&it.request.path))).await;
    tokens.revoke_all();
    let pulled = running.end().await;
    pulled.whole(&scene);

    assert_eq!(tokens.count(&On::any(TOKENS)), 2, "one refresh, however many blobs wait for it");
    let refused = scene.registry.requests(&On::blobs()).iter().filter(|it| it.status == Some(401)).count();
    assert!((1..=16).contains(&refused), "{refused} refusals");
    let times = sent_whole(&scene);
    assert_eq!(times.len(), scene.image.blobs.len());
    assert!(times.iter().all(|times| *times == 1), "each blob is sent once: {times:?}");
    assert_eq!(scene.registry.count(&On::blobs().ranged()), 0);
}

#[tokio::test]
async fn f028_a_token_whose_time_is_over_is_refreshed_once() {
    let tokens = TokenServer::builder().lifetime(Duration::from_secs(1)).start();
    let scene = Scene::new(Registry::guarded(tokens.guard()), layered(20));
    scene.registry.fault(On::blobs(), Fault::new().delay(Duration::from_millis(480)));
    let begun = Instant::now();
    scene.pull().await.whole(&scene);
    let asked = tokens.count(&On::any(TOKENS));
    // A token of one second is given up after nine tenths of it.
    let lives = begun.elapsed().as_millis() / 900 + 1;
    assert!((2..=lives).contains(&(asked as u128)), "{asked} tokens in {lives} lives");
    assert!(sent_whole(&scene).iter().all(|times| *times == 1));
}

#[tokio::test]
async fn a_challenge_that_names_more_than_was_asked_for_is_answered_once_more() {
    let tokens = TokenServer::builder().start();
    let (known, realm) = (tokens.clone(), tokens.realm());
    let registry = Server::start(move |request| {
        let token = testkit::auth::bearer(request).unwrap_or_default();
        let issued = known.issued().into_iter().find(|it| it.token == token);
        let challenge = match issued {
            None => format!("Bearer realm=\"{realm}\",service=\"s\",scope=\"repository:{REPOSITORY}:pull\""),
            Some(issued) if issued.scopes.len() < 2 => format!(
                "Bearer realm=\"{realm}\",service=\"s\",scope=\"repository:{REPOSITORY}:pull repository:base/image:pull\",error=\"insufficient_scope\""
            ),
            Some(_) => return Reply::json(200, &json!({ "name": REPOSITORY, "tags": ["one"] })),
        };
        Reply::status(401).with("WWW-Authenticate", &challenge)
    });
    let reference = format!("{}/{REPOSITORY}:one", registry.host()).parse().unwrap();
    let scene = Scene::guarded(testkit::auth::Guard::Open);
    let client = scene.engine().client(&reference);
    let list = client.tags(reference.repository(), None).await.unwrap();
    assert_eq!(list.tags.len(), 1);
    let asked = tokens.requests(&On::any(TOKENS));
    assert_eq!(asked.len(), 2);
    assert_eq!(
        asked[1].request.query_values("scope"),
        ["repository:team/app:pull", "repository:base/image:pull"],
        "each scope is a parameter of its own"
    );
    client.tags(reference.repository(), None).await.unwrap();
    assert_eq!(tokens.count(&On::any(TOKENS)), 2, "the wider token is kept");
}

#[tokio::test]
async fn f034_a_token_answer_that_can_not_be_used_is_refused() {
    let big = json!({ "token": "x".repeat(80 * 1024) }).to_string();
    let rows: Vec<(&str, Fault, &str)> = vec![
        ("over 64 KiB", Fault::new().body(big), "over 64 KiB"),
        ("endless", Fault::new().endless(1 << 30), "over 64 KiB"),
        ("no token", Fault::new().body(r#"{"expires_in":300}"#), "neither `token` nor `access_token`"),
        ("empty", Fault::new().body(r#"{"token":"","access_token":""}"#), "neither"),
        ("garbage", Fault::new().body("<html>"), "not the JSON of a token"),
        ("a number", Fault::new().body(r#"{"token":7}"#), "not the JSON of a token"),
        ("a line break", Fault::new().body(r#"{"token":"a\r\nX-Evil: 1"}"#), "no header can carry"),
        ("not found", Fault::status(404), "gives no token"),
    ];
    for (name, fault, says) in rows {
        let tokens = TokenServer::builder().start();
        tokens.fault(On::any(TOKENS), fault);
        let scene = Scene::guarded(tokens.guard());
        let pulled = scene.pull().await;
        let error = pulled.refused(&scene, Code::TokenInvalid, &tokens.host());
        assert!(error.message().contains(says), "{name}: {error:?}");
        assert_eq!(tokens.count(&On::any(TOKENS)), 1, "{name}: it is not asked again");
        assert_eq!(scene.registry.count(&On::any("*").authorized()), 0, "{name}");
        let exchange = pulled.exchanges.iter().find(|it| Some(it.id) == error.exchange()).unwrap();
        assert!(exchange.host == tokens.host() && exchange.failed, "{name}: {exchange:?}");
        assert!(exchange.received <= 512 * 1024, "{name}: {} bytes were read", exchange.received);
    }
}

#[tokio::test]
async fn f034_either_name_and_odd_lives_are_taken() {
    let rows: Vec<(&str, Value)> = vec![
        ("token", json!(300)),
        ("access_token", json!(null)),
        ("token", json!("soon")),
        ("token", json!(-1)),
        ("token", json!(0)),
        ("access_token", json!(1e300)),
    ];
    for (field, life) in rows {
        let tokens = TokenServer::builder().field(field).claim_expires_in(life.clone()).start();
        let scene = Scene::guarded(tokens.guard());
        let engine = scene.engine();
        engine.pull(&scene.reference()).await.whole(&scene);
        engine.pull(&scene.reference()).await.whole(&scene);
        assert_eq!(tokens.issued().len(), 1, "{field}, {life}: it lives for a minute at least");
    }
}

#[tokio::test]
async fn a_token_server_in_trouble_is_asked_again_and_then_named() {
    let tokens = TokenServer::builder().start();
    tokens.fault(On::any(TOKENS).first(2), Fault::status(503));
    let scene = Scene::guarded(tokens.guard());
    scene.pull().await.whole(&scene);
    assert_eq!(tokens.count(&On::any(TOKENS)), 3);

    let tokens = TokenServer::builder().start();
    tokens.fault(On::any(TOKENS), Fault::status(503));
    let scene = Scene::guarded(tokens.guard());
    scene.pull().await.refused(&scene, Code::RegistryFailed, &tokens.host());
}
