//! Keeping a credential in each place, finding it again, and signing out.

use keyring_core::{Error as StoreError, mock};
use serde_json::{Value, json};
use testkit::helper::{Behaviour, Helpers};

use super::super::super::Keychain;
use super::trail::source_with;
use super::*;

fn config(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join("config.json")).expect("read");
    serde_json::from_str(&text).expect("JSON")
}

async fn found(keyring: &Keyring, host: &str) -> (Option<String>, Place) {
    let found = keyring.credential(&registry(host), None).await.expect("found");
    (found.credential.account().map(str::to_owned), found.place)
}

#[tokio::test]
async fn an_account_is_found_again_wherever_it_is_kept() {
    let (folder, helpers) = (tempfile::tempdir().expect("a folder"), Helpers::new());
    helpers.write("vault", &Behaviour::Keeps);
    let keyring = Keyring::new(source_with(folder.path(), "", &helpers));
    let hub = registry("docker.io");
    let before = keyring.generation();

    let kept = keyring.keep(&hub, basic("filed", "pa:ss"), Keep::File).await.expect("kept");
    assert_eq!((kept.keep, kept.warnings), (Keep::File, Vec::new()));
    let auth = json!({ "auths": { "https://index.docker.io/v1/": { "auth": "ZmlsZWQ6cGE6c3M=" } } });
    assert_eq!(config(folder.path()), auth, "docker's key and docker's form");
    let mode = fs::metadata(folder.path().join("config.json")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(keyring.credential(&hub, None).await.expect("found").credential, basic("filed", "pa:ss"));

    // What is kept later is what is found, also where its place comes later.
    keyring.keep(&hub, basic("chained", "pw"), Keep::Keychain).await.expect("kept");
    assert_eq!(found(&keyring, "docker.io").await, (Some("chained".to_owned()), Place::Keychain));
    keyring.keep(&hub, basic("typed", "pw"), Keep::Session).await.expect("kept");
    assert_eq!(found(&keyring, "docker.io").await, (Some("typed".to_owned()), Place::Session));
    let kept =
        keyring.keep(&hub, basic("held", "p w\"\\"), Keep::Helper("vault".to_owned())).await.expect("kept");
    assert_eq!(kept.place, "docker-credential-vault");
    let server = "https://index.docker.io/v1/".to_owned();
    let setting = format!("credHelpers[{server}]");
    let place = Place::Helper { name: "vault".to_owned(), setting, server: server.clone() };
    assert_eq!(found(&keyring, "index.docker.io").await, (Some("held".to_owned()), place));
    let expected = json!({ "auths": { &server: {} }, "credHelpers": { &server: "vault" } });
    assert_eq!(config(folder.path()), expected, "no secret stays in the file");
    keyring.keep(&hub, basic("again", "pw"), Keep::File).await.expect("kept");
    assert_eq!(found(&keyring, "docker.io").await.0.as_deref(), Some("again"));
    assert_eq!(config(folder.path())["credHelpers"][&server], "", "docker is to look into the file too");
    assert!(keyring.generation() > before);

    let signed_in = keyring.signed_in().await;
    assert_eq!(signed_in.len(), 1);
    assert_eq!(signed_in[0].1.as_deref(), Some("again"));
}

#[tokio::test]
async fn identity_tokens_are_kept_as_docker_keeps_them() {
    let (folder, helpers) = (tempfile::tempdir().expect("a folder"), Helpers::new());
    helpers.write("vault", &Behaviour::Keeps);
    let keyring = Keyring::new(source_with(folder.path(), r#"{"credsStore":"vault"}"#, &helpers));
    let ghcr = registry("ghcr.io");
    let token = |username: Option<&str>| Credential::IdentityToken {
        username: username.map(str::to_owned),
        token: Secret::new("idt"),
    };
    keyring.keep(&ghcr, token(Some("ann")), Keep::File).await.expect("kept");
    let entry = json!({ "auth": "YW5uOg==", "identitytoken": "idt" });
    assert_eq!(config(folder.path())["auths"]["ghcr.io"], entry);
    assert_eq!(keyring.credential(&ghcr, None).await.expect("found").credential, token(Some("ann")));
    keyring.keep(&ghcr, token(Some("ann")), Keep::Keychain).await.expect("kept");
    assert_eq!(keyring.credential(&ghcr, None).await.expect("found").credential, token(Some("ann")));
    keyring.keep(&ghcr, token(Some("ann")), Keep::Helper("vault".to_owned())).await.expect("kept");
    // The protocol has no place for the account's name beside a token.
    assert_eq!(keyring.credential(&ghcr, None).await.expect("found").credential, token(None));
}

#[tokio::test]
async fn a_token_that_was_replaced_is_kept_where_the_old_one_was() {
    let (folder, helpers) = (tempfile::tempdir().expect("a folder"), Helpers::new());
    helpers.write("vault", &Behaviour::Keeps);
    let token = |text: &str| Credential::IdentityToken { username: None, token: Secret::new(text) };
    let ghcr = registry("ghcr.io");
    for keep in [Keep::File, Keep::Keychain, Keep::Helper("vault".to_owned()), Keep::Session] {
        let keyring = Keyring::new(source_with(folder.path(), "{}", &helpers));
        keyring.keep(&ghcr, token("old"), keep.clone()).await.expect("kept");
        let found = keyring.credential(&ghcr, None).await.expect("found");
        assert_eq!(keyring.replace_token(&ghcr, &found, Secret::new("new")).await, None, "{keep:?}");
        let now = keyring.credential(&ghcr, None).await.expect("found");
        assert_eq!((now.credential, now.place), (token("new"), found.place), "{keep:?}");
    }
    let mut source = source_with(folder.path(), "{}", &helpers);
    source.auth_config = Some(Secret::new(r#"{"auths":{"ghcr.io":{"identitytoken":"old"}}}"#));
    let keyring = Keyring::new(source);
    let found = keyring.credential(&ghcr, None).await.expect("found");
    let warning =
        keyring.replace_token(&ghcr, &found, Secret::new("new")).await.expect("it can't be written to");
    assert!(warning.contains("for this session only") && !warning.contains("new\""), "{warning}");
    assert_eq!(keyring.credential(&ghcr, None).await.expect("found").credential, token("new"));
}

#[tokio::test]
async fn signing_out_removes_it_wherever_it_is_and_says_what_is_left() {
    let (folder, helpers) = (tempfile::tempdir().expect("a folder"), Helpers::new());
    helpers.write("vault", &Behaviour::Keeps);
    let text = r#"{"auths":{"https://ghcr.io/v1/":{"auth":"b2xkOnB3"},"quay.io":{"auth":"YW5uOnB3"}},"credHelpers":{"ghcr.io":"vault"},"psFormat":"x"}"#;
    let mut source = source_with(folder.path(), text, &helpers);
    let podman = folder.path().join("auth.json");
    fs::write(&podman, entry("ghcr.io", "podman")).expect("written");
    source.podman_files = vec![podman.clone()];
    source.auth_config = Some(Secret::new(entry("ghcr.io", "variable")));
    let keyring = Keyring::new(source);
    let ghcr = registry("ghcr.io");
    keyring.keep(&ghcr, basic("held", "pw"), Keep::Helper("vault".to_owned())).await.expect("kept");
    keyring.keep(&ghcr, basic("chained", "pw"), Keep::Keychain).await.expect("kept");
    keyring.keep(&ghcr, basic("typed", "pw"), Keep::Session).await.expect("kept");
    let before = keyring.generation();

    let done = keyring.sign_out(&ghcr).await.expect("signed out");
    let removed = done.removed.join("\n");
    for said in [
        "this session: `typed`",
        "`chained`",
        "docker-credential-vault (credHelpers[ghcr.io]): `held`",
        "auths[https://ghcr.io/v1/]",
        "`old`",
    ] {
        assert!(removed.contains(said), "{said}: {removed}");
    }
    let left: Vec<&str> = done.left.iter().map(|(place, _)| place.as_str()).collect();
    assert!(
        left.len() == 2 && left[0].contains("DOCKER_AUTH_CONFIG") && left[1].contains("auth.json"),
        "{left:?}"
    );
    assert!(
        done.left[0].1.contains("unset it") && done.left[1].1.contains("podman logout ghcr.io"),
        "{done:?}"
    );
    let expected = json!({ "auths": { "quay.io": { "auth": "YW5uOnB3" } }, "credHelpers": { "ghcr.io": "vault" }, "psFormat": "x" });
    assert_eq!(config(folder.path()), expected);
    assert!(keyring.generation() > before);
    let trail = keyring.trail(&ghcr).await;
    assert_eq!(trail.steps[trail.chosen.expect("what is left")].account.as_deref(), Some("variable"));

    let again = keyring.sign_out(&ghcr).await.expect("signed out");
    assert_eq!(again.removed, Vec::<String>::new(), "nothing is there twice");
    assert_eq!(fs::read_to_string(&podman).expect("read"), entry("ghcr.io", "podman"));
}

#[tokio::test]
async fn a_helper_that_only_makes_credentials_is_explained() {
    let (folder, helpers) = (tempfile::tempdir().expect("a folder"), Helpers::new());
    let account = Behaviour::ReadOnly { username: "AWS".to_owned(), secret: "pw".to_owned() };
    helpers.write("ecr-login", &account);
    helpers.write("maker", &account);
    let text = r#"{"credHelpers":{"known.example.com":"ecr-login","unknown.example.com":"maker"}}"#;
    let keyring = Keyring::new(source_with(folder.path(), text, &helpers));
    for (host, name) in [("known.example.com", "ecr-login"), ("unknown.example.com", "maker")] {
        let host = registry(host);
        let error =
            keyring.keep(&host, basic("ann", "pw"), Keep::Helper(name.to_owned())).await.expect_err(name);
        assert!(error.message().contains("keeps none") && error.hint().is_some(), "{name}: {error:?}");
        let done = keyring.sign_out(&host).await.expect("signed out");
        assert!(done.removed.is_empty() && done.left.len() == 1, "{name}: {done:?}");
        assert!(done.left[0].1.contains("keeps none"), "{name}: {done:?}");
        assert_eq!(
            config(folder.path()).to_string().len(),
            serde_json::from_str::<Value>(text).expect("JSON").to_string().len()
        );
    }
    let choices = keyring.keep_choices(&registry("known.example.com")).await;
    let choice =
        choices.iter().find(|choice| choice.keep == Keep::Helper("ecr-login".to_owned())).expect("offered");
    assert!(!choice.available && choice.why.contains("keeps none"), "{choice:?}");
}

#[tokio::test]
async fn the_choices_say_what_can_be_used_and_what_docker_reads() {
    let (folder, helpers) = (tempfile::tempdir().expect("a folder"), Helpers::new());
    helpers.write("pass", &Behaviour::Keeps);
    helpers.write("vault", &Behaviour::Keeps);
    let text = r#"{"credsStore":"vault","credHelpers":{"gone.example.com":"gone"}}"#;
    let keyring = Keyring::new(source_with(folder.path(), text, &helpers));
    let told = |choices: &[KeepChoice]| {
        let it = |choice: &KeepChoice| {
            (choice.keep.clone(), choice.available, choice.recommended, choice.docker_reads)
        };
        choices
            .iter()
            .map(it)
            .filter(|it| it.0 != Keep::Helper("secretservice".to_owned()))
            .collect::<Vec<_>>()
    };
    let helper = |name: &str| Keep::Helper(name.to_owned());
    assert_eq!(
        told(&keyring.keep_choices(&registry("ghcr.io")).await),
        [
            (Keep::Keychain, true, false, false),
            (helper("vault"), true, true, true),
            (helper("pass"), true, false, true),
            (Keep::File, true, false, true),
            (Keep::Session, true, false, false),
        ]
    );
    let gone = keyring.keep_choices(&registry("gone.example.com")).await;
    assert_eq!(told(&gone)[0], (Keep::Keychain, true, true, false), "{gone:?}");
    assert_eq!(told(&gone)[1], (helper("gone"), false, false, true));
    assert!(gone[1].why.contains("not installed"), "{:?}", gone[1]);
    assert_eq!(helpers.calls(), Vec::<String>::new(), "no helper was run");
}

#[tokio::test]
async fn what_can_not_be_read_back_is_not_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let keyring = Keyring::new(source_with(folder.path(), "", &Helpers::new()));
    let ghcr = registry("ghcr.io");
    for (name, credential) in [
        ("nothing", Credential::Anonymous),
        ("no name", basic("", "canary")),
        ("a colon in the name", basic("ann:x", "canary")),
        ("a line break in the name", basic("ann\n", "canary")),
        ("a line break in the password", basic("ann", "canary\n")),
    ] {
        for keep in [Keep::File, Keep::Keychain, Keep::Session] {
            let error = keyring.keep(&ghcr, credential.clone(), keep).await.expect_err(name);
            assert!(error.hint().is_some() && !format!("{error:?}").contains("canary"), "{name}: {error:?}");
        }
    }
    assert!(!folder.path().join("config.json").exists());
    assert!(keyring.signed_in().await.is_empty());
}

#[tokio::test]
async fn f048_a_file_that_is_no_json_is_never_written_over() {
    let helpers = Helpers::new();
    helpers.write("vault", &Behaviour::Keeps);
    for text in [
        "{\n  // mine\n  \"auths\": {}\n}",
        "\u{feff}{}",
        "{\n \"auths\": {},\n}",
        "{\"auths\":{},\"auths\":{\"a\":{}}}",
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let keyring = Keyring::new(source_with(folder.path(), text, &helpers));
        let ghcr = registry("ghcr.io");
        for keep in [Keep::File, Keep::Helper("vault".to_owned())] {
            let error = keyring.keep(&ghcr, basic("ann", "canary"), keep.clone()).await.expect_err(text);
            assert_eq!(error.code(), Code::CredentialConfig, "{text}");
            assert!(
                error.message().contains("line ") || error.message().contains("twice"),
                "{text}: {error}"
            );
        }
        assert!(!helpers.calls().iter().any(|call| call.contains("get")), "{:?}", helpers.calls());
        let done = keyring.sign_out(&ghcr).await.expect("told");
        assert!(done.removed.is_empty(), "{text}: {done:?}");
        assert_eq!(fs::read_to_string(folder.path().join("config.json")).expect("read"), text);
        let left: Vec<_> =
            fs::read_dir(folder.path()).expect("read").map(|it| it.expect("an entry").file_name()).collect();
        assert_eq!(left.len(), 1, "nothing lies about: {left:?}");
    }
    assert_eq!(
        helpers.calls().iter().filter(|call| call.contains(" erase ")).count(),
        4,
        "what was stored is taken back"
    );
}

/// A keyring whose keychain fails in this way.
fn broken(
    folder: &Path,
    open: impl Fn() -> keyring_core::Result<Arc<keyring_core::CredentialStore>> + Send + Sync + 'static,
) -> Keyring {
    let keychain = Keychain::over(folder.join("accounts.json"), Duration::from_millis(300), open);
    let helpers = HelperOptions::new(SearchPath::new([]));
    Keyring::new(DockerConfigSource::in_dir(folder, helpers).with_keychain(keychain))
}

#[tokio::test]
async fn f055_a_keychain_that_is_absent_locked_denied_or_silent_leaves_the_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let ghcr = registry("ghcr.io");
    type Opener = Box<dyn Fn() -> keyring_core::Result<Arc<keyring_core::CredentialStore>> + Send + Sync>;
    let cases: [(&str, Opener, &str); 4] = [
        ("absent", Box::new(|| Err(StoreError::PlatformFailure("no bus".into()))), "can't be reached"),
        (
            "locked",
            Box::new(|| Err(StoreError::NoStorageAccess("locked".into()))),
            "is locked, or access was denied",
        ),
        (
            "denied",
            Box::new(|| Err(StoreError::BadDataFormat(b"canary".to_vec(), "canary".into()))),
            "has an entry that can't be read",
        ),
        (
            "silent",
            Box::new(|| {
                std::thread::sleep(Duration::from_secs(600));
                Err(StoreError::NoEntry)
            }),
            "did not answer within 0.3 s",
        ),
    ];
    for (name, open, says) in cases {
        let keyring = broken(folder.path(), open);
        let begun = std::time::Instant::now();
        let error = keyring.keep(&ghcr, basic("ann", "canary"), Keep::Keychain).await.expect_err(name);
        assert!(begun.elapsed() < Duration::from_secs(2), "{name}: {:?}", begun.elapsed());
        assert_eq!(error.code(), Code::CredentialHelper, "{name}");
        assert!(error.message().contains(says), "{name}: {error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("for this session only")), "{name}: {error:?}");
        assert!(!format!("{error:?}").contains("canary"), "{name}: {error:?}");
        let choices = keyring.keep_choices(&ghcr).await;
        assert!(!choices[0].available && !choices[0].why.is_empty(), "{name}: {choices:?}");
        assert!(keyring.signed_in().await.is_empty(), "{name}: the list does not name what is not there");
        assert!(keyring.credential(&ghcr, None).await.expect("nothing").credential.is_anonymous(), "{name}");
        let kept = keyring.keep(&ghcr, basic("ann", "canary"), Keep::Session).await.expect("kept");
        assert_eq!(kept.keep, Keep::Session, "{name}");
    }
}

#[tokio::test]
async fn f055_a_keychain_that_was_used_and_is_locked_now_hides_no_other_place_and_is_asked_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ghcr, other) = (registry("ghcr.io"), registry("quay.io"));
    let store = mock::Store::new().expect("a store");
    let works = broken(folder.path(), move || Ok(store.clone()));
    works.keep(&ghcr, basic("chained", "pw"), Keep::Keychain).await.expect("kept");
    fs::write(folder.path().join("config.json"), entry("ghcr.io", "filed")).expect("written");

    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = asked.clone();
    let keyring = broken(folder.path(), move || {
        count.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_secs(600));
        Err(StoreError::NoEntry)
    });
    let begun = std::time::Instant::now();
    for _ in 0..5 {
        let found = keyring.credential(&ghcr, None).await.expect("the file has one");
        assert_eq!(found.credential.account(), Some("filed"));
        assert!(found.warnings.iter().any(|warning| warning.contains("keychain")), "{:?}", found.warnings);
        assert!(keyring.credential(&other, None).await.expect("nothing").credential.is_anonymous());
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(asked.load(Ordering::Relaxed), 1, "while one question hangs no other is asked");
    let trail = keyring.trail(&ghcr).await;
    assert!(
        trail.steps.iter().any(|step| step.outcome == Outcome::Failed && step.account.is_none()),
        "{trail:?}"
    );
    let done = keyring.sign_out(&ghcr).await.expect("told");
    assert!(done.left.iter().any(|(place, _)| place.contains("keychain")), "{done:?}");
}
