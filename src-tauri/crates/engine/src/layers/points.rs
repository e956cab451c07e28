//! Where a gzip layer can be begun from: a file beside its index, made while the layer is unpacked.
//!
//! ```text
//! memories  what has to be known to go on at each place: zstd with a checksum, one after the other
//! table     ENTRY bytes for each place, ascending
//! foot      how many places there are, and the checksum of the table
//! ```

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::compression::{CHECKPOINT_SPACING, Checkpoint, KeepCheckpoints, MEMORY, Place as Begin, Start};

const MAGIC: [u8; 8] = *b"lspnts\x01\n";
const ENTRY: usize = 32;
const FOOT: usize = 24;
/// In place of the number of bits.
const AT_MEMBER: u8 = u8::MAX;
const INSIDE: u8 = u8::MAX - 1;

#[derive(Clone, Copy, Debug)]
struct Place {
    checkpoint: Checkpoint,
    offset: u64,
    length: u32,
}

impl Place {
    fn encode(self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        let Checkpoint { unpacked, stored, place } = self.checkpoint;
        let (count, value) = match place {
            Begin::Member => (AT_MEMBER, 0),
            Begin::Inside => (INSIDE, 0),
            Begin::Block(count, value) => (count, value),
        };
        bytes[..8].copy_from_slice(&unpacked.to_le_bytes());
        bytes[8..16].copy_from_slice(&stored.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.offset.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.length.to_le_bytes());
        (bytes[28], bytes[29]) = (count, value);
        bytes
    }

    fn decode(bytes: &[u8; ENTRY]) -> Self {
        let wide = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("it is long enough"));
        let place = match bytes[28] {
            AT_MEMBER => Begin::Member,
            INSIDE => Begin::Inside,
            count => Begin::Block(count & 7, bytes[29]),
        };
        let checkpoint = Checkpoint { unpacked: wide(0), stored: wide(8), place };
        let length = u32::from_le_bytes(*bytes[24..].first_chunk().expect("it is long enough"));
        Self { checkpoint, offset: wide(16), length }
    }
}

/// The places of one layer, open.
#[derive(Debug)]
pub(super) struct Points {
    file: File,
    places: Vec<Place>,
}

impl Points {
    /// Reads the table of a file.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] where it is damaged, cut, or of another version.
    pub(super) fn open(mut file: File) -> io::Result<Self> {
        let damaged = || io::Error::from(io::ErrorKind::InvalidData);
        let size = file.seek(SeekFrom::End(0))?;
        let foot_at = size.checked_sub(FOOT as u64).ok_or_else(damaged)?;
        let mut foot = [0; FOOT];
        file.read_exact_at(&mut foot, foot_at)?;
        let count = u64::from_le_bytes(*foot.first_chunk().expect("it is long enough"));
        let length =
            count.checked_mul(ENTRY as u64).filter(|length| *length <= foot_at).ok_or_else(damaged)?;
        file.seek(SeekFrom::Start(foot_at - length))?;
        let mut table = Vec::new();
        Read::by_ref(&mut file).take(length).read_to_end(&mut table)?;
        if foot[8..16] != MAGIC || foot[16..20] != sum(&table) || table.len() as u64 != length {
            return Err(damaged());
        }
        let (entries, _) = table.as_chunks::<ENTRY>();
        Ok(Self { file, places: entries.iter().map(Place::decode).collect() })
    }

    /// The last place at or before an unpacked byte, to go on from; none where the layer's beginning is the best.
    ///
    /// # Errors
    /// Where what was kept with it is damaged, or was kept by another version.
    pub(super) fn before(&self, unpacked: u64) -> io::Result<Option<Start>> {
        let at = self.places.partition_point(|place| place.checkpoint.unpacked <= unpacked);
        let Some(place) = at.checked_sub(1).map(|at| self.places[at]) else { return Ok(None) };
        let memory = zstd::bulk::decompress(&self.packed(&place)?, MEMORY)?;
        place.checkpoint.recall(&memory).map(Some)
    }

