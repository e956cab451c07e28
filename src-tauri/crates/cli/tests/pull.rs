//! `longshore pull`: what it prints, what it moves, how it fails.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
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
fn ids(image: &Image) -> Vec<String> {
    image.blobs[1..].iter().map(|layer| layer.digest.short().to_owned()).collect()
}

/// Lines of layers come as they are done: sorted, they are always the same.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_pull_prints_what_docker_prints() {
    let (world, registry) = (World::new(), Registry::start());
    let app = image(&[1, 2]);
    registry.put("team/app", "latest", &app);
    let name = format!("{}/team/app", registry.host());
    let printed = world.ok(&["pull", &name]);
    let [one, two] = &ids(&app)[..] else { panic!() };
    let head = "Using default tag: latest\nlatest: Pulling from team/app\n";
    let tail = format!(
        "Digest: {}\nStatus: Downloaded newer image for {name}:latest\n{name}:latest\n",
        app.digest()
    );
    let layers = printed.strip_prefix(head).and_then(|rest| rest.strip_suffix(&tail)).expect(&printed);
    let mut want = [format!("{one}: Pull complete"), format!("{two}: Pull complete")];
    want.sort();
    assert_eq!(sorted(layers), want);

    // Again: nothing is moved, and nothing is said of layers.
    registry.clear_log();
    let again = world.ok(&["pull", &name]);
    let tail =
        format!("Digest: {}\nStatus: Image is up to date for {name}:latest\n{name}:latest\n", app.digest());
    assert_eq!(again, format!("{head}{tail}"));
    assert_eq!(registry.count(&On::blobs()), 0, "{}", registry.transcript());
    assert_eq!(registry.log().len(), 1, "one request is enough: {}", registry.transcript());
}

#[test]
fn a_layer_that_is_here_exists_already() {
    let (world, registry) = (World::new(), Registry::start());
    let (old, new) = (image(&[1, 2]), image(&[1, 3]));
    registry.put("team/app", "1", &old);
    registry.put("team/app", "2", &new);
    world.ok(&["pull", &registry.reference("team/app", "1")]);
    let printed = world.ok(&["pull", &registry.reference("team/app", "2")]);
    let [base, top] = &ids(&new)[..] else { panic!() };
    let reference = registry.reference("team/app", "2");
    let want = format!(
        "2: Pulling from team/app\n{base}: Already exists\n{top}: Pull complete\nDigest: {}\n\
         Status: Downloaded newer image for {reference}\n{reference}\n",
        new.digest()
    );
    assert_eq!(printed, want);
}

#[test]
fn a_pull_by_digest_names_the_digest() {
    let (world, registry) = (World::new(), Registry::start());
    let app = image(&[1]);
    registry.put("team/app", "1", &app);
    let reference = registry.reference_by_digest("team/app", app.digest());
    let printed = world.ok(&["pull", &reference]);
    assert!(printed.starts_with(&format!("{reference}: Pulling from team/app\n")), "{printed}");
    assert!(printed.ends_with(&format!("newer image for {reference}\n{reference}\n")), "{printed}");
}

#[test]
fn quiet_prints_the_name_alone() {
    let (world, registry) = (World::new(), Registry::start());
    registry.put("app", "latest", &image(&[1]));
    let name = format!("{}/app", registry.host());
    assert_eq!(world.ok(&["pull", "-q", &name]), format!("{name}:latest\n"));
}

#[test]
fn json_is_one_object() {
    let (world, registry) = (World::new(), Registry::start());
    let app = image(&[1, 2]);
    registry.put("app", "1", &app);
    let reference = registry.reference("app", "1");
    let first = world.json(&["pull", &reference]);
    let fields = [
        "digest",
        "familiar",
        "media_type",
        "moved",
        "platforms",
        "previous",
        "reference",
        "size",
        "skipped",
        "up_to_date",
        "warnings",
    ];
    assert_eq!(keys(&first), fields);
    assert_eq!(first["reference"], reference);
    assert_eq!(first["digest"], app.digest().as_str());
    assert_eq!((&first["moved"], &first["skipped"]), (&json!(app.blob_bytes()), &json!(0)));
    assert_eq!(first["platforms"], json!(["linux/amd64"]));
    assert_eq!((&first["up_to_date"], &first["previous"]), (&json!(false), &Value::Null));
    let second = world.json(&["pull", &reference]);
    assert_eq!((&second["moved"], &second["skipped"]), (&json!(0), &json!(app.blob_bytes())));
    assert_eq!((&second["up_to_date"], &second["previous"]), (&json!(true), &json!(app.digest().as_str())));
}

