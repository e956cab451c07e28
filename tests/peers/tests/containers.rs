//! Archives between Longshore and the engines: podman, buildah, and skopeo as `docker load` reads them.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use peers::{Finished, Longshore};
use serde_json::{Value, json};
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

/// Podman's service on a socket; gone with the test.
struct Service(std::process::Child);

impl Service {
    fn start(engines: &Engines) -> (Self, String) {
        let socket = engines.path("podman.sock");
        let address = format!("unix://{socket}");
        let mut command = engines.command("podman", &["system", "service", "--time", "0", &address]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("podman is installed");
        let service = Self(child);
        let begun = Instant::now();
        while UnixStream::connect(&socket).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the service listens within 20 s");
            std::thread::sleep(Duration::from_millis(50));
        }
        (service, address)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn copies_go_to_a_container_engine_and_come_back() {
    let engines = Engines::new();
    let (_service, address) = Service::start(&engines);
    let longshore = Longshore::new();
    let run = |arguments: &[&str]| {
        let output =
            longshore.command(arguments).env("DOCKER_HOST", &address).output().expect("it can be started");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints text");
        Finished { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    };
    let image = image();
    let id = image.blobs[0].digest.hex();
    let registry = DockerRegistry::open();
    registry.put("team/app", "1", &image);
    let from = format!("docker://{}", registry.reference("team/app", "1"));
    // From a registry and from the store, without a file on the way.
    let told = run(&["copy", &from, "docker-daemon:team/app:1"]).ok();
    assert!(told.contains("Copied") && told.contains("to docker-daemon:docker.io/team/app:1"), "{told}");
    store(&longshore, &image, NAME);
    run(&["copy", "store:team/app:1", "docker-daemon:team/second:2", "--quiet"]).ok();
    assert_eq!(engines.podman(&["image", "inspect", "--format", "{{.Id}}", NAME]), id);
    assert_eq!(engines.podman(&["image", "inspect", "--format", "{{.Id}}", "docker.io/team/second:2"]), id);
    // And back: to the store, a registry and a file, by name and by ID. What podman keeps has other digests, its image ID
    // is the same.
    let back = run(&["copy", "docker-daemon:team/app:1", "store:team/back:1", "--json"]).json();
    assert_eq!(back["source"], "docker-daemon:docker.io/team/app:1");
    let config =
        Skopeo::new().run(&["inspect", "--config", "--raw", &longshore.stored("docker.io/team/back:1")]);
    assert_eq!(oci::digest::Digest::sha256(config.as_bytes()).hex(), id);
    let to = format!("docker://{}", registry.reference("team/back", "1"));
    run(&["copy", &format!("docker-daemon:sha256:{id}"), &to]).ok();
    let pushed = Skopeo::new().run(&["inspect", "--config", "--raw", "--tls-verify=false", &to]);
    assert_eq!(oci::digest::Digest::sha256(pushed.as_bytes()).hex(), id);
    let file = longshore.dir().join("taken.tar");
    run(&["save", "docker-daemon:team/second:2", "-o", text(&file)]).ok();
    assert_eq!(Engines::new().podman(&["pull", "-q", &format!("docker-archive:{}", file.display())]), id);

    let failed = run(&["copy", "docker-daemon:team/none:1", "store:team/none:1"]).with_status(1);
    assert!(failed.stderr.contains("could not give `docker.io/team/none:1`"), "{}", failed.stderr);
    run(&["copy", "store:team/app:1", &format!("docker-daemon:sha256:{id}")]).with_status(2);
    // A source that fails in the middle leaves the engine without the image.
    let layer = longshore.store().join("blobs/sha256").join(image.blobs[3].digest.hex());
    let mut bytes = fs::read(&layer).expect("it is there");
    bytes.truncate(1_000);
    fs::write(&layer, bytes).expect("it can be damaged");
    run(&["copy", "store:team/app:1", "docker-daemon:team/cut:1"]).with_status(1);
    let names = engines.podman(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    assert!(!names.contains("team/cut"), "{names}");
}

#[test]
fn an_engine_that_is_not_there_is_said_to_be_so() {
    let longshore = Longshore::new();
    let image = image();
    store(&longshore, &image, NAME);
    for (host, said) in [
        (
            format!("unix://{}", longshore.dir().join("absent.sock").display()),
            "no container engine answers at",
        ),
        ("ssh://user@host.example".to_owned(), "is no engine of this computer"),
    ] {
        let mut command = longshore.command(&["copy", "store:team/app:1", "docker-daemon:team/app:1"]);
        let output = command.env("DOCKER_HOST", &host).output().expect("it can be started");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(1) && stderr.contains(said) && stderr.contains("hint:"),
            "{stderr}"
        );
    }
}

/// What an import makes of instructions: podman's settings, and Docker's where the two differ.
#[test]
fn changes_of_an_import_are_podmans_or_dockers() {
    let engines = Engines::new();
    let longshore = Longshore::new();
    fs::create_dir_all(engines.path("files/etc")).expect("a folder can be made");
    fs::write(engines.path("files/etc/motd"), "hello").expect("a file can be written");
    let tar = engines.path("files.tar");
    run(Command::new("tar").args(["-C", &engines.path("files"), "-cf", &tar, "."]));
    let of_podman = |changes: &[&str]| -> Option<Value> {
        let changes = changes.iter().flat_map(|change| ["--change", change]);
        let mut command = engines.command("podman", &["--events-backend", "none", "import", "--quiet"]);
        let made = command.args(changes).args([&tar, "podmans:1"]).output().expect("podman is installed");
        if !made.status.success() {
            return None;
        }
        let told = engines.podman(&["image", "inspect", "podmans:1"]);
        Some(serde_json::from_str::<Value>(&told).expect("it prints JSON")[0].take())
    };
    let of_longshore = |changes: &[&str]| -> Value {
        let changes = changes.iter().flat_map(|change| ["--change", change]);
        let arguments: Vec<&str> = ["import", &tar, "ours:1"].into_iter().chain(changes).collect();
        longshore.run(&arguments).ok();
        let stored = longshore.stored("docker.io/library/ours:1");
        let config = Skopeo::new().run(&["inspect", "--config", "--raw", &stored]);
        serde_json::from_str(&config).expect("it is JSON")
    };
    let settings = [
        r#"CMD ["sh", "-c", "echo hi"]"#,
        "ENTRYPOINT /bin/run it",
        "ENV A=b",
        "ENV C=d",
        "EXPOSE 80",
        "EXPOSE 53/udp",
        "LABEL a=b",
        "USER 1000:1000",
        "VOLUME /data /x",
        "WORKDIR /srv",
    ];
    let (theirs, ours) = (of_podman(&settings).expect("podman takes these"), of_longshore(&settings));
    assert_eq!(ours["config"], theirs["Config"]);
    assert_eq!(ours["rootfs"]["diff_ids"], theirs["RootFS"]["Layers"]);
    assert_eq!((&ours["os"], &ours["architecture"]), (&theirs["Os"], &theirs["Architecture"]));
    let steps = |history: &Value| history.as_array().map(Vec::len);
    assert_eq!(steps(&ours["history"]), steps(&theirs["History"]));
    // Where they differ ours is Docker's, of which podman takes a part: several in one line, a space for an equals sign, ranges
    // of ports, folders that count from the root. What podman takes and forgets is kept.
    let rows: [(&str, &str, Option<Value>, Value); 9] = [
        ("STOPSIGNAL SIGINT", "StopSignal", Some(json!("2")), json!("SIGINT")),
        ("ENV A=b C=d", "Env", Some(json!(["A=b C=d"])), json!(["A=b", "C=d"])),
        ("ENV A b", "Env", Some(json!(["A b="])), json!(["A=b"])),
        ("LABEL a=b c=d", "Labels", Some(json!({ "a": "b c=d" })), json!({ "a": "b", "c": "d" })),
        ("EXPOSE 80 81", "ExposedPorts", None, json!({ "80/tcp": {}, "81/tcp": {} })),
        ("EXPOSE 80-81", "ExposedPorts", None, json!({ "80/tcp": {}, "81/tcp": {} })),
        ("WORKDIR srv", "WorkingDir", Some(json!("srv")), json!("/srv")),
        ("HEALTHCHECK CMD true", "Healthcheck", None, json!({ "Test": ["CMD-SHELL", "true"] })),
        ("ONBUILD RUN x", "OnBuild", Some(Value::Null), json!(["RUN x"])),
    ];
    for (change, field, theirs, ours) in rows {
        assert_eq!(of_podman(&[change]).map(|mut made| made["Config"][field].take()), theirs, "{change}");
        assert_eq!(of_longshore(&[change])["config"][field], ours, "{change}");
    }
}
