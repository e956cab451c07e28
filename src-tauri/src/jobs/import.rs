//! An import: a filesystem in a file becomes an image of this computer.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use engine::endpoint::Target;
use engine::job::Job;
use engine::rootfs::import::{self, Input, Options};
use engine::store::{ContentStore, StoreSink};
use engine::transfer::{self, Platforms, transfer};
use engine::{Code, Error, Result};
use oci::Reference;

use super::{About, Ended, Log, Task};
use crate::shell;
use crate::state::blocking;
use crate::wire::Verb;

/// A filesystem and what is made of it.
pub struct Import {
    /// The file.
    pub path: PathBuf,
    /// As it is shown.
    pub file: String,
    /// The image's name.
    pub name: Reference,
    /// What it is to be.
    pub options: Options,
    /// The instructions, as they were given.
    pub changes: Vec<String>,
    /// Whether a name that stands for another image is moved.
    pub replace: bool,
    /// Where it goes.
    pub store: ContentStore,
    /// Where the layer is put together, if it can't stay as it is.
    pub spool: PathBuf,
}

#[async_trait]
impl Task for Import {
    fn about(&self) -> About {
        let changes: String =
            self.changes.iter().map(|change| format!("--change {} ", shell::word(change))).collect();
        About {
            verb: Verb::Import,
            engine: None,
            title: self.name.familiar(),
            reference: self.name.canonical(),
            source: Some(self.file.clone()),
            platform: Some(self.options.platform.to_string()),
            command: format!("docker import {changes}{} {}", shell::word(&self.file), self.name.familiar()),
        }
    }

    fn key(&self) -> String {
        format!("import {} {} {:?}", self.path.display(), self.name, self.options)
    }

    async fn run(&self, job: &Job, _log: &Log) -> Result<Ended> {
        let (input, spool) = (Input::File(self.path.clone()), self.spool.clone());
        let (options, reading) = (self.options.clone(), job.clone());
        let source = blocking(move || import::read(input, &spool, &options, &reading)).await?;
        if !self.replace {
            self.check_name(source.digest().clone()).await?;
        }
        let sink = Arc::new(StoreSink::open(&self.store).await?);
        let request = transfer::Request::new(Target::Sole, Platforms::All, Some(self.name.clone()));
        let outcome = transfer(Arc::new(source), sink, &request, job).await?;
        Ok(Ended {
            digest: Some(outcome.root.digest.clone()),
            up_to_date: outcome.up_to_date(),
            last_lines: vec![outcome.root.digest.to_string()],
        })
    }
}

impl Import {
    async fn check_name(&self, digest: oci::Digest) -> Result<()> {
        let (store, name) = (self.store.clone(), self.name.clone());
        let known = blocking(move || store.resolve(&name)).await?;
        match known.filter(|known| known.digest != digest) {
            None => Ok(()),
            Some(known) => {
                let name = self.name.familiar();
                let why = format!("`{name}` stands for another image here (`{}`)", known.digest.short());
                Err(Error::new(Code::Changed, why)
                    .with_hint("Choose another name, or agree to this one being moved"))
            }
        }
    }
}
