//! What many tests do in the same way.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use testkit::image::{Family, Image, Layer};
use testkit::real::DockerRegistry;

use crate::prelude::*;

/// Opens the page of an image, or what is said in its place.
pub async fn open(window: &Window, name: &str) {
    window.type_reference(name).await;
    window.chord(&[ENTER]).await;
}

/// Pulls an image, until it is here.
pub async fn pull(window: &Window, name: &str) {
    window.type_reference(name).await;
    window.chord(&[CONTROL, ENTER]).await;
    window.says("Status: Downloaded newer image").await;
}

/// Pulls an image of the practice registry, and opens its page as it is on this computer.
pub async fn pull_and_open(window: &Window, image: &str) -> String {
    let host = window.practice_host().await;
    let name = format!("{host}/{image}");
    pull(window, &name).await;
    window.press("Open image").await;
    window.find("[role=tab][id$=overview][aria-selected=true]").await;
    name
}

/// Runs a command of the palette.
pub async fn command(window: &Window, words: &str) {
    window.chord(&[CONTROL, 'k']).await;
    let caret = "return document.activeElement?.getAttribute('aria-label') === 'Find a command'";
    window.until("the palette has the caret", caret).await;
    window.type_text(words).await;
    let found = format!(
        "return document.querySelector('dialog[open] [role=option][aria-selected=true]')?.innerText.includes('{words}')"
    );
    window.until("the command is chosen", &found).await;
    window.chord(&[ENTER]).await;
}

/// Goes on by Tab until the focus is where this is true of `focused`.
pub async fn tab_to(window: &Window, what: &str, condition: &str) {
    let there = format!("const focused = document.activeElement; return {condition}");
    for _ in 0..80 {
        if window.script(&there, vec![]).await == true {
            return;
        }
        window.chord(&[TAB]).await;
    }
    window.until(what, &there).await;
}

/// Goes to a button by Tab, and presses it.
pub async fn press_by_keys(window: &Window, words: &str) {
    tab_to(window, words, &format!("focused.innerText.trim() === '{words}'")).await;
    window.chord(&[ENTER]).await;
}

/// What is kept of hosts and the proxy.
pub fn kept(window: &Window) -> serde_json::Value {
    let file = window.home().path().join("config/longshore/registries.json");
    serde_json::from_str(&fs::read_to_string(file).expect("it is kept")).expect("JSON")
}

/// Opens the files of an image where it is, without pulling it, and waits for at least so many rows of the tree.
pub async fn files_of(window: &Window, name: &str, rows: usize) {
    window.practice_host().await;
    open(window, name).await;
    window.says("What the name points to").await;
    show_files(window, rows).await;
}

/// Opens the tab of the files of the image on screen, and waits for at least so many rows of its tree.
pub async fn show_files(window: &Window, rows: usize) {
    window.click("[role=tab][id$=files]").await;
    let listed = format!("return document.querySelectorAll('[role=treegrid] [role=row]').length >= {rows}");
    window.until("files are listed", &listed).await;
}

/// Waits until the row of the tree that the keyboard is at has this name.
pub async fn at_row(window: &Window, name: &str) {
    let script = format!(
        "const grid = document.querySelector('[role=treegrid]'); return document.getElementById(grid?.getAttribute('aria-activedescendant'))?.getAttribute('aria-label')?.startsWith('{name},') ?? false"
    );
    window.until(&format!("the keyboard is at {name}"), &script).await;
}

/// Opens the tags of the repository that the image on screen is in, and waits until so many are listed.
pub async fn open_tags(window: &Window, tags: usize) {
    window.press("All tags").await;
    let listed = format!(
        "return document.querySelectorAll('[role=grid] [role=row][aria-rowindex][aria-label]').length === {tags}"
    );
    window.until(&format!("{tags} tags are listed"), &listed).await;
}

/// Types where it goes into the open planner, and waits for the plan of exactly that.
pub async fn plan_for(window: &Window, destination: &str) {
    let caret = "return document.activeElement?.getAttribute('aria-label') === 'Destination'";
    window.until("the planner has the caret", caret).await;
    window.script("document.activeElement.select()", vec![]).await;
    window.type_text(destination).await;
    window.chord(&[ENTER]).await;
    let planned = format!(
        "const command = document.querySelector('dialog[open] .cmd')?.innerText ?? ''; \
         return document.querySelector('dialog[open] .result[aria-busy=false] .sum') !== null && command.includes('{destination}')"
    );
    window.until("it is planned", &planned).await;
}

/// Fills in the open sign-in dialog; `keep` is how the value of its choice of a place begins: `session`, `file`.
pub async fn fill_sign_in(window: &Window, account: &str, secret: &str, keep: &str) {
    window.click("#sign-in-user").await;
    window.script("document.activeElement.select()", vec![]).await;
    window.type_text(account).await;
    window.click("#sign-in-secret").await;
    window.type_text(secret).await;
    window.click(&format!("label.card:has(input[value^={keep}])")).await;
}

/// Waits until the pane at the right is about the file with this path.
pub async fn at_hand(window: &Window, path: &str) {
    let script = format!("return document.querySelector('aside .path')?.innerText === '{path}'");
    window.until(&format!("{path} is at hand"), &script).await;
}

/// The row of the tree whose label begins with a name.
pub fn row(name: &str) -> String {
    format!("[role=row][aria-label^='{name},']")
}

/// Opens a folder of the tree by its arrow.
pub async fn unfold(window: &Window, name: &str) {
    window.click(&format!("{} .fold", row(name))).await;
    let open = format!("return document.querySelector(\"{}[aria-expanded=true]\") !== null", row(name));
    window.until(&format!("{name} is open"), &open).await;
}

/// Waits until no dialog is open.
pub async fn no_dialog(window: &Window) {
    window.until("the dialog is closed", "return document.querySelector('dialog[open]') === null").await;
}

/// Runs a program that must succeed; what it printed.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// An image of one small layer; another seed gives another.
pub fn image(seed: u64, platform: &str) -> Image {
    Image::builder(Family::Oci).platform(platform).layer(Layer::noise(seed, 5_000)).build()
}

/// The folder of a repository in the files of Debian's registry.
pub fn manifests(registry: &DockerRegistry, repository: &str) -> PathBuf {
    registry.dir().join("data/docker/registry/v2/repositories").join(repository).join("_manifests")
}

/// The tags that the registry has on its disk.
pub fn tags(registry: &DockerRegistry, repository: &str) -> Vec<String> {
    let folder = fs::read_dir(manifests(registry, repository).join("tags")).into_iter().flatten().flatten();
    let mut tags: Vec<String> = folder.filter_map(|tag| tag.file_name().into_string().ok()).collect();
    tags.sort();
    tags
}
