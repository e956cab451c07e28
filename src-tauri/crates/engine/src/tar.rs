//! Tar archives, read and written one entry after the other: ustar, pax and GNU, in constant memory.
//!
//! Sources: POSIX.1-2017 `pax` ("ustar Interchange Format", "pax Interchange Format"), and the GNU tar manual, "Basic Tar
//! Format" and "Storing Sparse Files". Where readers disagree this one does as Go's `archive/tar` does, which is what
//! container engines use; what could be read in two ways that matter is refused.
//!
//! Invariants:
//! - What an entry claims is never allocated: names and pax records have a cap of 1 MiB, checked before they are read.
//! - An extension header speaks for the entry that follows and for no other header on the way there (the size in a pax
//!   record never applies to a GNU long name, which is how two readers come to see two archives).
//! - Every failure says at which byte of the archive.
//!
//! Deliberately absent: decompression, what names mean (`layers` knows), and the meaning of mode bits.

mod extension;
mod header;
mod number;
mod sparse;
mod write;

#[cfg(test)]
pub(crate) mod tests;

use std::io::{self, BufRead, Read, Seek, SeekFrom};

pub use header::Kind;
pub use sparse::Segment;
pub use write::TarWriter;

use extension::{Pax, Pending};
use header::{BLOCK, Header};

/// Names, link targets and pax records may be no longer, bytes.
pub const EXTENSION_CAP: u64 = 1 << 20;

/// One entry: everything but its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name as it is written there, bytes of no certain encoding.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// The owner's name; empty where none is given.
    pub user: Vec<u8>,
    /// The group's name; empty where none is given.
    pub group: Vec<u8>,
    /// When it was modified.
    pub modified: Time,
    /// The target of a link; else empty.
    pub link: Vec<u8>,
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// Length of the file as a reader sees it, bytes; holes of a sparse file count.
    pub size: u64,
    /// Bytes that follow in the archive, without padding.
    pub stored: u64,
    /// Which parts of a sparse file are stored, in order; none where the file is stored whole.
    pub sparse: Option<Vec<Segment>>,
    /// Extended attributes, in the archive's order.
    pub attributes: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where its first header is, bytes from the archive's beginning: extensions count as its own.
    pub begins: u64,
    /// Where its stored bytes are.
    pub data: u64,
}

/// A point in time: seconds since 1970, and nanoseconds after them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Seconds; negative before 1970.
    pub seconds: i64,
    /// 0 to 999,999,999.
    pub nanoseconds: u32,
}

/// Why an archive can't be read on, and where.
#[derive(Debug, thiserror::Error)]
#[error("{problem} (at byte {offset})")]
pub struct TarError {
    /// Bytes from the archive's beginning, to the header at fault.
    pub offset: u64,
    /// What is wrong.
    #[source]
    pub problem: TarProblem,
}

