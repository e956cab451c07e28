//! Facts about tags, and the registry's limit.

use std::time::Duration;

use engine::Code;
use engine::job::Job;
use engine::registry::describe::{AT_ONCE, TagFacts};
use oci::artifact::Kind;
use oci::media_type::OCI_EMPTY;
use oci::name::{Registry as RegistryName, RepositoryName};
use oci::platform::Platform;
use oci::reference::Tag;
use serde_json::json;
use testkit::hub::Hub;
use testkit::image::{Family, Image, Layer};
use testkit::server::{Fault, On};

use crate::scene::{Engine, REPOSITORY, Scene};

async fn facts(engine: &Engine, scene: &Scene, tag: &str, wanted: Option<&str>) -> engine::Result<TagFacts> {
    let reference = scene.tagged(REPOSITORY, tag);
    let wanted: Option<Platform> = wanted.map(|wanted| wanted.parse().unwrap());
    let client = engine.client(&reference);
    client.describe(reference.repository(), reference.tag().unwrap(), wanted.as_ref(), None).await
}

fn of_platform(platform: &str, size: usize, created: &'static str) -> Image {
    Image::builder(Family::Oci)
        .platform(platform)
        .layer(Layer::noise(size as u64, size))
        .edit_config(move |config| config["created"] = json!(created))
        .build()
}

