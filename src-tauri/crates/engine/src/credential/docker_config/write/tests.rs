//! Rows 50 to 54: links, read-only places, many writers, crashes, modes.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::super::Candidate;
use super::*;
use crate::disk::Operation;
use crate::disk::replay::{Loss, after};

const ROLE: &str = "LONGSHORE_TEST_ROLE";
const DIR: &str = "LONGSHORE_TEST_DIR";
const PATH: &str = "credential::docker_config::write::tests::";

/// What this process is to do, if it is a test's other process.
fn role() -> Option<(String, PathBuf)> {
    Some((std::env::var(ROLE).ok()?, std::env::var_os(DIR)?.into()))
}

/// Runs a test of this file in another process, as `role`.
fn other_process(test: &str, role: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a test knows its path"));
    command.args(["--exact", &format!("{PATH}{test}"), "--nocapture"]).env(ROLE, role).env(DIR, dir);
    command
}

fn entry(key: &str, value: &str) -> Edit {
    Edit::Fields { section: "auths", key: key.to_owned(), fields: vec![("auth", Some(value.to_owned()))] }
}

fn put(path: &Path, key: &str, value: &str) -> Result<Written> {
    update(path, &Disk::default(), |_| Ok(vec![entry(key, value)]))
}

fn done(written: Result<Written>) -> Vec<String> {
    match written.expect("written") {
        Written::Done(told) => told,
        Written::ReadOnly(error) => panic!("{error:?}"),
    }
}

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("read")).expect("JSON")
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn f050_what_a_link_points_to_is_written_and_the_link_stays() {
    let dir = tempfile::tempdir().expect("a folder");
    let (home, real) = (dir.path().join("home/.docker"), dir.path().join("dotfiles"));
    fs::create_dir_all(&home).expect("made");
    fs::create_dir(&real).expect("made");
    fs::write(real.join("docker.json"), r#"{"auths":{"old":{}},"x":1}"#).expect("written");
    // A chain of a relative and an absolute link.
    symlink("../../dotfiles/link.json", home.join("config.json")).expect("linked");
    symlink(real.join("docker.json"), real.join("link.json")).expect("linked");
    let config = home.join("config.json");
    done(put(&config, "new", "x"));
    assert_eq!(
        json_of(&real.join("docker.json")),
        json!({ "auths": { "old": {}, "new": { "auth": "x" } }, "x": 1 })
    );
    assert_eq!(fs::read_link(&config).expect("a link"), Path::new("../../dotfiles/link.json"));
    assert!(fs::read_link(real.join("link.json")).is_ok());
    assert_eq!((names(&home), names(&real).len()), (vec!["config.json".to_owned()], 2), "nothing lies about");

    // One that leads to nothing yet: its target is made.
    let dangling = dir.path().join("dangling.json");
    symlink("made/config.json", &dangling).expect("linked");
    done(put(&dangling, "new", "x"));
    assert!(fs::read_link(&dangling).is_ok() && dir.path().join("made/config.json").is_file());

    symlink("loop.json", dir.path().join("loop.json")).expect("linked");
    let error = put(&dir.path().join("loop.json"), "new", "x").expect_err("a loop");
    assert_eq!(error.code(), Code::CredentialConfig);
}

/// Runs the test again in a mount namespace, with a read-only tmpfs at its directory that has a `config.json`.
fn on_read_only_disk(test: &str) {
    if std::env::var_os("LONGSHORE_TEST_WITHOUT_MOUNTS").is_some() {
        eprintln!("{test} did NOT run: LONGSHORE_TEST_WITHOUT_MOUNTS is set");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let script = r#"mount --make-rprivate / && mount -t tmpfs tmpfs "$1" && printf '{"auths":{}}' > "$1/config.json" &&
        mkdir "$1/broken" && printf '{,}' > "$1/broken/config.json" && mount -o remount,ro "$1" && shift && exec "$@""#;
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    let inner = other_process(test, "mounted", dir.path());
    command.args(["--mount", "--", "sh", "-c", script, "sh"]).arg(dir.path());
    command.arg(inner.get_program()).args(inner.get_args()).env(ROLE, "mounted").env(DIR, dir.path());
    let output = command.output().expect("unshare");
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "the test ran there: {said}");
}

#[test]
fn f051_a_read_only_disk_is_told_from_a_failure_and_the_session_takes_the_account() {
    let Some((_, dir)) = role() else {
        return on_read_only_disk(
            "f051_a_read_only_disk_is_told_from_a_failure_and_the_session_takes_the_account",
        );
    };
    for path in [dir.join("config.json"), dir.join("new/config.json")] {
        match put(&path, "ghcr.io", "x").expect("told") {
            Written::ReadOnly(error) => assert!(error.message().contains("can't be written to"), "{error}"),
            Written::Done(_) => panic!("it is read-only"),
        }
    }
    let error = put(&dir.join("broken/config.json"), "ghcr.io", "x").expect_err("no JSON");
    assert!(error.message().contains("line 1"), "{error}");

    use crate::credential::{
        Credential, DockerConfigSource, HelperOptions, Keep, Keyring, Place, SearchPath, Secret,
    };
    let keyring = Keyring::new(DockerConfigSource::in_dir(&dir, HelperOptions::new(SearchPath::new([]))));
    let ghcr = oci::Registry::parse("ghcr.io").expect("a registry");
    let credential = Credential::Basic { username: "ann".to_owned(), password: Secret::new("canary") };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let kept = runtime.block_on(keyring.keep(&ghcr, credential, Keep::File)).expect("kept all the same");
    assert_eq!(kept.keep, Keep::Session);
    let [warning] = &kept.warnings[..] else { panic!("{kept:?}") };
    assert!(warning.contains("config.json") && warning.contains("for this session only"), "{warning}");
    let found = runtime.block_on(keyring.credential(&ghcr, None)).expect("found");
    assert_eq!((found.credential.account(), found.place), (Some("ann"), Place::Session));
}

#[test]
fn f052_a_hundred_writers_at_once_lose_nothing() {
    const WRITERS: usize = 100;
    let test = "f052_a_hundred_writers_at_once_lose_nothing";
    if let Some((role, dir)) = role() {
        println!("ready");
        // All start when the gate falls.
        while dir.join("gate").exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
        done(put(&dir.join("config.json"), &format!("r{role}.example.com"), &role));
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("gate"), "").expect("written");
    fs::write(dir.path().join("config.json"), r#"{"psFormat":"x","auths":{"first":{}}}"#).expect("written");
    let start = |number: usize| {
        let mut command = other_process(test, &number.to_string(), dir.path());
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a process")
    };
    let children: Vec<Child> = (0..WRITERS).map(start).collect();
    std::thread::sleep(Duration::from_millis(300));
    fs::remove_file(dir.path().join("gate")).expect("removed");
    for child in children {
        let output = child.wait_with_output().expect("an end");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let config = json_of(&dir.path().join("config.json"));
    assert_eq!(config["psFormat"], "x");
    assert_eq!(config["auths"].as_object().expect("an object").len(), WRITERS + 1);
    for number in 0..WRITERS {
        assert_eq!(config["auths"][format!("r{number}.example.com")]["auth"], number.to_string());
    }
    assert_eq!(names(dir.path()), ["config.json"], "no lock and no half-written file is left");
}

#[test]
fn f053_a_writer_that_is_killed_leaves_the_old_file_or_the_new_one_and_no_lock() {
    let test = "f053_a_writer_that_is_killed_leaves_the_old_file_or_the_new_one_and_no_lock";
    let value = |round: usize| format!("{round}-{}", "x".repeat(200_000));
    if let Some((_, dir)) = role() {
        println!("ready");
        for round in 0.. {
            done(put(&dir.join("config.json"), "ghcr.io", &value(round)));
        }
    }
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("config.json");
    fs::write(&path, r#"{"auths":{"old":{}},"x":1}"#).expect("written");
    for kill in 0..25 {
        let mut child =
            other_process(test, "victim", dir.path()).stdout(Stdio::piped()).spawn().expect("a process");
        let mut lines = io::BufRead::lines(io::BufReader::new(child.stdout.as_mut().expect("a pipe")));
        assert!(lines.any(|line| line.expect("text").contains("ready")), "it writes");
        std::thread::sleep(Duration::from_micros(kill * 731));
        child.kill().expect("killed");
        child.wait().expect("an end");
        let config = json_of(&path);
        assert_eq!((&config["auths"]["old"], &config["x"]), (&json!({}), &json!(1)), "{kill}");
        if let Some(auth) = config["auths"]["ghcr.io"]["auth"].as_str() {
            let round = auth.split('-').next().and_then(|round| round.parse().ok()).expect("a round");
            assert!(auth == value(round), "{kill}: half a value");
        }
        // Whoever comes next is not kept waiting by the dead one's lock, and cleans up after it.
        let begun = Instant::now();
        done(put(&path, "next", &kill.to_string()));
        assert!(begun.elapsed() < Duration::from_secs(5), "{kill}: {:?}", begun.elapsed());
        assert_eq!(names(dir.path()), ["config.json"], "{kill}");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{kill}");
    }
}

#[test]
fn f053_a_power_loss_anywhere_leaves_the_old_file_or_the_new_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let (root, path) = (dir.path().join("home"), dir.path().join("home/config.json"));
    fs::create_dir(&root).expect("made");
    let disk = Disk::logged();
    let mut contents: Vec<Vec<u8>> = Vec::new();
    let mut promises: Vec<(usize, usize)> = Vec::new();
    for round in 0..4 {
        let edits = vec![entry(&format!("r{round}"), "x")];
        assert!(matches!(update(&path, &disk, |_| Ok(edits)).expect("written"), Written::Done(_)));
        contents.push(fs::read(&path).expect("read"));
        promises.push((disk.operations().len(), round));
    }
    let operations = disk.operations();
    // The newest content that had been promised by then, or a later one; nothing at all only before the first.
    let problem = |operations: &[Operation], promises: &[(usize, usize)]| {
        (0..=operations.len()).find_map(|count| {
            let due =
                promises.iter().filter(|(at, _)| *at <= count).map(|(_, round)| round + 1).max().unwrap_or(0);
            Loss::of(count).find_map(|loss| {
                let files = after(operations, count, &root, loss);
                let right = match files.get(&path) {
                    None => due == 0,
                    Some(text) => {
                        contents.iter().position(|known| known == text).is_some_and(|at| at + 1 >= due)
                    }
                };
                (!right).then(|| format!("after {count} operations, losing {loss:?}"))
            })
        })
    };
    assert_eq!(problem(&operations, &promises), None);
    let syncs: Vec<usize> = (0..operations.len())
        .filter(|at| matches!(operations[*at], Operation::SyncFile(_) | Operation::SyncDir(_)))
        .collect();
    assert_eq!(syncs.len(), 8, "each write fsyncs the file and the folder");
    for left_out in syncs {
        let fewer: Vec<Operation> = operations
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != left_out)
            .map(|(_, it)| it.clone())
            .collect();
        let moved: Vec<_> =
            promises.iter().map(|(at, round)| (at - usize::from(left_out < *at), *round)).collect();
        assert!(problem(&fewer, &moved).is_some(), "the fsync at {left_out} could be left out unnoticed");
    }
}

#[test]
fn f054_a_file_that_others_can_read_is_tightened_and_that_is_said() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("config.json");
    for (mode, warns) in [(0o644, true), (0o664, true), (0o600, false), (0o400, false)] {
        fs::write(&path, "{}").or_else(|_| fs::remove_file(&path)).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        let told = done(put(&path, "ghcr.io", "x"));
        assert_eq!(told.len(), usize::from(warns), "{mode:o}: {told:?}");
        assert!(
            told.iter().all(|it| it.contains(&format!("mode {mode:04o}")) && it.contains("0600")),
            "{told:?}"
        );
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600, "{mode:o}");
        assert!(done(put(&path, "ghcr.io", "y")).is_empty(), "once");
    }
    // A folder that is made for it is the user's alone too.
    let path = dir.path().join("a/b/config.json");
    done(put(&path, "ghcr.io", "x"));
    assert_eq!(fs::metadata(dir.path().join("a/b")).expect("made").permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_writer_that_holds_on_is_told_of_and_a_planted_link_is_not_followed() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("config.json");
    fs::write(dir.path().join("victim"), "mine").expect("written");
    symlink(dir.path().join("victim"), dir.path().join("config.json.lock")).expect("linked");
    assert!(put(&path, "ghcr.io", "x").is_err(), "a lock is no link");
    assert_eq!(fs::read_to_string(dir.path().join("victim")).expect("read"), "mine");
    fs::remove_file(dir.path().join("config.json.lock")).expect("removed");

    let held =
        Lock::take_within(&dir.path().join("config.json.lock"), PATIENCE).expect("a lock").expect("free");
    let waited =
        Lock::take_within(&dir.path().join("config.json.lock"), Duration::from_millis(50)).expect("asked");
    assert!(waited.is_none());
    drop(held);
    done(put(&path, "ghcr.io", "x"));
    assert_eq!(names(dir.path()), ["config.json", "victim"]);
}

#[test]
fn what_is_decided_sees_the_file_as_it_is_under_the_lock() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("config.json");
    fs::write(&path, r#"{"credsStore":"x","auths":{}}"#).expect("written");
    let registry = oci::Registry::parse("ghcr.io").expect("a registry");
    let written = update(&path, &Disk::default(), |config| {
        let candidates = config.expect("there").candidates(&registry, None, super::super::Flavour::Docker);
        assert!(matches!(&candidates[..], [Candidate::Helper { name, .. }] if name == "x"));
        Ok(Vec::new())
    });
    assert!(done(written).is_empty());
    assert_eq!(
        fs::read_to_string(&path).expect("read"),
        r#"{"credsStore":"x","auths":{}}"#,
        "no edit, no write"
    );
    let refused = update(&path, &Disk::default(), |_| Err(Error::new(Code::Internal, "no")));
    assert!(refused.is_err() && names(dir.path()) == ["config.json"]);
}
