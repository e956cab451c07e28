//! Archives between Longshore and the engines: podman, buildah, and skopeo as `docker load` reads them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use peers::Longshore;
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::real::{DockerRegistry, Skopeo, run};

const NAME: &str = "docker.io/team/app:1";

/// podman and buildah with a storage of their own, which needs no overlay and no daemon.
struct Engines {
    dir: tempfile::TempDir,
}

impl Engines {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder") }
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .arg("--root")
            .arg(self.dir.path().join("root"))
            .arg("--runroot")
            .arg(self.dir.path().join("run"));
        command.args(["--storage-driver", "vfs"]).args(arguments);
        command.env("HOME", self.dir.path()).env("TMPDIR", self.dir.path());
        command
    }

    fn podman(&self, arguments: &[&str]) -> String {
        let all = [&["--events-backend", "none"], arguments].concat();
        run(&mut self.command("podman", &all)).trim().to_owned()
    }

    fn buildah(&self, arguments: &[&str]) -> String {
        run(&mut self.command("buildah", arguments)).trim().to_owned()
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }
}

fn image() -> Image {
    let files = [Entry::directory("etc"), Entry::file("etc/motd", b"hello\n")];
    Image::builder(Family::Oci)
        .layer(Layer::new(&files, LayerCompression::Gzip))
        .layer(Layer::new(&[Entry::file("two", b"two")], LayerCompression::Gzip))
        .layer(Layer::noise(3, 40_000))
        .build()
}

