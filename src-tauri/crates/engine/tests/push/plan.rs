//! What a push would do: asked, not done.

use engine::endpoint::Target;
use engine::job::Job;
use engine::push::{Fate, PushPlan, plan_push};
use engine::transfer::{Platforms, Request};
use oci::reference::Reference;
use testkit::auth::Guard;
use testkit::image::{Family, Image};
use testkit::server::{Fault, On};

use crate::scene::{REPOSITORY, Scene, layered, uploads};

async fn plan(scene: &Scene, from: &Reference, platforms: Platforms) -> PushPlan {
    let to = scene.destination();
    let mounts = scene.store.mounts(to.registry()).unwrap();
    let request = Request::new(Target::Named(from.clone()), platforms, Some(to.clone())).mounting(mounts);
    let client = scene.engine().client(&to);
    plan_push(&scene.store, &request, &client, &to, &Job::silent()).await.unwrap()
}

#[tokio::test]
async fn a_plan_says_what_is_there_what_is_mounted_and_what_goes_up_and_moves_nothing() {
    let scene = Scene::open();
    let (image, old) = (layered(1, 3), layered(2, 1));
    scene.registry.put(REPOSITORY, "latest", &old);
    scene.registry.put_blob(REPOSITORY, image.blobs[1].clone());
    scene.registry.put_blob("team/base", image.blobs[2].clone());
    let name = scene.store(&image);
    // The store knows the image under another name of the registry too.
    scene.store_as(&image, &scene.tagged("team/base", "v1"));
    let planned = plan(&scene, &name, Platforms::Present).await;
    let fates: Vec<Fate> = planned.blobs.iter().map(|blob| blob.fate.clone()).collect();
    let base = scene.tagged("team/base", "v1").repository().clone();
    assert_eq!(fates, [Fate::Upload, Fate::Exists, Fate::Mount(base), Fate::Upload]);
    assert_eq!(planned.upload_bytes(), image.blobs[0].size() + image.blobs[3].size());
    assert_eq!(
        (planned.exists_bytes(), planned.mount_bytes()),
        (image.blobs[1].size(), image.blobs[2].size())
    );
    assert_eq!(planned.previous.map(|it| it.digest).as_ref(), Some(old.digest()));
    assert_eq!((planned.may_push, planned.repository_exists), (Some(true), Some(true)));
    assert_eq!(planned.root.digest, *image.digest());
    assert_eq!(scene.uploaded(), 0);
    assert_eq!(scene.registry.open_uploads(), 0, "the upload that was begun is ended");
    assert_eq!(scene.registry.count(&uploads()[0]), 1, "one is begun, none is mounted");
    assert_eq!(scene.registry.tag(REPOSITORY, "latest").as_ref(), Some(old.digest()));
}

#[tokio::test]
async fn an_account_that_may_not_push_is_told_and_the_rest_of_the_plan_stays() {
    for (status, exists) in [(401, Some(true)), (403, Some(true)), (404, Some(false))] {
        let scene = Scene::open();
        let image = layered(1, 1);
        scene.registry.put(REPOSITORY, "latest", &image);
        scene.registry.fault(On::post("/v2/*/blobs/uploads/*"), Fault::status(status));
        let name = scene.store(&image);
        let planned = plan(&scene, &name, Platforms::Present).await;
        assert_eq!(planned.may_push, if status == 404 { None } else { Some(false) }, "{status}");
        assert_eq!(planned.repository_exists, exists, "{status}");
        let hint = planned.refusal.as_ref().and_then(engine::Error::hint).unwrap_or_default();
        let next = if status == 404 { "Create the repository" } else { "longshore login" };
        assert!(hint.contains(next), "{status}: {hint}");
        assert_eq!(planned.exists_bytes(), image.blob_bytes(), "{status}");
    }
}

#[tokio::test]
async fn without_an_account_the_plan_is_there_and_says_so() {
    let scene = Scene::guarded(Guard::basic("ann", "secret"));
    let image = layered(1, 1);
    let name = scene.store(&image);
    let planned = plan(&scene, &name, Platforms::Present).await;
    assert_eq!((planned.may_push, planned.repository_exists), (Some(false), None));
    assert_eq!(planned.upload_bytes(), image.blob_bytes());
}

#[tokio::test]
async fn a_new_repository_is_told_from_one_that_is_there() {
    let scene = Scene::open();
    let name = scene.store(&layered(1, 1));
    assert_eq!(plan(&scene, &name, Platforms::Present).await.repository_exists, Some(false));
}

#[tokio::test]
async fn platforms_that_the_tag_would_lose_are_told() {
    let scene = Scene::open();
    let arm = Image::builder(Family::Oci).platform("linux/arm64").build();
    let (amd, other) = (layered(1, 1), layered(2, 1));
    scene.registry.put(REPOSITORY, "latest", &Image::index(Family::Oci, &[&amd, &arm]));
    let name = scene.store(&other);
    let planned = plan(&scene, &name, Platforms::Present).await;
    assert_eq!(planned.lost_platforms, ["linux/arm64".parse().unwrap()]);
    assert!(planned.warnings.iter().any(|warning| warning.contains("linux/arm64")), "{:?}", planned.warnings);
}
