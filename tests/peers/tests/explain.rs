//! `longshore explain --json` against the test vectors of distribution/reference.

use peers::{Longshore, Running};
use serde_json::{Value, json};

const VECTORS: &str = include_str!("../../../src-tauri/crates/oci/tests/data/reference_vectors.json");

fn explain(longshore: &Longshore, input: &str) -> peers::Finished {
    // An input may begin with a dash.
    Running::start(&mut longshore.bare(&["explain", "--json", "--", input])).wait()
}

#[test]
fn the_vectors_of_distribution() {
    let longshore = Longshore::new();
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    assert!(vectors.len() > 400);
    let mut wrong = Vec::new();
    for vector in &vectors {
        let input = vector["input"].as_str().unwrap();
        // No program can be given a NUL.
        if input.contains('\0') {
            continue;
        }
        let run = explain(&longshore, input);
        if vector["error"] == true {
            let accepted =
                serde_json::from_str::<Value>(&run.stdout).is_ok_and(|it| it["canonical"].is_string());
            if run.status != Some(1) || accepted {
                wrong.push(format!("`{input}` is malformed, but: {:?} {}", run.status, run.stdout));
            }
            continue;
        }
        let found = run.json();
        for field in ["registry", "path", "tag", "digest", "canonical", "familiar", "input"] {
            if found[field] != vector[field] {
                wrong.push(format!("`{input}`: {field} is {}, not {}", found[field], vector[field]));
            }
        }
        let (namespace, repository) = match vector["path"].as_str().unwrap().rsplit_once('/') {
            Some((namespace, repository)) => (json!(namespace), json!(repository)),
            None => (json!(""), vector["path"].clone()),
        };
        let namespace_agrees =
            found["namespace"] == namespace || (namespace == "" && found["namespace"] == Value::Null);
        if !namespace_agrees || found["repository"] != repository {
            wrong.push(format!("`{input}`: {} / {}", found["namespace"], found["repository"]));
        }
    }
    assert!(wrong.is_empty(), "{} disagree:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_was_implied_is_told() {
    let longshore = Longshore::new();
    let digest = format!("sha256:{}", "0".repeat(64));
    for (input, implied) in [
        ("nginx".to_owned(), json!(["registry", "namespace", "tag"])),
        ("nginx:1.25".to_owned(), json!(["registry", "namespace"])),
        ("owner/app".to_owned(), json!(["registry", "tag"])),
        ("ghcr.io/owner/app:1".to_owned(), json!([])),
        (format!("nginx@{digest}"), json!(["registry", "namespace"])),
    ] {
        let found = explain(&longshore, &input).json();
        assert_eq!(found["implied"], implied, "{input}");
    }
    let found = explain(&longshore, &format!("nginx@{digest}")).json();
    assert_eq!((&found["tag"], &found["digest"]), (&Value::Null, &json!(digest)));
}