#[test]
fn platforms_are_chosen() {
    let (world, registry) = (World::new(), Registry::start());
    let of = |platform: &str, seed| {
        Image::builder(Family::Oci).platform(platform).layer(Layer::noise(seed, 5_000)).build()
    };
    let (amd, arm) = (of("linux/amd64", 1), of("linux/arm64/v8", 2));
    let multi = Image::index(Family::Oci, &[&amd, &arm]);
    registry.put("multi", "1", &multi);
    let reference = registry.reference("multi", "1");

    let one = world.json(&["pull", "--platform", "arm64", &reference]);
    assert_eq!((&one["platforms"], &one["moved"]), (&json!(["linux/arm64/v8"]), &json!(arm.blob_bytes())));
    let all = world.json(&["pull", "--all-platforms", &reference]);
    assert_eq!(all["platforms"], json!(["linux/amd64", "linux/arm64/v8"]));
    assert_eq!((&all["moved"], &all["skipped"]), (&json!(amd.blob_bytes()), &json!(arm.blob_bytes())));

    let missing = world.run(&["pull", "--platform", "linux/s390x", &reference, "--json"]);
    assert_eq!((missing.status, missing.stdout.as_str()), (1, ""));
    let error = missing.error();
    assert_eq!(error["code"], "platform_missing");
    assert_eq!(error["choices"], json!(["linux/amd64", "linux/arm64/v8"]));
}

