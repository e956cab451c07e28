//! The verbs about images that are here: `images`, `inspect`, `layers`, `rmi`, `gc`.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{World, keys};
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::registry::Registry;
use testkit::server::On;

/// An image of two layers with everything that a summary shows.
fn app() -> Image {
    let layer = |path: &str| Layer::new(&[Entry::file(path, b"x")], LayerCompression::Gzip);
    Image::builder(Family::Oci)
        .layer(layer("etc/base"))
        .layer(layer("app/run"))
        .container_config(json!({
            "Env": ["PATH=/bin", "MODE=\u{1b}[31mred"],
            "Entrypoint": ["/entry"],
            "Cmd": ["nginx", "-g", "daemon off;"],
            "WorkingDir": "/app",
            "ExposedPorts": { "80/tcp": {} },
            "Labels": { "maintainer": "ann", "trick": "a\u{202e}b\nName: fake" },
        }))
        .edit_config(|config| {
            config["history"][0]["created_by"] = json!("/bin/sh -c #(nop) ADD file:abc in / ");
            config["history"][1]["created_by"] = json!("RUN /bin/sh -c make   install # buildkit");
        })
        .build()
}

/// A world that has pulled it as `team/app:1`, with its registry and its name.
fn pulled() -> (World, Registry, String) {
    let (world, registry) = (World::new(), Registry::start());
    registry.put("team/app", "1", &app());
    let reference = registry.reference("team/app", "1");
    world.ok(&["pull", "-q", &reference]);
    registry.clear_log();
    (world, registry, reference)
}

