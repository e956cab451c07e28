//! Transfers that take their time, and those that fail.

use testkit::image::Image;
use testkit::registry::Registry;
use testkit::server::{Fault, On};

use crate::prelude::*;
use crate::steps::open;

/// Begins a pull.
async fn pull(window: &Window, reference: &str) {
    window.type_reference(reference).await;
    window.chord(&[CONTROL, ENTER]).await;
}

#[tokio::test]
async fn f123_a_page_that_is_loaded_again_finds_its_transfer() {
    let registry = Registry::start();
    registry.put("team/app", "1.0", &Image::of_size(1, 4_000_000));
    registry.fault(On::blobs(), Fault::new().drip(250_000));
    let window = Window::open().await;
    window.practice_host().await;
    pull(&window, &registry.reference("team/app", "1.0")).await;
    window.until("bytes arrive", "return document.querySelector('[data-state=moving]') !== null").await;
    window.show("moving").await;
    let asked = registry.count(&On::manifests());

    window.reload().await;
    window.chord(&[CONTROL, '3']).await;
    window
        .until("the transfer is there", "return document.querySelector('[data-state=moving]') !== null")
        .await;
    window.says("1.0: Pulling from team/app").await;
    assert_eq!(registry.count(&On::manifests()), asked, "it is the same transfer: nothing was asked again");

    window.press("Pause").await;
    window.says("Paused").await;
    window.show("paused").await;
    registry.heal();
    window.press("Resume").await;
    window.says("Status: Downloaded newer image").await;
    window
        .until("the layer is complete", "return document.querySelector('[data-state=complete]') !== null")
        .await;
}

#[tokio::test]
async fn a_cancelled_pull_goes_on_from_its_bytes() {
    let registry = Registry::start();
    registry.put("team/app", "1.0", &Image::of_size(2, 4_000_000));
    registry.fault(On::blobs(), Fault::new().drip(400_000));
    let window = Window::open().await;
    window.practice_host().await;
    pull(&window, &registry.reference("team/app", "1.0")).await;
    let figure =
        r"return /^([5-9]\d\d.kB|[1-3]\.\d).of/.test(document.querySelector('.fig')?.innerText ?? '')";
    window.until("a good part arrived", figure).await;
    window.press("Cancel").await;
    window.says("Nothing was changed.").await;
    registry.heal();
    registry.clear_log();
    window.press("Pull again").await;
    window.says("Status: Downloaded newer image").await;
    let fetched = registry.sent(&On::blobs());
    assert!(fetched < 3_800_000, "{fetched} bytes were fetched, though half a megabyte was here");
}

#[tokio::test]
async fn f012_a_registry_that_asks_for_patience_is_counted_down_for() {
    let registry = Registry::start();
    let image = Image::of_size(3, 400_000);
    registry.put("team/app", "1.0", &image);
    let busy = |seconds: &str| Fault::status(429).header("Retry-After", seconds);
    let window = Window::open().await;
    window.practice_host().await;

    // What is merely looked at does not keep anybody waiting unasked.
    registry.fault(On::manifests(), busy("6"));
    open(&window, &registry.reference("team/app", "1.0")).await;
    window.says("asks you to wait").await;
    window.says("Error response from daemon: toomanyrequests: too many requests").await;
    assert_eq!(registry.count(&On::manifests()), 1);
    window.looks_good("limit").await;
    registry.heal();
    window.press("Wait 6 s, then try again").await;
    window.find("[role=timer]").await;
    window.says("What the name points to").await;

    // A transfer waits by itself, up to three times, and says for how long: all of it, then its layer. What is looked
    // at still asks for other manifests, of what is attached to the image.
    registry.fault(On::manifest("1.0"), busy("10"));
    pull(&window, &registry.reference("team/app", "1.0")).await;
    window.says("The registry answered 429; tries again in 0:").await;
    window.looks_good("transfer-waits").await;
    registry.heal();
    registry.fault(On::blob(&image.largest_blob().digest), busy("4"));
    window.find("[data-state=retrying] [role=timer]").await;
    window.show("layer-waits").await;
    registry.heal();
    window.says("Status: Downloaded newer image").await;
}

#[tokio::test]
async fn an_unknown_tag_says_what_is_wrong_and_shows_the_exchange() {
    let window = Window::open().await;
    let host = window.practice_host().await;
    pull(&window, &format!("{host}/web:9.9")).await;
    window.until("the fault is shown", "return document.querySelector('.fault [role=alert]') !== null").await;
    let title = window.text(".fault [role=alert]").await;
    assert!(title.contains("9.9") || title.contains("web"), "{title}");
    // Errors open Wire at the failing step.
    window.until("Wire is open", "return document.querySelector('aside.wire') !== null").await;
    window.says("404").await;
    window.says("MANIFEST_UNKNOWN").await;
    let printed =
        format!("Error response from daemon: manifest for {host}/web:9.9 not found: manifest unknown");
    window.says(&printed).await;
    window.show("fault").await;
    window.is_accessible("a failed pull").await;
}