#[tokio::test]
async fn an_image_an_index_and_an_artifact_are_described() {
    let amd = of_platform("linux/amd64", 1000, "2026-01-01T00:00:00Z");
    let arm = of_platform("linux/arm64", 5000, "2026-02-02T00:00:00Z");
    let both = Image::index(Family::Oci, &[&amd, &arm]);
    let artifact = Image::builder(Family::Oci)
        .layer(Layer::noise(9, 300))
        .edit_manifest(|manifest| {
            manifest["artifactType"] = json!("application/spdx+json");
            manifest["config"]["mediaType"] = json!(OCI_EMPTY);
            manifest["annotations"] = json!({ "org.opencontainers.image.created": "2025-05-05T05:05:05Z" });
        })
        .build();
    let scene = Scene::open(amd.clone());
    scene.registry.put(REPOSITORY, "both", &both);
    scene.registry.put(REPOSITORY, "sbom", &artifact);
    let engine = scene.engine();

    let told = facts(&engine, &scene, "latest", None).await.unwrap();
    assert_eq!(told.descriptor, amd.descriptor());
    let details = told.details.unwrap();
    assert_eq!((details.kind, details.size), (Kind::Image, Some(amd.blob_bytes())));
    assert_eq!(details.created.as_deref(), Some("2026-01-01T00:00:00Z"));
    assert_eq!(details.platforms, ["linux/amd64".parse().unwrap()]);

    for (wanted, platform, image) in [
        (None, "linux/amd64", &amd),
        (Some("linux/arm64"), "linux/arm64", &arm),
        (Some("linux/s390x"), "linux/amd64", &amd),
    ] {
        let details = facts(&engine, &scene, "both", wanted).await.unwrap().details.unwrap();
        assert_eq!((details.kind, details.size), (Kind::Index, Some(image.blob_bytes())), "{wanted:?}");
        assert_eq!(details.platform, Some(platform.parse().unwrap()), "{wanted:?}");
        assert_eq!(details.platforms.len(), 2);
    }

    let details = facts(&engine, &scene, "sbom", None).await.unwrap().details.unwrap();
    assert_eq!(details.kind, Kind::Artifact);
    assert_eq!(details.artifact_type.as_deref(), Some("application/spdx+json"));
    assert_eq!(details.created.as_deref(), Some("2025-05-05T05:05:05Z"));
    assert_eq!(facts(&engine, &scene, "none", None).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_digest_is_read_once_and_a_tag_each_time() {
    let scene = Scene::open(Image::tiny("x"));
    scene.registry.put(REPOSITORY, "same", &scene.image);
    let engine = scene.engine();
    for tag in ["latest", "same", "latest"] {
        facts(&engine, &scene, tag, None).await.unwrap();
    }
    assert_eq!(scene.registry.count(&On::head("/v2/*/manifests/*")), 3);
    assert_eq!(scene.registry.count(&On::manifests()), 1);
    assert_eq!(scene.registry.count(&On::blobs()), 1);
    // The tag moves: it is seen at once.
    scene.registry.put(REPOSITORY, "latest", &Image::tiny("y"));
    let told = facts(&engine, &scene, "latest", None).await.unwrap();
    assert_eq!(told.descriptor, Image::tiny("y").descriptor());
}

#[tokio::test]
async fn many_are_described_in_order_a_few_at_a_time_and_one_failure_stops_no_other() {
    let scene = Scene::open(Image::tiny("x"));
    let tags: Vec<Tag> = (0..40).map(|at| format!("t{at}").parse().unwrap()).collect();
    for tag in &tags {
        scene.registry.put(REPOSITORY, tag.as_str(), &Image::tiny(tag.as_str()));
    }
    scene.registry.fault(On::any("/v2/*/manifests/t7"), Fault::status(404));
    scene.registry.fault(On::head("/v2/*"), Fault::new().delay(Duration::from_millis(20)));
    let reference = scene.reference();
    let engine = scene.engine();
    let mut seen = Vec::new();
    let client = engine.client(&reference);
    let each =
        |at: usize, facts: engine::Result<TagFacts>| seen.push((at, facts.map(|it| it.descriptor.digest)));
    client.describe_each(reference.repository(), &tags, None, None, each).await.unwrap();
    assert_eq!(seen.iter().map(|(at, _)| *at).collect::<Vec<_>>(), (0..40).collect::<Vec<_>>());
    for (at, found) in &seen {
        match found {
            Err(error) => assert_eq!((*at, error.code()), (7, Code::NotFound)),
            Ok(digest) => assert_eq!(digest, Image::tiny(tags[*at].as_str()).digest()),
        }
    }
    assert!(scene.registry.connections() <= AT_ONCE as u64, "{} connections", scene.registry.connections());
}

#[tokio::test]
async fn describing_ends_when_it_is_cancelled() {
    let scene = Scene::open(Image::tiny("x"));
    scene.registry.fault(On::head("*"), Fault::silent());
    let (reference, job) = (scene.reference(), Job::silent());
    let engine = scene.engine();
    let client = engine.client(&reference);
    let tags = vec![Tag::latest(); 20];
    let describing = client.describe_each(reference.repository(), &tags, None, Some(&job), |_, _| {});
    let cancel = async {
        scene.registry.until(|log| !log.is_empty()).await;
        job.cancel();
    };
    let (described, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(1), describing), cancel);
    assert_eq!(described.unwrap().unwrap_err().code(), Code::Cancelled);
}

#[tokio::test]
async fn a_list_does_not_use_up_the_limit() {
    let scene = Scene::open(Image::tiny("x"));
    scene.registry.put(REPOSITORY, "other", &Image::tiny("y"));
    let limited = |remaining: &str| {
        Fault::new()
            .header("RateLimit-Limit", "100;w=21600")
            .header("RateLimit-Remaining", remaining)
            .header("Docker-RateLimit-Source", "192.0.2.7")
    };
    let engine = scene.engine();
    let client = engine.client(&scene.reference());
    assert_eq!(client.rate_limit(), None);
    scene.registry.fault(On::any("/v2/*/manifests/latest"), limited("51;w=21600"));
    assert!(facts(&engine, &scene, "latest", None).await.unwrap().details.is_some());
    let limit = client.rate_limit().unwrap();
    assert_eq!((limit.limit, limit.remaining, limit.source.as_deref()), (100, 51, Some("192.0.2.7")));
    scene.registry.fault(On::any("/v2/*/manifests/other"), limited("50;w=21600"));
    let spared = facts(&engine, &scene, "other", None).await.unwrap();
    assert_eq!(spared.descriptor, Image::tiny("y").descriptor(), "a HEAD is free");
    assert!(spared.details.is_none());
    assert_eq!(scene.registry.count(&On::manifests()), 1);
    let known = facts(&engine, &scene, "latest", None).await.unwrap();
    assert!(known.details.is_some(), "what is known is told all the same");
}

#[tokio::test]
async fn docker_hub_is_asked_for_the_limit_by_a_head_and_no_other_registry_is() {
    let hub = Hub::builder().limit(100).start();
    hub.put("ratelimitpreview/test", "latest", &Image::tiny("preview"));
    let mut scene = Scene::open(Image::tiny("x"));
    scene.options.network.hosts.extend(hub.hosts());
    scene.options.extra_roots.push(hub.authority_pem());
    let engine = scene.engine();
    let client = engine.registries.client(&RegistryName::docker_hub());
    let limit = client.ask_rate_limit(None).await.unwrap().unwrap();
    assert_eq!((limit.limit, limit.remaining), (100, 100), "asking costs nothing");
    assert_eq!(limit.window, Some(Duration::from_secs(21_600)));
    assert_eq!(client.rate_limit(), Some(limit));

    let client = engine.client(&scene.reference());
    assert_eq!(client.ask_rate_limit(None).await.unwrap(), None);
    assert!(scene.registry.log().is_empty());
}

#[tokio::test]
async fn a_list_of_docker_hub_leaves_half_of_the_limit() {
    let hub = Hub::builder().limit(20).start();
    let tags: Vec<Tag> = (0..30).map(|at| format!("t{at}").parse().unwrap()).collect();
    tags.iter().for_each(|tag| hub.put("library/app", tag.as_str(), &Image::tiny(tag.as_str())));
    let mut scene = Scene::open(Image::tiny("x"));
    scene.options.network.hosts.extend(hub.hosts());
    scene.options.extra_roots.push(hub.authority_pem());
    let engine = scene.engine();
    let repository: RepositoryName = "app".parse().unwrap();
    let client = engine.registries.client(repository.registry());
    let mut described = Vec::new();
    let each = |_, facts: engine::Result<TagFacts>| described.push(facts.unwrap());
    client.describe_each(&repository, &tags, None, None, each).await.unwrap();
    assert_eq!(described.len(), tags.len());
    let with_details = described.iter().filter(|facts| facts.details.is_some()).count();
    assert!((1..=10 + AT_ONCE).contains(&with_details), "{with_details}");
    assert!(hub.remaining() + AT_ONCE as u64 >= 10, "{} are left", hub.remaining());
    for (facts, tag) in described.iter().zip(&tags) {
        assert_eq!(facts.descriptor.digest, *Image::tiny(tag.as_str()).digest(), "each has its digest");
    }
}
