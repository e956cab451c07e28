//! One reading of the input: digests, what is odd, and a copy where one is needed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::rc::Rc;

use oci::digest::{Algorithm, Digest, Hasher};

use super::Input;
use crate::compression::{Compression, Decoder, Encoder};
use crate::error::{Code, Error, Result};
use crate::job::{Job, Reading};
use crate::layers::shown;
use crate::tar::{Entry, Kind, TarProblem, TarReader};

/// Names that a warning lists.
const LISTED: usize = 5;
/// Names at the top that are looked at: a filesystem has a few dozen.
const TOP: usize = 64;

/// What one reading found.
pub(super) struct Scanned {
    /// How the layer is compressed.
    pub compression: Compression,
    /// Of the layer as it is stored.
    pub digest: Digest,
    /// Of the tar.
    pub diff_id: Digest,
    /// Of the layer as it is stored, bytes.
    pub size: u64,
    /// Seconds since 1970; 0 where no file has a time.
    pub newest: i64,
    /// Sentences without a final period.
    pub warnings: Vec<String>,
    /// The layer as it is stored.
    pub file: File,
}

/// Reads all of it. See [`super::read`] for the errors.
pub(super) fn scan(input: Input, spool: &Path, job: &Job) -> Result<Scanned> {
    let (mut bytes, name, kept) = open(input, job)?;
    let (compression, start) = Compression::peek(&mut bytes).map_err(|error| unreadable(&name, error))?;
    if start.is_empty() {
        return Err(Error::new(Code::ArchiveInvalid, format!("`{name}` is empty"))
            .with_hint("Export the filesystem again: `docker export CONTAINER -o FILE`"));
    }
    let packed_anew = matches!(compression, Compression::Bzip2 | Compression::Xz);
    let trouble = Trouble::default();
    let copy = (kept.is_none() && !packed_anew).then(|| spool_file(spool)).transpose()?;
    let copied = copy.as_ref().map(File::try_clone).transpose().map_err(|error| full(spool, error))?;
    let mut raw = Raw {
        input: io::Cursor::new(start).chain(bytes),
        sum: Sum::default(),
        copy,
        spool,
        job,
        trouble: trouble.clone(),
    };
    let named = |error: Error| match trouble.take() {
        Some(earlier) => earlier,
        None => Error::new(error.code(), format!("`{name}` can't be read: {}", error.message()))
            .with_hint(error.hint().unwrap_or("Check the file").to_owned())
            .with_source(error),
    };
    let decoder = Decoder::new(&mut raw).map_err(named)?;
    let packed = packed_anew.then(|| pack(spool)).transpose()?;
    let sum = (compression != Compression::None).then(Sum::default);
    let content = Content { input: decoder, sum, packed, spool, trouble: trouble.clone() };
    let (facts, content) = look(content, &name, &trouble)?;
    let Content { sum, packed, input: decoder, .. } = content;
    drop(decoder);
    // What follows the compressed stream is a part of the layer's bytes too.
    io::copy(&mut raw, &mut io::sink())
        .map_err(|error| trouble.take().unwrap_or_else(|| unreadable(&name, error)))?;
    let (digest, size) = raw.sum.finish();
    let diff_id = sum.map_or_else(|| digest.clone(), |sum| sum.finish().0);
    let (newest, warnings) = (facts.newest, facts.warnings());
    if let Some(encoder) = packed {
        let done = encoder.finish().map_err(|error| full(spool, error))?;
        let (digest, size) = done.sum.finish();
        let compression = Compression::Gzip;
        return Ok(Scanned { compression, digest, diff_id, size, newest, warnings, file: done.file });
    }
    let file = kept.or(copied).expect("what is no file that stays was copied");
    Ok(Scanned { compression, digest, diff_id, size, newest, warnings, file })
}

type Opened = (Box<dyn Read + Send>, String, Option<File>);

