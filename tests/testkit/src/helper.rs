//! Fake `docker-credential-*` programs in a folder that a test puts on PATH.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

/// How a fake helper behaves on `get`; on other verbs too, where that makes no difference.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Answers with an account. An account `<token>` makes the secret an identity token.
    Account {
        /// Account.
        username: String,
        /// Password or identity token.
        secret: String,
    },
    /// Keeps accounts by server: `store`, `get`, `erase` and `list` do what they say.
    Keeps,
    /// Has this account on `get`, and refuses to keep or to forget any: ecr-login's way.
    ReadOnly {
        /// Account.
        username: String,
        /// Password.
        secret: String,
    },
    /// Has none: the exact words of the protocol on stdout, exit status 1.
    None,
    /// Fails with this on stdout and this exit status.
    Fails(String, u8),
    /// Never answers.
    Hangs,
    /// Exits at once, but leaves a process behind that holds its stdout open.
    LeavesGrandchild,
    /// Answers with these bytes, exit status 0.
    Prints(Vec<u8>),
    /// Prints zeros without an end.
    Floods,
    /// Puts this on stderr and fails: secrets in it must not be shown.
    Complains(String),
}

impl Behaviour {
    /// [`Behaviour::Account`] of borrowed text.
    pub fn account(username: &str, secret: &str) -> Self {
        Self::Account { username: username.to_owned(), secret: secret.to_owned() }
    }
    /// An identity token.
    pub fn identity_token(token: &str) -> Self {
        Self::account("<token>", token)
    }
}

/// A folder of fake helpers, which log how they were called. What they left running is killed when it is dropped.
#[derive(Debug)]
pub struct Helpers {
    dir: TempDir,
}

