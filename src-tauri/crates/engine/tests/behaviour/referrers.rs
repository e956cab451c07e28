//! What refers to an image: by the API, by the fallback tag, by cosign's tags, and inside its index.

use engine::Code;
use engine::error::Result;
use engine::registry::referrer::{Referrer, Referrers, Via, fallback_tag};
use oci::digest::Digest;
use oci::media_type::{OCI_EMPTY, OCI_INDEX};
use serde_json::{Value, json};
use testkit::image::{Family, Image, Layer, Object};
use testkit::server::{Fault, On};

use crate::scene::{REPOSITORY, Scene};

const SPDX: &str = "application/spdx+json";
const NOTATION: &str = "application/vnd.cncf.notary.signature";

async fn of(scene: &Scene, subject: &Digest, wanted: Option<&str>) -> Result<Referrers> {
    let reference = scene.reference();
    scene.engine().client(&reference).referrers(reference.repository(), subject, wanted, None).await
}

fn listed(name: &str, artifact_type: &str) -> Value {
    let object = Object::new(oci::media_type::OCI_MANIFEST, name.to_owned());
    let mut entry = object.descriptor_json();
    entry["artifactType"] = json!(artifact_type);
    entry["annotations"] = json!({ "org.opencontainers.image.created": "2026-01-02T03:04:05Z" });
    entry
}

fn index(entries: &[Value]) -> Value {
    json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries })
}

fn path(subject: &Digest) -> String {
    format!("/v2/{REPOSITORY}/referrers/{subject}")
}

/// Answers the API for a digest.
fn api(scene: &Scene, subject: &Digest, entries: &[Value]) {
    let body = index(entries).to_string();
    let answer = Fault::status(200).header("Content-Type", OCI_INDEX).body(body);
    scene.registry.fault(On::get(&path(subject)), answer);
}

fn labels(list: &[Referrer]) -> Vec<String> {
    list.iter().map(Referrer::label).collect()
}

#[tokio::test]
async fn the_api_is_read_in_pages_and_filtered_here_where_the_registry_does_not() {
    let scene = Scene::open(Image::tiny("x"));
    let subject = scene.image.digest().clone();
    let first = index(&[listed("a", SPDX), listed("b", NOTATION)]).to_string();
    let second = index(&[listed("b", NOTATION), listed("c", SPDX)]).to_string();
    let page = |body: String| Fault::status(200).header("Content-Type", OCI_INDEX).body(body);
    for round in 0..2 {
        let next = page(first.clone()).header("Link", "<?page=2>; rel=\"next\"");
        scene.registry.fault(On::get(&path(&subject)).nth(2 * round + 1), next);
        scene.registry.fault(On::get(&path(&subject)).nth(2 * round + 2), page(second.clone()));
    }
    let found = of(&scene, &subject, None).await.unwrap();
    assert_eq!(labels(&found.list), ["SBOM (SPDX)", "Signature (Notation)", "SBOM (SPDX)"]);
    assert!(found.api && !found.partial);
    assert!(found.list.iter().all(|it| it.via == Via::Api && it.subject == subject));
    assert_eq!(found.list[0].created(), Some("2026-01-02T03:04:05Z"));
    let found = of(&scene, &subject, Some(NOTATION)).await.unwrap();
    assert_eq!(labels(&found.list), ["Signature (Notation)"]);
    let asked = &scene.registry.requests(&On::get(&path(&subject)))[2].request;
    assert_eq!(asked.query_values("artifactType"), [NOTATION]);
}

#[tokio::test]
async fn a_registry_that_filters_is_believed() {
    let scene = Scene::open(Image::tiny("x"));
    let subject = scene.image.digest().clone();
    // Without the type in the entry, which the registry has compared itself.
    let mut entry = listed("a", SPDX);
    entry.as_object_mut().unwrap().remove("artifactType");
    let answer = Fault::status(200)
        .header("Content-Type", OCI_INDEX)
        .header("OCI-Filters-Applied", "artifactType")
        .body(index(&[entry]).to_string());
    scene.registry.fault(On::get(&path(&subject)), answer);
    assert_eq!(of(&scene, &subject, Some(SPDX)).await.unwrap().list.len(), 1);
}

#[tokio::test]
async fn f073_referrers_in_circles_end_and_are_told() {
    let scene = Scene::open(Image::tiny("x"));
    let subject = scene.image.digest().clone();
    let body = index(&[listed("a", SPDX)]).to_string();
    let answer = Fault::status(200)
        .header("Content-Type", OCI_INDEX)
        .header("Link", "<?again>; rel=\"next\"")
        .body(body);
    scene.registry.fault(On::get(&path(&subject)), answer);
    let found = of(&scene, &subject, None).await.unwrap();
    assert_eq!((found.list.len(), found.partial), (1, true));
    assert_eq!(scene.registry.count(&On::get(&path(&subject))), 2);
}