/// The input, what it is called, and the file where it can be read again.
fn open(input: Input, job: &Job) -> Result<Opened> {
    let path = match input {
        Input::Stream { bytes, name } => return Ok((bytes, name, None)),
        Input::File(path) => path,
    };
    let name = path.display().to_string();
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Error::new(Code::NotFound, format!("there is no file `{name}`"))
            .with_hint("Check the spelling of its path"),
        _ => unreadable(&name, error),
    };
    let file = File::open(&path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(Error::new(Code::ArchiveInvalid, format!("`{name}` is a folder, not a tar"))
            .with_hint(format!("Pack it first: `tar -C {name} -c . | longshore import - NAME`")));
    }
    // A second handle: positions are not asked, so the two don't get in one another's way.
    let kept = metadata.is_file().then(|| file.try_clone()).transpose().map_err(failed)?;
    Ok(match kept {
        Some(kept) => (Box::new(Reading::new(file, metadata.len(), job)), name, Some(kept)),
        None => (Box::new(file), name, None),
    })
}

/// Goes through all entries, and then to the end of the bytes.
fn look<R: Read>(content: R, name: &str, trouble: &Trouble) -> Result<(Facts, R)> {
    let mut reader = TarReader::new(content);
    let mut facts = Facts::default();
    let damaged = |error: crate::tar::TarError, facts: &Facts| {
        trouble.take().unwrap_or_else(|| match error.problem {
            TarProblem::Checksum if facts.entries == 0 => {
                Error::new(Code::ArchiveInvalid, format!("`{name}` is no tar"))
                    .with_hint("Give a filesystem as `docker export` or `tar` writes it")
                    .with_source(error)
            }
            _ => Error::new(Code::ArchiveInvalid, format!("`{name}` is damaged at byte {}", error.offset))
                .with_hint("It was cut on its way here, or is still being written: copy it again")
                .with_source(error),
        })
    };
    while let Some(entry) = reader.next().map_err(|error| damaged(error, &facts))? {
        facts.add(&entry);
    }
    let mut content = reader.into_inner();
    io::copy(&mut content, &mut io::sink())
        .map_err(|error| trouble.take().unwrap_or_else(|| unreadable(name, error)))?;
    facts.check(name)?;
    Ok((facts, content))
}

/// What the entries say together.
#[derive(Default)]
struct Facts {
    entries: u64,
    newest: i64,
    top: BTreeSet<Vec<u8>>,
    whiteouts: u64,
    listed: Vec<String>,
}

impl Facts {
    fn add(&mut self, entry: &Entry) {
        self.entries += 1;
        if entry.kind == Kind::File {
            self.newest = self.newest.max(entry.modified.seconds);
        }
        let parts = || entry.name.split(|byte| *byte == b'/').filter(|part| !matches!(part, [] | [b'.']));
        if let Some(first) = parts().next()
            && self.top.len() < TOP
        {
            self.top.insert(first.to_owned());
        }
        if parts().next_back().is_some_and(|last| last.starts_with(b".wh.")) {
            self.whiteouts += 1;
            if self.listed.len() < LISTED {
                self.listed.push(format!("`{}`", shown(&entry.name)));
            }
        }
    }

    /// Whether it is a filesystem at all.
    fn check(&self, name: &str) -> Result<()> {
        let has = |part: &str| self.top.contains(part.as_bytes());
        let of_images = |part: &Vec<u8>| {
            let hex = part.len() >= 64 && part[..64].iter().all(u8::is_ascii_hexdigit);
            hex || [&b"manifest.json"[..], b"repositories", b"blobs", b"index.json", b"oci-layout"]
                .contains(&part.as_slice())
        };
        let layout = has("oci-layout") && has("index.json");
        let docker = (has("manifest.json") || has("repositories")) && self.top.iter().all(of_images);
        if layout || docker {
            let what = if layout { "an OCI archive" } else { "an archive of `docker save`" };
            return Err(Error::new(
                Code::ArchiveInvalid,
                format!("`{name}` is {what}: it holds images, not a filesystem"),
            )
            .with_hint("Load it instead: `longshore load -i FILE`; its layers and settings are kept then"));
        }
        if self.top.is_empty() {
            return Err(Error::new(Code::ArchiveInvalid, format!("`{name}` holds no file"))
                .with_hint("Export the filesystem again: `docker export CONTAINER -o FILE`"));
        }
        Ok(())
    }

