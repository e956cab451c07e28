//! The ways to sign in, as the wire shows them.

use engine::Code;
use engine::credential::{Credential, Secret};
use testkit::auth::{Guard, TokenServer, basic, bearer};
use testkit::server::On;

use crate::scene::{REPOSITORY, Scene, account, check_error};

const TOKENS: &str = "/token";

#[tokio::test]
async fn an_open_registry_is_asked_without_any_sign_in() {
    let scene = Scene::guarded(Guard::Open);
    scene.pull().await.whole(&scene);
    assert_eq!(scene.tag_requests(), 1);
    assert_eq!(scene.blob_requests(), scene.image.blobs.len());
    assert_eq!(scene.registry.count(&On::any("*").authorized()), 0);
}

#[tokio::test]
async fn a_token_for_anybody_is_asked_for_once() {
    let tokens = TokenServer::builder().start();
    let scene = Scene::guarded(tokens.guard());
    scene.pull().await.whole(&scene);

    let asked = tokens.requests(&On::any(TOKENS));
    assert_eq!(asked.len(), 1, "one token for the whole pull");
    assert_eq!(asked[0].request.method, "GET");
    assert_eq!(asked[0].request.header("authorization"), None);
    assert_eq!(asked[0].request.query_values("service"), ["registry.test"]);
    assert_eq!(asked[0].request.query_values("scope"), [format!("repository:{REPOSITORY}:pull")]);
    assert_eq!(scene.tag_requests(), 2, "the challenge, and the manifest");
    assert_eq!(scene.blob_requests(), scene.image.blobs.len(), "no blob is challenged");
}

#[tokio::test]
async fn an_account_is_exchanged_for_a_token_and_never_shown_to_the_registry() {
    let tokens = TokenServer::builder().account("ann", "pass:word é").no_anonymous().start();
    let scene = Scene::guarded(tokens.guard()).with(account("ann", "pass:word é")).trusting(&tokens);
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    assert_eq!(pulled.warnings, Vec::<String>::new());

    let asked = tokens.requests(&On::any(TOKENS));
    assert_eq!(asked.len(), 1);
    assert_eq!(basic(&asked[0].request), Some(("ann".to_owned(), "pass:word é".to_owned())));
    assert_eq!(tokens.issued()[0].account.as_deref(), Some("ann"));
    let token = &tokens.issued()[0].token;
    for exchange in scene.registry.requests(&On::any("*").authorized()) {
        assert_eq!(bearer(&exchange.request), Some(token.as_str()), "the registry sees the token alone");
    }
}

#[tokio::test]
async fn an_identity_token_is_posted_to_the_realm_alone() {
    let tokens = TokenServer::builder().identity_token("ann", "refresh&me=1").no_anonymous().start();
    let identity = Credential::IdentityToken { username: None, token: Secret::new("refresh&me=1") };
    let scene = Scene::guarded(tokens.guard()).with(identity).trusting(&tokens);
    scene.pull().await.whole(&scene);

    let asked = tokens.requests(&On::any(TOKENS));
    assert_eq!(asked.len(), 1);
    let request = &asked[0].request;
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", TOKENS), "nothing is in the URL");
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    let form = request.form();
    let field = |name: &str| form.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    assert_eq!(field("grant_type"), Some("refresh_token"));
    assert_eq!(field("refresh_token"), Some("refresh&me=1"));
    assert_eq!(field("service"), Some("registry.test"));
    assert_eq!(field("scope"), Some("repository:team/app:pull"));
    for exchange in scene.registry.requests(&On::any("*").authorized()) {
        assert_eq!(bearer(&exchange.request), Some(tokens.issued()[0].token.as_str()));
    }
}

#[tokio::test]
async fn a_public_image_is_pulled_from_a_token_server_that_knows_no_identity_tokens() {
    let tokens = TokenServer::builder().no_post().start();
    let identity = Credential::IdentityToken { username: None, token: Secret::new("refresh-me") };
    let scene = Scene::guarded(tokens.guard()).with(identity).trusting(&tokens);
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    pulled.warned("going on without an account");
    assert_eq!((tokens.count(&On::post(TOKENS)), tokens.count(&On::get(TOKENS))), (1, 1));
}

#[tokio::test]
async fn a_registry_token_is_sent_as_it_is() {
    let tokens = TokenServer::builder().start();
    let scene = Scene::guarded(tokens.guard());
    scene.engine().client(&scene.reference()).tags(scene.reference().repository(), None).await.unwrap();
    let given = tokens.issued()[0].token.clone();
    tokens.clear_log();
    scene.registry.clear_log();

    let scene = scene.with(Credential::RegistryToken(Secret::new(given.clone())));
    scene.pull().await.whole(&scene);
    assert_eq!(tokens.count(&On::any("*")), 0, "nobody is asked for another token");
    let sent = scene.registry.requests(&On::any("*").authorized());
    assert!(sent.iter().all(|it| bearer(&it.request) == Some(&given)));
}

