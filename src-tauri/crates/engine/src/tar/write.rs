//! Writing archives: ustar, with a pax header before what does not fit in it. The same entries give the same bytes.
//!
//! Sources: as the module's. Sparse files are written as GNU's version 1.0, which GNU tar, bsdtar, Go and Python read.

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use super::header::{BLOCK, Kind};
use super::sparse::Segment;
use super::{Entry, Time, padded};

/// The largest numbers that the octal fields of a block hold.
const MOST_SIZE: u64 = 0o77_777_777_777;
const MOST_ID: u64 = 0o7_777_777;

/// Writes an archive entry by entry: [`TarWriter::begin`], then the entry's bytes through [`Write`], exactly as many as
/// it says; [`TarWriter::finish`] at the end.
pub struct TarWriter<W: Write> {
    output: W,
    /// Bytes of the entry at hand that are still to come.
    left: u64,
    padding: u64,
}

impl<W: Write> TarWriter<W> {
    /// An archive without entries so far.
    pub fn new(output: W) -> Self {
        Self { output, left: 0, padding: 0 }
    }

    /// Begins an entry: its name, kind, mode, owner, time, link, device, size, sparse parts and attributes are written.
    /// The bytes that follow are [`Entry::stored`], without the map of a sparse file. Names of owners are left out.
    ///
    /// # Errors
    /// The output's; [`io::ErrorKind::InvalidInput`] where the entry before lacks bytes, and for a name or a link with
    /// a NUL in it, which no file can have.
    pub fn begin(&mut self, entry: &Entry) -> io::Result<()> {
        if self.left > 0 {
            return Err(invalid("the entry before lacks bytes"));
        }
        if entry.name.contains(&0) || entry.link.contains(&0) {
            return Err(invalid("a name has a NUL in it"));
        }
        self.pad()?;
        let map = entry.sparse.as_ref().map(|segments| sparse_map(segments)).unwrap_or_default();
        let stored = if entry.kind.has_bytes() { entry.stored + map.len() as u64 } else { 0 };
        let mut block = Block::new(entry.kind);
        let mut records = Records::default();
        if entry.sparse.is_some() {
            records.add(b"GNU.sparse.major", b"1");
            records.add(b"GNU.sparse.minor", b"0");
            records.add(b"GNU.sparse.name", &entry.name);
            records.number(b"GNU.sparse.realsize", entry.size);
            block.name(b"GNUSparseFile.0/file");
        } else if !block.name(&entry.name) {
            records.add(b"path", &entry.name);
        }
        if !block.text(157..257, &entry.link) {
            records.add(b"linkpath", &entry.link);
        }
        block.octal(100..108, u64::from(entry.mode));
        for (range, value, key) in [(108..116, entry.uid, &b"uid"[..]), (116..124, entry.gid, b"gid")] {
            block.octal(range, if value > MOST_ID { 0 } else { value });
            if value > MOST_ID {
                records.number(key, value);
            }
        }
        block.octal(124..136, if stored > MOST_SIZE { 0 } else { stored });
        if stored > MOST_SIZE {
            records.number(b"size", stored);
        }
        let Time { seconds, nanoseconds } = entry.modified;
        let fits = u64::try_from(seconds).ok().filter(|seconds| *seconds <= MOST_SIZE);
        block.octal(136..148, fits.unwrap_or_default());
        if fits.is_none() || nanoseconds > 0 {
            records.add(b"mtime", time(entry.modified).as_bytes());
        }
        if matches!(entry.kind, Kind::CharDevice | Kind::BlockDevice) {
            block.device(329..337, entry.device.0);
            block.device(337..345, entry.device.1);
        }
        for (name, value) in &entry.attributes {
            // A key ends at its first `=`, and can't be written where the name has one.
            if !name.contains(&b'=') && !name.contains(&0) {
                records.add(&[b"SCHILY.xattr.", &name[..]].concat(), value);
            }
        }
        self.extension(&records)?;
        self.output.write_all(&block.finish())?;
        self.output.write_all(&map)?;
        self.left = stored - map.len() as u64;
        self.padding = padded(stored) - stored;
        Ok(())
    }

    /// Ends the archive: two empty blocks.
    ///
    /// # Errors
    /// As [`TarWriter::begin`].
    pub fn finish(mut self) -> io::Result<W> {
        if self.left > 0 {
            return Err(invalid("the entry before lacks bytes"));
        }
        self.pad()?;
        self.output.write_all(&[0; 2 * BLOCK])?;
        Ok(self.output)
    }

    fn pad(&mut self) -> io::Result<()> {
        let padding = usize::try_from(std::mem::take(&mut self.padding)).expect("it is less than a block");
        self.output.write_all(&[0; BLOCK][..padding])
    }

