//! Images from and to a container engine on this computer, as the archives that it packs and takes.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use engine::archive::{Archive, ArchiveSink, ArchiveSource, Format};
use engine::daemon::Daemon;
use engine::job::Job;
use engine::load::{Chosen, load};
use engine::store::ContentStore;
use engine::transfer::{Platforms, transfer};
use engine::{Code, Error, Result};
use futures_util::TryStreamExt as _;
use tokio_util::io::{ReaderStream, StreamReader, SyncIoBridge};

use super::save::Saved;
use super::{About, Ended, Log, Task};
use crate::shell;
use crate::state::blocking;
use crate::wire::Verb;

/// An engine's image comes to this computer.
pub struct Take {
    /// The engine.
    pub daemon: Daemon,
    /// A name or an ID of its own.
    pub image: String,
    /// Where it goes.
    pub store: ContentStore,
    /// Where what it packs is kept meanwhile.
    pub spool: PathBuf,
}

#[async_trait]
impl Task for Take {
    fn about(&self) -> About {
        let reference = self.image.parse::<oci::Reference>();
        let program = self.daemon.name().to_lowercase();
        About {
            verb: Verb::Load,
            title: self.image.clone(),
            reference: reference.map_or_else(|_| self.image.clone(), |name| name.canonical()),
            source: Some(self.daemon.name().to_owned()),
            platform: None,
            command: format!("{program} save {} | longshore load", shell::word(&self.image)),
        }
    }

    fn key(&self) -> String {
        format!("take {} {}", self.daemon.address(), self.image)
    }

    async fn run(&self, job: &Job, log: &Log) -> Result<Ended> {
        log.with(|record| record.say(format!("{} packs the image", self.daemon.name())));
        let bytes = self.daemon.take(&self.image).map_err(std::io::Error::other);
        let reader = SyncIoBridge::new(StreamReader::new(bytes));
        let (name, spool, working) = (self.image.clone(), self.spool.clone(), job.clone());
        let opened = blocking(move || {
            let archive = Archive::of_stream(reader, &name, &spool, &working)?;
            ArchiveSource::new(&archive, &working)
        });
        let source = job.run(opened).await?;
        let chosen: Vec<Chosen> = source
            .images()
            .iter()
            .map(|image| Chosen {
                root: image.root.digest.clone(),
                names: image.references(),
                platforms: Platforms::Present,
            })
            .collect();
        let loaded = load(&source, &self.store, &chosen, false, job).await?;
        let names = loaded.iter().flat_map(|image| &image.names);
        Ok(Ended {
            digest: loaded.first().map(|image| image.outcome.root.digest.clone()),
            up_to_date: loaded.iter().all(|image| image.outcome.moved == 0),
            last_lines: names.map(|(name, _)| format!("Loaded image: {}", name.familiar())).collect(),
        })
    }
}

/// An image goes to an engine.
pub struct Give {
    /// The engine.
    pub daemon: Daemon,
    /// The image.
    pub image: Saved,
    /// Where it is packed.
    pub spool: PathBuf,
}

#[async_trait]
impl Task for Give {
    fn about(&self) -> About {
        let name = self.image.reference.familiar();
        let program = self.daemon.name().to_lowercase();
        About {
            verb: Verb::Save,
            title: format!("{name} to {}", self.daemon.name()),
            reference: self.image.reference.canonical(),
            source: None,
            platform: None,
            command: format!("longshore save {name} | {program} load"),
        }
    }

    fn key(&self) -> String {
        format!("give {} {} {:?}", self.daemon.address(), self.image.reference, self.image.platforms)
    }

    async fn run(&self, job: &Job, log: &Log) -> Result<Ended> {
        let spool = self.spool.clone();
        let folder = blocking(move || {
            tempfile::tempdir_in(&spool).map_err(|error| engine::store::io_error(&spool, "write to", error))
        })
        .await?;
        let path = folder.path().join("image.tar");
        let sink = Arc::new(ArchiveSink::create(&path, Format::Hybrid)?);
        let outcome = transfer(self.image.source(), sink.clone(), &self.image.request(), job).await?;
        Arc::into_inner(sink).expect("the transfer let go of it").finish().await?;
        log.with(|record| record.say(format!("{} unpacks the image", self.daemon.name())));
        let unreadable =
            |error| Error::new(Code::StoreFailed, "the packed image can't be read back").with_source(error);
        let file = tokio::fs::File::open(&path).await.map_err(unreadable)?;
        let bytes = ReaderStream::with_capacity(file, 512 * 1024).map_err(move |error| {
            Error::new(Code::StoreFailed, "the packed image can't be read back").with_source(error)
        });
        let lines = self.daemon.give(bytes, job).await?;
        Ok(Ended { digest: Some(outcome.root.digest), up_to_date: false, last_lines: lines })
    }
}
