//! Archives: dropped on the window by another program, looked into, loaded and imported.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::prelude::*;
use crate::steps::{at_hand, at_row, press_by_keys, row, run, unfold};

/// An image of the practice registry as skopeo writes it, in a folder with a space and an accent.
fn archived(folder: &Path, host: &str, image: &str, name: &str, file: &str) -> PathBuf {
    let path = folder.join(file);
    let target = format!("docker-archive:{}:{name}", path.display());
    let source = format!("docker://{host}/{image}");
    run("skopeo", &["--insecure-policy", "copy", "--quiet", "--src-tls-verify=false", &source, &target]);
    path
}

/// The files of a container, as `docker export` writes them.
fn filesystem(folder: &Path, file: &str) -> PathBuf {
    let root = folder.join("root");
    for name in ["bin", "etc", "home", "lib", "usr/bin", "var"] {
        fs::create_dir_all(root.join(name)).expect("a folder");
    }
    fs::write(root.join("bin/sh"), "#!/bin/true\n").expect("a file");
    fs::write(root.join("etc/os-release"), "ID=harbour\n").expect("a file");
    let path = folder.join(file);
    let (root, file) = (root.display().to_string(), path.display().to_string());
    run("tar", &["-C", &root, "-cf", &file, "bin", "etc", "home", "lib", "usr", "var"]);
    path
}

fn folder() -> TempDir {
    tempfile::Builder::new().prefix("longshore e2e é ").tempdir().expect("a temporary folder")
}

#[tokio::test]
async fn an_archive_that_is_dropped_is_looked_into_and_then_loaded() {
    let window = Window::open().await;
    let host = window.practice_host().await;
    let place = folder();
    let archive = archived(place.path(), &host, "web:2.0", "team/app:1", "release images.tar");

    let drag = Drag::over(&window, &[&archive]).await;
    window.says("Drop to look inside").await;
    window
        .until(
            "the name is painted",
            "return document.querySelector('.drop text')?.textContent === 'release images.tar'",
        )
        .await;
    window.show("drop-overlay").await;
    drag.drop_here().await;

    window.says("Docker archive").await;
    window.says("new tag").await;
    window.until("the overlay is gone", "return document.querySelector('.drop') === null").await;
    window.show("import-sheet").await;
    window.is_accessible("the import sheet").await;
    window.press("Load 1 image").await;
    window.says("Loaded image: team/app:1").await;
    window.show("loaded").await;
    window.press("Open image").await;
    window.says("On this computer").await;
    assert_eq!(window.text("h1").await, "app");
}

#[tokio::test]
async fn a_drag_that_goes_away_again_changes_nothing() {
    let window = Window::open().await;
    let host = window.practice_host().await;
    let place = folder();
    let archive = archived(place.path(), &host, "hello:1.0", "team/app:1", "app.tar");
    let drag = Drag::over(&window, &[&archive]).await;
    window.says("Drop to look inside").await;
    drag.away().await;
    window.until("the overlay is gone", "return document.querySelector('.drop') === null").await;
    assert_eq!(window.texts("dialog[open]").await, Vec::<String>::new());
}

#[tokio::test]
async fn f107_a_name_that_stands_for_another_image_moves_only_when_that_was_agreed_to() {
    let window = Window::open().await;
    let host = window.practice_host().await;
    let place = folder();
    let first = archived(place.path(), &host, "web:2.0", "team/app:1", "first.tar");
    let second = archived(place.path(), &host, "web:2.1", "team/app:1", "second.tar");
    Drag::over(&window, &[&first]).await.drop_here().await;
    window.press("Load 1 image").await;
    window.says("Loaded image: team/app:1").await;

    Drag::over(&window, &[&second]).await.drop_here().await;
    window.says("same tag here points to another image").await;
    let chosen = "return document.querySelector('dialog[open] .rw [role=checkbox]')?.ariaChecked === 'true'";
    assert_eq!(window.script(chosen, vec![]).await, serde_json::json!(false), "nothing is chosen unseen");
    window.click("dialog[open] .rw [role=checkbox]").await;
    let waits = "return document.querySelector('dialog[open] .btn--go')?.title === 'Confirm the move first'";
    window.until("the move is asked for", waits).await;
    window.show("move-asked").await;
    window.click("dialog[open] .confirm [role=checkbox]").await;
    window.press("Load 1 image").await;
    window.says("Loaded second.tar").await;
    window.says("The image team/app:1 already exists, renaming the old one").await;
}