#[test]
fn images_is_a_table_and_an_array() {
    let (world, registry, reference) = pulled();
    let repository = format!("{}/team/app", registry.host());
    let text = world.ok(&["images"]);
    let [heading, row] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
    let cells = |line: &str| {
        line.split("   ").map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(cells(heading), ["REPOSITORY", "TAG", "IMAGE ID", "PLATFORMS", "SIZE", "PULLED"]);
    let id = app().digest().short().to_owned();
    let row = cells(row);
    assert_eq!(row[..4], [&repository, "1", &id, "linux/amd64"]);
    assert!(row[4].ends_with('B'), "{row:?}");
    assert!(row[5].ends_with(" ago"), "{row:?}");
    assert!(world.ok(&["images", "--digests"]).contains(app().digest().as_str()));
    assert_eq!(world.ok(&["images", "-q"]), format!("{id}\n"));

    let list = world.json(&["images"]);
    let fields = [
        "complete",
        "created",
        "digest",
        "id",
        "media_type",
        "name",
        "partial",
        "platforms",
        "pulled_at",
        "repository",
        "size",
        "tag",
    ];
    assert_eq!(keys(&list[0]), fields);
    assert_eq!((&list[0]["name"], &list[0]["repository"]), (&json!(reference), &json!(repository)));
    assert_eq!((&list[0]["size"], &list[0]["complete"]), (&json!(app().blob_bytes()), &json!(true)));

    assert_eq!(world.json(&["images", &repository]).as_array().unwrap().len(), 1);
    assert_eq!(world.json(&["images", &reference]).as_array().unwrap().len(), 1);
    assert_eq!(world.json(&["images", "nginx"]), json!([]));
}

#[test]
fn looking_makes_no_store() {
    let world = World::new();
    assert_eq!(world.json(&["images"]), json!([]));
    assert_eq!(world.json(&["gc"]), json!({ "dry_run": false, "blobs": 0, "bytes": 0 }));
    assert_eq!(world.run(&["rmi", "nginx"]).status, 1);
    assert!(!world.store_dir().exists());
}

#[test]
fn the_store_is_where_the_options_and_the_environment_say() {
    let (world, _registry, reference) = pulled();
    let store = world.store_dir();
    let store = store.to_str().unwrap();
    let elsewhere = |variable: (&str, &str), args: &[&str]| {
        let mut command = world.command(args);
        command.env_remove("LONGSHORE_STORE").env(variable.0, variable.1);
        support::Ran::of(command.output().unwrap()).stdout
    };
    assert!(elsewhere(("X", ""), &["images", "--store", store, "--json"]).contains(&reference));
    assert!(elsewhere(("LONGSHORE_STORE", store), &["images", "--json"]).contains(&reference));
    std::fs::create_dir_all(world.path("data/longshore")).unwrap();
    std::fs::rename(store, world.path("data/longshore/store")).unwrap();
    let data = world.path("data");
    assert!(elsewhere(("XDG_DATA_HOME", data.to_str().unwrap()), &["images", "--json"]).contains(&reference));
    std::fs::create_dir_all(world.path("home/.local/share")).unwrap();
    std::fs::rename(world.path("data/longshore"), world.path("home/.local/share/longshore")).unwrap();
    assert!(elsewhere(("X", ""), &["images", "--json"]).contains(&reference));
}

#[test]
fn inspect_looks_in_the_store_first() {
    let (world, registry, reference) = pulled();
    let text = world.ok(&["inspect", &reference]);
    for line in [
        format!("Name:        {reference}"),
        format!("Digest:      {}", app().digest()),
        "Found in:    the store on this computer".to_owned(),
        "Platform:    linux/amd64".to_owned(),
        "Created:     2024-01-01T00:00:00Z".to_owned(),
        "Entrypoint:  [\"/entry\"]".to_owned(),
        "Command:     [\"nginx\", \"-g\", \"daemon off;\"]".to_owned(),
        "Working dir: /app".to_owned(),
        "Ports:       80/tcp".to_owned(),
        "  PATH=/bin".to_owned(),
        // What an image says can't colour, reorder or add lines.
        "  MODE=\\u{1b}[31mred".to_owned(),
        "  trick=a\\u{202e}b\\nName: fake".to_owned(),
    ] {
        assert!(text.lines().any(|it| it == line), "{line:?} is missing in {text}");
    }
    let got = world.json(&["inspect", &reference]);
    let fields = [
        "digest",
        "flags",
        "image",
        "manifest_size",
        "media_type",
        "name",
        "platforms",
        "source",
        "warnings",
    ];
    assert_eq!(keys(&got), fields);
    assert_eq!(got["source"], "store");
    assert_eq!(got["image"]["run"]["labels"]["maintainer"], "ann");
    assert_eq!(got["image"]["layers"].as_array().unwrap().len(), 2);
    assert_eq!(got["image"]["size"], app().blob_bytes());
    assert_eq!(registry.log().len(), 0, "the registry was not asked: {}", registry.transcript());

    let remote = world.json(&["inspect", "--remote", &reference]);
    assert_eq!((&remote["source"], &remote["image"]), (&json!("registry"), &got["image"]));
    let id = app().digest().short().to_owned();
    for other in [id.as_str(), app().digest().as_str(), app().digest().hex()] {
        assert_eq!(world.json(&["inspect", other])["name"], reference, "{other}");
    }
    assert_eq!(world.run(&["inspect", &format!("sha256:{}", "0".repeat(64))]).status, 1);
}

#[test]
fn inspect_raw_prints_the_bytes_as_they_were_received() {
    let (world, registry, reference) = pulled();
    let bytes = |args: &[&str]| world.command(args).output().unwrap().stdout;
    assert_eq!(bytes(&["inspect", "--raw", &reference]), app().root.bytes);
    assert_eq!(registry.log().len(), 0);
    assert_eq!(bytes(&["inspect", "--raw", "--remote", &reference]), app().root.bytes);
    assert_eq!(registry.count(&On::blobs()), 0, "only the manifest is needed");

    let index = Image::index(Family::Oci, &[&app()]);
    registry.put("multi", "1", &index);
    let multi = registry.reference("multi", "1");
    assert_eq!(bytes(&["inspect", "--raw", &multi]), index.root.bytes);
    assert_eq!(bytes(&["inspect", "--raw", "--platform", "linux/amd64", &multi]), app().root.bytes);
}

#[test]
fn a_platform_that_is_not_here_is_looked_at_in_the_registry() {
    let (world, registry) = (World::new(), Registry::start());
    let of =
        |platform: &str| Image::builder(Family::Oci).platform(platform).layer(Layer::noise(1, 500)).build();
    let multi = Image::index(Family::Oci, &[&of("linux/amd64"), &of("linux/arm64")]);
    registry.put("multi", "1", &multi);
    let reference = registry.reference("multi", "1");
    world.ok(&["pull", "--platform", "linux/amd64", &reference]);
    let here = world.json(&["inspect", "--platform", "linux/amd64", &reference]);
    assert_eq!((&here["source"], here["platforms"].as_array().unwrap().len()), (&json!("store"), 2));
    let there = world.json(&["inspect", "--platform", "linux/arm64", &reference]);
    assert_eq!((&there["source"], &there["image"]["platform"]), (&json!("registry"), &json!("linux/arm64")));
    let list = world.json(&["images"]);
    assert_eq!((&list[0]["platforms"], &list[0]["partial"]), (&json!(["linux/amd64"]), &json!(true)));
}

#[test]
fn layers_is_the_stack_with_the_newest_on_top() {
    let (world, _registry, reference) = pulled();
    let text = world.ok(&["layers", &reference]);
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    let app = app();
    assert_eq!(rows[0], ["LAYER", "SIZE", "DIGEST", "INSTRUCTION"]);
    assert_eq!(rows[1], ["-", "0B", "-", "CMD", "[\"/bin/sh\"]"]);
    assert_eq!((rows[2][0], rows[2][2]), ("2", app.blobs[2].digest.short()));
    assert_eq!(rows[2][3..], ["RUN", "make", "install"]);
    assert_eq!((rows[3][0], rows[3][2]), ("1", app.blobs[1].digest.short()));
    assert_eq!(rows[3][3..], ["ADD", "file:abc", "in", "/"]);

    let got = world.json(&["layers", &reference]);
    let fields = ["digest", "flags", "layers", "manifest_digest", "name", "platform", "source", "warnings"];
    assert_eq!(keys(&got), fields);
    let layers = got["layers"].as_array().unwrap();
    let numbers: Vec<&Value> = layers.iter().map(|layer| &layer["number"]).collect();
    assert_eq!(numbers, [&Value::Null, &json!(2), &json!(1)]);
    let fields = [
        "arguments",
        "comment",
        "created",
        "created_by",
        "diff_id",
        "digest",
        "instruction",
        "media_type",
        "number",
        "size",
    ];
    assert_eq!(keys(&layers[1]), fields);
    assert_eq!((&layers[1]["instruction"], &layers[1]["size"]), (&json!("RUN"), &json!(app.blobs[2].size())));
}

#[test]
fn rmi_removes_by_name_digest_and_id() {
    let (world, registry, reference) = pulled();
    let tags = ["latest", "2", "3"];
    tags.iter().for_each(|tag| registry.put("team/app", tag, &app()));
    let repository = format!("{}/team/app", registry.host());
    let pull_all = || world.run(&["pull", "-q", "-a", &repository]);
    let names = || world.store().images().unwrap().len();
    pull_all();
    assert_eq!(names(), 4);

    let ran = world.run(&["rmi", &repository]);
    assert_eq!((ran.status, ran.stdout), (0, format!("Untagged: {repository}:latest\n")));
    assert_eq!(ran.stderr, "", "other names still need its content");
    let ran = world.run(&["rmi", &format!("{repository}:2"), &reference, "--json"]);
    let want = json!({ "removed": [
        { "name": format!("{repository}:2"), "digest": app().digest().as_str() },
        { "name": reference, "digest": app().digest().as_str() },
    ] });
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap(), want);
    let ran = world.run(&["rmi", &format!("{repository}:3")]);
    assert_eq!(ran.stderr, "Its content stays until `longshore gc` frees the space.\n");
    assert_eq!(names(), 0);

    let digest = app().digest().to_string();
    let pinned = format!("{repository}@{digest}");
    registry.put("team/app", "other", &Image::tiny("another"));
    for by in [&digest, &pinned, &app().digest().short().to_owned(), &app().digest().hex().to_owned()] {
        pull_all();
        let ran = world.run(&["rmi", by]);
        assert_eq!((ran.status, ran.stdout.lines().count()), (0, 4), "{by}: {ran:?}");
        assert_eq!(names(), 1, "{by}: the other image stays");
    }
}

