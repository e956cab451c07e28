//! A save: images of this computer or of registries into an archive or a layout folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use engine::archive::{Compression, Destination, Format};
use engine::endpoint::{ImageSink, ImageSource, Target};
use engine::job::Job;
use engine::registry::{Registries, RegistrySource};
use engine::store::ContentStore;
use engine::transfer::{self, Platforms, transfer};
use engine::{Code, Error, Result};
use oci::{Digest, Reference};

use super::{About, Ended, Log, Task};
use crate::shell;
use crate::state::blocking;
use crate::wire::{SaveFormat, Squeeze, Verb};

/// Where an image is saved from.
#[derive(Clone)]
pub enum From {
    /// This computer.
    Store(ContentStore),
    /// The registry that its name says.
    Registry(Registries),
}

/// One image to be saved.
#[derive(Clone)]
pub struct Saved {
    /// Its name.
    pub reference: Reference,
    /// Where it is.
    pub from: From,
    /// Which platforms.
    pub platforms: Platforms,
}

impl Saved {
    /// Where its bytes come from.
    pub fn source(&self) -> Arc<dyn ImageSource> {
        match &self.from {
            From::Store(store) => Arc::new(store.clone()),
            From::Registry(registries) => {
                let client = registries.client(self.reference.registry());
                Arc::new(RegistrySource::new(client, self.reference.repository().clone()))
            }
        }
    }

    /// The store that it is in.
    pub fn store(&self) -> Option<&ContentStore> {
        match &self.from {
            From::Store(store) => Some(store),
            From::Registry(_) => None,
        }
    }

    /// What the engine is asked for. An image without a tag is saved without a name.
    pub fn request(&self) -> transfer::Request {
        let name = self.reference.tag().is_some().then(|| self.reference.clone());
        transfer::Request::new(Target::Named(self.reference.clone()), self.platforms.clone(), name)
    }
}

/// Images into a file or a folder.
#[derive(Clone)]
pub struct Save {
    /// Which, at least one.
    pub images: Vec<Saved>,
    /// What is written.
    pub format: SaveFormat,
    /// How it is compressed as a whole.
    pub compression: Squeeze,
    /// Where it will stand.
    pub path: PathBuf,
    /// As it is shown.
    pub file: String,
}

#[async_trait]
impl Task for Save {
    fn about(&self) -> About {
        let first = &self.images[0];
        let platform = match &first.platforms {
            Platforms::These(platforms) => platforms.first().map(ToString::to_string),
            Platforms::Only(platform) => Some(platform.to_string()),
            Platforms::All | Platforms::Present => None,
        };
        let names: Vec<String> = self.images.iter().map(|image| image.reference.familiar()).collect();
        About {
            verb: Verb::Save,
            engine: None,
            title: self.file.clone(),
            reference: first.reference.canonical(),
            source: None,
            platform,
            command: command(&names.join(" "), self.format, self.compression, &self.file),
        }
    }

    fn key(&self) -> String {
        let images = self.images.iter().map(|image| format!("{} {:?}", image.reference, image.platforms));
        let how = (self.format, self.compression);
        format!("save {} {how:?} {:?}", self.path.display(), images.collect::<Vec<_>>())
    }

    fn writes(&self) -> Option<&Path> {
        Some(&self.path)
    }

    async fn run(&self, job: &Job, log: &Log) -> Result<Ended> {
        log.with(|record| record.say("Getting image source signatures"));
        let save = self.clone();
        let destination = blocking(move || save.destination()).await?;
        let digest = self.every(destination.sink(), job).await?;
        job.checkpoint().await?;
        destination.finish().await?;
        Ok(Ended {
            digest: Some(digest),
            up_to_date: false,
            last_lines: vec!["Writing manifest to image destination".to_owned()],
        })
    }
}

impl Save {
    fn destination(&self) -> Result<Destination> {
        let compression = match self.compression {
            Squeeze::None => Compression::None,
            Squeeze::Gzip => Compression::Gzip,
            Squeeze::Zstd => Compression::Zstd,
        };
        match self.format {
            SaveFormat::Hybrid => Destination::archive(&self.path, Format::Hybrid, compression),
            SaveFormat::Oci => Destination::archive(&self.path, Format::Oci, compression),
            SaveFormat::Folder => Destination::folder(&self.path),
        }
    }

    /// One image after the other; the digest of the first.
    async fn every(&self, sink: Arc<dyn ImageSink>, job: &Job) -> Result<Digest> {
        let mut first = None;
        for image in &self.images {
            let outcome = transfer(image.source(), sink.clone(), &image.request(), job).await?;
            first.get_or_insert(outcome.root.digest);
        }
        first.ok_or_else(|| {
            Error::new(Code::ConfigInvalid, "no image was chosen").with_hint("Choose an image to save")
        })
    }
}

/// The line that does this in a terminal.
pub fn command(names: &str, format: SaveFormat, compression: Squeeze, file: &str) -> String {
    let file = shell::word(file);
    match (format, compression) {
        (SaveFormat::Hybrid, Squeeze::None) => format!("docker save {names} -o {file}"),
        (SaveFormat::Hybrid, Squeeze::Gzip) => format!("docker save {names} | gzip > {file}"),
        (SaveFormat::Hybrid, Squeeze::Zstd) => format!("docker save {names} | zstd > {file}"),
        (SaveFormat::Oci, Squeeze::None) => format!("longshore save {names} --format oci-archive -o {file}"),
        (SaveFormat::Oci, Squeeze::Gzip) => {
            format!("longshore save {names} --format oci-archive --compress gzip -o {file}")
        }
        (SaveFormat::Oci, Squeeze::Zstd) => {
            format!("longshore save {names} --format oci-archive --compress zstd -o {file}")
        }
        (SaveFormat::Folder, _) => format!("longshore save {names} --format oci -o {file}"),
    }
}