#[tokio::test]
async fn without_the_api_the_fallback_tag_is_read() {
    for (name, answer) in [
        ("not found", None),
        ("not allowed", Some(Fault::status(405))),
        ("a page for people", Some(Fault::captive_portal())),
    ] {
        let scene = Scene::open(Image::tiny("x"));
        let subject = scene.image.digest().clone();
        if let Some(answer) = answer {
            scene.registry.fault(On::get(&path(&subject)), answer);
        }
        let none = of(&scene, &subject, None).await.unwrap();
        assert!(none.list.is_empty() && !none.api, "{name}");
        let tag = fallback_tag(&subject);
        let body = index(&[listed("a", SPDX), listed("b", NOTATION)]).to_string();
        let kept = Image::from_parts(Object::new(OCI_INDEX, body), vec![], vec![]);
        scene.registry.put(REPOSITORY, tag.as_str(), &kept);
        let found = of(&scene, &subject, None).await.unwrap();
        assert_eq!(labels(&found.list), ["SBOM (SPDX)", "Signature (Notation)"], "{name}");
        assert!(found.list.iter().all(|it| it.via == Via::Tag(tag.clone())), "{name}");
        let found = of(&scene, &subject, Some(SPDX)).await.unwrap();
        assert_eq!(labels(&found.list), ["SBOM (SPDX)"], "{name}");
    }
}

#[tokio::test]
async fn cosigns_tags_are_found() {
    let scene = Scene::open(Image::tiny("x"));
    let subject = scene.image.digest().clone();
    for suffix in ["sig", "att", "sbom"] {
        scene.registry.put(REPOSITORY, &format!("sha256-{}.{suffix}", subject.hex()), &Image::tiny(suffix));
    }
    let found = of(&scene, &subject, None).await.unwrap();
    assert_eq!(labels(&found.list), ["Signature (cosign)", "Attestation (cosign)", "SBOM (cosign)"]);
    assert_eq!(found.list[0].descriptor.digest, *Image::tiny("sig").digest());
    assert!(found.list.iter().all(|it| matches!(it.via, Via::Cosign(_))));
}

#[tokio::test]
async fn attestations_fold_under_their_platform_and_children_are_asked_about() {
    let of_platform = |platform: &str, seed| {
        Image::builder(Family::Oci).platform(platform).layer(Layer::noise(seed, 1000)).build()
    };
    let (amd, arm) = (of_platform("linux/amd64", 1), of_platform("linux/arm64", 2));
    let statement = Object::new("application/vnd.in-toto+json", "{}");
    let config = Object::new(OCI_EMPTY, "{}");
    let mut layer = statement.descriptor_json();
    layer["annotations"] = json!({ "in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2" });
    let body = json!({
        "schemaVersion": 2, "mediaType": oci::media_type::OCI_MANIFEST,
        "config": config.descriptor_json(), "layers": [layer],
    });
    let attestation = Object::new(oci::media_type::OCI_MANIFEST, body.to_string());
    let mut entry = attestation.descriptor_json();
    entry["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
    entry["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": arm.digest().as_str(),
    });
    let mut both = Image::index_edited(Family::Oci, &[&amd, &arm], |body| {
        body["manifests"].as_array_mut().unwrap().push(entry);
    });
    both.manifests.push(attestation);
    let scene = Scene::open(both.clone());
    api(&scene, both.digest(), &[listed("of the index", NOTATION)]);
    api(&scene, amd.digest(), &[listed("of amd64", SPDX)]);
    let found = of(&scene, both.digest(), None).await.unwrap();
    let told: Vec<_> = found
        .list
        .iter()
        .map(|it| {
            (it.label(), it.platform.as_ref().map(ToString::to_string).unwrap_or_default(), &it.subject)
        })
        .collect();
    let row = |label: &str, platform: &str, subject| (label.to_owned(), platform.to_owned(), subject);
    assert_eq!(
        told,
        [
            row("Signature (Notation)", "", both.digest()),
            row("SBOM (SPDX)", "linux/amd64", amd.digest()),
            row("Provenance (SLSA)", "linux/arm64", arm.digest()),
        ]
    );
    assert_eq!(found.list[2].via, Via::Attestation);
    let only = of(&scene, both.digest(), Some("https://slsa.dev/provenance/v0.2")).await.unwrap();
    assert_eq!(labels(&only.list), ["Provenance (SLSA)"]);
}

#[tokio::test]
async fn failures_that_say_nothing_of_the_api_are_failures() {
    for (status, code) in [(500, Code::RegistryFailed), (403, Code::AuthRefused)] {
        let scene = Scene::open(Image::tiny("x"));
        let subject = scene.image.digest().clone();
        scene.registry.fault(On::get(&path(&subject)), Fault::status(status));
        assert_eq!(of(&scene, &subject, None).await.unwrap_err().code(), code);
    }
}
