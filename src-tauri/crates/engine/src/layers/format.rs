//! The file of an index.
//!
//! ```text
//! head      MAGIC, and a number that another byte order would read differently; 64 bytes
//! blob      names and extras, in the order they came; then zeros up to a multiple of 64
//! records   RECORD words of 32 bits each: the tree, breadth first; a folder's children are next to one another, sorted
//!           by name (bytes), versions of one name in the archive's order
//! foot      what is said of the layer as a whole, and the checksum of everything before; FOOT bytes
//! ```
//!
//! Numbers are in the machine's own byte order: the file never leaves it. It is made again where anything about it does
//! not fit.

use crate::tar::Segment;

pub(super) const MAGIC: [u8; 8] = *b"lshidx\x03\n";
pub(super) const HEAD: usize = 64;
pub(super) const FOOT: usize = 128;
const ORDER: u32 = 0x0102_0304;

/// Words of a record.
pub(super) const RECORD: usize = 18;

/// Nothing: of offsets and numbers of records.
pub(super) const NONE: u32 = u32::MAX;

/// It has no entry of its own, but entries beneath it.
pub(super) const IMPLIED: u8 = 1;
/// A later entry of the same archive takes its place.
pub(super) const SHADOWED: u8 = 2;
/// The name in the archive is another than its place says: absolute, with `..`, empty.
pub(super) const MOVED: u8 = 4;
/// Only parts of it are stored.
pub(super) const SPARSE: u8 = 8;
/// It removes a name of the layers below.
pub(super) const WHITEOUT: u8 = 16;
/// A marker that hides what the layers below have in its folder, or another of the union file systems' own.
pub(super) const MARKER: u8 = 32;
/// A folder that hides what the layers below have in it.
pub(super) const OPAQUE: u8 = 64;

/// What is fixed of an entry.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Record {
    pub name: (u32, u32),
    pub first_child: u32,
    pub children: u32,
    pub parent: u32,
    pub kind: u8,
    pub flags: u8,
    /// Permission bits, twelve of them.
    pub mode: u16,
    /// What its first bytes are: [`super::sniff::Content`] as a number under 16.
    pub content: u8,
    pub uid: u32,
    pub gid: u32,
    pub size: u64,
    pub modified: i64,
    pub nanoseconds: u32,
    /// Offset in the blob; 0 for none.
    pub extra: u32,
    /// Where the stored bytes begin, in the unpacked layer.
    pub data: u64,
    /// XXH3 of what is stored of a file.
    pub hash: u64,
}

impl Record {
    pub(super) fn words(&self) -> [u32; RECORD] {
        let (low, high) = (|number: u64| number as u32, |number: u64| (number >> 32) as u32);
        let modified = self.modified.cast_unsigned();
        let mode = u32::from(self.mode & 0o7777) | u32::from(self.content) << 12;
        let kinds = u32::from(self.kind) | u32::from(self.flags) << 8 | mode << 16;
        [
            self.name.0,
            self.name.1,
            self.first_child,
            self.children,
            self.parent,
            kinds,
            self.uid,
            self.gid,
            low(self.size),
            high(self.size),
            low(modified),
            high(modified),
            self.nanoseconds,
            self.extra,
            low(self.data),
            high(self.data),
            low(self.hash),
            high(self.hash),
        ]
    }

    pub(super) fn of(words: &[u32; RECORD]) -> Self {
        let wide = |low: usize| u64::from(words[low]) | u64::from(words[low + 1]) << 32;
        Self {
            name: (words[0], words[1]),
            first_child: words[2],
            children: words[3],
            parent: words[4],
            kind: words[5] as u8,
            flags: (words[5] >> 8) as u8,
            mode: (words[5] >> 16) as u16 & 0o7777,
            content: (words[5] >> 28) as u8,
            uid: words[6],
            gid: words[7],
            size: wide(8),
            modified: wide(10).cast_signed(),
            nanoseconds: words[12],
            extra: words[13],
            data: wide(14),
            hash: wide(16),
        }
    }
}

/// What few entries have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extra {
    pub link: Vec<u8>,
    pub attributes: Vec<(Vec<u8>, Vec<u8>)>,
    pub device: Option<(u32, u32)>,
    /// The name as it is in the archive, where it is another than its place says.
    pub raw: Option<Vec<u8>>,
    /// Stored parts of a sparse file.
    pub sparse: Option<Vec<Segment>>,
    /// Owner and group, where they don't fit in 32 bits.
    pub owner: Option<(u64, u64)>,
}

