//! Row 41: every secret is a canary, every way a pull can go is gone, and then the canaries are searched for.

use std::path::Path;
use std::sync::Arc;

use engine::credential::{Credential, DockerConfigSource, HelperOptions, Keyring, SearchPath, Secret};
use testkit::auth::{Guard, TokenServer};
use testkit::helper::{Behaviour, Helpers};
use testkit::image::Image;
use testkit::registry::Registry;
use testkit::server::{Fault, On, Reply, Server};

use crate::scene::{Pulled, Scene, account};

const CANARY: &str = "canary";
/// With characters that forms, URLs and JSON write in other ways.
const PASSWORD: &str = "canary \"p\\ss\"/w+rd&=%";
const IDENTITY: &str = "canary-identity/+=&";

/// Pulls, also looks at the tags, and searches all that was said and written.
async fn search(name: &str, scene: &Scene) -> Pulled {
    let engine = scene.engine();
    let pulled = engine.pull(&scene.reference()).await;
    let listed = engine.client(&scene.reference()).tags(scene.reference().repository(), None).await;
    let (exchanges, _) = engine.log.changed_since(0);
    assert!(!exchanges.is_empty(), "{name}: something was exchanged");
    let mut texts = vec![
        format!("{exchanges:#?}"),
        format!("{:?}", pulled.events),
        format!("{:?}", pulled.warnings),
        format!("{:?}", scene.keyring),
        format!("{:?}", scene.options),
    ];
    for error in [pulled.result.as_ref().err(), listed.as_ref().err()].into_iter().flatten() {
        texts.push(format!(
            "{error} {error:?} {error:#?} {:?} {:?} {:?}",
            error.hint(),
            error.causes(),
            error.choices()
        ));
    }
    for text in texts {
        let found =
            text.find(CANARY).map(|at| text[at.saturating_sub(200)..].chars().take(400).collect::<String>());
        assert_eq!(found, None, "{name}: a canary is out");
    }
    check_files(name, scene.store.path());
    pulled
}

fn check_files(name: &str, dir: &Path) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let file_name = entry.file_name().to_string_lossy().into_owned();
        assert!(!file_name.contains(CANARY), "{name}: `{file_name}`");
        if entry.file_type().unwrap().is_dir() {
            check_files(name, &entry.path());
        } else {
            let bytes = std::fs::read(entry.path()).unwrap();
            assert!(
                !bytes.windows(CANARY.len()).any(|it| it == CANARY.as_bytes()),
                "{name}: in `{file_name}`"
            );
        }
    }
}

fn tokens() -> Arc<TokenServer> {
    TokenServer::builder()
        .account("ann", PASSWORD)
        .identity_token("ann", IDENTITY)
        .prefix("canary-token")
        .no_anonymous()
        .start()
}

