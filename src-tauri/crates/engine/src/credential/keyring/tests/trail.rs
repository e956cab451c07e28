//! Which place wins, told step by step, and what docker would have chosen.

use keyring_core::mock;
use testkit::helper::{Behaviour, Helpers};

use super::super::super::Keychain;
use super::*;

/// A source with this `config.json`, helpers in `helpers`, and a keychain that works.
pub(super) fn source_with(folder: &Path, config: &str, helpers: &Helpers) -> DockerConfigSource {
    let path = folder.join("config.json");
    if !config.is_empty() {
        fs::write(&path, config).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
    }
    let store = mock::Store::new().expect("a store");
    let keychain =
        Keychain::over(folder.join("accounts.json"), Duration::from_secs(5), move || Ok(store.clone()));
    let folders = [helpers.path().to_owned(), "/usr/bin".into(), "/bin".into()];
    DockerConfigSource::in_dir(folder, HelperOptions::new(SearchPath::new(folders))).with_keychain(keychain)
}

/// `place key account outcome` of each step.
fn told(trail: &Trail) -> Vec<(String, Option<&str>, Option<&str>, &'static str)> {
    let name = |place: &str| place.rsplit('/').next().unwrap_or(place).trim_matches('`').to_owned();
    trail
        .steps
        .iter()
        .map(|it| (name(&it.place), it.key.as_deref(), it.account.as_deref(), it.outcome.as_str()))
        .collect()
}

