use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::*;

/// A folder of helpers that are shell scripts.
struct Helpers(tempfile::TempDir);

impl Helpers {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn with(self, name: &str, script: &str) -> Self {
        write_program(&self.0.path().join(format!("docker-credential-{name}")), script);
        self
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn options(&self, timeout: Duration) -> HelperOptions {
        let folders = [self.0.path(), Path::new("/usr/bin"), Path::new("/bin")];
        HelperOptions { timeout, ..HelperOptions::new(SearchPath::new(folders.map(Path::to_owned))) }
    }

    async fn get(&self, name: &str) -> Result<Option<Credential>> {
        get(name, "credsStore", "r.example.com", &self.options(Duration::from_secs(20))).await
    }
}

/// Writes an executable script. Another process does it: while a file is open for writing here, a test beside this one
/// may start a program, which inherits the handle for a moment, and a file that is open for writing can't be run.
fn write_program(path: &Path, script: &str) {
    let mut writer = Command::new("/bin/sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("a shell");
    let text = format!("#!/bin/sh\n{script}\n");
    writer.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("written");
    assert!(writer.wait().expect("an end").success());
}

fn basic(username: &str, password: &str) -> Option<Credential> {
    Some(Credential::Basic { username: username.to_owned(), password: Secret::new(password) })
}

/// Everything that an error can show.
fn shown(error: &Error) -> String {
    format!("{error} {error:?} {:?} {:?}", error.hint(), error.causes())
}

/// Whether a process that wrote its number into a file is gone, within two seconds.
async fn is_gone(file: &Path) -> bool {
    let number = std::fs::read_to_string(file).expect("the process has started");
    let process = Path::new("/proc").join(number.trim());
    for _ in 0..100 {
        // A zombie is dead: only its parent, here or init, has yet to take notice.
        let state = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

#[tokio::test]
async fn f047_a_token_user_means_an_identity_token() {
    let helpers = Helpers::new()
        .with(
            "plain",
            r#"read -r s; echo "{\"ServerURL\":\"$s\",\"Username\":\"ann\",\"Secret\":\"$s $1\"}""#,
        )
        .with("token", r#"echo '{"ServerURL":"x","Username":"<token>","Secret":"idt"}'"#)
        .with("blank", r#"echo '{"ServerURL":"x","Username":"","Secret":""}'"#)
        .with("deaf", r#"exec <&-; echo '{"Username":"ann","Secret":"pw"}'"#);
    // The server arrives on stdin, and the verb as the argument.
    assert_eq!(helpers.get("plain").await.expect("an account"), basic("ann", "r.example.com get"));
    let token = Credential::IdentityToken { username: None, token: Secret::new("idt") };
    assert_eq!(helpers.get("token").await.expect("a token"), Some(token));
    assert_eq!(helpers.get("blank").await.expect("no account"), None);
    assert_eq!(helpers.get("deaf").await.expect("an account"), basic("ann", "pw"));
}

/// A helper that keeps one account in a file.
const VAULT: &str = r#"kept="$(dirname "$0")/kept"
case $1 in
store) cat > "$kept";;
get) cat >/dev/null; [ -f "$kept" ] && cat "$kept" || { echo 'credentials not found in native keychain'; exit 1; };;
erase) cat >/dev/null; rm "$kept";;
list) cat >/dev/null; echo '{"r.example.com":"ann","https://index.docker.io/v1/":"bob"}';;
esac"#;

#[tokio::test]
async fn what_is_stored_comes_back_until_it_is_erased() {
    let helpers = Helpers::new().with("vault", VAULT);
    let options = helpers.options(Duration::from_secs(20));
    let (store, server) = ("credsStore", "r.example.com");
    for credential in [
        basic("ann", "p\"w\\ é\u{1}").expect("an account"),
        Credential::IdentityToken { username: None, token: Secret::new("idt") },
    ] {
        super::store("vault", store, server, &credential, &options).await.expect("stored");
        assert_eq!(helpers.get("vault").await.expect("an account"), Some(credential));
    }
    let kept = std::fs::read_to_string(helpers.file("kept")).expect("kept");
    assert_eq!(kept, r#"{"ServerURL":"r.example.com","Username":"<token>","Secret":"idt"}"#);
    erase("vault", store, server, &options).await.expect("erased");
    assert_eq!(helpers.get("vault").await.expect("no account"), None);
    let listed = list("vault", store, &options).await.expect("a list");
    assert_eq!(listed.get("r.example.com").map(String::as_str), Some("ann"));
    assert_eq!(listed.len(), 2);
    for credential in [Credential::Anonymous, Credential::RegistryToken(Secret::new("rt"))] {
        assert!(super::store("vault", store, server, &credential, &options).await.is_err());
    }
}

#[tokio::test]
async fn f044_no_verb_shows_the_secret_that_it_was_given() {
    let helpers = Helpers::new()
        .with("echo", "echo \"bad: $(cat)\"; exit 1")
        .with("words", r#"echo "can't keep correct horse battery for ann"; cat >/dev/null; exit 1"#)
        .with("garbage", "cat >/dev/null; echo 'canary'")
        .with("none", "cat >/dev/null; echo 'credentials not found in native keychain'; exit 1")
        .with("maker", "cat >/dev/null; echo 'not implemented'; exit 1")
        .with("slow", "sleep 600");
    let options = helpers.options(Duration::from_secs(1));
    let secret =
        Credential::Basic { username: "ann".to_owned(), password: Secret::new("correct horse battery") };
    for (name, says) in [
        ("echo", "failed (exit status: 1)"),
        ("words", "failed (exit status: 1)"),
        ("none", "words for having none"),
        ("maker", "makes credentials and keeps none"),
        ("slow", "did not answer within 1 s"),
        ("absent", "is not installed"),
        ("../evil", "can't be the name"),
    ] {
        let error = store(name, "credsStore", "r.example.com", &secret, &options).await.expect_err(name);
        assert!(error.message().contains(says), "{name}: {error}");
        assert!(!shown(&error).contains("horse"), "{name}: {}", shown(&error));
    }
    let error = list("garbage", "credsStore", &options).await.expect_err("no list");
    assert!(
        error.message().contains("something else than a list") && !shown(&error).contains("canary"),
        "{error:?}"
    );
    erase("none", "credsStore", "r.example.com", &options).await.expect("none is none");
    let error = erase("maker", "credsStore", "r.example.com", &options).await.expect_err("read-only");
    assert!(error.hint().is_some_and(|hint| hint.contains("`credsStore`")), "{error:?}");
    assert!(
        erase("vault", "credsStore", "a\nb", &options)
            .await
            .expect_err("f046")
            .message()
            .contains("was not asked")
    );
}

#[tokio::test]
async fn only_the_exact_words_mean_no_account() {
    let helpers = Helpers::new()
        .with("none", "cat >/dev/null; echo 'credentials not found in native keychain'; exit 1")
        .with("other", "echo 'credentials not found in native keychain, it is locked'; exit 1")
        .with("fine", "echo 'credentials not found in native keychain'");
    assert_eq!(helpers.get("none").await.expect("no account"), None);
    assert_eq!(helpers.get("other").await.expect_err("locked").code(), Code::CredentialHelper);
    assert_eq!(helpers.get("fine").await.expect_err("no JSON").code(), Code::CredentialHelper);
}

#[tokio::test]
async fn f042_helper_missing() {
    let helpers = Helpers::new();
    std::fs::write(helpers.file("docker-credential-inert"), "#!/bin/sh\n").expect("written");
    std::fs::create_dir(helpers.file("docker-credential-folder")).expect("made");
    for name in ["absent", "inert", "folder"] {
        let error = helpers.get(name).await.expect_err(name);
        assert_eq!(error.code(), Code::CredentialHelper, "{name}");
        assert_eq!(
            error.message(),
            format!("credential helper `docker-credential-{name}` (credsStore) is not installed")
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("without it")), "{error:?}");
        assert!(error.causes()[0].contains(&helpers.0.path().display().to_string()), "{error:?}");
    }

    let helpers = helpers.with("orphan", "");
    write_program(&helpers.file("docker-credential-orphan"), "");
    std::fs::write(helpers.file("docker-credential-orphan"), "#!/nonexistent/interpreter\n")
        .expect("written");
    let error = helpers.get("orphan").await.expect_err("no interpreter");
    assert!(error.message().contains("could not be started"), "{error:?}");
}

#[tokio::test]
async fn f043_a_helper_that_hangs_is_killed_with_its_children() {
    let helpers = Helpers::new().with(
        "slow",
        r#"d=$(dirname "$0"); echo $$ > "$d/self"; sleep 600 & echo $! > "$d/child"; trap '' TERM INT HUP; wait; sleep 600"#,
    );
    let started = Instant::now();
    let options = helpers.options(Duration::from_millis(700));
    let error = get("slow", "credsStore", "r.example.com", &options).await.expect_err("no answer");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(error.code(), Code::CredentialHelper);
    assert!(error.message().contains("did not answer within 0.7 s"), "{error}");
    assert!(is_gone(&helpers.file("self")).await && is_gone(&helpers.file("child")).await);
}

#[tokio::test]
async fn f043_a_grandchild_that_holds_the_pipe_does_not_hang_us() {
    let helpers = Helpers::new().with(
        "leaky",
        r#"sleep 600 & echo $! > "$(dirname "$0")/child"; echo '{"Username":"ann","Secret":"pw"}'"#,
    );
    let started = Instant::now();
    assert_eq!(helpers.get("leaky").await.expect("an account"), basic("ann", "pw"));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(is_gone(&helpers.file("child")).await);
}

#[tokio::test]
async fn f043_a_cancelled_question_leaves_no_process() {
    let helpers = Helpers::new()
        .with("slow", r#"d=$(dirname "$0"); echo $$ > "$d/self"; sleep 600 & echo $! > "$d/child"; wait"#);
    let question = helpers.get("slow");
    assert!(tokio::time::timeout(Duration::from_millis(700), question).await.is_err());
    assert!(is_gone(&helpers.file("self")).await && is_gone(&helpers.file("child")).await);
}

#[tokio::test]
async fn f043_what_a_helper_leaves_running_on_purpose_lives() {
    // As gpg-agent does: a child with no hold on our pipes.
    let helpers = Helpers::new().with(
        "agent",
        r#"sleep 30 <&- >/dev/null 2>&1 & echo $! > "$(dirname "$0")/child"; echo '{"Username":"ann","Secret":"pw"}'"#,
    );
    assert_eq!(helpers.get("agent").await.expect("an account"), basic("ann", "pw"));
    let number = std::fs::read_to_string(helpers.file("child")).expect("started");
    assert!(Path::new("/proc").join(number.trim()).exists());
    assert!(Command::new("kill").arg(number.trim()).status().expect("kill").success());
}

#[tokio::test]
async fn f044_garbage_too_much_and_failures_are_capped_and_redacted() {
    let helpers = Helpers::new()
        .with("garbage", "echo 'canary {'")
        .with("cut", r#"printf '{"Username":"ann","Secret":"canary'"#)
        .with("typed", r#"echo '{"Username":["canary"],"Secret":"canary"}'"#)
        .with("silent", "exit 0")
        .with("failing", r#"echo 'no luck: password=canary'; exit 3"#)
        .with("leaking", r#"echo '{"Username":"ann","Secret":"canary"}'; exit 1"#)
        .with("muttering", "echo 'the keyring daemon is away, token: canary' >&2; exit 2")
        .with("wordless", "exit 7")
        .with("killed", "kill -9 $$");
    let table = [
        ("garbage", "something else than an account", ""),
        ("cut", "something else than an account", ""),
        ("typed", "something else than an account", ""),
        ("silent", "something else than an account", ""),
        ("failing", "failed (exit status: 3)", "no luck: [redacted]"),
        ("leaking", "failed (exit status: 1)", "[redacted]"),
        ("muttering", "failed (exit status: 2)", "the keyring daemon is away, token: [redacted]"),
        ("wordless", "failed (exit status: 7)", ""),
        ("killed", "failed (signal: 9 (SIGKILL))", ""),
    ];
    for (name, message, cause) in table {
        let error = helpers.get(name).await.expect_err(name);
        assert_eq!(error.code(), Code::CredentialHelper, "{name}");
        assert!(error.message().ends_with(message), "{name}: {error}");
        assert_eq!(error.causes().concat(), cause, "{name}");
        assert!(!shown(&error).contains("canary"), "{name}: {}", shown(&error));
    }
}

#[tokio::test]
async fn f044_a_gibibyte_is_not_read() {
    let helpers = Helpers::new()
        .with("flood", r#"echo $$ > "$(dirname "$0")/self"; exec head -c 1073741824 /dev/zero"#)
        .with("endless", "exec cat /dev/zero")
        .with("loud", r#"head -c 100000000 /dev/zero >&2; echo '{"Username":"ann","Secret":"pw"}'"#)
        .with(
            "full",
            r#"printf '{"Username":"ann","Secret":"'; head -c 65000 /dev/zero | tr '\0' x; printf '"}'"#,
        );
    for name in ["flood", "endless"] {
        let started = Instant::now();
        let error = helpers.get(name).await.expect_err(name);
        assert!(error.message().contains("printed more than 64 KiB"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(5), "{name}: {:?}", started.elapsed());
    }
    assert!(is_gone(&helpers.file("self")).await);
    assert_eq!(helpers.get("loud").await.expect("an account"), basic("ann", "pw"));
    assert_eq!(helpers.get("full").await.expect("an account"), basic("ann", &"x".repeat(65_000)));
}

#[tokio::test]
async fn f045_a_helper_with_a_slash_is_refused() {
    let helpers = Helpers::new().with("good", "echo '{}'");
    std::fs::create_dir(helpers.file("docker-credential-x")).expect("made");
    write_program(&helpers.file("evil"), r#"echo '{"Username":"evil","Secret":"x"}'"#);
    for name in
        ["x/../evil", "/bin/sh", "../evil", "a\\b", "", "a b", "a\0b", "a\nb", "é", "$(id)", &"x".repeat(300)]
    {
        let error = helpers.get(name).await.expect_err(name);
        assert_eq!(error.code(), Code::CredentialHelper, "{name:?}");
        assert!(error.message().contains("can't be the name"), "{name:?}: {error}");
        assert!(!error.message().contains(char::is_control), "{name:?}: {error}");
    }
    assert_eq!(helpers.get("good").await.expect("no account"), None);
}

#[tokio::test]
async fn f045_a_helper_in_the_working_directory_is_not_found() {
    let helpers = Helpers::new().with("near", r#"echo '{"Username":"evil","Secret":"x"}'"#);
    // The folder is reached by a relative path, as by an entry `.` from within it.
    let here = std::env::current_dir().expect("a working directory");
    let up = "../".repeat(here.components().count() - 1);
    let relative =
        PathBuf::from(up + helpers.0.path().strip_prefix("/").expect("absolute").to_str().expect("UTF-8"));
    assert!(relative.join("docker-credential-near").is_file(), "{relative:?}");
    for folders in
        [vec![relative.clone()], vec![PathBuf::new(), PathBuf::from("."), relative.clone()], vec![]]
    {
        let options = HelperOptions::new(SearchPath::new(folders));
        let error = get("near", "credsStore", "r.example.com", &options).await.expect_err("not searched");
        assert!(error.message().ends_with("is not installed"), "{error}");
    }
    let shell = helpers.file("shell");
    write_program(&shell, &format!("echo '{}'", relative.display()));
    let options = HelperOptions::new(SearchPath::new([]).with_login_shell(shell));
    assert!(get("near", "credsStore", "r.example.com", &options).await.is_err());
}

#[tokio::test]
async fn f046_a_server_with_a_line_break_is_refused_before_the_helper_starts() {
    let helpers = Helpers::new().with("witness", r#"touch "$(dirname "$0")/started"; echo '{}'"#);
    let options = helpers.options(Duration::from_secs(20));
    for server in ["a\nb", "a\rb", "a\0b", "a\tb", "a b", "a\u{85}b", "a\u{2028}b", "a\n", "", "\n"] {
        let error = get("witness", "credsStore", server, &options).await.expect_err(server);
        assert!(error.message().contains("was not asked"), "{server:?}: {error}");
        assert!(!error.message().contains(['\n', '\r', '\0']), "{server:?}: {error}");
    }
    assert!(!helpers.file("started").exists());
    assert_eq!(get("witness", "credsStore", "ok", &options).await.expect("no account"), None);
    assert!(helpers.file("started").exists());
}

#[tokio::test]
async fn the_login_shells_folders_are_searched_after_ours() {
    let ours = Helpers::new().with("both", r#"echo '{"Username":"ours","Secret":"x"}'"#);
    // The helper starts a program that is only in the login shell's folder, as docker-credential-pass starts pass.
    let theirs = Helpers::new()
        .with("both", r#"echo '{"Username":"theirs","Secret":"x"}'"#)
        .with("far", "exec far-tool");
    write_program(&theirs.file("far-tool"), r#"echo '{"Username":"far","Secret":"x"}'"#);
    let shell = theirs.file("shell");
    let script = format!(
        r#"[ "$*" = "-l -c printenv PATH" ] || exit 9; echo x >> "$(dirname "$0")/asked"; echo Welcome; echo "{}:/usr/bin:/bin""#,
        theirs.0.path().display()
    );
    write_program(&shell, &script);
    let folders = [ours.0.path(), Path::new("/usr/bin"), Path::new("/bin")];
    let search_path = SearchPath::new(folders.map(Path::to_owned)).with_login_shell(shell);
    let options = HelperOptions::new(search_path);
    let ask = |name: &'static str| get(name, "credsStore", "r.example.com", &options);

    assert_eq!(ask("both").await.expect("an account"), basic("ours", "x"));
    assert!(!theirs.file("asked").exists(), "nobody had to be asked");
    assert_eq!(ask("far").await.expect("an account"), basic("far", "x"));
    let error = ask("absent").await.expect_err("nowhere");
    assert!(error.causes()[0].contains(&theirs.0.path().display().to_string()), "{error:?}");
    assert_eq!(std::fs::read_to_string(theirs.file("asked")).expect("asked"), "x\n", "asked once");
}

#[tokio::test]
async fn a_real_login_shell_tells_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let shell = folder.path().join("shell");
    // A real shell, with a profile of our own instead of the user's.
    let home = folder.path().display();
    write_program(&shell, &format!("HOME='{home}' exec /bin/sh \"$@\""));
    std::fs::write(folder.path().join(".profile"), format!("PATH='{home}/bin':$PATH\n")).expect("written");
    std::fs::create_dir(folder.path().join("bin")).expect("made");
    write_program(
        &folder.path().join("bin/docker-credential-profile"),
        r#"echo '{"Username":"ann","Secret":"pw"}'"#,
    );
    let folders = ["/usr/bin", "/bin"].map(PathBuf::from);
    let options = HelperOptions::new(SearchPath::new(folders).with_login_shell(shell));
    let found = get("profile", "credsStore", "r.example.com", &options).await;
    assert_eq!(found.expect("an account"), basic("ann", "pw"));
}

proptest::proptest! {
    #[test]
    fn f046_no_odd_server_reaches_a_helper(before in "[a-z.]{0,5}", odd in "[\0-\u{20}\u{7f}-\u{9f}\u{2028}]", after in "\\PC{0,5}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let options = HelperOptions::new(SearchPath::new([]));
        let error = runtime
            .block_on(get("x", "credsStore", &format!("{before}{odd}{after}"), &options))
            .expect_err("refused");
        proptest::prop_assert!(error.message().contains("was not asked"));
    }
}
