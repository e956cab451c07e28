//! Longshore as a black box, against real programs: Debian's docker-registry, skopeo and umoci.
//!
//! The tests run the built `longshore`. They find it by `LONGSHORE_BIN`, else beside themselves in cargo's target
//! folder, and say how to build it where it is missing. Each [`Longshore`] has a home, a store and a Docker
//! configuration of its own.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{env, fs};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci::digest::{Digest, Hasher};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a run may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(120);

/// The `longshore` that is tested.
///
/// # Panics
/// Where it is not built.
pub fn binary() -> PathBuf {
    let path = env::var_os("LONGSHORE_BIN").map_or_else(beside_the_tests, PathBuf::from);
    assert!(
        path.is_file(),
        "`{}` is missing: build it with `cargo build -p cli`, or set LONGSHORE_BIN to one that is built",
        path.display()
    );
    path
}

/// Where cargo puts it: the test is `target/PROFILE/deps/pull-0123`, Longshore `target/PROFILE/longshore`.
fn beside_the_tests() -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    test.ancestors().nth(2).expect("a test lies in target/PROFILE/deps").join("longshore")
}

/// A person's Longshore: home, store, Docker configuration.
#[derive(Debug)]
pub struct Longshore {
    dir: TempDir,
    path: String,
    bus: String,
}

/// A run that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Exit status; `None` where a signal ended it.
    pub status: Option<i32>,
    /// All of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
}

impl Finished {
    /// Stdout of a run that succeeded.
    ///
    /// # Panics
    /// Where it did not.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.status, Some(0), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self.stdout
    }

    /// Stdout of a run that succeeded, as JSON.
    ///
    /// # Panics
    /// Where it did not succeed, or printed something else.
    #[track_caller]
    pub fn json(self) -> Value {
        let stdout = self.ok();
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error} in:\n{stdout}"))
    }

    /// The run, which must have ended with this status.
    ///
    /// # Panics
    /// Where it ended otherwise.
    #[track_caller]
    pub fn with_status(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// A run that goes on. Killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
}

