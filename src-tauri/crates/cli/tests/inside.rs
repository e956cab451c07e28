//! The verbs that look inside layers: `files`, `cat`, `waste`, `export`.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::World;
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::registry::Registry;

fn app() -> Image {
    let base = [
        Entry::directory("etc"),
        Entry::file("etc/app.conf", b"one"),
        Entry::file("etc/old", b"0123456789"),
        Entry::symlink("conf", "etc/app.conf"),
    ];
    let top =
        [Entry::file("etc/app.conf", b"two"), Entry::whiteout("etc/old"), Entry::file("odd\\\u{202e}", b"")];
    Image::builder(Family::Oci)
        .layer(Layer::new(&base, LayerCompression::Gzip))
        .layer(Layer::new(&top, LayerCompression::Zstd))
        .build()
}

/// A registry with an image, and the image's name there.
fn served(image: &Image) -> (World, Registry, String) {
    let (world, registry) = (World::new(), Registry::start());
    registry.put("team/app", "1", image);
    let reference = registry.reference("team/app", "1");
    (world, registry, reference)
}

fn row(rows: &Value, path: &str) -> Value {
    let found = rows.as_array().unwrap().iter().find(|row| row["path"] == path);
    found.unwrap_or_else(|| panic!("{path} in {rows}")).clone()
}

#[test]
fn files_lists_what_a_container_sees_without_pulling_it() {
    let (world, _registry, reference) = served(&app());
    let rows = world.json(&["files", &reference]);
    let paths: Vec<&str> = rows.as_array().unwrap().iter().map(|row| row["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/conf", "/etc", "/etc/app.conf", "/odd\\\\\\u{202e}"]);
    assert_eq!(
        row(&rows, "/etc/app.conf"),
        json!({
            "path": "/etc/app.conf", "type": "file", "size": 3, "mode": 0o644, "uid": 0, "gid": 0, "link": null,
            "layer": 2, "change": "modified",
        })
    );
    assert_eq!(row(&rows, "/conf")["link"], "etc/app.conf");
    assert_eq!(row(&rows, "/conf")["change"], "unchanged");
    let layer = world.json(&["files", &reference, "--layer", "2"]);
    assert_eq!(row(&layer, "/etc/.wh.old")["change"], "removed");
    assert_eq!(layer.as_array().unwrap().len(), 3, "{layer}");
    assert_eq!(world.json(&["files", &reference, "/etc"]).as_array().unwrap().len(), 2);
    assert_eq!(world.json(&["files", &reference, "conf"])[0]["path"], "/etc/app.conf");
    let text = world.ok(&["files", &reference]);
    assert!(text.contains("lrwxrwxrwx") && text.contains("/conf -> etc/app.conf"), "{text}");
    assert!(!world.store_dir().exists(), "looking makes no store");
    for (args, hint) in [
        (vec!["files", &reference, "/none"], "lists what is there"),
        (vec!["files", &reference, "--layer", "3"], "It has 2"),
        (vec!["cat", &reference, "/etc"], "Name a file"),
        (vec!["cat", &reference, "/etc/old"], "lists what is there"),
    ] {
        let ran = world.run(&args);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{args:?}");
        assert!(ran.stderr.contains(hint), "{args:?}: {}", ran.stderr);
    }
    assert_eq!(world.run(&["files", &reference, "--layer", "0"]).status, 2);
    assert_eq!(world.run(&["files", &reference, "--layer", "1", "--merged"]).status, 2);
}

#[test]
fn cat_prints_a_file_and_follows_links() {
    let (world, _registry, reference) = served(&app());
    world.ok(&["pull", "-q", &reference]);
    assert_eq!(world.ok(&["cat", &reference, "/conf"]), "two");
    assert_eq!(world.ok(&["cat", &reference, "etc/../conf", "--layer", "1"]), "one");
    assert_eq!(world.ok(&["cat", &reference, "/etc/old", "--layer", "1"]), "0123456789");
    let kept = world.store_dir().join("cache");
    assert_eq!(std::fs::read_dir(&kept).unwrap().count(), 2, "an index for each layer");
    std::fs::remove_dir_all(&kept).unwrap();
    assert_eq!(world.ok(&["cat", &reference, "/conf"]), "two", "and they can be deleted");
}

