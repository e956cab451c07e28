//! Images from and to a container engine on this computer.

use async_trait::async_trait;
use engine::daemon::Daemon;
use engine::job::Job;
use engine::load::{Chosen, load};
use engine::store::ContentStore;
use engine::transfer::Platforms;
use engine::{Result, handover};

use super::save::Saved;
use super::{About, Ended, Log, Task};
use crate::shell;
use crate::wire::Verb;

/// An engine's image comes to this computer.
pub struct Take {
    /// The engine.
    pub daemon: Daemon,
    /// A name or an ID of its own.
    pub image: String,
    /// Where it goes.
    pub store: ContentStore,
    /// Whether names that stand for other images here are moved.
    pub replace: bool,
}

#[async_trait]
impl Task for Take {
    fn about(&self) -> About {
        let reference = self.image.parse::<oci::Reference>();
        let program = self.daemon.name().to_lowercase();
        About {
            verb: Verb::Load,
            engine: Some(self.daemon.name().to_owned()),
            title: self.image.clone(),
            reference: reference.map_or_else(|_| self.image.clone(), |name| name.canonical()),
            source: Some(self.daemon.name().to_owned()),
            platform: None,
            command: format!("{program} save {} | longshore load", shell::word(&self.image)),
        }
    }

    fn key(&self) -> String {
        format!("take {} {} {}", self.daemon.address(), self.image, self.replace)
    }

    async fn run(&self, job: &Job, log: &Log) -> Result<Ended> {
        log.with(|record| record.say(format!("{} packs the image", self.daemon.name())));
        let source = handover::take(&self.daemon, &self.image, &self.store.ingest_dir(), job).await?;
        let chosen: Vec<Chosen> = source
            .images()
            .iter()
            .map(|image| Chosen {
                root: image.root.digest.clone(),
                names: image.references(),
                platforms: Platforms::Present,
            })
            .collect();
        let loaded = load(&source, &self.store, &chosen, self.replace, job).await?;
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
}

#[async_trait]
impl Task for Give {
    fn about(&self) -> About {
        let name = self.image.reference.familiar();
        let program = self.daemon.name().to_lowercase();
        About {
            verb: Verb::Save,
            engine: Some(self.daemon.name().to_owned()),
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
        log.with(|record| record.say(format!("{} takes the image", self.daemon.name())));
        let given = handover::give(&self.daemon, self.image.source(), &self.image.request(), job).await;
        let (outcome, lines) = given?;
        Ok(Ended { digest: Some(outcome.root.digest), up_to_date: false, last_lines: lines })
    }
}
