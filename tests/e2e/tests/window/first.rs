//! The first minutes: look, type, pull, open.

use crate::prelude::*;

#[tokio::test]
async fn a_practice_image_is_pulled_with_two_clicks() {
    let window = Window::open().await;
    let host = window.practice_host().await;
    window.show("home").await;
    window.click(".cap[title^='web:2.0']").await;
    window.click("button[title='Pull web:2.0']").await;
    window
        .until(
            "three layers are complete",
            "return document.querySelectorAll('[data-state=complete]').length === 3",
        )
        .await;
    window.says(&format!("Status: Downloaded newer image for {host}/web:2.0")).await;
    window.says("Digest: sha256:").await;
    window.show("pulled").await;
}
