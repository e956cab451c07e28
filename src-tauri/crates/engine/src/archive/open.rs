//! An archive that is open: a tar of which every entry is found by its name, or a folder.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::detect::Kind;
use super::entry::{Entry, Part, normal};
use super::foreign;
use super::spool::Spool;
use super::survey::{End, Survey, broken};
use crate::compression::{Compression, Decoder};
use crate::error::{Code, Error, Result};
use crate::job::{Job, Reading};
use crate::tar::{TarError, TarProblem};

/// How many links are followed from one entry to the next.
const LINKS: usize = 8;
/// A compressed file is read in pieces of so many bytes.
const PIECE: usize = 256 * 1024;

/// An open archive; clones are the same one. Every method blocks.
#[derive(Clone)]
pub struct Archive(Arc<Inner>);

pub(super) struct Inner {
    pub name: String,
    place: Place,
    pub kind: Kind,
    pub compression: Compression,
    /// Bytes as it lies there; none of a stream and a folder.
    pub file_size: Option<u64>,
    pub survey: Survey,
}

enum Place {
    Folder(PathBuf),
    File(File),
    /// Nothing is left but what the survey holds and kept.
    Passed,
}

impl Archive {
    /// Opens a file or a folder to take images from. A file that is compressed as a whole, or a pipe, is read once, from
    /// its beginning to its end: its blobs are put into temporary files in `spool`, which are gone when the archive is
    /// dropped, unless a store took them over.
    ///
    /// # Errors
    /// [`Code::ArchiveInvalid`] where it is no tar, or a damaged one; [`Code::NotFound`] where there is nothing;
    /// [`Code::StoreFull`] where there is no room to unpack it; [`Code::Cancelled`].
    pub fn open(path: &Path, spool: &Path, job: &Job) -> Result<Self> {
        let input = Input::open(path)?;
        Self::whole(input, spool, job)
    }

    /// What comes in on a stream, as [`Archive::open`] takes a pipe; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn of_stream(stream: impl Read, name: &str, spool: &Path, job: &Job) -> Result<Self> {
        Self::whole(Input::of_stream(stream, name)?, spool, job)
    }

    fn whole(input: Input<impl Read>, spool: &Path, job: &Job) -> Result<Self> {
        let opened = match input.place {
            Source::Folder(path) => return Self::folder(&path, input.name),
            Source::File(file) if input.compression == Compression::None => {
                Self::of_file(file, input.name, input.compression, input.file_size, job)?
            }
            Source::File(file) => {
                let file = Reading::new(file, input.file_size.unwrap_or(0), job);
                let stream = decoder(input.compression, BufReader::with_capacity(PIECE, file), &input.name)?;
                let keep = Some(Spool::new(spool));
                Self::passed(stream, input.name, input.compression, input.file_size, keep, job)?
            }
            Source::Stream(stream) => {
                let stream = decoder(input.compression, stream, &input.name)?;
                Self::passed(stream, input.name, input.compression, None, Some(Spool::new(spool)), job)?
            }
        };
        match &opened.0.survey {
            Survey { end: End::Broken(problem), .. }
                if opened.compression() != Compression::None
                    && matches!(problem.problem, TarProblem::Io(_)) =>
            {
                Err(opened.not_unpacked(problem.clone()))
            }
            Survey { count: 0, .. } => Err(opened.not_a_tar()),
            Survey { end: End::Broken(problem), count, .. } => {
                Err(broken(opened.name(), *count, problem.clone()))
            }
            _ => Ok(opened),
        }
    }

    /// Looks at a file, a folder or a stream without keeping a copy: what is compressed can be listed afterwards and
    /// not read.
    pub(super) fn look(input: Input<impl Read>, job: &Job) -> Result<Self> {
        let Input { name, compression, file_size, place } = input;
        match place {
            Source::Folder(path) => Self::folder(&path, name),
            Source::File(file) if compression == Compression::None => {
                Self::of_file(file, name, compression, file_size, job)
            }
            Source::File(file) => {
                let stream = decoder(compression, BufReader::with_capacity(PIECE, file), &name)?;
                Self::passed(stream, name, compression, file_size, None, job)
            }
            Source::Stream(stream) => {
                let stream = decoder(compression, stream, &name)?;
                Self::passed(stream, name, compression, file_size, None, job)
            }
        }
    }

    fn of_file(
        mut file: File,
        name: String,
        compression: Compression,
        file_size: Option<u64>,
        job: &Job,
    ) -> Result<Self> {
        file.seek(SeekFrom::Start(0)).map_err(|error| unreadable(&name, error))?;
        let survey = Survey::of_file(&file, job)?;
        let mut head = vec![0; foreign::HEAD];
        let whole = Part::Stored { file: clone(&file, &name)?, offset: 0, length: u64::MAX };
        let have = whole.read_at(&mut head, 0).map_err(|error| unreadable(&name, error))?;
        head.truncate(have);
        Ok(Self::new(name, Place::File(file), compression, file_size, survey, &head))
    }

    fn passed(
        mut stream: impl Read,
        name: String,
        compression: Compression,
        file_size: Option<u64>,
        keep: Option<Spool>,
        job: &Job,
    ) -> Result<Self> {
        let mut head = Vec::new();
        let began = (&mut stream).take(foreign::HEAD as u64).read_to_end(&mut head);
        // Where what it is compressed with can't be read, as much as there is of it is looked at.
        let stream = io::Cursor::new(head.clone()).chain(Failing(began.err())).chain(stream);
        let survey = match keep {
            Some(spool) => Survey::keeping(stream, &name, spool, job)?,
            None => Survey::of_stream(stream, job)?,
        };
        Ok(Self::new(name, Place::Passed, compression, file_size, survey, &head))
    }

    fn folder(path: &Path, name: String) -> Result<Self> {
        let names = std::fs::read_dir(path).map_err(|error| unreadable(&name, error))?;
        let names = names.filter_map(|entry| Some(entry.ok()?.file_name().into_encoded_bytes()));
        let survey = Survey::of_names(names);
        Ok(Self::new(name, Place::Folder(path.to_owned()), Compression::None, None, survey, b""))
    }

    fn new(
        name: String,
        place: Place,
        compression: Compression,
        file_size: Option<u64>,
        survey: Survey,
        head: &[u8],
    ) -> Self {
        let kind = Kind::Other;
        let mut inner = Inner { name, place, kind, compression, file_size, survey };
        inner.kind = inner.tell(head);
        Self(Arc::new(inner))
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

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }

    /// A whole entry, where it is no longer than `cap` bytes; none where there is no such entry.
    pub(super) fn bytes(&self, name: &str, cap: u64) -> Result<Option<Bytes>> {
        self.0.bytes(name, cap)
    }

    /// The bytes of an entry, or of what it links to; none where there is no such entry.
    ///
    /// # Errors
    /// [`Code::ArchiveInvalid`] where the name leads out of the archive, or links go in circles.
    pub(super) fn part(&self, name: &str) -> Result<Option<Part>> {
        self.0.part(name)
    }

    fn not_unpacked(&self, problem: Arc<TarError>) -> Error {
        let why =
            format!("`{}` is damaged: what it is compressed with can't be read to its end", self.name());
        Error::new(Code::ArchiveInvalid, why)
            .with_hint("It may have been cut on its way here: copy it again")
            .with_source(problem)
    }

    fn not_a_tar(&self) -> Error {
        let what = match self.kind() {
            Kind::Foreign(what) => what,
            _ => "no tar",
        };
        let packed = match self.compression() {
            Compression::None => String::new(),
            compression => format!(", compressed with {compression}"),
        };
        let why = format!("`{}` is no archive of an image: it is no tar but {what}{packed}", self.name());
        Error::new(Code::ArchiveInvalid, why)
            .with_hint("Give a file of `docker save`, `podman save` or `longshore save`, or an OCI layout")
    }
}

