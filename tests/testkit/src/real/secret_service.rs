//! GNOME's keyring as a real Secret Service, on a D-Bus session of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::run;

/// A D-Bus session with an unlocked keyring in it. Both end when it is dropped.
#[derive(Debug)]
pub struct SecretService {
    child: Child,
    home: TempDir,
    address: String,
}

impl SecretService {
    /// Starts it, with an empty keyring that is unlocked.
    ///
    /// # Panics
    /// Where dbus-run-session or gnome-keyring-daemon is not installed.
    pub fn start() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        // The session lives as long as what it runs, and that as long as our end of its stdin.
        let script = r#"printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 &&
            echo "$DBUS_SESSION_BUS_ADDRESS" && exec cat"#;
        let mut child = Command::new("dbus-run-session")
            .args(["--", "sh", "-c", script])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-run-session is installed (Debian: apt install dbus-daemon)");
        let mut address = String::new();
        let stdout = child.stdout.take().expect("its stdout is a pipe");
        BufReader::new(stdout).read_line(&mut address).expect("it says where the session is");
        assert!(
            !address.is_empty(),
            "gnome-keyring-daemon does not start (Debian: apt install gnome-keyring)"
        );
        Self { child, home, address: address.trim().to_owned() }
    }

    /// The address of the session, for `DBUS_SESSION_BUS_ADDRESS`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A program that sees this session and no home but its own.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command
    }

    /// Locks the keyring. Without a display nobody can be asked to unlock it.
    ///
    /// # Panics
    /// Where the service does not do it.
    pub fn lock(&self) {
        let path = "/org/freedesktop/secrets";
        let mut command = self.command("dbus-send");
        command.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", path]);
        command
            .args(["org.freedesktop.Secret.Service.Lock", &format!("array:objpath:{path}/collection/login")]);
        let reply = run(&mut command);
        assert!(reply.contains("collection/login"), "it was not locked: {reply}");
    }
}

impl Drop for SecretService {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
