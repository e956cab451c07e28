//! Nothing secret crosses to the page, whatever fails.

use testkit::auth::{Guard, TokenServer};

use super::*;

const PASSWORD: &str = "correct-horse-battery";

/// Everything that the page can ask for, as JSON.
async fn everything(desk: &Desk) -> String {
    let mut text = String::new();
    let mut add = |value: serde_json::Value| text += &value.to_string();
    add(serde_json::to_value(app::app_info(&desk.app).await.expect("info")).expect("JSON"));
    add(serde_json::to_value(registry::list_registries(&desk.app).await.expect("entries")).expect("JSON"));
    add(serde_json::to_value(transfer::list_jobs(&desk.app).await.expect("jobs")).expect("JSON"));
    for head in exchange::list_exchanges(&desk.app, 0).await.expect("heads") {
        let detail = exchange::read_exchange(&desk.app, head.id).await.expect("it is kept");
        add(serde_json::to_value(detail).expect("JSON"));
    }
    text
}

fn signed_in(registry: &Registry, password: &str) -> String {
    let auth = base64_of(&format!("ann:{password}"));
    format!(r#"{{"auths":{{"{}":{{"auth":"{auth}"}}}}}}"#, registry.host())
}

fn base64_of(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32, shift: u32| char::from(DIGITS[(bits >> shift) as usize & 63]);
    let chunk = |bytes: &[u8]| {
        let bits =
            bytes.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - bytes.len()));
        let text: String =
            [18, 12, 6, 0].iter().map(|shift| digit(bits, *shift)).take(bytes.len() + 1).collect();
        format!("{text:=<4}")
    };
    text.as_bytes().chunks(3).map(chunk).collect()
}

#[test]
fn the_base64_of_this_test_is_right() {
    // RFC 4648, section 10.
    for (text, encoded) in [("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
        assert_eq!(base64_of(text), encoded);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_password_reaches_the_page() {
    let registry = Registry::guarded(Guard::basic("ann", PASSWORD));
    registry.put("team/app", "1.0", &TestImage::tiny("x"));
    let desk = Desk::with_docker_config(&signed_in(&registry, PASSWORD));
    let (outcome, ..) = desk.pull(&registry.reference("team/app", "1.0")).await;
    assert_eq!(outcome.state, JobEnd::Done, "{:?}", outcome.fault);
    let seen = everything(&desk).await;
    assert!(seen.contains("\"account\":\"ann\""), "the account's name is no secret");
    for secret in [PASSWORD, &base64_of(&format!("ann:{PASSWORD}"))] {
        assert!(!seen.contains(secret), "`{secret}` crosses");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_reaches_the_page() {
    let tokens = TokenServer::builder().start();
    let registry = Registry::guarded(tokens.guard());
    registry.put("team/app", "1.0", &TestImage::tiny("x"));
    let desk = Desk::new();
    let (outcome, ..) = desk.pull(&registry.reference("team/app", "1.0")).await;
    assert_eq!(outcome.state, JobEnd::Done, "{:?}", outcome.fault);
    let seen = everything(&desk).await;
    assert!(seen.contains("\"scheme\":\"Bearer\""), "that there was one is no secret");
    assert!(!tokens.issued().is_empty());
    for issued in tokens.issued() {
        assert!(!seen.contains(&issued.token), "a token crosses");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_echoes_the_password_does_not_get_it_onto_the_page() {
    let registry = Registry::guarded(Guard::basic("ann", PASSWORD));
    registry.put("team/app", "1.0", &TestImage::tiny("x"));
    let echo = format!(
        r#"{{"errors":[{{"code":"DENIED","message":"{PASSWORD} is wrong","detail":"{PASSWORD}"}}]}}"#
    );
    // The first request is answered with a challenge; what comes after has the password.
    registry.fault(On::manifests().authorized(), HttpFault::status(403).body(echo));
    let desk = Desk::with_docker_config(&signed_in(&registry, PASSWORD));
    let (outcome, _, lines) = desk.pull(&registry.reference("team/app", "1.0")).await;
    assert_eq!(outcome.state, JobEnd::Failed);
    let error =
        desk.inspect(&registry.reference("team/app", "1.0"), LookIn::Registry).await.expect_err("403");
    let fault = serde_json::to_string(&desk.app.fault(&error)).expect("JSON");
    let outcome = serde_json::to_string(&outcome).expect("JSON");
    for (name, text) in [
        ("fault", fault),
        ("outcome", outcome),
        ("lines", lines.join("\n")),
        ("rest", everything(&desk).await),
    ] {
        assert!(!text.contains(PASSWORD), "{name}: {text}");
    }
}
