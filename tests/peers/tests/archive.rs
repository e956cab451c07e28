//! Archives on the command line, beside skopeo, podman, buildah, umoci and tar.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use peers::Longshore;
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::real::{DockerRegistry, Skopeo, run};

fn image() -> Image {
    let files = [
        Entry::directory("etc"),
        Entry::file("etc/motd", b"hello\n"),
        Entry::directory("bin"),
        Entry::file("bin/tool", b"#!/bin/sh\n"),
    ];
    Image::builder(Family::Oci)
        .layer(Layer::new(&files, LayerCompression::Gzip))
        .layer(Layer::new(&[Entry::file("etc/two", b"two")], LayerCompression::Gzip))
        .build()
}

/// The image as a layout folder, beside the store.
fn layout(longshore: &Longshore, image: &Image, name: &str) -> PathBuf {
    let dir = longshore.dir().join("layout");
    image.write_layout(&dir, name).expect("the layout can be written");
    dir
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

#[test]
fn what_skopeo_and_umoci_wrote_is_loaded() {
    let image = image();
    let name = "docker.io/team/app:1";
    for (transport, kind) in [("oci-archive", "oci"), ("docker-archive", "docker"), ("oci", "oci")] {
        let longshore = Longshore::new();
        let source = format!("oci:{}:{name}", layout(&longshore, &image, name).display());
        let path = longshore.dir().join("archive");
        Skopeo::new().run(&["copy", "--quiet", &source, &format!("{transport}:{}:{name}", path.display())]);
        let found = longshore.run(&["identify", text(&path), "--json"]).json();
        assert_eq!(found[0]["kind"], kind, "{transport}");
        assert_eq!(found[0]["advice"], "load", "{transport}");
        let loaded = longshore.run(&["load", "-i", text(&path)]).ok();
        assert_eq!(loaded.lines().last(), Some("Loaded image: team/app:1"), "{transport}: {loaded}");
        let digest = Skopeo::new().digest(&longshore.stored(name), &[]);
        assert_eq!(digest == image.digest().as_str(), transport != "docker-archive", "{transport}");
        assert_eq!(found[0]["images"][0]["digest"], digest.as_str(), "{transport}");
        longshore.blobs();
    }
    // umoci adds a layer to a layout of skopeo's.
    let longshore = Longshore::new();
    let dir = layout(&longshore, &image, "one");
    let (bundle, at) = (longshore.dir().join("bundle"), format!("{}:one", dir.display()));
    run(Command::new("umoci").args(["unpack", "--rootless", "--image", &at]).arg(&bundle));
    fs::write(bundle.join("rootfs/etc/three"), "three").expect("the bundle can be written");
    let new = format!("{}:two", dir.display());
    run(Command::new("umoci").args(["repack", "--image", &new]).arg(&bundle));
    let loaded = longshore.run(&["load", "-i", text(&dir), "two", "--json"]).json();
    let wanted = Skopeo::new().digest(&format!("oci:{}:two", dir.display()), &[]);
    assert_eq!(loaded["images"][0]["digest"], wanted.as_str());
    assert_eq!(loaded["images"][0]["digest_preserved"], true);
}

#[test]
fn every_outer_compression_and_a_pipe_are_loaded() {
    let image = image();
    for compress in ["gzip", "bzip2", "xz", "zstd", "cat"] {
        let longshore = Longshore::new();
        let dir = layout(&longshore, &image, "docker.io/team/app:1");
        let path = longshore.dir().join("archive.zip");
        let script = format!("tar -C {} -cf - . | {compress} > {}", dir.display(), path.display());
        run(Command::new("sh").arg("-c").arg(script));
        let found = longshore.run(&["identify", text(&path), "--json"]).json();
        assert_eq!(found[0]["kind"], "oci", "{compress}: {found}");
        let said = found[0]["compression"].as_str().unwrap_or("cat");
        assert_eq!(said, compress);
        assert_eq!(found[0]["images"][0]["digest"], image.digest().as_str(), "{compress}");
        // As `docker load < FILE` takes it.
        let mut command = longshore.command(&["load", "-q"]);
        command.stdin(fs::File::open(&path).expect("it was written"));
        assert_eq!(run_with_stdin(&mut command), "Loaded image: team/app:1\n", "{compress}");
        let digest = Skopeo::new().digest(&longshore.stored("docker.io/team/app:1"), &[]);
        assert_eq!(digest, image.digest().as_str(), "{compress}");
    }
}

fn run_with_stdin(command: &mut Command) -> String {
    let output = command.stderr(Stdio::piped()).output().expect("it can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it writes UTF-8")
}

#[test]
fn an_image_goes_straight_to_a_registry() {
    let registry = DockerRegistry::open();
    let longshore = Longshore::new();
    let image = image();
    let dir = layout(&longshore, &image, "docker.io/team/app:1");
    let to = registry.reference("team/app", "2");
    let pushed = longshore.run(&["load", "-i", text(&dir), "--to", &to, "--json"]).json();
    assert_eq!(pushed["digest"], image.digest().as_str());
    assert_eq!(pushed["digest_preserved"], true);
    let found = Skopeo::new().digest(&format!("docker://{to}"), &["--tls-verify=false"]);
    assert_eq!(found, image.digest().as_str());
    assert!(!longshore.store().exists(), "nothing was stored");
}

#[test]
fn names_that_are_taken_are_asked_for() {
    let longshore = Longshore::new();
    let name = "docker.io/team/app:1";
    let dir = layout(&longshore, &Image::tiny("old"), name);
    longshore.run(&["load", "-i", text(&dir)]).ok();
    fs::remove_dir_all(&dir).expect("it is ours");
    let image = image();
    layout(&longshore, &image, name);
    let refused = longshore.run(&["load", "-i", text(&dir)]).with_status(1);
    assert!(
        refused.stderr.contains("team/app:1") && refused.stderr.contains("--replace"),
        "{}",
        refused.stderr
    );
    let old = longshore.run(&["images", "--json"]).json()[0]["digest"].clone();
    assert_eq!(old, Image::tiny("old").digest().as_str());
    let loaded = longshore.run(&["load", "-i", text(&dir), "--replace", "--json"]).json();
    assert_eq!(loaded["images"][0]["names"][0]["previous"], old);
    assert_eq!(longshore.run(&["images", "--json"]).json()[0]["digest"], image.digest().as_str());
}

#[test]
fn what_is_no_archive_is_said_to_be_what_it_is() {
    let longshore = Longshore::new();
    let root = longshore.dir().join("root");
    for folder in ["bin", "etc", "usr"] {
        fs::create_dir_all(root.join(folder)).expect("a folder can be made");
    }
    fs::copy("/bin/sh", root.join("bin/sh")).expect("a program can be copied");
    let files = longshore.dir().join("files.tar");
    run(Command::new("tar").arg("-C").arg(&root).arg("-cf").arg(&files).arg("."));
    let zip = longshore.dir().join("a.tar");
    fs::write(&zip, b"PK\x03\x04 and more").expect("a file can be written");
    let empty = longshore.dir().join("empty.tar");
    fs::write(&empty, b"").expect("a file can be written");
    for (path, said) in [(&files, "longshore import"), (&zip, "a ZIP file"), (&empty, "is empty")] {
        let refused = longshore.run(&["load", "-i", text(path)]).with_status(1);
        assert!(refused.stderr.contains(said), "{said}: {}", refused.stderr);
        assert!(longshore.blobs().is_empty(), "{said}");
    }
    let told = longshore.run(&["identify", text(&files), text(&zip), text(&empty)]).ok();
    assert!(told.contains("a root filesystem") && told.contains("longshore import"), "{told}");
    assert!(told.contains("read from bin/sh") && told.contains("a ZIP file"), "{told}");
    let json = longshore.run(&["identify", text(&files), "--json"]).json();
    assert_eq!(json[0]["filesystem"]["command"], serde_json::json!(["/bin/sh"]));
    let missing = longshore.run(&["identify", "no-such-file"]).with_status(1);
    assert!(missing.stderr.contains("no-such-file"), "{}", missing.stderr);
}
