//! Deeper into the files of an image: find, bytes, sizes, waste, and what another image has instead.

use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::registry::Registry;

use crate::prelude::*;
use crate::steps::{at_row, open, show_files, tab_to};

/// A file that is written twice, one that is there twice, a program of many bytes and a config.
fn image(config: &str, last: &[Entry]) -> Image {
    let noise = |seed: u8, count: u32| -> Vec<u8> {
        (0..count).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8 ^ seed).collect()
    };
    let base = [
        Entry::directory("etc"),
        Entry::file("etc/app.conf", b"workers = 1\n"),
        Entry::directory("opt"),
        Entry::file("opt/engine.bin", &noise(1, 300_000)),
        Entry::file("opt/copy-a.dat", &noise(2, 40_000)),
        Entry::directory("srv"),
        Entry::file("srv/copy-b.dat", &noise(2, 40_000)),
        Entry::file("srv/sudo", b"#!/bin/true\n").mode(0o4755),
    ];
    let second = [Entry::file("etc/app.conf", config.as_bytes())];
    Image::builder(Family::Oci)
        .layer(Layer::new(&base, LayerCompression::Gzip))
        .layer(Layer::new(&second, LayerCompression::Gzip))
        .layer(Layer::new(last, LayerCompression::Gzip))
        .build()
}

const OLD: &str = "# of the app\nworkers = 4\nport = 8080\nlog = info\n";
const NEW: &str = "# of the app\nworkers = 8\nport = 8080\nlog = info\ncolour = blue\n";

fn registry() -> Registry {
    let registry = Registry::start();
    registry.put("team/app", "1.0", &image(OLD, &[Entry::file("opt/only-old.txt", b"old\n")]));
    registry.put("team/app", "1.1", &image(NEW, &[Entry::file("opt/only-new.txt", b"new\n")]));
    registry
}

async fn files(window: &Window, reference: &str) {
    window.practice_host().await;
    open(window, reference).await;
    window.says("What the name points to").await;
    show_files(window, 3).await;
}

/// The path of the file at hand.
async fn at_hand(window: &Window, path: &str) {
    let script = format!("return document.querySelector('aside .path')?.innerText === '{path}'");
    window.until(&format!("{path} is at hand"), &script).await;
}

#[tokio::test]
async fn matches_are_jumped_through_and_bytes_are_shown_by_keys_alone() {
    let registry = registry();
    let window = Window::open().await;
    files(&window, &registry.reference("team/app", "1.0")).await;
    window.chord(&[CONTROL, 'f']).await;
    window.type_text("copy-").await;
    window.says("1 of 2").await;
    at_row(&window, "copy-a.dat").await;
    window.chord(&[ENTER]).await;
    window.says("2 of 2").await;
    at_row(&window, "copy-b.dat").await;
    window.chord(&[SHIFT, ENTER]).await;
    window.says("1 of 2").await;
    window.looks_good("find").await;
    window.script("document.activeElement.select()", vec![]).await;
    window.type_text("*.bin").await;
    window.says("1 of 1").await;
    at_row(&window, "engine.bin").await;
    window.chord(&[ESCAPE]).await;
    window.chord(&[ESCAPE]).await;
    window.chord(&[ENTER]).await;
    at_hand(&window, "/opt/engine.bin").await;
    window.until("its bytes are there", "return document.querySelectorAll('.dump .line').length > 8").await;
    tab_to(
        &window,
        "Tab reaches the place in the file",
        "focused.getAttribute('aria-label') === 'Go to byte'",
    )
    .await;
    window.type_text("0x40000").await;
    window.chord(&[ENTER]).await;
    let there = "return [...document.querySelectorAll('.dump .line')].some((line) => line.innerText.includes('40000'))";
    window.until("the dump is there", there).await;
    window.looks_good("hex").await;
}

#[tokio::test]
async fn files_are_left_out_by_what_they_are() {
    let registry = registry();
    let window = Window::open().await;
    files(&window, &registry.reference("team/app", "1.0")).await;
    window.press("Filters").await;
    window.looks_good("filters").await;
    window.press("Only what runs as its owner or group (setuid, setgid)").await;
    window.press("Close").await;
    let rows = "return [...document.querySelectorAll('[role=treegrid] [role=row]')].map((row) => row.querySelector('.name')?.innerText).join(' ') === 'srv sudo'";
    window.until("only that is left", rows).await;
    window.says("1 file").await;
    window.press("Remove filter: setuid or setgid").await;
    window
        .until("all are back", "return document.querySelectorAll('[role=treegrid] [role=row]').length >= 3")
        .await;
}
