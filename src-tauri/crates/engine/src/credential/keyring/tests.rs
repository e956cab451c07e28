mod keep;
mod trail;

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::super::SearchPath;
use super::*;
use crate::error::Code;

fn registry(text: &str) -> Registry {
    Registry::parse(text).expect("a registry")
}

fn basic(username: &str, password: &str) -> Credential {
    Credential::Basic { username: username.to_owned(), password: Secret::new(password) }
}

/// A source with the given `config.json`, and no helpers but those in `folder`.
fn source(folder: &Path, config: &str) -> DockerConfigSource {
    let path = folder.join("config.json");
    fs::write(&path, config).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
    DockerConfigSource::in_dir(folder, HelperOptions::new(SearchPath::new([folder.to_owned()])))
}

fn entry(key: &str, username: &str) -> String {
    format!(r#"{{"auths":{{"{key}":{{"username":"{username}","password":"pw"}}}}}}"#)
}

#[tokio::test]
async fn places_are_looked_through_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let podman = folder.path().join("auth.json");
    fs::write(&podman, entry("ghcr.io/team", "podman")).expect("written");
    let mut source = source(folder.path(), &entry("https://ghcr.io", "docker"));
    source.podman_files = vec![folder.path().join("absent.json"), podman];
    source.auth_config = Some(Secret::new(entry("ghcr.io", "variable")));
    let ghcr = registry("ghcr.io");

    let keyring = Keyring::new(source.clone());
    keyring.remember(&ghcr, basic("session", "pw"));
    let found = keyring.clone().credential(&ghcr, Some("team/app")).await.expect("an account");
    assert_eq!(
        (found.credential.account(), found.origin.as_str()),
        (Some("session"), "signed in for this session")
    );
    assert!(keyring.forget(&ghcr) && !keyring.forget(&ghcr));

    let found = keyring.credential(&ghcr, Some("team/app")).await.expect("an account");
    assert_eq!(found.credential, basic("variable", "pw"));
    assert_eq!(found.origin, "auths[ghcr.io] in `DOCKER_AUTH_CONFIG`");

    source.auth_config = None;
    let found = Keyring::new(source.clone()).credential(&ghcr, Some("team/app")).await.expect("an account");
    assert_eq!(found.credential, basic("docker", "pw"));
    assert!(
        found.origin.starts_with("auths[https://ghcr.io] in `") && found.origin.ends_with("config.json`")
    );
    assert_eq!(found.warnings, Vec::<String>::new());

    source.config_file = None;
    let keyring = Keyring::new(source);
    let found = keyring.credential(&ghcr, Some("team/app")).await.expect("an account");
    assert_eq!(found.credential, basic("podman", "pw"));
    assert!(found.warnings[0].contains("mode 0644"), "{:?}", found.warnings);

    let found = keyring.credential(&ghcr, Some("other/app")).await.expect("nothing stored");
    assert!(found.credential.is_anonymous() && found.origin == "no credential is stored");
}

