//! Reading what is compressed.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use bzip2::bufread::MultiBzDecoder;
use lzma_rust2::XzReader;

use super::checkpoint::{Gzip, KeepCheckpoints, Start};
use super::members::{Members, Position};
use super::{Compression, unsupported};
use crate::error::{Code, Error, Result};

/// The largest window of a zstd frame and dictionary of an xz block, bytes: what `xz -9` and `zstd --ultra` stay under.
pub const WINDOW_CAP: u64 = 1 << 27;
const BUFFER: usize = 128 * 1024;

/// Why compressed bytes can't be read on; the source of the [`io::Error`] where it is one of these.
#[derive(Debug, thiserror::Error)]
pub enum DecodeProblem {
    /// [`WINDOW_CAP`].
    #[error("it can only be unpacked with more than 128 MiB of memory")]
    Window,
}

/// Reads the content of a compressed stream: every member, frame and block of it, one after the other.
///
/// After an error every further read fails too.
pub struct Decoder<R: Read> {
    inner: Inner<Input<R>>,
    compression: Compression,
    failed: bool,
}

type Input<R> = Counted<BufReader<Chain<Cursor<Vec<u8>>, R>>>;

enum Inner<I: BufRead> {
    Plain(I),
    Gzip(Box<Members<I>>),
    /// With places to begin from.
    Kept(Box<Gzip<I>>),
    Zstd(Box<zstd::Decoder<'static, I>>),
    Bzip2(Box<MultiBzDecoder<I>>),
    Xz(Box<XzReader<I>>),
}

impl<R: Read> Decoder<R> {
    /// Told by the first bytes of `input`, which are read here. What is in no known format is passed through.
    ///
    /// # Errors
    /// [`Code::CompressionUnsupported`] for a format that is known and can't be read; [`Code::LayerInvalid`] where
    /// `input` fails.
    pub fn new(input: R) -> Result<Self> {
        Self::with_checkpoints(input, None)
    }

    /// As [`Decoder::new`], and gives `keep` the places of a gzip stream from which it can be unpacked later.
    ///
    /// # Errors
    /// As [`Decoder::new`].
    pub fn with_checkpoints(mut input: R, keep: Option<Box<dyn KeepCheckpoints>>) -> Result<Self> {
        let failed = |error| Error::new(Code::LayerInvalid, "it can't be read").with_source(error);
        let (compression, start) = Compression::peek(&mut input).map_err(failed)?;
        if let Some(name) = unsupported(&start) {
            let magic: Vec<String> = start.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
            let why = format!("it is compressed with {name} (it begins with `{}`)", magic.join(" "));
            return Err(Error::new(Code::CompressionUnsupported, why)
                .with_hint("gzip, zstd, bzip2 and xz can be read: pack it anew with one of them"));
        }
        let input = counted(start, input, 0);
        let inner = match compression {
            Compression::None => Inner::Plain(input),
            Compression::Gzip => match keep {
                Some(keep) => Inner::Kept(Box::new(Gzip::new(input, Some(keep)))),
                None => Inner::Gzip(Box::new(Members::new(input))),
            },
            Compression::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(input).map_err(failed)?;
                decoder.window_log_max(WINDOW_CAP.ilog2()).map_err(failed)?;
                Inner::Zstd(Box::new(decoder))
            }
            Compression::Bzip2 => Inner::Bzip2(Box::new(MultiBzDecoder::new(input))),
            Compression::Xz => {
                let kibibytes = u32::try_from(WINDOW_CAP / 1024).expect("the cap is small");
                Inner::Xz(Box::new(XzReader::new_mem_limit(input, true, kibibytes)))
            }
        };
        Ok(Self { inner, compression, failed: false })
    }

    /// Bytes that are not compressed, whatever they look like.
    pub fn plain(input: R) -> Self {
        Self {
            inner: Inner::Plain(counted(Vec::new(), input, 0)),
            compression: Compression::None,
            failed: false,
        }
    }

    /// Goes on with a gzip stream at a checkpoint, where `input` begins.
    pub fn resume(input: R, start: Start, keep: Option<Box<dyn KeepCheckpoints>>) -> Self {
        let input = counted(Vec::new(), input, start.from().stored);
        let inner = Inner::Kept(Box::new(Gzip::resume(input, start, keep)));
        Self { inner, compression: Compression::Gzip, failed: false }
    }

    /// How the bytes are compressed.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// Where bytes begin that belong to no member of a gzip stream, from the stream's beginning; known at its end. They
    /// are passed over, as gzip does. Zeros that fill a block up don't count.
    pub fn trailing(&self) -> Option<u64> {
        match &self.inner {
            Inner::Gzip(members) => members.trailing(),
            Inner::Kept(gzip) => gzip.trailing(),
            _ => None,
        }
    }

    /// Compressed bytes before the place that it has got to, from the stream's beginning.
    pub fn consumed(&self) -> u64 {
        match &self.inner {
            Inner::Plain(input) => input.count,
            Inner::Gzip(members) => members.input().map_or(0, |input| input.count),
            Inner::Kept(gzip) => gzip.input().count,
            Inner::Zstd(decoder) => decoder.get_ref().count,
            Inner::Bzip2(decoder) => decoder.get_ref().count,
            Inner::Xz(decoder) => decoder.inner().count,
        }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.failed {
            return Err(io::Error::other("it failed before"));
        }
        let outcome = match &mut self.inner {
            Inner::Plain(input) => input.read(buffer),
            Inner::Gzip(members) => members.read(buffer),
            Inner::Kept(gzip) => gzip.read(buffer),
            Inner::Zstd(decoder) => decoder.read(buffer).map_err(over_cap),
            Inner::Bzip2(decoder) => decoder.read(buffer),
            Inner::Xz(decoder) => decoder.read(buffer).map_err(over_cap),
        };
        self.failed = outcome.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::Interrupted);
        outcome
    }
}

/// zstd and xz say in words that a window is over the limit.
fn over_cap(error: io::Error) -> io::Error {
    let is_window =
        error.kind() == io::ErrorKind::OutOfMemory || error.to_string().contains("too much memory");
    if is_window { io::Error::new(io::ErrorKind::InvalidData, DecodeProblem::Window) } else { error }
}

fn counted<R: Read>(start: Vec<u8>, input: R, count: u64) -> Input<R> {
    Counted { input: BufReader::with_capacity(BUFFER, Cursor::new(start).chain(input)), count }
}

/// Counts what is taken.
struct Counted<I> {
    input: I,
    count: u64,
}

impl<I> Position for Counted<I> {
    fn position(&self) -> u64 {
        self.count
    }
}

impl<I: BufRead> Read for Counted<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

impl<I: BufRead> BufRead for Counted<I> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.count += amount as u64;
        self.input.consume(amount);
    }
}