impl Inner {
    /// What it is, by the names in it and by what the documents of these names begin with.
    fn tell(&self, head: &[u8]) -> Kind {
        let survey = &self.survey;
        if survey.count == 0 && !matches!(self.place, Place::Folder(_)) {
            return Kind::Foreign(foreign::name(head));
        }
        let has = |name: &str| survey.has_top(name);
        let layout = has("oci-layout") && has("index.json");
        // Other things are called manifest.json too; Docker's is a list.
        let manifest = has("manifest.json") && self.begins("manifest.json") != Some(b'{');
        match (layout, manifest) {
            (true, true) => Kind::Hybrid,
            (true, false) => Kind::Oci,
            (false, true) => Kind::Docker,
            _ if has("repositories") && self.begins("repositories") == Some(b'{') => Kind::OldDocker,
            _ if survey.whiteouts > 0 => Kind::Layer,
            _ if survey.system().len() >= 2 => Kind::Filesystem,
            _ if survey.chart.is_some() => Kind::Chart,
            _ => Kind::Other,
        }
    }

    /// The first character of a document that is no space.
    fn begins(&self, name: &str) -> Option<u8> {
        let part = self.part(name).ok()??;
        part.start().ok()?.into_iter().find(|byte| !byte.is_ascii_whitespace())
    }

    fn bytes(&self, name: &str, cap: u64) -> Result<Option<Bytes>> {
        let Some(part) = self.part(name)? else { return Ok(None) };
        if part.length() > cap {
            let why =
                format!("`{name}` in `{}` has {} bytes, more than makes sense", self.name, part.length());
            return Err(Error::new(Code::TooLarge, why).with_hint(
                "The archive was made to mislead, or by a broken program; nothing of it was taken",
            ));
        }
        if let Part::Held(bytes) = part {
            return Ok(Some(bytes));
        }
        let mut bytes = vec![0; usize::try_from(part.length()).expect("it is under a small cap")];
        let have = part.read_at(&mut bytes, 0).map_err(|error| unreadable(&self.name, error))?;
        if have < bytes.len() {
            return Err(cut(&self.name));
        }
        Ok(Some(bytes.into()))
    }

