//! When the registry says no: no loops, no lost reasons, and no stored credential in a public image's way (row 27).

use engine::Code;
use engine::credential::{Credential, Secret};
use testkit::auth::{Guard, TokenServer};
use testkit::server::{Fault, On};

use crate::scene::{Scene, account};

const TOKENS: &str = "/token";

/// A registry that takes none of the tokens that it asks for.
fn never_satisfied(tokens: &std::sync::Arc<TokenServer>) -> Guard {
    let challenge = format!("Bearer realm=\"{}\",service=\"s\",scope=\"{{scope}}\"", tokens.realm());
    Guard::Challenging(Box::new(Guard::basic("nobody", "nothing")), vec![challenge])
}

#[tokio::test]
async fn f027_a_registry_that_never_has_enough_is_left_after_one_token() {
    let tokens = TokenServer::builder().start();
    let scene = Scene::guarded(never_satisfied(&tokens));
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, Code::AuthRequired, "latest");
    assert!(error.hint().unwrap().contains(&format!("longshore login {}", scene.host)), "{error:?}");
    assert_eq!((scene.tag_requests(), tokens.count(&On::any(TOKENS))), (2, 1));
}

#[tokio::test]
async fn f027_with_an_account_the_last_try_is_without_it() {
    let tokens = TokenServer::builder().account("ann", "secret").start();
    let scene = Scene::guarded(never_satisfied(&tokens)).with(account("ann", "secret")).trusting(&tokens);
    let engine = scene.engine();
    let pulled = engine.pull(&scene.reference()).await;
    let error = pulled.refused(&scene, Code::AuthRefused, &scene.host);
    assert!(error.message().contains("signed in for this session"), "{error:?}");
    assert!(error.exchange().is_some());
    assert_eq!((scene.tag_requests(), tokens.count(&On::any(TOKENS))), (3, 2));
    let accounts: Vec<_> = tokens.issued().into_iter().map(|it| it.account).collect();
    assert_eq!(accounts, [Some("ann".to_owned()), None]);

    let again = engine.pull(&scene.reference()).await;
    again.refused(&scene, Code::AuthRefused, &scene.host);
    let with_account = tokens.count(&On::any(TOKENS).authorized());
    assert_eq!(with_account, 1, "what was refused is not sent again, and the reason is still told");
}

#[tokio::test]
async fn f027_basic_that_is_refused_is_tried_once() {
    let scene = Scene::guarded(Guard::basic("ann", "secret")).with(account("ann", "old secret"));
    let engine = scene.engine();
    let pulled = engine.pull(&scene.reference()).await;
    let error = pulled.refused(&scene, Code::AuthRefused, &scene.host);
    assert!(error.hint().unwrap().contains("longshore login"), "{error:?}");
    assert_eq!(scene.tag_requests(), 2);

    // Signed in again while the program runs: the next pull works, without a restart.
    scene.keyring.remember(&scene.name(), account("ann", "secret"));
    engine.pull(&scene.reference()).await.whole(&scene);
}

#[tokio::test]
async fn without_an_account_a_private_image_says_how_to_sign_in() {
    for (name, tokens) in [
        ("no token for anybody", TokenServer::builder().no_anonymous().start()),
        ("a token that opens nothing", TokenServer::builder().grant(|_, _| None).start()),
    ] {
        let scene = Scene::guarded(tokens.guard());
        let pulled = scene.pull().await;
        let error = pulled.result.as_ref().unwrap_err();
        assert_eq!(error.code(), Code::AuthRequired, "{name}: {error:?}");
        assert!(
            error.message().starts_with(&format!("`{}` wants an account", scene.host)),
            "{name}: {error:?}"
        );
        let login = format!("longshore login {}", scene.host);
        assert!(error.hint().is_some_and(|hint| hint.contains(&login)), "{name}: {error:?}");
        assert!(error.exchange().is_some(), "{name}");
        assert_eq!(tokens.count(&On::any(TOKENS)), 1, "{name}");
        scene.check_nothing_visible();
    }
}

#[tokio::test]
async fn a_stale_account_does_not_block_a_public_image() {
    let stale = [
        ("password", account("ann", "old")),
        ("identity token", Credential::IdentityToken { username: None, token: Secret::new("expired") }),
        ("registry token", Credential::RegistryToken(Secret::new("expired"))),
    ];
    for (name, credential) in stale {
        let tokens = TokenServer::builder().account("ann", "new").start();
        let scene = Scene::guarded(tokens.guard()).with(credential).trusting(&tokens);
        let engine = scene.engine();
        let pulled = engine.pull(&scene.reference()).await;
        pulled.whole(&scene);
        pulled.warned("(signed in for this session) was refused: going on without an account");
        let asked = tokens.count(&On::any(TOKENS));
        assert!(asked <= 2, "{name}: {asked} token requests");

        let again = engine.pull(&scene.reference()).await;
        again.whole(&scene);
        assert_eq!(again.warnings, Vec::<String>::new(), "{name}: it is said once");
        assert_eq!(tokens.count(&On::any(TOKENS)), asked, "{name}: nothing is asked again");
    }
}

#[tokio::test]
async fn a_stale_account_is_named_where_the_image_is_private_and_its_successor_is_taken() {
    let tokens = TokenServer::builder().account("ann", "new").no_anonymous().start();
    let scene = Scene::guarded(tokens.guard()).with(account("ann", "old")).trusting(&tokens);
    let engine = scene.engine();
    for _ in 0..2 {
        let pulled = engine.pull(&scene.reference()).await;
        let error = pulled.refused(&scene, Code::AuthRefused, &scene.host);
        assert!(error.message().contains("signed in for this session"), "{error:?}");
        assert!(error.hint().unwrap().contains(&format!("longshore login {}", scene.host)), "{error:?}");
        assert!(error.exchange().is_some(), "{error:?}");
        assert_eq!(pulled.warnings, Vec::<String>::new(), "an error needs no warning beside it");
    }
    assert_eq!(tokens.count(&On::any(TOKENS).authorized()), 1, "a refused password is not tried again");

    scene.keyring.remember(&scene.name(), account("ann", "new"));
    engine.pull(&scene.reference()).await.whole(&scene);
}

#[tokio::test]
async fn an_account_without_the_permission_is_named() {
    let tokens = TokenServer::builder().account("ann", "secret").grant(|_, _| None).start();
    let scene = Scene::guarded(tokens.guard()).with(account("ann", "secret")).trusting(&tokens);
    let pulled = scene.pull().await;
    pulled.refused(&scene, Code::AuthRefused, &scene.host);
    assert_eq!((scene.tag_requests(), tokens.count(&On::any(TOKENS))), (3, 2));
}

#[tokio::test]
async fn forbidden_is_told_as_it_is() {
    let tokens = TokenServer::builder().account("ann", "secret").start();
    let scene = Scene::guarded(tokens.guard()).with(account("ann", "secret")).trusting(&tokens);
    let denied = r#"{"errors":[{"code":"DENIED","message":"team/app is not for ann"}]}"#;
    scene.registry.fault(On::manifests().authorized(), Fault::status(403).body(denied));
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, Code::AuthRefused, "latest");
    assert!(error.causes()[0].contains("team/app is not for ann"), "{error:?}");
    assert_eq!(scene.tag_requests(), 2, "it is not repeated");
}
