//! The engine goes on whatever the page does, and a page that was loaded again finds what is under way.

use e2e::{Window, window};
use testkit::image::Image;
use testkit::registry::Registry;
use testkit::server::{Fault, On};

const SIZE: usize = 4_000_000;

async fn start(window: &Window, reference: &str) {
    window.named("[role=radio]", "^web:2\\.0").await;
    window.press(&["Ctrl+l"]).await;
    window.type_text(reference).await;
    window.press(&["Ctrl+Enter"]).await;
    window.until("bytes that arrive", "document.querySelector('[data-state=downloading]') !== null").await;
}

#[tokio::test]
async fn f123_a_page_that_is_loaded_again_finds_its_transfer() {
    let registry = Registry::start();
    registry.put("team/app", "1.0", &Image::of_size(1, SIZE));
    registry.fault(On::blobs(), Fault::new().drip(200_000));
    window(async |window| {
        start(window, &registry.reference("team/app", "1.0")).await;
        let asked = registry.count(&On::manifests());
        window.run("window.before = true; location.reload()", &[]).await;
        window
            .until("a fresh page", "window.before === undefined && document.querySelector('main') !== null")
            .await;
        window.press(&["Ctrl+3"]).await;
        window.until("the transfer", "document.querySelector('[data-state=downloading]') !== null").await;
        window.until_read("1.0: Pulling from team/app").await;
        assert_eq!(
            registry.count(&On::manifests()),
            asked,
            "it is the same transfer: nothing was asked again"
        );

        window.click("button", "^Pause$").await;
        window.until("it stands", "document.querySelector('[data-state=paused]') !== null").await;
        registry.heal();
        window.click("button", "^Resume$").await;
        window.until_read("Status: Downloaded newer image").await;
        window.until("the layer's end", "document.querySelector('[data-state=complete]') !== null").await;
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_pull_goes_on_from_its_bytes() {
    let registry = Registry::start();
    registry.put("team/app", "1.0", &Image::of_size(2, SIZE));
    registry.fault(On::blobs(), Fault::new().drip(500_000));
    window(async |window| {
        start(window, &registry.reference("team/app", "1.0")).await;
        window.until("a good part", "/^0\\.[5-9] of/.test(document.querySelector('.fig')?.innerText)").await;
        window.click("button", "^Cancel$").await;
        window.until_read("Nothing was changed.").await;
        registry.heal();
        registry.clear_log();
        window.click("button", "^Pull again$").await;
        window.until_read("Status: Downloaded newer image").await;
        let fetched = registry.sent(&On::blobs());
        assert!(fetched < SIZE as u64 - 200_000, "{fetched} bytes were fetched again");
    })
    .await;
}
