//! Without a mouse.

use serde_json::json;
use testkit::real::DockerRegistry;

use crate::prelude::*;
use crate::steps::{kept, no_dialog, plan_for, press_by_keys, pull, tab_to, tags};

const PASSWORD: &str = "canary-of-the-keys";

/// Goes to a group of radio buttons by Tab, and to the one whose value begins like this by the arrows.
async fn choose_by_keys(window: &Window, group: &str, value: &str) {
    tab_to(window, group, &format!("focused.matches('input[name={group}]')")).await;
    let chosen =
        format!("return document.querySelector('input[name={group}]:checked').value.startsWith('{value}')");
    for _ in 0..4 {
        if window.script(&chosen, vec![]).await == true {
            return;
        }
        window.chord(&[ARROW_DOWN]).await;
    }
    window.until(&format!("{value} is chosen"), &chosen).await;
}

#[tokio::test]
async fn a_guarded_push_goes_by_keys_alone() {
    let registry = DockerRegistry::builder().htpasswd("ann", PASSWORD).start();
    let window = Window::open().await;
    let host = window.practice_host().await;
    pull(&window, &format!("{host}/hello:1.0")).await;
    press_by_keys(&window, "Open image").await;
    window.find("[role=tab][id$=overview][aria-selected=true]").await;
    press_by_keys(&window, "Push…").await;
    plan_for(&window, &registry.reference("team/hello", "1")).await;
    window.says("No account").await;
    press_by_keys(&window, "Sign in…").await;
    tab_to(&window, "the name", "focused.id === 'sign-in-user'").await;
    window.type_text("ann").await;
    tab_to(&window, "the password", "focused.id === 'sign-in-secret'").await;
    window.type_text(PASSWORD).await;
    choose_by_keys(&window, "sign-in-keep", "session").await;
    window.show("keys-sign-in").await;
    press_by_keys(&window, "Sign in").await;
    window.says("May push").await;
    window.show("keys-plan").await;
    window.chord(&[CONTROL, ENTER]).await;
    window.says("Pushed hello:1 in").await;
    assert_eq!(tags(&registry, "team/hello"), ["1"]);

    // Where the account comes from, by the menu of its row.
    let menu = format!("focused.getAttribute('aria-label') === 'Actions for {}'", registry.host());
    tab_to(&window, "the menu of the registry", &menu).await;
    window.chord(&[ENTER]).await;
    for _ in 0..8 {
        let there = "return document.activeElement.innerText.startsWith('Where its account comes from')";
        if window.script(there, vec![]).await == true {
            break;
        }
        window.chord(&[ARROW_DOWN]).await;
    }
    window.chord(&[ENTER]).await;
    window.says(&format!("{} is asked as ann", registry.host())).await;
    window.show("keys-trail").await;
    window.chord(&[ESCAPE]).await;
    no_dialog(&window).await;
    window
        .until(
            "the focus is back at the menu",
            &format!("const focused = document.activeElement; return {menu}"),
        )
        .await;
}

#[tokio::test]
async fn settings_a_host_and_the_proxy_are_changed_by_keys_alone() {
    let window = Window::open().await;
    window.practice_host().await;
    window.chord(&[CONTROL, ',']).await;
    tab_to(&window, "whether files are listed", "focused.getAttribute('role') === 'checkbox'").await;
    window.chord(&[' ']).await;
    window.find("[role=checkbox][aria-checked=false]").await;
    window.looks_good("settings").await;
    tab_to(&window, "the host", "focused.getAttribute('aria-label') === 'Host to change'").await;
    window.type_text("registry.test").await;
    window.chord(&[ENTER]).await;
    window.says("Settings of registry.test").await;
    choose_by_keys(&window, "host-connection", "plain").await;
    window.says("Not private.").await;
    tab_to(&window, "the mirror", "focused.getAttribute('aria-label') === 'Host of a mirror'").await;
    window.type_text("http://mirror.test:5000").await;
    window.chord(&[ENTER]).await;
    window.find("dialog[open] button[aria-label='Remove http://mirror.test:5000']").await;
    window.show("keys-host").await;
    window.chord(&[ESCAPE]).await;
    no_dialog(&window).await;
    window.says("1 mirror").await;

    press_by_keys(&window, "This one").await;
    tab_to(&window, "the proxy", "focused.getAttribute('aria-label') === 'Address of the proxy'").await;
    window.type_text("127.0.0.1:8888").await;
    window.chord(&[ENTER]).await;
    window.says("Without the proxy").await;
    window.show("keys-proxy").await;
    let kept = kept(&window);
    let host = json!({ "plainHttp": true, "mirrors": ["http://mirror.test:5000"] });
    assert_eq!(kept["registries"]["registry.test"], host);
    assert_eq!(kept["proxy"], json!({ "mode": "custom", "url": "http://127.0.0.1:8888" }));
}

#[tokio::test]
async fn an_image_is_pulled_looked_at_and_left_by_keys_alone() {
    let window = Window::open().await;
    let host = window.practice_host().await;
    window.chord(&[CONTROL, 'l']).await;
    window.type_text(&format!("{host}/files:1.0")).await;
    window.until("it is taken apart", "return document.querySelectorAll('[data-seg]').length >= 3").await;
    window.chord(&[CONTROL, ENTER]).await;
    window.says("Status: Downloaded newer image").await;

    window.chord(&[CONTROL, 'k']).await;
    window
        .until(
            "the palette is open",
            "return document.activeElement?.getAttribute('aria-label') === 'Find a command'",
        )
        .await;
    window.type_text("images on this").await;
    window.show("palette").await;
    window.chord(&[ENTER]).await;
    window.says("files:1.0").await;
    window
        .until(
            "the list has the keys",
            "return document.querySelector('[role=grid], [role=listbox], table') !== null",
        )
        .await;

    window.chord(&[CONTROL, 'l']).await;
    window
        .until(
            "the bar has the caret",
            "return document.activeElement?.getAttribute('aria-label') === 'Image reference'",
        )
        .await;
    window.script("document.activeElement.select()", vec![]).await;
    window.type_text(&format!("{host}/multi:1.0")).await;
    window.chord(&[ENTER]).await;
    window.says("linux/arm/v7").await;
    window.show("platforms").await;

    window.chord(&[CONTROL, 'j']).await;
    window.until("Wire is open", "return document.querySelector('aside.wire') !== null").await;
    window.says("manifests/1.0").await;
    window.show("wire").await;
    window.chord(&[CONTROL, 'j']).await;
    window.until("Wire is closed", "return document.querySelector('aside.wire') === null").await;
}

#[tokio::test]
async fn the_palette_closes_and_gives_the_focus_back() {
    let window = Window::open().await;
    window.practice_host().await;
    window.chord(&[CONTROL, 'k']).await;
    window.until("the palette is open", "return document.querySelector('dialog[open]') !== null").await;
    window.type_text("dark").await;
    window
        .until(
            "a command is chosen",
            "return document.querySelector('[role=option][aria-selected=true]')?.innerText.includes('dark')",
        )
        .await;
    window.chord(&[ENTER]).await;
    window.until("it is dark", "return document.documentElement.dataset.theme === 'dark'").await;
    window.chord(&[CONTROL, 'k']).await;
    window.until("the palette is open", "return document.querySelector('dialog[open]') !== null").await;
    window.chord(&[ESCAPE]).await;
    window.until("it is closed", "return document.querySelector('dialog[open]') === null").await;
    // Nothing swallows the keys afterwards.
    window.chord(&[CONTROL, '3']).await;
    window.says("Nothing is moving").await;
}
