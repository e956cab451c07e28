//! Images written to files, and back: through the system's own file dialog.

use std::fs;
use std::path::Path;

use registry_server::practice;
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::registry::Registry;

use crate::prelude::*;
use crate::steps::{at_hand, at_row, files_of, pull, pull_and_open, row, run, show_files, tab_to, unfold};

fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("longshore e2e ").tempdir().expect("a temporary folder")
}

/// The digest that a sample has on every computer.
fn pinned(repository: &str, tag: &str) -> &'static str {
    let sample = practice::shelf().iter().find(|it| (it.repository, it.tag) == (repository, tag));
    sample.expect("it is a sample").digest
}

/// Opens the sheet that saves the image on screen, and waits until it is read.
async fn save_sheet(window: &Window) {
    // A shortcut is there with what it is about.
    window.says("What the name points to").await;
    window.chord(&[CONTROL, 's']).await;
    window.until("the sheet is read", "return document.querySelector('dialog[open] .cmp') !== null").await;
}

#[tokio::test]
async fn an_image_is_saved_to_a_file_that_other_tools_read() {
    let place = folder();
    let file = place.path().join("web 2.0.tar");
    let window = Window::open().await;
    pull_and_open(&window, "web:2.0").await;
    save_sheet(&window).await;
    window.says("Preserved because").await;
    window.looks_good("save-sheet").await;

    // Whoever changes their mind is back where they were.
    window.click("dialog[open] .btn--go").await;
    window.choose_nothing().await;
    let ready = "return document.querySelector('dialog[open] .btn--go')?.disabled === false";
    window.until("it can be saved again", ready).await;
    window.click("dialog[open] .btn--go").await;
    window.choose_path(&file).await;
    window.says("Saved web").await;
    window.says("written.").await;
    window.looks_good("saved").await;

    let named = format!("oci-archive:{}", file.display());
    let told = run("skopeo", &["--insecure-policy", "inspect", &named]);
    assert!(told.contains(pinned("web", "2.0")), "{told}");
    let named = format!("docker-archive:{}", file.display());
    run("skopeo", &["--insecure-policy", "inspect", &named]);
    let left: Vec<_> =
        fs::read_dir(place.path()).expect("a folder").flatten().map(|it| it.file_name()).collect();
    assert_eq!(left, ["web 2.0.tar"], "nothing else is left beside it");
}

#[tokio::test]
async fn the_two_archives_of_an_image_stand_side_by_side() {
    let window = Window::open().await;
    pull_and_open(&window, "files:1.0").await;
    // What an export holds is known once the files were looked at.
    show_files(&window, 4).await;
    window.click("[role=tab][id$=overview]").await;
    save_sheet(&window).await;
    window.press("Compare the two archives").await;
    let inside = window.texts("section[aria-labelledby$='-a'] .list li").await;
    for wanted in ["blobs/sha256/", "config", "layer 1", "manifest.json", "oci-layout"] {
        assert!(inside.iter().any(|entry| entry.contains(wanted)), "no {wanted}: {inside:?}");
    }
    let files = window.texts("section[aria-labelledby$='-b'] .list li").await;
    for wanted in ["etc", "srv"] {
        assert!(files.iter().any(|entry| entry.starts_with(wanted)), "no {wanted}: {files:?}");
    }
    let lost = window.texts("section[aria-labelledby$='-b'] .loss li").await;
    assert!(lost.iter().any(|line| line.contains("layer")), "{lost:?}");
    window.looks_good("two-archives").await;
}

#[tokio::test]
async fn files_are_exported_by_keys_alone() {
    let place = folder();
    let file = place.path().join("files.tar");
    let window = Window::open().await;
    pull_and_open(&window, "files:1.0").await;
    save_sheet(&window).await;
    tab_to(&window, "Tab reaches the two ways", "focused.getAttribute('role') === 'radio'").await;
    window.chord(&[ARROW_RIGHT]).await;
    window.says("docker export").await;
    window.says("an export has no manifest").await;
    window.looks_good("export-sheet").await;
    window.chord(&[CONTROL, ENTER]).await;
    window.choose_path(&file).await;
    window.says("Exported files").await;
    window.says("It comes back with Import").await;
    window.looks_good("exported").await;
    let listed = run("tar", &["-tf", &file.display().to_string()]);
    assert!(listed.lines().any(|line| line.trim_start_matches("./") == "etc/motd"), "{listed}");
}

#[tokio::test]
async fn several_images_are_saved_into_one_file_by_keys_alone() {
    let place = folder();
    let file = place.path().join("both.tar");
    let window = Window::open().await;
    let host = window.practice_host().await;
    for tag in ["2.0", "2.1"] {
        pull(&window, &format!("{host}/web:{tag}")).await;
    }
    window.chord(&[CONTROL, '2']).await;
    let rows = "return document.querySelectorAll('[role=grid] [role=row][aria-label]').length === 2";
    window.until("two images", rows).await;
    tab_to(&window, "Tab reaches the table", "focused.getAttribute('role') === 'grid'").await;
    window.chord(&[CONTROL, 'a']).await;
    window.says("2 images chosen").await;
    window.chord(&[CONTROL, 's']).await;
    window.until("the sheet is read", "return document.querySelector('dialog[open] .cmp') !== null").await;
    window.says("One image at a time.").await;
    window.looks_good("save-several").await;
    window.chord(&[CONTROL, ENTER]).await;
    window.choose_path(&file).await;
    window.says("written.").await;
    for tag in ["2.0", "2.1"] {
        let named = format!("docker-archive:{}:{host}/web:{tag}", file.display());
        run("skopeo", &["--insecure-policy", "inspect", &named]);
    }
}

