//! What is inside the layers of an image, by mouse and by keyboard.

use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::registry::Registry;
use testkit::server::{Fault, On};

use crate::prelude::*;
use crate::steps::{at_hand, at_row, files_of, open, row, tab_to, unfold};

/// Opens the files of a sample, without pulling it.
async fn sample(window: &Window, image: &str) {
    let host = window.practice_host().await;
    files_of(window, &format!("{host}/{image}"), 4).await;
}

#[tokio::test]
async fn files_of_an_image_are_looked_into_by_mouse() {
    let window = Window::open().await;
    sample(&window, "files:1.0").await;
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
    at_hand(&window, "/etc/motd").await;
    window.until("its text", "return document.querySelectorAll('.text .ln').length > 0").await;
    window.is_accessible("files of an image").await;
    window.show("files").await;
}

#[tokio::test]
async fn what_is_typed_while_files_are_listed_is_looked_for_then_by_keys_alone() {
    let registry = Registry::start();
    let image = Image::of_size(5, 2_500_000);
    registry.put("team/app", "1.0", &image);
    // Of a registry that takes its time: some 17 seconds.
    registry.fault(On::blob(&image.largest_blob().digest), Fault::new().drip(150_000));
    let window = Window::open().await;
    window.practice_host().await;
    open(&window, &registry.reference("team/app", "1.0")).await;
    window.find("[role=tab][id$=overview][aria-selected=true]").await;
    tab_to(&window, "the tabs have the keys", "focused?.getAttribute('role') === 'tab'").await;
    window.chord(&[ARROW_RIGHT]).await;
    window.chord(&[ARROW_RIGHT]).await;
    window.says("Listing the files of one layer").await;
    window.chord(&[CONTROL, 'f']).await;
    let caret = "return document.activeElement?.getAttribute('aria-label') === 'Find files'";
    window.until("the find field has the caret", caret).await;
    window.type_text("noise").await;
    let covered = "return document.querySelector('[inert] [role=treegrid]') !== null";
    assert_eq!(window.script(covered, vec![]).await, true, "no key gets to what is covered");
    window.looks_good("listing").await;
    window.find(&row("noise.bin")).await;
    window.says("1 of 1").await;
    assert_eq!(window.script(covered, vec![]).await, false);
}

#[tokio::test]
async fn files_of_an_image_are_looked_into_by_keyboard() {
    let window = Window::open().await;
    sample(&window, "files:1.0").await;
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
    at_hand(&window, "/etc/os-release").await;
    window.chord(&[ARROW_LEFT]).await;
    at_row(&window, "etc").await;
    window.chord(&[ARROW_LEFT]).await;
    let closed = format!("return document.querySelector(\"{}[aria-expanded=false]\") !== null", row("etc"));
    window.until("the folder is closed", &closed).await;
}

/// A second layer that does everything to the first one that a layer can do.
fn stacked() -> Registry {
    let first = [
        Entry::directory("etc"),
        Entry::file("etc/changed", b"old\n"),
        Entry::file("etc/gone", b"gone\n"),
        Entry::file("etc/kept", b"kept\n"),
        Entry::directory("var"),
        Entry::directory("var/cache"),
        Entry::file("var/cache/hidden", b"hidden\n"),
    ];
    let second = [
        Entry::file("etc/changed", b"new and longer\n"),
        Entry::file("etc/new", b"new\n"),
        Entry::whiteout("etc/gone"),
        Entry::directory("var/cache"),
        Entry::opaque("var/cache"),
        Entry::file("var/cache/fresh", b"fresh\n"),
    ];
    let layer = |entries: &[Entry]| Layer::new(entries, LayerCompression::Gzip);
    let image = Image::builder(Family::Oci).layer(layer(&first)).layer(layer(&second)).build();
    let registry = Registry::start();
    registry.put("team/app", "1.0", &image);
    registry
}

/// Glyph, name and note of each row, once they are these.
async fn rows(window: &Window, wanted: &[&str]) {
    let script = "return [...document.querySelectorAll('[role=treegrid] [role=row]')].map((row) => ['.mk', '.name', '.badge'].map((part) => row.querySelector(part)?.innerText.trim() ?? '').join(' ').trim()).join('\\n')";
    let wanted = wanted.join("\n");
    let same = format!("{} === {}", script.trim_start_matches("return "), serde_json::json!(wanted));
    window.until(&format!("the rows are\n{wanted}"), &format!("return {same}")).await;
}

/// Waits until the view is of this.
async fn view_of(window: &Window, words: &str) {
    let script =
        format!("return document.querySelector('[role=treegrid]')?.getAttribute('aria-label') === '{words}'");
    window.until(&format!("{words} are shown"), &script).await;
}

#[tokio::test]
async fn what_a_layer_did_is_shown_by_glyph_and_layers_are_gone_through_by_keys_alone() {
    let registry = stacked();
    let window = Window::open().await;
    files_of(&window, &registry.reference("team/app", "1.0"), 2).await;
    tab_to(
        &window,
        "Tab reaches the layers",
        "focused.getAttribute('aria-label') === 'Layers, newest on top'",
    )
    .await;
    view_of(&window, "Files that a container sees").await;
    window.chord(&[ARROW_DOWN]).await;
    view_of(&window, "Files with the changes of layer 2").await;
    window.chord(&[ARROW_DOWN]).await;
    view_of(&window, "Files with the changes of layer 1").await;
    window.chord(&[ARROW_UP]).await;
    view_of(&window, "Files with the changes of layer 2").await;

    tab_to(&window, "Tab reaches the tree", "focused.getAttribute('role') === 'treegrid'").await;
    // Everything beside the row, then what is in the second folder.
    window.type_text("*").await;
    window.until("folders are open", "return document.querySelectorAll('[role=row]').length > 4").await;
    window.chord(&[END]).await;
    window.chord(&[ARROW_RIGHT]).await;
    rows(
        &window,
        &[
            "~ etc",
            "~ changed",
            "\u{2212} gone whiteout",
            "kept",
            "+ new",
            "~ var",
            "~ cache opaque",
            "+ fresh",
            "\u{2212} hidden",
        ],
    )
    .await;
    window.looks_good("stacked").await;

    window.click(&row("cache")).await;
    at_hand(&window, "/var/cache").await;
    window.says("It hides what the layers below have in it (opaque).").await;
    window.looks_good("opaque").await;

    // What the layers below had in the folder is gone too, without a whiteout of its own.
    window.press("Only removed, 2").await;
    rows(&window, &["~ etc", "\u{2212} gone whiteout", "~ var", "~ cache opaque", "\u{2212} hidden"]).await;

    // Between the two layers, the same by Shift.
    tab_to(
        &window,
        "Tab goes round to the layers",
        "focused.getAttribute('aria-label') === 'Layers, newest on top'",
    )
    .await;
    window.chord(&[SHIFT, ARROW_DOWN]).await;
    view_of(&window, "Changes from layer 1 to layer 2").await;
    window.chord(&[HOME]).await;
    view_of(&window, "Files that a container sees").await;
}
