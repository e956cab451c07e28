//! Pushing: the plan first, then the bytes. Every byte stays in the practice registry.

use crate::prelude::*;
use crate::steps::{plan_for, pull};

#[tokio::test]
async fn an_image_is_pushed_under_another_name_by_keys_alone() {
    let window = Window::open().await;
    let host = window.practice_host().await;
    pull(&window, &format!("{host}/web:2.0")).await;
    window.chord(&[CONTROL, '2']).await;
    window.says("on this computer").await;
    window.chord(&[CONTROL, SHIFT, 'P']).await;
    plan_for(&window, &format!("{host}/mine/web:1")).await;
    window.says("new tag").await;
    window.show("planner").await;
    window.is_accessible("the planner").await;

    window.chord(&[CONTROL, ENTER]).await;
    window.says("Pushed web:1 in").await;
    window.says("1: digest: sha256:").await;
    window.show("pushed").await;
    window.press("Open in the registry").await;
    window.says("Copy to…").await;
    window.says("web").await;
}

#[tokio::test]
async fn a_tag_moves_only_when_that_was_agreed_to() {
    let window = Window::open().await;
    let host = window.practice_host().await;
    pull(&window, &format!("{host}/web:2.1")).await;
    window.press("Open image").await;
    window.press("Push…").await;
    plan_for(&window, &format!("{host}/web:2.0")).await;
    window.says("moves").await;
    let disabled =
        "return [...document.querySelectorAll('dialog[open] .btn--go')].every((button) => button.disabled)";
    window.until("nothing can be pushed yet", disabled).await;
    window.show("move").await;
    window.click("dialog[open] .confirm [role=checkbox]").await;
    window.press("Push").await;
    window.says("Pushed web:2.0 in").await;
}

#[tokio::test]
async fn a_name_is_given_here_and_in_the_registry_without_moving_bytes() {
    let window = Window::open().await;
    let host = window.practice_host().await;
    pull(&window, &format!("{host}/hello:1.0")).await;
    window.press("Open image").await;
    // A shortcut is there with what it is about.
    window.says("What the name points to").await;
    window.chord(&[CONTROL, SHIFT, 'T']).await;
    let caret = "return document.activeElement?.closest('dialog[open]') !== null && document.activeElement?.tagName === 'INPUT'";
    window.until("the sheet has the caret", caret).await;
    window.script("document.activeElement.select()", vec![]).await;
    window.type_text("mine/hello:1").await;
    window
        .until(
            "it is a name",
            "return document.querySelector('dialog[open] .btn--ink:not(:disabled)') !== null",
        )
        .await;
    window.chord(&[ENTER]).await;
    window.says("names this image").await;
    window.show("tagged").await;
    window.press("Done").await;
    window.chord(&[CONTROL, '2']).await;
    window.says("mine/hello").await;
}
