//! A push or a copy: an image, or all tags of a repository, from this computer or a registry to a registry.

use std::sync::Arc;

use async_trait::async_trait;
use engine::endpoint::{ImageSource, Mounts, Target};
use engine::job::Job;
use engine::registry::{Registries, RegistryClient, RegistrySink, RegistrySource};
use engine::store::{ContentStore, Holding};
use engine::transfer::{self, Outcome, Platforms, transfer};
use engine::{Code, Error, Result};
use oci::reference::{Reference, Tag};

use super::kept::Kept;
use super::{About, Ended, Log, Task};
use crate::wire::{Origin, PushRequest, Verb};

/// Where the bytes come from.
#[derive(Clone)]
pub enum From {
    /// This computer. What is named there tells which repositories may have some of the blobs already.
    Store(ContentStore, Arc<Vec<Holding>>),
    /// The registry that the source names.
    Registry,
}

/// An image, or all tags of its repository, to be named at a registry.
pub struct Push {
    /// The clients.
    pub registries: Registries,
    /// Where the bytes come from.
    pub from: From,
    /// What is pushed.
    pub source: Reference,
    /// The name that it gets; of all tags its repository alone counts.
    pub destination: Reference,
    /// Which platforms.
    pub platforms: Platforms,
    /// All tags of the source's repository.
    pub all_tags: bool,
}

#[async_trait]
impl Task for Push {
    fn about(&self) -> About {
        let repository = self.destination.repository().repository();
        let title = if self.all_tags {
            format!("{repository}, all tags")
        } else {
            match self.destination.tag() {
                Some(tag) => format!("{repository}:{tag}"),
                None => {
                    format!(
                        "{repository}@{}",
                        self.source.digest().map(oci::Digest::short).unwrap_or_default()
                    )
                }
            }
        };
        About {
            verb: self.verb(),
            engine: None,
            title,
            reference: self.destination.canonical(),
            source: Some(self.source.familiar()),
            platform: match &self.platforms {
                Platforms::Only(platform) => Some(platform.to_string()),
                Platforms::These(platforms) => {
                    Some(platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
                }
                Platforms::All | Platforms::Present => None,
            },
            command: self.command(),
        }
    }

    fn key(&self) -> String {
        let (source, destination) = (self.source.canonical(), self.destination.canonical());
        format!("{:?} {source} {destination} {:?} {}", self.verb(), self.platforms, self.all_tags)
    }

    fn kept(&self) -> Option<Kept> {
        Some(Kept::Push(PushRequest {
            input: self.source.canonical(),
            from: match self.from {
                From::Store(..) => Origin::Store,
                From::Registry => Origin::Registry,
            },
            destination: self.destination.canonical(),
            platforms: match &self.platforms {
                Platforms::These(platforms) => platforms.iter().map(ToString::to_string).collect(),
                _ => Vec::new(),
            },
            all_tags: self.all_tags,
        }))
    }

    async fn run(&self, job: &Job, log: &Log) -> Result<Ended> {
        let client = self.registries.client(self.destination.registry());
        let destination = self.destination.repository();
        log.with(|record| {
            record.say(match self.verb() {
                Verb::Copy => "Getting image source signatures".to_owned(),
                _ => format!("The push refers to repository [{destination}]"),
            });
        });
        if !self.all_tags {
            let outcome = self.one(&client, &self.source, &self.destination, job, log).await?;
            return Ok(Ended {
                digest: Some(outcome.root.digest.clone()),
                up_to_date: outcome.up_to_date(),
                last_lines: Vec::new(),
            });
        }
        let (mut last, mut up_to_date) = (None, true);
        for tag in self.tags(job).await? {
            let (source, destination) =
                (self.source.with_tag(tag.clone()), self.destination.with_tag(tag.clone()));
            log.with(|record| record.rename(destination.canonical()));
            let outcome = self.one(&client, &source, &destination, job, log).await?;
            up_to_date &= outcome.up_to_date();
            last = Some(outcome.root.digest);
        }
        let name = self.source.repository().familiar();
        let none = || {
            Error::new(Code::NotFound, format!("`{name}` has no tags")).with_hint("Choose another repository")
        };
        Ok(Ended { digest: Some(last.ok_or_else(none)?), up_to_date, last_lines: Vec::new() })
    }
}

impl Push {
    /// What it is called: bytes of this computer are pushed, a registry's are copied.
    pub fn verb(&self) -> Verb {
        match self.from {
            From::Store(..) => Verb::Push,
            From::Registry => Verb::Copy,
        }
    }

