//! `pull`: from a registry into the store, told as the Docker client tells it.

use std::io::IsTerminal;
use std::sync::Arc;

use engine::endpoint::Target;
use engine::job::Job;
use engine::registry::{RegistryClient, RegistrySource};
use engine::store::{ContentStore, StoreSink};
use engine::transfer::{Outcome, Platforms, Request, transfer};
use engine::{Code, Error, ahead};
use oci::{Platform, Presence, Reference, SegmentKind};
use serde_json::{Value, json};

mod bars;
mod progress;

pub use progress::{Progress, Words};

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt::{self, Threads};
use crate::{output, stored};

/// Runs the verb.
pub fn run(args: &args::Pull, context: &Context) -> Result<(), Failure> {
    let reference = crate::find::reference(&args.input)?;
    let typed = Typed::of(&args.input);
    typed.check_all_tags(args.all_tags, "pull", &reference)?;
    let platforms = match &args.platform {
        _ if args.all_platforms => Platforms::All,
        Some(platform) => Platforms::Only(platform.clone()),
        None => Platforms::Only(Platform::host()),
    };
    let tell = match (context.json(), args.quiet) {
        (true, _) => Tell::Json,
        (_, true) => Tell::Name,
        _ => Tell::Everything,
    };
    if tell == Tell::Everything && !args.all_tags && !typed.tag && !typed.digest {
        output::line("Using default tag: latest")?;
    }
    let progress = Progress::new(Words::PULL, tell == Tell::Everything, std::io::stdout().is_terminal());
    let observer = progress.clone();
    let job = Job::new(move |event| observer.observe(event));
    let (index, store) = (args.index, context.store()?);
    let pull = Pull { context, store, platforms, index, tell, progress, job: job.clone() };
    interrupt::run(Threads::Several, &job, async {
        if args.all_tags { pull.all_tags(&reference).await } else { pull.one_alone(&reference).await }
    })
}

/// Which parts of the reference were typed.
pub struct Typed {
    pub tag: bool,
    pub digest: bool,
}

impl Typed {
    pub fn of(input: &str) -> Self {
        let explanation = oci::explain::explain(input);
        let typed = |kind: SegmentKind| {
            explanation.outcome.as_ref().is_ok_and(|parts| {
                parts.segments.iter().any(|part| part.kind == kind && part.presence == Presence::Typed)
            })
        };
        Self { tag: typed(SegmentKind::Tag), digest: typed(SegmentKind::Digest) }
    }

    /// `--all-tags` goes with a repository alone.
    ///
    /// # Errors
    /// [`Failure::Usage`].
    pub fn check_all_tags(&self, all_tags: bool, verb: &str, reference: &Reference) -> Result<(), Failure> {
        if !all_tags || !(self.tag || self.digest) {
            return Ok(());
        }
        let repository = reference.repository().familiar();
        Err(Failure::Usage {
            message: "a tag or a digest can't be used with `--all-tags`".to_owned(),
            hint: format!("Name the repository alone: `longshore {verb} -a {repository}`"),
        })
    }
}

/// What is printed on stdout.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tell {
    Everything,
    Name,
    Json,
}

struct Pull<'a> {
    context: &'a Context,
    store: ContentStore,
    platforms: Platforms,
    index: bool,
    tell: Tell,
    progress: Arc<Progress>,
    job: Job,
}

