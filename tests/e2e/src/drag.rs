//! Files dragged over the window and out of it, for real: another program offers or takes them, and the pointer moves.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

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
        point(&self.display, words).await;
    }
}

/// A window of 64 by 64 pixels in the lower left corner, which takes files and says their addresses, one a line.
const TARGET: &str = r#"
import sys
import gi
gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk
def received(widget, context, x, y, data, info, time):
    for uri in data.get_uris():
        print(uri, flush=True)
    Gtk.drag_finish(context, True, False, time)
window = Gtk.Window(type=Gtk.WindowType.POPUP)
window.set_default_size(64, 64)
window.drag_dest_set(Gtk.DestDefaults.ALL, [Gtk.TargetEntry.new("text/uri-list", 0, 0)], Gdk.DragAction.COPY | Gdk.DragAction.MOVE)
window.connect("drag-data-received", received)
window.connect("map-event", lambda *_: print("ready", flush=True))
window.move(0, int(sys.argv[1]) - 64)
window.show_all()
Gtk.main()
"#;

/// Another program that takes files.
pub struct Target {
    _program: Process,
    said: Receiver<String>,
    display: String,
    /// Where its middle is.
    place: (i64, i64),
}

impl Target {
    /// Starts it beside a window, over its lower left corner.
    pub async fn beside(window: &Window) -> Self {
        let height = window.script("return innerHeight", vec![]).await.as_i64().expect("a height");
        let display = window.display().to_owned();
        let mut command =
            Process::command("/usr/bin/python3", "Install it: apt-get install python3-gi gir1.2-gtk-3.0");
        command.arg("-c").arg(TARGET).arg(height.to_string());
        command.env("DISPLAY", &display).env("NO_AT_BRIDGE", "1").stdout(Stdio::piped());
        let mut program = Process::start(&mut command);
        let output = BufReader::new(program.child().stdout.take().expect("it is piped"));
        let (say, said) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if say.send(line).is_err() {
                    break;
                }
            }
        });
        let target = Self { _program: program, said, display, place: (32, height - 32) };
        assert_eq!(target.next().await.as_deref(), Some("ready"), "the other program did not start");
        target
    }

    /// Drags what a selector finds from the page to this program, and gives the path that arrives there.
    pub async fn take(&self, window: &Window, selector: &str) -> PathBuf {
        let middle = "const box = document.querySelector(arguments[0]).getBoundingClientRect();
            return [Math.round(box.left + Math.min(box.width / 2, 40)), Math.round(box.top + box.height / 2)]";
        window.find(selector).await;
        let middle = window.script(middle, vec![serde_json::json!(selector)]).await;
        let from = (middle[0].as_i64().expect("a place"), middle[1].as_i64().expect("a place"));
        point(&self.display, &["mousemove", &from.0.to_string(), &from.1.to_string()]).await;
        let before = windows(&self.display, &["."]);
        point(&self.display, &["mousedown", "1"]).await;
        // The page hears of a drag by its first moves, and writes the file before it goes on.
        for step in 1..=6 {
            point(&self.display, &["mousemove", &(from.0 + 4 * step).to_string(), &from.1.to_string()]).await;
        }
        // What hangs on the pointer then is a window of its own.
        let begun = Instant::now();
        while windows(&self.display, &["."]).iter().all(|it| before.contains(it)) {
            if begun.elapsed() > Duration::from_secs(10) {
                point(&self.display, &["mouseup", "1"]).await;
                window.fail(&format!("no drag of `{selector}` began")).await;
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        for step in 0..=8 {
            let along = |from: i64, to: i64| (from + (to - from) * step / 8).to_string();
            let (x, y) = (along(from.0 + 24, self.place.0), along(from.1, self.place.1));
            point(&self.display, &["mousemove", &x, &y]).await;
        }
        point(&self.display, &["mousemove", &(self.place.0 + 2).to_string(), &self.place.1.to_string()])
            .await;
        point(&self.display, &["mouseup", "1"]).await;
        let Some(uri) = self.next().await else {
            window.fail(&format!("the other program got nothing of `{selector}`")).await;
        };
        let path = uri.strip_prefix("file://").unwrap_or_else(|| panic!("`{uri}` is no file"));
        PathBuf::from(path)
    }

    /// What it says next; none where it says nothing for long.
    async fn next(&self) -> Option<String> {
        let patience = Instant::now() + Duration::from_secs(15);
        loop {
            match self.said.try_recv() {
                Ok(line) => return Some(line),
                Err(_) if Instant::now() > patience => return None,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

async fn point(display: &str, words: &[&str]) {
    xdotool(display, words);
    tokio::time::sleep(Duration::from_millis(60)).await;
}

/// Ids of the windows on show that fit, as xdotool tells them.
pub(crate) fn windows(display: &str, which: &[&str]) -> Vec<String> {
    let mut command = Command::new("xdotool");
    let found = command.args(["search", "--onlyvisible"]).args(which).env("DISPLAY", display).output();
    let found = found.unwrap_or_else(|error| panic!("xdotool: {error}. Install it: apt-get install xdotool"));
    String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect()
}

/// Moves the pointer and presses keys of a display.
pub(crate) fn xdotool(display: &str, words: &[&str]) {
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    let done = Command::new("xdotool").args(&words).env("DISPLAY", display).status();
    let done = done.unwrap_or_else(|error| panic!("xdotool: {error}. Install it: apt-get install xdotool"));
    assert!(done.success(), "xdotool {words:?}");
}
