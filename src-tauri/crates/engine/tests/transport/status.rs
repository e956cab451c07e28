//! Answers that refuse, that ask for patience, or that are no registry's.

use std::time::{Duration, Instant, SystemTime};

use engine::Code;
use engine::registry::http::RetryPolicy;
use futures_util::future::join_all;
use serde_json::json;
use testkit::script::{Script, Step};
use testkit::server::{Fault, On, Reply, Server};

use crate::scene::{KIB, MIB, Scene};

fn at_date(seconds: u64) -> String {
    httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds))
}

#[tokio::test]
async fn f012_retry_after_is_honoured_in_every_form() {
    assert_eq!(RetryPolicy::default().longest_wait, Duration::from_secs(60));
    let ms = Duration::from_millis;
    // In waits of 4 ms where nothing usable is said, and of 1.5 s at most.
    let rows = [
        ("seconds", 429, "1".to_owned(), ms(1000)..=ms(1000)),
        ("none at all", 429, String::new(), ms(2)..=ms(4)),
        ("a date", 429, at_date(100), ms(1500)..=ms(1500)),
        ("a date gone by", 429, at_date(0), ms(0)..=ms(0)),
        ("garbage", 429, "soon, please".to_owned(), ms(2)..=ms(4)),
        ("negative", 429, "-7".to_owned(), ms(2)..=ms(4)),
        ("a thousand million", 429, "1000000000".to_owned(), ms(1500)..=ms(1500)),
        ("more than fits", 429, "99999999999999999999999".to_owned(), ms(2)..=ms(4)),
        ("503 too", 503, "1".to_owned(), ms(1000)..=ms(1000)),
    ];
    let all = rows.into_iter().map(async |(name, status, value, want)| {
        let mut scene = Scene::of_size(3000);
        scene.options.retry.longest_wait = ms(1500);
        let fault = match value.as_str() {
            "" => Fault::status(status),
            value => Fault::status(status).header("Retry-After", value),
        };
        scene.registry.fault(On::manifests().nth(1), fault.clone());
        scene.registry.fault(scene.on_layer().nth(1), fault);
        let pulled = scene.pull().await;
        assert!(pulled.result.is_ok(), "{name}: {:?}", pulled.result);
        pulled.whole(&scene);
        let retries = pulled.retries();
        assert_eq!(retries.len(), 2, "{name}: {retries:?}");
        for (wait, why) in retries {
            assert!(want.contains(&wait), "{name}: announced {wait:?}");
            assert!(why.contains(&status.to_string()), "{name}: {why}");
        }
        for on in [On::manifests(), scene.on_layer()] {
            let at: Vec<Instant> = scene.registry.requests(&on).iter().map(|it| it.at).collect();
            let waited = at[1] - at[0];
            assert_eq!(at.len(), 2, "{name}");
            assert!(waited >= *want.start() && waited < *want.end() + ms(2000), "{name}: waited {waited:?}");
        }
    });
    join_all(all).await;
}

#[tokio::test]
async fn f012_patience_has_an_end() {
    let scene = Scene::of_size(3000);
    scene.registry.fault(On::manifests(), Fault::status(429).header("Retry-After", "0"));
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, Code::RateLimited, &scene.host);
    assert!(error.hint().unwrap().contains("Signing in"), "{error:?}");
    assert_eq!(scene.registry.log().len(), 4);
    assert_eq!(pulled.waits(), [Duration::ZERO; 3]);
}

#[tokio::test]
async fn f013_a_failing_registry_is_tried_three_times_more() {
    assert_eq!(RetryPolicy::default().retries, 3);
    for status in [408, 500, 502, 503, 504] {
        let mut scene = Scene::of_size(3000);
        scene.options.retry.first_wait = Duration::from_millis(16);
        scene.registry.fault(On::manifests(), Fault::status(status));
        let pulled = scene.pull().await;
        let code = if status == 408 { Code::RegistryRefused } else { Code::RegistryFailed };
        let error = pulled.refused(&scene, code, &scene.host);
        assert!(error.message().contains(&status.to_string()), "{error:?}");
        assert!(error.message().contains("manifest `latest`"), "{error:?}");
        assert_eq!(scene.registry.log().len(), 4, "{status}");
        // Doubled each time, half of it at random.
        for (at, wait) in pulled.waits().iter().enumerate() {
            let full = Duration::from_millis(16) * (1 << at);
            assert!((full / 2..=full).contains(wait), "{status}: {:?}", pulled.waits());
        }
        // Three failures, then an answer.
        scene.registry.heal();
        scene.registry.fault(On::any("*").first(3), Fault::status(status));
        scene.registry.fault(scene.on_layer().first(3), Fault::status(status));
        scene.pull().await.whole(&scene);
    }
    let scene = Scene::of_size(3000);
    scene.registry.fault(scene.on_layer(), Fault::status(500));
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, Code::RegistryFailed, &scene.host);
    assert!(error.message().contains(scene.layer().digest.as_str()), "{error:?}");
    assert_eq!(scene.layer_requests(), 4);
}

