//! Credential helpers and files that fail, end to end (rows 42, 44 and 48): a public image is pulled all the same, a private
//! one names what failed.

use std::path::Path;

use engine::Code;
use engine::credential::{DockerConfigSource, HelperOptions, Keyring, SearchPath};
use testkit::auth::TokenServer;
use testkit::helper::{Behaviour, Helpers};
use testkit::server::On;

use crate::scene::Scene;

/// A keyring over a `config.json` with this text.
fn keyring(dir: &Path, config: &str, helpers: &Helpers) -> Keyring {
    std::fs::write(dir.join("config.json"), config).unwrap();
    let folders = [helpers.path().to_owned(), "/usr/bin".into(), "/bin".into()];
    Keyring::new(DockerConfigSource::in_dir(dir, HelperOptions::new(SearchPath::new(folders))))
}

struct Row {
    name: &'static str,
    /// `None` where there is no program.
    helper: Option<Behaviour>,
    config: &'static str,
    code: Code,
    /// What the message names.
    names: &'static str,
}

fn rows() -> Vec<Row> {
    let store = r#"{"credsStore":"h"}"#;
    let helper = |name, helper| Row {
        name,
        helper,
        config: store,
        code: Code::CredentialHelper,
        names: "docker-credential-h",
    };
    vec![
        helper("f042 missing", None),
        helper("f044 garbage", Some(Behaviour::Prints(b"\x00\xff{{ hunter2-canary".to_vec()))),
        helper("f044 non-zero", Some(Behaviour::Fails("password=hunter2-canary is wrong".to_owned(), 3))),
        helper("f044 complains", Some(Behaviour::Complains("secret: hunter2-canary".to_owned()))),
        helper("f044 floods", Some(Behaviour::Floods)),
        Row {
            name: "f048 a comma too many",
            helper: None,
            config: "{\n  \"auths\": {},\n}",
            code: Code::CredentialConfig,
            names: "config.json",
        },
    ]
}

#[tokio::test]
async fn f042_f044_a_helper_that_fails_does_not_block_a_public_image() {
    for Row { name, helper, config, names, .. } in rows() {
        let (helpers, dir) = (Helpers::new(), tempfile::tempdir().unwrap());
        helper.iter().for_each(|behaviour| helpers.write("h", behaviour));
        let tokens = TokenServer::builder().start();
        let mut scene = Scene::guarded(tokens.guard()).trusting(&tokens);
        scene.keyring = keyring(dir.path(), config, &helpers);
        let pulled = scene.pull().await;
        assert!(pulled.result.is_ok(), "{name}: {:?}", pulled.result);
        pulled.whole(&scene);
        pulled.warned(names);
        pulled.warned("going on without an account");
        assert!(!pulled.warnings[0].contains("canary"), "{name}: {:?}", pulled.warnings);
        assert_eq!(tokens.count(&On::any("/token").authorized()), 0, "{name}");
        assert_eq!(helpers.running(), Vec::<u32>::new(), "{name}");
    }
}

#[tokio::test]
async fn f042_f044_a_helper_that_fails_is_named_where_the_image_is_private() {
    for Row { name, helper, config, code, names } in rows() {
        for tokens in
            [TokenServer::builder().no_anonymous().start(), TokenServer::builder().grant(|_, _| None).start()]
        {
            let (helpers, dir) = (Helpers::new(), tempfile::tempdir().unwrap());
            helper.iter().for_each(|behaviour| helpers.write("h", behaviour));
            let mut scene = Scene::guarded(tokens.guard()).trusting(&tokens);
            scene.keyring = keyring(dir.path(), config, &helpers);
            let engine = scene.engine();
            for _ in 0..2 {
                let pulled = engine.pull(&scene.reference()).await;
                let error = pulled.result.as_ref().unwrap_err();
                assert_eq!(error.code(), code, "{name}: {error:?}");
                assert!(error.message().contains(names), "{name}: {error:?}");
                assert!(error.hint().is_some(), "{name}: {error:?}");
                assert!(!format!("{error:?}").contains("canary"), "{name}: {error:?}");
                scene.check_nothing_visible();
            }
        }
    }
}

#[tokio::test]
async fn a_helper_with_an_account_is_asked_for_this_registry_and_its_account_used() {
    let (helpers, dir) = (Helpers::new(), tempfile::tempdir().unwrap());
    helpers.write("h", &Behaviour::account("ann", "from the keychain"));
    let tokens = TokenServer::builder().account("ann", "from the keychain").no_anonymous().start();
    let mut scene = Scene::guarded(tokens.guard()).trusting(&tokens);
    let config = format!(r#"{{"credHelpers":{{"{}":"h"}}}}"#, scene.host);
    scene.keyring = keyring(dir.path(), &config, &helpers);
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    assert_eq!(pulled.warnings, Vec::<String>::new());
    assert_eq!(helpers.calls(), [format!("h get {}", scene.host)], "it is asked once");
}

#[tokio::test]
async fn a_helper_that_begins_to_work_is_taken_up_without_a_restart() {
    let (helpers, dir) = (Helpers::new(), tempfile::tempdir().unwrap());
    let tokens = TokenServer::builder().account("ann", "secret").no_anonymous().start();
    let mut scene = Scene::guarded(tokens.guard()).trusting(&tokens);
    scene.keyring = keyring(dir.path(), r#"{"credsStore":"h"}"#, &helpers);
    let engine = scene.engine();
    assert!(engine.pull(&scene.reference()).await.result.is_err());
    helpers.write("h", &Behaviour::account("ann", "secret"));
    engine.pull(&scene.reference()).await.whole(&scene);
}
