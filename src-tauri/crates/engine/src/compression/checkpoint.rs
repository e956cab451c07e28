//! gzip with places to begin from: what [zlib's zran](https://github.com/madler/zlib) shows, with an inflater that says
//! where blocks end.
//!
//! It is slower than the usual one by a third, so it reads only what will be read again in parts.

use std::io::{self, BufRead, Read};

use flate2::Crc;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY,
};
use miniz_oxide::inflate::core::{BlockBoundaryState, DecompressorOxide, decompress};

use super::members::{Follows, Position, follows};

/// Unpacked bytes between two checkpoints, at least: what has to be unpacked for nothing to get to a place.
pub const CHECKPOINT_SPACING: u64 = 4 << 20;
/// How far back a deflate stream may point, bytes (RFC 1951, 2).
const WINDOW: usize = 32 * 1024;
/// What is kept with a checkpoint, bytes: the window, and inside a block the tables of its codes.
pub const MEMORY: usize = 256 * 1024;
/// What is unpacked and not taken yet; a power of two.
const RING: usize = 256 * 1024;

/// A place in a gzip stream from which it can be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Unpacked bytes before it.
    pub unpacked: u64,
    /// Stored bytes before it.
    pub stored: u64,
    /// What is there.
    pub place: Place,
}

impl Checkpoint {
    /// Reads what was kept with it.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] where that is damaged, or was kept by another version of the inflater.
    pub fn recall(self, memory: &[u8]) -> io::Result<Start> {
        let (inflate, window) = match self.place {
            Place::Member => (Box::default(), &memory[..0]),
            Place::Block(num_bits, bit_buf) => {
                let state = BlockBoundaryState { num_bits, bit_buf, ..BlockBoundaryState::default() };
                (Box::new(DecompressorOxide::from_block_boundary_state(&state)), memory)
            }
            Place::Inside => {
                let mut states = serde_json::Deserializer::from_slice(memory).into_iter();
                let inflate = states.next().ok_or(io::ErrorKind::InvalidData)??;
                (inflate, &memory[states.byte_offset()..])
            }
        };
        let window = window[window.len().saturating_sub(WINDOW)..].to_vec();
        Ok(Start { from: self, inflate, window })
    }
}

/// A checkpoint, with all that has to be known to go on there.
pub struct Start {
    from: Checkpoint,
    inflate: Box<DecompressorOxide>,
    window: Vec<u8>,
}

impl Start {
    /// The checkpoint.
    pub fn from(&self) -> Checkpoint {
        self.from
    }
}

/// What is at a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The beginning of a member.
    Member,
    /// The beginning of a block; how many bits of the stored byte before it belong to it, and these bits.
    Block(u8, u8),
    /// The inside of a block: some programs write all of a file as one.
    Inside,
}

/// Keeps checkpoints as they are come by, in ascending order.
pub trait KeepCheckpoints: Send {
    /// Takes one, with what has to be known to go on there: at most [`MEMORY`] bytes that mean nothing to others.
    fn keep(&mut self, checkpoint: Checkpoint, memory: &[u8]);
}

/// Unpacks a gzip stream, member after member, from its beginning or from a checkpoint.
pub(super) struct Gzip<I> {
    input: I,
    inflate: Box<DecompressorOxide>,
    part: Part,
    ring: Box<[u8]>,
    /// Where in the ring the next byte is written; all before it that are not given away begin at `given`.
    written: usize,
    given: usize,
    /// Unpacked bytes: of the stream, and of this member as far as the ring has them.
    unpacked: u64,
    of_member: u64,
    /// Of this member; none where it was not read from its beginning.
    sum: Option<Crc>,
    keep: Option<Box<dyn KeepCheckpoints>>,
    kept_at: u64,
    trailing: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Header,
    Body,
    End,
}

impl<I: BufRead + Position> Gzip<I> {
    /// From the beginning.
    pub(super) fn new(input: I, keep: Option<Box<dyn KeepCheckpoints>>) -> Self {
        Self {
            input,
            inflate: Box::default(),
            part: Part::Header,
            ring: vec![0; RING].into_boxed_slice(),
            written: 0,
            given: 0,
            unpacked: 0,
            of_member: 0,
            sum: Some(Crc::new()),
            keep,
            kept_at: 0,
            trailing: None,
        }
    }

    /// From a checkpoint, whose bytes `input` begins with.
    pub(super) fn resume(input: I, start: Start, keep: Option<Box<dyn KeepCheckpoints>>) -> Self {
        let Start { from, inflate, window } = start;
        let mut gzip = Self::new(input, keep);
        (gzip.unpacked, gzip.kept_at) = (from.unpacked, from.unpacked);
        if from.place != Place::Member {
            gzip.inflate = inflate;
            gzip.ring[..window.len()].copy_from_slice(&window);
            (gzip.written, gzip.given) = (window.len(), window.len());
            gzip.of_member = window.len() as u64;
            (gzip.sum, gzip.part) = (None, Part::Body);
        }
        gzip
    }

    pub(super) fn input(&self) -> &I {
        &self.input
    }

    /// Where bytes begin that belong to no member.
    pub(super) fn trailing(&self) -> Option<u64> {
        self.trailing
    }

