//! `copy`: from one place to another, streamed; the places are named as skopeo names them.

use std::sync::Arc;

use engine::archive::ArchiveSink;
use engine::daemon::Daemon;
use engine::endpoint::{ImageSink, ImageSource, Mounts, Target};
use engine::registry::{RegistryClient, RegistrySink};
use engine::store::{ContentStore, StoreSink};
use engine::transfer::{Outcome, Plan, Platforms, Request, transfer};
use engine::{Code, Error, handover};
use oci::{Platform, Reference};
use serde_json::json;

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt::{self, Threads};
use crate::output;
use crate::pull::Words;
use crate::push::{self, Watched};
use crate::transport::{Held, Transport};

/// Runs the verb.
pub fn run(args: &args::Copy, context: &Context) -> Result<(), Failure> {
    let from = Transport::parse(&args.source)?;
    let to = Transport::parse(&args.destination)?;
    if let Transport::Store(name) | Transport::Archive { name: Some(name), .. } = &to {
        // An ID or a digest alone finds an image; it names none.
        crate::find::reference(name)?;
    }
    if let Transport::Daemon(Held::Id(_)) = &to {
        return Err(Failure::Usage {
            message: format!("`{to}` is no name that an image can be given"),
            hint: "Write `docker-daemon:NAME:TAG`".to_owned(),
        });
    }
    let tell = !context.json() && !args.quiet;
    let copy = Copy { args, context, watched: Watched::new(Words::COPY, tell), from, to };
    interrupt::run(Threads::Several, &copy.watched.job, async {
        let copied = copy.copy().await;
        copy.watched.progress.end(copied.is_ok());
        let mut warnings = copy.watched.warnings();
        for client in copy.clients() {
            warnings.extend(context.warn(&client));
        }
        let outcome = copied?;
        if context.json() {
            let mut object = push::outcome_json(&outcome);
            object["source"] = json!(copy.from.to_string());
            object["destination"] = json!(copy.to.to_string());
            object["warnings"] = json!(warnings);
            output::json(&object)?;
        } else if args.quiet {
            output::line(outcome.root.digest.as_str())?;
        } else {
            output::line(&format!("Digest: {}", outcome.root.digest))?;
            output::line(&format!("Copied {} to {}", copy.from, copy.to))?;
        }
        Ok(())
    })
}

struct Copy<'a> {
    args: &'a args::Copy,
    context: &'a Context,
    watched: Watched,
    from: Transport,
    to: Transport,
}

impl Copy<'_> {
    async fn copy(&self) -> Result<Outcome, Failure> {
        let job = &self.watched.job;
        // One that is not there is said before anything else is asked.
        let daemon = match &self.to {
            Transport::Daemon(_) => Some(self.context.daemon().await?),
            _ => None,
        };
        let (source, target) = self.from.open(self.context, job).await?;
        if let Some(daemon) = daemon {
            return self.to_daemon(&daemon, source, target).await;
        }
        let archive = match &self.to {
            Transport::Archive { format, path, .. } => Some(Arc::new(ArchiveSink::create(path, *format)?)),
            _ => None,
        };
        let sink: Arc<dyn ImageSink> = match &archive {
            Some(archive) => archive.clone(),
            None => self.sink().await?,
        };
        let request = Request::new(target, self.platforms(), self.to.name()).mounting(self.mounts()?);
        let work = async {
            if matches!(request.platforms, Platforms::Present) {
                let plan = Plan::of(&*source, Some(&*sink), &request, job).await?;
                push::check_nothing_lost(&plan, &self.args.platform)?;
            }
            let outcome = transfer(source, sink, &request, job).await?;
            if let Some(archive) = archive {
                Arc::into_inner(archive).expect("the transfer let go of it").finish().await?;
            }
            Ok(outcome)
        };
        work.await.map_err(|error: Error| match error.code() {
            Code::Cancelled => {
                Error::cancelled().with_hint("The destination's name is untouched; copy again").into()
            }
            _ => self.context.failure(error),
        })
    }

    async fn to_daemon(
        &self,
        daemon: &Daemon,
        source: Arc<dyn ImageSource>,
        target: Target,
    ) -> Result<Outcome, Failure> {
        let request = Request::new(target, self.platforms(), self.to.name());
        match handover::give(daemon, source, &request, &self.watched.job).await {
            Ok((outcome, _)) => Ok(outcome),
            Err(error) if error.code() == Code::Cancelled => Err(Error::cancelled()
                .with_hint(format!("{} has nothing of it; copy again", daemon.name()))
                .into()),
            Err(error) => Err(self.context.failure(error)),
        }
    }

    /// A registry has all that its index lists; a folder may have a part; an engine runs what this computer runs.
    fn platforms(&self) -> Platforms {
        if let ([], Transport::Daemon(_)) = (&self.args.platform[..], &self.to) {
            return Platforms::Only(Platform::host());
        }
        match (&self.args.platform[..], &self.from) {
            ([], Transport::Registry(_)) => Platforms::All,
            (chosen, _) => push::platforms(chosen),
        }
    }

    async fn sink(&self) -> Result<Arc<dyn ImageSink>, Failure> {
        Ok(match &self.to {
            Transport::Registry(name) => {
                Arc::new(RegistrySink::new(self.client(name), name.repository().clone()))
            }
            Transport::Store(_) => Arc::new(StoreSink::open(&self.context.store()?).await?),
            Transport::Layout { dir, name } => {
                let sink = StoreSink::open(&ContentStore::open(dir)?).await?;
                Arc::new(match name {
                    Some(name) => sink.labelled(name),
                    None => sink,
                })
            }
            Transport::Archive { .. } | Transport::Daemon(_) => {
                unreachable!("it is begun where it is finished")
            }
        })
    }

    /// What the store knows of where the destination's registry has the blobs.
    fn mounts(&self) -> Result<Mounts, Failure> {
        match (&self.to, self.context.existing_store()?) {
            (Transport::Registry(name), Some(store)) => Ok(store.mounts(name.registry())?),
            _ => Ok(Mounts::none()),
        }
    }

    fn client(&self, name: &Reference) -> RegistryClient {
        self.context.client(name.registry())
    }

    /// The clients that were asked, each once.
    fn clients(&self) -> Vec<RegistryClient> {
        let mut names: Vec<&Reference> =
            [&self.from, &self.to].into_iter().filter_map(Transport::registry).collect();
        names.dedup_by_key(|name| name.registry().clone());
        names.into_iter().map(|name| self.client(name)).collect()
    }
}
