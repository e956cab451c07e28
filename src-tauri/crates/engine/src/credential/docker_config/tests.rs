use std::fs;

use proptest::prelude::*;

use super::*;

fn config(text: &str) -> DockerConfig {
    DockerConfig::parse(text.as_bytes(), "config.json").expect("JSON").expect("an object")
}

fn registry(text: &str) -> Registry {
    Registry::parse(text).expect("a registry")
}

fn encoded(account: impl AsRef<[u8]>) -> String {
    base64::engine::general_purpose::STANDARD.encode(account)
}

fn basic(username: &str, password: &str) -> Credential {
    Credential::Basic { username: username.to_owned(), password: Secret::new(password) }
}

/// The credential of the first entry for `host`.
fn first(config: &DockerConfig, host: &str) -> Result<Option<Credential>> {
    match config.candidates(&registry(host), None, Flavour::Docker).first() {
        Some(Candidate::Entry { key }) => config.entry(key),
        other => panic!("{host}: {other:?}"),
    }
}

/// `auths[KEY]` or `SETTING → NAME` of each candidate.
fn places(config: &DockerConfig, host: &str, repository: Option<&str>, flavour: Flavour) -> Vec<String> {
    let candidates = config.candidates(&registry(host), repository, flavour);
    let place = |candidate| match candidate {
        Candidate::Helper { name, setting, .. } => format!("{setting} → {name}"),
        Candidate::Entry { key } => format!("auths[{key}]"),
    };
    candidates.into_iter().map(place).collect()
}

