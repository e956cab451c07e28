//! An archive that is open: a tar of which every entry is found by its name, or a folder.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::detect::{Compression, Kind};
use crate::error::{Code, Error, Result};
use crate::tar::{self, TarError, TarReader};

/// An archive of images has an entry for each blob; what has more is a filesystem, bytes of memory are kept for no more.
const ENTRIES: usize = 200_000;
/// How many links are followed from one entry to the next.
const LINKS: usize = 8;

/// An open archive; clones are the same one. Every method blocks.
#[derive(Clone)]
pub struct Archive(Arc<Inner>);

struct Inner {
    name: String,
    place: Place,
    kind: Kind,
    compression: Compression,
}

enum Place {
    Folder(PathBuf),
    Tar { file: File, entries: HashMap<Vec<u8>, Entry> },
}

/// Where an entry's bytes are.
enum Entry {
    Bytes {
        offset: u64,
        length: u64,
    },
    /// The name of another entry.
    Link(Vec<u8>),
    /// A directory, a device: nothing to read.
    Nothing,
}

/// The bytes of one entry.
pub(super) struct Part {
    file: File,
    offset: u64,
    /// Bytes.
    pub length: u64,
}

impl Part {
    /// Reads at a byte of the part; fewer only at its end.
    pub fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let left = self.length.saturating_sub(at);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let mut have = 0;
        while have < most {
            match self.file.read_at(&mut buffer[have..most], self.offset + at + have as u64) {
                Ok(0) => break,
                Ok(count) => have += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(have)
    }
}

impl Archive {
    /// Opens a file or a folder. A file that is compressed as a whole, or a pipe, is unpacked into a temporary file in
    /// `spool`, which is gone when the archive is dropped.
    ///
    /// # Errors
    /// [`Code::ArchiveInvalid`] where it is no tar, or a damaged one; [`Code::NotFound`] where there is nothing;
    /// [`Code::StoreFull`] where there is no room to unpack it.
    pub fn open(path: &Path, spool: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Error::new(Code::NotFound, format!("there is no file `{name}`"))
                .with_hint("Check the spelling of its path"),
            _ => Error::new(Code::ArchiveInvalid, format!("`{name}` can't be read")).with_source(error),
        };
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if metadata.is_dir() {
            return Self::folder(path, name);
        }
        // A pipe is waited for: somebody writes to it.
        let file = File::open(path).map_err(failed)?;
        Self::of_file(file, metadata.is_file(), name, spool)
    }

