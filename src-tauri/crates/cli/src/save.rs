//! `save`: images into a file, a folder or a pipe, as they are.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use engine::archive::{ArchiveSink, Destination, DigestKept, Format};
use engine::compression::Compression;
use engine::endpoint::{ImageSink, ImageSource, Target};
use engine::transfer::{Outcome, Platforms, Request, transfer};
use engine::{Code, Error};
use oci::Reference;
use serde_json::{Value, json};

use crate::args;
use crate::args::{SaveFormat, Squeeze};
use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt::{self, Threads};
use crate::output;
use crate::pull::Words;
use crate::push::{self, Watched};
use crate::transport::Transport;

/// What standard output is called.
const STDOUT: &str = "standard output";

/// Runs the verb.
pub fn run(args: &args::Save, context: &Context) -> Result<(), Failure> {
    let to_stdout = args.output.as_deref().is_none_or(|path| path == Path::new("-"));
    let usage =
        |message: &str, hint: &str| Failure::Usage { message: message.to_owned(), hint: hint.to_owned() };
    if to_stdout && io::stdout().is_terminal() {
        return Err(usage(
            "an archive is not for a terminal",
            "Name a file with `-o FILE`, or send it on: `longshore save NAME | ssh …`",
        ));
    }
    if args.format == SaveFormat::Oci && (to_stdout || args.compress != Squeeze::None) {
        return Err(usage(
            "`--format oci` writes a folder, which is neither sent on nor compressed",
            "Name the folder with `-o DIR`, or choose `--format oci-archive`",
        ));
    }
    if to_stdout && context.json() {
        return Err(usage(
            "the archive and JSON can't both go to standard output",
            "Name a file with `-o FILE`",
        ));
    }
    let places = args.images.iter().map(|input| Transport::parse_stored(input));
    let places = places.collect::<Result<Vec<_>, _>>()?;
    let tell = !to_stdout && !context.json() && !args.quiet;
    let save = Save { args, context, to_stdout, watched: Watched::new(Words::SAVE, tell) };
    interrupt::run(Threads::Several, &save.watched.job, save.all(&places))
}

struct Save<'a> {
    args: &'a args::Save,
    context: &'a Context,
    to_stdout: bool,
    watched: Watched,
}

/// One image that went in.
struct Saved {
    input: String,
    name: Option<Reference>,
    outcome: Outcome,
    digest: DigestKept,
}

impl Save<'_> {
    async fn all(&self, places: &[Transport]) -> Result<(), Failure> {
        let work = async {
            // What can't be found is said before anything is written.
            let mut sources = Vec::new();
            for place in places {
                sources.push(place.open(self.context, &self.watched.job).await?);
            }
            let sink = self.sink()?;
            let mut saved = Vec::new();
            for (place, (source, target)) in places.iter().zip(sources) {
                saved.push(self.one(place, source, target, sink.sink()).await?);
            }
            self.watched.job.checkpoint().await?;
            Ok::<_, Failure>((saved, sink.finish().await?))
        };
        let done = work.await;
        self.watched.progress.end(done.is_ok());
        let mut warnings = self.watched.warnings();
        let mut asked: Vec<_> =
            places.iter().filter_map(Transport::registry).map(Reference::registry).collect();
        asked.dedup();
        for registry in asked {
            warnings.extend(self.context.warn(&self.context.client(registry)));
        }
        let (saved, size) = done.map_err(|failure| match failure {
            Failure::Engine(error, _) if error.code() == Code::Cancelled => {
                Error::cancelled().with_hint("Nothing was saved; what stood there is as it was").into()
            }
            Failure::Engine(error, None) => self.context.failure(*error),
            other => other,
        })?;
        self.tell(&saved, size, &warnings)
    }

    async fn one(
        &self,
        place: &Transport,
        source: Arc<dyn ImageSource>,
        target: Target,
        sink: Arc<dyn ImageSink>,
    ) -> Result<Saved, Failure> {
        let job = &self.watched.job;
        let platforms = match (&self.args.platform[..], place) {
            ([], Transport::Registry(_)) => Platforms::All,
            (chosen, _) => push::platforms(chosen),
        };
        let before = match platforms {
            Platforms::All => None,
            _ => Some(source.resolve(&target, job).await?.descriptor.digest),
        };
        let name = match (&target, place.name()) {
            // An ID or a digest finds an image, and names none.
            (Target::Exact(_), _) if matches!(place, Transport::Store(_)) => None,
            (_, name) => name,
        };
        let request = Request::new(target, platforms, name.clone());
        let outcome = transfer(source, sink, &request, job).await?;
        let before = before.unwrap_or_else(|| outcome.root.digest.clone());
        let digest = DigestKept::of(&before, &outcome.root.digest, &outcome.lost);
        Ok(Saved { input: place.to_string(), name, outcome, digest })
    }

    fn sink(&self) -> Result<Destination, Failure> {
        let compression = match self.args.compress {
            Squeeze::None => Compression::None,
            Squeeze::Gzip => Compression::Gzip,
            Squeeze::Zstd => Compression::Zstd,
        };
        let format = match self.args.format {
            SaveFormat::Hybrid => Format::Hybrid,
            SaveFormat::OciArchive | SaveFormat::Oci => Format::Oci,
        };
        let path = self.args.output.as_deref().unwrap_or(Path::new("-"));
        Ok(match (self.args.format, self.to_stdout) {
            (SaveFormat::Oci, _) => Destination::folder(path)?,
            (_, true) => {
                let sink = ArchiveSink::to_stream(io::stdout(), STDOUT, format, compression)?;
                Destination::Archive(Arc::new(sink))
            }
            (_, false) => Destination::archive(path, format, compression)?,
        })
    }

    fn tell(&self, saved: &[Saved], size: u64, warnings: &[String]) -> Result<(), Failure> {
        let path = self.args.output.as_deref().unwrap_or(Path::new("-")).display().to_string();
        if self.context.json() {
            output::json(&json!({
                "file": path,
                "format": self.args.format.as_str(),
                "compression": self.args.compress.as_str(),
                "size": size,
                "images": saved.iter().map(saved_json).collect::<Vec<_>>(),
                "warnings": warnings,
            }))?;
            return Ok(());
        }
        for image in saved.iter().filter(|image| !image.digest.is_kept()) {
            output::note(&format!("Digest not preserved: {}", image.digest.because()));
        }
        if self.to_stdout {
            return Ok(());
        }
        if self.args.quiet {
            output::line(&path)?;
            return Ok(());
        }
        for image in saved {
            output::line(&format!("Digest: {}", image.outcome.root.digest))?;
        }
        let what = match saved {
            [one] => one.name.as_ref().map_or_else(|| one.input.clone(), Reference::familiar),
            several => format!("{} images", several.len()),
        };
        output::line(&format!("Saved {what} to {path} ({})", output::size(size, 3)))?;
        Ok(())
    }
}

fn saved_json(image: &Saved) -> Value {
    let mut object = push::outcome_json(&image.outcome);
    object["source"] = json!(image.input);
    object["name"] = json!(image.name.as_ref().map(Reference::canonical));
    object["digest_preserved"] = json!(image.digest.is_kept());
    object["because"] = json!(image.digest.because());
    object
}
