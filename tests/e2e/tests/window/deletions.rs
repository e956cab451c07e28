//! Deleting from a registry: what goes along is named, and no more than that goes.

use testkit::image::{Family, Image, Layer};
use testkit::real::DockerRegistry;

use crate::prelude::*;
use crate::steps::{image, manifests, no_dialog, open, open_tags, tab_to, tags};

/// A signature of an image, and the index that lists it under the fallback tag (distribution spec, "Referrers Tag
/// Schema").
fn signature(subject: &Image) -> (Image, String) {
    let of = subject.root.descriptor_json();
    let signed = Image::builder(Family::Oci).layer(Layer::noise(9, 200)).edit_manifest(move |manifest| {
        manifest["artifactType"] = "application/vnd.example.signature".into();
        manifest["subject"] = of.clone();
    });
    (Image::index(Family::Oci, &[&signed.build()]), subject.digest().as_str().replace(':', "-"))
}

/// Whether the registry has this manifest on its disk.
fn has_manifest(registry: &DockerRegistry, repository: &str, image: &Image) -> bool {
    let revisions = manifests(registry, repository).join("revisions/sha256");
    revisions.join(image.digest().hex()).join("link").exists()
}

/// A repository in which one manifest has two tags, an index that lists it, and a signature; and what has nothing to do
/// with it.
struct Entangled {
    registry: DockerRegistry,
    amd64: Image,
    arm64: Image,
    index: Image,
    signature_tag: String,
}

fn entangled() -> Entangled {
    let registry = DockerRegistry::builder().delete().start();
    let (amd64, arm64) = (image(1, "linux/amd64"), image(2, "linux/arm64"));
    let index = Image::index(Family::Oci, &[&amd64, &arm64]);
    let (signature, signature_tag) = signature(&amd64);
    registry.put("team/app", "1.0", &index);
    registry.put("team/app", "1.0-amd64", &amd64);
    registry.put("team/app", "edge-amd64", &amd64);
    registry.put("team/app", "0.9", &image(3, "linux/amd64"));
    registry.put("team/app", &signature_tag, &signature);
    Entangled { registry, amd64, arm64, index, signature_tag }
}

impl Entangled {
    /// What the dialog says before anything is gone.
    async fn is_told(&self, window: &Window) {
        window.says("1.0-amd64 and edge-amd64 name the same manifest, so deleting one deletes both").await;
        let told = window.text("dialog[open] [aria-label='What goes']").await;
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "Chosen 1.0-amd64",
            "Same digest edge-amd64 goes too",
            "Listed by 1.0 loses a platform",
            "Referrers 1 signature, SBOM or attestation would refer to nothing",
        ] {
            assert!(told.contains(part), "{part} in: {told}");
        }
        window.says("longshore delete --also-tags --break-indexes").await;
        assert_eq!(tags(&self.registry, "team/app").len(), 5, "nothing is gone by looking");
    }

    /// What is there afterwards: all but the manifest and its two tags.
    fn is_what_was_told(&self) {
        assert_eq!(tags(&self.registry, "team/app"), ["0.9", "1.0", &self.signature_tag]);
        assert!(!has_manifest(&self.registry, "team/app", &self.amd64));
        assert!(has_manifest(&self.registry, "team/app", &self.arm64));
        assert!(has_manifest(&self.registry, "team/app", &self.index));
    }
}

#[tokio::test]
async fn a_deletion_names_all_that_goes_along_and_takes_no_more() {
    let entangled = entangled();
    let window = Window::open().await;
    window.practice_host().await;
    open(&window, &entangled.registry.reference("team/app", "1.0-amd64")).await;
    open_tags(&window, 5).await;
    window.click("[role=checkbox][aria-label='Choose 1.0-amd64']").await;
    window.press("Delete…").await;
    entangled.is_told(&window).await;
    window.looks_good("blast-radius").await;

    let held =
        "return [...document.querySelectorAll('dialog[open] .btn--danger')].every((it) => it.disabled)";
    window.until("nothing can be deleted yet", held).await;

    // This registry deletes manifests alone, and says so only when it is asked.
    window.click("dialog[open] .mode:has(input[value=tag])").await;
    window.press("Delete the tag").await;
    let told = window.text("dialog[open] [role=alert], dialog[open] .failed li").await;
    assert!(told.contains("tag alone"), "{told}");
    window.show("tag-alone-refused").await;
    assert_eq!(
        tags(&entangled.registry, "team/app").len(),
        5,
        "the smaller step never becomes the larger one"
    );
    window.press("Close").await;
    no_dialog(&window).await;
    window.press("Delete…").await;
    entangled.is_told(&window).await;

    window.click("dialog[open] input[type=text]").await;
    window.type_text("1.0-amd64").await;
    window.press("Delete all 2").await;
    no_dialog(&window).await;
    let gone = "return document.querySelectorAll('[role=grid] [role=row][aria-label]').length === 3";
    window.until("both tags are gone from the list", gone).await;
    window.show("after-deletion").await;
    entangled.is_what_was_told();
}

#[tokio::test]
async fn a_tag_is_deleted_with_what_it_takes_along_by_keys_alone() {
    let entangled = entangled();
    let window = Window::open().await;
    window.practice_host().await;
    open(&window, &entangled.registry.reference("team/app", "1.0-amd64")).await;
    window.says("What the name points to").await;
    tab_to(&window, "Tab reaches the tags of all", "focused.textContent.trim() === 'All tags'").await;
    window.chord(&[ENTER]).await;
    window.says("5 tags").await;
    tab_to(&window, "Tab reaches the tags", "focused.getAttribute('role') === 'grid'").await;
    window.type_text("1.0-a").await;
    let active = "const grid = document.activeElement; \
        return document.getElementById(grid.getAttribute('aria-activedescendant'))?.getAttribute('aria-label')?.startsWith('1.0-amd64,')";
    window.until("typing finds the tag", active).await;
    window.chord(&[DELETE]).await;
    entangled.is_told(&window).await;

    // Leaving keeps everything, and the keyboard is where it was.
    window.chord(&[ESCAPE]).await;
    no_dialog(&window).await;
    window.until("the keyboard is at the tag again", active).await;
    assert_eq!(tags(&entangled.registry, "team/app").len(), 5);

    window.chord(&[DELETE]).await;
    entangled.is_told(&window).await;
    tab_to(&window, "Tab reaches the field", "focused.matches('dialog[open] input[type=text]')").await;
    window.type_text("1.0-amd64").await;
    tab_to(&window, "Tab reaches the button", "focused.matches('dialog[open] .btn--danger')").await;
    window.show("delete-by-keys").await;
    window.chord(&[ENTER]).await;
    no_dialog(&window).await;
    window.says("3 tags").await;
    let kept = "return document.activeElement?.getAttribute('role') === 'grid'";
    window.until("the keyboard is still at the tags", kept).await;
    entangled.is_what_was_told();
}
