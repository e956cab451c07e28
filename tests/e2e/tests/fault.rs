//! What failed says so, with a way on, and with the exchange in which it failed.

use e2e::window;

#[tokio::test]
async fn an_unknown_tag_says_what_is_unknown_and_shows_the_exchange_that_failed() {
    window(async |window| {
        window.named("[role=radio]", "^hello:1\\.0").await;
        let host = window.text("document.querySelector('.home .intro bdi').textContent").await;
        window.click("[role=combobox]", "^Image reference$").await;
        window.type_text(&format!("{host}/hello:9.9")).await;
        window.press(&["Ctrl+Enter"]).await;

        window.named(".fault h1", "9\\.9").await;
        let title = window.text("document.querySelector('.fault h1').innerText").await;
        assert_eq!(title, format!("The practice registry has no {host}/hello:9.9"));
        let ways = window.value("document.querySelectorAll('.fault .causes button').length").await;
        assert!(ways.as_u64().is_some_and(|ways| ways > 0), "no way on");

        window.named("aside[aria-label=Wire] h2", "^Wire$").await;
        let step = "document.querySelector('aside[aria-label=Wire] [data-step][aria-current=step]')?.textContent ?? ''";
        window.until("the failed step", &format!("({step}).includes('404')")).await;
        let text = window.text(step).await;
        assert!(text.contains("manifests/9.9"), "the step chosen is `{text}`");
    })
    .await;
}
