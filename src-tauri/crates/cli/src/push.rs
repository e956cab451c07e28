//! `push`: from the store to the registry that the image's name says, told as the Docker client tells it.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex};

use engine::endpoint::Target;
use engine::job::{Job, TransferEvent};
use engine::registry::{RegistryClient, RegistrySink};
use engine::store::ContentStore;
use engine::transfer::{Outcome, Plan, Platforms, Request, transfer};
use engine::{Code, Error};
use oci::{Digest, Platform, Reference};
use serde_json::{Value, json};

mod dry_run;

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt::{self, Threads};
use crate::output;
use crate::pull::{Progress, Typed, Words};

/// A job whose events are printed, and whose warnings are kept for the result.
pub struct Watched {
    pub job: Job,
    pub progress: Arc<Progress>,
    warned: Arc<Mutex<Vec<String>>>,
}

impl Watched {
    /// Tells of layers where `layers` is set.
    pub fn new(words: Words, layers: bool) -> Self {
        let progress = Progress::new(words, layers, std::io::stdout().is_terminal());
        let warned: Arc<Mutex<Vec<String>>> = Arc::default();
        let (observer, kept) = (progress.clone(), warned.clone());
        let job = Job::new(move |event| {
            if let TransferEvent::Warned { message } = &event {
                kept.lock().expect("nothing panics while it holds the warnings").push(message.clone());
            }
            observer.observe(event);
        });
        Self { job, progress, warned }
    }

    /// What was warned of since it was asked last.
    pub fn warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.warned.lock().expect("nothing panics while it holds the warnings"))
    }
}

/// What came of a transfer out, as JSON: the same for a push and a copy.
pub fn outcome_json(outcome: &Outcome) -> Value {
    json!({
        "digest": outcome.root.digest.as_str(),
        "media_type": outcome.root.media_type,
        "size": outcome.root.size,
        "previous": outcome.previous.as_ref().map(Digest::as_str),
        "moved": outcome.moved,
        "mounted": outcome.mounted,
        "skipped": outcome.skipped,
        "lost_platforms": outcome.lost.iter().map(Platform::to_string).collect::<Vec<_>>(),
        "up_to_date": outcome.up_to_date(),
    })
}

/// Which platforms of an image that may be here in part.
pub fn platforms(chosen: &[Platform]) -> Platforms {
    if chosen.is_empty() { Platforms::Present } else { Platforms::These(chosen.to_vec()) }
}

/// Refuses to leave platforms out that nobody spoke of, where several are here: the index would become another one. One
/// alone goes, as with Docker, and what is left out is said.
///
/// # Errors
/// [`Code::PlatformMissing`] with the platforms that are here.
pub fn check_nothing_lost(plan: &Plan, chosen: &[Platform]) -> engine::Result<()> {
    let index = oci::Node::parse(&plan.root_document().bytes, Some(&plan.root.media_type));
    let Ok(oci::Node::Index(index)) = index else { return Ok(()) };
    if plan.lost.is_empty() || !chosen.is_empty() {
        return Ok(());
    }
    let here: Vec<String> =
        index.platforms().into_iter().filter_map(|(_, platform)| Some(platform?.to_string())).collect();
    let lost: Vec<String> = plan.lost.iter().map(|platform| format!("`{platform}`")).collect();
    let options: Vec<String> = here.iter().map(|platform| format!("--platform {platform}")).collect();
    Err(Error::new(Code::PlatformMissing, format!("{} of this image are not here", lost.join(", ")))
        .with_hint(format!(
            "Pull the others first (`longshore pull --all-platforms NAME`), or push what is here as an index of its own: `{}`",
            options.join(" ")
        ))
        .with_choices(here))
}

/// Runs the verb.
pub fn run(args: &args::Push, context: &Context) -> Result<(), Failure> {
    let reference = crate::find::reference(&args.input)?;
    let typed = Typed::of(&args.input);
    typed.check_all_tags(args.all_tags, "push", &reference)?;
    let tell = !context.json() && !args.quiet;
    let watched = Watched::new(Words::PUSH, tell && !args.dry_run);
    let push = Push { args, context, store: context.store()?, watched, tell };
    let names = push.names(&reference)?;
    if tell && !args.all_tags && !typed.tag && !typed.digest {
        output::line("Using default tag: latest")?;
    }
    interrupt::run(Threads::Several, &push.watched.job, push.all(&reference, &names))
}

struct Push<'a> {
    args: &'a args::Push,
    context: &'a Context,
    store: ContentStore,
    watched: Watched,
    tell: bool,
}

