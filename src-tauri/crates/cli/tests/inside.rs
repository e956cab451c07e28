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
            "layer": 2, "change": "modified", "content": "text",
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
fn pull_lists_the_files_where_it_is_asked_to() {
    let (world, registry, reference) = served(&app());
    let listed = || std::fs::read_dir(world.store_dir().join("cache")).map_or(0, Iterator::count);
    world.ok(&["pull", &reference]);
    assert_eq!(listed(), 0);
    world.ok(&["pull", "--index", &reference]);
    assert_eq!(listed(), 2, "one for each layer");
    let modified = |at: std::fs::DirEntry| at.metadata().unwrap().modified().unwrap();
    let times = || -> Vec<_> {
        std::fs::read_dir(world.store_dir().join("cache")).unwrap().flatten().map(modified).collect()
    };
    let before = times();
    world.json(&["files", &format!("store:{reference}")]);
    assert_eq!(times(), before, "what is listed is not listed again");
    // What can't be listed is pulled all the same.
    let chart = Image::builder(Family::Oci)
        .layer(Layer::from_tar(b"\x04\x22\x4d\x18 as lz4 begins", LayerCompression::None))
        .build();
    registry.put("team/chart", "1", &chart);
    let ran = world.run(&["pull", "--index", &registry.reference("team/chart", "1")]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("its files are not listed"), "{}", ran.stderr);
}

#[test]
fn an_archive_is_looked_into_where_it_lies() {
    let (world, registry, reference) = served(&app());
    let from = format!("docker://{reference}");
    world.ok(&["save", "-q", &from, "-o", "image.tar"]);
    let layout = world.path("layout");
    world.ok(&["copy", "-q", &from, &format!("oci:{}:one", layout.display())]);
    let (far, waste) = (world.ok(&["files", &reference]), world.ok(&["waste", &reference]));
    drop(registry);
    let archive = "docker-archive:image.tar";
    for place in [archive, "oci-archive:image.tar", &format!("oci:{}:one", layout.display())] {
        assert_eq!(world.ok(&["files", place]), far, "{place}");
        assert_eq!(world.ok(&["waste", place]), waste, "{place}");
        assert_eq!(world.ok(&["cat", place, "conf"]), "two", "{place}");
        assert_eq!(world.json(&["inspect", place])["source"], "file", "{place}");
    }
    assert_eq!(world.ok(&["diff", archive, &format!("oci:{}:one", layout.display())]).lines().count(), 3);
    assert_eq!(world.run(&["export", archive, "-o", "flat.tar"]).status, 0);
    assert!(!world.store_dir().exists(), "looking keeps nothing");
    let remote = world.run(&["files", archive, "--remote"]);
    assert_eq!(remote.status, 2, "{}", remote.stderr);
    assert!(remote.stderr.contains("Leave `--remote` out"), "{}", remote.stderr);
    let none = world.run(&["files", "docker-archive:none.tar"]);
    assert_eq!(none.status, 1);
    assert!(none.stderr.contains("`none.tar`"), "{}", none.stderr);
}

