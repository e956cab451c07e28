//! Bodies of the wrong length, of no told length, or changed on the way.

use engine::Code;
use testkit::server::{Fault, On};

use crate::scene::{MIB, Scene};

#[tokio::test]
async fn f006_a_body_longer_than_its_descriptor_is_refused() {
    let rows = [
        ("by one byte, announced", Fault::new().longer_by(1), "announces"),
        ("by one byte, unannounced", Fault::new().longer_by(1).chunked(), "goes on beyond"),
        ("by much, to the end", Fault::new().longer_by(90_000).until_close(), "goes on beyond"),
    ];
    for (name, fault, says) in rows {
        let scene = Scene::of_size(30_000);
        scene.registry.fault(scene.on_layer(), fault);
        let pulled = scene.pull().await;
        let error = pulled.refused(&scene, Code::ContentMismatch, scene.layer().digest.short());
        assert!(error.message().contains(says), "{name}: {error:?}");
        assert_eq!(error.digest(), Some(&scene.layer().digest), "{name}");
        let shown = pulled.exchanges.iter().find(|it| Some(it.id) == error.exchange());
        assert!(shown.is_some_and(|it| it.failed), "{name}: the exchange that shows it: {shown:?}");
        assert_eq!(scene.layer_requests(), 1, "{name}: nothing to gain from another try");
        assert_eq!(scene.kept(), 0, "{name}: none of it can be right");
    }
}

#[tokio::test]
async fn f006_an_endless_body_is_read_no_further_than_its_descriptor() {
    let scene = Scene::of_size(30_000);
    scene.registry.fault(scene.on_layer(), Fault::new().endless(1 << 30).chunked());
    let pulled = scene.pull().await;
    pulled.refused(&scene, Code::ContentMismatch, scene.layer().digest.short());
    let exchange =
        pulled.exchanges.iter().find(|it| it.path.contains(scene.layer().digest.as_str())).unwrap();
    assert!(exchange.received < 2 * MIB, "{} bytes were read", exchange.received);
    // What the server could put into the kernel's buffers is gone too, and no more than that.
    assert!(scene.registry.sent(&scene.on_layer()) < 32 * MIB, "{}", scene.registry.transcript());
}

#[tokio::test]
async fn f007_without_a_content_length_the_descriptor_is_the_measure() {
    for (name, fault) in [("chunks", Fault::new().chunked()), ("until the end", Fault::new().until_close())] {
        let scene = Scene::of_size(30_000);
        scene.registry.fault(On::any("*"), fault);
        let pulled = scene.pull().await;
        assert!(pulled.result.is_ok(), "{name}: {:?}", pulled.result);
        pulled.whole(&scene);
        assert_eq!(scene.registry.log().len(), 3, "{name}");
    }
}

#[tokio::test]
async fn f021_a_content_encoding_is_refused() {
    let on_layer = Scene::of_size(30_000).on_layer();
    for (name, on) in [("manifest", On::manifests()), ("layer", on_layer)] {
        for encoding in ["gzip", "x-own"] {
            let scene = Scene::of_size(30_000);
            scene.registry.fault(on.clone(), Fault::new().header("Content-Encoding", encoding));
            let pulled = scene.pull().await;
            let error = pulled.refused(&scene, Code::ProtocolViolation, &scene.host);
            assert!(error.message().contains(&format!("`{encoding}`")), "{name}: {error:?}");
            assert!(error.hint().unwrap().contains("proxy"), "{name}: {error:?}");
            assert_eq!(scene.registry.count(&on), 1, "{name}: {}", scene.registry.transcript());
            assert!(pulled.waits().is_empty(), "{name}");
        }
    }
    let scene = Scene::of_size(30_000);
    scene.registry.fault(On::any("*"), Fault::new().header("Content-Encoding", "identity"));
    scene.pull().await.whole(&scene);
    let asked = |it: &testkit::server::Exchange| it.request.header("accept-encoding") == Some("identity");
    assert!(scene.registry.log().iter().all(asked), "no request may invite an encoding");
}