/// A folder with what is not just bytes: a link, a program that runs as its owner, and files of somebody else.
fn tools() -> Registry {
    let base = [
        Entry::directory("opt"),
        Entry::directory("opt/tools").owner(7, 7),
        Entry::file("opt/tools/notes.md", b"# Notes of before\n").owner(7, 7),
        Entry::file("opt/tools/old.md", b"old\n"),
        Entry::file("opt/tools/raise", b"#!/bin/sh\nexec id\n").mode(0o4755),
        Entry::symlink("opt/tools/latest.md", "notes.md"),
        Entry::file("opt/tools/table.json", format!("[{}0]\n", "1000, ".repeat(30_000)).as_bytes())
            .owner(7, 7),
    ];
    let second =
        [Entry::file("opt/tools/notes.md", b"# Notes\n").owner(7, 7), Entry::whiteout("opt/tools/old.md")];
    let layer = |entries: &[Entry]| Layer::new(entries, LayerCompression::Gzip);
    let image = Image::builder(Family::Oci).layer(layer(&base)).layer(layer(&second)).build();
    let registry = Registry::start();
    registry.put("team/tools", "1.0", &image);
    registry
}

async fn tools_of(window: &Window, registry: &Registry) {
    files_of(window, &registry.reference("team/tools", "1.0"), 1).await;
}

/// Waits until it is said, to be read by everybody, where it was saved.
async fn saved(window: &Window, path: &Path) {
    let wanted = serde_json::json!(format!("Saved {}", path.display()));
    let script = format!("return document.querySelector('.saved')?.innerText === {wanted}");
    window.until(&format!("the page says {wanted}"), &script).await;
}

#[tokio::test]
async fn a_folder_and_a_file_are_saved_by_mouse() {
    let registry = tools();
    let place = folder();
    let window = Window::open().await;
    tools_of(&window, &registry).await;
    unfold(&window, "opt").await;
    window.click(&row("tools")).await;
    at_hand(&window, "/opt/tools").await;
    window.press("Save folder…").await;
    let tar = place.path().join("my tools.tar");
    window.choose_path(&tar).await;
    saved(&window, &tar).await;
    let listed = run("tar", &["--numeric-owner", "-tvf", &tar.display().to_string()]);
    let mut named: Vec<String> = listed
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            format!("{} {} {}", words[0], words[1], words[5..].join(" "))
        })
        .collect();
    named.sort();
    assert_eq!(
        named,
        [
            "-rw-r--r-- 7/7 tools/notes.md",
            "-rw-r--r-- 7/7 tools/table.json",
            "-rwsr-xr-x 0/0 tools/raise",
            "drwxr-xr-x 7/7 tools/",
            "lrwxrwxrwx 0/0 tools/latest.md -> notes.md",
        ]
    );

    unfold(&window, "tools").await;
    window.click(&row("notes.md")).await;
    at_hand(&window, "/opt/tools/notes.md").await;
    window.press("Save file…").await;
    window.choose_nothing().await;
    window.press("Save file…").await;
    let file = place.path().join("new notes.md");
    window.choose_path(&file).await;
    saved(&window, &file).await;
    assert_eq!(fs::read(&file).expect("it was written"), b"# Notes\n");
    window.looks_good("file-saved").await;

    // What the layer below has of it is another file.
    window.click("ul[aria-label='What each layer did with it'] li:last-child button").await;
    window.says("# Notes of before").await;
    window.press("Save file…").await;
    let older = place.path().join("older.md");
    window.choose_path(&older).await;
    saved(&window, &older).await;
    assert_eq!(fs::read(&older).expect("it was written"), b"# Notes of before\n");
}

#[tokio::test]
async fn a_folder_and_a_file_are_saved_by_keys_alone() {
    let registry = tools();
    let place = folder();
    let window = Window::open().await;
    tools_of(&window, &registry).await;
    tab_to(&window, "Tab reaches the tree", "focused.getAttribute('role') === 'treegrid'").await;
    window.chord(&[ARROW_RIGHT]).await;
    window.find(&format!("{}[aria-expanded=true]", row("opt"))).await;
    window.chord(&[ARROW_DOWN]).await;
    at_row(&window, "tools").await;
    window.chord(&[CONTROL, SHIFT, 'S']).await;
    let tar = place.path().join("tools.tar");
    window.choose_path(&tar).await;
    saved(&window, &tar).await;
    let listed = run("tar", &["-tf", &tar.display().to_string()]);
    assert_eq!(listed.lines().count(), 5, "{listed}");

    // Another file, with the keys where they were.
    window.chord(&[ARROW_RIGHT]).await;
    window.find(&format!("{}[aria-expanded=true]", row("tools"))).await;
    window.type_text("ta").await;
    at_row(&window, "table.json").await;
    window.chord(&[CONTROL, SHIFT, 'S']).await;
    let file = place.path().join("table.json");
    window.choose_path(&file).await;
    saved(&window, &file).await;
    let text = fs::read_to_string(&file).expect("it was written");
    assert!(text.starts_with("[1000, 1000, ") && text.len() == 180_004, "{} bytes", text.len());
}
