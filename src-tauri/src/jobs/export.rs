//! An export: the files of an image, as a container would see them, in one tar.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use engine::compression::Compression;
use engine::job::{Job, NodeKind, PlannedBlob, Settlement, TransferEvent};
use engine::rootfs::Part;
use engine::{Error, Result, place, rootfs};
use oci::Reference;
use oci::descriptor::Descriptor;

use super::{About, Ended, Log, Task};
use crate::shell;
use crate::state::{Longshore, blocking};
use crate::trees;
use crate::wire::{LayersOf, LookIn, Origin, SaveSource, Squeeze, Verb};

/// The shortest time between two words on how far it is.
const BETWEEN: Duration = Duration::from_millis(50);

/// An image whose files are written.
pub struct Export {
    /// The window's inside: it has the lists of files, and where images are.
    pub app: Weak<Longshore>,
    /// Which image.
    pub image: SaveSource,
    /// Its name.
    pub reference: Reference,
    /// How the tar is compressed.
    pub compression: Squeeze,
    /// Where it will stand.
    pub path: PathBuf,
    /// As it is shown.
    pub file: String,
}

#[async_trait]
impl Task for Export {
    fn about(&self) -> About {
        let name = self.reference.familiar();
        let file = shell::word(&self.file);
        let command = match self.compression {
            Squeeze::None => format!("docker export $(docker create {name}) -o {file}"),
            Squeeze::Gzip => format!("docker export $(docker create {name}) | gzip > {file}"),
            Squeeze::Zstd => format!("docker export $(docker create {name}) | zstd > {file}"),
        };
        About {
            verb: Verb::Export,
            engine: None,
            title: self.file.clone(),
            reference: self.reference.canonical(),
            source: None,
            platform: self.image.platform.clone(),
            command,
        }
    }

    fn key(&self) -> String {
        format!("export {} {:?}", self.path.display(), self.image)
    }

    fn writes(&self) -> Option<&Path> {
        Some(&self.path)
    }

    async fn run(&self, job: &Job, log: &Log) -> Result<Ended> {
        let app = self.app.upgrade().ok_or_else(Error::cancelled)?;
        let from = match self.image.from {
            Origin::Store => LookIn::Store,
            Origin::Registry => LookIn::Registry,
        };
        let (input, platform) = (self.image.input.clone(), self.image.platform.clone());
        let of = LayersOf::Image { input, from, platform };
        let said = Mutex::new(Vec::new());
        let telling = log.clone();
        let opened = trees::open(&app, of, job, move |progress| {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            // What was kept is there at once, and needs no word.
            if progress.done < progress.total && !said.contains(&progress.layer) {
                said.push(progress.layer);
                telling.with(|record| record.say(format!("Reading layer {}", progress.layer)));
            }
        });
        let tree = job.run(opened).await?.tree;
        job.checkpoint().await?;
        let bytes = tree.merged.size(&tree.stack, 0);
        let whole =
            Descriptor::new(oci::media_type::OCI_LAYER, oci::Digest::sha256(self.key().as_bytes()), bytes);
        let digest = whole.digest.clone();
        let blob = PlannedBlob { descriptor: whole, kind: NodeKind::Layer, present: false, resumed: 0 };
        job.emit(TransferEvent::Planned { blobs: vec![blob], total: bytes, skipped: 0 });
        let (to, compression, working) = (self.path.clone(), self.compression, job.clone());
        let row = digest.clone();
        let written = blocking(move || {
            let last = Mutex::new(Instant::now());
            write(&tree, &to, compression, &working, &|done| {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if last.elapsed() >= BETWEEN {
                    *last = Instant::now();
                    working.emit(TransferEvent::Advanced { digest: row.clone(), done });
                }
            })
        })
        .await?;
        job.emit(TransferEvent::Settled { digest, settlement: Settlement::Complete });
        let left_out = written.left_out.iter().map(|why| format!("WARNING: {why}"));
        let told = format!("{} entries, {} bytes of files", written.entries, written.bytes);
        Ok(Ended { digest: None, up_to_date: false, last_lines: left_out.chain([told]).collect() })
    }
}

fn write(
    tree: &trees::Tree,
    to: &Path,
    compression: Squeeze,
    job: &Job,
    progress: &dyn Fn(u64),
) -> Result<rootfs::Exported> {
    let compression = match compression {
        Squeeze::None => Compression::None,
        Squeeze::Gzip => Compression::Gzip,
        Squeeze::Zstd => Compression::Zstd,
    };
    let part = Part::whole(&tree.stack);
    let (told, _) = place::write(to, |out| {
        let told = rootfs::export_packed(&tree.layers, &tree.stack, part, (out, compression), job, progress)?;
        if job.is_cancelled() { Err(Error::cancelled()) } else { Ok(told) }
    })?;
    Ok(told)
}
