//! WebKit's own driver, which starts the app.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::Process;
use crate::window::Home;

/// The driver while it runs.
pub struct Driver {
    _process: Process,
    port: u16,
}

impl Driver {
    /// Starts the driver on this display; what it starts lives in this home.
    pub fn start(display: &str, home: &Home) -> Self {
        // Another test may take the port meanwhile: then the next one is tried.
        for _ in 0..5 {
            let port = free_port();
            let process = Process::start(&mut command(display, home, port));
            if answers(port) {
                return Self { _process: process, port };
            }
        }
        panic!("WebKitWebDriver does not answer");
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn command(display: &str, home: &Home, port: u16) -> Command {
    let mut command = Process::command("WebKitWebDriver", "Install it: apt-get install webkit2gtk-driver");
    command.arg(format!("--port={port}"));
    command.stdout(home.log("driver.out")).stderr(home.log("driver.err"));
    // Nothing of whoever runs the tests: no session, no proxy, no settings.
    command.env_clear();
    for name in ["PATH", "LANG", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .env("DISPLAY", display)
        .env("GDK_BACKEND", "x11")
        .env("TAURI_AUTOMATION", "true")
        .env("TAURI_WEBVIEW_AUTOMATION", "true")
        .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
        .env("NO_AT_BRIDGE", "1")
        .env("WEBKIT_SKIA_ENABLE_CPU_RENDERING", "1");
    for (name, folder) in home.variables() {
        command.env(name, folder);
    }
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

fn answers(port: u16) -> bool {
    let patience = Instant::now() + Duration::from_secs(5);
    while Instant::now() < patience {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// The program under test.
pub fn program() -> PathBuf {
    const BUILD: &str = "cargo build -p longshore-desktop --features longshore-desktop/custom-protocol";
    if let Some(named) = std::env::var_os("LONGSHORE_DESKTOP_BIN") {
        let named = PathBuf::from(named);
        assert!(named.is_file(), "LONGSHORE_DESKTOP_BIN names `{}`, which is no file", named.display());
        return named;
    }
    built("longshore-desktop", BUILD)
}

/// A program of the workspace, as the same build made it.
pub fn built(name: &str, how_to_get_it: &str) -> PathBuf {
    let this = std::env::current_exe().expect("a program has a path");
    // Of target/debug/deps/window-… or target/release/frames: target/PROFILE/NAME.
    let mut folders = this.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    folders.find(|program| program.is_file()).unwrap_or_else(|| {
        panic!(
            "`{name}` is not beside `{}`. Build it first (`make test` does): {how_to_get_it}",
            this.display()
        )
    })
}
