//! Debian's tinyproxy: a real forward proxy.

use std::fs;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::nginx::system_path;
use super::{free_port, listens};

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
        let dir = tempfile::tempdir().expect("a temporary folder");
        let basic =
            account.map_or_else(String::new, |(user, password)| format!("BasicAuth {user} {password}\n"));
        for _ in 0..5 {
            let port = free_port();
            let log = dir.path().join("tinyproxy.log");
            let config = format!(
                "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\nLogLevel Connect\nLogFile \"{}\"\n{basic}",
                log.display()
            );
            fs::write(dir.path().join("tinyproxy.conf"), config).expect("it can be written");
            let mut child = Command::new("tinyproxy")
                .args(["-d", "-c"])
                .arg(dir.path().join("tinyproxy.conf"))
                .env_clear()
                .env("PATH", system_path())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("tinyproxy is installed (Debian: apt install tinyproxy-bin)");
            if listens(&mut child, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()) {
                return Self { child, port, dir };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!(
            "tinyproxy did not start:\n{}",
            fs::read_to_string(dir.path().join("tinyproxy.log")).unwrap_or_default()
        );
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