    fn part(&self, name: &str) -> Result<Option<Part>> {
        let leads_out = || {
            Error::new(Code::ArchiveInvalid, format!("`{name}` leads out of `{}`", self.name))
                .with_hint("The archive was made to mislead, or by a broken program; nothing of it was taken")
        };
        let mut wanted = normal(name.as_bytes()).ok_or_else(leads_out)?;
        if let Place::Folder(dir) = &self.place {
            return self.file_of(dir, &wanted);
        }
        for _ in 0..LINKS {
            match (self.survey.entries.get(&wanted), &self.place) {
                (None | Some(Entry::Nothing), _) => return Ok(None),
                (Some(Entry::Link(target)), _) => wanted = normal(target).ok_or_else(leads_out)?,
                (Some(Entry::Held(bytes)), _) => return Ok(Some(Part::Held(bytes.clone()))),
                (Some(Entry::Kept(kept)), _) => return Ok(Some(Part::Kept(kept.clone()))),
                (Some(Entry::Passed { length, start, digest }), _) => {
                    let (length, start, digest) = (*length, *start, digest.clone());
                    return Ok(Some(Part::Passed { length, start, digest }));
                }
                (Some(Entry::Stored { offset, length }), Place::File(file)) => {
                    let file = clone(file, &self.name)?;
                    return Ok(Some(Part::Stored { file, offset: *offset, length: *length }));
                }
                (Some(Entry::Stored { .. }), _) => return Ok(None),
            }
        }
        Err(leads_out())
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
                Err(error) => return Err(unreadable(&self.name, error)),
            }
        }
        let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(&path);
        let file = file.map_err(|error| unreadable(&self.name, error))?;
        let metadata = file.metadata().map_err(|error| unreadable(&self.name, error))?;
        Ok(metadata.is_file().then_some(Part::Stored { file, offset: 0, length: metadata.len() }))
    }
}

/// What is to be looked at, and its first bytes.
pub(super) struct Input<R> {
    name: String,
    compression: Compression,
    file_size: Option<u64>,
    place: Source<R>,
}

enum Source<R> {
    Folder(PathBuf),
    File(File),
    Stream(io::Chain<io::Cursor<Vec<u8>>, R>),
}

impl Input<File> {
    /// A file, a folder or a pipe.
    ///
    /// # Errors
    /// [`Code::NotFound`]; [`Code::ArchiveInvalid`] where it is empty or can't be read.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Error::new(Code::NotFound, format!("there is no file `{name}`"))
                .with_hint("Check the spelling of its path"),
            _ => unreadable(&name, error),
        };
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if metadata.is_dir() {
            let place = Source::Folder(path.to_owned());
            return Ok(Self { name, compression: Compression::None, file_size: None, place });
        }
        // A pipe is waited for: somebody writes to it.
        let file = File::open(path).map_err(failed)?;
        if !metadata.is_file() {
            return Self::of_stream(file, &name);
        }
        let (compression, start) = Compression::peek(&mut &file).map_err(failed)?;
        (&file).rewind().map_err(failed)?;
        if start.is_empty() {
            return Err(empty(&name));
        }
        Ok(Self { name, compression, file_size: Some(metadata.len()), place: Source::File(file) })
    }
}

impl<R: Read> Input<R> {
    /// What comes in on a stream.
    ///
    /// # Errors
    /// [`Code::ArchiveInvalid`] where nothing comes.
    pub fn of_stream(mut stream: R, name: &str) -> Result<Self> {
        let (compression, start) = Compression::peek(&mut stream).map_err(|error| unreadable(name, error))?;
        if start.is_empty() {
            return Err(empty(name));
        }
        let place = Source::Stream(io::Cursor::new(start).chain(stream));
        Ok(Self { name: name.to_owned(), compression, file_size: None, place })
    }
}

/// What is left of a stream that failed: its error, once.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// What is in a stream. One that is not compressed is what it is, a ZIP file too: that is told from its first bytes.
fn decoder<'a>(compression: Compression, stream: impl Read + 'a, name: &str) -> Result<Box<dyn Read + 'a>> {
    if compression == Compression::None {
        return Ok(Box::new(stream));
    }
    Ok(Box::new(Decoder::new(stream).map_err(|error| {
        let why = format!("`{name}` can't be read: {}", error.message());
        let hint = error.hint().unwrap_or("Copy it again").to_owned();
        Error::new(error.code(), why).with_hint(hint).with_source(error)
    })?))
}

fn clone(file: &File, name: &str) -> Result<File> {
    file.try_clone().map_err(|error| unreadable(name, error))
}

fn empty(name: &str) -> Error {
    Error::new(Code::ArchiveInvalid, format!("`{name}` is empty"))
        .with_hint("Save the image again: `docker save IMAGE -o FILE` or `longshore save`")
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
