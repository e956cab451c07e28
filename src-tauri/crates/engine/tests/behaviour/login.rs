//! Signing in by real requests, and what a sign-in or a sign-out changes for what comes after.

use engine::credential::{
    Credential, DockerConfigSource, HelperOptions, Keep, Keyring, Place, SearchPath, Secret, preset,
};
use engine::registry::Tested;
use engine::{Code, Error};
use serde_json::json;
use testkit::auth::{Guard, TokenServer, basic, bearer};
use testkit::server::{Fault, On, Reply, Server};

use crate::scene::{Scene, account};

const TOKENS: &str = "/token";

async fn test(scene: &Scene, credential: &Credential) -> engine::Result<Tested> {
    scene.engine().registries.test_credential(&scene.name(), credential, None).await
}

/// The failure of an account `ann`: it names the registry and the account, has a next action and the exchange.
#[track_caller]
fn refused(scene: &Scene, result: engine::Result<Tested>) -> Error {
    let error = result.expect_err("it is refused");
    assert_eq!(error.code(), Code::AuthRefused, "{error:?}");
    assert!(error.message().contains(&format!("`{}` refuses", scene.host)), "{error:?}");
    assert!(error.hint().is_some() && error.exchange().is_some(), "{error:?}");
    error
}

#[tokio::test]
async fn basic_is_accepted_or_refused_by_the_registry_itself() {
    let scene = Scene::guarded(Guard::basic("ann", "se:cret"));
    let tested = test(&scene, &account("ann", "se:cret")).await.unwrap();
    assert_eq!((tested.status, tested.asked, tested.account.as_deref()), (200, true, Some("ann")));
    assert_eq!(tested.said, format!("`{}` accepts the account `ann`", scene.host));
    assert_eq!(tested.credential, account("ann", "se:cret"));
    assert_eq!(scene.registry.count(&On::get("/v2/")), 2, "the challenge, and the answer to it");

    scene.registry.clear_log();
    let error = refused(&scene, test(&scene, &account("ann", "canary")).await);
    assert!(error.message().contains("`ann`") && !format!("{error:?}").contains("canary"), "{error:?}");
    assert_eq!(scene.registry.count(&On::get("/v2/").authorized()), 1, "a password is tried once");
}

#[tokio::test]
async fn a_token_server_decides_where_the_registry_names_one() {
    let tokens = TokenServer::builder().account("ann", "secret").start();
    let scene = Scene::guarded(tokens.guard()).trusting(&tokens);
    let tested = test(&scene, &account("ann", "secret")).await.unwrap();
    let said =
        format!("`{}` gives the account `ann` a token, and `{}` accepts that", tokens.host(), scene.host);
    assert_eq!((tested.said, tested.asked), (said, true));
    assert_eq!(tested.credential, account("ann", "secret"), "this server has no refresh tokens");
    let asked = tokens.requests(&On::any(TOKENS));
    assert_eq!(asked.len(), 1);
    let form = asked[0].request.form();
    let field = |name: &str| form.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    assert_eq!((asked[0].request.method.as_str(), field("grant_type")), ("POST", Some("password")));
    assert_eq!((field("access_type"), field("username")), (Some("offline"), Some("ann")));
    assert_eq!(scene.registry.count(&On::any("*").authorized()), 1, "the token alone reaches the registry");
    assert!(
        scene.registry.requests(&On::any("*").authorized()).iter().all(|it| bearer(&it.request).is_some())
    );

    // Anybody would get a token there: a wrong password is a refusal all the same.
    let error = refused(&scene, test(&scene, &account("ann", "canary")).await);
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}

#[tokio::test]
async fn a_refresh_token_is_kept_in_place_of_the_password() {
    let tokens =
        TokenServer::builder().account("ann", "secret").no_anonymous().gives_refresh_tokens().start();
    let scene = Scene::guarded(tokens.guard()).trusting(&tokens);
    let tested = test(&scene, &account("ann", "secret")).await.unwrap();
    let [refresh] = &tokens.refresh_tokens()[..] else { panic!("{:?}", tokens.refresh_tokens()) };
    let username = Some("ann".to_owned());
    assert_eq!(
        tested.credential,
        Credential::IdentityToken { username, token: Secret::new(refresh.as_str()) }
    );
    assert_eq!((tokens.count(&On::post(TOKENS)), tokens.count(&On::get(TOKENS))), (1, 0));
    // What was kept opens the registry afterwards.
    let scene = scene.with(tested.credential);
    scene.pull().await.whole(&scene);
    assert_eq!(tokens.issued().last().unwrap().account.as_deref(), Some("ann"));
}