/// What can be wrong with an archive.
#[derive(Debug, thiserror::Error)]
pub enum TarProblem {
    /// The input failed.
    #[error("reading failed")]
    Io(#[from] io::Error),
    /// It ends within a header or within an entry's bytes.
    #[error("the archive ends in the middle of an entry")]
    Truncated,
    /// What should be a header is none: its checksum is not that of its bytes.
    #[error("this is no tar header, or a damaged one: its checksum does not match")]
    Checksum,
    /// One block of zeros and then something else.
    #[error("the end is marked half: one empty block where there should be two")]
    LoneZeroBlock,
    /// A number that is none, or that no field can hold.
    #[error("the field `{0}` holds no number that makes sense")]
    Number(&'static str),
    /// A name or a pax header over [`EXTENSION_CAP`].
    #[error("a name or an extended header claims {0} bytes, more than any program needs")]
    ExtensionTooLong(u64),
    /// A pax record that is malformed, or a second header of the same kind for one entry.
    #[error("an extended header is malformed: {0}")]
    Extension(&'static str),
    /// Extension headers with no entry after them.
    #[error("an extended header is followed by no entry")]
    Dangling,
    /// A sparse file's map that is malformed.
    #[error("the map of a sparse file is malformed: {0}")]
    Sparse(&'static str),
    /// A volume of a larger archive.
    #[error("it is one volume of a larger archive; the others are needed to read it")]
    MultiVolume,
}

impl TarProblem {
    fn at(self, offset: u64) -> TarError {
        TarError { offset, problem: self }
    }
}

/// Reads an archive entry by entry. The bytes of the entry that [`TarReader::next`] gave last are read through
/// [`Read`]; what is left of them is passed over by the next call.
pub struct TarReader<R> {
    input: R,
    skip: fn(&mut R, u64) -> io::Result<u64>,
    position: u64,
    /// Stored bytes of the entry that are still to be read.
    left: u64,
    /// Padding behind them.
    padding: u64,
    /// What `g` headers said for all that follows.
    global: Pax,
    ended: bool,
}

impl<R: Read> TarReader<R> {
    /// Over a stream: what is passed over is read.
    pub fn new(input: R) -> Self {
        Self::with_skip(input, |input, count| io::copy(&mut input.take(count), &mut io::sink()))
    }

    fn with_skip(input: R, skip: fn(&mut R, u64) -> io::Result<u64>) -> Self {
        Self { input, skip, position: 0, left: 0, padding: 0, global: Pax::default(), ended: false }
    }

    /// The next entry; none at the end, which is two empty blocks or, as many programs leave it, the end of the input.
    ///
    /// # Errors
    /// [`TarError`]; nothing can be read after one.
    #[expect(clippy::should_implement_trait, reason = "an entry's bytes are read between two calls")]
    pub fn next(&mut self) -> Result<Option<Entry>, TarError> {
        if self.ended {
            return Ok(None);
        }
        let found = self.advance();
        self.ended = !matches!(found, Ok(Some(_)));
        found
    }

    /// Bytes of the archive that were read or passed over so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The input.
    pub fn get_ref(&self) -> &R {
        &self.input
    }

    /// The input, for what may follow the archive: at its end, or nothing can be read after it.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.input
    }

    /// The input, for what may follow the archive.
    pub fn into_inner(self) -> R {
        self.input
    }

    fn advance(&mut self) -> Result<Option<Entry>, TarError> {
        self.pass_over(self.left + self.padding)?;
        (self.left, self.padding) = (0, 0);
        let begins = self.position;
        let mut pending = Pending::default();
        loop {
            let at = self.position;
            let Some(block) = self.block()? else {
                return if pending.is_empty() { Ok(None) } else { Err(TarProblem::Dangling.at(at)) };
            };
            if block.iter().all(|byte| *byte == 0) {
                return self.end(&pending, at);
            }
            let header = Header::parse(&block).map_err(|problem| problem.at(at))?;
            match header.kind {
                Kind::Other(b'x' | b'X') => pending.pax(&self.extension(&header, at)?),
                Kind::Other(b'g') => {
                    let records = self.extension(&header, at)?;
                    self.global.add(&records)
                }
                Kind::Other(b'L') => pending.long_name(self.extension(&header, at)?),
                Kind::Other(b'K') => pending.long_link(self.extension(&header, at)?),
                Kind::Other(b'M') => Err(TarProblem::MultiVolume),
                // A label of the archive, which is no file.
                Kind::Other(b'V') if pending.is_empty() => {
                    self.pass_over(padded(header.size))?;
                    Ok(())
                }
                _ => return self.entry(header, pending, begins, at).map(Some),
            }
            .map_err(|problem| problem.at(at))?;
        }
    }

    fn entry(&mut self, header: Header, pending: Pending, begins: u64, at: u64) -> Result<Entry, TarError> {
        let old_map = header.old_sparse.clone();
        let (mut entry, style) = pending.apply(&self.global, header).map_err(|problem| problem.at(at))?;
        let mut stored = entry.stored;
        let map = sparse::read(style, old_map, &mut entry.size, &mut stored, |block| {
            self.fill(block).map_err(|error| error.problem)
        })
        .map_err(|problem| problem.at(at))?;
        entry.sparse = map;
        entry.stored = stored;
        entry.begins = begins;
        entry.data = self.position;
        self.left = stored;
        self.padding = padded(stored) - stored;
        Ok(entry)
    }

    /// Two empty blocks end an archive.
    fn end(&mut self, pending: &Pending, at: u64) -> Result<Option<Entry>, TarError> {
        if !pending.is_empty() {
            return Err(TarProblem::Dangling.at(at));
        }
        match self.block()? {
            Some(second) if second.iter().any(|byte| *byte != 0) => Err(TarProblem::LoneZeroBlock.at(at)),
            _ => Ok(None),
        }
    }

    /// The bytes of an extension header, whose own size counts, whatever a pax record says.
    fn extension(&mut self, header: &Header, at: u64) -> Result<Vec<u8>, TarError> {
        if header.size > EXTENSION_CAP {
            return Err(TarProblem::ExtensionTooLong(header.size).at(at));
        }
        let mut bytes = vec![0; usize::try_from(header.size).expect("a mebibyte fits")];
        self.fill(&mut bytes)?;
        self.pass_over(padded(header.size) - header.size)?;
        Ok(bytes)
    }

    /// The next block; none where the input ends before it.
    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, TarError> {
        let mut block = [0; BLOCK];
        let mut have = 0;
        while have < BLOCK {
            match self.input.read(&mut block[have..]) {
                Ok(0) if have == 0 => return Ok(None),
                Ok(0) => return Err(TarProblem::Truncated.at(self.position)),
                Ok(count) => have += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(TarProblem::Io(error).at(self.position)),
            }
        }
        self.position += BLOCK as u64;
        Ok(Some(block))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), TarError> {
        let at = self.position;
        self.input.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => TarProblem::Truncated.at(at),
            _ => TarProblem::Io(error).at(at),
        })?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    fn pass_over(&mut self, count: u64) -> Result<(), TarError> {
        if count == 0 {
            return Ok(());
        }
        let passed =
            (self.skip)(&mut self.input, count).map_err(|error| TarProblem::Io(error).at(self.position))?;
        self.position += passed;
        if passed == count { Ok(()) } else { Err(TarProblem::Truncated.at(self.position)) }
    }
}

impl<R: BufRead> TarReader<R> {
    /// Over a buffer: what is passed over is not copied.
    pub fn buffered(input: R) -> Self {
        Self::with_skip(input, |input, count| {
            let mut passed = 0;
            while passed < count {
                let ahead = match input.fill_buf() {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    ahead => ahead?.len(),
                };
                if ahead == 0 {
                    break;
                }
                let step = usize::try_from(count - passed).unwrap_or(usize::MAX).min(ahead);
                input.consume(step);
                passed += step as u64;
            }
            Ok(passed)
        })
    }

    /// Stored bytes of the entry at hand that lie in the buffer, without a copy; none at their end.
    ///
    /// # Errors
    /// The input's; [`TarProblem::Truncated`] where it ends within the entry.
    pub fn chunk(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Ok(&[]);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let bytes = self.input.fill_buf()?;
        if bytes.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                TarProblem::Truncated.at(self.position),
            ));
        }
        Ok(&bytes[..bytes.len().min(most)])
    }

    /// Takes as many bytes of what [`TarReader::chunk`] gave.
    pub fn take_chunk(&mut self, count: usize) {
        self.input.consume(count);
        self.position += count as u64;
        self.left -= count as u64;
    }
}

impl<R: Read + Seek> TarReader<R> {
    /// Over what can seek: an archive of any size is listed by its headers alone.
    pub fn seeking(input: R) -> Self {
        Self::with_skip(input, |input, count| {
            let here = input.stream_position()?;
            let end = input.seek(SeekFrom::End(0))?;
            let wanted = here.saturating_add(count).min(end);
            input.seek(SeekFrom::Start(wanted))?;
            Ok(wanted.saturating_sub(here))
        })
    }
}

/// Stored bytes of the entry at hand.
impl<R: Read> Read for TarReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let count = self.input.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                TarProblem::Truncated.at(self.position),
            ));
        }
        self.position += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

/// A length with what fills its last block up.
fn padded(length: u64) -> u64 {
    length.saturating_add(BLOCK as u64 - 1) / BLOCK as u64 * BLOCK as u64
}
