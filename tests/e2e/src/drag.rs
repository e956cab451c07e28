//! Files dragged over the window, for real: another program offers them, and the pointer moves.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::Process;
use crate::window::Window;

/// A window of 48 by 48 pixels in the corner, from which the files of its arguments can be dragged. It ends with the drag.
const SOURCE: &str = r#"
import sys
import gi
gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GLib, Gtk
uris = [GLib.filename_to_uri(path) for path in sys.argv[1:]]
window = Gtk.Window(type=Gtk.WindowType.POPUP)
window.set_default_size(48, 48)
box = Gtk.EventBox()
window.add(box)
box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [Gtk.TargetEntry.new("text/uri-list", 0, 0)], Gdk.DragAction.COPY)
box.connect("drag-data-get", lambda widget, context, data, info, time: data.set_uris(uris))
box.connect("drag-end", lambda *_: Gtk.main_quit())
window.connect("map-event", lambda *_: print("ready", flush=True))
window.move(0, 0)
window.show_all()
Gtk.main()
"#;

/// A drag over a window: the button is held.
pub struct Drag {
    _source: Process,
    display: String,
}

impl Drag {
    /// Takes these files and holds them over the middle of the window.
    pub async fn over(window: &Window, files: &[&Path]) -> Self {
        let display = window.display().to_owned();
        let mut command =
            Process::command("/usr/bin/python3", "Install it: apt-get install python3-gi gir1.2-gtk-3.0");
        command
            .arg("-c")
            .arg(SOURCE)
            .args(files)
            .env("DISPLAY", &display)
            .env("NO_AT_BRIDGE", "1")
            .stdout(Stdio::piped());
        let mut source = Process::start(&mut command);
        let output = source.child().stdout.take().expect("it is piped");
        let said = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(output).read_line(&mut line).map(|_| line)
        });
        let said = tokio::time::timeout(Duration::from_secs(20), said).await;
        let line = said.expect("the drag source did not start").expect("nothing panics").expect("it is read");
        assert_eq!(line.trim(), "ready");
        let drag = Self { _source: source, display };
        drag.point(&["mousemove", "24", "24", "mousedown", "1"]).await;
        // A drag begins with a move, and a window hears of it by the moves that follow.
        for (x, y) in [
            (30, 30),
            (60, 60),
            (120, 100),
            (240, 180),
            (400, 260),
            (520, 330),
            (600, 380),
            (636, 398),
            (640, 400),
        ] {
            drag.point(&["mousemove", &x.to_string(), &y.to_string()]).await;
        }
        drag
    }

    /// Lets go.
    pub async fn drop_here(self) {
        self.point(&["mouseup", "1"]).await;
    }

    /// Carries the files away again, and lets go outside of the page.
    pub async fn away(self) {
        for (x, y) in [(400, 260), (120, 100), (40, 40), (24, 24)] {
            self.point(&["mousemove", &x.to_string(), &y.to_string()]).await;
        }
        self.point(&["mouseup", "1"]).await;
    }

    async fn point(&self, words: &[&str]) {
        xdotool(&self.display, words);
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}

/// Moves the pointer and presses keys of a display.
pub(crate) fn xdotool(display: &str, words: &[&str]) {
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    let done = Command::new("xdotool").args(&words).env("DISPLAY", display).status();
    let done = done.unwrap_or_else(|error| panic!("xdotool: {error}. Install it: apt-get install xdotool"));
    assert!(done.success(), "xdotool {words:?}");
}
