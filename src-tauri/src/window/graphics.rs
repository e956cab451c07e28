//! How the page is drawn where there is no graphics card: in a virtual machine, over a remote desktop.
//!
//! WebKit composes its layers with OpenGL. Without a card that is done by software too, which manages a third of the frames
//! that drawing without OpenGL does.

use std::fs;
use std::path::Path;

use tauri::{Runtime, WebviewWindow};
use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt as _, WebViewExt as _};

/// Has the window drawn as is best on this computer.
pub fn choose<R: Runtime>(window: &WebviewWindow<R>) {
    if has_card(Path::new("/dev/dri")) {
        return;
    }
    // It is only slower where this fails.
    let _ = window.with_webview(|webview| {
        if let Some(settings) = webview.inner().settings() {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    });
}

/// Whether a card that draws is in the kernel's folder of them.
fn has_card(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("renderD"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_what_draws() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!has_card(&folder.path().join("missing")));
        // A screen without a card that draws, as a server's has it.
        fs::write(folder.path().join("card0"), "").expect("written");
        assert!(!has_card(folder.path()));
        fs::write(folder.path().join("renderD128"), "").expect("written");
        assert!(has_card(folder.path()));
    }
}
