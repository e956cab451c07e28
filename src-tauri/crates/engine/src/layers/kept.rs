//! What was worked out of all layers of an image, in one file beside their indexes: lists of numbers, one after the other,
//! and a checksum. It is good for these very indexes alone, since it speaks of their nodes.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use bytemuck::{NoUninit, Pod};
use oci::descriptor::Descriptor;
use oci::digest::Digest;

use super::index::LayerIndex;
use super::mapped::Mapped;

/// Grows with the format, of what is in the lists too.
const VERSION: &[u8] = b"longshore tree 1\n";
/// Every list begins at a multiple of this, bytes.
const ALIGN: usize = 8;

/// Which indexes a file is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key(Digest);

impl Key {
    /// Of the layers of an image, base first.
    pub(super) fn of(layers: &[Descriptor], indexes: &[Arc<LayerIndex>]) -> Self {
        let mut text = VERSION.to_vec();
        for (layer, index) in layers.iter().zip(indexes) {
            text.extend(format!("{} {} {:08x}\n", layer.digest, index.nodes(), index.checksum()).as_bytes());
        }
        Self(Digest::sha256(&text))
    }

    /// Enough of it for a name.
    pub(super) fn short(&self) -> &str {
        &self.0.hex()[..16]
    }
}

/// Writes lists.
pub(super) struct Lists<'a> {
    out: BufWriter<&'a File>,
    checksum: flate2::Crc,
}

impl<'a> Lists<'a> {
    pub(super) fn begin(file: &'a File, key: &Key) -> io::Result<Self> {
        let mut lists = Self { out: BufWriter::with_capacity(1 << 18, file), checksum: flate2::Crc::new() };
        lists.put(key.0.hex().as_bytes())?;
        Ok(lists)
    }

    pub(super) fn put<T: NoUninit>(&mut self, list: &[T]) -> io::Result<()> {
        let bytes: &[u8] = bytemuck::cast_slice(list);
        self.write(&(bytes.len() as u64).to_ne_bytes())?;
        self.write(bytes)?;
        self.write(&[0; ALIGN][..bytes.len().next_multiple_of(ALIGN) - bytes.len()])
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.checksum.update(bytes);
        self.out.write_all(bytes)
    }

    pub(super) fn end(mut self) -> io::Result<()> {
        self.out.write_all(&u64::from(self.checksum.sum()).to_ne_bytes())?;
        self.out.flush()
    }
}

/// A file of lists that is whole.
pub(super) struct Kept(Mapped);

impl Kept {
    /// None where it is damaged, or not of these indexes.
    pub(super) fn open(file: &File, key: &Key) -> Option<Self> {
        let kept = Self(Mapped::open(file).ok()?);
        let (body, checksum) = kept.0.split_last_chunk::<8>()?;
        let mut crc = flate2::Crc::new();
        crc.update(body);
        let is_right = u64::from(crc.sum()).to_ne_bytes() == *checksum
            && Reading(body).take::<u8>()? == key.0.hex().as_bytes();
        is_right.then_some(kept)
    }

    /// From the first list on.
    pub(super) fn lists(&self) -> Reading<'_> {
        let mut lists = Reading(self.0.split_last_chunk::<8>().map_or(&[], |(body, _)| body));
        // The key is the first of them.
        let _ = lists.take::<u8>();
        lists
    }
}

/// What is still to be read.
pub(super) struct Reading<'a>(&'a [u8]);

impl Reading<'_> {
    /// The next list; none where there is no such.
    pub(super) fn take<T: Pod>(&mut self) -> Option<Vec<T>> {
        let (length, rest) = self.0.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_ne_bytes(*length)).ok()?;
        let bytes = rest.get(..length)?;
        self.0 = rest.get(length.checked_next_multiple_of(ALIGN)?..)?;
        if length % size_of::<T>() != 0 {
            return None;
        }
        let mut list = vec![T::zeroed(); length / size_of::<T>()];
        bytemuck::cast_slice_mut::<T, u8>(&mut list).copy_from_slice(bytes);
        Some(list)
    }
}
