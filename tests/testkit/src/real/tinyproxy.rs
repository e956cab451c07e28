//! Debian's tinyproxy: a real forward proxy.

use std::fs;
use std::process::{Child, Command};

use tempfile::TempDir;

use super::program::start;

/// A running tinyproxy. Ended when dropped.
#[derive(Debug)]
pub struct Tinyproxy {
    child: Child,
    port: u16,
    dir: TempDir,
}

impl Tinyproxy {
    /// Tunnels to any port; asks for the account where one is given.
    ///
    /// # Panics
    /// Where tinyproxy is not installed, or does not start within 20 s.
    pub fn start(account: Option<(&str, &str)>) -> Self {
        let basic =
            account.map_or_else(String::new, |(user, password)| format!("BasicAuth {user} {password}\n"));
        Self::start_with(&basic)
    }

    /// Asks another proxy, `HOST:PORT`, for everything: it knows names that this one does not.
    ///
    /// # Panics
    /// Where tinyproxy is not installed, or does not start within 20 s.
    pub fn before(proxy: &str) -> Self {
        Self::start_with(&format!("Upstream http {proxy}\n"))
    }

    fn start_with(choices: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let log = dir.path().join("tinyproxy.log");
        let (child, port) = start(&log, "tinyproxy-bin", |port| {
            let config = format!(
                "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\nLogLevel Connect\nLogFile \"{}\"\n{choices}",
                log.display()
            );
            let path = dir.path().join("tinyproxy.conf");
            fs::write(&path, config).expect("it can be written");
            let mut command = Command::new("tinyproxy");
            command.args(["-d", "-c"]).arg(path);
            command
        });
        Self { child, port, dir }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its log: which hosts were asked for.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("tinyproxy.log")).unwrap_or_default()
    }
}

impl Drop for Tinyproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