#[test]
fn rmi_of_what_is_not_here_says_what_is() {
    let (world, _registry, reference) = pulled();
    let ran = world.run(&["rmi", "nginx"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    assert_eq!(
        ran.stderr,
        format!("error: the store has no image `nginx:latest`\nhint: The store has `{reference}`\n")
    );
    // What is no reference stops it before anything is removed; a name that is not here stops nothing.
    let ran = world.run(&["rmi", "NGINX", &reference]);
    assert_eq!((ran.status, world.store().images().unwrap().len()), (1, 1), "{ran:?}");
    let ran = world.run(&["rmi", "nginx", &reference, "other"]);
    assert_eq!((ran.status, world.store().images().unwrap().len()), (1, 0), "{ran:?}");
    assert_eq!(ran.stderr.matches("error: ").count(), 2, "{ran:?}");
}

#[test]
fn gc_frees_what_no_name_needs() {
    let (world, _registry, reference) = pulled();
    assert_eq!(world.json(&["gc"])["blobs"], 0);
    assert_eq!(world.run(&["rmi", &reference]).status, 0);
    let dry = world.json(&["gc", "--dry-run"]);
    let bytes = app().blob_bytes() + app().root.size();
    assert_eq!(dry, json!({ "dry_run": true, "blobs": 4, "bytes": bytes }));
    let text = world.ok(&["gc"]);
    assert!(text.starts_with("Deleted 4 blobs that no image needed\nTotal reclaimed space: "), "{text}");
    assert_eq!(world.json(&["gc"])["blobs"], 0, "nothing is left");
}
