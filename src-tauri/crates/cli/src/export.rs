//! `export`: the flattened filesystem of an image as a tar.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use engine::compression::{Compression, Encoder};
use engine::job::Job;
use engine::rootfs::{self, Exported, Part};
use engine::{Code, Error};
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
                write(&inside, part, io::stdout().lock(), compression, &job).map(|(_, done)| (done, 0))
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

/// Writes beside the file and renames: what stood there stays until the new one is whole.
fn to_file(
    inside: &Inside,
    part: Part,
    path: &Path,
    compression: Compression,
    job: &Job,
) -> Result<(Exported, u64), Error> {
    let unwritable = |error: io::Error| {
        Error::new(Code::StoreFailed, format!("`{}` can't be written", path.display()))
            .with_hint("Check the folder, its permissions and the room there")
            .with_source(error)
    };
    // A pipe or a device is written to as it is.
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        let file = File::options().write(true).open(path).map_err(unwritable)?;
        return write(inside, part, file, compression, job).map(|(_, done)| (done, 0));
    }
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir.to_owned(),
        _ => PathBuf::from("."),
    };
    let beside = tempfile::Builder::new().prefix(".export-").tempfile_in(dir).map_err(unwritable)?;
    let (file, place) = beside.into_parts();
    let (file, done) = write(inside, part, file, compression, job)?;
    file.sync_data().map_err(unwritable)?;
    let size = file.metadata().map_err(unwritable)?.len();
    open_to_all(&file).map_err(unwritable)?;
    place.persist(path).map_err(|error| unwritable(error.error))?;
    Ok((done, size))
}

/// A temporary file is for its owner alone; an archive is a file like others.
fn open_to_all(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mask = rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::umask(mask);
    file.set_permissions(std::fs::Permissions::from_mode(0o666 & !mask.bits()))
}

fn write<W: Write>(
    inside: &Inside,
    part: Part,
    output: W,
    compression: Compression,
    job: &Job,
) -> Result<(W, Exported), Error> {
    let failed = |error: io::Error| {
        Error::new(Code::StoreFailed, "the archive can't be written")
            .with_hint("Check the place that it is written to")
            .with_source(error)
    };
    let encoder = Encoder::new(BufWriter::with_capacity(1 << 20, output), compression, None)?;
    let (encoder, done) = rootfs::export(&inside.layers, &inside.stack, part, encoder, job, &|_| {})?;
    let mut output = encoder.finish().map_err(failed)?;
    output.flush().map_err(failed)?;
    let output = output.into_inner().map_err(|error| failed(error.into_error()))?;
    Ok((output, done))
}
