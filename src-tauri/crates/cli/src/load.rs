//! `load`: images of an archive into the store, or one of them straight to a registry.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::archive::{Archive, ArchiveSource, Listed};
use engine::compression::Compression;
use engine::endpoint::Target;
use engine::load::{self, Chosen, Loaded, Moving};
use engine::registry::RegistrySink;
use engine::store::ContentStore;
use engine::transfer::{Outcome, Plan, Platforms, Request, transfer};
use engine::{Code, Error};
use oci::{Digest, Reference};
use serde_json::{Value, json};

use crate::args;
use crate::args::Squeeze;
use crate::context::Context;
use crate::failure::Failure;
use crate::identify::STDIN;
use crate::interrupt::{self, Threads};
use crate::output::{self, shown};
use crate::pull::Words;
use crate::push::{self, Watched};

/// Runs the verb.
pub fn run(args: &args::Load, context: &Context) -> Result<(), Failure> {
    let from_stdin = args.input.as_deref().is_none_or(|path| path == Path::new("-"));
    if from_stdin && std::io::stdin().is_terminal() {
        return Err(Failure::Usage {
            message: "there is nothing to load on standard input".to_owned(),
            hint: "Name the file: `longshore load -i FILE`".to_owned(),
        });
    }
    let to = args.to.as_deref().map(crate::find::reference).transpose()?;
    let tell = !context.json() && !args.quiet;
    let words = if to.is_some() { Words::PUSH } else { Words::LOAD };
    let load = Load { args, context, from_stdin, watched: Watched::new(words, tell) };
    interrupt::run(Threads::Several, &load.watched.job, async {
        match &to {
            Some(to) => load.straight_to(to).await,
            None => load.to_store().await,
        }
    })
}

struct Load<'a> {
    args: &'a args::Load,
    context: &'a Context,
    from_stdin: bool,
    watched: Watched,
}