#[test]
fn waste_is_counted_and_is_a_gate() {
    let (world, _registry, reference) = served(&app());
    let found = world.json(&["waste", &reference]);
    // dive: least 3 + 0 + 0 + 0, all 6 + 10 + 0 + 0.
    assert_eq!(found["wasted_bytes"], 16);
    assert!((found["efficiency"].as_f64().unwrap() - 3.0 / 16.0).abs() < 1e-9, "{found}");
    assert_eq!(found["hidden_bytes"], 13);
    assert_eq!(found["files"][0]["path"], "/etc/old");
    assert_eq!(
        found["files"][0]["layers"],
        json!([{"layer": 1, "removed": false}, {"layer": 2, "removed": true}])
    );
    assert_eq!(found["layers"][0]["unpacked_bytes"], 13);
    assert_eq!(found["layers"][1]["net_bytes"], 3);
    assert!(world.ok(&["waste", &reference]).contains("/etc/old"));
    world.ok(&["waste", &reference, "--max-bytes", "16", "--min-efficiency", "0.18"]);
    for args in [["--max-bytes", "15"], ["--min-efficiency", "0.2"]] {
        let ran = world.run(&["waste", &reference, args[0], args[1]]);
        assert_eq!(ran.status, 1, "{args:?}");
        assert!(ran.stderr.starts_with("error: ") && ran.stdout.contains("Efficiency"), "{ran:?}");
    }
    assert_eq!(world.run(&["waste", &reference, "--min-efficiency", "2"]).status, 2);
}

#[test]
fn export_writes_beside_and_renames() {
    let (world, _registry, reference) = served(&app());
    let printed = world.json(&["export", &reference, "-o", "flat.tar"]);
    let bytes = std::fs::read(world.path("flat.tar")).unwrap();
    assert_eq!((&printed["entries"], &printed["size"]), (&json!(4), &json!(bytes.len())));
    let piped = world.command(&["export", &reference, "-o", "-"]).output().unwrap();
    assert!(piped.status.success() && piped.stdout == bytes, "standard output gets the same");
    assert_eq!(world.run(&["export", &reference, "-o", "-", "--json"]).status, 2);
    let ran = world.run(&["export", &reference, "-o", "none/flat.tar"]);
    assert_eq!(ran.status, 1, "{ran:?}");

    // Of a damaged layer nothing is exported, and what stood there stays.
    let layer = Layer::new(&[Entry::file("a", b"1")], LayerCompression::None);
    let cut = Layer::from_tar(&layer.bytes[..700], LayerCompression::None);
    let (world, _registry, reference) = served(&Image::builder(Family::Oci).layer(cut).build());
    std::fs::write(world.path("flat.tar"), "mine").unwrap();
    let ran = world.run(&["export", &reference, "-o", "flat.tar", "--json"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("layer_invalid"), "{ran:?}");
    assert_eq!(std::fs::read(world.path("flat.tar")).unwrap(), b"mine");
    let left = std::fs::read_dir(world.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().starts_with(".export")), "nothing is left");
    let listed = world.run(&["files", &reference]);
    assert_eq!(listed.status, 0, "but what there is can be listed");
    assert!(listed.stdout.contains("/a") && listed.stderr.contains("only to its byte 700"), "{listed:?}");
}

#[test]
fn f103_a_layer_of_an_unknown_compression_is_refused() {
    let layer = Layer::from_tar(b"\x04\x22\x4d\x18 and what follows", LayerCompression::None);
    let (world, _registry, reference) = served(&Image::builder(Family::Oci).layer(layer).build());
    let ran = world.run(&["files", &reference, "--json"]);
    assert_eq!(ran.status, 1);
    let error = ran.error();
    assert_eq!(error["code"], "compression_unsupported");
    assert!(error["message"].as_str().unwrap().contains("lz4"), "{error}");
}
