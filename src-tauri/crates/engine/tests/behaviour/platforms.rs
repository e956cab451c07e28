//! Choosing among an index's platforms, and looking at images (rows 65 to 67).

use engine::Code;
use engine::endpoint::Target;
use engine::image::{Image as Shown, inspect};
use engine::job::Job;
use oci::platform::Platform;
use serde_json::json;
use testkit::image::{Family, Image, Layer};
use testkit::server::{Fault, On};

use crate::scene::{Scene, check_error};

fn for_platform(platform: &str) -> Image {
    let seed = platform.bytes().map(u64::from).sum();
    Image::builder(Family::Oci).platform(platform).layer(Layer::noise(seed, 3000)).build()
}

/// amd64, two arms, and an attestation of the first.
fn several() -> ([Image; 3], Image, Image) {
    let images = ["linux/amd64", "linux/arm64/v8", "linux/arm/v7"].map(for_platform);
    let (attestation, entry) = Image::attestation(&images[0]);
    let [a, b, c] = &images;
    let index = Image::index_edited(Family::Oci, &[a, b, c, &attestation], |index| {
        index["manifests"][3] = entry;
    });
    (images, attestation, index)
}

async fn look(scene: &Scene, wanted: Option<&str>) -> engine::Result<Shown> {
    let wanted: Option<Platform> = wanted.map(|it| it.parse().unwrap());
    let source = scene.engine().source(&scene.reference());
    inspect(&source, &Target::Named(scene.reference()), wanted.as_ref(), &Job::silent()).await
}

#[tokio::test]
async fn one_platform_is_fetched_and_the_index_kept_whole() {
    let ([amd64, arm64, _], attestation, index) = several();
    let scene = Scene::open(index);
    let pulled = scene.pull().await;
    let outcome = pulled.succeeded(&scene);
    assert_eq!(&outcome.root.digest, scene.image.digest(), "the name points to the index as it is");
    assert!(scene.store.is_complete(&outcome.root));
    for object in amd64.blobs.iter().chain([&amd64.root]) {
        assert_eq!(scene.store.blob_size(&object.digest).unwrap(), Some(object.size()));
    }
    for other in [&arm64, &attestation] {
        assert_eq!(scene.store.blob_size(other.digest()).unwrap(), None);
        assert_eq!(scene.registry.count(&On::manifest(other.digest().as_str())), 0);
    }
    assert_eq!(scene.blob_requests(), amd64.blobs.len());
    let (_, total, _) = pulled.plan();
    assert_eq!(total, amd64.blob_bytes());
}

#[tokio::test]
async fn all_platforms_are_fetched_attestations_too() {
    let (_, _, index) = several();
    let scene = Scene::open(index);
    let pulled = scene.pull_all().await;
    pulled.whole(&scene);
    assert_eq!(pulled.plan().1, scene.image.blob_bytes());
    assert_eq!(scene.registry.count(&On::manifests()), 5);
}

#[tokio::test]
async fn a_nested_index_is_followed() {
    let (_, _, inner) = several();
    let scene = Scene::open(Image::index(Family::Oci, &[&inner]));
    let pulled = scene.pull().await;
    pulled.succeeded(&scene);
    let shown = look(&scene, Some("linux/arm64")).await.unwrap();
    assert_eq!(shown.manifest.unwrap().platform.unwrap().to_string(), "linux/arm64/v8");
    let shown = look(&scene, None).await.unwrap();
    assert!(shown.manifest.is_some(), "{:?}", shown.flags);
}

#[tokio::test]
async fn f065_a_platform_that_is_missing_is_refused_with_those_there_are() {
    let images = ["windows/amd64", "linux/s390x"].map(for_platform);
    let scene = Scene::open(Image::index(Family::Oci, &[&images[0], &images[1]]));
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, Code::PlatformMissing, "linux/amd64");
    assert_eq!(error.choices(), ["windows/amd64", "linux/s390x"]);
    assert!(error.message().contains("`linux/s390x`"), "{error:?}");
    assert!(error.hint().unwrap().contains("--platform windows/amd64"), "{error:?}");
    assert_eq!(scene.blob_requests(), 0);
    assert_eq!(scene.registry.count(&On::manifests()), 1);

    let result = look(&scene, Some("linux/amd64")).await;
    let error = check_error(result.as_ref(), Code::PlatformMissing, "linux/amd64");
    assert_eq!(error.choices(), ["windows/amd64", "linux/s390x"]);
    let shown = look(&scene, None).await.unwrap();
    assert_eq!(shown.manifest.unwrap().platform.unwrap().to_string(), "windows/amd64", "the first is shown");
}

