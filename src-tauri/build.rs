//! Tauri's build step, and what it needs that a clone does not have.

use std::path::Path;

macro_rules! commands {
    ($($module:ident::$name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        /// Commands that the page may call, if a capability says so; any other name is refused.
        const COMMANDS: &[&str] = &[$(stringify!($name)),*];
    };
}

include!("src/commands/list.rs");

fn main() {
    println!("cargo:rerun-if-changed=src/commands/list.rs");
    // The page is built into the program.
    println!("cargo:rerun-if-changed=../ui/dist");
    page_placeholder();
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    tauri_build::try_build(attributes).expect("tauri.conf.json and the capabilities are in order");
}

/// The page is built by `make`, and `cargo check` must not need it: where there is none, a page that says so is put in
/// its place.
fn page_placeholder() {
    let page = Path::new("../ui/dist/index.html");
    if !page.exists() {
        let folder = page.parent().expect("the path has a folder");
        std::fs::create_dir_all(folder).expect("the folder of the page can be made");
        std::fs::write(
            page,
            "<!doctype html><title>Longshore</title><p>The page is not built: run <code>make</code>.\n",
        )
        .expect("the page can be written");
    }
}
