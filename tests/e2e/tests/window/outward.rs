//! Out of the window: what is dragged to another program arrives there as a file.

use crate::prelude::*;
use crate::steps::{pull_and_open, run};

#[tokio::test]
async fn an_image_is_dragged_to_another_program() {
    let window = Window::open().await;
    pull_and_open(&window, "files:1.0").await;
    let other = Target::beside(&window).await;

    let image = other.take(&window, "h1[draggable=true]").await;
    assert_eq!(image.file_name().and_then(|name| name.to_str()), Some("files-1.0.tar"));
    let listed = run("tar", &["-tf", &image.display().to_string()]);
    assert!(listed.lines().any(|line| line == "manifest.json"), "{listed}");

    // The window goes on afterwards, and is dragged from again.
    let again = other.take(&window, "h1[draggable=true]").await;
    assert_eq!(again.file_name(), image.file_name());
    assert_ne!(again, image, "each is a file of its own");
    window.chord(&[CONTROL, '3']).await;
    window.says("Pulled files:1.0").await;
    window.show("dragged-out").await;
}

#[tokio::test]
async fn a_file_is_dragged_to_another_program() {
    let window = Window::open().await;
    pull_and_open(&window, "files:1.0").await;
    let other = Target::beside(&window).await;
    window.click("[role=tab][id$=files]").await;
    window.click("[role=treegrid] [role=row][aria-label^='etc,'] .fold").await;
    let file = other.take(&window, "[role=treegrid] [role=row][aria-label^='os-release,']").await;
    assert_eq!(file.file_name().and_then(|name| name.to_str()), Some("os-release"));
    assert!(std::fs::read_to_string(&file).expect("a text").contains("ID="), "it is the file itself");
}

#[tokio::test]
async fn a_folder_is_dragged_to_another_program() {
    let window = Window::open().await;
    pull_and_open(&window, "files:1.0").await;
    let other = Target::beside(&window).await;
    window.click("[role=tab][id$=files]").await;
    let folder = other.take(&window, "[role=treegrid] [role=row][aria-label^='etc,']").await;
    assert_eq!(folder.file_name().and_then(|name| name.to_str()), Some("etc.tar"));
    let listed = run("tar", &["-tf", &folder.display().to_string()]);
    assert!(listed.lines().any(|line| line == "etc/os-release"), "{listed}");
}

#[tokio::test]
async fn a_layer_is_dragged_to_another_program() {
    let window = Window::open().await;
    pull_and_open(&window, "files:1.0").await;
    let other = Target::beside(&window).await;
    window.click("[role=tab][id$=layers]").await;
    let layer = other.take(&window, "[role=tabpanel] [draggable=true]").await;
    assert!(layer.display().to_string().ends_with(".tar.gz"), "{}", layer.display());
    run("tar", &["-tzf", &layer.display().to_string()]);
}