#[tokio::test]
async fn f042_a_missing_helper_is_named_and_does_not_hide_another_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let ghcr = registry("ghcr.io");
    let keyring = Keyring::new(source(folder.path(), r#"{"credsStore":"desktop"}"#));
    let error = keyring.credential(&ghcr, None).await.expect_err("no helper");
    assert_eq!(error.code(), Code::CredentialHelper);
    assert!(error.message().contains("`docker-credential-desktop` (credsStore)"), "{error}");
    assert!(
        error.hint().is_some_and(|hint| hint.contains("public images can be pulled without it")),
        "{error:?}"
    );

    let auths = r#""auths":{"ghcr.io":{"username":"ann","password":"pw"}}"#;
    let keyring = Keyring::new(source(folder.path(), &format!(r#"{{"credsStore":"desktop",{auths}}}"#)));
    let found = keyring.credential(&ghcr, None).await.expect("an account");
    assert_eq!(found.credential, basic("ann", "pw"));
    assert!(found.warnings[0].contains("`docker-credential-desktop`"), "{:?}", found.warnings);
}

#[tokio::test]
async fn f048_a_broken_file_is_an_error_and_stays_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "{\n  \"auths\": {}, // mine\n}";
    let keyring = Keyring::new(source(folder.path(), text));
    let error = keyring.credential(&registry("ghcr.io"), None).await.expect_err("no JSON");
    assert_eq!(error.code(), Code::CredentialConfig);
    assert!(error.message().contains("line 2"), "{error}");
    assert_eq!(fs::read_to_string(folder.path().join("config.json")).expect("read"), text);
}

#[tokio::test]
async fn helpers_are_asked_by_the_key_that_each_client_stores_under() {
    let folder = tempfile::tempdir().expect("a folder");
    let helper = folder.path().join("docker-credential-echo");
    // Written by a child for the reason given at the tests of `helper`.
    let script = r##"printf '%s\n' '#!/bin/sh' 'read -r s; echo "{\"Username\":\"$s\",\"Secret\":\"x\"}"' > "$0" && chmod 755 "$0""##;
    let written = std::process::Command::new("/bin/sh").args(["-c", script]).arg(&helper).status();
    assert!(written.expect("a shell").success());

    let mut source = source(folder.path(), r#"{"credHelpers":{"docker.io":"echo","*.example.com":"echo"}}"#);
    let keyring = Keyring::new(source.clone());
    let found = keyring.credential(&registry("index.docker.io"), None).await.expect("an account");
    assert_eq!(found.credential.account(), Some("https://index.docker.io/v1/"));
    assert_eq!(found.origin, "credHelpers[docker.io] → docker-credential-echo");
    let found = keyring.credential(&registry("r.example.com"), None).await.expect("an account");
    assert_eq!(found.credential.account(), Some("r.example.com"));
    assert!(found.warnings[0].contains("docker itself"), "{:?}", found.warnings);

    source.podman_files = source.config_file.take().into_iter().collect();
    let found = Keyring::new(source).credential(&registry("docker.io"), None).await.expect("an account");
    assert_eq!(found.credential.account(), Some("docker.io"));
}

#[tokio::test]
async fn a_keyring_in_memory_knows_its_registries_by_any_name() {
    let keyring = Keyring::in_memory([(registry("docker.io"), basic("ann", "pw"))]);
    let found = keyring.credential(&registry("index.docker.io"), None).await.expect("an account");
    assert_eq!(found.credential, basic("ann", "pw"));
    let found = keyring.credential(&registry("ghcr.io"), None).await.expect("nothing stored");
    assert!(found.credential.is_anonymous());
    assert!(
        Keyring::anonymous()
            .credential(&registry("ghcr.io"), None)
            .await
            .expect("nothing")
            .credential
            .is_anonymous()
    );
}

#[test]
fn the_environment_names_the_files() {
    let path = PathBuf::from;
    type Case<'a> = (&'a str, Option<&'a str>, &'a [(&'a str, &'a str)], &'a str, &'a [&'a str]);
    let cases: [Case<'_>; 6] = [
        (
            "nothing set",
            None,
            &[],
            "/home/ann/.docker/config.json",
            &["/run/containers/1000/auth.json", "/home/ann/.config/containers/auth.json"],
        ),
        (
            "XDG",
            None,
            &[("XDG_RUNTIME_DIR", "/run/user/1000"), ("XDG_CONFIG_HOME", "/c")],
            "/home/ann/.docker/config.json",
            &["/run/user/1000/containers/auth.json", "/c/containers/auth.json"],
        ),
        (
            "DOCKER_CONFIG",
            None,
            &[("DOCKER_CONFIG", "/d"), ("XDG_RUNTIME_DIR", "/run/user/1000")],
            "/d/config.json",
            &["/run/user/1000/containers/auth.json", "/home/ann/.config/containers/auth.json"],
        ),
        ("an option before DOCKER_CONFIG", Some("/o"), &[("DOCKER_CONFIG", "/d")], "/o/config.json", &[]),
        (
            "Podman's file",
            Some("/o"),
            &[("REGISTRY_AUTH_FILE", "/p/auth.json")],
            "/o/config.json",
            &["/p/auth.json"],
        ),
        (
            "set but empty",
            None,
            &[("DOCKER_CONFIG", ""), ("REGISTRY_AUTH_FILE", ""), ("DOCKER_AUTH_CONFIG", "")],
            "/home/ann/.docker/config.json",
            &["/run/containers/1000/auth.json", "/home/ann/.config/containers/auth.json"],
        ),
    ];
    for (name, dir, variables, config_file, podman_files) in cases {
        let variables: HashMap<&str, &str> = variables.iter().copied().collect();
        let lookup = |name: &str| variables.get(name).map(OsString::from);
        let source =
            DockerConfigSource::from_lookup(dir.map(path), Some(Path::new("/home/ann")), 1000, lookup);
        assert_eq!(source.config_file, Some(path(config_file)), "{name}");
        assert_eq!(source.podman_files, podman_files.iter().map(PathBuf::from).collect::<Vec<_>>(), "{name}");
        assert_eq!(source.auth_config, None, "{name}");
    }
    let lookup = |name: &str| (name == "DOCKER_AUTH_CONFIG").then(|| OsString::from("{}"));
    let source = DockerConfigSource::from_lookup(None, None, 1000, lookup);
    assert_eq!(source.auth_config.as_ref().map(Secret::expose), Some("{}"));
    assert_eq!(source.config_file, None);
}

#[tokio::test]
async fn who_is_signed_in_is_known_without_asking_a_helper() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = r#"{"credsStore":"asked-to-fail","auths":{
        "https://index.docker.io/v1/":{},
        "ghcr.io":{"auth":"b2N0b2NhdDpzZWNyZXQ="},
        "broken.example":{"auth":"%"},
        "ftp://no.example":{}}}"#;
    let podman = folder.path().join("auth.json");
    fs::write(&podman, entry("docker.io", "podman")).expect("written");
    let mut source = source(folder.path(), config);
    source.podman_files = vec![podman, folder.path().join("absent.json")];

    let mut found = Keyring::new(source).signed_in().await;
    found.sort_by(|one, other| one.0.identity().cmp(other.0.identity()));
    let found: Vec<_> = found.iter().map(|(host, account)| (host.as_str(), account.as_deref())).collect();
    assert_eq!(found, [("docker.io", Some("podman")), ("ghcr.io", Some("octocat"))]);
}
