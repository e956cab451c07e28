//! A load: images of an archive to this computer, or one of them straight to a registry.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use engine::archive::{Archive, ArchiveSource, Listed};
use engine::endpoint::Target;
use engine::job::Job;
use engine::load::{Chosen, load};
use engine::registry::{Registries, RegistrySink};
use engine::store::ContentStore;
use engine::transfer::{self, Platforms, transfer};
use engine::{Code, Error, Result};
use oci::Reference;

use super::{About, Ended, Log, Task};
use crate::shell;
use crate::state::blocking;
use crate::wire::{LoadImage, Verb};

/// Where a load goes.
pub enum To {
    /// This computer; whether names that stand for other images are moved.
    Store(ContentStore, bool),
    /// A registry, under this name.
    Registry(Registries, Reference),
}

/// Images of an archive.
pub struct Load {
    /// The archive.
    pub path: PathBuf,
    /// As it is shown.
    pub file: String,
    /// Which of its images, with the names that they get.
    pub images: Vec<LoadImage>,
    /// Where they go.
    pub to: To,
    /// Where a compressed archive is unpacked meanwhile.
    pub spool: PathBuf,
}

#[async_trait]
impl Task for Load {
    fn about(&self) -> About {
        let first = self.images.iter().flat_map(|image| &image.names).next();
        let reference = match &self.to {
            To::Registry(_, name) => name.canonical(),
            To::Store(..) => first
                .and_then(|name| name.parse::<Reference>().ok())
                .map_or_else(|| self.file.clone(), |name| name.canonical()),
        };
        About {
            verb: Verb::Load,
            engine: None,
            title: self.file.clone(),
            reference,
            source: Some(self.file.clone()),
            platform: None,
            command: match &self.to {
                To::Store(..) => format!("docker load -i {}", shell::word(&self.file)),
                To::Registry(_, name) => {
                    format!("longshore load -i {} --to {}", shell::word(&self.file), name.familiar())
                }
            },
        }
    }

    fn key(&self) -> String {
        let to = match &self.to {
            To::Store(_, replace) => format!("here {replace}"),
            To::Registry(_, name) => name.canonical(),
        };
        format!("load {} {:?} {to}", self.path.display(), self.images)
    }

    async fn run(&self, job: &Job, log: &Log) -> Result<Ended> {
        let (path, spool, opening) = (self.path.clone(), self.spool.clone(), job.clone());
        let opened = blocking(move || {
            let archive = Archive::open(&path, &spool, &opening)?;
            ArchiveSource::new(&archive, &opening)
        });
        let source = job.run(opened).await?;
        let chosen: Vec<(&Listed, &LoadImage)> = self
            .images
            .iter()
            .map(|wanted| Ok((self.image(&source, wanted.index)?, wanted)))
            .collect::<Result<_>>()?;
        match &self.to {
            To::Store(store, replace) => self.to_store(&source, store, *replace, &chosen, job).await,
            To::Registry(registries, name) => {
                let [(image, _)] = chosen[..] else {
                    return Err(Error::new(Code::ConfigInvalid, "one image goes to one name")
                        .with_hint("Choose one image of the archive"));
                };
                let client = registries.client(name.registry());
                let repository = name.repository();
                log.with(|record| {
                    record.say(format!("The push refers to repository [{repository}]"));
                });
                let sink = RegistrySink::new(client.clone(), repository.clone());
                let target = Target::Exact(image.root.digest.clone());
                let request = transfer::Request::new(target, Platforms::Present, Some(name.clone()));
                let outcome = transfer(Arc::new(source), Arc::new(sink), &request, job).await;
                for warning in client.warnings() {
                    log.with(|record| record.say(format!("WARNING: {warning}")));
                }
                let outcome = outcome?;
                let root = &outcome.root;
                let tag = name.tag().map_or_else(|| root.digest.short().to_owned(), ToString::to_string);
                Ok(Ended {
                    digest: Some(root.digest.clone()),
                    up_to_date: outcome.up_to_date(),
                    last_lines: vec![format!("{tag}: digest: {} size: {}", root.digest, root.size)],
                })
            }
        }
    }
}

impl Load {
    fn image<'a>(&self, source: &'a ArchiveSource, index: u32) -> Result<&'a Listed> {
        source.images().get(index as usize).ok_or_else(|| {
            let why = format!("`{}` has no image {}", self.file, index + 1);
            Error::new(Code::ImageMissing, why)
                .with_hint("The file was changed since it was looked at: open it again")
        })
    }

    async fn to_store(
        &self,
        source: &ArchiveSource,
        store: &ContentStore,
        replace: bool,
        chosen: &[(&Listed, &LoadImage)],
        job: &Job,
    ) -> Result<Ended> {
        let chosen: Vec<Chosen> = chosen
            .iter()
            .map(|(image, wanted)| {
                let unwritten = |name: &&String| !image.names.contains(*name);
                if let Some(stranger) = wanted.names.iter().find(unwritten) {
                    let why = format!("`{}` gives no image the name `{stranger}`", self.file);
                    return Err(Error::new(Code::ImageMissing, why)
                        .with_hint("The file was changed since it was looked at: open it again"));
                }
                let names = wanted.names.iter().map(|name| crate::state::parse_reference(name));
                Ok(Chosen {
                    root: image.root.digest.clone(),
                    names: names.collect::<Result<_>>()?,
                    platforms: Platforms::Present,
                })
            })
            .collect::<Result<_>>()?;
        let loaded = load(source, store, &chosen, replace, job).await?;
        let mut lines = Vec::new();
        for image in &loaded {
            for (name, previous) in &image.names {
                let moved = previous.as_ref().filter(|digest| **digest != image.outcome.root.digest);
                if let Some(previous) = moved {
                    lines.push(format!(
                        "The image {} already exists, renaming the old one with ID {previous} to empty string",
                        name.familiar()
                    ));
                }
                lines.push(format!("Loaded image: {}", name.familiar()));
            }
            if image.names.is_empty() {
                lines.push(format!("Loaded image ID: {}", image.outcome.root.digest));
            }
        }
        let up_to_date = loaded.iter().all(|image| {
            let root = &image.outcome.root.digest;
            image.outcome.moved == 0
                && image.names.iter().all(|(_, previous)| previous.as_ref() == Some(root))
        });
        Ok(Ended {
            digest: loaded.first().map(|image| image.outcome.root.digest.clone()),
            up_to_date,
            last_lines: lines,
        })
    }
}
