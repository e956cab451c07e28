//! Archives: saved, loaded, and pulled straight into one, beside `cp` and skopeo.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::images::BenchImage;
use crate::measure::{Figures, time};

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the store into a hybrid archive, beside `cp` of that archive.
    Save,
    /// An OCI archive into an empty store.
    LoadOci,
    /// A Docker archive with uncompressed layers into an empty store, its layers compressed.
    LoadDocker,
    /// From a registry into an archive.
    Pull,
}

impl Way {
    /// The program beside Longshore.
    fn peer(self) -> &'static str {
        if self == Self::Save { "cp" } else { "skopeo" }
    }
}

/// What is there before the clock runs.
pub struct Archives<'a> {
    image: &'a BenchImage,
    longshore: PathBuf,
    folder: PathBuf,
    host: &'a str,
}

impl<'a> Archives<'a> {
    /// Fills a store and makes the archives in `folder`.
    pub fn new(image: &'a BenchImage, longshore: &Path, folder: &Path, host: &'a str, way: Way) -> Self {
        let (longshore, folder) = (longshore.to_owned(), folder.to_owned());
        let archives = Self { image, longshore, folder, host };
        let layout = format!("oci:{}:latest", image.layout().display());
        match way {
            Way::Save => {
                archives.longshore(&["copy", "-q", &layout, "store:bench/image:latest"], "full");
                archives.longshore(&["save", "-q", "bench/image", "-o", &archives.path("saved.tar")], "full");
            }
            Way::LoadOci => {
                archives.skopeo(&layout, &format!("oci-archive:{}:latest", archives.path("oci.tar")));
            }
            Way::LoadDocker => {
                let to = format!("docker-archive:{}:bench/image:latest", archives.path("docker.tar"));
                archives.skopeo(&layout, &to);
            }
            Way::Pull => {}
        }
        archives
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn longshore(&self, arguments: &[&str], store: &str) {
        let mut command = Command::new(&self.longshore);
        command.args(arguments).arg("--store").arg(self.folder.join(store)).stdout(Stdio::null());
        assert!(command.status().is_ok_and(|status| status.success()), "{arguments:?} failed");
    }

    fn skopeo(&self, from: &str, to: &str) {
        let status = Command::new("skopeo")
            .args(["--insecure-policy", "copy", "--quiet", from, to])
            .status()
            .expect("skopeo runs");
        assert!(status.success(), "skopeo could not write {to}");
    }

    /// Runs both programs once, each into an empty place: their names and figures, and the bytes that each wrote.
    pub fn measure(&self, way: Way) -> [(&'static str, Figures, u64); 2] {
        let peer = way.peer();
        let run = |name, command: Command| {
            let place = self.folder.join("out");
            let _ = std::fs::remove_dir_all(&place);
            std::fs::create_dir(&place).expect("a folder for the result");
            let figures = time(&command, name);
            (name, figures, bytes_below(&place))
        };
        [run("longshore", self.ours(way)), run(peer, self.theirs(way))]
    }

    fn ours(&self, way: Way) -> Command {
        let mut command = Command::new("time");
        command.arg(&self.longshore);
        let out = self.path("out/archive.tar");
        match way {
            Way::Save => {
                command.args(["save", "-q", "bench/image", "-o", &out, "--store", &self.path("full")])
            }
            Way::LoadOci => {
                command.args(["load", "-q", "-i", &self.path("oci.tar"), "--store", &self.path("out/store")])
            }
            Way::LoadDocker => command.args([
                "load",
                "-q",
                "--compress",
                "gzip",
                "-i",
                &self.path("docker.tar"),
                "--store",
                &self.path("out/store"),
            ]),
            Way::Pull => {
                let from = format!("docker://{}/{}:latest", self.host, self.image.name);
                command.args(["save", "-q", &from, "-o", &out, "--store", &self.path("none")])
            }
        };
        command
    }

    fn theirs(&self, way: Way) -> Command {
        let mut command = Command::new("time");
        let copy = ["skopeo", "--insecure-policy", "copy", "--quiet", "--src-tls-verify=false"];
        let layout = format!("oci:{}:latest", self.path("out/layout"));
        match way {
            Way::Save => command.args(["cp", &self.path("saved.tar"), &self.path("out/copy.tar")]),
            Way::LoadOci => {
                command.args(copy).args([&format!("oci-archive:{}:latest", self.path("oci.tar")), &layout])
            }
            Way::LoadDocker => {
                command.args(copy).args([&format!("docker-archive:{}", self.path("docker.tar")), &layout])
            }
            Way::Pull => {
                let from = format!("docker://{}/{}:latest", self.host, self.image.name);
                command
                    .args(copy)
                    .args([&from, &format!("oci-archive:{}:latest", self.path("out/archive.tar"))])
            }
        };
        command
    }
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