#[test]
fn entries_are_read() {
    let with_nuls = encoded("ann:pw\0\0");
    let wrapped = encoded("ann:a-long-password-that-base64-wraps-on-the-command-line-after-a-while");
    let wrapped = format!("{}\\n{}\\n", &wrapped[..76], &wrapped[76..]);
    let table = [
        ("auth", format!(r#"{{"auth":"{}"}}"#, encoded("ann:pw")), Some(basic("ann", "pw"))),
        (
            "auth without padding",
            format!(r#"{{"auth":"{}"}}"#, encoded("ann:pw").trim_end_matches('=')),
            Some(basic("ann", "pw")),
        ),
        (
            "auth with line breaks",
            format!(r#"{{"auth":"{wrapped}"}}"#),
            Some(basic("ann", "a-long-password-that-base64-wraps-on-the-command-line-after-a-while")),
        ),
        ("NULs after the password", format!(r#"{{"auth":"{with_nuls}"}}"#), Some(basic("ann", "pw"))),
        ("an empty password", format!(r#"{{"auth":"{}"}}"#, encoded("ann:")), Some(basic("ann", ""))),
        ("name and password", r#"{"username":"ann","password":"pw"}"#.to_owned(), Some(basic("ann", "pw"))),
        (
            "auth before name and password",
            format!(r#"{{"auth":"{}","username":"x","password":"y"}}"#, encoded("ann:pw")),
            Some(basic("ann", "pw")),
        ),
        (
            "an identity token",
            format!(
                r#"{{"auth":"{}","identitytoken":"idt"}}"#,
                encoded("00000000-0000-0000-0000-000000000000:")
            ),
            Some(Credential::IdentityToken {
                username: Some("00000000-0000-0000-0000-000000000000".to_owned()),
                token: Secret::new("idt"),
            }),
        ),
        (
            "an identity token alone",
            r#"{"identitytoken":"idt"}"#.to_owned(),
            Some(Credential::IdentityToken { username: None, token: Secret::new("idt") }),
        ),
        (
            "a registry token before all",
            format!(r#"{{"auth":"{}","identitytoken":"idt","registrytoken":"rt"}}"#, encoded("ann:pw")),
            Some(Credential::RegistryToken(Secret::new("rt"))),
        ),
        ("nothing", "{}".to_owned(), None),
        ("only an e-mail address", r#"{"email":"a@example.com","auth":""}"#.to_owned(), None),
        ("nulls", r#"{"auth":null,"identitytoken":null}"#.to_owned(), None),
    ];
    for (name, entry, expected) in table {
        let config = config(&format!(r#"{{"auths":{{"ghcr.io":{entry}}}}}"#));
        assert_eq!(first(&config, "ghcr.io").expect(name), expected, "{name}");
    }
}

#[test]
fn f056_a_bad_entry_fails_alone_and_a_password_may_hold_colons() {
    let bad = [
        ("no base64", r#"{"auth":"@@canary@@"}"#.to_owned(), "not base64"),
        ("no colon", format!(r#"{{"auth":"{}"}}"#, encoded("canary")), "no colon"),
        ("no name", format!(r#"{{"auth":"{}"}}"#, encoded(":canary")), "no user name"),
        ("no text", format!(r#"{{"auth":"{}"}}"#, encoded(b"canary\xff:\xfe")), "not text"),
        ("a number", r#"{"auth":5}"#.to_owned(), "`auth` is no text"),
        ("a list in place of an entry", r#"["canary"]"#.to_owned(), "no JSON object"),
        (
            "a password of another type",
            r#"{"username":"u","password":["canary"]}"#.to_owned(),
            "`password` is no text",
        ),
    ];
    for (name, entry, reason) in bad {
        let good = encoded("ann:pa:ss:word");
        let config =
            config(&format!(r#"{{"auths":{{"bad.example.com":{entry},"ghcr.io":{{"auth":"{good}"}}}}}}"#));
        let error = first(&config, "bad.example.com").expect_err(name);
        assert_eq!(error.code(), Code::CredentialConfig, "{name}");
        assert!(error.message().contains("`bad.example.com` of `config.json`"), "{name}: {error}");
        assert!(error.message().contains(reason), "{name}: {error}");
        assert!(!format!("{error:?}").contains("canary"), "{name}: {error:?}");
        assert_eq!(first(&config, "ghcr.io").expect(name), Some(basic("ann", "pa:ss:word")), "{name}");
    }
}

#[test]
fn f048_what_is_no_json_is_an_error_with_its_line() {
    let table = [
        ("a comment", "{\n  // canary\n  \"auths\": {}\n}", "line 2: a comment"),
        ("a comment after a value", "{\n  \"auths\": {} // canary\n}", "line 2: a comment"),
        ("a block comment", "{\n\n  /* canary */\n}", "line 3: a comment"),
        ("a hash", "{\n  \"credsStore\": \"x\",\n  # canary\n}", "line 3: a comment"),
        ("a comma in the end", "{\n  \"auths\": {},\n}", "line 3: a comma"),
        (
            "a comma in the end of an entry",
            "{\"auths\": {\n\"ghcr.io\": {\"auth\": \"canary\",}\n}}",
            "line 2: a comma",
        ),
        ("a byte order mark", "\u{feff}{\n}", "line 1: it begins with a byte order mark"),
        ("cut short", "{\n\"auths\": {\"ghcr.io\": {\"auth\": \"canary\"", "line 2: it ends too early"),
        ("more after the end", "{}\ncanary", "line 2: unexpected text at column 1"),
        ("no quotes", "{\n\n\nauths: canary}", "line 4: unexpected text at column 1"),
    ];
    for (name, text, expected) in table {
        let error = DockerConfig::parse(text.as_bytes(), "/home/ann/.docker/config.json").expect_err(name);
        assert_eq!(error.code(), Code::CredentialConfig, "{name}");
        assert!(
            error.message().starts_with("`/home/ann/.docker/config.json` is not valid JSON at "),
            "{name}: {error}"
        );
        assert!(error.message().contains(expected), "{name}: {error}");
        assert!(error.hint().is_some() && !format!("{error:?}").contains("canary"), "{name}: {error:?}");
    }
    let utf16: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let error = DockerConfig::parse(&utf16, "config.json").expect_err("UTF-16");
    assert!(error.message().contains("UTF-16"), "{error}");

    for (name, text, expected) in [
        ("a list", "[]", "no JSON object"),
        ("auths as a list", r#"{"auths": ["canary"]}"#, "`auths` is no JSON object"),
        ("helpers as text", r#"{"credHelpers": "canary"}"#, "`credHelpers` is no JSON object"),
        ("a store as a number", r#"{"credsStore": 1}"#, "`credsStore` is no text"),
    ] {
        let error = DockerConfig::parse(text.as_bytes(), "config.json").expect_err(name);
        assert!(
            error.message().contains(expected) && !format!("{error:?}").contains("canary"),
            "{name}: {error:?}"
        );
    }
}

#[test]
fn f048_a_file_that_can_not_be_read_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.json");
    assert!(DockerConfig::read(&path).expect("no file").is_none());
    assert!(DockerConfig::read(&path.join("below")).expect("no folder").is_none());
    assert!(DockerConfig::read(Path::new("/dev/null")).expect("no file meant").is_none());

    let text = "{ // mine\n}";
    fs::write(&path, text).expect("written");
    assert!(DockerConfig::read(&path).is_err());
    assert_eq!(fs::read_to_string(&path).expect("read"), text);

    fs::write(&path, " \n").expect("written");
    assert!(DockerConfig::read(&path).expect("blank").is_none());

    fs::File::create(&path).and_then(|file| file.set_len(CAP + 1)).expect("a large file");
    assert!(DockerConfig::read(&path).expect_err("too large").message().contains("larger than 4 MiB"));

    let error = DockerConfig::read(folder.path()).expect_err("a folder");
    assert!(error.message().contains("no regular file"), "{error}");

    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe");
    assert!(DockerConfig::read(&pipe).expect_err("a pipe").message().contains("no regular file"));
}

#[test]
fn f054_a_file_that_others_can_read_is_warned_about() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.json");
    fs::write(&path, r#"{"auths":{}}"#).expect("written");
    for (mode, expected) in
        [(0o644, Some("mode 0644")), (0o640, Some("mode 0640")), (0o600, None), (0o400, None)]
    {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        let warning = DockerConfig::read(&path).expect("JSON").expect("an object").loose_mode_warning();
        match expected {
            Some(text) => assert!(warning.expect("loose").contains(text), "{mode:o}"),
            None => assert_eq!(warning, None, "{mode:o}"),
        }
    }
}

#[test]
fn f039_an_entry_is_found_by_any_name_of_its_registry() {
    let auths = |keys: &[&str]| {
        let entries: Vec<String> = keys.iter().map(|key| format!(r#""{key}":{{}}"#)).collect();
        config(&format!(r#"{{"auths":{{{}}}}}"#, entries.join(",")))
    };
    let table: [(&str, &[&str], &str, &[&str]); 8] = [
        (
            "Docker Hub",
            &["https://index.docker.io/v1/"],
            "docker.io",
            &["auths[https://index.docker.io/v1/]"],
        ),
        (
            "all of Docker Hub's, docker's own first",
            &["registry-1.docker.io", "docker.io", "index.docker.io", "https://index.docker.io/v1/"],
            "registry-1.docker.io",
            &[
                "auths[https://index.docker.io/v1/]",
                "auths[docker.io]",
                "auths[index.docker.io]",
                "auths[registry-1.docker.io]",
            ],
        ),
        (
            "the exact key first",
            &["https://ghcr.io/v1/", "ghcr.io"],
            "ghcr.io",
            &["auths[ghcr.io]", "auths[https://ghcr.io/v1/]"],
        ),
        ("case", &["GHCR.IO"], "ghcr.io", &["auths[GHCR.IO]"]),
        ("a slash", &["ghcr.io/"], "ghcr.io", &["auths[ghcr.io/]"]),
        (
            "a port",
            &["r.example.com:5000", "r.example.com"],
            "r.example.com:5000",
            &["auths[r.example.com:5000]"],
        ),
        ("no port", &["r.example.com:5000"], "r.example.com", &[]),
        (
            "a path",
            &["https://r.example.com/some/path"],
            "r.example.com",
            &["auths[https://r.example.com/some/path]"],
        ),
    ];
    for (name, keys, host, expected) in table {
        assert_eq!(places(&auths(keys), host, None, Flavour::Docker), expected, "{name}");
    }
}

#[test]
fn podman_takes_the_longest_path_that_fits() {
    let config = config(
        r#"{"auths":{"r.example.com":{},"r.example.com/team":{},"r.example.com/team/app":{},"r.example.com/te":{},"other.example.com/team":{}}}"#,
    );
    let table: [(&str, Option<&str>, &[&str]); 4] = [
        (
            "a repository",
            Some("team/app"),
            &["auths[r.example.com/team/app]", "auths[r.example.com/team]", "auths[r.example.com]"],
        ),
        ("a namespace", Some("team/tool"), &["auths[r.example.com/team]", "auths[r.example.com]"]),
        ("a name that starts alike", Some("teams"), &["auths[r.example.com]"]),
        ("no repository", None, &["auths[r.example.com]"]),
    ];
    for (name, repository, expected) in table {
        assert_eq!(places(&config, "r.example.com", repository, Flavour::Podman), expected, "{name}");
    }
}

#[test]
fn helpers_come_in_dockers_order() {
    let config = config(
        r#"{
            "credsStore": "all",
            "credHelpers": {
                "ghcr.io": "one",
                "quay.io": "",
                "https://index.docker.io/v1/": "hub",
                "*.example.com": "wide",
                "*.team.example.com": "unfit",
                "r*.example.com": "narrow",
                "r.example.com": "exact"
            },
            "auths": {"ghcr.io": {}, "quay.io": {}, "https://index.docker.io/v1/": {}}
        }"#,
    );
    let table: [(&str, &str, &[&str]); 6] = [
        (
            "its own helper in place of the store",
            "ghcr.io",
            &["credHelpers[ghcr.io] → one", "auths[ghcr.io]"],
        ),
        ("an empty name means the file", "quay.io", &["auths[quay.io]"]),
        (
            "Docker Hub by its key",
            "docker.io",
            &["credHelpers[https://index.docker.io/v1/] → hub", "auths[https://index.docker.io/v1/]"],
        ),
        ("exact before wildcards", "r.example.com", &["credHelpers[r.example.com] → exact"]),
        ("the longest wildcard", "r2.example.com", &["credHelpers[r*.example.com] → narrow"]),
        ("the store of all", "other.example.net", &["credsStore → all"]),
    ];
    for (name, host, expected) in table {
        assert_eq!(places(&config, host, None, Flavour::Docker), expected, "{name}");
    }
}

#[test]
fn a_wildcard_helper_says_that_docker_does_not_read_it() {
    let config = config(r#"{"credHelpers": {"*.dkr.ecr.*.amazonaws.com": "ecr-login"}}"#);
    let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    match config.candidates(&registry(host), None, Flavour::Docker).as_slice() {
        [Candidate::Helper { name, warning: Some(warning), .. }] => {
            assert_eq!(name, "ecr-login");
            assert!(warning.contains("`*.dkr.ecr.*.amazonaws.com`") && warning.contains(host), "{warning}");
        }
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn f056_any_account_is_read_back(username in "[^:\0\\pC]{1,20}", password in "\\PC{0,40}") {
        let auth = encoded(format!("{username}:{password}"));
        prop_assert_eq!(decode(&auth), Ok((username, Secret::new(password))));
    }

    #[test]
    fn f048_no_text_panics(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = DockerConfig::parse(&text, "x");
    }

    #[test]
    fn f048_no_almost_json_panics(text in "[{}\\[\\]\",:#/ \n\u{feff}a]{0,60}") {
        if let Err(error) = DockerConfig::parse(text.as_bytes(), "x") {
            prop_assert_eq!(error.code(), Code::CredentialConfig);
        }
    }
}