fn credentials() -> [(&'static str, Credential); 2] {
    [
        ("password", account("ann", PASSWORD)),
        (
            "identity",
            Credential::IdentityToken { username: Some("ann".into()), token: Secret::new(IDENTITY) },
        ),
    ]
}

#[tokio::test]
async fn f041_a_pull_that_works_shows_no_secret() {
    for (name, credential) in credentials() {
        let tokens = tokens();
        let scene = Scene::guarded(tokens.guard()).with(credential).trusting(&tokens);
        let cdn = Server::of_objects(&scene.image);
        scene
            .registry
            .fault(On::blobs().authorized(), Fault::redirect(&cdn.url("/{last}?sig=canary&X-Key=canary")));
        search(name, &scene).await.whole(&scene);
        let used = tokens.requests(&On::any("/token"))[0].request.clone();
        assert!(
            used.header("authorization").is_some() || used.text().contains(CANARY),
            "canaries were in use"
        );
    }
    let scene = Scene::guarded(Guard::basic("ann", PASSWORD)).with(account("ann", PASSWORD));
    search("basic", &scene).await.whole(&scene);
}

#[tokio::test]
async fn f041_a_token_server_that_echoes_secrets_shows_none() {
    for (name, credential) in credentials() {
        for status in [200, 400, 401, 403, 500] {
            // The whole request comes back: as the error's text, as a header, and as a token's neighbour.
            let echoing = Server::start(move |request| {
                let sent = format!("{:?} {}", request.headers, request.text());
                let form = request.form();
                let body = serde_json::json!({
                    "errors": [{ "code": "DENIED", "message": sent, "detail": form }],
                    "details": sent,
                    "echo": request.text(),
                });
                let header: String = sent.chars().filter(char::is_ascii_graphic).collect();
                Reply::json(status, &body).with("X-Echo", &header)
            });
            let challenge =
                format!("Bearer realm=\"{}\",service=\"s\",scope=\"{{scope}}\"", echoing.url("/token"));
            let guard = Guard::Challenging(Box::new(Guard::basic("x", "y")), vec![challenge]);
            let mut scene = Scene::guarded(guard).with(credential.clone());
            scene.options.trusted_realms.push(echoing.host());
            scene.options.retry.retries = 0;
            let pulled = search(&format!("{name}, {status}"), &scene).await;
            assert!(pulled.result.is_err());
            assert!(echoing.count(&On::any("/token")) > 0);
        }
    }
}

#[tokio::test]
async fn f041_a_registry_that_echoes_secrets_shows_none() {
    for status in [400, 401, 403, 404, 429, 500] {
        for guard in ["bearer", "basic"] {
            let tokens = tokens();
            let guard = if guard == "basic" { Guard::basic("ann", PASSWORD) } else { tokens.guard() };
            let mut scene = Scene::guarded(guard).with(account("ann", PASSWORD)).trusting(&tokens);
            scene.options.retry.retries = 0;
            // The first answer tells what is sent in the second one.
            let probe = scene.engine();
            let _ = probe.client(&scene.reference()).tags(scene.reference().repository(), None).await;
            let sent = scene.registry.requests(&On::any("*").authorized());
            let sent = sent.last().unwrap().request.header("authorization").unwrap().to_owned();
            let secret = sent.split(' ').nth(1).unwrap().to_owned();
            // A token of the next engine is another one, whose number is known.
            let secret = secret.replace("0001", "0002");
            let body = serde_json::json!({ "errors": [{ "code": "DENIED", "message": secret, "detail": PASSWORD }] });
            let fault = Fault::status(status)
                .header("Content-Type", "application/json")
                .header("X-Echo", &secret)
                .body(body.to_string());
            scene.registry.fault(On::any("*").authorized(), fault);
            let pulled = search(&format!("{status}"), &scene).await;
            assert!(pulled.result.is_err(), "{status}");
            scene.check_nothing_visible();
        }
    }
}

#[tokio::test]
async fn f041_a_cdn_that_fails_shows_no_signed_address() {
    for fault in [
        Fault::status(403).body("<Error><Message>Request has expired</Message></Error>"),
        Fault::status(302).header("Location", "http://127.0.0.1:1/x?sig=canary"),
        Fault::status(302).header("Location", "ftp://127.0.0.1/x?sig=canary"),
        Fault::captive_portal(),
        Fault::reset(),
    ] {
        let scene = Scene::new(Registry::start(), Image::tiny("x"));
        let cdn = Server::of_objects(&scene.image);
        cdn.fault(On::any("*"), fault);
        scene.registry.fault(On::blobs(), Fault::redirect(&cdn.url("/{last}?sig=canary&token=canary")));
        let pulled = search("a CDN", &scene).await;
        assert!(pulled.result.is_err());
    }
}

#[tokio::test]
async fn f041_realms_and_redirects_with_passwords_in_them_are_not_shown() {
    for realm in
        ["https://ann:canary@127.0.0.1:1/token", "ftp://canary@x/canary", "http://[canary", "//canary"]
    {
        let guard =
            Guard::Challenging(Box::new(Guard::basic("x", "y")), vec![format!("Bearer realm=\"{realm}\"")]);
        let scene = Scene::guarded(guard);
        let engine = scene.engine();
        let error = engine.pull(&scene.reference()).await.result.unwrap_err();
        let told = format!("{error:?} {:?}", error.hint());
        assert!(!told.contains(CANARY), "{told}");
    }
}

#[tokio::test]
async fn f041_helpers_and_files_show_no_secret() {
    let helpers = Helpers::new();
    helpers.write("account", &Behaviour::account("ann", PASSWORD));
    helpers.write("identity", &Behaviour::identity_token(IDENTITY));
    helpers.write("garbage", &Behaviour::Prints(format!("{{\"Secret\":\"{PASSWORD}").into_bytes()));
    helpers.write("fails", &Behaviour::Fails("password: canary-in-a-complaint".to_owned(), 1));
    helpers.write("complains", &Behaviour::Complains("token=canary-in-a-complaint".to_owned()));
    let auth = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(format!("ann:{PASSWORD}"))
    };
    for config in [
        r#"{"credsStore":"account"}"#.to_owned(),
        r#"{"credsStore":"identity"}"#.to_owned(),
        r#"{"credsStore":"garbage"}"#.to_owned(),
        r#"{"credsStore":"fails"}"#.to_owned(),
        r#"{"credsStore":"complains"}"#.to_owned(),
        format!(r#"{{"auths":{{"HOST":{{"auth":"{auth}"}}}}}}"#),
        r#"{"auths":{"HOST":{"auth":"canary, not base64"}}}"#.to_owned(),
        r#"{"auths":{"HOST":{"registrytoken":"canary-registry-token"}}}"#.to_owned(),
        r#"{"auths":{"HOST":{"auth":"canary",}}}"#.to_owned(),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let tokens = tokens();
        let mut scene = Scene::guarded(tokens.guard()).trusting(&tokens);
        std::fs::write(dir.path().join("config.json"), config.replace("HOST", &scene.host)).unwrap();
        let folders = [helpers.path().to_owned(), "/usr/bin".into(), "/bin".into()];
        let options = HelperOptions::new(SearchPath::new(folders));
        scene.keyring = Keyring::new(DockerConfigSource::in_dir(dir.path(), options));
        search(&config, &scene).await;
    }
}
