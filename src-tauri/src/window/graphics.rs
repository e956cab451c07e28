//! How the page is drawn where there is no graphics card: in a virtual machine, over a remote desktop.
//!
//! WebKit composes its layers with OpenGL. Without a card that is done by software too, which manages a third of the frames
//! that drawing without OpenGL does.

use std::fs;
use std::path::Path;

use gtk::glib;

/// WebKitGTK's own switch; 0 leaves it as it is.
const WITHOUT_OPENGL: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";

/// Has windows drawn as is best on this computer, unless the environment says how. Goes before everything else: a web view
/// that begins with OpenGL and is told otherwise does not scroll by the wheel any more.
pub fn choose() {
    if !has_card(Path::new("/dev/dri")) {
        // It is only slower where this fails.
        let _ = glib::setenv(WITHOUT_OPENGL, "1", false);
    }
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
