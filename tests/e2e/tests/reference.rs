//! The reference bar: what is typed is taken apart, and what is malformed says so.

use e2e::{Window, window};
use serde_json::json;

/// Name of each part and how it came there, as a screen reader says it.
async fn parts(window: &Window) -> Vec<String> {
    let spoken = window
        .value("[...document.querySelectorAll('#reference-panel [data-seg]')].map((part) => part.getAttribute('aria-label'))")
        .await;
    serde_json::from_value(spoken).expect("a list of names")
}

#[tokio::test]
async fn a_short_name_is_taken_apart_into_what_was_typed_and_what_is_implied() {
    window(async |window| {
        window.click("[role=combobox]", "^Image reference$").await;
        window.type_text("nginx").await;
        let tag = "document.querySelector('#reference-panel [data-seg=repository] .seg__t')?.textContent === 'nginx'";
        window.until("the repository in the breakdown", tag).await;
        assert_eq!(
            parts(window).await,
            [
                "docker.io, Registry, implied",
                "library, Namespace, implied",
                "nginx, Repository, you typed",
                "latest, Tag, implied",
                "sha256:…, Digest, not pinned",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn upper_case_is_underlined_with_a_way_out_and_can_not_be_pulled() {
    window(async |window| {
        window.click("[role=combobox]", "^Image reference$").await;
        window.type_text("team/App").await;
        window.until("a mark on the field", "document.querySelector('[role=combobox][aria-invalid=true]')").await;
        window.until("wrong letters", "document.querySelector('.mirror .wrong')").await;
        let underline = window
            .text("getComputedStyle(document.querySelector('.mirror .wrong')).textDecorationLine")
            .await;
        assert_eq!(underline, "underline");
        let wrong = window
            .text("[...document.querySelectorAll('.mirror .wrong')].map((piece) => piece.textContent).join('')")
            .await;
        assert_eq!(wrong, "A");
        let said = window.text("document.querySelector('#reference-panel .problem')?.innerText").await;
        assert!(said.to_lowercase().contains("lower"), "the problem says `{said}`");
        let hint = window.text("document.querySelector('#reference-panel .problem small')?.innerText").await;
        assert_ne!(hint, "", "there is a hint");
        let pull = "[...document.querySelectorAll('header.refbar button')].find((it) => it.innerText.trim() === 'Pull')";
        assert_eq!(window.value(&format!("{pull}.disabled")).await, json!(true), "Pull can't be pressed");
        window.press(&["Ctrl+Enter"]).await;
        window.until("no transfer begun", "!document.title.startsWith('Transfers')").await;
    })
    .await;
}
