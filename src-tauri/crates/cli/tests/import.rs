//! `import`: a filesystem becomes an image.

#![allow(clippy::unwrap_used)]

mod support;

use std::process::{Command, Stdio};

use serde_json::Value;
use support::{Ran, World};

fn packed(world: &World) {
    std::fs::create_dir_all(world.path("rootfs/etc")).unwrap();
    std::fs::write(world.path("rootfs/etc/motd"), "hello\n").unwrap();
    let tar = world.path("fs.tar");
    let flags = ["--sort=name", "--mtime=@1600000000", "--owner=0", "--group=0"];
    let done = Command::new("tar")
        .arg("-C")
        .arg(world.path("rootfs"))
        .args(flags)
        .arg("-cf")
        .arg(&tar)
        .arg(".")
        .status()
        .unwrap();
    assert!(done.success());
}

#[test]
fn a_filesystem_is_imported_from_a_file_and_from_a_pipe() {
    let world = World::new();
    packed(&world);
    let run = world.ok(&["import", "fs.tar", "team/fs:1", "-c", r#"CMD ["/bin/sh"]"#, "--change", "ENV A=b"]);
    let digest = run.trim().to_owned();
    assert!(digest.starts_with("sha256:") && digest.len() == 71, "{run:?}");
    let told = world.json(&["inspect", "team/fs:1"]);
    assert_eq!(told["digest"], Value::from(digest));
    assert_eq!(told["image"]["run"]["cmd"], serde_json::json!(["/bin/sh"]));
    assert_eq!(told["image"]["created"], "2020-09-13T12:26:40Z");

    let file = std::fs::File::open(world.path("fs.tar")).unwrap();
    let mut piped = world.command(&["import", "-", "team/fs:2", "--json", "--platform", "linux/arm64"]);
    piped.env("SOURCE_DATE_EPOCH", "7");
    let run = Ran::of(piped.stdin(Stdio::from(file)).output().unwrap());
    assert_eq!(run.status, 0, "{run:?}");
    let object: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&object["familiar"], &object["platform"]), (&"team/fs:2".into(), &"linux/arm64".into()));
    let told = world.json(&["inspect", "team/fs:2"]);
    assert_eq!(told["image"]["created"], "1970-01-01T00:00:07Z");
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_imported() {
    let world = World::new();
    packed(&world);
    let refused = |args: &[&str], status: i32, says: &str| {
        let run = world.run(args);
        assert_eq!(run.status, status, "{args:?}: {run:?}");
        assert!(run.stderr.contains(says) && run.stdout.is_empty(), "{args:?}: {run:?}");
    };
    refused(&["import", "fs.tar", "team/fs:1", "-c", "RUN make"], 1, "`RUN make`");
    refused(&["import", "absent.tar", "team/fs:1"], 1, "there is no file");
    refused(&["import", "rootfs", "team/fs:1"], 1, "is a folder");
    refused(&["import", "fs.tar", "team/fs@sha256:0"], 1, "error:");
    refused(&["import", "fs.tar"], 2, "REFERENCE");
    assert_eq!(world.ok(&["images", "--json"]).trim(), "[]");
}
