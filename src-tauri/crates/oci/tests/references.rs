//! References against distribution/reference: its test inputs and more, each with the verdict and the parts that
//! its `ParseNormalizedNamed` and `TagNameOnly` give (with sha256 and sha512 registered), and the grammar written
//! down a second time as regular expressions.

use oci::{Digest, Reference, ReferenceProblemKind as Kind, RepositoryName, Tag};
use proptest::prelude::*;
use regex::Regex;
use serde_json::Value;

fn vectors() -> Vec<Value> {
    let text = include_str!("data/reference_vectors.json");
    serde_json::from_str(text).expect("the vectors are a JSON list")
}

#[test]
fn f057_verdict_of_every_vector() {
    let vectors = vectors();
    assert!(vectors.len() > 400, "all vectors are there");
    let mut wrong = Vec::new();
    for vector in &vectors {
        let input = vector["input"].as_str().unwrap();
        let found = match input.parse::<Reference>() {
            Err(_) => serde_json::json!({"from": vector["from"], "input": input, "error": true}),
            Ok(reference) => serde_json::json!({
                "from": vector["from"],
                "input": input,
                "canonical": reference.canonical(),
                "familiar": reference.familiar(),
                "registry": reference.registry().as_str(),
                "path": reference.repository().path(),
                "tag": reference.tag().map(Tag::as_str),
                "digest": reference.digest().map(Digest::as_str),
            }),
        };
        if found != *vector {
            wrong.push(format!("{vector}\n  found {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rules of normalisation over the grammar as regular expressions: slow, short, and written independently of
/// the parser. Returns registry, path, tag and digest.
struct Model {
    reference: Regex,
    digest: Regex,
}

impl Model {
    fn new() -> Self {
        let label = "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)";
        let host = format!(r"(?:{label}(?:\.{label})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?");
        let part = "(?:[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)";
        let path = format!("{part}(?:/{part})*");
        let digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
        let tag = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
        Model {
            reference: Regex::new(&format!(r"\A(?:({host})/)?({path})(?::({tag}))?(?:@({digest}))?\z"))
                .expect("the grammar is a regular expression"),
            digest: Regex::new(r"\A(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\z").expect("so are digests"),
        }
    }

    fn read(&self, input: &str) -> Option<[String; 4]> {
        if input.len() == 64 && input.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return None;
        }
        let hosted = |first: &str| {
            first == "localhost"
                || first.contains('.')
                || first.contains(':')
                || first.to_lowercase() != first
        };
        let (registry, rest) = match input.split_once('/') {
            Some(("index.docker.io", rest)) => ("docker.io", rest),
            Some((first, rest)) if hosted(first) => (first, rest),
            _ => ("docker.io", input),
        };
        let library = if registry == "docker.io" && !rest.contains('/') { "library/" } else { "" };
        let full = format!("{registry}/{library}{rest}");
        let found = self.reference.captures(&full)?;
        let group = |at| found.get(at).map_or(String::new(), |group| group.as_str().to_owned());
        let (path, mut tag, digest) = (group(2), group(3), group(4));
        if path.len() > 255 || !digest.is_empty() && !self.digest.is_match(&digest) {
            return None;
        }
        if tag.is_empty() && digest.is_empty() {
            tag = "latest".to_owned();
        }
        Some([group(1), path, tag, digest])
    }
}

fn parts(reference: &Reference) -> [String; 4] {
    [
        reference.registry().as_str().to_owned(),
        reference.repository().path().to_owned(),
        reference.tag().map_or(String::new(), Tag::to_string),
        reference.digest().map_or(String::new(), Digest::to_string),
    ]
}

/// Text that is nearly a reference, put together from what the grammar turns on.
fn near_reference() -> impl Strategy<Value = String> {
    let words = vec![
        "a",
        "b0",
        "nginx",
        "library",
        "docker.io",
        "index.docker.io",
        "localhost",
        "ghcr.io",
        "Foo",
        "X",
        "[::1]",
        "[fe80::1%e]",
        "a_b.c",
        ":5000",
        ":",
        ":",
        "/",
        "/",
        "/",
        "/",
        "@",
        ".",
        "_",
        "__",
        "-",
        "--",
        "..",
        "sha256:",
        "sha512:",
        "sha384:",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0123456789abcdef",
        ":latest",
        ":v1.0-X_y",
        "é",
        "É",
        "K",
        " ",
        "\n",
        "\0",
        "%",
        "https://",
    ];
    let long = prop_oneof![Just("x".repeat(120)), Just("7".repeat(63)), Just("y".repeat(127))];
    let word = prop_oneof![12 => prop::sample::select(words).prop_map(str::to_owned), 1 => long];
    let made = prop::collection::vec(word, 0..9).prop_map(|words| words.concat());
    let inputs: Vec<String> = vectors()
        .iter()
        .map(|vector| vector["input"].as_str().expect("a vector has an input").to_owned())
        .collect();
    let changed = (prop::sample::select(inputs), any::<prop::sample::Index>(), "[aZ0._:/@\\[\\] é-]{0,2}")
        .prop_map(|(mut text, at, new)| {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let place = places[at.index(places.len())];
            let end = text[place..].chars().next().map_or(place, |c| place + c.len_utf8());
            text.replace_range(place..end, &new);
            text
        });
    prop_oneof![made, changed, "[aA0._/:@\\[\\]-]{0,8}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn f057_same_verdict_as_the_grammar(input in near_reference()) {
        thread_local!(static MODEL: Model = Model::new());
        let expected = MODEL.with(|model| model.read(&input));
        let found = input.parse::<Reference>().ok().map(|reference| parts(&reference));
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn parse_and_display(input in near_reference()) {
        if let Ok(reference) = input.parse::<Reference>() {
            let again: Reference = reference.canonical().parse().unwrap();
            prop_assert_eq!(&again, &reference);
            prop_assert_eq!(again.canonical(), reference.canonical());
            let name: RepositoryName = reference.repository().to_string().parse().unwrap();
            prop_assert_eq!(&name, reference.repository());
        }
    }

    #[test]
    fn a_problem_points_into_the_input(input in near_reference()) {
        if let Err(problem) = input.parse::<Reference>() {
            prop_assert!(input.get(problem.span.clone()).is_some(), "{:?}", problem);
            prop_assert!(problem.message.len() <= 300 && !problem.message.ends_with('.'), "{:?}", problem);
            if let Some(text) = problem.hint.as_deref().and_then(offered) {
                prop_assert!(text.parse::<Reference>().is_ok(), "{:?}", problem);
            }
        }
    }

    #[test]
    fn any_text_at_all(input in any::<String>()) {
        let explanation = oci::explain::explain(&input);
        prop_assert_eq!(explanation.outcome.is_ok(), input.parse::<Reference>().is_ok());
    }
}

fn offered(hint: &str) -> Option<&str> {
    hint.strip_prefix("try `")?.strip_suffix('`')
}

const HEX: &str = "6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b";

#[test]
fn f057_a_problem_says_what_where_and_what_next() {
    let upper = HEX.to_uppercase();
    // Input, the bytes that are underlined, message, text offered instead ("" for another hint or none).
    let cases: &[(&str, &str, &str, &str)] = &[
        ("", "", "the reference is empty", ""),
        ("MyApp:Tag", "M", "repository name must be lower case", "myapp:Tag"),
        ("ghcr.io/Owner/App:V1", "O", "repository name must be lower case", "ghcr.io/owner/app:V1"),
        ("NGINX", "NGINX", "repository name must be lower case", "nginx"),
        ("Foo_bar/x", "F", "repository name must be lower case", "foo_bar/x"),
        (
            "https://ghcr.io/owner/app",
            "https://",
            "a reference has no `https://` in front",
            "ghcr.io/owner/app",
        ),
        ("docker://nginx:1", "docker://", "a reference has no `docker://` in front", "nginx:1"),
        ("docker pull nginx", " ", "a reference has no spaces and no control characters", "nginx"),
        ("nginx \n", " \n", "a reference has no spaces and no control characters", "nginx"),
        (HEX, HEX, "64 hexadecimal digits alone read as an image's ID, not as a name", ""),
        ("nginx:", ":", "the tag after `:` is missing", ""),
        ("nginx:-x", "-", "a tag can't begin with `-`", ""),
        ("nginx:a~b", "~", "a tag can't hold `~`", ""),
        ("nginx:1.25/x", "1.25", "`1.25` is no port number", ""),
        ("ghcr.io:/x", ":", "the port after `:` is missing", ""),
        ("fe80::1:5000/x", "fe80::1:5000", "`fe80::1:5000` is no host", ""),
        (
            "[fe80::1%eth0]/x",
            "%eth0",
            "an IPv6 address is hexadecimal digits and colons between `[` and `]`",
            "",
        ),
        ("[::1]:5000", "[", "a repository's name can't hold `[`", ""),
        ("a//b", "//", "there is nothing between two slashes", "a/b"),
        ("nginx/", "/", "there is nothing after the last `/`", "nginx"),
        ("/nginx", "/", "a name can't begin with `/`", "nginx"),
        ("ghcr.io/", "/", "the repository's name after the host is missing", ""),
        ("ghcr.io//x", "//", "there is nothing between two slashes", "ghcr.io/x"),
        (":tag", ":", "the repository's name is missing", ""),
        ("a___b", "___", "`___` can't stand between two words of a name", ""),
        ("x/-a", "-", "a part of a name can't begin or end with `-`", ""),
        ("a$b", "$", "a repository's name can't hold `$`", ""),
        ("my-.host.io/x", "-", "`my-.host.io` is no host: `-` can't stand there", ""),
        ("nginx@", "@", "a digest is `sha256:` and 64 hexadecimal digits; there is no `:`", ""),
        ("nginx@sha256:12", "12", "a sha256 digest has 64 hexadecimal digits; this one has 2", ""),
        (
            "nginx@md5:12",
            "md5",
            "`md5` is no digest algorithm in use here; there are `sha256` and `sha512`",
            "",
        ),
    ];
    for (input, underlined, message, instead) in cases {
        let problem = input.parse::<Reference>().unwrap_err();
        assert_eq!(&input[problem.span.clone()], *underlined, "{input:?}");
        assert_eq!(problem.message, *message, "{input:?}");
        assert_eq!(problem.to_string(), problem.message);
        assert_eq!(problem.hint.as_deref().and_then(offered).unwrap_or(""), *instead, "{input:?}");
    }
    let bare = format!("nginx@{HEX}").parse::<Reference>().unwrap_err();
    assert_eq!(bare.hint.as_deref().and_then(offered), Some(&*format!("nginx@sha256:{HEX}")));
    let loud = format!("nginx@sha256:{upper}").parse::<Reference>().unwrap_err();
    assert_eq!(loud.hint.as_deref().and_then(offered), Some(&*format!("nginx@sha256:{HEX}")));
    assert_eq!(loud.span, 13..77);
    let path = "nginx@sha256:../../etc".parse::<Reference>().unwrap_err();
    assert!(matches!(path.kind, Kind::Digest(_)), "row 58: {path:?}");
    assert_eq!(path.span, 13..14);
    let typo = format!("nginx@sha256:{}g", &HEX[..63]).parse::<Reference>().unwrap_err();
    assert_eq!((typo.message.as_str(), typo.span), ("`g` is no hexadecimal digit", 76..77));
    let long = format!("ghcr.io/{}", "a".repeat(256)).parse::<Reference>().unwrap_err();
    assert_eq!((long.kind, long.span), (Kind::NameTooLong, 8..264));
}

#[test]
fn parts_put_together_again() {
    let reference: Reference = "ghcr.io/owner/image:v1".parse().unwrap();
    assert_eq!(reference.manifest_selector(), "v1");
    let digest = Digest::sha256(b"x");
    let pinned = reference.with_digest(digest.clone());
    assert_eq!(pinned.canonical(), format!("ghcr.io/owner/image:v1@{digest}"));
    assert_eq!(pinned.manifest_selector(), digest.to_string(), "the digest wins");
    assert_eq!(pinned.with_tag("v2".parse().unwrap()).tag().unwrap().as_str(), "v2");
    let name: RepositoryName = "nginx".parse().unwrap();
    assert_eq!(Reference::new(name.clone(), None, None), "nginx".parse().unwrap(), "latest is filled in");
    let only_digest = Reference::new(name, None, Some(digest.clone()));
    assert_eq!(only_digest.tag(), None);
    assert_eq!(only_digest.familiar(), format!("nginx@{digest}"));
}

#[test]
fn a_tag_alone() {
    assert_eq!("v1.0_X-y".parse::<Tag>().unwrap().as_str(), "v1.0_X-y");
    assert_eq!(Tag::latest().to_string(), "latest");
    for bad in ["", "-a", "a b", "a/b", "a:b", "é", "a\u{200b}"] {
        let problem = bad.parse::<Tag>().unwrap_err();
        assert!(bad.get(problem.span.clone()).is_some(), "{bad:?}: {problem:?}");
    }
    assert!("t".repeat(129).parse::<Tag>().is_err());
}

#[test]
fn time_grows_with_the_length_alone() {
    // A backtracking matcher would not come back from these.
    for text in ["a-".repeat(1 << 20), "a/".repeat(1 << 20), "a.".repeat(1 << 20), "https://".repeat(1 << 18)]
    {
        assert!(text.parse::<Reference>().is_err());
    }
}
