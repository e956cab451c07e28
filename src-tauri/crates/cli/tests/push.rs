//! `longshore push`, `copy` and `tag`: what they print, what they move, how they fail.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::json;
use support::{World, keys};
use testkit::auth::Guard;
use testkit::image::{Family, Image, Layer};
use testkit::registry::Registry;
use testkit::server::{Fault, On};

fn image(layers: &[u64]) -> Image {
    let noise = layers.iter().map(|seed| Layer::noise(*seed, 20_000));
    Image::builder(Family::Docker).layers(noise).build()
}

/// The 12 digits of each layer, base first.
fn ids(image: &Image) -> Vec<&str> {
    image.blobs[1..].iter().map(|layer| layer.digest.short()).collect()
}

fn sorted(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.into_iter().collect();
    lines.sort_unstable();
    lines
}

/// Puts an image into the store under a name.
fn store(world: &World, image: &Image, name: &str) {
    let store = world.store();
    for object in image.blobs.iter().chain(&image.manifests).chain([&image.root]) {
        store.put_as(&object.digest, &object.bytes).unwrap();
    }
    store.publish(Some(&name.parse().unwrap()), &image.root.descriptor()).unwrap();
}

/// The lines of layers, sorted, between the first line and the last.
fn layer_lines(printed: &str, head: &str, tail: &str) -> Vec<String> {
    let lines = printed.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail)).expect(printed);
    sorted(lines.lines().map(str::to_owned))
}

#[test]
fn a_push_prints_what_docker_prints() {
    let (world, registry) = (World::new(), Registry::start());
    let app = image(&[1, 2]);
    let name = format!("{}/team/app", registry.host());
    store(&world, &app, &format!("{name}:v1"));
    let head = format!("The push refers to repository [{name}]\n");
    let tail = format!("v1: digest: {} size: {}\n", app.digest(), app.root.size());
    let lines = |words: &[&str]| {
        sorted(ids(&app).iter().flat_map(|id| words.iter().map(move |it| format!("{id}: {it}"))))
    };

    let first = world.ok(&["push", &format!("{name}:v1")]);
    assert_eq!(layer_lines(&first, &head, &tail), lines(&["Preparing", "Pushed"]));
    assert!(registry.has("team/app", "v1", &app));

    let again = world.ok(&["push", &format!("{name}:v1")]);
    assert_eq!(layer_lines(&again, &head, &tail), lines(&["Preparing", "Layer already exists"]));

    // The store knows from the first name where the registry has the layers.
    let second = format!("{}/prod/app", registry.host());
    assert_eq!(world.ok(&["tag", &format!("{name}:v1"), &format!("{second}:v1")]), "");
    let head = format!("The push refers to repository [{second}]\n");
    let mounted = world.ok(&["push", &format!("{second}:v1")]);
    assert_eq!(layer_lines(&mounted, &head, &tail), lines(&["Preparing", "Mounted from team/app"]));
    assert_eq!(world.ok(&["push", "-q", &format!("{second}:v1")]), format!("{second}:v1\n"));
}

#[test]
fn json_of_a_push_and_of_what_it_would_do() {
    let (world, registry) = (World::new(), Registry::start());
    let (app, old) = (image(&[1, 2]), image(&[3]));
    registry.put("team/app", "v1", &old);
    let name = format!("{}/team/app:v1", registry.host());
    store(&world, &app, &name);
    let plan = world.json(&["push", "--dry-run", &name]);
    assert_eq!(plan["upload"], json!(app.blob_bytes()));
    assert_eq!((&plan["mount"], &plan["exists"], &plan["may_push"]), (&json!(0), &json!(0), &json!(true)));
    assert_eq!(plan["previous"], json!(old.digest().as_str()));
    assert_eq!(plan["blobs"][1]["fate"], "upload");
    assert_eq!(registry.tag("team/app", "v1").as_ref(), Some(old.digest()), "nothing was done");
    assert_eq!(registry.open_uploads(), 0);
    let text = world.ok(&["push", "--dry-run", &name]);
    assert!(text.contains("(nothing was pushed)") && text.contains("moves from"), "{text}");

    let pushed = world.json(&["push", &name]);
    assert_eq!(
        keys(&pushed),
        [
            "digest",
            "familiar",
            "lost_platforms",
            "media_type",
            "mounted",
            "moved",
            "previous",
            "reference",
            "size",
            "skipped",
            "up_to_date",
            "warnings"
        ]
    );
    assert_eq!(
        (&pushed["moved"], &pushed["previous"]),
        (&json!(app.blob_bytes()), &json!(old.digest().as_str()))
    );
    assert!(registry.has("team/app", "v1", &app));
}

#[test]
fn every_tag_goes_and_one_that_fails_stops_no_other() {
    let (world, registry) = (World::new(), Registry::start());
    let name = format!("{}/team/app", registry.host());
    for (tag, seed) in [("a", 1), ("b", 2), ("c", 3)] {
        store(&world, &image(&[seed]), &format!("{name}:{tag}"));
    }
    registry.fault(On::put("/v2/team/app/manifests/b"), Fault::status(400));
    let ran = world.run(&["push", "-a", &name, "--json"]);
    assert_eq!(ran.status, 1, "{ran:?}");
    let result: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(result["failed"], json!(["b"]));
    assert_eq!(result["tags"].as_array().unwrap().len(), 3);
    for (tag, there) in [("a", true), ("b", false), ("c", true)] {
        assert_eq!(registry.tag("team/app", tag).is_some(), there, "{tag}");
    }
    let ran = world.run(&["push", "-a", &format!("{name}:a")]);
    assert_eq!(ran.status, 2, "{ran:?}");
}

