//! The verbs about what registries have: `tags`, `catalog`, `referrers`, `diff`.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{World, keys};
use testkit::image::{Family, Image, Layer};
use testkit::registry::Registry;
use testkit::server::{Fault, On};

const LIST: &str = "/v2/team/app/tags/list";

/// A registry with these tags in `team/app`, each an image of its own.
fn tagged(tags: &[&str]) -> (World, Registry, String) {
    let registry = Registry::start();
    tags.iter().for_each(|tag| registry.put("team/app", tag, &Image::tiny(tag)));
    let repository = format!("{}/team/app", registry.host());
    (World::new(), registry, repository)
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[test]
fn tags_are_sorted_and_filtered() {
    let (world, _registry, repository) = tagged(&["1.9", "1.25.4-alpine", "1.25.5", "edge", "latest"]);
    let of = |args: &[&str]| world.ok(&[&["tags", &repository], args].concat());
    assert_eq!(lines(&of(&[])), ["latest", "1.25.5", "1.25.4-alpine", "1.9", "edge"]);
    for sort in ["name", "registry"] {
        let want = ["1.25.4-alpine", "1.25.5", "1.9", "edge", "latest"];
        assert_eq!(lines(&of(&["--sort", sort])), want, "{sort}");
    }
    assert_eq!(lines(&of(&["--filter", "ALPINE"])), ["1.25.4-alpine"]);
    assert_eq!(lines(&of(&["--filter", "1.25", "--sort", "registry"])), ["1.25.4-alpine", "1.25.5"]);
}

#[test]
fn tags_in_the_registrys_order_come_page_by_page() {
    let (world, registry, repository) = tagged(&["a"]);
    (0..1500).for_each(|at| registry.put("team/app", &format!("b{at:04}"), &Image::tiny("b")));
    registry.fault(On::get(LIST).nth(2), Fault::status(404));
    let ran = world.run(&["tags", &repository, "--sort", "registry"]);
    assert_eq!(ran.status, 1);
    assert_eq!(lines(&ran.stdout).len(), 1000, "the first page is there although the second failed");
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
}

#[test]
fn long_tags_say_what_each_is() {
    let (world, registry, repository) = tagged(&["1.0"]);
    let arm = Image::builder(Family::Oci).platform("linux/arm64").layer(Layer::noise(2, 900)).build();
    let amd = Image::builder(Family::Oci)
        .layer(Layer::noise(1, 500))
        .edit_config(|config| config["created"] = json!("2024-01-02T03:04:05Z"))
        .build();
    let both = Image::index(Family::Oci, &[&amd, &arm]);
    registry.put("team/app", "2.0", &both);
    registry.fault(On::any("/v2/*/manifests/1.0"), Fault::status(404));
    let table = world.ok(&["tags", &repository, "--long"]);
    let [heading, newest, older] = lines(&table)[..] else { panic!("{table}") };
    for word in ["TAG", "DIGEST", "KIND", "PLATFORMS", "SIZE", "CREATED"] {
        assert!(heading.contains(word), "{table}");
    }
    for cell in ["2.0", both.digest().short(), "index", "linux/amd64, linux/arm64", "years ago"] {
        assert!(newest.contains(cell), "`{cell}` in {table}");
    }
    assert!(older.starts_with("1.0") && older.contains("has no manifest `1.0`"), "{table}");

    let told = world.json(&["tags", &repository, "--long", "--platform", "linux/arm64"]);
    assert_eq!(keys(&told), ["invalid", "partial", "rate_limit", "repository", "tags", "warnings"]);
    let tag = &told["tags"][0];
    assert_eq!(
        (&tag["tag"], &tag["kind"], &tag["platform"]),
        (&json!("2.0"), &json!("index"), &json!("linux/arm64"))
    );
    assert_eq!(tag["size"], arm.blob_bytes());
    assert_eq!(tag["digest"], both.digest().as_str());
    assert!(told["tags"][1]["error"].as_str().unwrap().contains("1.0"));
    let short = world.json(&["tags", &repository]);
    assert_eq!(keys(&short["tags"][0]), keys(tag), "the same fields, without `--long` most are null");
    assert_eq!(short["tags"][0]["digest"], Value::Null);
}

#[test]
fn f074_odd_tags_are_told_and_harmless() {
    let (world, registry, repository) = tagged(&["1.0"]);
    let body = json!({ "tags": ["1.0", "\u{1b}[31mred", "a b"] }).to_string();
    registry.fault(On::get(LIST), Fault::status(200).header("Content-Type", "application/json").body(body));
    let ran = world.run(&["tags", &repository]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "1.0\n"));
    assert_eq!(ran.stderr, "warning: the registry lists 2 names that are no tags\n");
    let ran = world.run(&["tags", &repository, "--json"]);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["invalid"], json!(["\u{1b}[31mred", "a b"]));
    for bad in ["x:1", "x@sha256:0", "X"] {
        assert_eq!(world.run(&["tags", bad]).status, 1, "{bad}");
    }
}

