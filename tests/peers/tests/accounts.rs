//! Accounts, from `config.json` and from credential helpers, and that no secret is left anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use peers::Longshore;
use serde_json::json;
use testkit::auth::{Signer, TokenServer};
use testkit::front::Front;
use testkit::helper::{Behaviour, Helpers};
use testkit::image::Image;
use testkit::real::{DockerRegistry, Skopeo};
use testkit::registry::Registry;

#[test]
fn htpasswd_wants_the_right_account() {
    let registry = DockerRegistry::builder().htpasswd("ann", "pass:word").start();
    let image = Image::tiny("behind a password");
    registry.put("team/app", "1", &image);
    let reference = registry.reference("team/app", "1");

    for account in [None, Some(("ann", "wrong")), Some(("bob", "pass:word"))] {
        let longshore = Longshore::new();
        if let Some((user, password)) = account {
            longshore.log_in(&registry.host(), user, password);
        }
        let refused = longshore.run(&["pull", &reference]).with_status(1);
        assert!(refused.stderr.contains(&registry.host()), "{account:?}: {}", refused.stderr);
        assert!(longshore.blobs().is_empty());
    }
    let longshore = Longshore::new();
    longshore.log_in(&registry.host(), "ann", "pass:word");
    longshore.run(&["pull", &reference]).ok();
    assert_eq!(Skopeo::new().digest(&longshore.stored(&reference), &[]), image.digest().as_str());
}

#[test]
fn a_helper_gives_the_account() {
    let registry = DockerRegistry::builder().htpasswd("ann", "secret").start();
    registry.put("team/app", "1", &Image::tiny("x"));
    let reference = registry.reference("team/app", "1");
    let helpers = Helpers::new();
    helpers.write("test", &Behaviour::account("ann", "secret"));
    for config in [json!({ "credsStore": "test" }), json!({ "credHelpers": { registry.host(): "test" } })] {
        let longshore = Longshore::new().with_path(helpers.path_variable());
        longshore.configure(&config);
        longshore.run(&["pull", &reference]).ok();
        assert_eq!(longshore.blobs().len(), 3, "{config}");
    }
    assert_eq!(helpers.calls().len(), 2, "{:?}", helpers.calls());
    assert!(
        helpers.calls().iter().all(|call| call.starts_with("test get ") && call.contains(&registry.host()))
    );
}

/// A real registry that wants signed tokens, and the token server, behind one address.
struct WithTokens {
    front: Front,
    tokens: std::sync::Arc<TokenServer>,
    _registry: DockerRegistry,
}

impl WithTokens {
    /// Anonymous may pull what is under `public/`.
    fn start() -> Self {
        let front = Front::start();
        let tokens = TokenServer::builder()
            .account("ann", "secret")
            .identity_token("ann", "identity-token-of-ann")
            .grant(|account, scope| match account {
                Some(_) => Some(scope.to_owned()),
                None => scope.starts_with("repository:public/").then(|| scope.replace(",push", "")),
            })
            .signed(Signer::new("testkit"))
            .realm(&front.url("/token"))
            .start();
        let registry = DockerRegistry::builder().tokens(&tokens, Some(("ann", "secret"))).start();
        front.route("/token", &tokens.host());
        front.route("/", &registry.host());
        for repository in ["public/app", "private/app"] {
            registry.put(repository, "1", &Image::tiny(repository));
        }
        tokens.clear_log();
        Self { front, tokens, _registry: registry }
    }

    fn reference(&self, repository: &str) -> String {
        format!("{}/{repository}:1", self.front.host())
    }
}

#[test]
fn tokens_for_anybody() {
    let server = WithTokens::start();
    let longshore = Longshore::new();
    longshore.run(&["pull", &server.reference("public/app")]).ok();
    let refused = longshore.run(&["pull", &server.reference("private/app")]).with_status(1);
    assert!(refused.stderr.contains("private/app"), "{}", refused.stderr);
    assert_eq!(longshore.blobs().len(), 3);
}

#[test]
fn tokens_for_an_account() {
    let server = WithTokens::start();
    let longshore = Longshore::new();
    longshore.log_in(&server.front.host(), "ann", "secret");
    longshore.run(&["pull", &server.reference("private/app")]).ok();
    assert_eq!(longshore.blobs().len(), 3);
    assert!(server.tokens.issued().last().unwrap().account.as_deref() == Some("ann"));
}

#[test]
fn tokens_for_an_identity_token() {
    let server = WithTokens::start();
    let longshore = Longshore::new();
    longshore.configure(&json!({ "auths": { server.front.host(): {
        "auth": STANDARD.encode("00000000-0000-0000-0000-000000000000:"),
        "identitytoken": "identity-token-of-ann",
    }}}));
    longshore.run(&["pull", &server.reference("private/app")]).ok();
    assert_eq!(longshore.blobs().len(), 3);
}

#[test]
fn a_stale_account_does_not_block_what_is_public() {
    let server = WithTokens::start();
    let longshore = Longshore::new();
    longshore.log_in(&server.front.host(), "ann", "an old password");
    longshore.run(&["pull", &server.reference("public/app")]).ok();
}

#[test]
fn f041_no_secret_is_left_anywhere() {
    const CANARY: &str = "cAnArY-5ecret-7f3d";
    let front = Front::start();
    let tokens = TokenServer::builder()
        .account("ann", CANARY)
        .no_anonymous()
        .prefix(&format!("token-{CANARY}"))
        .realm(&front.url("/token"))
        .start();
    let registry = Registry::guarded(tokens.guard());
    registry.put("team/app", "1", &Image::tiny("x"));
    front.route("/token", &tokens.host());
    front.route("/", &registry.host());
    let helpers = Helpers::new();
    helpers.write("good", &Behaviour::account("ann", CANARY));
    helpers.write("wrong", &Behaviour::account("ann", &format!("{CANARY}-that-is-wrong")));
    helpers.write("complains", &Behaviour::Complains(format!("can't unlock with password={CANARY}")));

    let encoded = |text: &str| STANDARD.encode(text);
    let mut secrets = vec![CANARY.to_owned()];
    for text in [format!("ann:{CANARY}"), format!("ann:{CANARY}-that-is-wrong")] {
        // The last group depends on what follows, so the part before it is looked for.
        let whole = encoded(&text);
        secrets.push(whole.trim_end_matches('=')[..whole.len() / 4 * 4 - 4].to_owned());
    }
    let host = front.host();
    for helper in ["good", "wrong", "complains"] {
        for verb in [&["pull", "--json"][..], &["pull"], &["pull", "-q"]] {
            let longshore = Longshore::new().with_path(helpers.path_variable());
            longshore.configure(&json!({ "credHelpers": { &host: helper } }));
            let known = format!("{host}/team/app:1");
            let unknown = format!("{host}/team/app:none");
            for reference in [&known, &unknown] {
                let mut command = longshore.command(&[verb, &[reference.as_str()]].concat());
                command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
                let run = peers::Running::start(&mut command).wait();
                let expected = i32::from(helper != "good" || reference == &unknown);
                assert_eq!(run.status, Some(expected), "{helper} {reference}: {}{}", run.stdout, run.stderr);
                for (what, text) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
                    let found = secrets.iter().find(|secret| text.contains(secret.as_str()));
                    assert!(found.is_none(), "{helper}: `{}` is in {what}:\n{text}", found.unwrap());
                }
            }
            let files = longshore.files_with(&secrets);
            assert!(files.is_empty(), "{helper}: a secret is in {files:?}");
        }
    }
    assert!(registry.log().iter().any(|it| it.request.text().contains(CANARY)), "the canary was in use");
}
