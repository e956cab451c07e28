//! The window without a mouse.

use e2e::{Window, window};

/// `127.0.0.1:5055`, or where the practice registry found a port.
async fn practice_host(window: &Window) -> String {
    window.named("[role=radio]", "^hello:1\\.0").await;
    window.text("document.querySelector('.home .intro bdi').textContent").await
}

#[tokio::test]
async fn pulling_browsing_and_commanding_need_no_mouse() {
    window(async |window| {
        let host = practice_host(window).await;
        window.press(&["Ctrl+l"]).await;
        window.until("the caret in the bar", "document.activeElement?.getAttribute('aria-label') === 'Image reference'").await;
        window.type_text(&format!("{host}/hello:1.0")).await;
        window.press(&["Ctrl+Enter"]).await;
        window.until_read("Pulled hello:1.0 in ").await;

        window.press(&["Ctrl+l"]).await;
        window.type_text(&format!("{host}/hello:1.1")).await;
        window.press(&["Ctrl+Enter"]).await;
        window.until_read("Pulled hello:1.1 in ").await;

        window.press(&["Ctrl+2"]).await;
        window.until("two images", "document.querySelectorAll('[role=grid] [role=row][aria-label]').length === 2").await;
        let focused = "document.activeElement?.getAttribute('role') === 'grid'";
        for _ in 0..20 {
            if window.value(focused).await == true {
                break;
            }
            window.press(&["Tab"]).await;
        }
        window.until("the table with the focus", focused).await;
        let chosen = "document.querySelector('[role=grid] [role=row][aria-selected=true]')?.getAttribute('aria-label')";
        let first = window.text(chosen).await;
        window.press(&["ArrowDown"]).await;
        let second = window.text(chosen).await;
        assert_ne!(first, second, "the arrow moves on");
        window.press(&["Enter"]).await;
        window.named("[role=tab][aria-selected=true]", "^Overview").await;
        let tag = second.split(',').next().and_then(|name| name.rsplit_once(':')).expect("a name with a tag").1.to_owned();
        window.until("its page", &format!("document.title.includes('hello:{tag}')")).await;

        let open = "document.querySelector('dialog[open] [aria-label=\"Find a command\"]') === document.activeElement && document.activeElement !== null";
        let closed = "document.querySelector('dialog[open]') === null";
        window.press(&["Ctrl+k"]).await;
        window.until("the palette", open).await;
        window.press(&["Escape"]).await;
        window.until("no palette", closed).await;
        window.press(&["Ctrl+k"]).await;
        window.until("the palette", open).await;
        window.type_text("settin").await;
        window.until("the command", "document.querySelector('[role=option][aria-selected=true]')?.innerText.includes('Open Settings')").await;
        window.press(&["Enter"]).await;
        window.until("no palette", closed).await;
        window.until_read("Default platform").await;
    })
    .await;
}
