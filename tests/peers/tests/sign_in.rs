//! `login`, `logout` and `accounts` against real registries, a real keychain, docker's real helper, and skopeo.

use std::io::Write as _;
use std::process::Stdio;

use peers::Longshore;
use serde_json::{Value, json};
use testkit::auth::{Signer, TokenServer};
use testkit::front::Front;
use testkit::image::Image;
use testkit::real::{DockerRegistry, SecretService, Skopeo};

const PASSWORD: &str = "pass:wörd \"quoted\" cAnArY";

fn guarded() -> (DockerRegistry, String) {
    let registry = DockerRegistry::builder().htpasswd("ann", PASSWORD).start();
    registry.put("team/app", "1", &Image::tiny("behind a password"));
    let reference = registry.reference("team/app", "1");
    (registry, reference)
}

fn config(longshore: &Longshore) -> Value {
    let text = std::fs::read(longshore.dir().join("docker/config.json")).expect("it was written");
    serde_json::from_slice(&text).expect("it is JSON")
}

/// Files of Longshore's that hold the secret, as it is or in base64; the group at an end depends on what is beside it.
fn files_with_secrets(longshore: &Longshore) -> Vec<std::path::PathBuf> {
    longshore.files_with(&[
        "cAnArY".to_owned(),
        "jQW5BclkK".to_owned(),
        "Y0FuQXJ5".to_owned(),
        "NBbkFyW".to_owned(),
    ])
}

/// Asks docker's own helper, which Debian has.
fn docker_helper(service: &SecretService, verb: &str, input: &str) -> (bool, String) {
    let mut child = service
        .command("docker-credential-secretservice")
        .arg(verb)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("docker-credential-secretservice is installed (Debian: golang-docker-credential-helpers)");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("an end");
    (output.status.success(), String::from_utf8(output.stdout).expect("text"))
}

#[test]
fn the_systems_keychain_keeps_an_account_and_docker_does_not_see_it() {
    let (registry, reference) = guarded();
    let host = registry.host();
    let service = SecretService::start();
    let longshore = Longshore::new().on_session(service.address());
    let login = ["login", &host, "-u", "ann", "--password-stdin", "--json"];
    let wrong = longshore.run_with(&login, "wrong").with_status(1);
    assert!(wrong.stderr.contains("auth_refused"), "{}", wrong.stderr);
    // Nothing is configured for the registry and there is a keychain: that is where it goes by itself.
    let done = longshore.run_with(&login, PASSWORD).json();
    assert_eq!((&done["keep"], &done["account"]), (&json!("keychain"), &json!("ann")));
    longshore.run(&["pull", &reference]).ok();
    assert_eq!(longshore.blobs().len(), 3);
    assert_eq!(longshore.run(&["accounts", "--json"]).json()[0]["account"], "ann");
    assert!(!longshore.dir().join("docker/config.json").exists());
    assert_eq!(docker_helper(&service, "list", "").1.trim(), "{}", "docker's helper has entries of its own");
    assert_eq!(files_with_secrets(&longshore), Vec::<std::path::PathBuf>::new());

    let trail = longshore.run(&["accounts", &host, "--json"]).json();
    assert_eq!(trail["docker"]["differs"], true);
    let chosen = &trail["steps"][trail["chosen"].as_u64().expect("an account") as usize];
    assert_eq!((&chosen["account"], &chosen["outcome"]), (&json!("ann"), &json!("chosen")));

    longshore.run(&["logout", &host]).ok();
    assert_eq!(longshore.run(&["accounts", "--json"]).json(), json!([]));
    longshore.run(&["pull", "--all-platforms", &reference]).with_status(1);
    assert_eq!(longshore.run(&["logout", &host]).ok(), format!("Not logged in to {host}\n"));
}

#[test]
fn f055_a_keychain_that_is_locked_or_gone_is_named_and_never_waited_for() {
    let (registry, reference) = guarded();
    let open = DockerRegistry::open();
    open.put("public/app", "1", &Image::tiny("for anybody"));
    let host = registry.host();
    let service = SecretService::start();
    let longshore = Longshore::new().on_session(service.address());
    let login = ["login", &host, "-u", "ann", "--password-stdin", "--keep", "keychain"];
    longshore.run_with(&login, PASSWORD).ok();
    service.lock();
    let quick = |longshore: &Longshore, says: &str| {
        let begun = std::time::Instant::now();
        let refused = longshore.run(&["pull", &reference]).with_status(1);
        assert!(refused.stderr.contains(says) && refused.stderr.contains("hint: "), "{}", refused.stderr);
        longshore.run(&["pull", "-q", &open.reference("public/app", "1")]).ok();
        let refused = longshore.run_with(&login, PASSWORD).with_status(1);
        assert!(
            refused.stderr.contains(says) && refused.stderr.contains("for this session only"),
            "{}",
            refused.stderr
        );
        let left = longshore.run(&["logout", &host]).with_status(1);
        assert!(left.stderr.contains("is left in the system keychain"), "{}", left.stderr);
        assert!(begun.elapsed() < std::time::Duration::from_secs(25), "{:?}", begun.elapsed());
    };
    quick(&longshore, "is locked, or access was denied");
    drop(service);
    quick(&longshore, "can't be reached");
}

