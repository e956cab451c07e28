//! One pass over a tar: where its entries are, and what they say it is.
//!
//! What can seek is read by its headers alone. Of a stream small JSON documents are held as they pass, so that its images
//! can be listed without a copy of it, and blobs are hashed since they pass by anyway, and kept where they are wanted. A filesystem is not read to its
//! end: a few thousand entries say enough.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use oci::digest::{Algorithm, Digest, Hasher};

use super::elf;
use super::entry::{Entry, normal, parent};
use super::spool::{Spool, Trouble};
use crate::error::{Code, Error, Result};
use crate::job::Job;
use crate::tar::{self, Kind as Type, TarError, TarProblem, TarReader};

/// An archive of images has an entry for each blob; what has more is a filesystem, and memory is kept for no more.
const ENTRIES: usize = 200_000;
/// After so many entries of a stream a filesystem is known to be one.
const ENOUGH_OF_A_STREAM: u64 = 4_000;
/// Headers are cheap where nothing is read between them: the count of files is exact more often.
const ENOUGH_OF_A_FILE: u64 = 60_000;
/// How much longer the program that tells the platform is looked for.
const PATIENCE: u64 = 4;
/// A document that is held may be no larger, bytes.
const DOCUMENT: u64 = 8 << 20;
/// What is kept is held too where it is no larger, bytes.
const SMALL: u64 = 4096;
/// All of them together, bytes.
const DOCUMENTS: u64 = 64 << 20;
/// Names at the top that are kept.
const TOPS: usize = 64;
/// A name that is longer names no blob, bytes.
const NAME: usize = 4096;
/// What passes by is read in pieces of so many bytes.
const BUFFER: usize = 64 * 1024;
/// How many programs are looked into.
const PROGRAMS: u32 = 2_000;

/// What there is at the top of a Linux filesystem.
const SYSTEM: &[&[u8]] = &[
    b"bin",
    b"boot",
    b"dev",
    b"etc",
    b"home",
    b"lib",
    b"lib32",
    b"lib64",
    b"libx32",
    b"media",
    b"mnt",
    b"opt",
    b"proc",
    b"root",
    b"run",
    b"sbin",
    b"srv",
    b"sys",
    b"tmp",
    b"usr",
    b"var",
    b".dockerenv",
    b"nix",
];

/// How a pass ended.
pub(super) enum End {
    /// At the end of the archive.
    Whole,
    /// It is a filesystem; the rest says nothing new.
    Enough,
    /// Where it can't be read on.
    Broken(Arc<TarError>),
}

/// What one pass found.
pub(super) struct Survey {
    /// Where the entries are, by their normal names.
    pub entries: HashMap<Vec<u8>, Entry>,
    pub end: End,
    /// How many there were.
    pub count: u64,
    /// Those that are no directories.
    pub files: u64,
    /// Names at the top, each once.
    pub tops: Vec<Vec<u8>>,
    /// Entries that delete something below.
    pub whiteouts: u64,
    /// A `Chart.yaml` in a folder of its own.
    pub chart: Option<Vec<u8>>,
    /// A program that says what it runs on.
    pub machine: Option<elf::Machine>,
    /// `/bin/bash`, `/bin/sh`.
    pub shells: (bool, bool),
    /// Bytes of the tar that were read or passed over.
    pub inside: u64,
    /// Whether blobs were hashed.
    pub hashed: bool,
    /// Blobs whose bytes are not what their name says.
    pub damaged: Vec<String>,
    held: u64,
    programs: u32,
    buffer: Vec<u8>,
    /// Where blobs are kept, where they are.
    spool: Option<Spool>,
    /// Why one was not.
    unkept: Option<io::Error>,
}

impl Survey {
    /// Of what can seek.
    ///
    /// # Errors
    /// [`Code::Cancelled`] alone: what is wrong with the archive is in [`Survey::end`].
    pub fn of_file(file: &File, job: &Job) -> Result<Self> {
        let mut survey = Self::empty(false);
        let mut tar = TarReader::seeking(file);
        survey.read(&mut tar, ENOUGH_OF_A_FILE, job)?;
        Ok(survey)
    }

    /// Of what passes by once.
    ///
    /// # Errors
    /// As [`Survey::of_file`].
    pub fn of_stream(stream: impl Read, job: &Job) -> Result<Self> {
        let mut survey = Self::empty(true);
        let mut tar = TarReader::new(Cancellable { inner: stream, job });
        survey.read(&mut tar, ENOUGH_OF_A_STREAM, job)?;
        Ok(survey)
    }

    /// Of what passes by once, its blobs kept; `name` is what errors call it. It is read to its end, so that what it is
    /// compressed with is checked too.
    ///
    /// # Errors
    /// As [`Survey::of_file`]; [`Code::StoreFull`], [`Code::StoreFailed`] where a blob can't be kept.
    pub fn keeping(stream: impl Read, name: &str, spool: Spool, job: &Job) -> Result<Self> {
        let mut survey = Self::empty(true);
        survey.spool = Some(spool);
        let mut tar = TarReader::new(Cancellable { inner: stream, job });
        survey.read(&mut tar, ENOUGH_OF_A_STREAM, job)?;
        if let (Some(spool), Some(error)) = (survey.spool.take(), survey.unkept.take()) {
            return Err(spool.full(name, error));
        }
        if matches!(survey.end, End::Whole)
            && let Err(problem) = io::copy(tar.get_mut(), &mut io::sink())
        {
            let problem = TarError { offset: tar.position(), problem: TarProblem::Io(problem) };
            survey.end = End::Broken(Arc::new(problem));
        }
        if job.is_cancelled() { Err(Error::cancelled()) } else { Ok(survey) }
    }

