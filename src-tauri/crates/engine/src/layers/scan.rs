//! Reading a layer once, from its first compressed byte to its last.

use std::io::{self, BufReader, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use xxhash_rust::xxh3::Xxh3Default;

use super::build::{Builder, Full};
use super::format::Foot;
use super::name;
use super::sniff::{Content, START, sniff};
use crate::compression::{Compression, Decoder, KeepCheckpoints};
use crate::error::{Code, Error, Result};
use crate::job::Job;
use crate::tar::{Entry, Kind, TarError, TarProblem, TarReader};

/// How much is unpacked at a time: it stays in the processor's cache while it is looked at.
const BUFFER: usize = 256 * 1024;
/// Bytes between two looks at whether the job was cancelled, each of which tells how far it is.
const LOOK: u64 = 4 << 20;
/// Fewer, where they came slowly.
const LEAST: u64 = 64 << 10;
/// How slowly that is.
const SLOW: Duration = Duration::from_millis(250);

type Tar<R> = TarReader<BufReader<Decoder<R>>>;

/// When to look again.
struct Pulse {
    looked: u64,
    seen: u64,
    at: Instant,
}

impl Pulse {
    fn begin() -> Self {
        Self { looked: 0, seen: 0, at: Instant::now() }
    }

    /// `position` never goes back.
    fn is_due(&mut self, position: u64) -> bool {
        if position - self.seen < LEAST {
            return false;
        }
        self.seen = position;
        let is_due = position - self.looked > LOOK || self.at.elapsed() >= SLOW;
        if is_due {
            (self.looked, self.at) = (position, Instant::now());
        }
        is_due
    }
}

/// Reads `input`, a layer as it is stored, and writes its index to a nameless file in `dir`. `progress` is told compressed
/// bytes and entries, and `keep` places in a gzip layer to begin from.
///
/// Damage ends the list where it is, and is said in the index.
///
/// # Errors
/// [`Code::CompressionUnsupported`]; [`Code::Cancelled`]; [`Code::StoreFailed`] where the index can't be written; what
/// the input gives, where that is an engine's error (a connection that broke off is no damage).
pub(super) fn scan(
    mut input: impl Read,
    dir: &Path,
    keep: Option<Box<dyn KeepCheckpoints>>,
    job: &Job,
    progress: &dyn Fn(u64, u64),
) -> Result<tempfile::NamedTempFile> {
    let unwritable = |error: io::Error| {
        Error::new(
            Code::StoreFailed,
            format!("the list of a layer's files can't be written in `{}`", dir.display()),
        )
        .with_hint("Check the folder's permissions and the room there")
        .with_source(error)
    };
    let decoder = Decoder::with_checkpoints(Input(&mut input), keep).map_err(own_cause)?;
    let mut foot = Foot { compression: number(decoder.compression()), ..Foot::default() };
    let mut builder = Builder::new(dir).map_err(unwritable)?;
    let mut tar = TarReader::buffered(BufReader::with_capacity(BUFFER, decoder));
    let mut entries = 0;
    let mut pulse = Pulse::begin();
    let mut hear = |tar: &Tar<_>, entries| {
        if pulse.is_due(tar.position()) {
            if job.is_cancelled() {
                return Err(Error::cancelled());
            }
            progress(tar.get_ref().get_ref().consumed(), entries);
        }
        Ok(())
    };
    let broken = loop {
        hear(&tar, entries)?;
        let entry = match tar.next() {
            Ok(Some(entry)) => entry,
            Ok(None) => break finish(&mut tar, &mut foot)?,
            Err(error) => break Some((error.offset, reason(error, foot.compression)?)),
        };
        let (hash, content) = match entry.kind {
            Kind::File | Kind::Other(_) if entry.stored > 0 => {
                match look(&mut tar, &entry, |tar| hear(tar, entries).map_err(io::Error::other)) {
                    Ok(found) => found,
                    Err(error) if job.is_cancelled() => return Err(Error::cancelled().with_source(error)),
                    Err(error) => {
                        let error = TarProblem::Io(error);
                        let reason =
                            reason(TarError { offset: tar.position(), problem: error }, foot.compression)?;
                        // What there is of it can be looked at.
                        if !matches!(builder.add(&entry, 0, Content::Unknown), Err(Full::Io(_))) {
                            entries += 1;
                        }
                        break Some((tar.position(), reason));
                    }
                }
            }
            _ => (0, Content::Unknown),
        };
        match builder.add(&entry, hash, content) {
            Ok(()) => entries += 1,
            Err(Full::Io(error)) => return Err(unwritable(error)),
            Err(full) => break Some((entry.begins, format!("The list ends here: {full}"))),
        }
    };
    foot.unpacked = tar.position();
    progress(tar.get_ref().get_ref().consumed(), entries);
    if let Some((offset, reason)) = broken {
        foot.broken = offset;
        foot.reason = builder.text(&reason).unwrap_or_default();
    }
    // The source checks the digest at its end: what came wrongly is no damage of the layer, and not to be kept.
    drop(tar);
    if let Err(error) = io::copy(&mut Input(&mut input), &mut io::sink()) {
        engine_error(error)?;
    }
    builder.finish(foot).map_err(unwritable)
}

/// What follows the archive is read too: only then the sums of the compressed stream were checked.
fn finish<R: Read>(
    tar: &mut TarReader<BufReader<Decoder<R>>>,
    foot: &mut Foot,
) -> Result<Option<(u64, String)>> {
    let offset = tar.position();
    let outcome = io::copy(tar.get_mut(), &mut io::sink());
    foot.trailing = tar.get_ref().get_ref().trailing().map_or(0, |at| at + 1);
    let Err(error) = outcome else { return Ok(None) };
    let error = engine_error(error)?;
    Ok(Some((offset, format!("Every file is listed, but the layer is damaged: {error}"))))
}

/// The hash of a file's stored bytes, and what they are; `hear` is called between them.
fn look<R: Read>(
    tar: &mut Tar<R>,
    entry: &Entry,
    mut hear: impl FnMut(&Tar<R>) -> io::Result<()>,
) -> io::Result<(u64, Content)> {
    let mut hasher = Xxh3Default::new();
    let (mut start, mut kept) = ([0; START], 0);
    loop {
        let bytes = tar.chunk()?;
        if bytes.is_empty() {
            break;
        }
        hasher.update(bytes);
        let count = bytes.len();
        let wanted = count.min(START - kept);
        start[kept..kept + wanted].copy_from_slice(&bytes[..wanted]);
        kept += wanted;
        tar.take_chunk(count);
        hear(tar)?;
    }
    let begins_with_hole =
        entry.sparse.as_ref().is_some_and(|parts| parts.first().is_none_or(|part| part.offset > 0));
    let content = if begins_with_hole {
        Content::Data
    } else {
        let path = name::trim(&entry.name);
        sniff(path.strip_prefix(b"/").unwrap_or(path), &start[..kept], entry.stored <= START as u64)
    };
    Ok((hasher.digest(), content))
}

/// A sentence for a person; an engine's error that came up through the archive fails the whole.
fn reason(error: TarError, compression: u64) -> Result<String> {
    let offset = error.offset;
    match error.problem {
        TarProblem::Io(error) => {
            let error = engine_error(error)?;
            Ok(format!("The layer is damaged: {error}"))
        }
        TarProblem::Checksum if offset == 0 && compression == 0 => {
            Ok("It is no tar, and compressed with nothing that is known".to_owned())
        }
        problem => Ok(format!("The archive can't be read on: {problem}")),
    }
}

/// Errors of the source, as against damage, come wrapped.
fn engine_error(error: io::Error) -> Result<io::Error> {
    match error.downcast::<Error>() {
        Ok(own) => Err(own),
        Err(error) => Ok(error),
    }
}

/// Of an error of opening a compressed stream: the source's, where that is why.
pub(super) fn own_cause(error: Error) -> Error {
    let is_input = error.code() == Code::LayerInvalid;
    let copy = std::error::Error::source(&error)
        .filter(|_| is_input)
        .and_then(|source| source.downcast_ref::<io::Error>())
        .and_then(io::Error::get_ref)
        .and_then(|source| source.downcast_ref::<Error>())
        .map(Error::copy);
    copy.unwrap_or(error)
}

fn number(compression: Compression) -> u64 {
    match compression {
        Compression::None => 0,
        Compression::Gzip => 1,
        Compression::Zstd => 2,
        Compression::Bzip2 => 3,
        Compression::Xz => 4,
    }
}

/// The input; reads that were interrupted are repeated, which not every decoder does.
struct Input<R>(R);

impl<R: Read> Read for Input<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}