    fn warnings(&self) -> Vec<String> {
        if self.whiteouts == 0 {
            return Vec::new();
        }
        let more = if self.whiteouts > self.listed.len() as u64 { ", …" } else { "" };
        let names = match self.whiteouts {
            1 => "One name looks like a whiteout".to_owned(),
            count => format!("{count} names look like whiteouts"),
        };
        vec![format!(
            "{names} ({}{more}): in a layer such a name hides another file and is no file itself",
            self.listed.join(", ")
        )]
    }
}

/// What failed beneath a reader that can only say that reading failed.
#[derive(Clone, Default)]
struct Trouble(Rc<RefCell<Option<Error>>>);

impl Trouble {
    fn take(&self) -> Option<Error> {
        self.0.borrow_mut().take()
    }

    fn give(&self, error: Error) -> io::Error {
        self.0.borrow_mut().get_or_insert(error);
        io::Error::other("it was broken off")
    }
}

/// Counts and hashes.
struct Sum(Hasher, u64);

impl Default for Sum {
    fn default() -> Self {
        Self(Hasher::new(Algorithm::Sha256), 0)
    }
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
        self.1 += bytes.len() as u64;
    }

    fn finish(self) -> (Digest, u64) {
        (self.0.finish(), self.1)
    }
}

/// The input as it is stored: hashed, copied where it does not stay, and ended by a cancelled job.
struct Raw<'a, R> {
    input: R,
    sum: Sum,
    copy: Option<File>,
    spool: &'a Path,
    job: &'a Job,
    trouble: Trouble,
}

impl<R: Read> Read for Raw<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.job.is_cancelled() {
            return Err(self.trouble.give(Error::cancelled()));
        }
        let count = self.input.read(buffer)?;
        self.sum.add(&buffer[..count]);
        if let Some(copy) = &mut self.copy
            && let Err(error) = copy.write_all(&buffer[..count])
        {
            return Err(self.trouble.give(full(self.spool, error)));
        }
        Ok(count)
    }
}

/// The tar: hashed where it is not the input itself, and packed anew where no layer may be packed as it is.
struct Content<'a, R> {
    input: R,
    sum: Option<Sum>,
    packed: Option<Encoder<Hashed>>,
    spool: &'a Path,
    trouble: Trouble,
}

impl<R: Read> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        if let Some(sum) = &mut self.sum {
            sum.add(&buffer[..count]);
        }
        if let Some(packed) = &mut self.packed
            && let Err(error) = packed.write_all(&buffer[..count])
        {
            return Err(self.trouble.give(full(self.spool, error)));
        }
        Ok(count)
    }
}

/// A temporary file that is hashed as it is written.
struct Hashed {
    file: File,
    sum: Sum,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.sum.add(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn pack(spool: &Path) -> Result<Encoder<Hashed>> {
    Encoder::new(Hashed { file: spool_file(spool)?, sum: Sum::default() }, Compression::Gzip, None)
}

/// A file without a name: it is gone when nobody has it open.
fn spool_file(spool: &Path) -> Result<File> {
    tempfile::tempfile_in(spool).map_err(|error| full(spool, error))
}

fn full(spool: &Path, error: io::Error) -> Error {
    let (code, hint) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            (Code::StoreFull, "Free some space there, or import from a file instead of a pipe")
        }
        _ => (Code::StoreFailed, "Set `TMPDIR` to a folder that you may write to"),
    };
    Error::new(code, format!("no temporary file can be written in `{}`", spool.display()))
        .with_hint(hint)
        .with_source(error)
}

fn unreadable(name: &str, error: io::Error) -> Error {
    Error::new(Code::ArchiveInvalid, format!("`{name}` can't be read"))
        .with_hint("Check its permissions and its disk")
        .with_source(error)
}