    /// Of a folder: the names at its top.
    pub fn of_names(names: impl Iterator<Item = Vec<u8>>) -> Self {
        let mut survey = Self::empty(false);
        for name in names.take(ENTRIES) {
            survey.count += 1;
            survey.top(&name);
        }
        survey
    }

    fn empty(hashed: bool) -> Self {
        Self {
            entries: HashMap::new(),
            end: End::Whole,
            count: 0,
            files: 0,
            tops: Vec::new(),
            whiteouts: 0,
            chart: None,
            machine: None,
            shells: (false, false),
            inside: 0,
            hashed,
            damaged: Vec::new(),
            held: 0,
            programs: 0,
            buffer: Vec::new(),
            spool: None,
            unkept: None,
        }
    }

    /// Whether it has a name at its top.
    pub fn has_top(&self, name: &str) -> bool {
        self.tops.iter().any(|top| top == name.as_bytes())
    }

    /// How many names at the top are those of a system.
    pub fn system(&self) -> Vec<String> {
        let known = self.tops.iter().filter(|top| SYSTEM.contains(&top.as_slice()));
        known.map(|top| String::from_utf8_lossy(top).into_owned()).collect()
    }

    /// Whether it looks like a filesystem and like nothing else.
    fn is_filesystem(&self) -> bool {
        let marks = ["oci-layout", "index.json", "manifest.json", "repositories"];
        !marks.iter().any(|mark| self.has_top(mark)) && self.system().len() >= 2
    }

    fn read<R: Read>(&mut self, tar: &mut TarReader<R>, enough: u64, job: &Job) -> Result<()> {
        let end = loop {
            if job.is_cancelled() {
                return Err(Error::cancelled());
            }
            let entry = match tar.next() {
                Ok(Some(entry)) => entry,
                Ok(None) => break End::Whole,
                Err(problem) => break End::Broken(Arc::new(problem)),
            };
            if let Err(problem) = self.entry(&entry, tar) {
                let problem = TarError { offset: entry.begins, problem: TarProblem::Io(problem) };
                break End::Broken(Arc::new(problem));
            }
            let patience = if self.machine.is_some() { 1 } else { PATIENCE };
            if self.count >= enough * patience && self.is_filesystem() {
                break End::Enough;
            }
        };
        self.inside = tar.position();
        self.buffer = Vec::new();
        if job.is_cancelled() {
            return Err(Error::cancelled());
        }
        self.end = end;
        Ok(())
    }

    fn entry<R: Read>(&mut self, entry: &tar::Entry, tar: &mut TarReader<R>) -> io::Result<()> {
        self.count += 1;
        let Some(name) = normal(&entry.name).filter(|name| !name.is_empty()) else { return Ok(()) };
        self.see(&name, entry);
        let wants_machine = self.wants_machine(&name, entry);
        let place = match entry.kind {
            Type::File if entry.sparse.is_none() && self.hashed => {
                self.pass(&name, entry, tar, wants_machine)?
            }
            Type::File if entry.sparse.is_none() => {
                if wants_machine {
                    let mut start = [0; elf::HEADER];
                    let have = read_up_to(tar, &mut start)?;
                    self.look_into(&name, &start[..have]);
                }
                Entry::Stored { offset: entry.data, length: entry.stored }
            }
            Type::HardLink => Entry::Link(entry.link.clone()),
            // A symbolic link counts from the folder that it stands in; an absolute one leads out, and is refused.
            Type::Symlink if entry.link.starts_with(b"/") => Entry::Link(entry.link.clone()),
            Type::Symlink => Entry::Link([parent(&name), &entry.link].join(&b'/')),
            _ => Entry::Nothing,
        };
        // Of two entries with one name the later one counts, as when the archive is unpacked.
        if name.len() <= NAME && (self.entries.len() < ENTRIES || self.entries.contains_key(&name)) {
            self.entries.insert(name, place);
        }
        Ok(())
    }

    fn see(&mut self, name: &[u8], entry: &tar::Entry) {
        let mut parts = name.split(|byte| *byte == b'/');
        self.top(parts.next().unwrap_or_default());
        let (second, third) = (parts.next(), parts.next());
        if self.chart.is_none() && second == Some(b"Chart.yaml") && third.is_none() {
            self.chart = Some(name.to_vec());
        }
        if entry.kind != Type::Directory {
            self.files += 1;
        }
        let base = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        if base.starts_with(b".wh.") {
            self.whiteouts += 1;
        }
        match name {
            b"bin/bash" | b"usr/bin/bash" => self.shells.0 = true,
            b"bin/sh" | b"usr/bin/sh" => self.shells.1 = true,
            _ => {}
        }
    }