#[test]
fn all_tags_are_pulled_and_a_failing_one_stops_none() {
    let (world, registry) = (World::new(), Registry::start());
    let (one, two, three) = (image(&[1]), image(&[2]), image(&[3]));
    for (tag, image) in [("a", &one), ("b", &two), ("c", &three)] {
        registry.put("team/app", tag, image);
    }
    let name = format!("{}/team/app", registry.host());
    registry.fault(On::manifest("b"), Fault::status(403));
    let ran = world.run(&["pull", "-a", &name]);
    assert_eq!(ran.status, 1, "{ran:?}");
    for tag in ["a: Pulling", "b: Pulling", "c: Pulling"] {
        assert!(ran.stdout.contains(&format!("{tag} from team/app\n")), "{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("Using default tag"), "{}", ran.stdout);
    assert!(
        ran.stdout.ends_with(&format!("Status: Downloaded newer image for {name}\n{name}\n")),
        "{}",
        ran.stdout
    );
    assert!(ran.stderr.contains("b: error: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("error: 1 of 3 tags failed: `b`"), "{}", ran.stderr);
    let tags: Vec<Value> =
        world.json(&["images"]).as_array().unwrap().iter().map(|it| it["tag"].clone()).collect();
    assert_eq!((tags.len(), tags.contains(&json!("b"))), (2, false));

    let ran = world.run(&["pull", "-a", &name, "--json"]);
    assert_eq!((ran.status, &ran.error()["code"]), (1, &json!("auth_refused")), "{ran:?}");
    let got: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&got["repository"], &got["failed"]), (&json!(name), &json!(["b"])));
    assert_eq!(got["tags"][1]["error"]["code"], "auth_refused");
    assert_eq!(got["tags"][2]["up_to_date"], true);

    registry.heal();
    let healed = world.ok(&["pull", "-q", "-a", &name]);
    assert_eq!(healed, format!("{name}:a\n{name}:b\n{name}:c\n"));
}

#[test]
fn a_failure_says_what_why_and_what_next() {
    let (world, registry) = (World::new(), Registry::start());
    registry.put("team/app", "1", &image(&[1]));
    let reference = registry.reference("team/app", "2");
    let ran = world.run(&["pull", &reference]);
    assert_eq!(ran.status, 1);
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert!(lines[0].starts_with("error: ") && lines[0].contains("`2`"), "{ran:?}");
    assert_eq!(lines[1], "  the registry says: MANIFEST_UNKNOWN: manifest unknown");
    assert_eq!(lines[2], format!("  in: GET {}/v2/team/app/manifests/2 → 404", registry.host()));
    assert!(lines[3].starts_with("hint: "), "{ran:?}");

    let ran = world.run(&["pull", "--json", &reference]);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    let error = ran.error();
    assert_eq!(
        keys(&error),
        ["causes", "choices", "code", "digest", "docker", "exchange", "hint", "message", "remedies"]
    );
    assert_eq!(error["code"], "not_found");
    let want = json!({
        "method": "GET", "host": registry.host(), "path": "/v2/team/app/manifests/2", "status": 404,
        "purpose": "manifest", "summary": "MANIFEST_UNKNOWN: manifest unknown",
    });
    assert_eq!(error["exchange"], want);
    assert_eq!(world.json(&["images"]), json!([]));
}

#[test]
fn usage_is_two_and_a_bad_reference_is_one() {
    let world = World::new();
    let two: [&[&str]; 8] = [
        &["pull"],
        &["frobnicate"],
        &["pull", "--platform", "linux/amd64/v1/x", "nginx"],
        &["pull", "--platform", "linux/amd64", "--all-platforms", "nginx"],
        &["pull", "--plain-http", "http://x", "nginx"],
        &["pull", "-a", "nginx:1.25"],
        &["pull", "-q", "--json", "nginx"],
        &["inspect", "--remote", &format!("sha256:{}", "a".repeat(64))],
    ];
    for args in two {
        let ran = world.run(args);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.stderr.starts_with("error: "), "{args:?}: {ran:?}");
    }
    let ran = world.run(&["pull", "nginx/Xx"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("\n  nginx/Xx\n        ^"), "{}", ran.stderr);
    assert!(!world.store_dir().exists(), "nothing was made");
    assert_eq!(world.run(&["--help"]).status, 0);
    assert_eq!(world.ok(&["--version"]), format!("longshore {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn an_account_is_found_where_docker_keeps_it_and_never_shown() {
    use base64::Engine as _;
    const SECRET: &str = "canary-secret";
    let world = World::new();
    let registry = Registry::guarded(Guard::basic("ann", SECRET));
    registry.put("app", "1", &image(&[1]));
    let reference = registry.reference("app", "1");

    let without = world.run(&["pull", &reference, "--json"]);
    assert_eq!((without.status, &without.error()["code"]), (1, &json!("auth_required")), "{without:?}");

    let dir = world.path("docker");
    std::fs::create_dir(&dir).unwrap();
    let auth = base64::engine::general_purpose::STANDARD.encode(format!("ann:{SECRET}"));
    let config = json!({ "auths": { registry.host(): { "auth": auth } } }).to_string();
    // Others can read it, which is worth a warning.
    std::fs::write(dir.join("config.json"), config).unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(dir.join("config.json"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let with = world.run(&["pull", &reference, "--docker-config", dir.to_str().unwrap(), "--json"]);
    assert_eq!(with.status, 0, "{with:?}");
    assert!(with.stderr.starts_with("warning: "), "{with:?}");
    let got: Value = serde_json::from_str(&with.stdout).unwrap();
    assert_eq!(got["warnings"].as_array().unwrap().len(), 1);

    registry.fault(On::manifests(), Fault::status(404));
    let failing = world.run(&["pull", &reference, "--docker-config", dir.to_str().unwrap(), "--json"]);
    for text in [&with.stdout, &with.stderr, &failing.stdout, &failing.stderr] {
        assert!(!text.contains(SECRET) && !text.contains(&auth), "{text}");
    }
}
