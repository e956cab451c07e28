//! Running programs: their output, or the whole story where they fail.

use std::process::{Command, Stdio};

use tempfile::TempDir;

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
