//! Signing in and out, from what is typed to what is kept.

use engine::credential::Secret;
use testkit::auth::Guard;

use super::*;
use crate::wire::all::{Keep, SignInRequest, TrailOutcome, TypedSecret, Vendor};

const PASSWORD: &str = "correct-horse-battery";

fn request(host: &str, secret: &str, keep: Keep) -> SignInRequest {
    let secret = TypedSecret(Secret::new(secret));
    SignInRequest { host: host.to_owned(), username: "ann".into(), secret, keep, helper: None }
}

async fn rows(desk: &Desk, host: &str) -> Option<(SignIn, Option<String>)> {
    let entries = registry::list_registries(&desk.app).await.expect("entries");
    entries.into_iter().find(|entry| entry.host == host).map(|entry| (entry.state, entry.account))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_tried_kept_found_and_removed() {
    let guarded = Registry::guarded(Guard::basic("ann", PASSWORD));
    let host = guarded.host();
    guarded.put("team/app", "1.0", &TestImage::tiny("x"));
    let desk = Desk::with_docker_config("{}");

    let tested = account::test_sign_in(&desk.app, request(&host, PASSWORD, Keep::File)).await.expect("tried");
    assert!(tested.accepted && tested.fault.is_none(), "{tested:?}");
    assert_eq!((tested.account.as_deref(), tested.status), (Some("ann"), Some(200)));
    let shown =
        exchange::read_exchange(&desk.app, tested.exchange.expect("an exchange")).await.expect("kept");
    assert_eq!(shown.head.path, "/v2/");
    assert_eq!(rows(&desk, &host).await, None, "a test keeps nothing");

    let signed_in =
        account::sign_in(&desk.app, request(&host, PASSWORD, Keep::File)).await.expect("signed in");
    assert_eq!((signed_in.account.as_str(), signed_in.host.as_str()), ("ann", host.as_str()));
    assert!(signed_in.kept_in.contains("config.json"), "{signed_in:?}");
    assert_eq!(rows(&desk, &host).await, Some((SignIn::Account, Some("ann".into()))));
    let written = fs::read_to_string(desk.path("docker/config.json")).expect("there");
    assert!(written.contains(&host) && !written.contains(PASSWORD), "{written}");

    let form = account::sign_in_form(&desk.app, host.clone()).await.expect("a form");
    assert_eq!(form.account.as_deref(), Some("ann"));
    assert!(form.kept_in.expect("a place").contains("config.json"));
    let kept = account::test_sign_in(&desk.app, request(&host, "", Keep::File)).await.expect("tried");
    assert!(kept.accepted, "no secret: what is kept is tried, {kept:?}");
    let (outcome, ..) = desk.pull(&guarded.reference("team/app", "1.0")).await;
    assert_eq!(outcome.state, JobEnd::Done, "{:?}", outcome.fault);

    let trail = account::credential_trail(&desk.app, host.clone()).await.expect("a trail");
    let chosen: Vec<_> = trail.steps.iter().filter(|step| step.outcome == TrailOutcome::Chosen).collect();
    assert_eq!(chosen.len(), 1, "{trail:?}");
    assert_eq!(chosen[0].account.as_deref(), Some("ann"));
    assert!(!trail.differs, "{trail:?}");

    let out = account::sign_out(&desk.app, host.clone()).await.expect("out");
    assert!(out.removed.iter().any(|place| place.contains("config.json")), "{out:?}");
    assert!(out.left.is_empty(), "{out:?}");
    let after = rows(&desk, &host).await;
    assert_eq!(after, Some((SignIn::Plain, None)), "the image on this computer keeps the row");
    let gone =
        account::test_sign_in(&desk.app, request(&host, "", Keep::File)).await.expect_err("nothing is kept");
    assert_eq!(gone.code(), Code::AuthRequired);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_registry_refuses_is_not_kept() {
    let guarded = Registry::guarded(Guard::basic("ann", PASSWORD));
    let host = guarded.host();
    let desk = Desk::with_docker_config("{}");
    let tested =
        account::test_sign_in(&desk.app, request(&host, "a-wrong-one", Keep::File)).await.expect("tried");
    assert_eq!((tested.accepted, tested.status), (false, Some(401)));
    let fault = tested.fault.expect("why");
    assert_eq!((fault.code.0, &tested.said), (Code::AuthRefused, &fault.message));

    let error =
        account::sign_in(&desk.app, request(&host, "a-wrong-one", Keep::File)).await.expect_err("refused");
    assert_eq!(error.code(), Code::AuthRefused);
    assert_eq!(fs::read_to_string(desk.path("docker/config.json")).expect("there"), "{}");
    let nothing = account::sign_in(&desk.app, request(&host, "", Keep::File)).await.expect_err("no secret");
    assert_eq!(nothing.code(), Code::ConfigInvalid);
    let nowhere =
        account::sign_in(&desk.app, request(&host, PASSWORD, Keep::Helper)).await.expect_err("no helper");
    assert_eq!(nowhere.code(), Code::ConfigInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_forgotten_and_a_registry_that_asks_nothing_says_so() {
    let open = Registry::start();
    let desk = Desk::with_docker_config("{}");
    let signed_in =
        account::sign_in(&desk.app, request(&open.host(), PASSWORD, Keep::Session)).await.expect("kept");
    assert!(signed_in.kept_in.contains("session"), "{signed_in:?}");
    assert!(
        signed_in.warnings.iter().any(|warning| warning.contains("asked for no account")),
        "{signed_in:?}"
    );
    assert_eq!(fs::read_to_string(desk.path("docker/config.json")).expect("there"), "{}");
    assert_eq!(rows(&desk, &open.host()).await, Some((SignIn::Account, Some("ann".into()))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_says_what_to_type_and_where_it_can_be_kept() {
    let desk = Desk::with_docker_config("{}");
    let form = account::sign_in_form(&desk.app, "ghcr.io".into()).await.expect("a form");
    assert_eq!((form.vendor, form.account), (Vendor::Ghcr, None));
    assert!(form.secret_link.expect("a page").starts_with("https://github.com/"));
    assert_eq!(form.keeps.iter().filter(|keep| keep.recommended).count(), 1, "{:?}", form.keeps);
    for keep in &form.keeps {
        assert_eq!(keep.available, keep.why_not.is_none(), "{keep:?}");
        assert!(!keep.label.is_empty() && !keep.about.is_empty(), "{keep:?}");
    }
    for kind in [Keep::File, Keep::Session] {
        assert!(form.keeps.iter().any(|keep| keep.keep == kind && keep.available), "{kind:?}");
    }
    let amazon = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    let form = account::sign_in_form(&desk.app, amazon.into()).await.expect("a form");
    assert_eq!(form.user_fixed.as_deref(), Some("AWS"));
    let error = account::sign_in_form(&desk.app, "https://ghcr.io".into()).await.expect_err("no host");
    assert_eq!(error.code(), Code::ConfigInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_is_refused_is_told_with_the_account_that_was_used() {
    let guarded = Registry::guarded(Guard::basic("ann", PASSWORD));
    let host = guarded.host();
    guarded.put("team/app", "1.0", &TestImage::tiny("x"));
    let desk = Desk::with_docker_config("{}");
    account::sign_in(&desk.app, request(&host, PASSWORD, Keep::File)).await.expect("signed in");
    registry::list_registries(&desk.app).await.expect("entries");
    guarded.fault(On::manifests().authorized(), HttpFault::status(403));
    let image = guarded.reference("team/app", "1.0");
    let (outcome, ..) = desk.pull(&image).await;
    let steps = |fault: Fault| {
        fault.remedies.into_iter().map(|remedy| (remedy.cause, remedy.label)).collect::<Vec<_>>()
    };
    let of_pull = steps(outcome.fault.expect("it is refused"));
    let refused = desk.inspect(&image, LookIn::Registry).await.expect_err("it is refused");
    assert_eq!(of_pull, steps(desk.app.fault(&refused)), "a look and a transfer are told alike");
    assert!(of_pull.iter().any(|(cause, _)| cause.contains("ann")), "{of_pull:?}");
}
