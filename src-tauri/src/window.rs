//! The frame around the page: when it shows, where it may navigate, what it keeps between sessions.

use std::sync::Arc;
use std::time::Duration;

use engine::{Code, Error, Result};
use serde_json::Value;
use tauri::plugin::TauriPlugin;
use tauri::utils::config::Color;
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager, Runtime, Url, WebviewWindowBuilder};
use tauri_plugin_store::{Store, StoreExt as _};
use tauri_plugin_window_state::StateFlags;

use crate::settings::Frame;
use crate::state::Longshore;
use crate::wire::Theme;

const LABEL: &str = "main";
/// A page that has not loaded by then has a problem that is better seen than hidden.
const SHOWN_AT_LATEST: Duration = Duration::from_secs(4);
/// The grounds of the two themes (`--bg-pane` in the design's tokens).
const LIGHT: Color = Color(0xff, 0xff, 0xff, 0xff);
const DARK: Color = Color(0x17, 0x19, 0x1d, 0xff);

/// Makes the window. It shows when the page has loaded, so that nobody sees it empty.
///
/// # Errors
/// Where the system has no display.
pub fn open<R: Runtime>(app: &AppHandle<R>, theme: Theme) -> tauri::Result<()> {
    let config = app.config().app.windows.iter().find(|window| window.label == LABEL);
    let config = config.expect("tauri.conf.json has the main window");
    let window = WebviewWindowBuilder::from_config(app, config)?
        .theme(frame_theme(theme))
        .on_navigation(|url| is_ours(url, tauri::is_dev()))
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_page_load(|window, payload| match payload.event() {
            PageLoadEvent::Started => {
                if let Some(longshore) = window.try_state::<Arc<Longshore>>() {
                    longshore.page_begins();
                }
            }
            PageLoadEvent::Finished => show(window.app_handle()),
        })
        .build()?;
    let dark = matches!(window.theme(), Ok(tauri::Theme::Dark));
    // A wrong ground is seen for an instant and hurts nobody.
    let _ = window.set_background_color(Some(if dark { DARK } else { LIGHT }));
    let late = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(SHOWN_AT_LATEST).await;
        show(&late);
    });
    Ok(())
}

/// Brings the window to the front: the program was started once more.
pub fn focus<R: Runtime>(app: &AppHandle<R>) {
    if let Some(window) = app.get_webview_window(LABEL) {
        // What the window manager refuses, it refuses.
        let _ = window.unminimize();
        let _ = window.show();
        let _ = window.set_focus();
    }
}

fn show<R: Runtime>(app: &AppHandle<R>) {
    if let Some(window) = app.get_webview_window(LABEL)
        && matches!(window.is_visible(), Ok(false))
    {
        let _ = window.show();
        let _ = window.set_focus();
    }
}

/// Whether the page may go there: to the app's own pages and nowhere else (faults.md row 122).
fn is_ours(url: &Url, development: bool) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // Where the system's web view has no schemes of one's own.
        "http" | "https" if url.host_str() == Some("tauri.localhost") => url.port().is_none(),
        "http" => development && url.host_str() == Some("localhost") && url.port() == Some(5173),
        _ => false,
    }
}

/// Size, place and whether it fills the screen come back at the next start. Whether it is shown is the page's affair.
pub fn remembered_size<R: Runtime>() -> TauriPlugin<R> {
    tauri_plugin_window_state::Builder::default()
        .with_state_flags(StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED)
        .build()
}

fn frame_theme(theme: Theme) -> Option<tauri::Theme> {
    match theme {
        Theme::System => None,
        Theme::Light => Some(tauri::Theme::Light),
        Theme::Dark => Some(tauri::Theme::Dark),
    }
}

/// Tauri's side of the settings.
pub struct TauriFrame<R: Runtime> {
    app: AppHandle<R>,
    store: Arc<Store<R>>,
}

const FILE: &str = "settings.json";
const KEY: &str = "settings";

impl<R: Runtime> TauriFrame<R> {
    /// Opens the file of settings, or begins one.
    ///
    /// # Errors
    /// Where the system says no place for it.
    pub fn new(app: &AppHandle<R>) -> std::result::Result<Self, tauri_plugin_store::Error> {
        let store = app.store_builder(FILE).disable_auto_save().build()?;
        Ok(Self { app: app.clone(), store })
    }
}

impl<R: Runtime> Frame for TauriFrame<R> {
    fn load(&self) -> Option<Value> {
        self.store.get(KEY)
    }

    fn save(&self, settings: Value) -> Result<()> {
        self.store.set(KEY, settings);
        self.store.save().map_err(|error| {
            Error::new(Code::ConfigInvalid, "the settings could not be written")
                .with_hint("Check that your disk has room and that you may write to your own folders")
                .with_source(error)
        })
    }

    fn wear(&self, theme: Theme) {
        self.app.set_theme(frame_theme(theme));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f122_the_page_goes_nowhere_but_to_the_app() {
        let rows = [
            ("the app", "tauri://localhost/", true, true),
            ("a page of the app", "tauri://localhost/index.html#x", true, true),
            ("the app where schemes are http", "http://tauri.localhost/", true, true),
            ("the development server", "http://localhost:5173/", false, true),
            ("another port", "http://localhost:5055/v2/", false, false),
            ("a host that looks like it", "http://tauri.localhost.example/", false, false),
            ("another port of it", "http://tauri.localhost:5055/", false, false),
            ("another host of the scheme", "tauri://example/", false, false),
            ("the web", "https://example.com/", false, false),
            ("a file", "file:///etc/passwd", false, false),
            ("a script", "javascript:alert(1)", false, false),
            ("a document in itself", "data:text/html,x", false, false),
            ("nothing", "about:blank", false, false),
        ];
        for (name, url, packaged, development) in rows {
            let url = Url::parse(url).expect(name);
            assert_eq!(is_ours(&url, false), packaged, "{name}, packaged");
            assert_eq!(is_ours(&url, true), development, "{name}, in development");
        }
    }
}
