//! The live breakdown: every example of the chapter, and the traps.

use oci::TrapCode::{self, *};
use oci::explain::explain;
use oci::{Breakdown, Presence, SegmentKind};

const DIGEST: &str = "sha256:6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b";

/// One letter in front of each part: typed, implied, absent.
fn drawn(breakdown: &Breakdown) -> Vec<String> {
    let kinds: Vec<SegmentKind> = breakdown.segments.iter().map(|segment| segment.kind).collect();
    use SegmentKind::*;
    assert_eq!(kinds, [Registry, Namespace, Repository, Tag, Digest]);
    let letter = |presence| match presence {
        Presence::Typed => "t",
        Presence::Implied => "i",
        Presence::Absent => "a",
    };
    breakdown
        .segments
        .iter()
        .map(|segment| format!("{} {}", letter(segment.presence), segment.text))
        .collect()
}

fn trap_codes(input: &str) -> Vec<TrapCode> {
    explain(input).traps.iter().map(|trap| trap.code).collect()
}

#[test]
fn every_example_of_the_chapter() {
    let at = |text: &str| text.replace("DIGEST", DIGEST);
    let cases: &[(&str, [&str; 5], &str, &[TrapCode])] = &[
        ("nginx", ["i docker.io", "i library", "t nginx", "i latest", "a "], ":latest", &[LatestMoves]),
        ("nginx:1.25-alpine", ["i docker.io", "i library", "t nginx", "t 1.25-alpine", "a "], "", &[]),
        ("nginx@DIGEST", ["i docker.io", "i library", "t nginx", "a ", "t DIGEST"], "", &[]),
        ("ghcr.io/owner/image:tag", ["t ghcr.io", "t owner", "t image", "t tag", "a "], "", &[]),
        (
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:v1",
            ["t 123456789012.dkr.ecr.us-east-1.amazonaws.com", "a ", "t app", "t v1", "a "],
            "",
            &[],
        ),
        ("myregistry.azurecr.io/app:v1", ["t myregistry.azurecr.io", "a ", "t app", "t v1", "a "], "", &[]),
        ("gcr.io/project/app:v1", ["t gcr.io", "t project", "t app", "t v1", "a "], "", &[]),
        (
            "registry.example.com/namespace/repository:tag@DIGEST",
            ["t registry.example.com", "t namespace", "t repository", "t tag", "t DIGEST"],
            "",
            &[DigestWins],
        ),
        ("username/myapp:v2", ["i docker.io", "t username", "t myapp", "t v2", "a "], "", &[HubNotRegistry]),
        (
            "docker.io/nginx",
            ["t docker.io", "i library", "t nginx", "i latest", "a "],
            ":latest",
            &[LatestMoves],
        ),
        ("library/nginx:1", ["i docker.io", "t library", "t nginx", "t 1", "a "], "", &[]),
        ("a/b/c:1", ["i docker.io", "t a/b", "t c", "t 1", "a "], "", &[HubNotRegistry]),
        ("localhost:5000/app:1", ["t localhost:5000", "a ", "t app", "t 1", "a "], "", &[]),
        ("my_host.example/app:1", ["a ", "t my_host.example", "t app", "t 1", "a "], "", &[]),
    ];
    for (input, segments, ghost, traps) in cases {
        let input = at(input);
        let explanation = explain(&input);
        let breakdown = explanation.outcome.as_ref().unwrap();
        assert_eq!(drawn(breakdown), segments.map(at), "{input}");
        assert_eq!(breakdown.ghost, *ghost, "{input}");
        assert_eq!(trap_codes(&input), *traps, "{input}");
        assert_eq!(breakdown.reference, input.parse().unwrap());
        assert_eq!(
            format!("{input}{ghost}").parse::<oci::Reference>().unwrap(),
            breakdown.reference,
            "{input}"
        );
        for segment in &breakdown.segments {
            assert!(segment.explanation.ends_with('.'), "{input}: {}", segment.explanation);
            assert!(!segment.explanation.contains('!'), "{input}: {}", segment.explanation);
        }
    }
}

#[test]
fn the_words_of_the_design() {
    let breakdown = explain("nginx").outcome.unwrap();
    assert_eq!(breakdown.implied(), [SegmentKind::Registry, SegmentKind::Namespace, SegmentKind::Tag]);
    let words: Vec<&str> = breakdown.segments.iter().map(|segment| segment.explanation.as_str()).collect();
    assert_eq!(
        words,
        [
            "The host that keeps the image. You typed none, so Docker Hub is meant. A first part with a dot, a colon or \
             the name `localhost` would be read as a host.",
            "Docker Hub keeps its official images under `library`. A name with one part goes there; no other registry \
             does this. Type `yourname/nginx` to look elsewhere.",
            "The image itself: all its versions share this name. The only part you must type.",
            "A label that can be moved to another image at any time. Without one, latest is meant; it is a name like any \
             other, not the newest by rule.",
            "The hash of the manifest. Add it, and you get the same bytes for ever or an error, never something else.",
        ]
    );
}