impl Load<'_> {
    async fn to_store(&self) -> Result<(), Failure> {
        let store = self.context.store()?;
        let source = self.open(store.ingest_dir()).await?;
        let chosen = self.chosen(&source)?;
        let job = &self.watched.job;
        let (source, chosen) = self.compressed(source, chosen, store.ingest_dir()).await?;
        let moving = load::moving(&source, &store, &chosen, job).await.map_err(cancelled)?;
        let replace = self.args.replace || self.agreed(&moving)?;
        let loaded = load::load(&source, &store, &chosen, replace, job).await;
        self.watched.progress.end(loaded.is_ok());
        let loaded = loaded.map_err(cancelled)?;
        self.tell(&source, &store, &loaded)
    }

    /// One image, without storing it.
    async fn straight_to(&self, to: &Reference) -> Result<(), Failure> {
        let job = &self.watched.job;
        let source = self.open(self.context.spool_dir()?).await?;
        let name = match &self.args.names[..] {
            [] => None,
            [one] => Some(one.as_str()),
            _ => {
                return Err(Failure::Usage {
                    message: "`--to` takes one image".to_owned(),
                    hint: "Load them one after the other, each with its own `--to`".to_owned(),
                });
            }
        };
        let root = source.find(name)?.root.digest.clone();
        let platforms = push::platforms(&self.args.platform);
        let chosen = vec![Chosen { root, names: Vec::new(), platforms }];
        let (source, chosen) = self.compressed(source, chosen, self.context.spool_dir()?).await?;
        let Chosen { root, platforms, .. } = chosen.into_iter().next().expect("it was chosen above");
        let client = self.context.client(to.registry());
        let sink = Arc::new(RegistrySink::new(client.clone(), to.repository().clone()));
        let target = Target::Exact(root.clone());
        let request = Request::new(target, platforms, Some(to.clone()));
        let work = async {
            let plan = Plan::of(&source, Some(&*sink), &request, job).await?;
            push::check_nothing_lost(&plan, &self.args.platform)?;
            transfer(Arc::new(source.clone()), sink.clone(), &request, job).await
        };
        let pushed = work.await;
        self.watched.progress.end(pushed.is_ok());
        let mut warnings = self.watched.warnings();
        warnings.extend(self.context.warn(&client));
        let outcome = pushed.map_err(|error| match error.code() {
            Code::Cancelled => cancelled(error),
            _ => self.context.failure(error),
        })?;
        let kept = source.digest_kept(&root, &outcome.root.digest, &outcome.lost);
        if self.context.json() {
            let mut object = push::outcome_json(&outcome);
            object["file"] = json!(source.archive().name());
            object["reference"] = json!(to.canonical());
            object["digest_preserved"] = json!(kept.is_kept());
            object["because"] = json!(kept.because());
            object["warnings"] = json!(warnings);
            output::json(&object)?;
        } else if self.args.quiet {
            output::line(&to.canonical())?;
        } else {
            if !kept.is_kept() {
                output::note(&format!("Digest not preserved: {}", kept.because()));
            }
            output::line(&format!("Digest: {}", outcome.root.digest))?;
            output::line(&format!("Pushed image: {}", to.familiar()))?;
        }
        Ok(())
    }

    async fn open(&self, spool: PathBuf) -> Result<ArchiveSource, Failure> {
        let (path, from_stdin) = (self.args.input.clone().unwrap_or_default(), self.from_stdin);
        let job = self.watched.job.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let archive = if from_stdin {
                Archive::of_stream(std::io::stdin().lock(), STDIN, &spool, &job)?
            } else {
                Archive::open(&path, &spool, &job)?
            };
            ArchiveSource::new(&archive, &job)
        });
        let opened = async {
            opened.await.map_err(|panic| {
                Error::new(Code::Internal, "opening the archive was broken off").with_source(panic)
            })?
        };
        self.watched.job.run(opened).await.map_err(cancelled)
    }

    /// With the uncompressed layers of the chosen images compressed, where that is wanted.
    async fn compressed(
        &self,
        source: ArchiveSource,
        mut chosen: Vec<Chosen>,
        spool: PathBuf,
    ) -> Result<(ArchiveSource, Vec<Chosen>), Failure> {
        let compression = match self.args.compress {
            None | Some(Squeeze::None) => return Ok((source, chosen)),
            Some(Squeeze::Gzip) => Compression::Gzip,
            Some(Squeeze::Zstd) => Compression::Zstd,
        };
        let job = self.watched.job.clone();
        let roots: Vec<Digest> = chosen.iter().map(|image| image.root.clone()).collect();
        let packed =
            tokio::task::spawn_blocking(move || source.compressed(&roots, compression, &spool, &job));
        let packed = packed.await.map_err(|panic| {
            Error::new(Code::Internal, "compressing the layers was broken off").with_source(panic)
        })?;
        self.watched.progress.end(packed.is_ok());
        let (source, changed) = packed.map_err(cancelled)?;
        for image in &mut chosen {
            if let Some(after) = changed.get(&image.root) {
                image.root = after.clone();
            }
        }
        Ok((source, chosen))
    }

    /// Every image, or those that were named, with their names.
    fn chosen(&self, source: &ArchiveSource) -> Result<Vec<Chosen>, Failure> {
        let platforms = match &self.args.platform[..] {
            [] => Platforms::Present,
            chosen => Platforms::These(chosen.to_vec()),
        };
        let choose = |image: &Listed, names: Vec<Reference>| Chosen {
            root: image.root.digest.clone(),
            names,
            platforms: platforms.clone(),
        };
        if self.args.names.is_empty() {
            if let Some(error) = source.broken() {
                return Err(error.into());
            }
            return Ok(source.images().iter().map(|image| choose(image, image.references())).collect());
        }
        let mut chosen: Vec<Chosen> = Vec::new();
        for name in &self.args.names {
            let image = match name.parse::<Digest>() {
                Ok(digest) => source.images().iter().find(|image| image.root.digest == digest),
                Err(_) => None,
            };
            let image = image.map_or_else(|| source.find(Some(name)), Ok)?;
            let wanted = name.parse::<Reference>().ok().map(|name| name.canonical());
            let references = image.references();
            // Of an image with several names the one that was asked for; by its digest it keeps all of them.
            let named = references.iter().filter(|known| Some(known.canonical()) == wanted);
            let named: Vec<Reference> = named.cloned().collect();
            let names = if named.is_empty() { references } else { named };
            match chosen.iter_mut().find(|known| known.root == image.root.digest) {
                Some(known) => known.names.extend(names),
                None => chosen.push(choose(image, names)),
            }
        }
        Ok(chosen)
    }

    /// Whether names may move: asked on a terminal, where nothing else comes in on it.
    fn agreed(&self, moving: &[Moving]) -> Result<bool, Failure> {
        let can_ask = !self.from_stdin
            && !self.context.json()
            && std::io::stdin().is_terminal()
            && std::io::stderr().is_terminal();
        if moving.is_empty() || !can_ask {
            return Ok(false);
        }
        for Moving { name, from, to } in moving {
            let line = format!(
                "{} stands for {} here, and would move to {}",
                name.familiar(),
                from.short(),
                to.short()
            );
            output::note(&shown(&line));
        }
        output::prompt("Move it? [y/N] ");
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        if matches!(answer.trim(), "y" | "Y" | "yes") {
            return Ok(true);
        }
        Err(Error::cancelled().with_hint("Nothing was loaded, and the name is where it was").into())
    }

    fn tell(&self, source: &ArchiveSource, store: &ContentStore, loaded: &[Loaded]) -> Result<(), Failure> {
        if self.context.json() {
            let images: Vec<Value> = loaded.iter().map(|image| loaded_json(store, image)).collect();
            output::json(&json!({
                "file": source.archive().name(),
                "kind": source.archive().kind().as_str(),
                "images": images,
                "warnings": self.watched.warnings(),
            }))?;
            return Ok(());
        }
        for image in loaded {
            if !image.digest.is_kept() && !self.args.quiet {
                output::note(&format!("Digest not preserved: {}", image.digest.because()));
            }
            for (name, _) in &image.names {
                output::line(&format!("Loaded image: {}", name.familiar()))?;
            }
            if image.names.is_empty() {
                output::line(&format!("Loaded image ID: {}", image.outcome.root.digest))?;
            }
        }
        Ok(())
    }
}

fn loaded_json(store: &ContentStore, image: &Loaded) -> Value {
    let Outcome { root, moved, skipped, lost, .. } = &image.outcome;
    let names = image.names.iter().map(|(name, previous)| {
        json!({ "name": name.canonical(), "previous": previous.as_ref().map(Digest::as_str) })
    });
    let stored = crate::stored::look(store, root);
    json!({
        "digest": root.digest.as_str(),
        "media_type": root.media_type,
        "names": names.collect::<Vec<_>>(),
        "platforms": stored.platforms.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "size": stored.size,
        "moved": moved,
        "skipped": skipped,
        "lost_platforms": lost.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "digest_preserved": image.digest.is_kept(),
        "because": image.digest.because(),
    })
}

fn cancelled(error: Error) -> Failure {
    match error.code() {
        Code::Cancelled => Error::cancelled().with_hint("No name was given or moved; load again").into(),
        _ => error.into(),
    }
}