#[tokio::test]
async fn a_layer_that_is_never_answered_has_one_budget_of_tries() {
    let scene = Scene::of_size(3000).stall(Duration::from_millis(40));
    scene.registry.fault(scene.on_layer(), Fault::silent());
    let pulled = scene.pull().await;
    pulled.refused(&scene, Code::Timeout, &scene.host);
    assert_eq!(scene.layer_requests(), 5, "{}", scene.registry.transcript());
    let digest = Some(&scene.layer().digest);
    assert!(pulled.retried().iter().all(|retried| retried.as_ref() == digest), "{:?}", pulled.retried());
    assert_eq!(pulled.retried().len(), 4);
}

#[tokio::test]
async fn f012_a_wait_says_which_layer_it_holds_up() {
    let scene = Scene::of_size(3000);
    scene.registry.fault(scene.on_layer().nth(1), Fault::status(429).header("Retry-After", "0"));
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    assert_eq!(pulled.retried(), [Some(scene.layer().digest.clone())]);
}

#[tokio::test]
async fn f013_jitter_spreads_the_waits() {
    let policy = RetryPolicy { first_wait: Duration::from_secs(10), ..RetryPolicy::default() };
    let waits: std::collections::HashSet<Duration> = (0..40).map(|_| policy.backoff(1)).collect();
    assert!(waits.len() > 10, "{waits:?}");
}

#[tokio::test]
async fn f014_refusals_are_final() {
    let rows = [
        (400, Code::RegistryRefused),
        (401, Code::AuthRequired),
        (403, Code::AuthRefused),
        (404, Code::NotFound),
        (405, Code::RegistryRefused),
        (410, Code::RegistryRefused),
        (451, Code::RegistryRefused),
    ];
    let said = json!({ "errors": [{ "code": "OWN_CODE", "message": "closed on Sundays" }] });
    let on_layer = Scene::of_size(3000).on_layer();
    for (status, code) in rows {
        for (on, object) in [(On::manifests(), "manifest `latest`"), (on_layer.clone(), "blob `sha256:")] {
            let scene = Scene::of_size(3000);
            let fault =
                Fault::status(status).header("Content-Type", "application/json").body(said.to_string());
            scene.registry.fault(on.clone(), fault);
            let pulled = scene.pull().await;
            let error = pulled.refused(&scene, code, &scene.host);
            assert!(error.message().contains(object), "{status}: {error:?}");
            assert!(error.causes()[0].contains("closed on Sundays"), "{status}: {error:?}");
            assert_eq!(scene.registry.count(&on), 1, "{status}: {}", scene.registry.transcript());
            assert!(pulled.waits().is_empty(), "{status}");
        }
    }
}

#[tokio::test]
async fn f015_a_captive_portal_is_no_registry() {
    let page = "  <!doctype html><p>Welcome to our hotel</p>";
    let portal = Server::start(move |_| Reply::status(200).with("Content-Type", "text/html").body(page));
    let on_layer = Scene::of_size(3000).on_layer();
    let mislabelled = Fault::status(200).header("Content-Type", "application/json").body(page);
    let rows = [
        ("instead of the manifest", On::manifests(), Fault::captive_portal()),
        ("instead of the layer", on_layer.clone(), Fault::captive_portal()),
        ("without the right type", On::manifests(), mislabelled),
        ("with 403", On::manifests(), Fault::status(403).header("Content-Type", "text/html").body(page)),
        ("with 404 for the layer", on_layer.clone(), Fault::status(404).body(page)),
        ("with 511", On::manifests(), Fault::status(511).header("Content-Type", "text/html").body(page)),
        ("by redirect", On::any("*"), Fault::redirect(&portal.url("/login"))),
        ("by redirect, of the layer", on_layer, Fault::redirect(&portal.url("/login"))),
    ];
    for (name, on, fault) in rows {
        let scene = Scene::of_size(3000);
        scene.registry.fault(on.clone(), fault);
        let pulled = scene.pull().await;
        let error = pulled.refused(&scene, Code::NotARegistry, "127.0.0.1:");
        assert!(error.message().contains("web page"), "{name}: {error:?}");
        assert!(error.hint().unwrap().contains("browser"), "{name}: {error:?}");
        assert_eq!(scene.registry.count(&on), 1, "{name}");
        assert_eq!(scene.kept(), 0, "{name}");
    }
    let scene = Scene::of_size(3000);
    scene.registry.fault(On::any("*"), Fault::captive_portal());
    let error = scene.client().ping(None).await.unwrap_err();
    assert_eq!(error.code(), Code::NotARegistry);
    let error = scene.client().tags(scene.reference().repository(), None).await.unwrap_err();
    assert_eq!(error.code(), Code::NotARegistry);
}

