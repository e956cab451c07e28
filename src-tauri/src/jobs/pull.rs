//! A pull: registry to store, through the engine's one pipeline.

use std::sync::Arc;

use async_trait::async_trait;
use engine::endpoint::Target;
use engine::job::Job;
use engine::registry::{Registries, RegistryClient, RegistrySource};
use engine::store::{ContentStore, StoreSink};
use engine::transfer::{self, Outcome, Platforms, transfer};
use engine::{Code, Error, Result};
use oci::reference::Reference;

use super::kept::Kept;
use super::{About, Ended, Log, Task};
use crate::trees::Ahead;
use crate::wire::{PullRequest, Verb};

/// One image of a registry, or all tags of its repository.
pub struct Pull {
    /// The clients.
    pub registries: Registries,
    /// Where it goes.
    pub store: ContentStore,
    /// What was asked for, as it was typed.
    pub input: String,
    /// And parsed.
    pub reference: Reference,
    /// Which platforms.
    pub platforms: Platforms,
    /// Whether a platform was named; otherwise it is the default one.
    pub platform_named: bool,
    /// All tags instead of the reference's own.
    pub all_tags: bool,
    /// Where its files are listed once it is here.
    pub ahead: Option<Ahead>,
}

#[async_trait]
impl Task for Pull {
    fn about(&self) -> About {
        let repository = self.reference.repository().repository();
        let title = match (self.all_tags, self.reference.digest(), self.reference.tag()) {
            (true, ..) => format!("{repository}, all tags"),
            (false, Some(digest), _) => format!("{repository}@{}", digest.short()),
            (false, None, Some(tag)) => format!("{repository}:{tag}"),
            (false, None, None) => repository.to_owned(),
        };
        About {
            verb: Verb::Pull,
            engine: None,
            title,
            reference: self.reference.canonical(),
            source: None,
            platform: self.platforms.only().map(ToString::to_string),
            command: self.command(),
        }
    }

    fn key(&self) -> String {
        format!("pull {} {:?} {}", self.reference.canonical(), self.platforms, self.all_tags)
    }

    fn kept(&self) -> Option<Kept> {
        Some(Kept::Pull(PullRequest {
            input: self.reference.canonical(),
            platform: self.platforms.only().filter(|_| self.platform_named).map(ToString::to_string),
            all_platforms: self.platforms == Platforms::All,
            all_tags: self.all_tags,
        }))
    }

    async fn run(&self, job: &Job, log: &Log) -> Result<Ended> {
        let client = self.registries.client(self.reference.registry());
        let sink = Arc::new(StoreSink::open(&self.store).await?);
        let source = RegistrySource::new(client.clone(), self.reference.repository().clone());
        let ends = Ends { source: Arc::new(source), sink };
        if self.all_tags {
            return self.every_tag(&ends, &client, job, log).await;
        }
        let outcome = self.one(&ends, &client, &self.reference, job, log).await?;
        let status = status(outcome.up_to_date(), &self.reference.familiar());
        Ok(Ended {
            digest: Some(outcome.root.digest.clone()),
            up_to_date: outcome.up_to_date(),
            last_lines: vec![status, self.reference.canonical()],
        })
    }
}

struct Ends {
    source: Arc<RegistrySource>,
    sink: Arc<StoreSink>,
}

impl Pull {
    async fn one(
        &self,
        ends: &Ends,
        client: &RegistryClient,
        reference: &Reference,
        job: &Job,
        log: &Log,
    ) -> Result<Outcome> {
        let path = reference.repository().path();
        log.with(|record| record.say(format!("{}: Pulling from {path}", reference.manifest_selector())));
        let (target, name) = (Target::Named(reference.clone()), Some(reference.clone()));
        let request = transfer::Request::new(target, self.platforms.clone(), name);
        let outcome = transfer(ends.source.clone(), ends.sink.clone(), &request, job).await;
        for warning in client.warnings() {
            log.with(|record| record.say(format!("WARNING: {warning}")));
        }
        let outcome = outcome?;
        log.with(|record| record.end_image(format!("Digest: {}", outcome.root.digest)));
        if let Some(ahead) = &self.ahead {
            ahead.list(self.store.clone(), outcome.root.digest.clone(), self.platforms.only().cloned());
        }
        Ok(outcome)
    }

    /// One after the other. A tag that has nothing for this platform is passed over, as long as another one has.
    async fn every_tag(&self, ends: &Ends, client: &RegistryClient, job: &Job, log: &Log) -> Result<Ended> {
        let repository = self.reference.repository();
        let list = job.run(client.tags(repository, Some(job))).await?;
        if list.partial {
            log.with(|record| record.say("WARNING: the registry's list of tags is not whole"));
        }
        let (mut last, mut up_to_date, mut passed_over) = (None, true, None);
        for tag in list.tags {
            let reference = self.reference.with_tag(tag);
            match self.one(ends, client, &reference, job, log).await {
                Ok(outcome) => {
                    up_to_date &= outcome.up_to_date();
                    let first = last.replace(outcome.root.digest).is_none();
                    if first
                        || Some(reference.manifest_selector())
                            == self.reference.tag().map(ToString::to_string)
                    {
                        log.with(|record| record.rename(reference.canonical()));
                    }
                }
                Err(error) if matches!(error.code(), Code::PlatformMissing | Code::ManifestUnsupported) => {
                    log.with(|record| record.say(format!("WARNING: passed over: {}", error.message())));
                    passed_over = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        let Some(digest) = last else {
            return Err(passed_over.unwrap_or_else(|| {
                let name = repository.familiar();
                Error::new(Code::NotFound, format!("`{name}` has no tags"))
                    .with_hint("Check the spelling of the repository")
            }));
        };
        let name = repository.familiar();
        Ok(Ended {
            digest: Some(digest),
            up_to_date,
            last_lines: vec![status(up_to_date, &name), repository.to_string()],
        })
    }

    /// The line that does this in a terminal: Docker's, or Longshore's own where Docker can't do it.
    fn command(&self) -> String {
        let input = self.input.trim();
        match &self.platforms {
            Platforms::All | Platforms::Present | Platforms::These(_) => {
                format!("longshore pull --all-platforms {input}")
            }
            Platforms::Only(platform) => {
                let all_tags = if self.all_tags { "--all-tags " } else { "" };
                let platform =
                    if self.platform_named { format!("--platform {platform} ") } else { String::new() };
                format!("docker pull {all_tags}{platform}{input}")
            }
        }
    }
}

fn status(up_to_date: bool, name: &str) -> String {
    let what = if up_to_date { "Image is up to date" } else { "Downloaded newer image" };
    format!("Status: {what} for {name}")
}
