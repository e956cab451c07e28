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

    // The window goes on afterwards.
    window.chord(&[CONTROL, '3']).await;
    window.says("Pulled files:1.0").await;
    window.show("dragged-out").await;
}
