//! What a registry or a page might try.

use serde_json::json;
use testkit::image::{Family, Image, Layer};
use testkit::registry::Registry;

use crate::prelude::*;

const MARKUP: &str = "<img src=x onerror=\"window.hit=1\"><b id=bold>bold</b><script>window.hit=1</script>";

#[tokio::test]
async fn f117_markup_from_a_registry_is_text() {
    let run = json!({
        "Cmd": [MARKUP], "Env": [format!("PATH={MARKUP}")], "User": MARKUP,
        "Labels": { "org.opencontainers.image.title": MARKUP, MARKUP: "key" },
    });
    let image = Image::builder(Family::Oci)
        .layer(Layer::noise(1, 2_000).created_by(&format!("RUN {MARKUP}")))
        .container_config(run)
        .edit_manifest(|manifest| manifest["annotations"] = json!({ "note": MARKUP, MARKUP: "key" }))
        .build();
    let registry = Registry::start();
    registry.put("team/app", "1.0", &image);
    let window = Window::open().await;
    window.practice_host().await;
    window.chord(&[CONTROL, 'l']).await;
    window.type_text(&registry.reference("team/app", "1.0")).await;
    window.chord(&[ENTER]).await;
    window.says("What the name points to").await;
    for tab in ["overview", "layers", "manifest"] {
        window.click(&format!("[role=tab][id$={tab}]")).await;
        window.says("<b id=bold>").await;
        window.show(&format!("markup-{tab}")).await;
        let inert = "return document.querySelector('#bold, main img, main script') === null && window.hit === undefined";
        window.until("nothing of it became an element", inert).await;
    }
}

#[tokio::test]
async fn f122_the_page_can_go_nowhere_else() {
    let elsewhere = Registry::start();
    let window = Window::open().await;
    window.practice_host().await;
    let url = window.url().await;
    let target = elsewhere.url("/escape");
    for attempt in [
        "location.href = arguments[0]",
        "window.open(arguments[0])",
        "const link = document.createElement('a'); link.href = arguments[0]; link.target = '_blank'; document.body.append(link); link.click()",
        "const link = document.createElement('a'); link.href = arguments[0]; document.body.append(link); link.click()",
        "const frame = document.createElement('iframe'); frame.src = arguments[0]; document.body.append(frame)",
        "const form = document.createElement('form'); form.action = arguments[0]; document.body.append(form); form.submit()",
        "const picture = new Image(); picture.src = arguments[0]; document.body.append(picture)",
        "fetch(arguments[0]).catch(() => undefined)",
        "const meta = document.createElement('meta'); meta.httpEquiv = 'refresh'; meta.content = `0;url=${arguments[0]}`; document.head.append(meta)",
        "const script = document.createElement('script'); script.src = arguments[0]; document.body.append(script)",
    ] {
        window.script(&format!("{attempt}; return 1"), vec![json!(target)]).await;
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        assert_eq!(window.url().await, url, "{attempt}");
    }
    assert!(elsewhere.log().is_empty(), "something was asked elsewhere:\n{}", elsewhere.transcript());
    assert_eq!(window.texts("main").await.len(), 1, "the page is still there");
}

#[tokio::test]
async fn the_page_runs_no_script_but_its_own() {
    let window = Window::open().await;
    window.practice_host().await;
    let inline = "const script = document.createElement('script'); script.textContent = 'window.hit = 1'; document.body.append(script); return window.hit ?? 'blocked'";
    assert_eq!(window.script(inline, vec![]).await, "blocked");
    // The driver's own scripts are above the policy; a timer's text is not.
    let text = "const done = arguments[0]; try { setTimeout('window.hit = 2', 0) } catch {} setTimeout(() => done(window.hit ?? 'blocked'), 100)";
    let found = window.later(text).await;
    assert_eq!(found, "blocked");
    let globals = "return typeof window.__TAURI__";
    assert_eq!(window.script(globals, vec![]).await, "undefined", "Tauri's API is no global");
}

#[tokio::test]
async fn f121_the_page_may_call_its_commands_and_nothing_of_tauri() {
    let window = Window::open().await;
    window.practice_host().await;
    let invoke = |name: &str, arguments: &str| {
        format!(
            "const done = arguments[0]; window.__TAURI_INTERNALS__.invoke('{name}', {arguments}).then((it) => done({{ ok: it }}), (it) => done({{ refused: JSON.stringify(it) }}))"
        )
    };
    let known = window.later(&invoke("explain_reference", "{ input: 'nginx' }")).await;
    assert_eq!(known["ok"]["breakdown"]["canonical"], "docker.io/library/nginx:latest");
    for (name, arguments) in [
        ("plugin:store|load", "{ path: '/etc/passwd' }"),
        ("plugin:store|set", "{ rid: 1, key: 'x', value: 1 }"),
        ("plugin:window-state|restore_state", "{ label: 'main', flags: 1 }"),
        ("plugin:window|set_title", "{ label: 'main', value: 'x' }"),
        ("plugin:webview|create_webview_window", "{ options: { label: 'x', url: 'https://example.com' } }"),
        ("plugin:event|emit", "{ event: 'x' }"),
        ("plugin:path|resolve_directory", "{ directory: 1 }"),
        ("plugin:resources|close", "{ rid: 1 }"),
        ("no_such_command", "{}"),
    ] {
        let answer = window.later(&invoke(name, arguments)).await;
        assert!(answer["refused"].is_string(), "{name}: {answer}");
    }
    // Arguments of another shape are refused too, and the window goes on.
    for arguments in ["{}", "{ input: 7 }", "{ input: null }", "{ input: {} }"] {
        let answer = window.later(&invoke("explain_reference", arguments)).await;
        assert!(answer["refused"].is_string(), "{arguments}: {answer}");
    }
    window.practice_host().await;
}
