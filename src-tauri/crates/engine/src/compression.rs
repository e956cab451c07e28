//! How bytes are compressed: told by their magic numbers, read and written as streams.
//!
//! Sources: RFC 1952 (gzip), RFC 8878 (Zstandard), the .xz file format 1.2; what a media type claims is of no account.
//!
//! Invariants:
//! - Memory is bounded whatever the bytes claim: a zstd window or an xz dictionary over 128 MiB is refused before it is
//!   allocated, and output comes only as fast as it is asked for, so a bomb costs time and no memory.
//! - Checksums are checked where the format has them; what fails or ends early is an error, never a short stream.
//! - The same bytes give the same compressed bytes on every machine, however many threads it has.
//!
//! Deliberately absent: programs of the system. A format that is not listed here is refused by name.

mod checkpoint;
mod decode;
mod encode;
mod members;
mod parallel;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Read};

pub use checkpoint::{CHECKPOINT_SPACING, Checkpoint, KeepCheckpoints, MEMORY, Place, Start};
pub use decode::{DecodeProblem, Decoder, WINDOW_CAP};
pub use encode::Encoder;

/// Enough of a stream's beginning to tell a tar from anything else, bytes.
const START: usize = 512;

/// How bytes are compressed, by their magic numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all, or in no way that is known.
    None,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878), a skippable frame first where it is chunked.
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
}

impl Compression {
    /// Of these first bytes; six are enough, but a tar whose first name looks like one of the formats is told from it by
    /// the 262nd.
    pub fn of(start: &[u8]) -> Self {
        if is_tar(start) {
            return Self::None;
        }
        let skippable =
            start.len() >= 4 && (0x50..=0x5f).contains(&start[0]) && start[1..4] == *b"\x2a\x4d\x18";
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ if skippable => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            _ => Self::None,
        }
    }

    /// Of a stream, with the bytes that were read to tell: they come first where it is read on.
    ///
    /// # Errors
    /// The stream's.
    pub fn peek(stream: &mut impl Read) -> io::Result<(Self, Vec<u8>)> {
        let mut start = Vec::with_capacity(START);
        stream.take(START as u64).read_to_end(&mut start)?;
        Ok((Self::of(&start), start))
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "nothing",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        })
    }
}

fn is_tar(start: &[u8]) -> bool {
    start.get(257..262) == Some(b"ustar")
}

/// A format that is known and can't be read here.
fn unsupported(start: &[u8]) -> Option<&'static str> {
    match start {
        _ if is_tar(start) => None,
        [0x04, 0x22, 0x4d, 0x18, ..] => Some("lz4"),
        [b'L', b'Z', b'I', b'P', ..] => Some("lzip"),
        [0x89, b'L', b'Z', b'O', ..] => Some("lzop"),
        [0x5d, 0, 0, ..] => Some("lzma"),
        [0x1f, 0x9d, ..] => Some("compress"),
        [b'P', b'K', 3, 4, ..] => Some("zip"),
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Some("7z"),
        _ => None,
    }
}
