//! Longshore's window: Tauri around the engine.
//!
//! | module | what it is |
//! |---|---|
//! | [`state`] | the composition root: every part of the engine, made once |
//! | [`given`] | files that a person gave: their paths stay here |
//! | [`jobs`] | the queue of transfers, which outlives the page |
//! | [`explorer`] | what the page has open of registries: repositories with all their tags |
//! | [`trees`] | what the page has open of layers: trees, views on them, comparisons |
//! | [`commands`] | the one list of what the page may ask, and the adapters behind it |
//! | [`faults`] | what the page may know of failures |
//! | [`network`] | how registries are reached, as it is kept |
//! | [`wire`] | what crosses to the page; its TypeScript types are generated from here |
//! | [`runtime`] | the engine's threads, behind the window's
//! | [`frame`] | what the frame does for the page: settings, dialogs, the file manager |
//! | [`window`] | that frame in Tauri: when it shows, where it may navigate, what it keeps |
//!
//! Deliberately absent: what images are, and how they move. That is the engine's.

// The way from a command down to a socket is a chain of futures, each inside the next.
#![recursion_limit = "256"]

#[cfg(test)]
mod bindings;
mod commands;
mod explorer;
mod faults;
mod frame;
mod given;
mod jobs;
mod network;
mod practice;
mod runtime;
mod settings;
mod shell;
mod state;
mod trees;
mod window;
mod wire;

use std::sync::Arc;

use engine::credential::DockerConfigSource;
use tauri::Manager;

use state::{Longshore, Places};
use window::TauriFrame;

/// Opens the window and returns when it was closed.
///
/// # Panics
/// Where there is no home directory, no display, or the system gives no threads.
pub fn run() {
    #[cfg(target_os = "linux")]
    window::graphics::choose();
    runtime::start();
    let builder = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(window::started_again))
        .plugin(tauri_plugin_store::Builder::default().build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(window::remembered_size())
        .invoke_handler(commands::handler())
        .setup(|app| {
            let frame = TauriFrame::new(app.handle())?;
            let places = Places::of_environment()?;
            let longshore =
                Arc::new(Longshore::new(places, Box::new(frame), DockerConfigSource::of_environment(None)));
            app.manage(longshore.clone());
            // Files of the command line, or of their association.
            let folder = std::env::current_dir().unwrap_or_default();
            longshore.given().arguments(&folder, std::env::args_os().skip(1));
            let theme = longshore.settings().theme;
            // Before there is a page that asks for them.
            tauri::async_runtime::block_on(commands::restore_jobs(&longshore));
            // Filled while the page loads; whoever needs it first waits for it.
            tauri::async_runtime::spawn(async move { longshore.practice().await.map(drop) });
            window::open(app.handle(), theme)?;
            Ok(())
        });
    builder.run(tauri::generate_context!()).expect("the window can be made");
}
