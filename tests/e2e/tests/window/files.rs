//! What is inside the layers of an image, by mouse and by keyboard.

use crate::prelude::*;
use crate::steps::{at_row, open, show_files};

/// Opens the files of a sample, without pulling it.
async fn files_of(window: &Window, image: &str) {
    let host = window.practice_host().await;
    open(window, &format!("{host}/{image}")).await;
    window.says("What the name points to").await;
    show_files(window, 4).await;
}

/// The row whose label begins with a name, once it is there.
fn row(name: &str) -> String {
    format!("[role=row][aria-label^='{name},']")
}

async fn unfold(window: &Window, name: &str) {
    window.click(&format!("{} .fold", row(name))).await;
    window
        .until(
            &format!("{name} is open"),
            &format!("return document.querySelector(\"{}[aria-expanded=true]\") !== null", row(name)),
        )
        .await;
}

#[tokio::test]
async fn files_of_an_image_are_looked_into_by_mouse() {
    let window = Window::open().await;
    files_of(&window, "files:1.0").await;
    // The newest layer changed a file, removed one, and made a folder anew.
    window.click(".lp[role=option][id$='-3']").await;
    window
        .until(
            "the layer's changes are shown",
            "return document.querySelector('[role=treegrid]').getAttribute('aria-label').includes('layer 3')",
        )
        .await;
    unfold(&window, "srv").await;
    unfold(&window, "notes").await;
    let gone =
        "return document.querySelector(\"[role=row][aria-label^='draft.txt,']\")?.getAttribute('aria-label')";
    let told = window.until("the whiteout is a row", gone).await;
    assert!(told.as_str().is_some_and(|it| it.contains("removed") && it.contains("whiteout")), "{told}");
    unfold(&window, "etc").await;
    window.click(&row("motd")).await;
    window.until("its path", "return document.querySelector('.path')?.innerText === '/etc/motd'").await;
    window.until("its text", "return document.querySelectorAll('.text .ln').length > 0").await;
    window.is_accessible("files of an image").await;
    window.show("files").await;
}

#[tokio::test]
async fn files_of_an_image_are_looked_into_by_keyboard() {
    let window = Window::open().await;
    files_of(&window, "files:1.0").await;
    window.chord(&[CONTROL, 'f']).await;
    window.type_text("os-rel").await;
    at_row(&window, "os-release").await;
    window.says("1 of ").await;
    window.chord(&[ESCAPE]).await;
    window.chord(&[ESCAPE]).await;
    window
        .until("the tree has the keys", "return document.activeElement?.getAttribute('role') === 'treegrid'")
        .await;
    window.chord(&[ENTER]).await;
    window
        .until("it is shown", "return document.querySelector('.path')?.innerText === '/etc/os-release'")
        .await;
    window.chord(&[ARROW_LEFT]).await;
    at_row(&window, "etc").await;
    window.chord(&[ARROW_LEFT]).await;
    let closed = format!("return document.querySelector(\"{}[aria-expanded=false]\") !== null", row("etc"));
    window.until("the folder is closed", &closed).await;
}
