//! What is inside layers: the list of all files, beside `gzip -dc | tar -t` layer by layer and dive where it is on PATH,
//! and the flattened filesystem, beside umoci and crane.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::images::BenchImage;
use crate::measure::{Figures, time};

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The list of every layer's files, nothing kept from before.
    Index,
    /// The same, with the indexes that were kept.
    Again,
    /// The flattened filesystem as a tar; as a folder of umoci.
    Export,
}

/// One image, for each program.
pub struct Inside<'a> {
    image: &'a BenchImage,
    longshore: PathBuf,
    folder: PathBuf,
    /// The image in a registry, for crane, where that is here.
    remote: Option<String>,
    /// An archive that dive reads, where dive is here.
    archive: Option<PathBuf>,
}

impl<'a> Inside<'a> {
    /// Fills a store in `folder`.
    pub fn new(image: &'a BenchImage, longshore: &Path, folder: &Path, host: &str) -> Self {
        let from = format!("oci:{}:latest", image.layout().display());
        let mut command = Command::new(longshore);
        command.args(["copy", "-q", &from, "store:bench/image:latest", "--store"]).arg(folder.join("store"));
        assert!(quiet(&mut command), "the store can't be filled");
        let mut archive = None;
        if quiet(Command::new("dive").arg("--version")) {
            let path = folder.join("for-dive.tar");
            let to = format!("docker-archive:{}:bench/image:latest", path.display());
            let mut command = Command::new("skopeo");
            assert!(quiet(command.args(["--insecure-policy", "copy", "-q", &from, &to])), "skopeo failed");
            archive = Some(path);
        }
        let crane = quiet(Command::new("crane").arg("version"));
        let remote = crane.then(|| format!("{host}/{}:latest", image.name));
        Self { image, longshore: longshore.to_owned(), folder: folder.to_owned(), remote, archive }
    }

    /// Runs every program once.
    pub fn measure(&self, look: Look) -> Vec<(&'static str, Figures)> {
        let mut all = vec![("longshore", self.longshore(look))];
        match look {
            Look::Index => {
                all.push(("tar", self.tar()));
                all.extend(self.archive.as_deref().map(|archive| ("dive", self.dive(archive))));
            }
            Look::Export => {
                all.push(("umoci", self.umoci()));
                all.extend(self.remote.as_deref().map(|remote| ("crane", self.crane(remote))));
            }
            Look::Again => {}
        }
        all
    }

    fn longshore(&self, look: Look) -> Figures {
        let store = self.folder.join("store");
        if look == Look::Index {
            let _ = fs::remove_dir_all(store.join("cache"));
        }
        let mut command = Command::new("time");
        command.arg(&self.longshore);
        match look {
            Look::Index | Look::Again => command.args(["files", "bench/image:latest"]),
            Look::Export => {
                command.args(["export", "bench/image:latest", "-o"]).arg(self.folder.join("flat.tar"))
            }
        };
        let figures = time(command.arg("--store").arg(store), "longshore");
        let _ = fs::remove_file(self.folder.join("flat.tar"));
        figures
    }

    /// What a person without Longshore would type.
    fn tar(&self) -> Figures {
        let mut blobs: Vec<PathBuf> = fs::read_dir(self.image.layout().join("blobs/sha256"))
            .expect("a layout")
            .map(|entry| entry.expect("a layout").path())
            .collect();
        blobs.retain(|blob| fs::read(blob).is_ok_and(|bytes| bytes.starts_with(&[0x1f, 0x8b])));
        let mut command = Command::new("time");
        let script = "for blob; do gzip -dc \"$blob\" | tar -tv; done";
        time(command.args(["sh", "-c", script, "sh"]).args(blobs), "tar")
    }

    fn dive(&self, archive: &Path) -> Figures {
        let json = self.folder.join("dive.json");
        let mut command = Command::new("time");
        command.args(["dive", "--source", "docker-archive", "--json"]).arg(json).arg(archive);
        time(&command, "dive")
    }

    fn crane(&self, remote: &str) -> Figures {
        let flat = self.folder.join("crane.tar");
        let mut command = Command::new("time");
        let figures = time(command.args(["crane", "export", "--insecure", remote]).arg(&flat), "crane");
        let _ = fs::remove_file(flat);
        figures
    }

    fn umoci(&self) -> Figures {
        let bundle = self.folder.join("bundle");
        let image = format!("{}:latest", self.image.layout().display());
        let mut command = Command::new("time");
        command.args(["umoci", "unpack", "--rootless", "--image", &image]).arg(&bundle);
        let figures = time(&command, "umoci");
        let _ = fs::remove_dir_all(bundle);
        figures
    }
}

fn quiet(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
