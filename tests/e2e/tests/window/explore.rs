//! Looking through a registry by keys alone: another tag, two images side by side, and what refers to one.

use serde_json::json;
use testkit::image::{Family, Image, Layer, Object};
use testkit::registry::Registry;
use testkit::server::{Fault, On};

use crate::prelude::*;
use crate::steps::{self, command, no_dialog, tab_to};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Two tags that share their base.
fn registry() -> (Registry, Image) {
    let registry = Registry::start();
    let image = |seed| {
        let layers = [Layer::noise(1, 20_000), Layer::noise(seed, 5_000)];
        Image::builder(Family::Oci).layers(layers).build()
    };
    let first = image(2);
    registry.put("team/app", "1.0", &first);
    registry.put("team/app", "1.1", &image(3));
    (registry, first)
}

async fn open(window: &Window, name: &str) {
    window.practice_host().await;
    steps::open(window, name).await;
    window.find("[role=tab][id$=overview][aria-selected=true]").await;
}

#[tokio::test]
async fn an_image_gets_another_tag_in_the_registry_and_is_laid_beside_a_second_one() {
    let (registry, image) = registry();
    let window = Window::open().await;
    open(&window, &registry.reference("team/app", "1.0")).await;

    command(&window, "Retag in the registry").await;
    let caret = "return document.activeElement?.closest('dialog[open]') !== null && document.activeElement?.tagName === 'INPUT'";
    window.until("the sheet has the caret", caret).await;
    window.script("document.activeElement.select()", vec![]).await;
    window.type_text("stable").await;
    window
        .until(
            "it is a tag",
            "return document.querySelector('dialog[open] .btn--ink:not(:disabled)') !== null",
        )
        .await;
    window.chord(&[ENTER]).await;
    window.says("names this image").await;
    window.show("retagged").await;
    window.is_accessible("the retag sheet").await;
    assert_eq!(registry.tag("team/app", "stable").as_ref(), Some(image.digest()));
    assert_eq!(registry.count(&On::blob(&image.largest_blob().digest)), 0, "no layer was fetched");
    window.chord(&[ESCAPE]).await;
    no_dialog(&window).await;

    command(&window, "Compare with").await;
    window.says("Pick the other image").await;
    let second = "focused.getAttribute('aria-label') === 'Second: reference'";
    tab_to(&window, "Tab reaches the second image", second).await;
    window.type_text(&registry.reference("team/app", "1.1")).await;
    window.chord(&[ENTER]).await;
    window.until("one layer of each is its own", "return document.querySelectorAll('.stack .slab').length === 4 && document.querySelectorAll('.stack .slab--have').length === 2").await;
    window.show("compared").await;
    window.is_accessible("a comparison that was picked").await;
}

#[tokio::test]
async fn what_refers_to_an_image_is_listed_and_opens() {
    let (registry, image) = registry();
    let statement = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/spdx+json",
        "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "size": 2 },
        "layers": [], "subject": { "mediaType": MANIFEST, "digest": image.digest().as_str(), "size": 1 },
    });
    let sbom = Object::new(MANIFEST, statement.to_string());
    let mut entry = sbom.descriptor_json();
    entry["artifactType"] = json!("application/spdx+json");
    let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] }).to_string();
    let asked = format!("/v2/team/app/referrers/{}", image.digest());
    registry.fault(On::get(&asked), Fault::status(200).header("Content-Type", INDEX).body(list));
    registry.put_manifest("team/app", sbom);

    let window = Window::open().await;
    open(&window, &registry.reference("team/app", "1.0")).await;
    command(&window, "Show referrers").await;
    window.says("Bills of materials").await;
    window.show("referrers").await;
    window.is_accessible("what refers to an image").await;
    tab_to(&window, "Tab reaches the first one", "focused.title === 'Open its manifest'").await;
    window.chord(&[ENTER]).await;
    window.says("\"artifactType\": \"application/spdx+json\"").await;
}
