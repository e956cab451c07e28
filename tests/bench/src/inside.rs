//! What is inside layers: the list of all files, beside `gzip -dc | tar -t` layer by layer and dive where it is on PATH,
//! and the flattened filesystem, beside umoci and crane.
//!
//! dive reads archives: with the compressed layers of the others, as Docker writes them since 25, or with uncompressed ones, as
//! it did before; that one Longshore reads too.

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
    /// The list of every file of a Docker archive with uncompressed layers.
    Raw,
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
    /// Archives that dive reads, where dive is here.
    archives: Option<Archives>,
}

/// An image as two archives.
struct Archives {
    packed: PathBuf,
    raw: PathBuf,
}

impl<'a> Inside<'a> {
    /// Fills a store in `folder`.
    pub fn new(image: &'a BenchImage, longshore: &Path, folder: &Path, host: &str) -> Self {
        let from = format!("oci:{}:latest", image.layout().display());
        let store = folder.join("store");
        let run = |arguments: &[&str]| {
            let mut command = Command::new(longshore);
            assert!(quiet(command.args(arguments).arg("--store").arg(&store)), "{arguments:?} failed");
        };
        run(&["copy", "-q", &from, "store:bench/image:latest"]);
        let archives = quiet(Command::new("dive").arg("--version")).then(|| {
            let archives = Archives { packed: folder.join("packed.tar"), raw: folder.join("raw.tar") };
            run(&["save", "-q", "bench/image:latest", "-o", &archives.packed.display().to_string()]);
            let to = format!("docker-archive:{}:bench/image:latest", archives.raw.display());
            let mut command = Command::new("skopeo");
            assert!(quiet(command.args(["--insecure-policy", "copy", "-q", &from, &to])), "skopeo failed");
            archives
        });
        let crane = quiet(Command::new("crane").arg("version"));
        let remote = crane.then(|| format!("{host}/{}:latest", image.name));
        Self { image, longshore: longshore.to_owned(), folder: folder.to_owned(), remote, archives }
    }

    /// Runs every program once.
    pub fn measure(&self, look: Look) -> Vec<(&'static str, Figures)> {
        let Some(image) = self.name(look) else { return Vec::new() };
        let mut all = vec![("longshore", self.longshore(look, &image))];
        match look {
            Look::Index => {
                all.push(("tar", self.tar()));
                all.extend(self.archives.as_ref().map(|archives| ("dive", self.dive(&archives.packed))));
            }
            Look::Raw => {
                all.extend(self.archives.as_ref().map(|archives| ("dive", self.dive(&archives.raw))));
            }

            Look::Export => {
                all.push(("umoci", self.umoci()));
                all.extend(self.remote.as_deref().map(|remote| ("crane", self.crane(remote))));
            }
            Look::Again => {}
        }
        all
    }

    /// What Longshore is given; none where there is nothing to compare with.
    fn name(&self, look: Look) -> Option<String> {
        match (look, &self.archives) {
            (Look::Raw, archives) => Some(format!("docker-archive:{}", archives.as_ref()?.raw.display())),
            _ => Some("bench/image:latest".to_owned()),
        }
    }

    fn longshore(&self, look: Look, image: &str) -> Figures {
        let store = self.folder.join("store");
        if matches!(look, Look::Index | Look::Raw) {
            let _ = fs::remove_dir_all(store.join("cache"));
        }
        let mut command = Command::new("time");
        command.arg(&self.longshore);
        match look {
            Look::Index | Look::Again | Look::Raw => command.args(["files", image]),
            Look::Export => command.args(["export", image, "-o"]).arg(self.folder.join("flat.tar")),
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