impl Helpers {
    /// An empty folder.
    ///
    /// # Panics
    /// Where no temporary folder can be made.
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder") }
    }

    /// Where the programs are: prepend it to PATH.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// `PATH` with the folder in front.
    pub fn path_variable(&self) -> String {
        format!("{}:{}", self.path().display(), std::env::var("PATH").unwrap_or_default())
    }

    /// Writes `docker-credential-NAME`.
    ///
    /// # Panics
    /// Where it can't be written.
    pub fn write(&self, name: &str, behaviour: &Behaviour) {
        let answer = self.dir.path().join(format!("{name}.answer"));
        let print = |bytes: &[u8]| {
            fs::write(&answer, bytes).expect("the answer can be written");
            format!("exec cat '{}'", answer.display())
        };
        let account = |username: &str, secret: &str| {
            // The server that was asked for comes back, as real helpers do it.
            let body = json!({ "ServerURL": "@SERVER@", "Username": username, "Secret": secret });
            fs::write(&answer, body.to_string()).expect("the answer can be written");
            format!("exec sed \"s|@SERVER@|$server|\" '{}'", answer.display())
        };
        let act = match behaviour {
            Behaviour::Keeps => keeping(&self.dir.path().join(format!("{name}.kept"))),
            Behaviour::ReadOnly { username, secret } => {
                let get = account(username, secret);
                format!("case $1 in get) {get};; *) echo 'not implemented'; exit 1;; esac")
            }
            Behaviour::Account { username, secret } => account(username, secret),
            Behaviour::None => "echo 'credentials not found in native keychain'; exit 1".to_owned(),
            Behaviour::Fails(message, status) => {
                fs::write(&answer, message).expect("the answer can be written");
                format!("cat '{}'; exit {status}", answer.display())
            }
            Behaviour::Hangs => "echo $$ >> \"$pids\"; exec sleep 600".to_owned(),
            Behaviour::LeavesGrandchild => "sleep 600 & echo $! >> \"$pids\"; exit 0".to_owned(),
            Behaviour::Prints(bytes) => print(bytes),
            Behaviour::Floods => "echo $$ >> \"$pids\"; exec cat /dev/zero".to_owned(),
            Behaviour::Complains(message) => {
                fs::write(&answer, message).expect("the answer can be written");
                format!("cat '{}' >&2; exit 1", answer.display())
            }
        };
        self.write_script(
            name,
            &format!(
                "server=$(cat)\npids='{pids}'\nprintf '%s %s %s\\n' '{name}' \"$1\" \"$server\" >> '{log}'\n{act}",
                pids = self.dir.path().join("pids").display(),
                log = self.dir.path().join("calls").display(),
            ),
        );
    }

    /// Writes `docker-credential-NAME` that does what this text for `sh` says; its calls are not logged.
    ///
    /// # Panics
    /// Where it can't be written.
    pub fn write_script(&self, name: &str, act: &str) {
        let script = format!("#!/bin/sh\n{act}\n");
        let program = self.dir.path().join(format!("docker-credential-{name}"));
        // Renamed into place: a script that is still open for writing can't be started (ETXTBSY), and another thread
        // of the test may be forking just now.
        let unfinished = program.with_extension("new");
        fs::write(&unfinished, script).expect("the program can be written");
        fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o755))
            .expect("it can be made executable");
        fs::rename(&unfinished, &program).expect("it can be put in place");
    }

    /// How helpers were called so far: `NAME VERB SERVER`.
    pub fn calls(&self) -> Vec<String> {
        let log = fs::read_to_string(self.dir.path().join("calls")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// Those of the processes that hang or were left behind that still run.
    pub fn running(&self) -> Vec<u32> {
        let pids = fs::read_to_string(self.dir.path().join("pids")).unwrap_or_default();
        pids.lines().filter_map(|pid| pid.trim().parse().ok()).filter(|pid| is_running(*pid)).collect()
    }
}

/// What a helper does that keeps accounts as files in a folder.
fn keeping(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"kept='{folder}'; mkdir -p "$kept"
field() {{ printf %s "$server" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }}
file() {{ printf '%s/%s' "$kept" "$(printf %s "$1" | cksum | cut -d' ' -f1)"; }}
none() {{ echo 'credentials not found in native keychain'; exit 1; }}
case $1 in
store) printf %s "$server" > "$(file "$(field ServerURL)")";;
get) f=$(file "$server"); [ -f "$f" ] || none; cat "$f";;
erase) f=$(file "$server"); [ -f "$f" ] || none; rm "$f";;
list) sep='{{'; for f in "$kept"/*; do [ -f "$f" ] || continue; server=$(cat "$f")
  printf '%s"%s":"%s"' "$sep" "$(field ServerURL)" "$(field Username)"; sep=,; done
  [ "$sep" = , ] || printf '{{'; echo '}}';;
esac"#
    )
}

/// Whether a process runs and is no zombie.
fn is_running(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| stat.rsplit_once(") ").map(|(_, rest)| !rest.starts_with('Z')))
        .unwrap_or(false)
}

impl Default for Helpers {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        for pid in self.running() {
            let _ = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Output, Stdio};

    use super::*;

    fn get(helpers: &Helpers, name: &str, server: &str) -> Output {
        let mut child = Command::new(helpers.path().join(format!("docker-credential-{name}")))
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(server.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    #[test]
    fn an_account_comes_back_for_the_server_asked() {
        let helpers = Helpers::new();
        helpers.write("ok", &Behaviour::account("ann", "s \"quoted\" \\ 'secret'"));
        let output = get(&helpers, "ok", "https://index.docker.io/v1/");
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["ServerURL"], "https://index.docker.io/v1/");
        assert_eq!(answer["Secret"], "s \"quoted\" \\ 'secret'");
        assert_eq!(helpers.calls(), ["ok get https://index.docker.io/v1/"]);
    }

    #[test]
    fn a_helper_that_keeps_gives_back_what_it_was_given() {
        let helpers = Helpers::new();
        helpers.write("vault", &Behaviour::Keeps);
        let ask = |verb: &str, input: &str| {
            let mut child = Command::new(helpers.path().join("docker-credential-vault"))
                .arg(verb)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
            String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
        };
        assert_eq!(ask("list", "x").trim(), "{}");
        assert_eq!(ask("store", r#"{"ServerURL":"a:5000","Username":"ann","Secret":"p|w"}"#), "");
        assert_eq!(ask("get", "a:5000"), r#"{"ServerURL":"a:5000","Username":"ann","Secret":"p|w"}"#);
        assert!(ask("get", "b").contains("credentials not found"));
        assert_eq!(ask("list", "x").trim(), r#"{"a:5000":"ann"}"#);
        ask("erase", "a:5000");
        assert!(ask("get", "a:5000").contains("credentials not found"));
    }

    #[test]
    fn failures_have_the_words_and_the_status() {
        let helpers = Helpers::new();
        helpers.write("none", &Behaviour::None);
        helpers.write("fails", &Behaviour::Fails("it's locked".to_owned(), 3));
        helpers.write("garbage", &Behaviour::Prints(vec![0, 255, b'%']));
        let none = get(&helpers, "none", "x");
        assert_eq!(
            (&none.stdout[..], none.status.code()),
            (&b"credentials not found in native keychain\n"[..], Some(1))
        );
        let fails = get(&helpers, "fails", "x");
        assert_eq!((&fails.stdout[..], fails.status.code()), (&b"it's locked"[..], Some(3)));
        assert_eq!(get(&helpers, "garbage", "x").stdout, [0, 255, b'%']);
    }

    #[test]
    fn what_hangs_is_known_and_ended() {
        let helpers = Helpers::new();
        helpers.write("grandchild", &Behaviour::LeavesGrandchild);
        let mut child = Command::new(helpers.path().join("docker-credential-grandchild"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        assert!(child.wait().unwrap().success());
        let running = helpers.running();
        assert_eq!(running.len(), 1);
        drop(helpers);
        let ended = (0..500).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(2));
            !is_running(running[0])
        });
        assert!(ended);
    }
}