/// Puts an image into the store.
fn store(longshore: &Longshore, image: &Image, name: &str) {
    let dir = longshore.dir().join("layout");
    image.write_layout(&dir, name).expect("the layout can be written");
    longshore.run(&["load", "-i", dir.to_str().expect("a plain name"), name]).ok();
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

#[test]
fn podman_and_skopeo_take_what_is_saved() {
    let longshore = Longshore::new();
    let image = image();
    store(&longshore, &image, NAME);
    let path = longshore.dir().join("image.tar");
    let saved = longshore.run(&["save", "team/app:1", "-o", text(&path), "--json"]).json();
    assert_eq!(saved["images"][0]["digest"], image.digest().as_str());
    assert_eq!(saved["images"][0]["digest_preserved"], true);
    assert_eq!(saved["size"], fs::metadata(&path).expect("it is there").len());
    let id = image.blobs[0].digest.hex();
    // As a Docker archive, and as an OCI archive: the same image ID and, where it is kept, the same digest.
    for transport in ["docker-archive", "oci-archive"] {
        let engines = Engines::new();
        let loaded = engines.podman(&["pull", "-q", &format!("{transport}:{}", path.display())]);
        assert_eq!(loaded, id, "{transport}");
        if transport == "oci-archive" {
            let digest = engines.podman(&["image", "inspect", "--format", "{{.Digest}}", id]);
            assert_eq!(digest, image.digest().as_str());
        }
    }
    let engines = Engines::new();
    let loaded = engines.podman(&["load", "-i", text(&path)]);
    assert!(loaded.contains("docker.io/team/app:1"), "{loaded}");
    assert_eq!(engines.podman(&["images", "-q", "--no-trunc"]), format!("sha256:{id}"));
    // Saved, loaded by podman, pushed by skopeo: the registry has the digest that it had.
    let registry = DockerRegistry::open();
    let to = format!("docker://{}", registry.reference("team/app", "1"));
    let from = format!("oci-archive:{}:{NAME}", path.display());
    Skopeo::new().run(&["copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false", &from, &to]);
    assert_eq!(Skopeo::new().digest(&to, &["--tls-verify=false"]), image.digest().as_str());
}

#[test]
fn what_podman_and_buildah_save_is_loaded() {
    let engines = Engines::new();
    fs::write(engines.path("f"), "hello").expect("a file can be written");
    let container = engines.buildah(&["from", "scratch"]);
    engines.buildah(&["copy", "-q", &container, &engines.path("f"), "/f"]);
    engines.buildah(&["config", "--cmd", "/f", &container]);
    let id = engines.buildah(&["commit", "-q", &container, NAME]);
    for (format, kind) in [("docker-archive", "docker"), ("oci-archive", "oci"), ("oci-dir", "oci")] {
        let longshore = Longshore::new();
        let path = engines.path(format);
        engines.podman(&["save", "-q", "--format", format, "-o", &path, NAME]);
        let found = longshore.run(&["identify", &path, "--json"]).json();
        assert_eq!(
            (found[0]["kind"].as_str(), found[0]["advice"].as_str()),
            (Some(kind), Some("load")),
            "{format}"
        );
        let loaded = longshore.run(&["load", "-i", &path, "--json"]).json();
        assert_eq!(loaded["images"][0]["names"][0]["name"], NAME, "{format}: {loaded}");
        assert_eq!(loaded["images"][0]["digest_preserved"], format != "docker-archive", "{format}");
        let config = Skopeo::new().run(&["inspect", "--config", "--raw", &longshore.stored(NAME)]);
        assert_eq!(
            oci::digest::Digest::sha256(config.as_bytes()).hex(),
            id,
            "{format}: the image ID is podman's"
        );
    }
    // Several images in one archive, with a layer that they share.
    let second = "docker.io/team/second:1";
    engines.podman(&["tag", NAME, "docker.io/team/app:latest"]);
    engines.buildah(&["config", "--cmd", "/other", &container]);
    engines.buildah(&["commit", "-q", &container, second]);
    let path = engines.path("several");
    engines.podman(&["save", "-q", "-m", "-o", &path, NAME, "docker.io/team/app:latest", second]);
    let longshore = Longshore::new();
    let loaded = longshore.run(&["load", "-i", &path]).ok();
    let mut lines: Vec<&str> = loaded.lines().filter(|line| line.starts_with("Loaded image")).collect();
    lines.sort_unstable();
    let want = ["Loaded image: team/app:1", "Loaded image: team/app:latest", "Loaded image: team/second:1"];
    assert_eq!(lines, want);
    // And with its layers compressed, which podman takes back.
    let longshore = Longshore::new();
    longshore.run(&["load", "-i", &path, "--compress", "gzip", "team/app:1"]).ok();
    let back = longshore.dir().join("back.tar");
    longshore.run(&["save", "team/app:1", "-o", text(&back)]).ok();
    assert_eq!(Engines::new().podman(&["pull", "-q", &format!("docker-archive:{}", back.display())]), id);
}

#[test]
fn saved_loaded_and_saved_again_the_bytes_are_the_same() {
    let first = Longshore::new();
    let of = |platform, seed| {
        Image::builder(Family::Oci).platform(platform).layer(Layer::noise(seed, 30_000)).build()
    };
    let index = Image::index(Family::Oci, &[&of("linux/amd64", 2), &of("linux/arm64/v8", 3)]);
    let registry = DockerRegistry::open();
    registry.put("team/app", "1", &index);
    let name = registry.reference("team/app", "1");
    first.run(&["pull", "-q", "--all-platforms", &name]).ok();
    for options in [&[][..], &["--format", "oci-archive"], &["--compress", "zstd"], &["--compress", "gzip"]] {
        let (one, two) = (first.dir().join("one.tar"), first.dir().join("two.tar"));
        first.run(&[&["save", &name, "-o", text(&one)], options].concat()).ok();
        let second = Longshore::new();
        second.run(&["load", "-i", text(&one)]).ok();
        second.run(&[&["save", &name, "-o", text(&two)], options].concat()).ok();
        assert!(fs::read(&one).expect("it is there") == fs::read(&two).expect("it is there"), "{options:?}");
        // Straight from the registry the same again, without a store; and on standard output.
        let third = Longshore::new();
        let from = format!("docker://{name}");
        third.run(&[&["save", &from, "-o", text(&two)], options].concat()).ok();
        assert!(!third.store().exists(), "nothing is stored on the way");
        assert!(fs::read(&one).expect("it is there") == fs::read(&two).expect("it is there"), "{options:?}");
        let mut piped = first.command(&[&["save", &name], options].concat());
        let output = piped.stderr(Stdio::piped()).output().expect("it can be started");
        assert!(output.stdout == fs::read(&one).expect("it is there"), "{options:?}");
        // What goes back to a registry is what was pulled.
        let to = registry.reference("team/again", "1");
        second.run(&["copy", &format!("store:{name}"), &format!("docker://{to}")]).ok();
        let found = Skopeo::new().digest(&format!("docker://{to}"), &["--tls-verify=false"]);
        assert_eq!(found, index.digest().as_str(), "{options:?}");
    }
    // One platform: said to be another digest, and why.
    let path = first.dir().join("one-platform.tar");
    let saved = first.run(&["save", &name, "-o", text(&path), "--platform", "linux/arm64", "--json"]).json();
    assert_eq!(saved["images"][0]["digest_preserved"], false);
    assert!(saved["images"][0]["because"].as_str().expect("a reason").contains("linux/amd64"), "{saved}");
    // A folder.
    let folder = first.dir().join("folder");
    first.run(&["save", &name, "-o", text(&folder), "--format", "oci"]).ok();
    let found = Skopeo::new().digest(&format!("oci:{}:{name}", folder.display()), &[]);
    assert_eq!(found, index.digest().as_str());
}

#[test]
fn a_save_that_fails_says_why_and_leaves_what_was_there() {
    let longshore = Longshore::new();
    let path = longshore.dir().join("kept.tar");
    fs::write(&path, "precious").expect("a file can be written");
    let failed = longshore.run(&["save", "team/none:1", "-o", text(&path)]).with_status(1);
    assert!(failed.stderr.contains("team/none:1"), "{}", failed.stderr);
    let failed = longshore.run(&["save", "team/none:1", "-o", "no/such/folder.tar"]).with_status(1);
    assert!(!failed.stderr.contains("panicked"), "{}", failed.stderr);
    for wrong in [
        &["save", "team/app:1", "--format", "oci"][..],
        &["save", "team/app:1", "--json"],
        &["save"],
        &["save", "team/app:1", "-o", "x", "--format", "oci", "--compress", "gzip"],
    ] {
        longshore.run(wrong).with_status(2);
    }
    assert_eq!(fs::read(&path).expect("it is there"), b"precious");
}