#[tokio::test]
async fn every_place_is_told_and_the_first_account_wins() {
    let (folder, helpers) = (tempfile::tempdir().expect("a folder"), Helpers::new());
    helpers.write("vault", &Behaviour::None);
    let config = r#"{"credsStore":"vault","auths":{"ghcr.io":{"username":"filed","password":"canary"}}}"#;
    let mut source = source_with(folder.path(), config, &helpers);
    let podman = folder.path().join("auth.json");
    fs::write(&podman, entry("ghcr.io", "podman")).expect("written");
    source.podman_files = vec![podman, folder.path().join("absent.json")];
    source.auth_config = Some(Secret::new(r#"{"auths":{}}"#));
    let keyring = Keyring::new(source);
    let ghcr = registry("ghcr.io");

    let trail = keyring.trail(&ghcr).await;
    let keychain = "the system keychain (Secret Service)".to_owned();
    assert_eq!(
        told(&trail),
        [
            ("this session".to_owned(), None, None, "empty"),
            ("the variable `DOCKER_AUTH_CONFIG".to_owned(), None, None, "empty"),
            (keychain.clone(), None, None, "empty"),
            ("docker-credential-vault".to_owned(), Some("credsStore"), None, "passed"),
            ("config.json".to_owned(), Some("auths[ghcr.io]"), Some("filed"), "chosen"),
            ("auth.json".to_owned(), Some("auths[ghcr.io]"), Some("podman"), "overridden"),
            ("absent.json".to_owned(), None, None, "empty"),
        ]
    );
    assert_eq!(trail.chosen, Some(4));
    // Docker stops at the helper.
    assert!(trail.docker.differs && trail.docker.step.outcome == Outcome::Passed, "{:?}", trail.docker);
    let lesson = trail.docker.lesson.as_deref().unwrap_or_default();
    assert!(lesson.contains("`docker-credential-vault` alone"), "{lesson}");
    assert!(!format!("{trail:?}").contains("canary"), "{trail:?}");
    assert_eq!(helpers.calls(), ["vault get ghcr.io"], "asked once");

    keyring.keep(&ghcr, basic("chained", "canary"), Keep::Keychain).await.expect("kept");
    let trail = keyring.trail(&ghcr).await;
    assert_eq!(told(&trail)[2], (keychain, Some("Longshore: ghcr.io"), Some("chained"), "chosen"));
    assert_eq!(told(&trail)[3].3, "overridden", "the helper is not asked after the choice");
    assert_eq!(helpers.calls().len(), 1);
    assert_eq!(keyring.credential(&ghcr, None).await.expect("an account").place, Place::Keychain);
    assert!(trail.docker.differs && trail.docker.lesson.as_ref().is_some_and(|it| it.contains("keychain")));

    keyring.remember(&ghcr, basic("typed", "canary"));
    let trail = keyring.trail(&ghcr).await;
    assert_eq!((trail.chosen, told(&trail)[0].2), (Some(0), Some("typed")));
    assert_eq!(told(&trail)[2].3, "overridden");
    assert!(!format!("{trail:?}").contains("canary"), "{trail:?}");
}

#[tokio::test]
async fn what_docker_would_choose_goes_by_dockers_rules() {
    struct Row {
        name: &'static str,
        config: &'static str,
        host: &'static str,
        /// Docker's place and account.
        docker: (&'static str, Option<&'static str>),
        /// What the lesson says; none where both choose the same.
        lesson: Option<&'static str>,
    }
    let auth = r#""auth":"YW5uOnB3""#;
    let rows = [
        Row {
            name: "the exact entry",
            config: r#"{"auths":{"ghcr.io":{AUTH}}}"#,
            host: "ghcr.io",
            docker: ("config.json", Some("ann")),
            lesson: None,
        },
        Row {
            name: "an entry with a scheme",
            config: r#"{"auths":{"https://ghcr.io/v1/":{AUTH}}}"#,
            host: "ghcr.io",
            docker: ("config.json", Some("ann")),
            lesson: None,
        },
        Row {
            name: "Docker Hub by its key",
            config: r#"{"auths":{"https://index.docker.io/v1/":{AUTH}}}"#,
            host: "docker.io",
            docker: ("config.json", Some("ann")),
            lesson: None,
        },
        Row {
            name: "Docker Hub by another name",
            config: r#"{"auths":{"docker.io":{AUTH}}}"#,
            host: "docker.io",
            docker: ("config.json", None),
            lesson: Some("docker looks for exactly `https://index.docker.io/v1/`"),
        },
        Row {
            name: "upper case",
            config: r#"{"auths":{"GHCR.io":{AUTH}}}"#,
            host: "ghcr.io",
            docker: ("config.json", None),
            lesson: Some("docker looks for exactly `ghcr.io`"),
        },
        Row {
            name: "a helper by its exact key",
            config: r#"{"credHelpers":{"ghcr.io":"vault"}}"#,
            host: "ghcr.io",
            docker: ("docker-credential-vault", Some("kept")),
            lesson: None,
        },
        Row {
            name: "a wildcard",
            config: r#"{"credHelpers":{"*.example.com":"vault"}}"#,
            host: "r.example.com",
            docker: ("config.json", None),
            lesson: Some("docker matches the keys of `credHelpers` exactly"),
        },
        Row {
            name: "an empty helper means the file",
            config: r#"{"credsStore":"vault","credHelpers":{"ghcr.io":""},"auths":{"ghcr.io":{AUTH}}}"#,
            host: "ghcr.io",
            docker: ("config.json", Some("ann")),
            lesson: None,
        },
        Row { name: "nothing", config: "{}", host: "ghcr.io", docker: ("config.json", None), lesson: None },
        Row {
            name: "a file that is no JSON",
            config: "{,}",
            host: "ghcr.io",
            docker: ("config.json", None),
            lesson: None,
        },
    ];
    for Row { name, config, host, docker, lesson } in rows {
        let (folder, helpers) = (tempfile::tempdir().expect("a folder"), Helpers::new());
        helpers.write("vault", &Behaviour::account("kept", "pw"));
        let source = source_with(folder.path(), &config.replace("AUTH", auth), &helpers);
        let trail = Keyring::new(source).trail(&registry(host)).await;
        let step = &trail.docker.step;
        assert!(step.place.contains(docker.0), "{name}: {step:?}");
        assert_eq!(step.account.as_deref(), docker.1, "{name}: {trail:?}");
        assert_eq!(trail.docker.differs, lesson.is_some(), "{name}: {trail:?}");
        match (lesson, &trail.docker.lesson) {
            (Some(says), Some(told)) => assert!(told.contains(says), "{name}: {told}"),
            (None, None) => {}
            other => panic!("{name}: {other:?}"),
        }
    }
}