    /// Unpacks some more into the ring, whose bytes were all given away.
    fn advance(&mut self) -> io::Result<()> {
        match self.part {
            Part::Header => {
                self.checkpoint(Place::Member, CHECKPOINT_SPACING);
                header(&mut self.input)?;
                self.inflate.init();
                (self.of_member, self.sum, self.part) = (0, Some(Crc::new()), Part::Body);
            }
            Part::Body => self.inflate()?,
            Part::End => {}
        }
        Ok(())
    }

    fn inflate(&mut self) -> io::Result<()> {
        if self.written == RING {
            (self.written, self.given) = (0, 0);
        }
        let ahead = self.input.fill_buf()?;
        if ahead.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let flags = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY;
        let (status, taken, made) = decompress(&mut self.inflate, ahead, &mut self.ring, self.written, flags);
        self.input.consume(taken);
        if let Some(sum) = &mut self.sum {
            sum.update(&self.ring[self.written..self.written + made]);
        }
        self.written += made;
        self.unpacked += made as u64;
        self.of_member += made as u64;
        match status {
            TINFLStatus::BlockBoundary => {
                if let Some(state) = self.inflate.block_boundary_state() {
                    self.checkpoint(Place::Block(state.num_bits, state.bit_buf), CHECKPOINT_SPACING);
                }
                Ok(())
            }
            TINFLStatus::Done => self.end_member(),
            TINFLStatus::HasMoreOutput | TINFLStatus::NeedsMoreInput => {
                // The end of a block is the better place, where there is one in time.
                self.checkpoint(Place::Inside, 2 * CHECKPOINT_SPACING);
                Ok(())
            }
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "corrupt deflate stream")),
        }
    }

    fn end_member(&mut self) -> io::Result<()> {
        let mut trailer = [0; 8];
        self.input.read_exact(&mut trailer)?;
        let (crc, length) = trailer.split_at(4);
        if let Some(sum) = &self.sum
            && (sum.sum().to_le_bytes() != crc || sum.amount().to_le_bytes() != length)
        {
            let why = "corrupt gzip stream does not have a matching checksum";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        self.part = match follows(&mut self.input)? {
            Follows::Member => Part::Header,
            Follows::Nothing => Part::End,
            Follows::Trailing(at) => {
                self.trailing = Some(at);
                Part::End
            }
        };
        Ok(())
    }

    fn checkpoint(&mut self, place: Place, spacing: u64) {
        let Some(keep) = &mut self.keep else { return };
        if self.unpacked - self.kept_at < spacing {
            return;
        }
        self.kept_at = self.unpacked;
        let mut memory = Vec::new();
        if place == Place::Inside && serde_json::to_writer(&mut memory, &*self.inflate).is_err() {
            return;
        }
        if place != Place::Member {
            let most = usize::try_from(self.of_member).unwrap_or(WINDOW).min(WINDOW);
            let here = most.min(self.written);
            memory.extend_from_slice(&self.ring[RING - (most - here)..]);
            memory.extend_from_slice(&self.ring[self.written - here..self.written]);
        }
        let checkpoint = Checkpoint { unpacked: self.unpacked, stored: self.input.position(), place };
        keep.keep(checkpoint, &memory);
    }
}

impl<I: BufRead + Position> Read for Gzip<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.given == self.written {
            if self.part == Part::End {
                return Ok(0);
            }
            self.advance()?;
        }
        let count = (self.written - self.given).min(buffer.len());
        buffer[..count].copy_from_slice(&self.ring[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

/// Passes over the header of a member (RFC 1952, 2.3).
fn header(input: &mut impl BufRead) -> io::Result<()> {
    const HAS_SUM: u8 = 2;
    const HAS_EXTRA: u8 = 4;
    const HAS_NAME: u8 = 8;
    const HAS_COMMENT: u8 = 16;
    let invalid = || io::Error::new(io::ErrorKind::InvalidInput, "invalid gzip header");
    let mut fixed = [0; 10];
    input.read_exact(&mut fixed)?;
    let [0x1f, 0x8b, 8, flags, ..] = fixed else { return Err(invalid()) };
    if flags & 0xe0 != 0 {
        return Err(invalid());
    }
    if flags & HAS_EXTRA != 0 {
        let mut length = [0; 2];
        input.read_exact(&mut length)?;
        pass(input, u16::from_le_bytes(length).into())?;
    }
    for _ in 0..(flags & (HAS_NAME | HAS_COMMENT)).count_ones() {
        while pass_to_zero(input)? {}
    }
    if flags & HAS_SUM != 0 {
        pass(input, 2)?;
    }
    Ok(())
}

fn pass(input: &mut impl BufRead, count: u64) -> io::Result<()> {
    let passed = io::copy(&mut input.by_ref().take(count), &mut io::sink())?;
    if passed == count { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Whether the zero that ends a text is still to come.
fn pass_to_zero(input: &mut impl BufRead) -> io::Result<bool> {
    let ahead = input.fill_buf()?;
    let end = ahead.iter().position(|byte| *byte == 0);
    let count = end.map_or(ahead.len(), |at| at + 1);
    if count == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    input.consume(count);
    Ok(end.is_none())
}
