//! What answers at a host.

use testkit::auth::Guard;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_says_what_answers_and_shows_the_exchange() {
    let desk = Desk::new();
    let ping =
        async |host: &str| registry::ping_registry(&desk.app, host.to_owned()).await.expect("an answer");

    let open = Registry::start();
    let told = ping(&open.host()).await;
    assert!(told.plain_http && !told.wants_sign_in && told.fault.is_none(), "{told:?}");
    let shown = exchange::read_exchange(&desk.app, told.exchange.expect("an exchange")).await.expect("kept");
    assert_eq!((shown.head.path.as_str(), shown.head.status), ("/v2/", Some(200)));

    let guarded = Registry::guarded(Guard::basic("ann", "secret-of-ann"));
    let told = ping(&guarded.host()).await;
    assert!(told.wants_sign_in && told.fault.is_none(), "{told:?}");
    let shown = exchange::read_exchange(&desk.app, told.exchange.expect("an exchange")).await.expect("kept");
    assert_eq!(shown.head.status, Some(401));

    let page = Registry::start();
    page.fault(On::any("/v2/"), HttpFault::captive_portal());
    let told = ping(&page.host()).await;
    assert_eq!(told.fault.map(|fault| fault.code.0), Some(Code::NotARegistry));

    let told = ping("127.0.0.1:1").await;
    assert_eq!(told.fault.map(|fault| fault.code.0), Some(Code::Unreachable));
    let error = registry::ping_registry(&desk.app, "http://x".into()).await.expect_err("no host");
    assert_eq!(error.code(), Code::ConfigInvalid);
}
