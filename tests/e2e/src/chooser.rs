//! The system's file dialog, which is no part of the page: answered as a person does, by its keys.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::drag::{windows, xdotool};
use crate::window::Window;

/// How long a dialog may take to come or go.
const PATIENCE: Duration = Duration::from_secs(10);

impl Window {
    /// Types this path into the file dialog that is open, or opens now, and agrees.
    pub async fn choose_path(&self, path: &Path) {
        let dialog = self.file_dialog().await;
        let (display, text) = (self.display(), path.display().to_string());
        xdotool(display, &["windowfocus", "--sync", &dialog]);
        // A slash opens the field for a path wherever the focus is. A dialog that opens files makes it only then, and what is
        // typed meanwhile is lost.
        xdotool(display, &["key", "--window", &dialog, "ctrl+a"]);
        xdotool(display, &["key", "--window", &dialog, "slash"]);
        tokio::time::sleep(Duration::from_millis(300)).await;
        xdotool(display, &["key", "--window", &dialog, "ctrl+a"]);
        xdotool(display, &["type", "--delay", "4", &text]);
        // What is typed is looked up meanwhile; a dialog that opens files takes it only then.
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            if !self.other_windows().contains(&dialog) {
                break;
            }
            xdotool(display, &["key", "Return"]);
        }
        self.dialog_is_gone(&dialog).await;
    }

    /// Closes the file dialog that is open, or opens now, without choosing anything.
    pub async fn choose_nothing(&self) {
        let dialog = self.file_dialog().await;
        xdotool(self.display(), &["windowfocus", "--sync", &dialog]);
        xdotool(self.display(), &["key", "Escape"]);
        self.dialog_is_gone(&dialog).await;
    }

    async fn file_dialog(&self) -> String {
        let begun = Instant::now();
        loop {
            if let Some(dialog) = self.other_windows().pop() {
                return dialog;
            }
            if begun.elapsed() > PATIENCE {
                self.fail("no file dialog opened").await;
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    async fn dialog_is_gone(&self, dialog: &str) {
        let begun = Instant::now();
        while self.other_windows().iter().any(|other| other == dialog) {
            if begun.elapsed() > PATIENCE {
                self.fail("the file dialog stays open").await;
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        // Nobody manages windows here, so nobody gives the focus back.
        let own = windows(self.display(), &["--name", "Longshore"]);
        if let Some(own) = own.first() {
            xdotool(self.display(), &["windowfocus", own]);
        }
    }

    /// Windows with a title that is not the app's.
    fn other_windows(&self) -> Vec<String> {
        let own = windows(self.display(), &["--name", "Longshore"]);
        windows(self.display(), &["--name", ".+"]).into_iter().filter(|id| !own.contains(id)).collect()
    }
}
