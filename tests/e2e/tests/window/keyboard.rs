//! Without a mouse.

use crate::prelude::*;

#[tokio::test]
async fn an_image_is_pulled_looked_at_and_left_by_keys_alone() {
    let window = Window::open().await;
    let host = window.practice_host().await;
    window.chord(&[CONTROL, 'l']).await;
    window.type_text(&format!("{host}/files:1.0")).await;
    window.until("it is taken apart", "return document.querySelectorAll('[data-seg]').length >= 3").await;
    window.chord(&[CONTROL, ENTER]).await;
    window.says("Status: Downloaded newer image").await;

    window.chord(&[CONTROL, 'k']).await;
    window
        .until(
            "the palette is open",
            "return document.activeElement?.getAttribute('aria-label') === 'Find a command'",
        )
        .await;
    window.type_text("images on this").await;
    window.show("palette").await;
    window.chord(&[ENTER]).await;
    window.says("files:1.0").await;
    window
        .until(
            "the list has the keys",
            "return document.querySelector('[role=grid], [role=listbox], table') !== null",
        )
        .await;

    window.chord(&[CONTROL, 'l']).await;
    window
        .until(
            "the bar has the caret",
            "return document.activeElement?.getAttribute('aria-label') === 'Image reference'",
        )
        .await;
    window.script("document.activeElement.select()", vec![]).await;
    window.type_text(&format!("{host}/multi:1.0")).await;
    window.chord(&[ENTER]).await;
    window.says("linux/arm/v7").await;
    window.show("platforms").await;

    window.chord(&[CONTROL, 'j']).await;
    window.until("Wire is open", "return document.querySelector('aside.wire') !== null").await;
    window.says("manifests/1.0").await;
    window.show("wire").await;
    window.chord(&[CONTROL, 'j']).await;
    window.until("Wire is closed", "return document.querySelector('aside.wire') === null").await;
}

#[tokio::test]
async fn the_palette_closes_and_gives_the_focus_back() {
    let window = Window::open().await;
    window.practice_host().await;
    window.chord(&[CONTROL, 'k']).await;
    window.until("the palette is open", "return document.querySelector('dialog[open]') !== null").await;
    window.type_text("dark").await;
    window
        .until(
            "a command is chosen",
            "return document.querySelector('[role=option][aria-selected=true]')?.innerText.includes('dark')",
        )
        .await;
    window.chord(&[ENTER]).await;
    window.until("it is dark", "return document.documentElement.dataset.theme === 'dark'").await;
    window.chord(&[CONTROL, 'k']).await;
    window.until("the palette is open", "return document.querySelector('dialog[open]') !== null").await;
    window.chord(&[ESCAPE]).await;
    window.until("it is closed", "return document.querySelector('dialog[open]') === null").await;
    // Nothing swallows the keys afterwards.
    window.chord(&[CONTROL, '3']).await;
    window.says("Nothing is moving").await;
}