#[tokio::test]
async fn several_files_are_looked_at_in_turn() {
    let window = Window::open().await;
    let host = window.practice_host().await;
    let place = folder();
    let archive = archived(place.path(), &host, "hello:1.0", "team/app:1", "app.tar");
    let files = filesystem(place.path(), "container-fs.tar");
    Drag::over(&window, &[&archive, &files]).await.drop_here().await;
    window.says("1 of 2").await;
    window.press("Load 1 image").await;
    window.says("2 of 2").await;
    window.says("Root filesystem").await;
    window.chord(&[ESCAPE]).await;
    window.says("Loaded app.tar").await;
}

#[tokio::test]
async fn a_root_filesystem_is_imported_under_a_name() {
    let window = Window::open().await;
    window.practice_host().await;
    let place = folder();
    let files = filesystem(place.path(), "container-fs.tar");
    Drag::over(&window, &[&files]).await.drop_here().await;
    window.says("Root filesystem").await;
    window
        .until(
            "the name has the caret",
            "return document.activeElement?.getAttribute('aria-label') === 'Import as'",
        )
        .await;
    window.script("document.activeElement.select()", vec![]).await;
    window.type_text("harbour:imported").await;
    window.says("docker import").await;
    window.show("import-filesystem").await;
    window.is_accessible("the import form").await;
    window.chord(&[CONTROL, ENTER]).await;
    window.says("Imported").await;
    window.press("Open image").await;
    window.says("On this computer").await;
    assert_eq!(window.text("h1").await, "harbour");
}

#[tokio::test]
async fn what_is_no_archive_is_said_to_be_none() {
    let place = folder();
    let text = place.path().join("notes.tar");
    fs::write(&text, "These are notes.\n").expect("a file");
    let window = Window::open_with(Home::new(), &[&text.display().to_string()], 1280, 800).await;
    window.says("notes.tar").await;
    window
        .until(
            "it is read",
            "return document.querySelector('dialog[open] .what, dialog[open] .fault') !== null",
        )
        .await;
    window.show("foreign").await;
    window.is_accessible("a foreign file").await;
    window.press("Close").await;
    window.until("it is closed", "return document.querySelector('dialog[open]') === null").await;
}

/// One whose name the keys of the file dialog can type: here they have no accents.
fn plain_folder() -> TempDir {
    tempfile::Builder::new().prefix("longshore e2e ").tempdir().expect("a temporary folder")
}

/// Waits until no image is on this computer, which its page then says.
async fn nothing_is_here(window: &Window) {
    window.chord(&[CONTROL, '2']).await;
    window.says("No images yet").await;
}

#[tokio::test]
async fn an_archive_is_opened_by_the_button_and_its_files_are_looked_at_where_they_lie() {
    let window = Window::open().await;
    let host = window.practice_host().await;
    let place = plain_folder();
    let archive = archived(place.path(), &host, "files:1.0", "team/files:1", "my files.tar");
    let before = fs::read(&archive).expect("it is there");
    nothing_is_here(&window).await;
    window.press("Open…").await;
    window.choose_nothing().await;
    window.press("Open…").await;
    window.choose_path(&archive).await;
    window.says("Docker archive").await;
    window.looks_good("opened-by-button").await;
    window.press("Just look inside").await;
    window.says("Nothing was imported").await;
    assert_eq!(window.text("h1").await, "my files.tar");
    unfold(&window, "etc").await;
    window.click(&row("os-release")).await;
    at_hand(&window, "/etc/os-release").await;
    window.until("its text", "return document.querySelectorAll('aside .text .ln').length > 0").await;
    window.looks_good("archive-in-place").await;
    window.click(".lp[role=option][id$='-3']").await;
    window.find("[role=treegrid][aria-label='Files with the changes of layer 3']").await;
    nothing_is_here(&window).await;
    assert_eq!(fs::read(&archive).expect("it is still there"), before);
    assert_eq!(fs::read_dir(place.path()).expect("a folder").count(), 1, "nothing was unpacked beside it");
}

#[tokio::test]
async fn a_root_filesystem_is_opened_and_looked_at_by_keys_alone() {
    let window = Window::open().await;
    window.practice_host().await;
    let place = plain_folder();
    let files = filesystem(place.path(), "container-fs.tar");
    window.chord(&[CONTROL, 'o']).await;
    window.choose_path(&files).await;
    window.says("Root filesystem").await;
    press_by_keys(&window, "Just look inside").await;
    window.says("Nothing was imported").await;
    window.find("[role=treegrid] [role=row]").await;
    window.chord(&[CONTROL, 'f']).await;
    window.type_text("os-release").await;
    at_row(&window, "os-release").await;
    window.chord(&[ESCAPE]).await;
    window.chord(&[ESCAPE]).await;
    window.chord(&[ENTER]).await;
    at_hand(&window, "/etc/os-release").await;
    window.says("ID=harbour").await;
    window.looks_good("filesystem-in-place").await;
    nothing_is_here(&window).await;
}
