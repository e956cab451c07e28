//! The index of one layer, open.

use std::borrow::Cow;
use std::fs::File;
use std::io;

use super::chunks::ChunkTable;
use super::format::{self, Extra, FOOT, Foot, HEAD, IMPLIED, MARKER, MOVED, OPAQUE, RECORD, Record};
use super::format::{SHADOWED, SPARSE, WHITEOUT};
use super::mapped::Mapped;
use super::name;
use super::sniff::Content;
use crate::compression::Compression;
use crate::tar::{Kind, Segment, Time};

/// What a layer holds: a tree of its entries, mapped from a file. Clone an `Arc` of it.
#[derive(Debug)]
pub struct LayerIndex {
    map: Mapped,
    foot: Foot,
    checksum: u32,
    /// Where the bytes of its files are, where it was made of the layer's own table of contents.
    chunks: Option<ChunkTable>,
}

/// Why a layer's list ends too early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incomplete {
    /// Where, bytes from the beginning of the unpacked layer.
    pub offset: u64,
    /// Why, a sentence without a period.
    pub reason: String,
}

impl LayerIndex {
    /// Maps the file of an index.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] where it is damaged, cut, or of another version: it is to be made again.
    pub(super) fn open(file: &File) -> io::Result<Self> {
        let map = Mapped::open(file)?;
        let (foot, checksum) = check(&map).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { map, foot, checksum, chunks: None })
    }

    pub(super) fn with_chunks(self, chunks: ChunkTable) -> Self {
        Self { chunks: Some(chunks), ..self }
    }

    pub(super) fn chunks(&self) -> Option<&ChunkTable> {
        self.chunks.as_ref()
    }

    /// Of all that it says.
    pub(super) fn checksum(&self) -> u32 {
        self.checksum
    }

    /// Whether it says what the layer's own table of contents says (eStargz, zstd:chunked): the layer itself was not read.
    pub fn is_by_contents(&self) -> bool {
        self.foot.by_contents != 0
    }

    /// The top of the tree, which may have no entry of its own.
    pub fn root(&self) -> Node<'_> {
        self.node(0)
    }

    /// A node by its number.
    pub fn node(&self, number: u32) -> Node<'_> {
        Node { index: self, number, record: self.record(number) }
    }

    /// How many nodes there are: entries, versions that another took the place of, and folders without an entry.
    pub fn nodes(&self) -> u32 {
        u32::try_from(self.foot.count).unwrap_or(u32::MAX)
    }

    /// Entries of the archive.
    pub fn entries(&self) -> u64 {
        self.foot.entries
    }

    /// Bytes of all files, as a reader sees them: holes count.
    pub fn bytes(&self) -> u64 {
        self.foot.bytes
    }

    /// Bytes of the layer, unpacked, as far as it could be read.
    pub fn unpacked(&self) -> u64 {
        self.foot.unpacked
    }

    /// How the layer is compressed, by its bytes.
    pub fn compression(&self) -> Compression {
        match self.foot.compression {
            1 => Compression::Gzip,
            2 => Compression::Zstd,
            3 => Compression::Bzip2,
            4 => Compression::Xz,
            _ => Compression::None,
        }
    }

    /// Where its list of files ends too early.
    pub fn incomplete(&self) -> Option<Incomplete> {
        let (offset, length) = self.foot.reason;
        let reason = self.blob(usize::try_from(offset).ok()?, usize::try_from(length).ok()?);
        let reason = String::from_utf8_lossy(reason).into_owned();
        Some(Incomplete { offset: self.foot.broken, reason }).filter(|_| length > 0)
    }

    /// Where bytes follow that belong to no member of the gzip stream, from the beginning of the layer as it is stored.
    pub fn trailing(&self) -> Option<u64> {
        self.foot.trailing.checked_sub(1)
    }

    /// The node at a path: names of folders and of the last part. A version that another took the place of is not found.
    pub fn find<'a>(&self, path: impl IntoIterator<Item = &'a [u8]>) -> Option<Node<'_>> {
        let mut node = self.root();
        for part in path {
            node = node.child(part)?;
        }
        Some(node)
    }

    fn record(&self, number: u32) -> Record {
        let start = self.foot.records as usize + number as usize * RECORD * 4;
        let bytes = self.map.get(start..start + RECORD * 4).filter(|_| u64::from(number) < self.foot.count);
        let words: Option<&[u32]> = bytes.and_then(|bytes| bytemuck::try_cast_slice(bytes).ok());
        let words = words.and_then(|words| words.try_into().ok());
        words.map_or_else(Record::default, Record::of)
    }

    fn blob(&self, offset: usize, length: usize) -> &[u8] {
        let blob = self.map.get(HEAD..HEAD + self.foot.blob as usize).unwrap_or_default();
        offset.checked_add(length).and_then(|end| blob.get(offset..end)).unwrap_or_default()
    }

    /// Kind and flags of a node, without the rest of its record.
    pub(super) fn kind(&self, number: u32) -> (Kind, u8) {
        let record = self.record(number);
        (Kind::of_flag(record.kind), record.flags)
    }

    /// The first node of a sorted range whose name is not before this one.
    pub(super) fn first(&self, range: std::ops::Range<u32>, name: &[u8]) -> u32 {
        let (mut low, mut high) = (range.start, range.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.brief(middle).1 < name { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Flags and name of a node, without the rest of its record.
    pub(super) fn brief(&self, number: u32) -> (u8, &[u8]) {
        let record = self.record(number);
        (record.flags, self.blob(record.name.0 as usize, record.name.1 as usize))
    }
}

/// What is odd about a layer whose media type says another compression than its bytes have: a sentence.
pub fn compression_flag(media_type: &str, seen: Compression) -> Option<String> {
    use oci::media_type::{self, Compression as Claimed};
    let claimed = match media_type::compression(media_type) {
        Claimed::None => Compression::None,
        Claimed::Gzip => Compression::Gzip,
        Claimed::Zstd => Compression::Zstd,
        Claimed::Unknown => return None,
    };
    let words = |compression| match compression {
        Compression::None => "not compressed".to_owned(),
        other => format!("compressed with {other}"),
    };
    (claimed != seen)
        .then(|| format!("its media type says that it is {}, and it is {}", words(claimed), words(seen)))
}

/// The foot of a file that is whole, and its checksum.
fn check(map: &[u8]) -> Option<(Foot, u32)> {
    let (body, foot) = map.split_last_chunk::<FOOT>()?;
    let (foot, checksum) = Foot::decode(foot)?;
    if body.get(..HEAD)? != format::head() {
        return None;
    }
    let mut crc = flate2::Crc::new();
    crc.update(body);
    let records = foot.count.checked_mul(RECORD as u64 * 4)?;
    let fits = foot.blob.checked_add(HEAD as u64)? <= foot.records
        && foot.records % 64 == 0
        && foot.records.checked_add(records)? == body.len() as u64
        && foot.count > 0;
    (fits && crc.sum() == checksum).then_some((foot, checksum))
}

/// An entry in the tree of its layer.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    index: &'a LayerIndex,
    number: u32,
    record: Record,
}

impl<'a> Node<'a> {
    /// Its number in the index.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The last part of its path; empty for the root.
    pub fn name(&self) -> &'a [u8] {
        self.index.blob(self.record.name.0 as usize, self.record.name.1 as usize)
    }

    /// Its path beneath the root, without a slash before it.
    pub fn path(&self) -> Vec<u8> {
        let mut parts = vec![self.name()];
        let mut node = *self;
        while let Some(parent) = node.parent() {
            parts.push(parent.name());
            node = parent;
        }
        // The root has no name.
        parts.pop();
        parts.reverse();
        parts.join(&b'/')
    }

    /// The name as the archive has it, where that is another than its path: absolute, with `..`, or empty.
    pub fn raw_name(&self) -> Option<Vec<u8>> {
        if self.record.flags & MOVED != 0 { self.extra().raw } else { None }
    }

    /// The folder that it is in; none of the root.
    pub fn parent(&self) -> Option<Self> {
        // Parents come before their children: what a damaged file says otherwise would lead in circles.
        (self.number > 0 && self.record.parent < self.number).then(|| self.index.node(self.record.parent))
    }

    /// What is in it, sorted by name.
    pub fn children(&self) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + use<'a> {
        let index = self.index;
        self.range().map(move |number| index.node(number))
    }

    /// Their numbers.
    pub(super) fn range(&self) -> std::ops::Range<u32> {
        let Record { first_child: first, children, .. } = self.record;
        let end = first.saturating_add(children).min(self.index.nodes());
        if first > self.number && first < end { first..end } else { 0..0 }
    }

    /// The child with a name, the version that counts.
    pub fn child(&self, name: &[u8]) -> Option<Self> {
        self.versions(name).find(|node| !node.is_shadowed())
    }

    /// Every version of a child, in the archive's order.
    pub fn versions<'b>(&self, name: &'b [u8]) -> impl Iterator<Item = Self> + use<'a, 'b> {
        let index = self.index;
        let range = self.range();
        (index.first(range.clone(), name)..range.end)
            .map(move |number| index.node(number))
            .take_while(move |node| node.name() == name)
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        Kind::of_flag(self.record.kind)
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.kind() == Kind::Directory
    }

    /// Permission bits with setuid, setgid and sticky.
    pub fn mode(&self) -> u32 {
        u32::from(self.record.mode)
    }

    /// Owner.
    pub fn uid(&self) -> u64 {
        self.owner(self.record.uid, |owner| owner.0)
    }

    /// Group.
    pub fn gid(&self) -> u64 {
        self.owner(self.record.gid, |owner| owner.1)
    }

    fn owner(&self, short: u32, long: impl FnOnce((u64, u64)) -> u64) -> u64 {
        match self.extra_if(short == u32::MAX).owner {
            Some(owner) => long(owner),
            None => u64::from(short),
        }
    }

    /// Length as a reader sees it, bytes; 0 of a hard link.
    pub fn size(&self) -> u64 {
        self.record.size
    }

    /// When it was modified.
    pub fn modified(&self) -> Time {
        Time { seconds: self.record.modified, nanoseconds: self.record.nanoseconds }
    }

    /// Where its stored bytes begin, in the unpacked layer.
    pub fn data(&self) -> u64 {
        self.record.data
    }

    /// XXH3 (64 bits) of its stored bytes: equal content has the same, and what has the same is almost surely equal. In a
    /// list by contents the first 64 bits of its SHA-256: see [`Node::has_content_of`].
    pub fn content_hash(&self) -> u64 {
        self.record.hash
    }

    /// Whether two files have the same bytes: by their hashes where these are of one kind, else by size and time.
    pub fn has_content_of(&self, other: &Node<'_>) -> bool {
        let alike = self.index.is_by_contents() == other.index.is_by_contents();
        let told = || {
            if alike { self.record.hash == other.record.hash } else { self.modified() == other.modified() }
        };
        self.size() == other.size() && told()
    }

    /// Which files may have the same bytes: those with the same key do, but for the kind of hash.
    pub fn content_key(&self) -> (u64, u64, bool) {
        (self.record.size, self.record.hash, self.index.is_by_contents())
    }

    /// What it holds, by its first bytes; not known of what has none.
    pub fn content(&self) -> Content {
        Content::of_number(self.record.content)
    }

    /// It has no entry of its own, but entries beneath it.
    pub fn is_implied(&self) -> bool {
        self.record.flags & IMPLIED != 0
    }

    /// A later entry of the same layer takes its place.
    pub fn is_shadowed(&self) -> bool {
        self.record.flags & SHADOWED != 0
    }

    /// It removes a name of the layers below.
    pub fn is_whiteout(&self) -> bool {
        self.record.flags & WHITEOUT != 0
    }

    /// It marks its folder, and is nothing by itself: `.wh..wh.…`.
    pub fn is_marker(&self) -> bool {
        self.record.flags & MARKER != 0
    }

    /// A folder that hides what the layers below have in it.
    pub fn is_opaque(&self) -> bool {
        self.record.flags & OPAQUE != 0
    }

    /// Only parts of it are stored.
    pub fn is_sparse(&self) -> bool {
        self.record.flags & SPARSE != 0
    }

    /// Target of a link; else empty.
    pub fn link(&self) -> Vec<u8> {
        self.extra_if(true).link
    }

    /// Extended attributes.
    pub fn attributes(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.extra_if(true).attributes
    }

    /// Major and minor number of a device.
    pub fn device(&self) -> Option<(u32, u32)> {
        self.extra_if(true).device
    }

    /// Which parts of it are stored; none where it is stored whole.
    pub fn sparse(&self) -> Option<Vec<Segment>> {
        self.extra_if(self.is_sparse()).sparse
    }

    /// Its path for eyes, as the archive has it.
    pub fn shown_path(&self) -> String {
        let path = self.raw_name().map_or_else(|| Cow::Owned(self.path()), Cow::Owned);
        name::shown(&path).into_owned()
    }

    fn extra_if(&self, wanted: bool) -> Extra {
        if wanted && self.record.extra != 0 { self.extra() } else { Extra::default() }
    }

    fn extra(&self) -> Extra {
        let blob = self.index.map.get(HEAD..HEAD + self.index.foot.blob as usize).unwrap_or_default();
        blob.get(self.record.extra as usize..).map(Extra::decode).unwrap_or_default()
    }
}
