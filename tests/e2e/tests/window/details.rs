//! What the page says in detail: what is wrong with a reference, what a pull was, and what is here afterwards.

use std::time::Instant;

use registry_server::practice;

use crate::prelude::*;

/// The digest that a sample has on every computer.
fn pinned(repository: &str, tag: &str) -> &'static str {
    let sample = practice::shelf().iter().find(|it| (it.repository, it.tag) == (repository, tag));
    sample.expect("it is a sample").digest
}

/// Two clicks: the image on the quay, and the button under it.
async fn pull(window: &Window, image: &str) -> Vec<String> {
    window.click(&format!(".cap[title^='{image},']")).await;
    window.click(&format!("button[title='Pull {image}']")).await;
    window.says(&format!("Pulled {image} in ")).await;
    let printed = window.text("pre[aria-label='Output of docker pull']").await;
    printed.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn what_is_wrong_is_underlined_where_it_is_and_can_not_be_pulled() {
    let window = Window::open().await;
    window.practice_host().await;
    window.chord(&[CONTROL, 'l']).await;
    window.type_text("team/App").await;
    window
        .until("the field is marked", "return document.querySelector('[role=combobox][aria-invalid=true]')")
        .await;
    window.until("a part is marked", "return document.querySelector('.mirror .wrong')").await;
    assert_eq!(window.texts(".mirror .wrong").await, ["A"]);
    let line = "return getComputedStyle(document.querySelector('.mirror .wrong')).textDecorationLine";
    assert_eq!(window.script(line, vec![]).await, "underline", "the mark is drawn");
    assert_eq!(window.text("#reference-panel .problem b").await, "repository name must be lower case");
    assert_eq!(window.text("#reference-panel .problem small").await, "try team/app");
    let pull = "return [...document.querySelectorAll('.refbar button')].find((it) => it.innerText.trim() === 'Pull').disabled";
    assert_eq!(window.script(pull, vec![]).await, true, "Pull can't be pressed");
    window.chord(&[CONTROL, ENTER]).await;
    window.chord(&[CONTROL, '3']).await;
    // Whichever came first, the answer or the other page: this one stays, and says what did not start.
    window.says("Nothing is moving").await;
    window.says("team/App Could not start: ").await;
    window.press("team/App").await;
    window.until("the fault is shown", "return document.querySelector('.fault [role=alert]') !== null").await;
}

#[tokio::test]
async fn a_pull_prints_the_digest_that_the_image_has_and_its_page_shows_it() {
    let begun = Instant::now();
    let window = Window::open().await;
    window.find(".cap[title^='web:2.0']").await;
    let paint =
        "return Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1)";
    let painted = window.script(paint, vec![]).await;
    let usable = window.script("return Math.round(performance.now())", vec![]).await;
    println!(
        "painted after {painted} ms of the page, usable after {usable} ms, {} ms with the display and the driver",
        begun.elapsed().as_millis()
    );

    let host = window.practice_host().await;
    let digest = pinned("web", "2.0");
    let printed = pull(&window, "web:2.0").await;
    let last = [
        format!("Digest: {digest}"),
        format!("Status: Downloaded newer image for {host}/web:2.0"),
        format!("{host}/web:2.0"),
    ];
    assert_eq!(printed[printed.len() - 3..], last);
    assert_eq!(window.texts(".lt .lstate").await, ["Pull complete"; 3]);

    window.press("Open image").await;
    let shown = format!("return document.querySelector('.phead [title=\"{digest}\"]') !== null");
    window.until("the header has the same digest", &shown).await;
    window.click("[role=tab][id$=layers]").await;
    window
        .until("three layers", "return document.querySelectorAll('.lrow:not(.lrow--meta)').length === 3")
        .await;
    for layer in window.texts(".lrow:not(.lrow--meta)").await {
        assert!(layer.contains(" kB") || layer.contains(" MB"), "no size: {layer}");
        assert!(["ADD ", "COPY ", "RUN "].iter().any(|word| layer.contains(word)), "no step: {layer}");
    }
    window.click("[role=tab][id$=manifest]").await;
    window.says("\"schemaVersion\": 2").await;
    let json = window.text("[aria-label='Text of the document']").await;
    assert_eq!(json.matches("sha256:").count(), 4, "three layers and a config: {json}");
}

#[tokio::test]
async fn shared_layers_are_pulled_once_and_every_page_hears_of_the_end() {
    let window = Window::open().await;
    window.practice_host().await;
    pull(&window, "web:2.0").await;
    for (at, image) in ["web:2.1", "hello:1.0", "hello:1.1"].into_iter().enumerate() {
        window.chord(&[CONTROL, '1']).await;
        let printed = pull(&window, image).await;
        let skipped = printed.iter().filter(|line| line.ends_with(": Already exists")).count();
        assert_eq!(skipped, if at == 0 { 2 } else { 1 }, "{image}: {printed:?}");
        if at == 0 {
            let mut words = window.texts(".lt .lstate").await;
            words.sort();
            assert_eq!(words, ["Already exists", "Already exists", "Pull complete"]);
        }
        // However small it is, and however soon it is over.
        let told = format!(
            "return document.querySelector('.window ~ [role=status]').textContent.startsWith('Pulled {image} in')"
        );
        window.until("the end is told", &told).await;
        let count = format!(
            "return document.querySelector('.nav[title=Images] .meta').innerText.trim() === '{}'",
            at + 2
        );
        window.until("the sidebar counts it", &count).await;
    }
}

#[tokio::test]
async fn the_table_of_images_has_arrows_and_enter_opens() {
    let window = Window::open().await;
    window.practice_host().await;
    pull(&window, "hello:1.0").await;
    window.chord(&[CONTROL, '1']).await;
    pull(&window, "hello:1.1").await;
    window.chord(&[CONTROL, '2']).await;
    window
        .until(
            "two images",
            "return document.querySelectorAll('[role=grid] [role=row][aria-label]').length === 2",
        )
        .await;
    let focused = "return document.activeElement?.getAttribute('role') === 'grid'";
    for _ in 0..30 {
        if window.script(focused, vec![]).await == true {
            break;
        }
        window.chord(&[TAB]).await;
    }
    window.until("Tab reaches the table", focused).await;
    let chosen = "[role=grid] [role=row][aria-selected=true] .badge";
    let first = window.text(chosen).await;
    window.chord(&[ARROW_DOWN]).await;
    let moved = format!("return document.querySelector('{chosen}').innerText.trim() !== '{first}'");
    window.until("the arrow moves on", &moved).await;
    let second = window.text(chosen).await;
    window.chord(&[ENTER]).await;
    window.until("its page", &format!("return document.title.includes('hello:{second}')")).await;
    window.find("[role=tab][id$=overview][aria-selected=true]").await;
}