#[tokio::test]
async fn f065_entries_without_a_platform_are_chosen_only_alone() {
    let mut nameless = for_platform("linux/amd64");
    nameless.platform = None;
    let scene = Scene::open(Image::index(Family::Oci, &[&nameless]));
    scene.pull().await.whole(&scene);

    let mut second = for_platform("linux/arm64");
    second.platform = None;
    let scene = Scene::open(Image::index(Family::Oci, &[&nameless, &second]));
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, Code::PlatformMissing, "linux/amd64");
    assert_eq!(error.choices(), <[String; 0]>::default());
    assert!(error.hint().unwrap().contains("by digest"), "{error:?}");

    let unknown = for_platform("unknown/unknown");
    let scene = Scene::open(Image::index(Family::Oci, &[&unknown, &for_platform("linux/arm64")]));
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, Code::PlatformMissing, "linux/amd64");
    assert_eq!(error.choices(), ["linux/arm64"], "unknown/unknown is no choice");
}

#[tokio::test]
async fn f066_f067_odd_configs_are_flagged_and_the_image_still_shown() {
    let with = |edit: fn(&mut serde_json::Value)| {
        Image::builder(Family::Oci).layer(Layer::noise(1, 3000)).edit_config(edit).build()
    };
    let rows = [
        ("f066 no diff_ids", with(|it| it["rootfs"]["diff_ids"] = json!([])), true),
        ("f066 too much history", with(|it| it["history"] = json!([{}, {}, {}])), true),
        ("f067 env is a number", with(|it| it["config"]["Env"] = json!(7)), true),
        ("f067 no object", with(|it| *it = json!("config")), false),
    ];
    for (name, image, readable) in rows {
        let scene = Scene::open(image);
        let shown = look(&scene, None).await.unwrap();
        assert!(!shown.flags.is_empty(), "{name} is flagged");
        let manifest = shown.manifest.unwrap();
        assert_eq!(manifest.config.is_some(), readable, "{name}: {:?}", shown.flags);
        assert_eq!(manifest.steps().iter().filter(|step| step.layer.is_some()).count(), 1, "{name}");
        scene.pull().await.whole(&scene);
    }
}

#[tokio::test]
async fn a_config_that_is_damaged_or_gone_leaves_the_rest_to_look_at() {
    let scene = Scene::open(Image::tiny("x"));
    let config = scene.image.blobs[0].clone();
    scene.registry.remove("team/app", &config.digest);
    let shown = look(&scene, None).await.unwrap();
    assert!(shown.flags[0].contains("config can't be read"), "{:?}", shown.flags);
    assert_eq!(shown.manifest.unwrap().steps().len(), 1);

    let same_length = vec![b' '; config.bytes.len()];
    let lie = testkit::image::Object::misnamed(&config.media_type, config.digest.clone(), same_length);
    scene.registry.put_blob("team/app", lie);
    let shown = look(&scene, None).await.unwrap();
    assert!(shown.flags[0].contains("config can't be read"), "{:?}", shown.flags);
}

#[tokio::test]
async fn f002_a_config_that_breaks_off_is_asked_for_again() {
    let scene = Scene::open(Image::tiny("x"));
    let config = scene.image.blobs[0].digest.clone();
    scene.registry.fault(On::blob(&config).first(2), Fault::new().reset_after(5));
    let shown = look(&scene, None).await.unwrap();
    assert!(shown.flags.is_empty() && shown.manifest.unwrap().config.is_some(), "{:?}", shown.flags);
    assert_eq!(scene.registry.count(&On::blob(&config)), 3);

    scene.registry.fault(On::blob(&config), Fault::new().reset_after(5));
    let error = look(&scene, None).await.unwrap_err();
    assert_eq!(error.code(), Code::ConnectionLost, "it is no fault of the config: {error:?}");
}

#[tokio::test]
async fn a_look_is_given_up_while_the_config_is_awaited() {
    let scene = Scene::open(Image::tiny("x"));
    scene.registry.fault(On::blob(&scene.image.blobs[0].digest), Fault::new().stall_after(5));
    let (source, job) = (scene.engine().source(&scene.reference()), Job::silent());
    let target = Target::Named(scene.reference());
    let looking = inspect(&source, &target, None, &job);
    let given_up = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        job.cancel();
    };
    let (looked, ()) = tokio::join!(looking, given_up);
    assert_eq!(looked.unwrap_err().code(), Code::Cancelled);
}
