//! The tag: last, moved knowingly, and what another push does to it meanwhile (rows 116 and 128).

use std::time::Duration;

use engine::Code;
use engine::transfer::Platforms;
use testkit::image::Image;
use testkit::server::{Fault, On};

use crate::scene::{REPOSITORY, Scene, layered};

#[tokio::test]
async fn the_digest_that_a_tag_had_before_is_told() {
    let scene = Scene::open();
    let (first, second) = (layered(1, 1), layered(2, 1));
    scene.push(&first).await.succeeded(&scene);
    let moved = scene.push(&second).await;
    assert_eq!(moved.succeeded(&scene).previous.as_ref(), Some(first.digest()));
    assert!(moved.warnings().is_empty(), "{:?}", moved.warnings());
    scene.check_has(&second);
}

#[tokio::test]
async fn f128_a_push_that_comes_between_is_told() {
    let scene = Scene::open();
    let (mine, theirs) = (layered(1, 2), layered(2, 1));
    let name = scene.store(&mine);
    scene.registry.fault(On::put("/v2/*/blobs/uploads/*"), Fault::new().delay(Duration::from_millis(300)));
    let running = scene.engine().start_push(&name);
    let first = |it: &testkit::server::Exchange| it.request.method == "PUT";
    scene.registry.until(|log| log.iter().any(first)).await;
    scene.registry.put(REPOSITORY, "latest", &theirs);
    let pushed = running.end().await;
    pushed.succeeded(&scene);
    let [warning] = pushed.warnings()[..] else { panic!("not one warning: {:?}", pushed.warnings()) };
    assert!(warning.contains(theirs.digest().as_str()) && warning.contains("another push"), "{warning}");
    assert_eq!(pushed.result.unwrap().previous.as_ref(), Some(theirs.digest()));
    scene.check_has(&mine);
}

#[tokio::test]
async fn f128_two_pushes_of_the_same_image_to_one_tag_warn_of_nothing() {
    let scene = Scene::open();
    let image = layered(1, 2);
    let name = scene.store(&image);
    let running = [scene.engine().start_push(&name), scene.engine().start_push(&name)];
    for one in running {
        let pushed = one.end().await;
        pushed.succeeded(&scene);
        assert!(pushed.warnings().is_empty(), "{:?}", pushed.warnings());
    }
    scene.check_has(&image);
}

#[tokio::test]
async fn f116_a_push_that_fails_leaves_no_tag() {
    let scene = Scene::open();
    let image = Image::index(testkit::image::Family::Oci, &[&layered(1, 2), &layered(2, 2)]);
    let child = image.manifests[1].digest.clone();
    scene.registry.fault(On::put(&format!("/v2/*/manifests/{child}")), Fault::status(500));
    let pushed = scene.push(&image).await;
    pushed.refused(Code::RegistryFailed, scene.registry.host().as_str());
    scene.check_nothing_published();
    scene.registry.heal();
    scene.push(&image).await.succeeded(&scene);
    scene.check_has(&image);
    let puts = scene.registry.requests(&On::put("/v2/*/manifests/*"));
    assert!(puts.last().unwrap().request.path.ends_with("/latest"), "the tag comes last");
}

#[tokio::test]
async fn a_destination_with_another_digest_is_refused() {
    let scene = Scene::open();
    let image = layered(1, 1);
    let name = scene.store(&image);
    let other = layered(2, 1).digest().clone();
    let to = name.with_digest(other.clone());
    let pushed = scene.engine().push_as(&name, &to, Platforms::Present, Default::default()).await;
    pushed.refused(Code::ContentMismatch, other.as_str());
    scene.check_nothing_published();
}