    /// The end that the bytes come from.
    pub fn source(&self) -> Arc<dyn ImageSource> {
        match &self.from {
            From::Store(store, _) => Arc::new(store.clone()),
            From::Registry => {
                let client = self.registries.client(self.source.registry());
                Arc::new(RegistrySource::new(client, self.source.repository().clone()))
            }
        }
    }

    /// What the engine is asked for: one image under one name.
    pub fn request(&self, source: &Reference, destination: &Reference) -> transfer::Request {
        let (target, name) = (Target::Named(source.clone()), Some(destination.clone()));
        transfer::Request::new(target, self.platforms.clone(), name).mounting(self.mounts())
    }

    /// The tags that are pushed where all are, in the order of the source.
    ///
    /// # Errors
    /// What the source gives.
    pub async fn tags(&self, job: &Job) -> Result<Vec<Tag>> {
        let repository = self.source.repository();
        match &self.from {
            From::Store(_, holdings) => {
                let names = holdings.iter().filter_map(|holding| holding.image.name.as_deref()?.parse().ok());
                let named = names.filter(|name: &Reference| name.repository() == repository);
                Ok(named.filter_map(|name| name.tag().cloned()).collect())
            }
            From::Registry => {
                let client = self.registries.client(self.source.registry());
                Ok(job.run(client.tags(repository, Some(job))).await?.tags)
            }
        }
    }

    async fn one(
        &self,
        client: &RegistryClient,
        source: &Reference,
        destination: &Reference,
        job: &Job,
        log: &Log,
    ) -> Result<Outcome> {
        let sink = Arc::new(RegistrySink::new(client.clone(), destination.repository().clone()));
        let request = self.request(source, destination);
        let outcome = transfer(self.source(), sink, &request, job).await;
        for warning in client.warnings() {
            log.with(|record| record.say(format!("WARNING: {warning}")));
        }
        let outcome = outcome?;
        let root = &outcome.root;
        log.with(|record| {
            record.end_image(match self.verb() {
                Verb::Copy => "Writing manifest to image destination".to_owned(),
                _ => {
                    let tag =
                        destination.tag().map_or_else(|| root.digest.short().to_owned(), ToString::to_string);
                    format!("{tag}: digest: {} size: {}", root.digest, root.size)
                }
            });
        });
        Ok(outcome)
    }

    /// Repositories of the destination's registry that may have some of the blobs: those which images of this computer with
    /// the same layers, or the whole image under another name, came from or went to.
    fn mounts(&self) -> Mounts {
        let From::Store(_, holdings) = &self.from else { return Mounts::none() };
        let named = holdings.iter().filter_map(|holding| {
            let name: Reference = holding.image.name.as_deref()?.parse().ok()?;
            Some((name, holding))
        });
        let there: Vec<(Reference, &Holding)> =
            named.filter(|(name, _)| name.registry() == self.destination.registry()).collect();
        let own =
            holdings.iter().find(|holding| holding.image.name.as_deref() == Some(&*self.source.canonical()));
        let root = self.source.digest().or(own.map(|own| &own.image.descriptor.digest));
        let same = there.iter().filter(|(_, holding)| Some(&holding.image.descriptor.digest) == root);
        let mut mounts = Mounts::any_of(same.map(|(name, _)| name.repository().clone()));
        for (name, holding) in &there {
            for layer in &holding.layers {
                mounts.add(layer, name.repository());
            }
        }
        mounts
    }

    /// The line that does this in a terminal: Docker's, skopeo's, or Longshore's own where they can't do it.
    pub fn command(&self) -> String {
        let (source, destination) = (self.source.familiar(), self.destination.familiar());
        let platforms = match &self.platforms {
            Platforms::These(platforms) => {
                platforms.iter().map(|platform| format!("--platform {platform} ")).collect::<String>()
            }
            _ => String::new(),
        };
        match (self.verb(), self.all_tags) {
            (Verb::Copy, false) if platforms.is_empty() => {
                format!("skopeo copy --all docker://{} docker://{}", self.source, self.destination)
            }
            (Verb::Copy, all_tags) => {
                let all_tags = if all_tags { "--all-tags " } else { "" };
                format!("longshore copy {all_tags}{platforms}docker://{source} docker://{destination}")
            }
            (_, true) => {
                format!("docker push --all-tags {}", self.destination.repository().familiar())
            }
            (_, false) if source == destination => {
                format!("docker push {platforms}{destination}")
            }
            (_, false) => {
                format!("docker tag {source} {destination} && docker push {platforms}{destination}")
            }
        }
    }
}
