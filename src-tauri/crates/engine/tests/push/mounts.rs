//! Blobs that another repository of the registry has (row 114).

use engine::endpoint::Mounts;
use engine::job::Settlement;
use engine::transfer::Platforms;
use oci::name::RepositoryName;
use testkit::image::Image;
use testkit::server::{Fault, On};

use crate::scene::{Pushed, REPOSITORY, Scene, layered, uploads};

fn repository(scene: &Scene, path: &str) -> RepositoryName {
    format!("{}/{path}", scene.host).parse().unwrap()
}

/// Pushes to team/app, where `from` may have the blobs.
async fn push_mounting(scene: &Scene, image: &Image, from: &str) -> Pushed {
    let name = scene.store(image);
    let mounts = Mounts::any_of([repository(scene, from)]);
    scene.engine().push_as(&name, &name, Platforms::Present, mounts).await
}

#[tokio::test]
async fn what_another_repository_has_is_mounted() {
    let scene = Scene::open();
    let image = layered(1, 3);
    scene.registry.put_untagged("team/base", &image);
    let pushed = push_mounting(&scene, &image, "team/base").await;
    let outcome = pushed.succeeded(&scene);
    assert_eq!((outcome.moved, outcome.mounted), (0, image.blob_bytes()));
    scene.check_has(&image);
    let [posts, patches, puts] = uploads().map(|on| scene.registry.count(&on));
    assert_eq!((posts, patches, puts), (4, 0, 0), "one request for each blob, and none with bytes");
    let from = repository(&scene, "team/base");
    assert!(pushed.settled().iter().all(|(_, it)| *it == Settlement::Mounted { from: from.clone() }));
}

#[tokio::test]
async fn f114_a_mount_that_gives_202_goes_on_in_its_session() {
    let scene = Scene::open();
    scene.registry.habits(|habits| habits.no_mounts = true);
    let image = layered(1, 3);
    scene.registry.put_untagged("team/base", &image);
    let pushed = push_mounting(&scene, &image, "team/base").await;
    assert_eq!(pushed.succeeded(&scene).moved, image.blob_bytes());
    scene.check_has(&image);
    let [posts, _, puts] = uploads().map(|on| scene.registry.count(&on));
    assert_eq!((posts, puts), (4, 4), "no second session is begun");
}

#[tokio::test]
async fn a_mount_that_is_refused_or_unknown_is_an_upload() {
    for status in [400, 401, 403, 404, 405] {
        let scene = Scene::open();
        let image = layered(1, 1);
        scene.registry.put_untagged("team/base", &image);
        scene.registry.fault(On::post("/v2/*/blobs/uploads/?mount=*"), Fault::status(status));
        let pushed = push_mounting(&scene, &image, "team/base").await;
        assert_eq!(pushed.succeeded(&scene).moved, image.blob_bytes(), "{status}");
        scene.check_has(&image);
    }
}

#[tokio::test]
async fn nothing_is_mounted_from_elsewhere() {
    let scene = Scene::open();
    let image = layered(1, 1);
    let name = scene.store(&image);
    let mounts = Mounts::any_of(["r.test/team/base".parse().unwrap(), repository(&scene, REPOSITORY)]);
    scene.engine().push_as(&name, &name, Platforms::Present, mounts).await.succeeded(&scene);
    assert_eq!(scene.registry.count(&On::post("/v2/*/blobs/uploads/?mount=*")), 0);
}

#[tokio::test]
async fn sessions_that_a_mount_began_are_ended_when_the_push_is_given_up() {
    let scene = Scene::open();
    scene.registry.habits(|habits| habits.no_mounts = true);
    let image = layered(1, 12);
    scene.registry.put_untagged("team/base", &image);
    scene.registry.fault(On::put("/v2/*/blobs/uploads/*"), Fault::status(400));
    let pushed = push_mounting(&scene, &image, "team/base").await;
    assert!(pushed.result.is_err());
    scene.check_nothing_published();
}
