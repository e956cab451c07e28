//! The page is confined: it goes nowhere, runs nothing but itself, and calls nothing but its commands.

use std::time::Duration;

use e2e::{Window, window};
use serde_json::{Value, json};
use testkit::registry::Registry;

async fn ready(window: &Window) {
    window.named("[role=radio]", "^web:2\\.0").await;
}

/// What a promise of the page came to.
async fn later(window: &Window, promise: &str) -> Value {
    let script = format!(
        "window.answer = null;
         ({promise}).then((ok) => {{ window.answer = {{ ok: ok ?? null }} }}, (no) => {{ window.answer = {{ refused: JSON.stringify(no) }} }})"
    );
    window.run(&script, &[]).await;
    window.until("an answer", "window.answer !== null").await;
    window.value("window.answer").await
}

#[tokio::test]
async fn f122_the_page_can_go_nowhere_else() {
    let elsewhere = Registry::start();
    let target = json!(elsewhere.url("/escape"));
    window(async |window| {
        ready(window).await;
        let url = window.text("location.href").await;
        for attempt in [
            "location.href = arguments[0]",
            "window.open(arguments[0])",
            "const link = document.createElement('a'); link.href = arguments[0]; link.target = '_blank'; document.body.append(link); link.click()",
            "const link = document.createElement('a'); link.href = arguments[0]; document.body.append(link); link.click()",
            "const frame = document.createElement('iframe'); frame.src = arguments[0]; document.body.append(frame)",
            "const form = document.createElement('form'); form.action = arguments[0]; document.body.append(form); form.submit()",
            "const picture = new Image(); picture.src = arguments[0]; document.body.append(picture)",
            "const script = document.createElement('script'); script.src = arguments[0]; document.body.append(script)",
            "const meta = document.createElement('meta'); meta.httpEquiv = 'refresh'; meta.content = `0;url=${arguments[0]}`; document.head.append(meta)",
            "fetch(arguments[0]).catch(() => undefined)",
            "navigator.sendBeacon(arguments[0], 'x')",
        ] {
            window.run(attempt, std::slice::from_ref(&target)).await;
            // Nothing can be waited for: what must not happen has no sign.
            tokio::time::sleep(Duration::from_millis(150)).await;
            assert_eq!(window.text("location.href").await, url, "{attempt}");
        }
        assert!(elsewhere.log().is_empty(), "something was asked elsewhere:\n{}", elsewhere.transcript());
        ready(window).await;
    })
    .await;
}

#[tokio::test]
async fn the_page_runs_no_script_but_its_own() {
    window(async |window| {
        ready(window).await;
        window
            .run(
                "const script = document.createElement('script'); script.textContent = 'window.hit = 1'; document.body.append(script);
                 const picture = document.createElement('img'); picture.setAttribute('onerror', 'window.hit = 2'); picture.src = 'data:,'; document.body.append(picture);
                 const button = document.createElement('button'); button.setAttribute('onclick', 'window.hit = 3'); document.body.append(button); button.click();
                 try { setTimeout('window.hit = 4', 0) } catch {}
                 window.waited = false; setTimeout(() => { window.waited = true }, 200)",
                &[],
            )
            .await;
        window.until("the timers", "window.waited").await;
        assert_eq!(window.value("window.hit ?? 'blocked'").await, "blocked");
        assert_eq!(window.value("typeof window.__TAURI__").await, "undefined", "Tauri's API is no global");
    })
    .await;
}

#[tokio::test]
async fn f121_the_page_may_call_its_commands_and_nothing_of_tauri() {
    window(async |window| {
        ready(window).await;
        let invoke =
            |name: &str, arguments: &str| format!("window.__TAURI_INTERNALS__.invoke('{name}', {arguments})");
        let known = later(window, &invoke("explain_reference", "{ input: 'nginx' }")).await;
        assert_eq!(known["ok"]["breakdown"]["canonical"], "docker.io/library/nginx:latest", "{known}");
        for (name, arguments) in [
            ("plugin:store|load", "{ path: '/etc/passwd' }"),
            ("plugin:store|set", "{ rid: 1, key: 'x', value: 1 }"),
            ("plugin:window-state|restore_state", "{ label: 'main', flags: 1 }"),
            ("plugin:window|set_title", "{ label: 'main', value: 'x' }"),
            (
                "plugin:webview|create_webview_window",
                "{ options: { label: 'x', url: 'https://example.com' } }",
            ),
            ("plugin:event|emit", "{ event: 'x' }"),
            ("plugin:path|resolve_directory", "{ directory: 1 }"),
            ("plugin:resources|close", "{ rid: 1 }"),
            ("no_such_command", "{}"),
        ] {
            let answer = later(window, &invoke(name, arguments)).await;
            assert!(answer["refused"].is_string(), "{name}: {answer}");
        }
        // Arguments of another shape are refused too, and the window goes on.
        for arguments in ["{}", "{ input: 7 }", "{ input: null }", "{ input: {} }"] {
            let answer = later(window, &invoke("explain_reference", arguments)).await;
            assert!(answer["refused"].is_string(), "{arguments}: {answer}");
        }
        ready(window).await;
    })
    .await;
}