    fn extension(&mut self, records: &Records) -> io::Result<()> {
        if records.bytes.is_empty() {
            return Ok(());
        }
        let mut bytes = records.bytes.clone();
        let mut block = Block::new(Kind::Other(b'x'));
        block.name(b"PaxHeaders.0/header");
        block.octal(100..108, 0o644);
        for (range, value) in [(108..116, 0), (116..124, 0), (124..136, bytes.len() as u64), (136..148, 0)] {
            block.octal(range, value);
        }
        self.output.write_all(&block.finish())?;
        let length = bytes.len();
        bytes.resize(length.next_multiple_of(BLOCK), 0);
        self.output.write_all(&bytes)
    }
}

/// Bytes of the entry that was begun last.
impl<W: Write> Write for TarWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        if most == 0 && !bytes.is_empty() {
            return Err(invalid("the entry has more bytes than it says"));
        }
        let count = self.output.write(&bytes[..most])?;
        self.left -= count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// Pax records. A name that is no UTF-8 stands there as it is, as GNU tar has it: the record that POSIX knows for it
/// (`hdrcharset`) is a warning to most readers.
#[derive(Default)]
struct Records {
    bytes: Vec<u8>,
}

impl Records {
    /// `LENGTH KEY=VALUE\n`, where the length counts itself.
    fn add(&mut self, key: &[u8], value: &[u8]) {
        let body = key.len() + value.len() + 3;
        let mut length = body + 1;
        while length.to_string().len() + body != length {
            length = length.to_string().len() + body;
        }
        self.bytes.extend_from_slice(format!("{length} ").as_bytes());
        for part in [key, b"=", value, b"\n"] {
            self.bytes.extend_from_slice(part);
        }
    }

    fn number(&mut self, key: &[u8], value: u64) {
        self.add(key, value.to_string().as_bytes());
    }
}

/// Seconds with what is behind the point; before 1970 it counts backwards as a whole.
fn time(time: Time) -> String {
    let Time { seconds, nanoseconds } = time;
    let (sign, seconds, nanoseconds) = match seconds {
        ..0 if nanoseconds > 0 => ("-", (seconds + 1).unsigned_abs(), 1_000_000_000 - nanoseconds),
        ..0 => ("-", seconds.unsigned_abs(), 0),
        _ => ("", seconds.unsigned_abs(), nanoseconds),
    };
    if nanoseconds == 0 {
        return format!("{sign}{seconds}");
    }
    format!("{sign}{seconds}.{nanoseconds:09}").trim_end_matches('0').to_owned()
}

/// How many parts, then offset and length of each, in lines; filled up to a block.
fn sparse_map(segments: &[Segment]) -> Vec<u8> {
    let mut map = format!("{}\n", segments.len());
    for segment in segments {
        map += &format!("{}\n{}\n", segment.offset, segment.length);
    }
    let mut map = map.into_bytes();
    let length = map.len();
    map.resize(length.next_multiple_of(BLOCK), 0);
    map
}

struct Block([u8; BLOCK]);

impl Block {
    fn new(kind: Kind) -> Self {
        let mut block = [0; BLOCK];
        block[156] = kind.flag();
        block[257..265].copy_from_slice(b"ustar\x0000");
        Self(block)
    }

    /// A name, in two parts where it must; false where it does not fit, then its beginning stands there.
    fn name(&mut self, name: &[u8]) -> bool {
        if self.text(0..100, name) {
            return true;
        }
        let slash = (1..name.len())
            .filter(|at| name[*at] == b'/' && *at <= 155 && name.len() - at - 1 <= 100)
            .find(|at| *at + 1 < name.len());
        let Some(slash) = slash else { return false };
        self.0[..100].fill(0);
        self.text(345..500, &name[..slash]) && self.text(0..100, &name[slash + 1..])
    }

    fn text(&mut self, range: std::ops::Range<usize>, text: &[u8]) -> bool {
        let count = text.len().min(range.len());
        self.0[range.start..range.start + count].copy_from_slice(&text[..count]);
        count == text.len()
    }

    fn octal(&mut self, range: std::ops::Range<usize>, value: u64) {
        let width = range.len() - 1;
        let digits = format!("{value:0width$o}");
        self.0[range.start..range.start + width].copy_from_slice(digits.as_bytes());
    }

    /// Octal, or base 256 where it does not fit.
    fn device(&mut self, range: std::ops::Range<usize>, value: u32) {
        if u64::from(value) <= MOST_ID {
            return self.octal(range, u64::from(value));
        }
        self.0[range.start] = 0x80;
        self.0[range.end - 4..range.end].copy_from_slice(&value.to_be_bytes());
    }

    fn finish(mut self) -> [u8; BLOCK] {
        self.0[148..156].fill(b' ');
        let sum: u32 = self.0.iter().map(|byte| u32::from(*byte)).sum();
        self.0[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.0
    }
}