#[tokio::test]
async fn a_server_that_refuses_every_post_is_asked_by_get() {
    for status in [400, 401, 404, 405] {
        let tokens =
            TokenServer::builder().account("ann", "secret").no_anonymous().gives_refresh_tokens().start();
        tokens.fault(On::post(TOKENS), Fault::status(status));
        let scene = Scene::guarded(tokens.guard()).trusting(&tokens);
        let tested = test(&scene, &account("ann", "secret")).await.unwrap();
        assert_eq!(tested.credential, account("ann", "secret"), "a refresh token could not be used there");
        let asked = tokens.requests(&On::get(TOKENS));
        assert_eq!(basic(&asked[0].request), Some(("ann".to_owned(), "secret".to_owned())), "{status}");
        let error = refused(&scene, test(&scene, &account("ann", "wrong")).await);
        assert!(!error.causes().is_empty(), "{status}: {error:?}");
    }
    for status in [403, 429, 500] {
        let tokens = TokenServer::builder().account("ann", "secret").no_anonymous().start();
        tokens.fault(On::post(TOKENS), Fault::status(status));
        let scene = Scene::guarded(tokens.guard()).trusting(&tokens);
        assert!(test(&scene, &account("ann", "secret")).await.is_err(), "{status}");
        assert_eq!(tokens.count(&On::get(TOKENS)), 0, "{status}: that was an answer");
    }
}

#[tokio::test]
async fn an_open_registry_did_not_try_the_account() {
    let scene = Scene::guarded(Guard::Open);
    let tested = test(&scene, &account("ann", "secret")).await.unwrap();
    assert!(!tested.asked && tested.said.contains("was not tried"), "{tested:?}");
    assert_eq!(scene.registry.count(&On::any("*").authorized()), 0);
}

#[tokio::test]
async fn f030_a_password_is_not_sent_to_a_token_server_elsewhere_on_signing_in_either() {
    let tokens = TokenServer::builder().account("ann", "secret").start();
    let scene = Scene::guarded(tokens.guard());
    let error = test(&scene, &account("ann", "secret")).await.unwrap_err();
    assert_eq!(error.code(), Code::RealmRefused, "{error:?}");
    assert!(
        error.hint().is_some_and(|hint| hint.contains(&format!("--trust-realm {}", tokens.host()))),
        "{error:?}"
    );
    assert_eq!(tokens.count(&On::any("*")), 0);
}

#[tokio::test]
async fn f027_a_registry_that_never_stops_asking_is_left_after_one_try() {
    let tokens = TokenServer::builder().account("ann", "secret").grant(|_, _| None).start();
    let challenge = format!("Bearer realm=\"{}\",service=\"s\",scope=\"repository:a:pull\"", tokens.realm());
    let guard = Guard::Challenging(Box::new(Guard::basic("x", "y")), vec![challenge]);
    let scene = Scene::guarded(guard).trusting(&tokens);
    refused(&scene, test(&scene, &account("ann", "secret")).await);
    assert_eq!(tokens.count(&On::any(TOKENS)), 1);
    assert_eq!(scene.registry.count(&On::get("/v2/")), 2);
}

#[tokio::test]
async fn what_is_no_registry_is_told_so() {
    let scene = Scene::guarded(Guard::Open);
    scene.registry.fault(On::get("/v2/"), Fault::captive_portal());
    let error = test(&scene, &account("ann", "secret")).await.unwrap_err();
    assert_eq!(error.code(), Code::NotARegistry, "{error:?}");
}

/// A scene whose accounts are kept in a folder's `config.json`.
fn filed(mut scene: Scene, dir: &std::path::Path) -> Scene {
    let helpers = HelperOptions::new(SearchPath::new([]));
    scene.keyring = Keyring::new(DockerConfigSource::in_dir(dir, helpers));
    scene
}

#[tokio::test]
async fn f028_a_refresh_token_that_is_replaced_is_kept_where_the_old_one_was() {
    let tokens =
        TokenServer::builder().identity_token("ann", "first").rotates_refresh_tokens().no_anonymous().start();
    let dir = tempfile::tempdir().unwrap();
    let scene = filed(Scene::guarded(tokens.guard()).trusting(&tokens), dir.path());
    let first = Credential::IdentityToken { username: Some("ann".to_owned()), token: Secret::new("first") };
    scene.keyring.keep(&scene.name(), first, Keep::File).await.unwrap();
    for round in 0..3 {
        // Each engine is a new process: it has only what was kept.
        let pulled = scene.pull().await;
        pulled.whole(&scene);
        assert_eq!(pulled.warnings, Vec::<String>::new(), "{round}");
        let found = scene.keyring.credential(&scene.name(), None).await.unwrap();
        let [good] = &tokens.refresh_tokens()[..] else { panic!("{:?}", tokens.refresh_tokens()) };
        assert!(
            matches!(&found.credential, Credential::IdentityToken { token, .. } if token.expose() == good)
        );
        assert!(matches!(found.place, Place::Docker { .. }), "{:?}", found.place);
    }
}

