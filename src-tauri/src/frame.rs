//! What the page can't do by itself and the window's frame does for it: keep settings, ask for files, show a folder.

use std::path::{Path, PathBuf};

use engine::Result;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::wire::Theme;

/// The frame around the page: Tauri's, or a scripted one in tests.
pub trait Frame: Send + Sync {
    /// What was kept last.
    fn load(&self) -> Option<Value>;
    /// Keeps it, on disk when this returns.
    fn save(&self, settings: Value) -> Result<()>;
    /// Paints the frame, which the page can't.
    fn wear(&self, theme: Theme);
    /// Asks a person for files, or for a folder; none where nothing was chosen.
    fn choose(&self, folder: bool) -> BoxFuture<'static, Vec<PathBuf>>;
    /// Asks a person where a file is to be written, and proposes a name; none where nothing was chosen. An existing file
    /// was agreed to.
    fn choose_place(&self, name: &str) -> BoxFuture<'static, Option<PathBuf>>;
    /// Shows a file in the file manager, selected.
    ///
    /// # Errors
    /// [`engine::Code::Internal`] where the system has no way to do it.
    fn reveal(&self, path: &Path) -> Result<()>;
    /// Opens an address in the browser.
    ///
    /// # Errors
    /// [`engine::Code::Internal`] where the system has no way to do it.
    fn open(&self, url: &str) -> Result<()>;
    /// Goes on with the drag that a person began on the page, with a file; whether it was dropped somewhere.
    fn drag(&self, path: PathBuf) -> BoxFuture<'static, Result<bool>>;
}

#[cfg(test)]
pub mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use futures_util::FutureExt as _;

    use super::*;

    /// A frame in memory, where a person chooses what a test says.
    #[derive(Default)]
    pub struct Kept {
        /// The settings.
        pub settings: Mutex<Option<Value>>,
        /// What is worn.
        pub theme: Mutex<Theme>,
        /// What the next dialogs give; nothing where there is none.
        pub chosen: Mutex<VecDeque<PathBuf>>,
        /// What dialogs proposed.
        pub proposed: Mutex<Vec<String>>,
        /// What was dragged out.
        pub dragged: Mutex<Vec<PathBuf>>,
        /// What was shown in the file manager.
        pub revealed: Mutex<Vec<PathBuf>>,
        /// What was opened in the browser.
        pub opened: Mutex<Vec<String>>,
    }

    impl Frame for Kept {
        fn load(&self) -> Option<Value> {
            self.settings.lock().expect("not poisoned").clone()
        }
        fn save(&self, settings: Value) -> Result<()> {
            *self.settings.lock().expect("not poisoned") = Some(settings);
            Ok(())
        }
        fn wear(&self, theme: Theme) {
            *self.theme.lock().expect("not poisoned") = theme;
        }
        fn choose(&self, _folder: bool) -> BoxFuture<'static, Vec<PathBuf>> {
            let chosen: Vec<_> = self.chosen.lock().expect("not poisoned").drain(..).collect();
            async move { chosen }.boxed()
        }
        fn choose_place(&self, name: &str) -> BoxFuture<'static, Option<PathBuf>> {
            self.proposed.lock().expect("not poisoned").push(name.to_owned());
            let chosen = self.chosen.lock().expect("not poisoned").pop_front();
            async move { chosen }.boxed()
        }
        fn reveal(&self, path: &Path) -> Result<()> {
            self.revealed.lock().expect("not poisoned").push(path.to_owned());
            Ok(())
        }
        fn open(&self, url: &str) -> Result<()> {
            self.opened.lock().expect("not poisoned").push(url.to_owned());
            Ok(())
        }
        fn drag(&self, path: PathBuf) -> BoxFuture<'static, Result<bool>> {
            self.dragged.lock().expect("not poisoned").push(path);
            async { Ok(true) }.boxed()
        }
    }

    /// A window's inside has the frame in a box; a test keeps a hold of it.
    impl Frame for std::sync::Arc<Kept> {
        fn load(&self) -> Option<Value> {
            (**self).load()
        }
        fn save(&self, settings: Value) -> Result<()> {
            (**self).save(settings)
        }
        fn wear(&self, theme: Theme) {
            (**self).wear(theme);
        }
        fn choose(&self, folder: bool) -> BoxFuture<'static, Vec<PathBuf>> {
            (**self).choose(folder)
        }
        fn choose_place(&self, name: &str) -> BoxFuture<'static, Option<PathBuf>> {
            (**self).choose_place(name)
        }
        fn reveal(&self, path: &Path) -> Result<()> {
            (**self).reveal(path)
        }
        fn open(&self, url: &str) -> Result<()> {
            (**self).open(url)
        }
        fn drag(&self, path: PathBuf) -> BoxFuture<'static, Result<bool>> {
            (**self).drag(path)
        }
    }
}