#[test]
fn a_typed_registry_is_told_by_its_host() {
    let cases = [
        (
            "docker.io/a/b",
            "This is Docker Hub, which you may leave out. Requests go to `registry-1.docker.io`.",
        ),
        (
            "registry-1.docker.io/a/b",
            "This is the address of Docker Hub, whose name in references is `docker.io`.",
        ),
        ("ghcr.io/a/b", "This is GitHub's container registry."),
        (
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/b",
            "This is Amazon ECR: the account `123456789012` in the region `us-east-1`.",
        ),
        ("public.ecr.aws/a/b", "This is Amazon's public gallery."),
        ("myregistry.azurecr.io/b", "This is Azure Container Registry: the registry `myregistry`."),
        ("gcr.io/a/b", "This is Google's container registry."),
        ("eu.gcr.io/a/b", "This is Google's container registry."),
        ("europe-west1-docker.pkg.dev/p/r/b", "This is Google Artifact Registry in `europe-west1`."),
        ("quay.io/a/b", "This is Quay, Red Hat's registry."),
        ("registry.gitlab.com/a/b", "This is GitLab's container registry."),
        ("127.0.0.1:5055/b", "This is a registry on your own computer, at port 5055."),
        ("localhost/b", "This is a registry on your own computer."),
        ("registry.example.com/b", "`registry.example.com` is read as a host because it has a dot."),
        ("build:5000/b", "`build:5000` is read as a host because it names a port after a colon."),
        ("[fd00::1]/b", "`[fd00::1]` is read as a host because it is an address in brackets."),
        ("Build/b", "`Build` is read as a host because it has an upper-case letter, which no path has."),
    ];
    for (input, about) in cases {
        let breakdown = explain(input).outcome.unwrap();
        assert_eq!(
            breakdown.segments[0].explanation,
            format!("The host that keeps the image. {about}"),
            "{input}"
        );
    }
}

#[test]
fn traps_fire_where_they_should_and_nowhere_else() {
    let hub = format!("myregistry/myapp:1@{DIGEST}");
    let cases: &[(&str, &[TrapCode])] = &[
        ("myregistry/myapp", &[HubNotRegistry, LatestMoves]),
        (&hub, &[HubNotRegistry, DigestWins]),
        ("registry.example.com", &[HubNotRegistry, LatestMoves]),
        ("localhost", &[HubNotRegistry, LatestMoves]),
        ("localhost:5000", &[TagLikePort]),
        ("registry.example.com:443", &[TagLikePort]),
        ("myregistry:5000", &[TagLikePort]),
        ("192.168.1.1:5000", &[TagLikePort]),
        ("postgres:16", &[]),
        ("ubuntu:2204", &[]),
        ("nginx:99999", &[]),
        ("ghcr.io/a:5000", &[]),
        ("Docker/app:1", &[UpperCase]),
        ("GHCR.io/a:1", &[]),
        ("MyApp", &[UpperCase]),
        ("ghcr.io/Owner/app", &[UpperCase]),
        ("https://ghcr.io/owner/app", &[SchemeTyped]),
        ("HTTPS://ghcr.io/owner/app", &[SchemeTyped]),
        ("ghcr.io/a:latest", &[LatestMoves]),
        ("ghcr.io/a:stable", &[]),
        ("", &[]),
        ("nginx:", &[]),
    ];
    for (input, expected) in cases {
        assert_eq!(trap_codes(input), *expected, "{input}");
    }
}

#[test]
fn trap_messages_name_what_was_typed() {
    let message = |input: &str| explain(input).traps[0].message.clone();
    assert_eq!(
        message("myregistry/myapp"),
        "`myregistry/myapp` is on Docker Hub: `myregistry` is read as an account there, not as a registry. A registry \
         has a dot or a port, or is `localhost`"
    );
    assert!(message("localhost:5000").contains("such as `localhost:5000/app`"));
    assert!(message("example.com").contains("such as `example.com/app`"));
    assert!(message(&format!("a.b/c:v1@{DIGEST}")).contains("`sha256:6c3c624b58db…` is fetched"));
    assert!(message("https://a.b/c").contains("`https://` is never typed"));
}

#[test]
fn a_digest_alone_is_told_apart() {
    let breakdown = explain(DIGEST).outcome.unwrap();
    assert_eq!(breakdown.segments[2].text, "sha256");
    assert!(breakdown.segments[3].explanation.starts_with("You typed a digest alone"));
}

#[test]
fn words_for_json() {
    assert_eq!(SegmentKind::Namespace.as_str(), "namespace");
    assert_eq!(Presence::Implied.as_str(), "implied");
    let codes =
        [HubNotRegistry, UpperCase, DigestWins, TagLikePort, SchemeTyped, LatestMoves].map(TrapCode::as_str);
    assert_eq!(
        codes,
        ["hub_not_registry", "upper_case", "digest_wins", "tag_like_port", "scheme_typed", "latest_moves"]
    );
}