#[tokio::test]
async fn f016_a_huge_error_body_is_read_to_its_cap() {
    for (name, fault) in
        [("of a told length", Fault::status(403)), ("in chunks", Fault::status(403).chunked())]
    {
        let scene = Scene::of_size(3000);
        scene.registry.fault(On::manifests(), fault.endless(1 << 30));
        let pulled = scene.pull().await;
        pulled.refused(&scene, Code::AuthRefused, &scene.host);
        assert!(pulled.took < Duration::from_secs(2), "{name}: {:?}", pulled.took);
        // One read of the socket may go beyond the cap; what it brings is not kept.
        let received = pulled.exchanges[0].received;
        assert!(received <= 64 * KIB + 512 * KIB, "{name}: {received} bytes were read");
        let kept = pulled.exchanges[0].body.as_ref().map_or(0, String::len);
        assert!(kept as u64 <= 64 * KIB, "{name}: {kept} bytes are in the record");
        // The rest is what the two kernels hold between them.
        let sent = scene.registry.sent(&On::manifests());
        assert!(sent < 24 * MIB, "{name}: {sent} bytes were sent");
    }
}

#[tokio::test]
async fn f017_heads_that_are_huge_or_garbled_are_refused() {
    let head =
        |line: &str| format!("HTTP/1.1 200 OK\r\n{line}\r\nContent-Length: 2\r\n\r\n{{}}").into_bytes();
    let many: String = (0..5000).map(|at| format!("X-{at}: 1\r\n")).collect();
    let rows = [
        ("no status line", b"what?\r\n\r\n".to_vec()),
        ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        ("HTTP of another age", b"HTTP/9.1 200 OK\r\n\r\n".to_vec()),
        ("a status that is no number", b"HTTP/1.1 okay fine\r\n\r\n".to_vec()),
        ("a header of 4 MiB", head(&format!("X-Long: {}", "y".repeat(4 << 20)))),
        ("5,000 headers", head(many.trim_end())),
        ("a header without a colon", head("no colon here")),
        ("a NUL", head("X-Nul: a\0b")),
        ("two lengths", head("Content-Length: 7")),
        ("a length that is no number", b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}".to_vec()),
        ("a negative length", b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}".to_vec()),
        (
            "a length beyond 64 bits",
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}".to_vec(),
        ),
    ];
    for (name, answer) in rows {
        let script = Script::start([Step::ReadHead, Step::Send(answer.into())]);
        let scene = Scene::of_size(3000).named_at("registry.test", &script.host()).marked_plain();
        let pulled = scene.pull().await;
        assert!(pulled.result.is_err(), "{name}");
        let error = pulled.result.as_ref().unwrap_err();
        assert_eq!(error.code(), Code::ProtocolViolation, "{name}: {error:?}");
        pulled.refused(&scene, Code::ProtocolViolation, &scene.host);
        assert!(!error.causes().is_empty(), "{name}");
        assert_eq!(script.received().len(), 1, "{name}: tries");
    }
    // On loopback TLS is tried too, and the first failure is told.
    let script = Script::answering("SSH-2.0-OpenSSH_9.2\r\n");
    let mut scene = Scene::of_size(3000).at(&script.host());
    scene.options.connect_timeout = Duration::from_millis(600);
    scene.pull().await.refused(&scene, Code::ProtocolViolation, &scene.host);
}

#[tokio::test]
async fn f017_a_head_with_any_byte_changed_is_read_or_refused() {
    let scene = Scene::of_size(3000);
    let root = &scene.image.root;
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\nDocker-Content-Digest: {}\r\n\r\n",
        root.media_type,
        root.size(),
        root.digest
    );
    let good = [head.as_bytes(), &root.bytes].concat();
    for at in (0..head.len()).step_by(3) {
        for byte in [0, b'\n', b'9', 0xff] {
            let mut answer = good.clone();
            answer[at] = byte;
            let script = Script::answering(answer);
            let scene = Scene::of_size(3000).named_at("registry.test", &script.host()).marked_plain();
            let client = scene.client();
            let asked = client.manifest(scene.reference().repository(), root.digest.as_str(), None).await;
            match asked {
                Ok(manifest) => assert_eq!(manifest.bytes, root.bytes, "byte {byte} at {at}"),
                Err(error) => assert_ne!(error.code(), Code::Internal, "byte {byte} at {at}: {error:?}"),
            }
        }
    }
}

#[tokio::test]
async fn f017_a_head_that_never_ends_is_given_up() {
    let drip = Step::Drip(vec![b'a'; 4000].into(), Duration::from_millis(20));
    let script = Script::start([Step::ReadHead, Step::send("HTTP/1.1 200 OK\r\nX-Slow: "), drip]);
    let scene = Scene::of_size(3000).at(&script.host()).stall(Duration::from_millis(300));
    let pulled = scene.pull().await;
    pulled.refused(&scene, Code::Timeout, &scene.host);
    assert_eq!(script.received().len(), 4, "the whole head has the time of a stall");
}
