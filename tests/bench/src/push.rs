//! Pushes and copies: from a layout of one's own into a registry, and from registry to registry.
//!
//! skopeo remembers where it saw blobs and would mount them: its memory is removed before each run. Every push into an
//! empty registry gets one of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::real::DockerRegistry;

use crate::images::BenchImage;
use crate::measure::{Contender, Figures, time};

/// Where skopeo remembers: as root, and as anybody else, below the home directory.
const MEMORY: [&str; 2] = ["/var/lib/containers/cache", ".local/share/containers/cache"];

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Into a registry that has nothing.
    Empty,
    /// Into one that has everything.
    Again,
    /// From registry to registry.
    Copy,
}

/// Where the images come from, for each program.
pub struct Pusher<'a> {
    pub image: &'a BenchImage,
    /// Longshore's store, with the image.
    pub store: PathBuf,
    /// A registry that has the image.
    pub full: &'a str,
}

impl<'a> Pusher<'a> {
    /// Fills a store in `folder`.
    pub fn new(image: &'a BenchImage, longshore: &Path, folder: &Path, full: &'a str) -> Self {
        let store = folder.join("push-store");
        let from = format!("oci:{}:latest", image.layout().display());
        let mut command = Command::new(longshore);
        command.args(["copy", "-q", &from, "store:bench/image:latest", "--store"]).arg(&store);
        command.stdout(std::process::Stdio::null());
        assert!(command.status().is_ok_and(|status| status.success()), "the store can't be filled");
        Self { image, store, full }
    }

    /// Runs one program once; the registry that it filled must have the image.
    pub fn measure(&self, contender: &Contender, way: Way) -> Figures {
        let registry = DockerRegistry::open();
        if way == Way::Again {
            self.image.upload(&registry.host());
        }
        let to = format!("{}/{}:latest", registry.host(), self.image.name);
        forget_what_skopeo_knows();
        let figures = time(&self.command(contender, way, &to), contender.name());
        self.image.check_pushed(&registry.host(), contender.name());
        figures
    }

    fn command(&self, contender: &Contender, way: Way, to: &str) -> Command {
        let from = format!("docker://{}/{}:latest", self.full, self.image.name);
        let layout = format!("oci:{}:latest", self.image.layout().display());
        let mut command = Command::new("time");
        match contender {
            Contender::Longshore(program) => {
                let source = if way == Way::Copy { from } else { "store:bench/image:latest".to_owned() };
                command.arg(program).args(["copy", "-q", &source, &format!("docker://{to}"), "--store"]);
                command.arg(&self.store);
            }
            Contender::Skopeo => {
                let source = if way == Way::Copy { from } else { layout };
                command.args(["skopeo", "--insecure-policy", "copy", "--quiet", "--src-tls-verify=false"]);
                command.args(["--dest-tls-verify=false", &source, &format!("docker://{to}")]);
            }
            Contender::Crane if way == Way::Copy => {
                let from = from.trim_start_matches("docker://");
                command.args(["crane", "copy", "--insecure", from, to]);
            }
            Contender::Crane => {
                command.args(["crane", "push", "--insecure"]).arg(self.image.layout()).arg(to);
            }
        }
        command
    }
}

fn forget_what_skopeo_knows() {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    for folder in MEMORY {
        let _ = std::fs::remove_file(home.join(folder).join("blob-info-cache-v1.boltdb"));
    }
}
