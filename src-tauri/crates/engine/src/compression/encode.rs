//! Writing compressed.

use std::io::{self, Write};
use std::thread;

use super::Compression;
use super::parallel::Gzip;
use crate::error::{Code, Error, Result};

/// More threads than this only fill memory.
const MOST_THREADS: usize = 8;

/// Compresses what is written to it, on several threads. [`Encoder::finish`] ends the stream; without it the output is cut.
pub struct Encoder<W: Write>(Inner<W>);

enum Inner<W: Write> {
    Plain(W),
    Gzip(Gzip<W>),
    Zstd(zstd::Encoder<'static, W>),
}

/// Of libdeflate's levels it takes 0.43 of the sixth's time for 7 % more bytes: about as many as skopeo writes.
pub(super) const USUAL_GZIP: i32 = 1;

impl<W: Write> Encoder<W> {
    /// Begins a stream. `level` is the format's own, 1 to 9 for gzip and 1 to 19 for zstd; none is its usual one.
    ///
    /// # Errors
    /// [`Code::CompressionUnsupported`] for bzip2 and xz, which are read alone; [`Code::ConfigInvalid`] for a level that
    /// there is none of.
    pub fn new(output: W, compression: Compression, level: Option<i32>) -> Result<Self> {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        Self::with_threads(output, compression, level, threads)
    }

    pub(super) fn with_threads(
        output: W,
        compression: Compression,
        level: Option<i32>,
        threads: usize,
    ) -> Result<Self> {
        let check = |most: i32, usual: i32| {
            let level = level.unwrap_or(usual);
            if (1..=most).contains(&level) {
                return Ok(level);
            }
            Err(Error::new(Code::ConfigInvalid, format!("{compression} has no level `{level}`"))
                .with_hint(format!("Choose one of 1 to {most}")))
        };
        let failed = |error| Error::new(Code::Internal, "zstd can't be set up").with_source(error);
        Ok(Self(match compression {
            Compression::None => Inner::Plain(output),
            Compression::Gzip => Inner::Gzip(Gzip::new(output, check(9, USUAL_GZIP)?, threads)),
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(output, check(19, 3)?).map_err(failed)?;
                encoder.include_checksum(true).map_err(failed)?;
                // Always at least one thread beside this: how many there are then changes nothing about the bytes.
                encoder.multithread(u32::try_from(threads).unwrap_or(1)).map_err(failed)?;
                Inner::Zstd(encoder)
            }
            Compression::Bzip2 | Compression::Xz => {
                let why = format!("{compression} is not written, only read");
                return Err(Error::new(Code::CompressionUnsupported, why).with_hint("Choose gzip or zstd"));
            }
        }))
    }

    /// Ends the stream and gives the output back.
    ///
    /// # Errors
    /// The output's.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Inner::Plain(output) => Ok(output),
            Inner::Gzip(encoder) => encoder.finish(),
            Inner::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Inner::Plain(output) => output.write(bytes),
            Inner::Gzip(encoder) => encoder.write(bytes),
            Inner::Zstd(encoder) => encoder.write(bytes),
        }
    }

    /// Does not end a block: where the output is flushed must change nothing about its bytes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
