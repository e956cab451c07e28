//! Layers that try to reach what is outside of them: whatever is done with them, nothing outside changes.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use support::World;
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::registry::Registry;

/// A folder beside everything else, of which nothing may change.
fn canary(world: &World) -> BTreeMap<String, String> {
    let dir = world.path("canary");
    std::fs::create_dir_all(dir.join("folder")).unwrap();
    std::fs::write(dir.join("secret"), "untouched").unwrap();
    std::fs::set_permissions(dir.join("secret"), std::fs::Permissions::from_mode(0o600)).unwrap();
    state(&dir)
}

/// Everything of a folder that a program could change.
fn state(dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let facts = path.symlink_metadata().unwrap();
            if facts.is_dir() {
                folders.push(path.clone());
            }
            let content = if facts.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
            let said = format!(
                "{:o} {} {} {} {}.{:09} {content:?}",
                facts.mode(),
                facts.ino(),
                facts.nlink(),
                facts.len(),
                facts.mtime(),
                facts.mtime_nsec()
            );
            found.insert(path.display().to_string(), said);
        }
    }
    found
}

/// Does with an image whatever Longshore does with layers; the tars that came of it are unpacked beside it.
fn do_everything(world: &World, reference: &str, file: &str) {
    for args in [
        vec!["files", reference],
        vec!["files", reference, "--layer", "1"],
        vec!["files", reference, "--content", "text", "--find", "secret"],
        vec!["waste", reference],
        vec!["diff", reference, reference, "--files", "--layer-a", "1"],
        vec!["pull", "-q", reference],
        vec!["save", "-q", reference, "-o", "saved.tar"],
        vec!["export", reference, "-o", "flat.tar"],
        vec!["load", "-q", "-i", "saved.tar"],
        vec!["import", "flat.tar", "team/flat:1"],
        vec!["identify", "flat.tar", "saved.tar"],
    ] {
        assert_eq!(world.run(&args).status, 0, "{args:?}");
    }
    // Of a path that may not be there only the asking counts.
    world.run(&["cat", reference, file]);
    world.run(&["export", reference, file.rsplit_once('/').unwrap().0, "-o", "part.tar"]);
    let out = world.path("unpacked");
    std::fs::create_dir_all(&out).unwrap();
    for tar in ["flat.tar", "part.tar"].map(|name| world.path(name)).iter().filter(|tar| tar.exists()) {
        let mut unpack = Command::new("tar");
        unpack.args(["-xPf"]).arg(tar).arg("-C").arg(&out);
        assert!(unpack.status().unwrap().success(), "{}", tar.display());
    }
}

#[test]
fn f089_what_is_written_linked_and_removed_through_a_link_stays_inside() {
    let world = World::new();
    let registry = Registry::start();
    let before = canary(&world);
    let outside = world.path("canary").display().to_string();
    let up = format!("{}canary", "../".repeat(40));
    let link = [
        Entry::symlink("absolute", &outside),
        Entry::symlink("relative", &up),
        Entry::hardlink("hard", &format!("{outside}/secret")),
        Entry::hardlink("harder", &format!("{up}/secret")),
    ];
    let through = [
        Entry::file("absolute/secret", b"overwritten"),
        Entry::file("relative/secret", b"overwritten"),
        Entry::hardlink("linked", "absolute/secret"),
        Entry::whiteout("absolute/folder"),
        Entry::whiteout("relative/secret"),
        Entry::opaque("absolute/folder"),
    ];
    let one = [&link[..], &through].concat();
    let layer = |entries: &[Entry]| Layer::new(entries, LayerCompression::Gzip);
    for (tag, image) in [
        ("apart", Image::builder(Family::Oci).layer(layer(&link)).layer(layer(&through)).build()),
        ("together", Image::builder(Family::Oci).layer(layer(&one)).build()),
    ] {
        registry.put("team/app", tag, &image);
        let reference = registry.reference("team/app", tag);
        do_everything(&world, &reference, "/absolute/secret");
        assert_eq!(state(&world.path("canary")), before, "{tag}");
        // What a container sees there is a folder of its own, in the place of the link.
        let ran = world.run(&["cat", &reference, "/absolute/secret"]);
        assert_eq!((ran.status, ran.stdout.as_str()), (0, "overwritten"), "{tag}");
        let unpacked = world.path("unpacked/absolute/secret");
        assert_eq!(std::fs::read_to_string(unpacked).unwrap(), "overwritten", "{tag}");
        std::fs::remove_dir_all(world.path("unpacked")).unwrap();
    }
    // A link that nobody writes through leads nowhere: what it names is looked for in the image.
    registry.put("team/app", "link", &Image::builder(Family::Oci).layer(layer(&link)).build());
    let reference = registry.reference("team/app", "link");
    for path in ["/absolute/secret", "/relative/secret", "/hard", "/harder"] {
        let ran = world.run(&["cat", &reference, path]);
        assert!(ran.status == 1 && !ran.stdout.contains("untouched"), "{path}: {ran:?}");
    }
    assert_eq!(state(&world.path("canary")), before);
}

#[test]
fn f092_modes_are_set_of_what_was_written_and_never_through_a_link() {
    let world = World::new();
    let registry = Registry::start();
    let before = canary(&world);
    let secret = world.path("canary/secret");
    let inside = secret.display().to_string();
    // Modes of links, and a file of the same name that is all there for its mode.
    let first = [Entry::symlink("link", &inside).mode(0o4777), Entry::symlink("dir", "/").mode(0)];
    let second = [Entry::hardlink("link", &inside).mode(0o666), Entry::directory("dir").mode(0o777)];
    let image = Image::builder(Family::Oci)
        .layer(Layer::new(&first, LayerCompression::Gzip))
        .layer(Layer::new(&second, LayerCompression::Gzip))
        .build();
    registry.put("team/app", "1", &image);
    let reference = registry.reference("team/app", "1");
    do_everything(&world, &reference, "/dir/x");
    assert_eq!(state(&world.path("canary")), before);
    // A link stands where the tar goes: it is replaced, and what it led to keeps its mode and its bytes.
    let place = world.path("linked.tar");
    symlink(&secret, &place).unwrap();
    let ran = world.run(&["export", &reference, "-o", place.to_str().unwrap()]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let written = place.symlink_metadata().unwrap();
    assert!(written.is_file() && written.len() > 0);
    assert_eq!(state(&world.path("canary")), before);
}
