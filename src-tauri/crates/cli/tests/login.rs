//! Signing in and out on the command line.

// A helper that fails stops its test, as a failed assertion does.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::{Value, json};
use support::{Ran, World, keys};
use testkit::auth::{Guard, TokenServer};
use testkit::helper::{Behaviour, Helpers};
use testkit::image::Image;
use testkit::registry::Registry;
use testkit::server::On;

const CANARY: &str = "cAnArY pa:ss/wörd";

/// A registry that wants the account `ann` and the canary.
fn guarded() -> Registry {
    let registry = Registry::guarded(Guard::basic("ann", CANARY));
    registry.put("app", "1", &Image::tiny("x"));
    registry
}

/// Runs with this on stdin; whatever happens, no secret that was typed comes out.
fn run(world: &World, args: &[&str], stdin: &str, path: Option<&Helpers>) -> Ran {
    let mut command = world.command(args);
    command.env("RUST_LOG", "trace");
    if let Some(helpers) = path {
        command.env("PATH", helpers.path_variable());
    }
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let ran = Ran::of(child.wait_with_output().unwrap());
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(!told.contains("cAnArY") && !told.contains("Y0FuQXJZ"), "f041: {args:?}: {told}");
    ran
}

fn config(world: &World) -> Value {
    let text = std::fs::read_to_string(world.path("home/.docker/config.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn an_account_is_tried_kept_used_and_removed() {
    let (world, registry) = (World::new(), guarded());
    let host = registry.host();
    let reference = registry.reference("app", "1");
    let refused = world.run(&["pull", &reference]);
    assert_eq!(refused.status, 1);
    assert!(refused.stderr.contains(&format!("longshore login {host}")), "{}", refused.stderr);

    let login = ["login", &host, "-u", "ann", "--password-stdin"];
    let ran = run(&world, &login, &format!("{CANARY}\n"), None);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "Login Succeeded\n"), "{ran:?}");
    assert!(
        ran.stderr.contains("encoded, not encrypted") && ran.stderr.contains("config.json"),
        "{}",
        ran.stderr
    );
    let auth = "YW5uOmNBbkFyWSBwYTpzcy93w7ZyZA==";
    assert_eq!(config(&world), json!({ "auths": { &host: { "auth": auth } } }));
    let mode = std::fs::metadata(world.path("home/.docker/config.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    world.ok(&["pull", "-q", &reference]);
    assert!(world.ok(&["accounts"]).contains("ann"));

    let ran = run(&world, &["logout", &host], "", None);
    assert_eq!((ran.status, ran.stdout), (0, format!("Removing login credentials for {host}\n")));
    assert!(ran.stderr.contains("removed from auths["), "{}", ran.stderr);
    assert_eq!(config(&world), json!({ "auths": {} }));
    assert_eq!(world.ok(&["logout", &host]), format!("Not logged in to {host}\n"));
    assert_eq!(world.run(&["pull", "--all-platforms", &reference]).status, 1);
}

#[test]
fn a_wrong_password_is_refused_by_the_registry_and_nothing_is_kept() {
    let (world, registry) = (World::new(), guarded());
    let host = registry.host();
    let ran = run(&world, &["login", &host, "-u", "ann", "--password-stdin"], "cAnArY wrong", None);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    let first = format!("error: `{host}` refuses the account `ann`\n");
    assert!(ran.stderr.starts_with(&first) && ran.stderr.contains("hint: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("→ 401"), "{}", ran.stderr);
    assert!(!world.path("home/.docker").exists());

    let ran = run(&world, &["login", &host, "-u", "ann", "--password-stdin", "--json"], "cAnArY wrong", None);
    let error = ran.error();
    assert_eq!((&error["code"], &error["exchange"]["status"]), (&json!("auth_refused"), &json!(401)));
}

#[test]
fn json_says_what_was_done() {
    let (world, registry) = (World::new(), guarded());
    let host = registry.host();
    let ran = run(&world, &["login", &host, "--username", "ann", "--password-stdin", "--json"], CANARY, None);
    let done: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(keys(&done), ["account", "helper", "keep", "kept_in", "registry", "said", "warnings"]);
    assert_eq!((&done["account"], &done["keep"]), (&json!("ann"), &json!("file")));
    let listed = world.json(&["accounts"]);
    assert_eq!((&listed[0]["registry"], &listed[0]["account"]), (&json!(host), &json!("ann")));
    let trail = world.json(&["accounts", &host]);
    assert_eq!(keys(&trail), ["chosen", "docker", "registry", "steps"]);
    let chosen = &trail["steps"][trail["chosen"].as_u64().unwrap() as usize];
    assert_eq!((&chosen["account"], &chosen["outcome"]), (&json!("ann"), &json!("chosen")));
    assert_eq!(trail["docker"]["differs"], json!(false));
    let done = world.json(&["logout", &host]);
    assert_eq!((done["removed"].as_array().unwrap().len(), &done["left"]), (1, &json!([])));
}

#[test]
fn a_helper_keeps_it_and_is_emptied_again() {
    let (world, registry, helpers) = (World::new(), guarded(), Helpers::new());
    helpers.write("vault", &Behaviour::Keeps);
    let host = registry.host();
    let login = ["login", &host, "-u", "ann", "--password-stdin", "--helper", "vault"];
    let ran = run(&world, &login, CANARY, Some(&helpers));
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "Login Succeeded\n"), "{ran:?}");
    assert!(!ran.stderr.contains("encoded"), "{}", ran.stderr);
    assert_eq!(config(&world), json!({ "auths": { &host: {} }, "credHelpers": { &host: "vault" } }));
    assert_eq!(run(&world, &["pull", &registry.reference("app", "1")], "", Some(&helpers)).status, 0);
    // Now that a helper is named for the registry, it is where the next sign-in goes by itself.
    assert_eq!(run(&world, &login[..5], CANARY, Some(&helpers)).status, 0);
    let ran = run(&world, &["accounts", &host], "", Some(&helpers));
    assert!(ran.stdout.contains("docker-credential-vault"), "{}", ran.stdout);
    let ran = run(&world, &["logout", &host], "", Some(&helpers));
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.stderr.contains("docker-credential-vault"), "{}", ran.stderr);
    assert_eq!(config(&world), json!({ "auths": {}, "credHelpers": { &host: "vault" } }));
    let kept: Vec<_> = std::fs::read_dir(helpers.path().join("vault.kept")).unwrap().collect();
    assert!(kept.is_empty());

    let ran =
        run(&world, &["login", &host, "-u", "ann", "--password-stdin", "--helper", "gone"], CANARY, None);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("`docker-credential-gone`") && ran.stderr.contains("not installed"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_can_not_be_asked_or_must_not_be_typed_is_usage() {
    let (world, registry) = (World::new(), guarded());
    let host = registry.host();
    for (args, says) in [
        (vec!["login", &host, "-u", "ann", "-p", "cAnArY"], "--password-stdin"),
        (vec!["login", &host, "-u", "ann", "--password=cAnArY"], "--password-stdin"),
        (vec!["login", &host, "-u", "ann"], "no terminal"),
        (vec!["login", &host, "--password-stdin"], "needs the account's name"),
        (vec!["login", "ghcr.io/owner"], "name `ghcr.io` alone"),
        (vec!["login", &host, "--keep", "session"], "keychain"),
    ] {
        let ran = run(&world, &args, "x", None);
        assert_eq!(ran.status, 2, "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(says), "{args:?}: {}", ran.stderr);
    }
    let ran = run(&world, &["login", &host, "-u", "ann", "--password-stdin"], "", None);
    assert_eq!(ran.status, 1, "an empty password is none: {ran:?}");
    assert_eq!(registry.log().len(), 0, "nobody was asked");
}

#[test]
fn f055_without_a_keychain_that_is_said_and_nothing_is_kept() {
    let (world, registry) = (World::new(), guarded());
    let host = registry.host();
    let begun = std::time::Instant::now();
    let login = ["login", &host, "-u", "ann", "--password-stdin", "--keep", "keychain"];
    let ran = run(&world, &login, CANARY, None);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("keychain") && ran.stderr.contains("hint: "), "{}", ran.stderr);
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(world.json(&["accounts"]), json!([]));
}

#[test]
fn f048_a_config_that_is_no_json_is_left_alone() {
    let (world, registry) = (World::new(), guarded());
    let host = registry.host();
    let path = world.path("home/.docker/config.json");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text = "{\n  // mine\n  \"auths\": {}\n}\n";
    std::fs::write(&path, text).unwrap();
    for args in [&["login", &host, "-u", "ann", "--password-stdin", "--keep", "file"][..], &["logout", &host]]
    {
        let ran = run(&world, args, CANARY, None);
        assert_eq!(ran.status, 1, "{args:?}");
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains("line 2"), "{args:?}: {}", ran.stderr);
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_token_server_elsewhere_gets_the_account_only_where_that_is_said() {
    let tokens = TokenServer::builder().account("ann", CANARY).no_anonymous().start();
    let (world, registry) = (World::new(), Registry::guarded(tokens.guard()));
    let host = registry.host();
    let login = ["login", &host, "-u", "ann", "--password-stdin"];
    let ran = run(&world, &login, CANARY, None);
    assert_eq!((ran.status, tokens.count(&On::any("*"))), (1, 0));
    let trust = format!("--trust-realm {}", tokens.host());
    assert!(ran.stderr.contains(&trust), "{}", ran.stderr);
    let ran = run(&world, &[&login[..], &["--trust-realm", &tokens.host()]].concat(), CANARY, None);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "Login Succeeded\n"), "{ran:?}");
}

#[test]
fn on_a_terminal_the_password_is_asked_for_and_not_shown() {
    let (world, registry) = (World::new(), guarded());
    let host = registry.host();
    // `script` gives the program a terminal of its own, and types what comes on its stdin.
    let program = env!("CARGO_BIN_EXE_longshore");
    let line = format!("{program} login {host}");
    let inner = world.command(&[]);
    let mut command = std::process::Command::new("script");
    command
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("SHELL", "/bin/sh");
    for (name, value) in inner.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    let mut child = command
        .current_dir(world.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut told = String::new();
    let mut answer = |until: &str, answer: &str| {
        let mut byte = [0];
        let mut bytes = Vec::new();
        while !String::from_utf8_lossy(&bytes).contains(until) {
            assert_eq!(
                std::io::Read::read(&mut stdout, &mut byte).unwrap(),
                1,
                "{told}{}",
                String::from_utf8_lossy(&bytes)
            );
            bytes.push(byte[0]);
        }
        told.push_str(&String::from_utf8_lossy(&bytes));
        // The echo is turned off just after the question.
        std::thread::sleep(std::time::Duration::from_millis(300));
        stdin.write_all(answer.as_bytes()).unwrap();
    };
    answer("Username: ", "ann\n");
    answer("Password: ", &format!("{CANARY}\n"));
    answer("Login Succeeded", "");
    drop(stdin);
    assert!(child.wait().unwrap().success(), "{told}");
    assert!(!told.contains("cAnArY") && told.contains("The account is the one that"), "{told}");
    assert_eq!(config(&world)["auths"].as_object().unwrap().len(), 1);
}
