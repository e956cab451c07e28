use proptest::prelude::*;

use super::*;

fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>, error: Option<&str>) -> Challenge {
    Challenge::Bearer {
        realm: realm.to_owned(),
        service: service.map(str::to_owned),
        scope: scope.map(str::to_owned),
        error: error.map(str::to_owned),
    }
}

fn basic(realm: &str) -> Challenge {
    Challenge::Basic { realm: Some(realm.to_owned()) }
}

fn other(scheme: &str) -> Challenge {
    Challenge::Other(scheme.to_owned())
}

#[test]
fn challenges_are_read() {
    let realm = "https://auth.docker.io/token";
    let table: Vec<(&str, &[&str], Vec<Challenge>)> = vec![
        (
            "Docker Hub",
            &[
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull""#,
            ],
            vec![bearer(realm, Some("registry.docker.io"), Some("repository:library/nginx:pull"), None)],
        ),
        (
            "a scope with a comma and a port, and an error",
            &[
                r#"Bearer realm="https://a.example/t",service="r.example:5000",scope="repository:r.example:5000/x:pull,push",error="insufficient_scope""#,
            ],
            vec![bearer(
                "https://a.example/t",
                Some("r.example:5000"),
                Some("repository:r.example:5000/x:pull,push"),
                Some("insufficient_scope"),
            )],
        ),
        (
            "any case",
            &[r#"BEARER Realm="https://a.example/t""#],
            vec![bearer("https://a.example/t", None, None, None)],
        ),
        ("any case of basic", &[r#"bAsIc REALM="r""#], vec![basic("r")]),
        ("basic without a realm", &["Basic"], vec![Challenge::Basic { realm: None }]),
        (
            "several in one header",
            &[r#"Negotiate, Basic realm="a, b", Bearer realm="https://a.example/t", service=x"#],
            vec![other("Negotiate"), basic("a, b"), bearer("https://a.example/t", Some("x"), None, None)],
        ),
        (
            "several headers",
            &[r#"NTLM"#, r#"Basic realm="r""#, r#"Bearer realm="https://a.example/t""#],
            vec![other("NTLM"), basic("r"), bearer("https://a.example/t", None, None, None)],
        ),
        (
            "token68, then a challenge",
            &[r#"Negotiate YIIabc+/==, Basic realm="r""#],
            vec![other("Negotiate"), basic("r")],
        ),
        ("escapes", &[r#"Basic realm="a \"quoted\" \\ word""#], vec![basic(r#"a "quoted" \ word"#)]),
        (
            "blanks about the equals sign, none after the comma",
            &["Bearer realm = \"https://a.example/t\" ,service\t=\t\"s\",scope=\"c\""],
            vec![bearer("https://a.example/t", Some("s"), Some("c"), None)],
        ),
        (
            "bare URL",
            &["Bearer realm=https://a.example/t?x=1,service=s"],
            vec![bearer("https://a.example/t?x=1", Some("s"), None, None)],
        ),
        (
            "no commas between parameters",
            &[r#"Bearer realm="https://a.example/t" service="s""#],
            vec![bearer("https://a.example/t", Some("s"), None, None)],
        ),
        ("empty list elements", &[r#",, ,Basic realm="r",, ,"#], vec![basic("r")]),
        (
            "the first of two equal parameters",
            &[r#"Bearer realm="https://a.example/t", realm="https://b.example/t""#],
            vec![bearer("https://a.example/t", None, None, None)],
        ),
        ("bearer without a realm", &[r#"Bearer service="s""#], vec![other("Bearer")]),
        ("bearer with an empty realm", &[r#"Bearer realm="""#], vec![other("Bearer")]),
        (
            "bearer with a realm that never ends",
            &[r#"Bearer realm="https://a.example/t"#],
            vec![other("Bearer")],
        ),
        (
            "a challenge in quotes is text",
            &[r#""Bearer realm=x" Basic realm="Bearer realm=y""#],
            vec![basic("Bearer realm=y")],
        ),
        ("nothing", &["", " ", ","], vec![]),
    ];
    for (name, headers, expected) in table {
        assert_eq!(parse(headers.iter().map(|header| header.as_bytes())), expected, "{name}");
    }
}

#[test]
fn f029_a_challenge_that_is_not_text_is_skipped() {
    let headers: [&[u8]; 3] =
        [b"Bearer realm=\"\xff\xfe\"", b"\x00\x01\xff(((=\"", br#"Bearer realm="https://a.example/t""#];
    let challenges = parse(headers);
    assert_eq!(challenges.last(), Some(&bearer("https://a.example/t", None, None, None)));
    assert_eq!(challenges.first(), Some(&other("Bearer")));
}

#[test]
fn f029_the_supported_challenge_is_chosen_and_none_is_an_error() {
    let token = bearer("https://a.example/t", None, None, None);
    let offered = [other("Negotiate"), basic("r"), token.clone()];
    assert_eq!(choose(&offered).expect("there is one"), &token);
    assert_eq!(choose(&offered[..2]).expect("there is one"), &basic("r"));

    let unsupported =
        choose(&[other("Negotiate"), other("Negotiate"), other("Bearer")]).expect_err("no scheme");
    assert_eq!(unsupported.code(), Code::RegistryRefused);
    assert!(unsupported.message().ends_with("`Negotiate`, `Bearer` without a realm"), "{unsupported}");

    let silent = choose(&[]).expect_err("no challenge");
    assert_eq!(silent.code(), Code::ProtocolViolation);
}

#[test]
fn f029_a_huge_header_takes_linear_time() {
    // Each of these would take far longer if a step looked back or ahead over the rest of the header.
    for unit in ["a ", "a,", "a=", "\"", "a=\"", "\\", "a b=", "a ====", "((("] {
        let header = unit.repeat(1 << 20 >> unit.len().ilog2());
        let started = std::time::Instant::now();
        parse([header.as_bytes()]);
        assert!(started.elapsed().as_secs() < 5, "{unit:?}");
    }
}

/// One challenge that is not the wanted one, well-formed, in no need of a neighbour.
fn decoy() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Negotiate".to_owned()),
        "[A-Z][a-z]{3,8}".prop_filter("not supported", |scheme| {
            !scheme.eq_ignore_ascii_case("basic") && !scheme.eq_ignore_ascii_case("bearer")
        }),
        "Digest [a-z]{1,6}=\"[ -!#-\\[\\]-~]{0,30}\"",
        "Digest nonce=\"Bearer realm=https://evil[.]example,scope=x\""
            .prop_map(|text| text.replace("[.]", ".")),
        "NTLM [A-Za-z0-9+/]{1,40}={0,2}",
    ]
}

/// `Bearer` in any mixture of cases.
fn scheme() -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<bool>(), 6).prop_map(|upper| {
        "bearer".chars().zip(upper).map(|(c, up)| if up { c.to_ascii_uppercase() } else { c }).collect()
    })
}

proptest! {
    #[test]
    fn f029_garbage_never_panics(headers in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..4)) {
        let total: usize = headers.iter().map(Vec::len).sum();
        let challenges = parse(headers.iter().map(Vec::as_slice));
        prop_assert!(challenges.len() <= total);
        let _ = choose(&challenges);
    }

    #[test]
    fn f029_text_that_looks_like_challenges_never_panics(header in "(Basic|Bearer|realm|service|[=\", \\\\a-c]|\t){0,60}") {
        let _ = choose(&parse([header.as_bytes()]));
    }

    #[test]
    fn f029_the_wanted_challenge_is_found_among_others(
        before in proptest::collection::vec(decoy(), 0..4),
        after in proptest::collection::vec(decoy(), 0..4),
        junk in proptest::collection::vec(any::<u8>(), 0..100),
        scheme in scheme(),
        service in "[ -~]{1,40}",
        scope in "repository:[a-z0-9./:-]{1,30}:pull,push",
        one_header: bool,
    ) {
        let realm = "https://auth.example/token?a=1";
        let escaped = service.replace('\\', "\\\\").replace('"', "\\\"");
        let wanted = format!(r#"{scheme} realm="{realm}", service="{escaped}" ,scope="{scope}""#);
        let all: Vec<String> = before.into_iter().chain([wanted]).chain(after).collect();
        let joined = vec![all.join(", ")];
        let mut headers: Vec<&[u8]> = if one_header { &joined } else { &all }.iter().map(String::as_bytes).collect();
        // A header of junk must not reach into the next one; it must only not look like the wanted scheme.
        let looks = junk.to_ascii_lowercase();
        if !looks.windows(6).any(|window| window == b"bearer") {
            headers.insert(0, &junk);
        }
        let challenges = parse(headers);
        prop_assert_eq!(choose(&challenges).ok(), Some(&bearer(realm, Some(&service), Some(&scope), None)));
    }
}