    /// What comes in on a stream, as [`Archive::open`] takes a pipe; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn of_stream(stream: impl Read, name: &str, spool: &Path) -> Result<Self> {
        let spooled = spooled(stream, name, spool)?;
        Self::of_file(spooled, true, name.to_owned(), spool)
    }

    fn of_file(file: File, can_seek: bool, name: String, spool: &Path) -> Result<Self> {
        let mut file = if can_seek { file } else { spooled(file, &name, spool)? };
        let mut start = [0; 6];
        let have =
            Part { file: file.try_clone().map_err(|error| unreadable(&name, error))?, offset: 0, length: 6 };
        let have = have.read_at(&mut start, 0).map_err(|error| unreadable(&name, error))?;
        if have == 0 {
            return Err(Error::new(Code::ArchiveInvalid, format!("`{name}` is empty"))
                .with_hint("Save the image again: `docker save IMAGE -o FILE` or `longshore save`"));
        }
        let compression = Compression::of(&start[..have]);
        file.seek(SeekFrom::Start(0)).map_err(|error| unreadable(&name, error))?;
        let file = match compression {
            Compression::None => file,
            Compression::Gzip => {
                spooled(flate2::read::MultiGzDecoder::new(BufReader::new(file)), &name, spool)?
            }
            Compression::Zstd => {
                let decoder = zstd::Decoder::new(file).map_err(|error| unreadable(&name, error))?;
                spooled(decoder, &name, spool)?
            }
            Compression::Bzip2 | Compression::Xz => {
                return Err(Error::new(
                    Code::ArchiveInvalid,
                    format!("`{name}` is compressed with {compression}"),
                )
                .with_hint("Unpack it first (`bunzip2` or `unxz`), then give the tar"));
            }
        };
        let entries = scan(&file, &name)?;
        let kind = Kind::of(entries.keys().map(|name| top(name)));
        Ok(Self(Arc::new(Inner { name, place: Place::Tar { file, entries }, kind, compression })))
    }

    fn folder(path: &Path, name: String) -> Result<Self> {
        let names = std::fs::read_dir(path).map_err(|error| unreadable(&name, error))?;
        let names: Vec<Vec<u8>> = names
            .filter_map(|entry| Some(entry.ok()?.file_name().into_encoded_bytes()))
            .take(ENTRIES)
            .collect();
        let kind = Kind::of(names.iter().map(Vec::as_slice));
        let place = Place::Folder(path.to_owned());
        Ok(Self(Arc::new(Inner { name, place, kind, compression: Compression::None })))
    }

    /// What it is called in messages: its path.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What it holds.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// How it is compressed as a whole.
    pub fn compression(&self) -> Compression {
        self.0.compression
    }

    /// A whole entry, where it is no longer than `cap` bytes; none where there is no such entry.
    pub(super) fn bytes(&self, name: &str, cap: u64) -> Result<Option<Bytes>> {
        let Some(part) = self.part(name)? else { return Ok(None) };
        if part.length > cap {
            let why =
                format!("`{name}` in `{}` has {} bytes, more than makes sense", self.name(), part.length);
            return Err(Error::new(Code::TooLarge, why));
        }
        let mut bytes = vec![0; usize::try_from(part.length).expect("it is under a small cap")];
        let have = part.read_at(&mut bytes, 0).map_err(|error| unreadable(self.name(), error))?;
        if have < bytes.len() {
            return Err(cut(self.name()));
        }
        Ok(Some(bytes.into()))
    }

    /// The bytes of an entry, or of what it links to; none where there is no such entry.
    ///
    /// # Errors
    /// [`Code::ArchiveInvalid`] where the name leads out of the archive, or links go in circles.
    pub(super) fn part(&self, name: &str) -> Result<Option<Part>> {
        let leads_out = || {
            Error::new(Code::ArchiveInvalid, format!("`{name}` leads out of `{}`", self.name()))
                .with_hint("The archive was made to mislead, or by a broken program; nothing of it was taken")
        };
        let mut wanted = normal(name.as_bytes()).ok_or_else(leads_out)?;
        match &self.0.place {
            Place::Folder(dir) => self.file_of(dir, &wanted),
            Place::Tar { file, entries } => {
                for _ in 0..LINKS {
                    match entries.get(&wanted) {
                        None | Some(Entry::Nothing) => return Ok(None),
                        Some(Entry::Link(target)) => wanted = normal(target).ok_or_else(leads_out)?,
                        Some(Entry::Bytes { offset, length }) => {
                            let file = file.try_clone().map_err(|error| unreadable(self.name(), error))?;
                            return Ok(Some(Part { file, offset: *offset, length: *length }));
                        }
                    }
                }
                Err(leads_out())
            }
        }
    }

    /// A file of a layout folder. No link is followed, on the way to it either.
    fn file_of(&self, dir: &Path, name: &[u8]) -> Result<Option<Part>> {
        let mut path = dir.to_owned();
        let text = String::from_utf8_lossy(name).into_owned();
        for component in text.split('/') {
            path.push(component);
            match std::fs::symlink_metadata(&path) {
                Ok(found) if found.is_symlink() => {
                    let why = format!("`{}` is a link, which an OCI layout has none of", path.display());
                    return Err(Error::new(Code::ArchiveInvalid, why)
                        .with_hint("Copy the layout with its files instead of links to them"));
                }
                Ok(_) => {}
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(unreadable(self.name(), error)),
            }
        }
        let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(&path);
        let file = file.map_err(|error| unreadable(self.name(), error))?;
        let metadata = file.metadata().map_err(|error| unreadable(self.name(), error))?;
        Ok(metadata.is_file().then_some(Part { file, offset: 0, length: metadata.len() }))
    }
}