#[test]
fn a_catalog_is_listed_or_explained() {
    let (world, registry, _) = tagged(&["1.0"]);
    registry.put("web", "1", &Image::tiny("w"));
    let host = registry.host();
    let all = [format!("{host}/team/app"), format!("{host}/web")];
    assert_eq!(lines(&world.ok(&["catalog", &host])), all);
    assert_eq!(lines(&world.ok(&["catalog", &host, "--filter", "WEB"])), all[1..]);
    let told = world.json(&["catalog", &host]);
    assert_eq!(keys(&told), ["invalid", "partial", "registry", "repositories", "warnings"]);
    assert_eq!(told["repositories"], json!(all));

    for (name, fault) in [("none", Some(Fault::status(404))), ("Docker Hub", None)] {
        let host = if let Some(fault) = fault {
            registry.fault(On::get("/v2/_catalog"), fault);
            host.as_str()
        } else {
            "docker.io"
        };
        let ran = world.run(&["catalog", host, "--json"]);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{name}");
        assert_eq!(ran.error()["code"], "catalog_unavailable", "{name}");
        assert!(ran.error()["hint"].as_str().unwrap().contains("Type the repository's name"), "{name}");
    }
}

#[test]
fn referrers_are_a_table_and_an_array() {
    let (world, registry, repository) = tagged(&["1.0"]);
    let (subject, signature) = (Image::tiny("1.0"), Image::tiny("signature"));
    let name = format!("{repository}:1.0");
    let ran = world.run(&["referrers", &name]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""));
    assert!(ran.stderr.starts_with("Nothing refers to "), "{}", ran.stderr);
    registry.put("team/app", &format!("sha256-{}.sig", subject.digest().hex()), &signature);
    for name in [name, format!("{repository}@{}", subject.digest())] {
        let table = world.ok(&["referrers", &name]);
        let [heading, row] = lines(&table)[..] else { panic!("{table}") };
        assert!(heading.starts_with("TYPE") && row.starts_with("Signature (cosign)"), "{table}");
        assert!(row.contains(signature.digest().short()) && row.ends_with("cosign's tag"), "{table}");
        let told = world.json(&["referrers", &name]);
        assert_eq!(told["subject"], subject.digest().as_str());
        let [referrer] = &told["referrers"].as_array().unwrap()[..] else { panic!("{told}") };
        assert_eq!(
            (&referrer["via"], &referrer["digest"]),
            (&json!("cosign"), &json!(signature.digest().as_str()))
        );
        let none = world.json(&["referrers", &name, "--artifact-type", "application/spdx+json"]);
        assert_eq!(none["referrers"], json!([]));
    }
    assert_eq!(world.run(&["referrers", &format!("{repository}:none")]).status, 1);
}

#[test]
fn diff_compares_the_store_with_the_registry() {
    let (world, registry, repository) = tagged(&[]);
    let base = || Image::builder(Family::Oci).layer(Layer::noise(1, 5000).created_by("ADD base in /"));
    let config = |mode: &str| json!({ "Env": [format!("MODE={mode}")], "Cmd": ["run"] });
    let old = base().container_config(config("old")).build();
    let new = base()
        .layer(Layer::noise(2, 700).created_by("RUN  make   install"))
        .container_config(config("new"))
        .build();
    registry.put("team/app", "1", &old);
    let name = format!("{repository}:1");
    world.ok(&["pull", "-q", &name]);
    registry.put("team/app", "1", &new);
    assert!(world.ok(&["diff", &name, &name]).contains("They are the same image."), "both are found here");

    let text = world.ok(&["diff", &format!("store:{name}"), &format!("docker://{name}")]);
    assert!(text.contains("(store)") && text.contains("(registry)"), "{text}");
    assert!(
        text.contains("Layers: 1 in both (") && text.contains(" 0 only in A (0B), 1 only in B ("),
        "{text}"
    );
    assert!(
        lines(&text).iter().any(|line| line.starts_with("+   -") && line.ends_with("RUN make install")),
        "{text}"
    );
    assert!(text.contains("Environment:\n  - MODE=old\n  + MODE=new\n"), "{text}");
    assert!(!text.contains("Cmd"), "what is the same is left out: {text}");

    let told = world.json(&["diff", &format!("store:{name}"), &format!("docker://{name}")]);
    assert_eq!(
        keys(&told),
        ["a", "b", "config", "layers", "only_a_bytes", "only_b_bytes", "platforms", "same", "shared_bytes"]
    );
    assert_eq!((&told["a"]["source"], &told["b"]["source"]), (&json!("store"), &json!("registry")));
    assert_eq!(told["shared_bytes"], old.blobs[1].size());
    assert_eq!(told["layers"][1]["side"], "b");
    let ran = world.run(&["diff", "store:nowhere.invalid/x:1", &name]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("is not on this computer"), "{}", ran.stderr);
}
