//! Pushes with a stored account that is not good, or not good enough.

use std::sync::Arc;

use engine::Code;
use engine::remedy::{RemedyAction, remedies};
use testkit::auth::TokenServer;
use testkit::server::On;

use crate::scene::{REPOSITORY, Scene, layered};

const TOKENS: &str = "/token";

fn before(tokens: &Arc<TokenServer>) -> Scene {
    let mut scene = Scene::guarded(tokens.guard());
    scene.options.trusted_realms.push(tokens.host());
    scene
}

#[tokio::test]
async fn a_wrong_password_fails_a_push_although_anybody_may() {
    let tokens = TokenServer::builder().account("ann", "new").start();
    let image = layered(1, 2);
    before(&tokens).push(&image).await.result.expect("anybody may push here");

    tokens.clear_log();
    let scene = before(&tokens).with("ann", "old");
    let pushed = scene.push(&image).await;
    let error = pushed.refused(Code::AuthRefused, &scene.host);
    assert!(error.message().contains("refuses the stored credential"), "{error:?}");
    let login = format!("longshore login {}", scene.host);
    assert!(error.hint().is_some_and(|hint| hint.contains(&login)), "{error:?}");
    assert_eq!(remedies(error, None)[0].action, RemedyAction::SignIn);
    assert!(error.exchange().is_some(), "{error:?}");
    scene.check_nothing_published();
    assert!(image.blobs.iter().all(|blob| scene.registry.stored_blob(REPOSITORY, &blob.digest).is_none()));
    let asked = tokens.requests(&On::any(TOKENS));
    assert!(
        asked.iter().all(|it| it.request.header("authorization").is_some()),
        "nobody's token was asked for:\n{}",
        tokens.transcript()
    );
}

#[tokio::test]
async fn an_account_that_may_not_push_is_not_left_out() {
    let nothing_for_ann = |account: Option<&str>, scope: &str| account.is_none().then(|| scope.to_owned());
    let tokens = TokenServer::builder().account("ann", "secret").grant(nothing_for_ann).start();
    let scene = before(&tokens).with("ann", "secret");
    let pushed = scene.push(&layered(1, 1)).await;
    let error = pushed.refused(Code::AuthRefused, &scene.host);
    assert!(error.message().contains("may not write there"), "the password is right: {error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("the right to write")), "{error:?}");
    scene.check_nothing_published();
    let anonymous = tokens.issued().iter().filter(|token| token.account.is_none()).count();
    assert_eq!(anonymous, 0, "{}", tokens.transcript());
}