/// Finds every entry by its headers alone.
fn scan(file: &File, name: &str) -> Result<HashMap<Vec<u8>, Entry>> {
    let reader = file.try_clone().map_err(|error| unreadable(name, error))?;
    let size = reader.metadata().map_err(|error| unreadable(name, error))?.len();
    let mut reader = TarReader::seeking(reader);
    let mut entries = HashMap::new();
    loop {
        let entry = match reader.next() {
            Ok(Some(entry)) => entry,
            Ok(None) => break,
            Err(problem) => return Err(invalid(name, entries.len(), problem)),
        };
        if entry.data.saturating_add(entry.stored) > size {
            return Err(cut(name));
        }
        let Some(entry_name) = normal(&entry.name) else { continue };
        let place = match entry.kind {
            tar::Kind::File if entry.sparse.is_none() => {
                Entry::Bytes { offset: entry.data, length: entry.stored }
            }
            tar::Kind::HardLink => Entry::Link(entry.link),
            // A symbolic link counts from the folder that it stands in; an absolute one leads out, and is refused.
            tar::Kind::Symlink if entry.link.starts_with(b"/") => Entry::Link(entry.link),
            tar::Kind::Symlink => Entry::Link([parent(&entry_name), &entry.link].join(&b'/')),
            _ => Entry::Nothing,
        };
        // Of two entries with one name the later one counts, as when the archive is unpacked.
        entries.insert(entry_name, place);
        if entries.len() >= ENTRIES {
            break;
        }
    }
    Ok(entries)
}

/// A name without `./`, `//` and `..`; none where it is absolute or leads out.
fn normal(name: &[u8]) -> Option<Vec<u8>> {
    if name.starts_with(b"/") || name.contains(&0) {
        return None;
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join(&b'/'))
}

fn parent(name: &[u8]) -> &[u8] {
    name.iter().rposition(|byte| *byte == b'/').map_or(b"", |slash| &name[..slash])
}

fn top(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == b'/').next().unwrap_or_default()
}

/// Everything of a stream in a temporary file, which has no name and goes with its handle.
fn spooled(mut stream: impl Read, name: &str, spool: &Path) -> Result<File> {
    let full = |error: io::Error| {
        let what = format!("`{name}` can't be unpacked into `{}`", spool.display());
        let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let (code, hint) = if full {
            (Code::StoreFull, "Free some space there, or unpack the archive elsewhere and give the tar")
        } else {
            (Code::StoreFailed, "Check the folder's permissions")
        };
        Error::new(code, what).with_hint(hint).with_source(error)
    };
    let mut file = tempfile::tempfile_in(spool).map_err(full)?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let why = format!("`{name}` is damaged: what it is compressed with can't be read to its end");
                return Err(Error::new(Code::ArchiveInvalid, why)
                    .with_hint("It may have been cut on its way here: copy it again")
                    .with_source(error));
            }
        };
        io::Write::write_all(&mut file, &buffer[..count]).map_err(full)?;
    }
    file.seek(SeekFrom::Start(0)).map_err(full)?;
    Ok(file)
}

fn invalid(name: &str, seen: usize, problem: TarError) -> Error {
    if seen == 0 {
        return Error::new(Code::ArchiveInvalid, format!("`{name}` is no archive of an image: it is no tar"))
            .with_hint("Give a file of `docker save`, `podman save` or `longshore save`, or an OCI layout")
            .with_source(problem);
    }
    Error::new(Code::ArchiveInvalid, format!("`{name}` is damaged after {seen} entries"))
        .with_hint("It may have been cut on its way here: copy it again")
        .with_source(problem)
}

pub(super) fn cut(name: &str) -> Error {
    Error::new(Code::ArchiveInvalid, format!("`{name}` ends in the middle of an entry"))
        .with_hint("It was cut on its way here, or is still being written: copy it again")
}

pub(super) fn unreadable(name: &str, error: io::Error) -> Error {
    Error::new(Code::ArchiveInvalid, format!("`{name}` can't be read"))
        .with_hint("Check its permissions and its disk")
        .with_source(error)
}
