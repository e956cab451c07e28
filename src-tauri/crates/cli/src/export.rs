//! `export`: the flattened filesystem of an image as a tar.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use engine::compression::Compression;
use engine::job::Job;
use engine::rootfs::{self, Exported, Part};
use engine::{Code, Error, place};
use serde_json::json;

use crate::args::{self, Compress, Look};
use crate::context::Context;
use crate::failure::Failure;
use crate::inside::{self, Inside};
use crate::interrupt::{self, Threads};
use crate::output;

/// Runs the verb.
pub fn run(args: &args::Export, context: &Context) -> Result<(), Failure> {
    let to_stdout = inside::is_dash(&args.output);
    if to_stdout && context.json() {
        return Err(usage(
            "`--json` and the archive can't both go to standard output",
            "Name a file with `-o`",
        ));
    }
    if to_stdout && io::stdout().is_terminal() {
        return Err(usage(
            "an archive is nothing for a terminal",
            "Name a file with `-o`, or pipe it somewhere",
        ));
    }
    let job = Job::new(|event| output::note_event(&event));
    let look = Look { input: args.input.clone(), platform: args.platform.clone(), remote: args.remote };
    let compression = match args.compress {
        Compress::None => Compression::None,
        Compress::Gzip => Compression::Gzip,
        Compress::Zstd => Compression::Zstd,
    };
    let work = async {
        let inside = Inside::open(&look, context, &job).await?;
        let part = match &args.path {
            Some(path) => {
                let layers = inside.stack.layers().len();
                Part { folder: inside.stack.follow(path.as_bytes(), layers, true)?, layers }
            }
            None => Part::whole(&inside.stack),
        };
        let (job, path) = (job.clone(), args.output.clone());
        let written = tokio::task::spawn_blocking(move || {
            let done = if to_stdout {
                let stdout = BufWriter::with_capacity(1 << 20, io::stdout().lock());
                write(&inside, part, (stdout, compression), &job).map(|done| (done, 0))
            } else {
                to_file(&inside, part, &path, compression, &job)
            };
            done.map(|(done, size)| (inside, done, size))
        });
        let panicked = |panic| Error::new(Code::Internal, "the export failed").with_source(panic);
        Ok::<_, Failure>(written.await.map_err(panicked)??)
    };
    let (inside, done, size) = interrupt::run(Threads::Several, &job, work)?;
    done.left_out.iter().for_each(|sentence| output::warning(&format!("left out: {sentence}")));
    if context.json() {
        let manifest = inside.found.image.manifest.as_ref();
        return Ok(output::json(&json!({
            "name": inside.found.name,
            "source": inside.found.place.as_str(),
            "digest": inside.found.image.root.descriptor.digest.as_str(),
            "platform": manifest.and_then(|manifest| manifest.platform.as_ref()).map(ToString::to_string),
            "file": args.output.to_string_lossy(),
            "size": size,
            "entries": done.entries,
            "bytes": done.bytes,
            "layers_read": done.layers.iter().map(|layer| layer + 1).collect::<Vec<_>>(),
            "left_out": done.left_out,
        }))?);
    }
    if !to_stdout {
        let entries = output::count(done.entries, "entry", "entries");
        output::note(&format!("Exported {entries}, {}", output::size(size, 3)));
    }
    Ok(())
}

fn usage(message: &str, hint: &str) -> Failure {
    Failure::Usage { message: message.to_owned(), hint: hint.to_owned() }
}

/// A file is written beside its place and renamed, a pipe or a device written to as it is.
fn to_file(
    inside: &Inside,
    part: Part,
    path: &Path,
    compression: Compression,
    job: &Job,
) -> Result<(Exported, u64), Error> {
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        let file = File::options().write(true).open(path);
        let file = file.map_err(|error| place::failed(&path.display().to_string(), error))?;
        return write(inside, part, (BufWriter::with_capacity(1 << 20, file), compression), job)
            .map(|done| (done, 0));
    }
    place::write(path, |out| write(inside, part, (out, compression), job))
}

fn write<W: Write>(
    inside: &Inside,
    part: Part,
    output: (W, Compression),
    job: &Job,
) -> Result<Exported, Error> {
    rootfs::export_packed(&inside.layers, &inside.stack, part, output, job, &|_| {})
}