impl Extra {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The whole length, then parts: tag, length, bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        let mut part = |tag: u8, pieces: &[&[u8]]| {
            bytes.push(tag);
            let length: usize = pieces.iter().map(|piece| piece.len()).sum();
            bytes.extend(u32::try_from(length).expect("the reader caps what comes here").to_ne_bytes());
            pieces.iter().for_each(|piece| bytes.extend_from_slice(piece));
        };
        if !self.link.is_empty() {
            part(b'l', &[&self.link]);
        }
        for (name, value) in &self.attributes {
            let length = u32::try_from(name.len()).expect("the reader caps names").to_ne_bytes();
            part(b'x', &[&length, name, value]);
        }
        if let Some((major, minor)) = self.device {
            part(b'd', &[&major.to_ne_bytes(), &minor.to_ne_bytes()]);
        }
        if let Some(raw) = &self.raw {
            part(b'r', &[raw]);
        }
        if let Some(segments) = &self.sparse {
            let pairs: Vec<u8> = segments
                .iter()
                .flat_map(|segment| [segment.offset, segment.length])
                .flat_map(u64::to_ne_bytes)
                .collect();
            part(b's', &[&pairs]);
        }
        if let Some((uid, gid)) = self.owner {
            part(b'o', &[&uid.to_ne_bytes(), &gid.to_ne_bytes()]);
        }
        let length = u32::try_from(bytes.len() - 4).expect("the reader caps what comes here");
        bytes[..4].copy_from_slice(&length.to_ne_bytes());
        bytes
    }

    /// Of the bytes at its offset; what does not fit is left out.
    pub(super) fn decode(bytes: &[u8]) -> Self {
        let mut extra = Self::default();
        let Some((length, rest)) = number(bytes) else { return extra };
        let mut rest = rest.get(..length).unwrap_or_default();
        while let Some((&tag, after)) = rest.split_first() {
            let Some((length, after)) = number(after) else { break };
            let Some(value) = after.get(..length) else { break };
            rest = &after[length..];
            match tag {
                b'l' => extra.link = value.to_vec(),
                b'x' => {
                    let Some((length, pair)) = number(value) else { break };
                    let Some((name, value)) = pair.split_at_checked(length) else { break };
                    extra.attributes.push((name.to_vec(), value.to_vec()));
                }
                b'd' => {
                    let (Some((major, _)), Some((minor, _))) = (word(value), value.get(4..).and_then(word))
                    else {
                        break;
                    };
                    extra.device = Some((major, minor));
                }
                b'r' => extra.raw = Some(value.to_vec()),
                b's' => {
                    let (pairs, _) = value.as_chunks::<16>();
                    let segment =
                        |pair: &[u8; 16]| Segment { offset: wide(&pair[..8]), length: wide(&pair[8..]) };
                    extra.sparse = Some(pairs.iter().map(segment).collect());
                }
                b'o' if value.len() == 16 => extra.owner = Some((wide(&value[..8]), wide(&value[8..]))),
                _ => break,
            }
        }
        extra
    }
}

fn word(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_ne_bytes(*word), rest))
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    word(bytes).map(|(word, rest)| (word as usize, rest))
}

fn wide(bytes: &[u8]) -> u64 {
    bytes.first_chunk::<8>().map_or(0, |chunk| u64::from_ne_bytes(*chunk))
}

/// The head of a file.
pub(super) fn head() -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..8].copy_from_slice(&MAGIC);
    head[8..12].copy_from_slice(&ORDER.to_ne_bytes());
    head
}

/// What is said of a layer as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Foot {
    /// Bytes of the blob.
    pub blob: u64,
    /// Where the records begin, and how many there are.
    pub records: u64,
    pub count: u64,
    /// Entries of the archive.
    pub entries: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Bytes of the unpacked layer that were read.
    pub unpacked: u64,
    pub compression: u64,
    /// Where the list ends too early, and the reason, in the blob; a length of 0 for none.
    pub broken: u64,
    pub reason: (u64, u64),
    /// Where bytes follow a gzip stream, plus one; 0 for none.
    pub trailing: u64,
    /// 1 where it was made of the layer's own table of contents.
    pub by_contents: u64,
}

impl Foot {
    pub(super) fn encode(&self, checksum: u32) -> [u8; FOOT] {
        let mut bytes = [0; FOOT];
        let numbers = [
            self.blob,
            self.records,
            self.count,
            self.entries,
            self.bytes,
            self.unpacked,
            self.compression,
            self.broken,
            self.reason.0,
            self.reason.1,
            self.trailing,
            self.by_contents,
        ];
        for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_ne_bytes());
        }
        bytes[FOOT - 8..FOOT - 4].copy_from_slice(&checksum.to_ne_bytes());
        let mut own = flate2::Crc::new();
        own.update(&bytes[..FOOT - 4]);
        bytes[FOOT - 4..].copy_from_slice(&own.sum().to_ne_bytes());
        bytes
    }

    /// The foot and the checksum of what stands before it; none where it is damaged.
    pub(super) fn decode(bytes: &[u8; FOOT]) -> Option<(Self, u32)> {
        let mut own = flate2::Crc::new();
        own.update(&bytes[..FOOT - 4]);
        if own.sum().to_ne_bytes() != bytes[FOOT - 4..] {
            return None;
        }
        let number = |at: usize| wide(&bytes[at * 8..]);
        let foot = Self {
            blob: number(0),
            records: number(1),
            count: number(2),
            entries: number(3),
            bytes: number(4),
            unpacked: number(5),
            compression: number(6),
            broken: number(7),
            reason: (number(8), number(9)),
            trailing: number(10),
            by_contents: number(11),
        };
        word(&bytes[FOOT - 8..]).map(|(checksum, _)| (foot, checksum))
    }
}