#[tokio::test]
async fn what_was_got_with_an_account_is_dropped_when_somebody_signs_in_or_out() {
    let dir = tempfile::tempdir().unwrap();
    let tokens =
        TokenServer::builder().account("ann", "secret").account("bob", "secret").no_anonymous().start();
    for guard in [tokens.guard(), Guard::basic("ann", "secret")] {
        let is_basic = matches!(guard, Guard::Basic { .. });
        let scene = filed(Scene::guarded(guard).trusting(&tokens), dir.path());
        let (engine, name) = (scene.engine(), scene.name());
        scene.keyring.keep(&name, account("ann", "secret"), Keep::File).await.unwrap();
        engine.pull(&scene.reference()).await.whole(&scene);
        scene.keyring.sign_out(&name).await.unwrap();
        let error = engine.pull(&scene.reference()).await.result.unwrap_err();
        assert_eq!(error.code(), Code::AuthRequired, "{error:?}");
        scene.keyring.keep(&name, account("bob", "secret"), Keep::Session).await.unwrap();
        let pulled = engine.pull(&scene.reference()).await;
        if is_basic {
            assert_eq!(pulled.result.unwrap_err().code(), Code::AuthRefused);
        } else {
            pulled.whole(&scene);
            assert_eq!(tokens.issued().last().unwrap().account.as_deref(), Some("bob"));
        }
    }
}

#[tokio::test]
async fn azures_directory_token_becomes_the_registrys_refresh_token() {
    use base64::Engine as _;
    let claims =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"iss":"https://sts.windows.net/t/"}"#);
    let directory = format!("e30.{claims}.canary");
    let expected = directory.clone();
    let azure = Server::start(move |request| match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/oauth2/exchange") => {
            let form = request.form();
            let field = |name: &str| form.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
            let right = field("grant_type") == Some("access_token")
                && field("service") == Some("team.azurecr.io")
                && field("access_token") == Some(&expected);
            if right {
                Reply::json(200, &json!({ "refresh_token": "canary-refresh" }))
            } else {
                Reply::status(401)
            }
        }
        ("POST", "/oauth2/token") if request.text().contains("refresh_token=canary-refresh") => {
            Reply::json(200, &json!({ "access_token": "canary-access" }))
        }
        ("GET", "/v2/") if bearer(request) == Some("canary-access") => Reply::json(200, &json!({})),
        ("GET", "/v2/") => {
            let host = request.header("host").unwrap_or_default();
            let challenge =
                format!("Bearer realm=\"http://{host}/oauth2/token\",service=\"team.azurecr.io\"");
            Reply::status(401).with("WWW-Authenticate", &challenge)
        }
        _ => Reply::status(404),
    });
    let mut scene = Scene::guarded(Guard::Open);
    scene.host = format!("team.azurecr.io:{}", azure.host().rsplit(':').next().unwrap());
    let mut scene = scene.resolving("team.azurecr.io", &azure.host());
    scene.options.plain_http.push(scene.host.clone());
    let user = preset::ACR_TOKEN_USER;
    let tested = test(&scene, &account(user, &directory)).await.unwrap();
    let kept =
        Credential::IdentityToken { username: Some(user.to_owned()), token: Secret::new("canary-refresh") };
    assert_eq!(tested.credential, kept);
    assert_eq!(azure.count(&On::post("/oauth2/exchange")), 1);
    assert!(!tested.said.contains("canary"), "{tested:?}");

    let mut wrong = directory.clone();
    wrong.push('x');
    let error = refused(&scene, test(&scene, &account(user, &wrong)).await);
    assert!(error.hint().is_some_and(|hint| hint.contains("az acr login")), "{error:?}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}

#[tokio::test]
async fn f041_a_sign_in_shows_no_secret_whatever_answers() {
    const PASSWORD: &str = "canary \"p\\ss\"/w+rd&=%";
    for status in [200, 400, 401, 403, 404, 500] {
        let echoing = Server::start(move |request| {
            let (sent, form) = (format!("{:?} {}", request.headers, request.text()), request.form());
            let body = json!({ "errors": [{ "code": "DENIED", "message": sent, "detail": form }], "details": sent, "refresh_token": sent });
            Reply::json(status, &body)
        });
        let challenge = format!("Bearer realm=\"{}\",service=\"s\"", echoing.url(TOKENS));
        let guards = [
            Guard::Challenging(Box::new(Guard::basic("x", "y")), vec![challenge]),
            Guard::Challenging(Box::new(Guard::basic("x", "y")), vec!["Basic realm=\"x\"".to_owned()]),
        ];
        for guard in guards {
            let mut scene = Scene::guarded(guard);
            scene.options.trusted_realms.push(echoing.host());
            scene.options.retry.retries = 0;
            let engine = scene.engine();
            let result =
                engine.registries.test_credential(&scene.name(), &account("ann", PASSWORD), None).await;
            let error = result.expect_err("it can't work");
            let exchanges = engine.log.changed_since(0).0;
            let told = format!("{error} {error:?} {:?} {:?} {exchanges:#?}", error.hint(), error.causes());
            assert!(!told.contains("canary"), "{status}: {told}");
        }
    }
}
