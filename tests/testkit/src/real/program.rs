//! Running programs: their output, or the whole story where they fail.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::{free_port, listens};

/// Runs a program to its end and gives its stdout.
///
/// # Panics
/// Where it can't be started or fails, with what it said.
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?} can't be started: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("the program writes UTF-8")
}

/// A server on a free port, and that port: `command` says how it is begun on one. It keeps its log at `log` and comes with
/// this package of Debian.
///
/// # Panics
/// Where it is not installed, or does not listen within 20 s.
pub(super) fn start(log: &Path, package: &str, command: impl Fn(u16) -> Command) -> (Child, u16) {
    // A person's own PATH may lack the folders of servers.
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/local/sbin:/usr/sbin:/sbin");
    // Another program may take the port between our asking for it and the server's binding it.
    for _ in 0..5 {
        let port = free_port();
        let mut command = command(port);
        command.env_clear().env("PATH", &path);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("{command:?} can't be started, is it installed (Debian: apt install {package})? {error}")
        });
        if listens(&mut child, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()) {
            return (child, port);
        }
        let _ = child.kill();
        let _ = child.wait();
    }
    panic!("`{package}` did not start:\n{}", std::fs::read_to_string(log).unwrap_or_default());
}

/// Debian's skopeo with a home of its own, so that it neither finds nor leaves anything of the person's.
#[derive(Debug)]
pub struct Skopeo {
    home: TempDir,
}

impl Skopeo {
    /// A runner with an empty home.
    ///
    /// # Panics
    /// Where no temporary folder can be made.
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().expect("a temporary folder") }
    }

    /// The command with these arguments, not yet run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("skopeo");
        command
            .arg("--insecure-policy")
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("XDG_RUNTIME_DIR", self.home.path())
            .env("TMPDIR", self.home.path())
            .env("REGISTRY_AUTH_FILE", self.home.path().join("auth.json"));
        command
    }

    /// Runs it and gives its stdout.
    ///
    /// # Panics
    /// Where it fails, with what it said.
    pub fn run(&self, arguments: &[&str]) -> String {
        run(&mut self.command(arguments))
    }

    /// The raw manifest or index of an image, byte by byte as skopeo prints it: `docker://…`, `oci:DIR:REF`.
    /// `options` come before the image: `--tls-verify=false`, `--creds=…`.
    pub fn raw(&self, image: &str, options: &[&str]) -> String {
        self.run(&[&["inspect", "--raw"], options, &[image]].concat())
    }

    /// The digest of what an image's name points at.
    pub fn digest(&self, image: &str, options: &[&str]) -> String {
        let raw = self.raw(image, options);
        oci::digest::Digest::sha256(raw.as_bytes()).to_string()
    }
}

impl Default for Skopeo {
    fn default() -> Self {
        Self::new()
    }
}