#[test]
fn docker_and_longshore_read_each_others_accounts_in_dockers_helper() {
    let (registry, reference) = guarded();
    let host = registry.host();
    let service = SecretService::start();
    let longshore = Longshore::new().on_session(service.address());
    let login = ["login", &host, "-u", "ann", "--password-stdin", "--helper", "secretservice"];
    longshore.run_with(&login, PASSWORD).ok();
    assert_eq!(
        config(&longshore),
        json!({ "auths": { &host: {} }, "credHelpers": { &host: "secretservice" } })
    );
    let (_, kept) = docker_helper(&service, "get", &host);
    let kept: Value = serde_json::from_str(&kept).expect("an account");
    assert_eq!((&kept["Username"], &kept["Secret"]), (&json!("ann"), &json!(PASSWORD)));
    longshore.run(&["pull", &reference]).ok();
    assert_eq!(files_with_secrets(&longshore), Vec::<std::path::PathBuf>::new());

    longshore.run(&["logout", &host]).ok();
    assert!(docker_helper(&service, "get", &host).1.contains("credentials not found"));
    longshore.run(&["pull", "--all-platforms", &reference]).with_status(1);

    // The other way round: as docker stores it.
    let account = json!({ "ServerURL": host, "Username": "ann", "Secret": PASSWORD });
    assert!(docker_helper(&service, "store", &account.to_string()).0);
    let other = Longshore::new().on_session(service.address());
    other.configure(&json!({ "credsStore": "secretservice" }));
    other.run(&["pull", &reference]).ok();
    let trail = other.run(&["accounts", &host, "--json"]).json();
    assert_eq!((&trail["docker"]["differs"], &trail["docker"]["account"]), (&json!(false), &json!("ann")));

    // Locked, it is the helper that fails, and it is named.
    service.lock();
    let refused = other.run(&["pull", "--all-platforms", &reference]).with_status(1);
    assert!(
        refused.stderr.contains("docker-credential-secretservice")
            || refused.stderr.contains("wants an account"),
        "{}",
        refused.stderr
    );
}

#[test]
fn skopeo_reads_what_longshore_keeps_and_longshore_what_skopeo_keeps() {
    let (registry, reference) = guarded();
    let host = registry.host();
    let longshore = Longshore::new();
    let done = longshore.run_with(&["login", &host, "-u", "ann", "--password-stdin"], PASSWORD).ok();
    assert_eq!(done, "Login Succeeded\n");
    let skopeo = Skopeo::new();
    let image = format!("docker://{reference}");
    let file = longshore.dir().join("docker/config.json");
    let file = file.to_str().expect("a path in UTF-8");
    skopeo.run(&["inspect", "--raw", "--tls-verify=false", "--authfile", file, &image]);

    let theirs = tempfile::tempdir().expect("a folder");
    let path = theirs.path().join("config.json");
    let path = path.to_str().expect("a path in UTF-8");
    skopeo.run(&["login", "--tls-verify=false", "--authfile", path, "-u", "ann", "-p", PASSWORD, &host]);
    let other = Longshore::new();
    let dir = theirs.path().to_str().expect("a path in UTF-8");
    let pull = |longshore: &Longshore| {
        let mut command =
            longshore.bare(&["pull", "-q", "--store", &longshore.store().display().to_string()]);
        command.args(["--docker-config", dir, &reference]);
        peers::Running::start(&mut command).wait()
    };
    pull(&other).ok();
    // What skopeo wrote is changed by Longshore, and read by skopeo again.
    let mut logout = other.bare(&["logout", "--docker-config", dir, &host]);
    peers::Running::start(&mut logout).wait().ok();
    pull(&Longshore::new()).with_status(1);
    let said =
        skopeo.command(&["inspect", "--raw", "--tls-verify=false", "--authfile", path, &image]).output();
    assert!(!said.expect("skopeo").status.success());
}

#[test]
fn a_refresh_token_is_kept_in_place_of_the_password_and_skopeo_takes_it_too() {
    let front = Front::start();
    let tokens = TokenServer::builder()
        .account("ann", PASSWORD)
        .no_anonymous()
        .gives_refresh_tokens()
        .prefix("refresh-of-ann")
        .signed(Signer::new("testkit"))
        .realm(&front.url("/token"))
        .start();
    let registry = DockerRegistry::builder().tokens(&tokens, Some(("ann", PASSWORD))).start();
    front.route("/token", &tokens.host());
    front.route("/", &registry.host());
    registry.put("team/app", "1", &Image::tiny("behind tokens"));
    let host = front.host();
    let longshore = Longshore::new();
    longshore.run_with(&["login", &host, "-u", "ann", "--password-stdin"], PASSWORD).ok();
    assert_eq!(
        files_with_secrets(&longshore),
        Vec::<std::path::PathBuf>::new(),
        "the password is kept nowhere"
    );
    let [refresh] = &tokens.refresh_tokens()[..] else { panic!("{:?}", tokens.refresh_tokens()) };
    assert_eq!(config(&longshore)["auths"][&host]["identitytoken"], json!(refresh));
    let reference = format!("{host}/team/app:1");
    longshore.run(&["pull", &reference]).ok();
    assert_eq!(longshore.blobs().len(), 3);
    let file = longshore.dir().join("docker/config.json");
    let file = file.to_str().expect("a path in UTF-8");
    let image = format!("docker://{reference}");
    Skopeo::new().run(&["inspect", "--raw", "--tls-verify=false", "--authfile", file, &image]);
}