#[test]
fn files_are_found_by_name_and_by_what_they_hold() {
    let base = [
        Entry::file("etc/app.conf", b"{\"a\": 1}"),
        Entry::file("etc/logo", b"\x89PNG\r\n\x1a\n"),
        Entry::file("usr/bin/run", b"#!/bin/sh\n"),
        Entry::file("usr/bin/tool.json", b"\x7fELF\x02\x01"),
        Entry::hardlink("usr/bin/other", "usr/bin/tool.json"),
    ];
    let top = [Entry::file("etc/logo", b"no picture now"), Entry::whiteout("usr/bin/run")];
    let image = Image::builder(Family::Oci)
        .layer(Layer::new(&base, LayerCompression::Gzip))
        .layer(Layer::new(&top, LayerCompression::Gzip))
        .build();
    let (world, _registry, reference) = served(&image);
    let paths = |args: &[&str]| {
        let rows = world.json(&[&["files", &reference], args].concat());
        let paths = rows.as_array().unwrap().iter().map(|row| row["path"].as_str().unwrap().to_owned());
        paths.collect::<Vec<_>>()
    };
    assert_eq!(paths(&["--content", "program"]), ["/usr/bin/other", "/usr/bin/tool.json"]);
    assert_eq!(paths(&["--content", "json"]), ["/etc/app.conf"]);
    assert_eq!(paths(&["--content", "text"]), ["/etc/app.conf", "/etc/logo"]);
    assert_eq!(paths(&["--find", "*.json"]), ["/usr/bin/tool.json"]);
    assert_eq!(paths(&["--find", "bin/", "/usr"]), ["/usr/bin/other", "/usr/bin/tool.json"]);
    assert_eq!(paths(&["--find", "o", "--content", "json"]), ["/etc/app.conf"]);
    assert_eq!(paths(&["--layer", "1", "--content", "script"]), ["/usr/bin/run"]);
    assert_eq!(paths(&["--layer", "2", "--find", "run"]), ["/usr/bin/.wh.run"]);
    assert_eq!(paths(&["--layer", "2", "--content", "image"]), Vec::<String>::new());
    let ran = world.run(&["files", &reference, "--content", "exe"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("text, script, json"), "{ran:?}");
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
    assert_eq!(world.run(&["export", &reference, "/etc", "-o", "etc.tar"]).status, 0);
    let part = std::fs::read(world.path("etc.tar")).unwrap();
    let mut archive = tar::Archive::new(&*part);
    let paths: Vec<_> =
        archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
    assert_eq!(paths, ["etc/", "etc/app.conf"].map(std::path::PathBuf::from));
    for (path, said) in [("/conf", "no folder"), ("/none", "is not in the image")] {
        let ran = world.run(&["export", &reference, path, "-o", "none.tar"]);
        assert!(ran.status == 1 && ran.stderr.contains(said), "{ran:?}");
    }
    assert!(!world.path("none.tar").exists());
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

#[test]
fn diff_files_compares_two_images_and_two_layers() {
    let (world, registry, a) = served(&app());
    let moved = [
        Entry::file("etc/app.conf", b"three").mode(0o600),
        Entry::symlink("conf", "etc/else"),
        Entry::file("srv/old", b"0123456789"),
    ];
    let other = Image::builder(Family::Oci).layer(Layer::new(&moved, LayerCompression::Gzip)).build();
    registry.put("team/app", "2", &other);
    let b = registry.reference("team/app", "2");
    let found = world.json(&["diff", &a, &b, "--files"]);
    let files: Vec<(&str, &str, &Value)> = found["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (file["difference"].as_str().unwrap(), file["path"].as_str().unwrap(), &file["what"]))
        .collect();
    assert_eq!(
        files,
        [
            ("changed", "/conf", &json!(["target etc/app.conf to etc/else"])),
            ("changed", "/etc/app.conf", &json!(["content", "mode -rw-r--r-- to -rw-------"])),
            ("removed", "/odd\\\\\\u{202e}", &json!([])),
            ("added", "/srv", &json!([])),
            ("added", "/srv/old", &json!([])),
        ]
    );
    assert_eq!((&found["changed"], &found["added"], &found["moved"]), (&json!(2), &json!(2), &json!(0)));
    // After its first layer A has the file that B has elsewhere.
    let found = world.json(&["diff", &a, &b, "--files", "--layer-a", "1"]);
    let moved = row(&found["files"], "/srv/old");
    assert_eq!((&moved["difference"], &moved["was"]), (&json!("moved"), &json!("/etc/old")));
    assert_eq!(
        (&moved["size_a"], &moved["size_b"], &moved["type"]),
        (&json!(10), &json!(10), &json!("file"))
    );
    // Two layers of one image.
    let found = world.json(&["diff", &a, &a, "--files", "--layer-a", "1", "--layer-b", "2"]);
    assert_eq!(row(&found["files"], "/etc/old")["difference"], "removed");
    assert_eq!((&found["layer_a"], &found["layer_b"], &found["removed"]), (&json!(1), &json!(2), &json!(1)));
    let ran = world.run(&["diff", &a, &b, "--files", "--layer-a", "1"]);
    assert!(ran.stdout.contains("/srv/old  was /etc/old") && ran.stdout.starts_with('~'), "{ran:?}");
    assert_eq!((ran.status, ran.stderr.trim()), (0, "1 added, 0 removed, 2 changed, 1 moved"));
    assert_eq!(world.json(&["diff", &a, &a, "--files"])["files"], json!([]));
    assert_eq!(world.run(&["diff", &a, &b, "--layer-a", "1"]).status, 2);
    let ran = world.run(&["diff", &a, &b, "--files", "--layer-b", "2"]);
    assert!(ran.status == 1 && ran.stderr.contains("It has 1"), "{ran:?}");
}