impl Longshore {
    /// With an empty store and no accounts.
    ///
    /// # Panics
    /// Where no temporary folder can be made.
    #[expect(clippy::new_without_default, reason = "it makes folders")]
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(dir.path().join("docker")).expect("a folder can be made");
        Self { dir, path: env::var("PATH").unwrap_or_default(), bus: "disabled:".to_owned() }
    }

    /// With this `PATH`, for credential helpers.
    #[must_use]
    pub fn with_path(mut self, path: String) -> Self {
        self.path = path;
        self
    }

    /// On this D-Bus session, for its keychain. Without one there is none.
    #[must_use]
    pub fn on_session(mut self, address: &str) -> Self {
        address.clone_into(&mut self.bus);
        self
    }

    /// Everything that it may write to: home, store and configuration.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its store.
    pub fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// `oci:STORE:REFERENCE`, as skopeo reads it.
    pub fn stored(&self, reference: &str) -> String {
        format!("oci:{}:{reference}", self.store().display())
    }

    /// Writes `config.json`.
    ///
    /// # Panics
    /// Where it can't be written.
    pub fn configure(&self, config: &Value) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.dir.path().join("docker/config.json");
        fs::write(&path, config.to_string()).expect("the configuration can be written");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its mode can be set");
    }

    /// Writes a `config.json` with one account, as `docker login` leaves it.
    pub fn log_in(&self, host: &str, username: &str, password: &str) {
        let auth = STANDARD.encode(format!("{username}:{password}"));
        self.configure(&json!({ "auths": { host: { "auth": auth } } }));
    }

    /// A verb with its arguments, on this store and configuration; not yet run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let (verb, rest) = arguments.split_first().expect("a command has a verb");
        let mut command = self.bare(&[]);
        command.arg(verb).arg("--store").arg(self.store());
        command.arg("--docker-config").arg(self.dir.path().join("docker")).args(rest);
        command
    }

    /// The program with these arguments alone.
    pub fn bare(&self, arguments: &[&str]) -> Command {
        let home = self.dir.path().join("home");
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", &home)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_RUNTIME_DIR", home.join("run"))
            .current_dir(self.dir.path());
        command
    }

    /// Runs a verb to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Finished {
        Running::start(&mut self.command(arguments)).wait()
    }

    /// Runs a verb to its end, with this on its stdin.
    ///
    /// # Panics
    /// Where it can't be started.
    #[track_caller]
    pub fn run_with(&self, arguments: &[&str], stdin: &str) -> Finished {
        use std::io::Write as _;
        let mut command = self.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} can't be started: {error}"));
        // What does not want to read it closes the pipe.
        let _ = child.stdin.take().map(|mut pipe| pipe.write_all(stdin.as_bytes()));
        let (stdout, stderr) = (child.stdout.take().map(collect), child.stderr.take().map(collect));
        Running { child, stdout, stderr }.wait()
    }

    /// Starts a verb.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(&mut self.command(arguments))
    }

    /// Digests of the blobs that the store shows, each of which must be what it is named for.
    ///
    /// # Panics
    /// Where one is not.
    #[track_caller]
    pub fn blobs(&self) -> Vec<Digest> {
        let mut digests = Vec::new();
        let Ok(algorithms) = fs::read_dir(self.store().join("blobs")) else { return digests };
        for folder in algorithms.map(|entry| entry.expect("a readable store").path()) {
            for path in fs::read_dir(&folder)
                .expect("a readable store")
                .map(|it| it.expect("a readable store").path())
            {
                let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let digest: Digest = format!("{}:{}", name(&folder), name(&path))
                    .parse()
                    .expect("a blob is named by its digest");
                let mut hasher = Hasher::new(digest.algorithm());
                hasher.update(&fs::read(&path).expect("a readable blob"));
                assert_eq!(hasher.finish(), digest, "`{}` is not what its name says", path.display());
                digests.push(digest);
            }
        }
        digests.sort();
        digests
    }

    /// Bytes that partial downloads have on disk.
    pub fn partial_bytes(&self) -> u64 {
        allocated(&self.store().join("ingest"))
    }

    /// Waits until the store has stopped growing: what is on its way through the kernel, or waits for the processor,
    /// has been written by then. What the program itself keeps back has not.
    ///
    /// # Panics
    /// Where it grows on for ten seconds.
    pub fn settle(&self) {
        const STILL: Duration = Duration::from_millis(300);
        let deadline = Instant::now() + Duration::from_secs(10);
        let (mut size, mut since) = (0, Instant::now());
        while since.elapsed() < STILL {
            assert!(Instant::now() < deadline, "the store goes on growing");
            std::thread::sleep(Duration::from_millis(20));
            let now = allocated(&self.store());
            if now != size {
                (size, since) = (now, Instant::now());
            }
        }
    }

    /// Files under its folder that hold one of these texts.
    pub fn files_with(&self, texts: &[String]) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.dir.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder)
                .expect("a readable folder")
                .map(|it| it.expect("a readable folder").path())
            {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = fs::read(&path).unwrap_or_default();
                    let holds =
                        |text: &String| bytes.windows(text.len()).any(|window| window == text.as_bytes());
                    if texts.iter().any(holds) {
                        found.push(path);
                    }
                }
            }
        }
        found
    }
}

impl Running {
    /// Starts a command with its outputs captured.
    ///
    /// # Panics
    /// Where it can't be started.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} can't be started: {error}"));
        let stdout = child.stdout.take().map(collect);
        let stderr = child.stderr.take().map(collect);
        Self { child, stdout, stderr }
    }

    /// Kills it at once, as power loss or the kernel would: SIGKILL.
    ///
    /// # Panics
    /// Where it has ended already.
    pub fn kill(mut self) {
        assert!(matches!(self.child.try_wait(), Ok(None)), "it ended before it could be killed");
        self.child.kill().expect("an own child can be killed");
        let _ = self.child.wait();
    }

    /// Sends it the signal of Ctrl-C.
    ///
    /// # Panics
    /// Where `kill` can't be run.
    pub fn interrupt(&self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the signal can't be sent");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// Where that does not come in two minutes.
    #[track_caller]
    pub fn wait(mut self) -> Finished {
        let deadline = Instant::now() + PATIENCE;
        let status: ExitStatus = loop {
            if let Some(status) = self.child.try_wait().expect("an own child can be waited for") {
                break status;
            }
            if Instant::now() > deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
                let (stdout, stderr) = (text(self.stdout.take()), text(self.stderr.take()));
                panic!("it hangs\nstdout:\n{stdout}\nstderr:\n{stderr}");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        Finished { status: status.code(), stdout: text(self.stdout.take()), stderr: text(self.stderr.take()) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Bytes that the files under a folder take on disk. Holes don't count.
fn allocated(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    // Files come and go while Longshore runs.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => allocated(&entry.path()),
            Ok(metadata) => metadata.blocks() * 512,
            Err(_) => 0,
        })
        .sum()
}

fn collect(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn text(reader: Option<JoinHandle<String>>) -> String {
    reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
}
