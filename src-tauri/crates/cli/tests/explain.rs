//! `longshore explain`: the verdicts of distribution/reference, and how they are told.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{World, keys};

#[test]
fn explain_agrees_with_distributions_own_vectors() {
    let text = include_str!("../../oci/tests/data/reference_vectors.json");
    let vectors: Vec<Value> = serde_json::from_str(text).unwrap();
    assert!(vectors.len() > 400, "{}", vectors.len());
    let world = World::new();
    let check = |vector: &Value| {
        let input = vector["input"].as_str().unwrap();
        // No argument of a program can hold one; crate `oci` tests these.
        if input.contains('\0') {
            return;
        }
        let ran = world.run(&["explain", "--json", "--", input]);
        let got: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{input}: {ran:?}"));
        assert_eq!(got["input"], input);
        assert_eq!(ran.stderr, "", "{input}");
        if vector["error"] == true {
            assert_eq!(ran.status, 1, "{input}");
            assert_eq!(got["error"]["code"], "reference_invalid", "{input}");
            return;
        }
        assert_eq!(ran.status, 0, "{input}: {got}");
        for field in ["canonical", "familiar", "registry", "path", "tag", "digest"] {
            assert_eq!(got[field], vector[field], "{field} of {input}");
        }
        let parts = [&got["namespace"], &got["repository"]].map(|part| part.as_str().unwrap());
        let path = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("/");
        assert_eq!(path, vector["path"], "{input}");
    };
    // A process each: on two cores at once.
    let (one, two) = vectors.split_at(vectors.len() / 2);
    std::thread::scope(|scope| {
        scope.spawn(|| one.iter().for_each(check));
        two.iter().for_each(check);
    });
}

#[test]
fn explain_json_has_every_field() {
    let world = World::new();
    let nginx = world.json(&["explain", "nginx"]);
    let fields = [
        "api_host",
        "canonical",
        "digest",
        "familiar",
        "implied",
        "input",
        "namespace",
        "path",
        "registry",
        "repository",
        "segments",
        "tag",
        "traps",
    ];
    assert_eq!(keys(&nginx), fields);
    assert_eq!(nginx["implied"], json!(["registry", "namespace", "tag"]));
    assert_eq!(nginx["api_host"], "registry-1.docker.io");
    assert_eq!(nginx["digest"], Value::Null);
    assert_eq!(nginx["segments"].as_array().unwrap().len(), 5);
    assert_eq!(keys(&nginx["segments"][0]), ["explanation", "kind", "presence", "text"]);
    assert_eq!(nginx["traps"][0]["code"], "latest_moves");

    let digest = format!("sha256:{}", "a".repeat(64));
    let pinned = world.json(&["explain", &format!("ghcr.io/owner/image@{digest}")]);
    assert_eq!((&pinned["tag"], &pinned["digest"]), (&Value::Null, &json!(digest)), "no tag is implied");
    assert_eq!(pinned["implied"], json!([]));
}

#[test]
fn explain_tells_the_parts() {
    let text = World::new().ok(&["explain", "localhost:5000/team/app:v2"]);
    assert!(
        text.starts_with("localhost:5000/team/app:v2\n\n  registry    localhost:5000  (typed)\n"),
        "{text}"
    );
    assert!(text.contains("\n  namespace   team            (typed)\n"), "{text}");
    assert!(text.contains("\n  digest      -               (absent)\n"), "{text}");
    assert!(text.contains("\n  API host    localhost:5000\n"), "{text}");
}

#[test]
fn an_invalid_reference_shows_where_it_is_wrong() {
    let world = World::new();
    let rows = [
        ("upper case", "ghcr.io/owner/My/app", "  ghcr.io/owner/My/app\n                ^"),
        ("wide characters count once", "é:x", "  é:x\n  ^"),
        ("a colour is no colour here", "a\u{1b}[31m", "  a\\u{1b}[31m\n   ^^^^^^"),
        ("nothing", "", "  \n  ^"),
    ];
    for (name, input, shown) in rows {
        let ran = world.run(&["explain", input]);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{name}");
        assert!(ran.stderr.starts_with("error: "), "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(&format!("\n{shown}")), "{name}: {}", ran.stderr);
    }
    let ran = world.run(&["explain", "ghcr.io/owner/My/app"]);
    assert!(ran.stderr.contains("\nhint: try `ghcr.io/owner/my/app`\n"), "{ran:?}");
    let ran = world.run(&["explain", "--json", "ghcr.io/owner/My/app"]);
    let got: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(keys(&got), ["error", "input", "traps"]);
    assert_eq!(got["error"]["span"], json!({ "start": 14, "end": 15 }));
    assert_eq!(got["error"]["hint"], "try `ghcr.io/owner/my/app`");
}

#[test]
fn options_may_stand_before_and_after_the_input() {
    let world = World::new();
    for args in
        [["explain", "--json", "nginx"], ["--json", "explain", "nginx"], ["explain", "nginx", "--json"]]
    {
        assert!(world.ok(&args).starts_with('{'), "{args:?}");
    }
    // What begins with a hyphen is explained, not taken for an option.
    let ran = world.run(&["explain", "-nginx"]);
    assert_eq!(ran.status, 1, "{ran:?}");
}
