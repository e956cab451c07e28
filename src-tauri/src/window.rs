//! The frame around the page: when it shows, where it may navigate, what it keeps between sessions.

#[cfg(target_os = "linux")]
pub mod graphics;
mod outward;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use engine::{Code, Error, Result};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tauri::plugin::TauriPlugin;
use tauri::utils::config::Color;
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, DragDropEvent, Manager, Runtime, Url, WebviewWindowBuilder, WindowEvent};
use tauri_plugin_dialog::{DialogExt as _, FileDialogBuilder};
use tauri_plugin_store::{Store, StoreExt as _};
use tauri_plugin_window_state::StateFlags;

use crate::frame::Frame;
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
    let dropped_on = app.clone();
    window.on_window_event(move |event| {
        if let (WindowEvent::DragDrop(drag), Some(longshore)) =
            (event, dropped_on.try_state::<Arc<Longshore>>())
        {
            dragged(&longshore, drag);
        }
    });
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

/// Files are dragged over the window; the page hears of their names, and of ids when they are dropped.
fn dragged(longshore: &Longshore, drag: &DragDropEvent) {
    match drag {
        DragDropEvent::Enter { paths, .. } => longshore.given().over(Some(paths)),
        DragDropEvent::Drop { paths, .. } => {
            longshore.given().over(None);
            longshore.given().give(paths.iter().cloned());
        }
        DragDropEvent::Leave => longshore.given().over(None),
        // Where over the window it is does not matter: the whole of it takes files.
        _ => {}
    }
}

/// The program was started once more: the files that it was given open here.
#[expect(clippy::needless_pass_by_value, reason = "the plugin gives them away")]
pub fn started_again<R: Runtime>(app: &AppHandle<R>, arguments: Vec<String>, folder: String) {
    if let Some(longshore) = app.try_state::<Arc<Longshore>>() {
        let named = arguments.into_iter().skip(1).map(Into::into);
        longshore.given().arguments(Path::new(&folder), named);
    }
    focus(app);
}

/// Brings the window to the front.
fn focus<R: Runtime>(app: &AppHandle<R>) {
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

    fn choose(&self, folder: bool) -> BoxFuture<'static, Vec<PathBuf>> {
        let (give, wait) = tokio::sync::oneshot::channel();
        let done = move |chosen: Option<Vec<tauri_plugin_dialog::FilePath>>| {
            let paths = chosen.unwrap_or_default().into_iter().filter_map(|path| path.into_path().ok());
            // Whoever asked may be gone with its page.
            let _ = give.send(paths.collect());
        };
        if folder {
            self.dialog().pick_folders(done);
        } else {
            self.dialog().pick_files(done);
        }
        async { wait.await.unwrap_or_default() }.boxed()
    }

    fn choose_place(&self, name: &str) -> BoxFuture<'static, Option<PathBuf>> {
        let (give, wait) = tokio::sync::oneshot::channel();
        self.dialog().set_file_name(name).save_file(move |chosen| {
            // Whoever asked may be gone with its page.
            let _ = give.send(chosen.and_then(|path| path.into_path().ok()));
        });
        async { wait.await.ok().flatten() }.boxed()
    }

    fn reveal(&self, path: &Path) -> Result<()> {
        tauri_plugin_opener::reveal_item_in_dir(path).map_err(|error| {
            Error::new(Code::Internal, "the file manager could not be opened")
                .with_hint("Open the folder by hand")
                .with_source(error)
        })
    }

    fn open(&self, url: &str) -> Result<()> {
        tauri_plugin_opener::open_url(url, None::<&str>).map_err(|error| {
            Error::new(Code::Internal, "the browser could not be opened")
                .with_hint("Copy the address from the label, and open it by hand")
                .with_source(error)
        })
    }

    fn drag(&self, path: PathBuf) -> BoxFuture<'static, Result<bool>> {
        let (give, mut wait) = tokio::sync::mpsc::unbounded_channel();
        let app = self.app.clone();
        let begun = self.app.run_on_main_thread(move || {
            let told = give.clone();
            // Whoever asked may be gone with its page.
            let begun = outward::begin(&app, &path, move |dropped| drop(told.send(Ok(dropped))));
            if let Err(why) = begun {
                drop(give.send(Err(why)));
            }
        });
        let failed = |why: String| {
            Error::new(Code::Internal, "the drag could not begin")
                .with_hint("Save it to a file instead")
                .with_source(why)
        };
        async move {
            begun.map_err(|error| failed(error.to_string()))?;
            wait.recv().await.unwrap_or(Ok(false)).map_err(failed)
        }
        .boxed()
    }
}

impl<R: Runtime> TauriFrame<R> {
    /// A dialog that belongs to the window.
    fn dialog(&self) -> FileDialogBuilder<R> {
        let dialog = self.app.dialog().file();
        match self.app.get_webview_window(LABEL) {
            Some(window) => dialog.set_parent(&window),
            None => dialog,
        }
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
