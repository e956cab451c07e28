//! Podman as a source and a sink, by its real service.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use e2e::Process;
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::real::Skopeo;

use crate::prelude::*;
use crate::steps::{command, no_dialog, pull, run};

/// A podman with a storage of its own, whose service listens where a user's does.
struct Podman {
    _service: Process,
    storage: tempfile::TempDir,
}

impl Podman {
    /// Starts one that has this image.
    fn start(home: &Home, image: &Image, name: &str) -> Self {
        let storage = tempfile::tempdir().expect("a temporary folder");
        let written = storage.path().join("image");
        fs::create_dir_all(&written).expect("a folder");
        image.write_directory(&written).expect("the image can be written");
        let archive = storage.path().join("image.tar");
        let source = format!("dir:{}", written.display());
        let target = format!("docker-archive:{}:{name}", archive.display());
        Skopeo::new().run(&["copy", "--quiet", &source, &target]);
        let socket = home.path().join("run/podman/podman.sock");
        fs::create_dir_all(socket.parent().expect("a folder")).expect("a folder");
        let mut command = Process::command("podman", "Install it: apt-get install podman");
        command.args(Self::options(storage.path()));
        command.args(["system", "service", "--time", "0", &format!("unix://{}", socket.display())]);
        command.env("HOME", storage.path()).env("TMPDIR", storage.path());
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let service = Process::start(&mut command);
        let podman = Self { _service: service, storage };
        podman.run(&["load", "-q", "-i", &archive.display().to_string()]);
        let begun = Instant::now();
        while !socket.exists() {
            assert!(begun.elapsed() < Duration::from_secs(20), "podman's service does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        podman
    }

    fn options(storage: &Path) -> Vec<String> {
        let folder = |name: &str| -> PathBuf { storage.join(name) };
        let (root, run) = (folder("root").display().to_string(), folder("run").display().to_string());
        ["--root", &root, "--runroot", &run, "--storage-driver", "vfs", "--events-backend", "none"]
            .map(str::to_owned)
            .to_vec()
    }

    fn run(&self, arguments: &[&str]) -> String {
        let options = Self::options(self.storage.path());
        let all: Vec<&str> = options.iter().map(String::as_str).chain(arguments.iter().copied()).collect();
        run("podman", &all)
    }
}

#[tokio::test]
async fn images_are_taken_from_podman_and_given_to_it() {
    let files = [Entry::directory("etc"), Entry::file("etc/motd", b"hello\n")];
    let image = Image::builder(Family::Oci).layer(Layer::new(&files, LayerCompression::Gzip)).build();
    let home = Home::new();
    let podman = Podman::start(&home, &image, "docker.io/team/app:1");
    let window = Window::open_in(home, 1280, 800).await;
    let host = window.practice_host().await;

    window.click(".nav[title='Images of Podman']").await;
    window.says("team/app:1").await;
    window.says("1 image").await;
    window.looks_good("podman").await;
    window.press("Take docker.io/team/app:1").await;
    window.says("Loaded image").await;
    window.looks_good("taken").await;

    pull(&window, &format!("{host}/hello:1.0")).await;
    window.press("Open image").await;
    window.says("What the name points to").await;
    command(&window, "Give to Podman").await;
    window.says("gets a copy under the same name").await;
    window.looks_good("give").await;
    window.press("Give to Podman").await;
    no_dialog(&window).await;
    window.says("Podman has the image now").await;
    window.looks_good("given").await;
    let names = podman.run(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    assert!(names.contains(&format!("{host}/hello:1.0")), "{names}");

    // What it has now is seen when it is read again.
    command(&window, "Show images of Podman").await;
    window.says("hello:1.0").await;
}