    fn top(&mut self, name: &[u8]) {
        if self.tops.len() < TOPS && !name.is_empty() && !self.tops.iter().any(|top| top == name) {
            self.tops.push(name.to_vec());
        }
    }

    /// Whether its first bytes may tell the platform better than what told it so far.
    fn wants_machine(&mut self, name: &[u8], entry: &tar::Entry) -> bool {
        if entry.kind != Type::File || entry.stored < elf::HEADER as u64 {
            return false;
        }
        let sure = elf::is_telling(name);
        let known = self.machine.as_ref();
        let wanted = match known {
            Some(machine) => sure && !machine.sure,
            None => sure || (entry.mode & 0o111 != 0 && self.programs < PROGRAMS),
        };
        self.programs += u32::from(wanted);
        wanted
    }

    fn look_into(&mut self, name: &[u8], start: &[u8]) {
        if let Some(machine) = elf::machine(name, start) {
            self.machine = Some(machine);
        }
    }

    /// An entry of a stream: its first bytes, its digest, and all of it where it is a small document.
    fn pass<R: Read>(
        &mut self,
        name: &[u8],
        entry: &tar::Entry,
        tar: &mut TarReader<R>,
        wants_machine: bool,
    ) -> io::Result<Entry> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(BUFFER, 0);
        let passed = self.pass_through(name, entry, tar, wants_machine, &mut buffer);
        self.buffer = buffer;
        passed
    }

    fn pass_through<R: Read>(
        &mut self,
        name: &[u8],
        entry: &tar::Entry,
        tar: &mut TarReader<R>,
        wants_machine: bool,
        buffer: &mut [u8],
    ) -> io::Result<Entry> {
        let have = read_up_to(tar, buffer)?;
        let start = &buffer[..have];
        if wants_machine {
            self.look_into(name, start);
        }
        let length = entry.stored;
        let is_document =
            start.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| b"{[".contains(first));
        let is_version = name == b"oci-layout" || name == b"VERSION";
        // A file of its own is too much for what is smaller than a block of a disk.
        let is_small = self.spool.is_some() && length <= SMALL;
        if (is_document || is_version || is_small) && length <= DOCUMENT && self.held + length <= DOCUMENTS {
            self.held += length;
            let mut bytes = start.to_vec();
            tar.read_to_end(&mut bytes)?;
            self.compare(name, |algorithm| Digest::of(algorithm, &bytes));
            return Ok(Entry::Held(Bytes::from(bytes)));
        }
        let mut first = [0; 8];
        first[..have.min(8)].copy_from_slice(&start[..have.min(8)]);
        if self.is_filesystem() {
            return Ok(Entry::Passed { length, start: first, digest: None });
        }
        let algorithm = named_digest(name).map_or(Algorithm::Sha256, |digest| digest.algorithm());
        if let Some(spool) = &mut self.spool {
            let kept = spool.keep(start.to_vec(), tar, algorithm).map_err(|trouble| match trouble {
                Trouble::Read(error) => error,
                Trouble::Write(error) => {
                    self.unkept = Some(error);
                    io::Error::other("what was read can't be kept")
                }
            })?;
            self.compare(name, |_| kept.digest().clone());
            return Ok(Entry::Kept(Arc::new(kept)));
        }
        let mut hasher = Hasher::new(algorithm);
        hasher.update(start);
        loop {
            let count = match tar.read(buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hasher.update(&buffer[..count]);
        }
        let digest = hasher.finish();
        self.compare(name, |_| digest.clone());
        Ok(Entry::Passed { length, start: first, digest: Some(digest) })
    }

    fn compare(&mut self, name: &[u8], digest: impl FnOnce(Algorithm) -> Digest) {
        if let Some(named) = named_digest(name)
            && digest(named.algorithm()) != named
        {
            self.damaged.push(String::from_utf8_lossy(name).into_owned());
        }
    }
}

/// The digest that an entry of a layout is named for: `blobs/sha256/…`.
pub(super) fn named_digest(name: &[u8]) -> Option<Digest> {
    let (algorithm, hex) = std::str::from_utf8(name).ok()?.strip_prefix("blobs/")?.split_once('/')?;
    format!("{algorithm}:{hex}").parse().ok()
}

fn read_up_to(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut have = 0;
    while have < buffer.len() {
        match input.read(&mut buffer[have..]) {
            Ok(0) => break,
            Ok(count) => have += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(have)
}

/// A stream that ends with an error once its job is cancelled, in the middle of a large entry too.
pub(super) struct Cancellable<'a, R> {
    pub inner: R,
    pub job: &'a Job,
}

impl<R: Read> Read for Cancellable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.job.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        self.inner.read(buffer)
    }
}

/// Why an archive can't be used, as the pass over it ended.
pub(super) fn broken(name: &str, seen: u64, problem: Arc<TarError>) -> Error {
    let error = Error::new(Code::ArchiveInvalid, format!("`{name}` is damaged after {seen} entries"));
    error.with_hint("It may have been cut on its way here: copy it again").with_source(problem)
}