impl Pull<'_> {
    async fn one_alone(&self, reference: &Reference) -> Result<(), Failure> {
        let client = self.context.client(reference.registry());
        let pulled = self.one(&client, reference).await;
        let warnings = self.context.warn(&client);
        let outcome = pulled?;
        match self.tell {
            Tell::Everything => {
                self.tell_status(&reference.familiar(), outcome.up_to_date())?;
                output::line(&reference.canonical())?;
            }
            Tell::Name => output::line(&reference.canonical())?,
            Tell::Json => {
                let mut object = self.outcome_json(reference, &outcome);
                object["warnings"] = json!(warnings);
                output::json(&object)?;
            }
        }
        Ok(())
    }

    async fn all_tags(&self, reference: &Reference) -> Result<(), Failure> {
        let repository = reference.repository();
        let client = self.context.client(repository.registry());
        let listed = self.job.run(client.tags(repository, Some(&self.job))).await;
        let list = listed.map_err(|error| {
            self.context.warn(&client);
            self.failure(error)
        })?;
        let mut doubts = Vec::new();
        if !list.invalid.is_empty() {
            doubts.push(format!(
                "the registry lists {} names that are no tags; they are left out",
                list.invalid.len()
            ));
        }
        if list.partial {
            doubts.push("the registry's list of tags goes in circles; there may be more".to_owned());
        }
        if list.tags.is_empty() {
            return Err(Error::new(Code::NotFound, format!("`{repository}` has no tags"))
                .with_hint("Pull one of its images by digest: `NAME@sha256:…`")
                .into());
        }
        doubts.iter().for_each(|doubt| output::warning(doubt));

        let (mut objects, mut failed, mut newer) = (Vec::new(), Vec::new(), false);
        let mut first_failure = None;
        for tag in &list.tags {
            let reference = reference.with_tag(tag.clone());
            match self.one(&client, &reference).await {
                Ok(outcome) => {
                    newer |= !outcome.up_to_date();
                    match self.tell {
                        Tell::Everything => {}
                        Tell::Name => output::line(&reference.canonical())?,
                        Tell::Json => objects.push(self.outcome_json(&reference, &outcome)),
                    }
                }
                Err(failure) if failure.is_cancelled() || matches!(failure, Failure::Output(_)) => {
                    return Err(failure);
                }
                Err(failure) => {
                    match self.tell {
                        Tell::Json => {
                            objects.push(
                                json!({ "reference": reference.canonical(), "error": failure.to_json() }),
                            );
                        }
                        _ => output::note(&format!("{tag}: {}", failure.to_text())),
                    }
                    first_failure.get_or_insert(failure);
                    failed.push(tag.as_str());
                }
            }
        }
        doubts.extend(self.context.warn(&client));
        match self.tell {
            Tell::Everything if failed.len() < list.tags.len() => {
                self.tell_status(&repository.familiar(), !newer)?;
                output::line(&repository.to_string())?;
            }
            Tell::Everything | Tell::Name => {}
            Tell::Json => output::json(&json!({
                "repository": repository.to_string(),
                "tags": objects,
                "failed": failed,
                "warnings": doubts,
            }))?,
        }
        first_failure.map_or(Ok(()), |first| Err(summary(&first, &failed, list.tags.len())))
    }

    /// Pulls one image, and tells everything up to its digest.
    async fn one(&self, client: &RegistryClient, reference: &Reference) -> Result<Outcome, Failure> {
        if self.tell == Tell::Everything {
            output::line(&format!("{}: Pulling from {}", heading(reference), reference.repository().path()))?;
        }
        let pulled = self.transfer(client, reference).await;
        self.progress.end(pulled.is_ok());
        let outcome = pulled.map_err(|error| self.failure(error))?;
        if self.tell == Tell::Everything {
            output::line(&format!("Digest: {}", outcome.root.digest))?;
        }
        if self.index {
            self.list_files(&outcome).await?;
        }
        Ok(outcome)
    }

    async fn transfer(&self, client: &RegistryClient, reference: &Reference) -> engine::Result<Outcome> {
        let source = Arc::new(RegistrySource::new(client.clone(), reference.repository().clone()));
        let sink = Arc::new(StoreSink::open(&self.store).await?);
        let (target, name) = (Target::Named(reference.clone()), Some(reference.clone()));
        let request = Request::new(target, self.platforms.clone(), name);
        transfer(source, sink, &request, &self.job).await
    }

    /// The image is here whether or not its files can be listed.
    async fn list_files(&self, outcome: &Outcome) -> Result<(), Failure> {
        let (digest, platform) = (&outcome.root.digest, self.platforms.only());
        match ahead::list_files(&self.store, digest, platform, &self.job).await {
            Err(error) if error.code() == Code::Cancelled => Err(self.failure(error)),
            Err(error) => {
                output::warning(&format!("its files are not listed: {error}"));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn tell_status(&self, name: &str, up_to_date: bool) -> std::io::Result<()> {
        let what = if up_to_date { "Image is up to date for" } else { "Downloaded newer image for" };
        output::line(&format!("Status: {what} {name}"))
    }

    fn failure(&self, error: Error) -> Failure {
        if error.code() == Code::Cancelled {
            return Error::cancelled()
                .with_hint("What has arrived is kept: the next pull goes on from there")
                .into();
        }
        self.context.failure(error)
    }

    fn outcome_json(&self, reference: &Reference, outcome: &Outcome) -> Value {
        let stored = stored::look(&self.store, &outcome.root);
        json!({
            "reference": reference.canonical(),
            "familiar": reference.familiar(),
            "digest": outcome.root.digest.as_str(),
            "media_type": outcome.root.media_type,
            "previous": outcome.previous.as_ref().map(oci::Digest::as_str),
            "platforms": stored.platforms.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "size": stored.size,
            "moved": outcome.moved,
            "skipped": outcome.skipped,
            "up_to_date": outcome.up_to_date(),
        })
    }
}

/// What Docker puts before `: Pulling from`: the tag, or the whole name where there is a digest.
fn heading(reference: &Reference) -> String {
    match (reference.digest(), reference.tag()) {
        (None, Some(tag)) => tag.to_string(),
        _ => reference.canonical(),
    }
}

fn summary(first: &Failure, failed: &[&str], of: usize) -> Failure {
    const SHOWN: usize = 20;
    let mut names: Vec<String> = failed.iter().take(SHOWN).map(|tag| format!("`{tag}`")).collect();
    if failed.len() > SHOWN {
        names.push(format!("{} more", failed.len() - SHOWN));
    }
    let message = format!("{} of {of} tags failed: {}", failed.len(), names.join(", "));
    let code = match first {
        Failure::Engine(error, _) => error.code(),
        _ => Code::Internal,
    };
    Error::new(code, message).with_hint("Pull again: what has arrived is kept").into()
}