#[tokio::test]
async fn basic_goes_with_every_request_after_one_challenge() {
    let scene = Scene::guarded(Guard::basic("ann", "secret")).with(account("ann", "secret"));
    let engine = scene.engine();
    engine.pull(&scene.reference()).await.whole(&scene);
    assert_eq!(scene.tag_requests(), 2);
    assert_eq!(scene.blob_requests(), scene.image.blobs.len());
    scene.registry.clear_log();
    engine.pull(&scene.reference()).await.whole(&scene);
    assert_eq!(scene.tag_requests(), 1, "what works is remembered");
}

#[tokio::test]
async fn f029_the_supported_challenge_is_found_among_others() {
    let rows: &[(&str, &[&str])] = &[
        ("basic first", &["Basic realm=\"x\"", "{bearer}"]),
        ("two in one header", &["Basic realm=\"a, b\", {bearer}"]),
        ("lower case", &["{lower}"]),
        ("behind garbage", &["%%%, =\"x", "Negotiate YII=", "{bearer}"]),
        ("unquoted", &["{unquoted}"]),
        ("an unknown parameter", &["{bearer},max=\"3\""]),
    ];
    for (name, headers) in rows {
        let tokens = TokenServer::builder().start();
        let bearer =
            format!("Bearer realm=\"{}\",service=\"registry.test\",scope=\"{{scope}}\"", tokens.realm());
        let of = |header: &&str| {
            header
                .replace("{bearer}", &bearer)
                .replace("{lower}", &bearer.replace("Bearer", "bearer").replace("realm", "REALM"))
                .replace("{unquoted}", &bearer.replace('"', ""))
        };
        let headers = headers.iter().map(of).collect();
        let scene = Scene::guarded(Guard::Challenging(Box::new(tokens.guard()), headers));
        let pulled = scene.pull().await;
        assert!(pulled.result.is_ok(), "{name}: {:?}", pulled.result);
        assert_eq!(tokens.count(&On::any(TOKENS)), 1, "{name}");
    }
}

#[tokio::test]
async fn f029_no_supported_challenge_is_a_refusal_that_names_what_is_offered() {
    let guard = Guard::basic("ann", "secret");
    let offered = vec!["Negotiate".to_owned(), "Digest realm=\"x\", nonce=\"y\"".to_owned()];
    let scene =
        Scene::guarded(Guard::Challenging(Box::new(guard.clone()), offered)).with(account("ann", "secret"));
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, Code::RegistryRefused, "Negotiate");
    assert!(error.message().contains("`Digest`"), "{error:?}");
    assert!(error.exchange().is_some());
    assert_eq!(scene.tag_requests(), 1, "a refusal is not repeated");
    assert_eq!(scene.registry.count(&On::any("*").authorized()), 0, "no password was tried");

    let scene =
        Scene::guarded(Guard::Challenging(Box::new(guard), Vec::new())).with(account("ann", "secret"));
    let pulled = scene.pull().await;
    pulled.refused(&scene, Code::AuthRequired, "latest");
    assert_eq!(scene.tag_requests(), 1);
}

#[tokio::test]
async fn a_ping_signs_in_and_knows_a_registry() {
    let scene = Scene::guarded(Guard::basic("ann", "secret"));
    let result = scene.engine().client(&scene.reference()).ping(None).await;
    check_error(result.as_ref(), Code::AuthRequired, &scene.host);
    let scene = scene.with(account("ann", "secret"));
    scene.engine().client(&scene.reference()).ping(None).await.unwrap();
    scene.registry.fault(On::get("/v2/"), testkit::server::Fault::captive_portal());
    let result = scene.engine().client(&scene.reference()).ping(None).await;
    check_error(result.as_ref(), Code::NotARegistry, &scene.host);
}

#[tokio::test]
async fn a_reference_without_a_registry_is_refused_before_any_connection() {
    let scene = Scene::guarded(Guard::Open);
    let reference = "my_host.example/team/app:1".parse().unwrap();
    let pulled = scene.engine().pull(&reference).await;
    let error = pulled.result.unwrap_err();
    assert_eq!(error.code(), Code::ReferenceInvalid, "{error:?}");
    assert!(error.message().contains("names no registry") && error.hint().is_some(), "{error:?}");
    assert_eq!(pulled.exchanges.len(), 0);
}
