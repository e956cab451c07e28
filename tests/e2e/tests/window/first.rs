//! The first minutes: look, type, pull, open.

use crate::prelude::*;

const ROWS: &str = "[aria-label=Layers] [data-state]";

/// How many rows of a pull are in a state.
fn rows(state: &str, count: usize) -> String {
    format!("return document.querySelectorAll('[aria-label=Layers] [data-state={state}]').length === {count}")
}

#[tokio::test]
async fn a_reference_is_taken_apart_while_it_is_typed() {
    let window = Window::open().await;
    window.chord(&[CONTROL, 'l']).await;
    window.type_text("ghcr.io/owner/image:1.2").await;
    let whole = "return [...document.querySelectorAll('[data-seg]')].some((part) => part.textContent.includes('1.2'))";
    window.until("the tag is there", whole).await;
    let parts = window.texts("[data-seg]").await;
    let expected = [
        "ghcr.io Registry you typed",
        "owner Namespace you typed",
        "image Repository you typed",
        "1.2 Tag you typed",
    ];
    assert_eq!(parts[..4], expected, "{parts:?}");
    window.show("breakdown").await;

    window.script("const field = document.activeElement; field.select()", vec![]).await;
    window.type_text("nginx").await;
    window
        .until(
            "Docker Hub is implied",
            "return document.querySelector('[data-seg=registry]')?.innerText.includes('implied')",
        )
        .await;
    let parts = window.texts("[data-seg]").await;
    assert_eq!(parts[..2], ["docker.io Registry implied", "library Namespace implied"], "{parts:?}");
    assert_eq!(parts[3], "latest Tag implied", "{parts:?}");

    window.script("document.activeElement.select()", vec![]).await;
    window.type_text("docker.io/Nginx").await;
    window.until("the mistake is marked", "return document.querySelector('.problem, .wrong') !== null").await;
    let wrong = window.texts(".wrong").await;
    assert!(wrong.iter().any(|part| part.contains('N')), "{wrong:?}");
    window.show("mistake").await;
}

#[tokio::test]
async fn a_practice_image_is_pulled_with_two_clicks_and_opened() {
    let window = Window::open().await;
    let host = window.practice_host().await;
    window.show("home").await;
    window.click(".cap[title^='web:2.0']").await;
    window.click("button[title='Pull web:2.0']").await;
    window.until("three layers are complete", &rows("complete", 3)).await;
    assert_eq!(window.texts(ROWS).await.iter().filter(|row| row.contains("Pull complete")).count(), 3);
    window.says(&format!("Status: Downloaded newer image for {host}/web:2.0")).await;
    let printed = window.text("pre[aria-label='Output of docker pull']").await;
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], "2.0: Pulling from web");
    assert_eq!(lines[4][..15], *"Digest: sha256:", "{printed}");
    assert_eq!(lines.len(), 7, "{printed}");
    window.show("pulled").await;

    // The second image has two layers of the first.
    window.press("Back").await;
    window.until("the shelf knows", "return document.querySelectorAll('.slab--have').length >= 3").await;
    window.click(".cap[title^='web:2.1']").await;
    window.click("button[title='Pull web:2.1']").await;
    window.until("two layers exist", &rows("exists", 2)).await;
    window.until("one layer is complete", &rows("complete", 1)).await;
    window.says(&format!("Status: Downloaded newer image for {host}/web:2.1")).await;
    window.show("skipped").await;

    window.press("Open image").await;
    window.says("What the name points to").await;
    window.says("On this computer").await;
    window.show("overview").await;
    window.click("[role=tab][id$=layers]").await;
    window.until("layers are listed", "return document.querySelectorAll('[role=option]').length > 3").await;
    let layers = window.texts("[aria-label^='Layers, newest'] [role=option]").await;
    assert!(layers.iter().any(|layer| layer.contains("ADD harbour-base-1.tar.gz /")), "{layers:?}");
    assert!(layers.iter().any(|layer| layer.contains("no bytes")), "{layers:?}");
    window.says("Shared").await;
    window.show("layers").await;
    window.click("[role=tab][id$=manifest]").await;
    window.says("\"schemaVersion\": 2").await;
    window.press("Hash it now").await;
    window.says("The same.").await;
    window.show("manifest").await;
}

#[tokio::test]
async fn what_was_pulled_and_chosen_is_there_at_the_next_start() {
    let window = Window::open().await;
    window.practice_host().await;
    window.click(".cap[title^='hello:1.0']").await;
    window.click("button[title='Pull hello:1.0']").await;
    window.says("Status: Downloaded newer image").await;
    window.chord(&[CONTROL, ',']).await;
    window.press("Dark").await;
    window.until("it is dark", "return document.documentElement.dataset.theme === 'dark'").await;
    let home = window.close().await;

    let window = Window::open_in(home, 1280, 800).await;
    window.until("it is dark again", "return document.documentElement.dataset.theme === 'dark'").await;
    window.until("the image is here", "return document.querySelector('.slab--have') !== null").await;
    window.chord(&[CONTROL, '2']).await;
    window.find("[role=row][aria-label*='hello:1.0']").await;
    window.show("images-dark").await;
}