#[test]
fn a_refusal_says_the_next_step() {
    let (world, registry) = (World::new(), Registry::guarded(Guard::basic("ann", "secret")));
    let name = format!("{}/team/app:v1", registry.host());
    store(&world, &image(&[1]), &name);
    let error = world.run(&["push", &name, "--json"]).error();
    assert_eq!(error["code"], "auth_required");
    assert!(
        error["hint"].as_str().unwrap().contains(&format!("longshore login {}", registry.host())),
        "{error}"
    );
    let missing = world.run(&["push", "nowhere.test/x:y", "--json"]).error();
    assert_eq!(missing["code"], "image_missing");
}

#[test]
fn an_index_that_is_here_in_part_is_not_cut_in_silence() {
    let (world, registry) = (World::new(), Registry::start());
    let of = |platform: &str, seed| {
        Image::builder(Family::Oci).platform(platform).layer(Layer::noise(seed, 900)).build()
    };
    let (amd, arm, other) = (of("linux/amd64", 1), of("linux/arm64", 2), of("linux/s390x", 3));
    let index = Image::index(Family::Oci, &[&amd, &arm, &other]);
    let name = format!("{}/team/app:v1", registry.host());
    store(&world, &amd, &name);
    store(&world, &arm, &name);
    world.store().put_as(index.digest(), &index.root.bytes).unwrap();
    world.store().publish(Some(&name.parse().unwrap()), &index.root.descriptor()).unwrap();
    let error = world.run(&["push", &name, "--json"]).error();
    assert_eq!(error["code"], "platform_missing");
    assert_eq!(error["choices"], json!(["linux/amd64", "linux/arm64"]));
    assert_eq!(registry.tag("team/app", "v1"), None);
    let ran = world.run(&["push", &name, "--platform", "linux/amd64", "--platform", "linux/arm64", "--json"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.stderr.contains("linux/s390x"), "what is left out is said: {ran:?}");
    assert!(registry.has("team/app", "v1", &Image::index(Family::Oci, &[&amd, &arm])));
}

#[test]
fn copies_between_registries_the_store_and_a_layout_keep_every_digest() {
    let (world, from, to) = (World::new(), Registry::start(), Registry::start());
    let of = |platform: &str, seed| {
        Image::builder(Family::Oci).platform(platform).layer(Layer::noise(seed, 900)).build()
    };
    let index = Image::index(Family::Oci, &[&of("linux/amd64", 1), &of("linux/arm64", 2)]);
    from.put("team/app", "v1", &index);
    let (here, there) = (from.reference("team/app", "v1"), to.reference("prod/app", "v1"));
    let digest = json!(index.digest().as_str());
    let copy = |source: &str, destination: &str| world.json(&["copy", source, destination]);
    let copied = copy(&format!("docker://{here}"), &format!("docker://{there}"));
    assert_eq!((&copied["digest"], &copied["moved"]), (&digest, &json!(index.blob_bytes())));
    assert!(to.has("prod/app", "v1", &index));
    assert!(!world.store_dir().exists(), "nothing was stored");

    let mounted = copy(&format!("docker://{there}"), &format!("docker://{}", to.reference("mine/app", "v1")));
    assert_eq!((&mounted["moved"], &mounted["mounted"]), (&json!(0), &json!(index.blob_bytes())));

    assert_eq!(copy(&format!("docker://{there}"), "oci:layout:one")["digest"], digest);
    assert_eq!(copy(&format!("docker://{there}"), "oci:layout:two")["digest"], digest);
    assert_eq!(copy("oci:layout:one", "store:local/app:v1")["digest"], digest);
    assert_eq!(
        copy("store:local/app:v1", &format!("docker://{}", from.reference("back", "v1")))["digest"],
        digest
    );
    assert!(from.has("back", "v1", &index));
    let error = world.run(&["copy", "oci:layout:three", "store:x", "--json"]).error();
    assert!(error["hint"].as_str().unwrap().contains("one, two"), "{error}");
    let one = copy_of_one(&world, &here, &to);
    assert_eq!(one, index.manifests[1].digest.as_str());
    let ran = world.run(&["copy", "nginx", "store:x"]);
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.stderr.contains("docker://nginx"), "{ran:?}");
}

fn copy_of_one(world: &World, here: &str, to: &Registry) -> String {
    let destination = format!("docker://{}", to.reference("arm/app", "v1"));
    let ran =
        world.run(&["copy", "-q", &format!("docker://{here}"), &destination, "--platform", "linux/arm64"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    ran.stdout.trim().to_owned()
}

#[test]
fn a_second_name_is_given_and_moves() {
    let world = World::new();
    let (one, two) = (image(&[1]), image(&[2]));
    store(&world, &one, "r.test/one:v1");
    store(&world, &two, "r.test/two:v1");
    assert_eq!(world.ok(&["tag", "r.test/one:v1", "r.test/name"]), "");
    let moved = world.json(&["tag", &two.digest().hex()[..12], "r.test/name:latest"]);
    assert_eq!(moved["name"], "r.test/name:latest");
    assert_eq!(moved["previous"], json!(one.digest().as_str()));
    assert_eq!(world.run(&["tag", "r.test/none", "r.test/x", "--json"]).error()["code"], "image_missing");
}
