//! Deeper into the files of an image: find, bytes, sizes, waste, and what another image has instead.

use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::registry::Registry;

use crate::prelude::*;
use crate::steps::{at_hand, at_row, command, files_of, open, press_by_keys, tab_to};

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
    let notes = b"What this is about.\n";
    let old = [Entry::file("opt/only-old.txt", b"old\n"), Entry::file("opt/notes.md", notes)];
    let new = [Entry::file("opt/only-new.txt", b"new\n"), Entry::file("srv/notes.md", notes)];
    registry.put("team/app", "1.0", &image(OLD, &old));
    registry.put("team/app", "1.1", &image(NEW, &new));
    registry
}

#[tokio::test]
async fn matches_are_jumped_through_and_bytes_are_shown_by_keys_alone() {
    let registry = registry();
    let window = Window::open().await;
    files_of(&window, &registry.reference("team/app", "1.0"), 3).await;
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
    files_of(&window, &registry.reference("team/app", "1.0"), 3).await;
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

/// Every file of one kind or another.
fn kinds() -> Registry {
    let json = format!("[{}0]\n", "1000, ".repeat(30_000));
    let entries = [
        Entry::file("app/big.json", json.as_bytes()).owner(7, 7),
        Entry::file("app/picture", &[&b"\x89PNG\r\n\x1a\n"[..], &[0; 200]].concat()),
        Entry::file("app/program", &[&b"\x7fELF\x02\x01\x01"[..], &[0; 120_000]].concat()).mode(0o4755),
        Entry::file("app/run", b"#!/bin/sh\n").mode(0o2755).owner(7, 7),
        Entry::file("app/small.json", b"{}\n"),
    ];
    let image = Image::builder(Family::Oci).layer(Layer::new(&entries, LayerCompression::Gzip)).build();
    let registry = Registry::start();
    registry.put("team/kinds", "1.0", &image);
    registry
}

#[tokio::test]
async fn filters_for_what_files_hold_their_size_owner_and_rights_narrow_each_other() {
    let registry = kinds();
    let window = Window::open().await;
    files_of(&window, &registry.reference("team/kinds", "1.0"), 1).await;
    window.press("Filters").await;
    let choose = async |filter: &str, value: &str| {
        window
            .click(&format!("[role=dialog][aria-label=Filters] select[id$={filter}] option[value='{value}']"))
            .await;
    };
    let left = async |files: &[&str]| {
        let names = files.join(" ");
        let script = format!(
            "return [...document.querySelectorAll('[role=treegrid] [role=row]')].map((row) => row.querySelector('.name')?.innerText).filter((name) => name !== 'app').join(' ') === '{names}'"
        );
        window.until(&format!("`{names}` are left"), &script).await;
    };
    choose("content", "image").await;
    left(&["picture"]).await;
    choose("content", "program").await;
    left(&["program"]).await;
    choose("content", "script").await;
    left(&["run"]).await;
    choose("content", "json").await;
    left(&["big.json", "small.json"]).await;
    choose("size", "100000").await;
    left(&["big.json"]).await;
    choose("content", "").await;
    left(&["big.json", "program"]).await;
    window.press("Only what runs as its owner or group (setuid, setgid)").await;
    left(&["program"]).await;
    choose("size", "").await;
    left(&["program", "run"]).await;
    window.click("[role=dialog][aria-label=Filters] input").await;
    window.type_text("7").await;
    window.chord(&[ENTER]).await;
    left(&["run"]).await;
    window.says("Owner 7").await;
    choose("content", "text").await;
    left(&["run"]).await;
    window.looks_good("filters-all").await;
    window.chord(&[ESCAPE]).await;
    window.until("it is closed", "return document.querySelector('[role=dialog]') === null").await;
    window.press("Remove filter: setuid or setgid").await;
    left(&["big.json", "run"]).await;
    window.press("Remove filter: Text of any kind").await;
    window.press("Remove filter: Owner 7").await;
    window.until("no filter is set", "return document.querySelector('.set') === null").await;
    left(&[]).await;
}

/// Lays the second tag beside the first one, which is on screen.
async fn compare(window: &Window, second: &str) {
    command(window, "Compare with").await;
    window.says("Pick the other image").await;
    window.click("input[aria-label='Second: reference']").await;
    window.type_text(second).await;
    window.chord(&[ENTER]).await;
    window.says("of layers are shared").await;
}

/// What a screen reader is told of the files that differ, in their order.
async fn differing(window: &Window) -> Vec<String> {
    let script = "return [...document.querySelectorAll('[aria-label=\"Files that differ\"] [role=option] .visually-hidden')].map((it) => it.textContent)";
    let found = window.script(script, vec![]).await;
    found.as_array().into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

async fn differing_files(window: &Window, wanted: &[&str]) {
    let count = wanted.len();
    let script = format!(
        "return document.querySelectorAll('[aria-label=\"Files that differ\"] [role=option] .visually-hidden').length === {count}"
    );
    window.until(&format!("{count} files are listed"), &script).await;
    assert_eq!(differing(window).await, wanted);
}

const DIFFERING: [&str; 4] = [
    "/etc/app.conf, changed, content, 48 B to 62 B",
    "/opt/only-new.txt, added, 4 B",
    "/opt/only-old.txt, removed, 4 B",
    "/srv/notes.md, moved, it was /opt/notes.md, 20 B",
];

#[tokio::test]
async fn two_images_are_compared_file_by_file_by_mouse() {
    let registry = registry();
    let window = Window::open().await;
    window.practice_host().await;
    open(&window, &registry.reference("team/app", "1.0")).await;
    window.says("What the name points to").await;
    compare(&window, &registry.reference("team/app", "1.1")).await;
    window.looks_good("compare-files-before").await;
    window.press("Compare files").await;
    window.says("4 files differ").await;
    differing_files(&window, &DIFFERING).await;
    let signs = window.texts("[aria-label='Files that differ'] [role=option] > b").await;
    assert_eq!(signs, ["~", "+", "\u{2212}", "\u{2192}"], "a colour is not the only sign");

    window.script("document.querySelector('section[aria-label=Files]').scrollIntoView()", vec![]).await;
    window.click("[role=option] bdi[title='/etc/app.conf']").await;
    window.until("both texts are there", "return document.querySelector('.diff .added') !== null").await;
    assert_eq!(window.texts(".diff .half.removed .tx").await, ["workers = 4"]);
    assert_eq!(window.texts(".diff .half.added .tx").await, ["workers = 8", "colour = blue"]);
    window.looks_good("compare-beside").await;
    window.press("Unified").await;
    window.until("one under the other", "return document.querySelector('.diff .half') === null").await;
    assert_eq!(window.texts(".diff .line.removed .tx").await, ["workers = 4"]);
    assert_eq!(window.texts(".diff .line.added .tx").await, ["workers = 8", "colour = blue"]);
    window.looks_good("compare-unified").await;
    // What only one of them has stands by itself.
    for (path, line) in [("/opt/only-new.txt", ".line.added"), ("/opt/only-old.txt", ".line.removed")] {
        window.click(&format!("[role=option] bdi[title='{path}']")).await;
        window.find(&format!(".diff[aria-label='Its text'] {line}")).await;
        assert_eq!(window.texts(".diff .line").await.len(), 1);
    }
    window.show("compare-alone").await;

    window.click("[aria-label='Which differences'] button:nth-child(5)").await;
    differing_files(&window, &DIFFERING[3..]).await;
    window.click("[aria-label='Which differences'] button:first-child").await;
    differing_files(&window, &DIFFERING).await;
}

#[tokio::test]
async fn two_images_are_compared_file_by_file_by_keys_alone() {
    let registry = registry();
    let window = Window::open().await;
    window.practice_host().await;
    open(&window, &registry.reference("team/app", "1.0")).await;
    window.says("What the name points to").await;
    command(&window, "Compare with").await;
    let second = "focused.getAttribute('aria-label') === 'Second: reference'";
    tab_to(&window, "Tab reaches the second image", second).await;
    window.type_text(&registry.reference("team/app", "1.1")).await;
    window.chord(&[ENTER]).await;
    window.says("of layers are shared").await;
    press_by_keys(&window, "Compare files").await;
    // The button is gone, and what it was pressed for has the keys.
    let listed = "return document.activeElement?.getAttribute('aria-label') === 'Files that differ'";
    window.until("the list has the keys", listed).await;
    differing_files(&window, &DIFFERING).await;
    window.chord(&[ENTER]).await;
    window.until("both texts are there", "return document.querySelector('.diff .added') !== null").await;
    window.chord(&[ARROW_DOWN]).await;
    let chosen = "return document.querySelector('[aria-label=\"Files that differ\"] [aria-selected=true] .visually-hidden')?.textContent.startsWith('/opt/only-new.txt')";
    window.until("the arrow goes on", chosen).await;
    window.chord(&[HOME]).await;
    window
        .until(
            "both texts are there again",
            "return document.querySelector('.diff[aria-label^=Text] .added') !== null",
        )
        .await;
    tab_to(&window, "Tab reaches how the texts stand", "focused.innerText.trim() === 'Side by side'").await;
    window.chord(&[ARROW_RIGHT]).await;
    window.until("one under the other", "return document.querySelector('.diff .half') === null").await;
    tab_to(
        &window,
        "Tab reaches the text, which scrolls",
        "focused.getAttribute('aria-label') === 'Text of both, unified'",
    )
    .await;
}

/// Tiles of the map of sizes, as a screen reader is told of them.
async fn tiles(window: &Window) -> Vec<String> {
    let script = "return [...document.querySelectorAll('.field[role=listbox] [role=option]')].map((it) => it.getAttribute('aria-label'))";
    let found = window.script(script, vec![]).await;
    found.as_array().into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

/// Waits until the folder that is drawn is this one.
async fn drawn(window: &Window, trail: &str) {
    let script = format!(
        "return [...document.querySelectorAll('[aria-label=\"Folder that is drawn\"] button')].map((it) => it.innerText.trim()).join(' ') === '{trail}' && document.querySelector('.field[role=listbox][aria-busy=false]') !== null"
    );
    window.until(&format!("`{trail}` is drawn"), &script).await;
}

/// The tile that the keyboard is at.
const AT_TILE: &str = "document.getElementById(document.activeElement?.getAttribute('aria-activedescendant'))?.getAttribute('aria-label')";

#[tokio::test]
async fn sizes_are_drawn_as_a_map_that_is_gone_into_by_mouse() {
    let registry = registry();
    let window = Window::open().await;
    files_of(&window, &registry.reference("team/app", "1.0"), 3).await;
    window.press("Show a map of sizes").await;
    drawn(&window, "/").await;
    let all = tiles(&window).await;
    assert_eq!(all[0], "opt, 340 kB, folder, modified", "{all:?}");
    assert!(
        all.iter().any(|tile| tile == "engine.bin, 300 kB"),
        "what is in a folder is drawn in it: {all:?}"
    );
    // Areas are to scale.
    let area = "const area = (name) => { const box = document.querySelector(`.tile[aria-label^='${name},']`).getBoundingClientRect(); return box.width * box.height }; return area('engine.bin') / area('copy-a.dat')";
    let ratio = window.script(area, vec![]).await.as_f64().unwrap_or_default();
    assert!((6.0..9.0).contains(&ratio), "300 kB beside 40 kB is {ratio}");
    window.looks_good("map").await;

    window.click(".tile[aria-label^='opt,'] .name").await;
    drawn(&window, "/ opt").await;
    let inside = tiles(&window).await;
    assert_eq!(inside[..2], ["engine.bin, 300 kB", "copy-a.dat, 40.0 kB"], "{inside:?}");
    window.click(".tile[aria-label^='engine.bin,']").await;
    at_hand(&window, "/opt/engine.bin").await;
    window.looks_good("map-inside").await;
    window.click("[aria-label='Folder that is drawn'] button:first-child").await;
    drawn(&window, "/").await;
    assert_eq!(tiles(&window).await, all);
    window.press("Show the tree").await;
    window.find("[role=treegrid]").await;
}

#[tokio::test]
async fn a_map_of_sizes_is_gone_through_by_keys_alone() {
    let registry = registry();
    let window = Window::open().await;
    files_of(&window, &registry.reference("team/app", "1.0"), 3).await;
    command(&window, "Show a map of sizes").await;
    drawn(&window, "/").await;
    tab_to(&window, "Tab reaches the map", "focused.getAttribute('aria-label') === 'Sizes, largest first'")
        .await;
    window
        .until("it says where it is", &format!("return {AT_TILE} === 'opt, 340 kB, folder, modified'"))
        .await;
    window.chord(&[ARROW_RIGHT]).await;
    window
        .until("the arrow goes beside it", &format!("return {AT_TILE}.startsWith('srv, 40.0 kB, folder')"))
        .await;
    window.chord(&[ENTER]).await;
    drawn(&window, "/ srv").await;
    window.until("the map keeps the keys", &format!("return {AT_TILE} === 'copy-b.dat, 40.0 kB'")).await;
    window.chord(&[BACKSPACE]).await;
    drawn(&window, "/").await;
    window.until("it is where it was", &format!("return {AT_TILE}.startsWith('srv,')")).await;
    window.chord(&[ARROW_LEFT]).await;
    window.until("and back", &format!("return {AT_TILE}.startsWith('opt,')")).await;
    window.chord(&[ENTER]).await;
    drawn(&window, "/ opt").await;
    window.until("the largest has the keys", &format!("return {AT_TILE} === 'engine.bin, 300 kB'")).await;
    window.chord(&[ENTER]).await;
    at_hand(&window, "/opt/engine.bin").await;
}
