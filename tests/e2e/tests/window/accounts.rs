//! A registry that wants an account, from its refusal to a deleted tag.

use testkit::image::{Family, Image, Layer};
use testkit::real::DockerRegistry;

use crate::prelude::*;
use crate::steps::{no_dialog, open};

const PASSWORD: &str = "canary-of-the-window";

/// Two tags that share their base.
fn registry() -> DockerRegistry {
    let registry = DockerRegistry::builder().htpasswd("ann", PASSWORD).delete().start();
    for (seed, tag) in [(2, "1.0"), (3, "1.1")] {
        let layers = [Layer::noise(1, 20_000), Layer::noise(seed, 5_000)];
        registry.put("team/app", tag, &Image::builder(Family::Oci).layers(layers).build());
    }
    registry
}

#[tokio::test]
async fn a_guarded_registry_is_signed_in_to_looked_through_and_cleaned_up_by_mouse() {
    let registry = registry();
    let window = Window::open().await;
    window.practice_host().await;
    open(&window, &registry.reference("team/app", "1.0")).await;
    window.press("Sign in…").await;

    window.click("#sign-in-user").await;
    window.type_text("ann").await;
    window.click("dialog input[type=password]").await;
    window.type_text("wrong").await;
    window.click("label.card:has(input[value^=session])").await;
    window.press("Test").await;
    window.says("Refused").await;
    window.script("document.querySelector('dialog input[type=password]').select()", vec![]).await;
    window.type_text(PASSWORD).await;
    window.press("Test").await;
    window.says("Accepted").await;
    window.show("sign-in").await;
    window.is_accessible("the sign-in dialog").await;
    window.press("Sign in").await;
    no_dialog(&window).await;

    // What was refused is there now, without being asked for again.
    window.says("team/app:1.0").await;
    window.press("team/app").await;
    let rows = "return document.querySelectorAll('[role=grid] [role=row][aria-rowindex]').length > 1";
    window.until("the tags are there", rows).await;
    window.says("1.1").await;
    window.show("tags").await;
    window.is_accessible("a repository").await;

    for tag in ["1.0", "1.1"] {
        window.click(&format!("[role=checkbox][aria-label='Choose {tag}']")).await;
    }
    window.press("Compare").await;
    window.says("Only").await;
    window.show("compare").await;
    window.is_accessible("a comparison").await;

    window.press("team/app").await;
    window.until("the tags are there again", rows).await;
    window.click("[role=checkbox][aria-label='Choose 1.0']").await;
    window.press("Delete…").await;
    window.says("longshore delete").await;
    window.show("delete").await;
    window.is_accessible("the delete dialog").await;
    window.press("Delete").await;
    no_dialog(&window).await;
    let gone = "return document.querySelector('[role=row][aria-label^=\"1.0\"]') === null";
    window.until("the tag is gone", gone).await;
    window.says("1.1").await;
}
