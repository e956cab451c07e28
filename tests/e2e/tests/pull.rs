//! Pulls from the practice registry, with the mouse: what the page says, and what the image's page shows afterwards.

use std::time::Instant;

use e2e::{Window, window};
use registry_server::practice;
use serde_json::Value;

/// The digest that a sample has on every computer.
fn pinned(repository: &str, tag: &str) -> &'static str {
    let sample = practice::shelf().iter().find(|it| (it.repository, it.tag) == (repository, tag));
    sample.expect("it is a sample").digest
}

/// Two clicks: the image on the quay, and the button under it.
async fn pull(window: &Window, image: &str) {
    window.click("[role=radio]", &format!("^{} ", image.replace('.', "\\."))).await;
    window.click(".quay button.btn--go", "^Pull").await;
    window.until_read(&format!("Pulled {image} in ")).await;
}

/// The word at the end of each layer's row.
async fn layer_words(window: &Window) -> Vec<String> {
    let words = "[...document.querySelectorAll('.lt .lstate')].map((state) => state.innerText.trim())";
    list(window.value(words).await)
}

fn list(value: Value) -> Vec<String> {
    serde_json::from_value(value).expect("a list of texts")
}

async fn output(window: &Window) -> Vec<String> {
    let text =
        window.text("document.querySelector('[aria-label=\"Output of docker pull\"]').innerText").await;
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn two_clicks_pull_an_image_and_its_page_shows_what_it_is_made_of() {
    let begun = Instant::now();
    window(async |window| {
        window.named("[role=radio]", "^web:2\\.0").await;
        let painted = window
            .value("Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1)")
            .await;
        let now = window.value("Math.round(performance.now())").await;
        println!(
            "first paint after {painted} ms, the quay was seen after {now} ms of the page and {} ms of the test",
            begun.elapsed().as_millis()
        );

        pull(window, "web:2.0").await;
        let words = layer_words(window).await;
        assert_eq!(words.iter().filter(|word| *word == "Pull complete").count(), 3, "{words:?}");
        assert_eq!(words.iter().filter(|word| word.contains("Already")).count(), 0, "{words:?}");
        let lines = output(window).await;
        let digest = pinned("web", "2.0");
        assert!(lines.contains(&format!("Digest: {digest}")), "{lines:?}");
        let status = lines.iter().find(|line| line.starts_with("Status: Downloaded newer image for "));
        assert!(status.is_some_and(|line| line.ends_with("/web:2.0")), "{lines:?}");

        window.click("button", "^Open image$").await;
        window.click("[role=tab]", "^Layers").await;
        window.until("three layers", "document.querySelectorAll('[role=option] .slab').length === 3").await;
        let rows = list(
            window
                .value("[...document.querySelectorAll('.lrow:not(.lrow--meta) .visually-hidden')].map((row) => row.textContent)")
                .await,
        );
        assert_eq!(rows.len(), 3);
        for row in &rows {
            let (_, rest) = row.split_once(", ").expect("its number and what follows");
            assert!(rest.contains("kB") || rest.contains("MB"), "no size: {row}");
            assert!(rest.contains("COPY") || rest.contains("ADD") || rest.contains("RUN"), "no step: {row}");
        }

        window.click("[role=tab]", "^Manifest").await;
        let text = "document.querySelector('[aria-label=\"Text of the document\"]')?.innerText ?? ''";
        window.until("the manifest's text", &format!("({text}).includes('schemaVersion')")).await;
        let json = window.text(text).await;
        // Three layers and a config.
        assert_eq!(json.matches("sha256:").count(), 4, "{json}");
        let title = "[...document.querySelectorAll('[title^=\"sha256:\"], .dig')].map((it) => it.title || it.innerText)";
        let shown = list(window.value(title).await);
        assert!(shown.iter().any(|it| it.contains(digest)), "the page shows {shown:?}, not {digest}");
    })
    .await;
}

#[tokio::test]
async fn layers_that_two_images_share_are_pulled_once() {
    window(async |window| {
        pull(window, "web:2.0").await;
        window.press(&["Ctrl+1"]).await;
        pull(window, "web:2.1").await;
        let mut words = layer_words(window).await;
        words.retain(|word| word == "Already exists" || word == "Pull complete");
        words.sort();
        assert_eq!(words, ["Already exists", "Already exists", "Pull complete"]);
        let lines = output(window).await;
        assert_eq!(lines.iter().filter(|line| line.ends_with(": Already exists")).count(), 2, "{lines:?}");
        assert!(lines.contains(&format!("Digest: {}", pinned("web", "2.1"))), "{lines:?}");
    })
    .await;
}