impl Push<'_> {
    /// The names to push, one after the other.
    fn names(&self, reference: &Reference) -> Result<Vec<Reference>, Failure> {
        if !self.args.all_tags {
            return Ok(vec![reference.clone()]);
        }
        let names =
            self.store.images()?.into_iter().filter_map(|image| image.name?.parse::<Reference>().ok());
        let mut names: Vec<Reference> = names
            .filter(|name| name.repository() == reference.repository() && name.digest().is_none())
            .collect();
        names.sort();
        if names.is_empty() {
            let name = reference.repository().familiar();
            return Err(Error::new(Code::ImageMissing, format!("no tag of `{name}` is on this computer"))
                .with_hint("`longshore images` lists what is here; `longshore tag` gives an image a name")
                .into());
        }
        Ok(names)
    }

    async fn all(&self, reference: &Reference, names: &[Reference]) -> Result<(), Failure> {
        let client = self.context.client(reference.registry());
        if self.tell && !self.args.dry_run {
            output::line(&format!("The push refers to repository [{}]", reference.repository()))?;
        }
        let (mut objects, mut failed, mut first) = (Vec::new(), Vec::new(), None);
        for name in names {
            match self.one(&client, name).await {
                Ok(object) => objects.push(object),
                Err(failure) if names.len() == 1 || failure.is_cancelled() => {
                    self.context.warn(&client);
                    return Err(failure);
                }
                Err(failure) => {
                    let tag = name.tag().map_or("", oci::Tag::as_str).to_owned();
                    if self.context.json() {
                        objects.push(json!({ "reference": name.canonical(), "error": failure.to_json() }));
                    } else {
                        output::note(&format!("{tag}: {}", failure.to_text()));
                    }
                    failed.push(tag);
                    first.get_or_insert(failure);
                }
            }
        }
        let warnings = self.context.warn(&client);
        if self.context.json() {
            if self.args.all_tags {
                let repository = reference.repository().to_string();
                output::json(&json!({
                    "repository": repository, "tags": objects, "failed": failed, "warnings": warnings,
                }))?;
            } else if let Some(mut object) = objects.pop() {
                if let Some(all) = object["warnings"].as_array_mut() {
                    all.extend(warnings.into_iter().map(Value::from));
                }
                output::json(&object)?;
            }
        }
        match first {
            None => Ok(()),
            Some(_) => {
                let code = match &first {
                    Some(Failure::Engine(error, _)) => error.code(),
                    _ => Code::Internal,
                };
                let message =
                    format!("{} of {} tags failed: {}", failed.len(), names.len(), failed.join(", "));
                Err(Error::new(code, message)
                    .with_hint("Push again: what the registry has is not sent again")
                    .into())
            }
        }
    }

    /// Pushes, or plans, one name; the object for `--json`.
    async fn one(&self, client: &RegistryClient, name: &Reference) -> Result<Value, Failure> {
        let request = self.request(name)?;
        if self.args.dry_run {
            let plan = engine::push::plan_push(&self.store, &request, client, name, &self.watched.job).await;
            let plan = plan.map_err(|error| self.failure(error))?;
            if self.tell {
                dry_run::tell(name, &plan)?;
            }
            return Ok(dry_run::to_json(name, &plan));
        }
        let outcome = self.transfer(client, name, &request).await;
        self.watched.progress.end(outcome.is_ok());
        let outcome = outcome.map_err(|error| self.failure(error))?;
        if self.tell {
            let Outcome { root, .. } = &outcome;
            let heading = name.tag().map_or_else(|| name.canonical(), ToString::to_string);
            output::line(&format!("{heading}: digest: {} size: {}", root.digest, root.size))?;
        } else if self.args.quiet {
            output::line(&name.canonical())?;
        }
        let mut object = outcome_json(&outcome);
        object["reference"] = json!(name.canonical());
        object["familiar"] = json!(name.familiar());
        object["warnings"] = json!(self.watched.warnings());
        Ok(object)
    }

    fn request(&self, name: &Reference) -> Result<Request, Failure> {
        let mounts = self.store.mounts(name.registry())?;
        let (target, platforms) = (Target::Named(name.clone()), platforms(&self.args.platform));
        Ok(Request::new(target, platforms, Some(name.clone())).mounting(mounts))
    }

    async fn transfer(
        &self,
        client: &RegistryClient,
        name: &Reference,
        request: &Request,
    ) -> engine::Result<Outcome> {
        let sink = Arc::new(RegistrySink::new(client.clone(), name.repository().clone()));
        let plan = Plan::of(&self.store, Some(&*sink), request, &self.watched.job).await?;
        check_nothing_lost(&plan, &self.args.platform)?;
        transfer(Arc::new(self.store.clone()), sink, request, &self.watched.job).await
    }

    fn failure(&self, error: Error) -> Failure {
        if error.code() == Code::Cancelled {
            let hint = "Nothing was published: push again, what the registry has is not sent again";
            return Error::cancelled().with_hint(hint).into();
        }
        self.context.failure(error)
    }
}