    fn packed(&self, place: &Place) -> io::Result<Vec<u8>> {
        // Compressing adds little, and never doubles it.
        let mut packed = vec![0; (place.length as usize).min(2 * MEMORY)];
        self.file.read_exact_at(&mut packed, place.offset)?;
        Ok(packed)
    }

    /// The stored byte before which all is that is needed to unpack up to a byte; none for the layer's end.
    pub(super) fn stored_until(&self, unpacked: u64) -> Option<u64> {
        let at = self.places.partition_point(|place| place.checkpoint.unpacked < unpacked);
        self.places.get(at).map(|place| place.checkpoint.stored)
    }

    /// Whether going to a byte passes a place that could be kept and is not.
    pub(super) fn is_short_of(&self, unpacked: u64) -> bool {
        let last = self.places.last().map_or(0, |place| place.checkpoint.unpacked);
        unpacked.saturating_sub(last) > 2 * CHECKPOINT_SPACING
    }
}

fn pack(memory: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(1)?;
    compressor.include_checksum(true)?;
    compressor.compress(memory)
}

fn sum(table: &[u8]) -> [u8; 4] {
    let mut crc = flate2::Crc::new();
    crc.update(table);
    crc.sum().to_le_bytes()
}

/// Writes the places of a layer; clones are the same file. What can't be written is not kept, and nothing else happens.
#[derive(Clone)]
pub(super) struct PointsWriter(Arc<Mutex<Option<Open>>>);

struct Open {
    out: BufWriter<tempfile::NamedTempFile>,
    position: u64,
    places: Vec<Place>,
}

impl PointsWriter {
    /// Begins a file in `dir`, with the places that are known already.
    pub(super) fn new(dir: &Path, known: Option<&Points>) -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix(".points-").tempfile_in(dir)?;
        let mut open = Open { out: BufWriter::new(file), position: 0, places: Vec::new() };
        if let Some(points) = known {
            for place in &points.places {
                open.add(place.checkpoint, &points.packed(place)?)?;
            }
        }
        Ok(Self(Arc::new(Mutex::new(Some(open)))))
    }

    /// Ends the file and gives it a name; places that come later are not kept.
    pub(super) fn keep_as(&self, path: &Path) {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let finished = open.filter(|open| !open.places.is_empty()).and_then(|open| open.finish().ok());
        if let Some(file) = finished {
            let _ = file.persist(path);
        }
    }
}

impl Open {
    fn add(&mut self, checkpoint: Checkpoint, packed: &[u8]) -> io::Result<()> {
        self.out.write_all(packed)?;
        let length = u32::try_from(packed.len()).map_err(io::Error::other)?;
        self.places.push(Place { checkpoint, offset: self.position, length });
        self.position += u64::from(length);
        Ok(())
    }

    fn finish(mut self) -> io::Result<tempfile::NamedTempFile> {
        let table: Vec<u8> = self.places.iter().flat_map(|place| place.encode()).collect();
        self.out.write_all(&table)?;
        let mut foot = [0; FOOT];
        foot[..8].copy_from_slice(&(self.places.len() as u64).to_le_bytes());
        foot[8..16].copy_from_slice(&MAGIC);
        foot[16..20].copy_from_slice(&sum(&table));
        self.out.write_all(&foot)?;
        self.out.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

impl KeepCheckpoints for PointsWriter {
    fn keep(&mut self, checkpoint: Checkpoint, memory: &[u8]) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(writer) = &mut *open else { return };
        let last = writer.places.last().map_or(0, |place| place.checkpoint.unpacked);
        if checkpoint.unpacked <= last {
            return;
        }
        let kept = pack(memory).and_then(|packed| writer.add(checkpoint, &packed));
        if kept.is_err() {
            *open = None;
        }
    }
}
