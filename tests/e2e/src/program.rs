//! The programs behind a test: a display, a driver, and the app. They end when they are dropped.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use crate::PATIENCE;

/// A program and whatever it starts, in a process group of its own.
#[derive(Debug)]
pub struct Group {
    child: Child,
    name: &'static str,
}

impl Group {
    /// Starts `command`; the kernel ends it should this process be killed.
    fn start(name: &'static str, arguments: &[&str], edit: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--", name])
            .args(arguments)
            .stdin(Stdio::null())
            .process_group(0);
        edit(&mut command);
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("`setpriv {name}` did not start ({error}); `make test` installs what it needs")
        });
        Self { child, name }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a child has an id");
        // An error says that nothing of it is left.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
        let deadline = Instant::now() + Duration::from_secs(5);
        while test_kill_process_group(group).is_ok() {
            if Instant::now() > deadline {
                eprintln!("something that {} started did not end", self.name);
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// An X server without a screen.
#[derive(Debug)]
pub struct Display {
    _server: Group,
    /// `:7`
    pub name: String,
}

impl Display {
    /// Starts one on a number that is free.
    pub fn start() -> Self {
        let arguments = ["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset"];
        let mut server = Group::start("Xvfb", &arguments, |command| {
            command.stdout(Stdio::piped()).stderr(Stdio::null());
        });
        let mut output = server.child.stdout.take().expect("it is piped");
        let mut number = String::new();
        let mut byte = [0];
        // Its number and a line feed, once it accepts clients; nothing where it could not start.
        while output.read(&mut byte).is_ok_and(|count| count == 1) && byte != *b"\n" {
            number.push(char::from(byte[0]));
        }
        assert!(!number.is_empty(), "Xvfb did not start; `make test` installs it (package xvfb)");
        Self { _server: server, name: format!(":{number}") }
    }
}

/// WebKit's own driver, with the environment that the app inherits.
#[derive(Debug)]
pub struct Driver {
    _program: Group,
    /// `http://127.0.0.1:PORT`
    pub url: String,
}

impl Driver {
    /// Starts one for apps on `display` whose home is `home`; returns when it listens.
    pub fn start(display: &Display, home: &Path) -> Self {
        // The port is free now; where another takes it first, the driver ends at once and the next port is tried.
        for _ in 0..5 {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .and_then(|listener| listener.local_addr())
                .expect("loopback has a free port")
                .port();
            let mut program = Group::start(
                "WebKitWebDriver",
                &[&format!("--port={port}"), "--host=127.0.0.1"],
                |command| {
                    environment(command, display, home);
                },
            );
            let deadline = Instant::now() + PATIENCE;
            while matches!(program.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                    return Self { _program: program, url: format!("http://127.0.0.1:{port}") };
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        panic!("WebKitWebDriver did not start; `make test` installs it (package webkit2gtk-driver)");
    }
}

fn environment(command: &mut Command, display: &Display, home: &Path) {
    for (name, folder) in [
        ("HOME", "."),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_RUNTIME_DIR", "run"),
    ] {
        command.env(name, home.join(folder));
    }
    for name in ["LONGSHORE_STORE", "DOCKER_CONFIG", "WAYLAND_DISPLAY", "HTTP_PROXY", "http_proxy"] {
        command.env_remove(name);
    }
    command
        .env("DISPLAY", &display.name)
        .env("GDK_BACKEND", "x11")
        .env("TAURI_AUTOMATION", "true")
        .env("TAURI_WEBVIEW_AUTOMATION", "true")
        // Without a session bus no running Longshore is found, and this one takes no notice of others.
        .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
        .env("NO_AT_BRIDGE", "1")
        .env("WEBKIT_SKIA_ENABLE_CPU_RENDERING", "1")
        .env("LANG", "C.UTF-8");
}

/// The app: `LONGSHORE_DESKTOP_BIN`, or the one that was built with this test.
pub fn app() -> PathBuf {
    let app = std::env::var_os("LONGSHORE_DESKTOP_BIN").map_or_else(beside_the_test, PathBuf::from);
    assert!(
        app.is_file(),
        "there is no `{}`: `make test` builds it, or name one in LONGSHORE_DESKTOP_BIN",
        app.display()
    );
    app
}

/// `target/debug/longshore-desktop` for a test in `target/debug/deps`.
fn beside_the_test() -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let profile = test.parent().and_then(Path::parent).expect("a test lies in PROFILE/deps");
    profile.join("longshore-desktop")
}
