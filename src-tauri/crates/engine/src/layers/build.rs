//! Making the file of an index: entries as they come, then the tree.
//!
//! Entries go to a file at once. What stays in memory is eight bytes for each of them, and a little for each folder;
//! nothing recurses, however deep the names are.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

use super::format::{self, Extra, Foot, HEAD, IMPLIED, MARKER, MOVED, NONE, OPAQUE, RECORD, Record};
use super::format::{SHADOWED, SPARSE, WHITEOUT};
use super::mapped::Mapped;
use super::name;
use super::sniff::Content;
use crate::tar::{Entry, Kind};

/// Names in one layer. No image has a tenth of it.
const MOST_NAMES: usize = 1 << 24;
/// Bits of an item that waits to be written.
const IS_IMPLIED: u32 = 1 << 31;
const IS_SHADOWED: u32 = 1 << 30;
const NUMBER: u32 = IS_SHADOWED - 1;

/// Why no more can be added.
#[derive(Debug, thiserror::Error)]
pub(super) enum Full {
    #[error("it has more than {MOST_NAMES} names")]
    Names,
    #[error("its names and attributes are more than 4 GiB")]
    Blob,
    #[error(transparent)]
    Io(#[from] io::Error),
}

struct Folder {
    parent: u32,
    /// In the blob.
    name: (u32, u32),
    /// In `folder_names`.
    own_name: u32,
    /// The last entry that lies in it or is it, from 1.
    touched: u32,
    /// The last entry that is it.
    record: u32,
    /// Entries up to this one, counted from 1, are replaced by something else of its name.
    cut: u32,
    opaque: bool,
}

pub(super) struct Builder {
    out: Checked,
    file: tempfile::NamedTempFile,
    entries: BufWriter<File>,
    parents: Vec<u32>,
    folders: Vec<Folder>,
    folder_names: Vec<u8>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The folder that was last written into, and how the archive calls it.
    last: (Vec<u8>, u32, bool),
    bytes: u64,
}

impl Builder {
    /// Begins a file in `dir`.
    pub(super) fn new(dir: &Path) -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix(".index-").tempfile_in(dir)?;
        let mut out = Checked::new(file.reopen()?);
        out.write(&format::head())?;
        // The blob begins with what no offset points to.
        out.write(&[0; 8])?;
        let root = Folder {
            parent: NONE,
            name: (8, 0),
            own_name: 0,
            touched: 0,
            record: NONE,
            cut: 0,
            opaque: false,
        };
        Ok(Self {
            out,
            file,
            entries: BufWriter::with_capacity(1 << 18, tempfile::tempfile_in(dir)?),
            parents: Vec::new(),
            folders: vec![root],
            folder_names: Vec::new(),
            table: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            last: (Vec::new(), NONE, false),
            bytes: 0,
        })
    }

    /// Takes an entry in; `hash` is that of its stored bytes, `content` what they are.
    pub(super) fn add(&mut self, entry: &Entry, hash: u64, content: Content) -> Result<(), Full> {
        if self.parents.len() + self.folders.len() >= MOST_NAMES {
            return Err(Full::Names);
        }
        let order = u32::try_from(self.parents.len()).expect("they are capped");
        let trimmed = name::trim(&entry.name);
        let (parent, leaf, moved) = self.locate(trimmed)?;
        let is_folder = entry.kind == Kind::Directory;
        let moved = moved || entry.name.starts_with(b"/") || (leaf.is_empty() && !is_folder);
        let mut record = Record {
            first_child: 0,
            parent,
            kind: entry.kind.flag(),
            flags: if moved { MOVED } else { 0 },
            mode: entry.mode as u16,
            content: content.number(),
            uid: u32::try_from(entry.uid).unwrap_or(NONE),
            gid: u32::try_from(entry.gid).unwrap_or(NONE),
            size: entry.size,
            modified: entry.modified.seconds,
            nanoseconds: entry.modified.nanoseconds,
            data: entry.data,
            hash,
            ..Record::default()
        };
        if is_folder {
            let folder = if leaf.is_empty() { 0 } else { self.folder(parent, leaf)? };
            record.first_child = folder + 1;
            let folder = &mut self.folders[folder as usize];
            folder.record = order;
            folder.touched = order + 1;
            record.name = folder.name;
        } else {
            record.name = self.out.name(leaf)?;
            record.flags |= match name::whiteout(leaf) {
                _ if entry.kind != Kind::File => 0,
                Some(name::Whiteout::Opaque) => {
                    self.folders[parent as usize].opaque = true;
                    MARKER
                }
                Some(name::Whiteout::Other) => MARKER,
                Some(name::Whiteout::Of(_)) => WHITEOUT,
                None => 0,
            };
            self.bytes = self.bytes.saturating_add(entry.size);
        }
        self.folders[parent as usize].touched = order + 1;
        if entry.sparse.is_some() {
            record.flags |= SPARSE;
        }
        record.extra = self.extra(entry, moved)?;
        self.parents.push(if is_folder && leaf.is_empty() { NONE } else { parent });
        self.entries.write_all(bytemuck::bytes_of(&record.words()))?;
        Ok(())
    }

    fn extra(&mut self, entry: &Entry, moved: bool) -> Result<u32, Full> {
        let too_large = entry.uid > u64::from(u32::MAX) || entry.gid > u64::from(u32::MAX);
        let is_device = matches!(entry.kind, Kind::CharDevice | Kind::BlockDevice);
        let extra = Extra {
            link: entry.link.clone(),
            attributes: entry.attributes.clone(),
            device: is_device.then_some(entry.device),
            raw: moved.then(|| entry.name.clone()),
            sparse: entry.sparse.clone(),
            owner: too_large.then_some((entry.uid, entry.gid)),
        };
        if extra.is_empty() { Ok(0) } else { Ok(self.out.blob(&extra.encode())?.0) }
    }

    /// The folder of a name, its last part, and whether the archive calls it otherwise.
    fn locate<'a>(&mut self, trimmed: &'a [u8]) -> Result<(u32, &'a [u8], bool), Full> {
        let slash = trimmed.iter().rposition(|byte| *byte == b'/');
        let (before, leaf) = slash.map_or((&b""[..], trimmed), |at| (&trimmed[..at], &trimmed[at + 1..]));
        let plain_leaf = !matches!(leaf, b"" | b"." | b"..");
        if plain_leaf && self.last.1 != NONE && self.last.0 == before {
            return Ok((self.last.1, leaf, self.last.2));
        }
        let (parts, moved) = name::parts(trimmed);
        let Some((leaf, above)) = parts.split_last() else { return Ok((0, b"", moved)) };
        let mut parent = 0;
        for part in above {
            parent = self.folder(parent, part)?;
        }
        if plain_leaf {
            self.last.0.clear();
            self.last.0.extend_from_slice(before);
            (self.last.1, self.last.2) = (parent, moved);
        }
        Ok((parent, leaf, moved))
    }

    /// The folder with a name in another, made where there is none.
    fn folder(&mut self, parent: u32, name: &[u8]) -> Result<u32, Full> {
        let Self { folders, folder_names, table, hasher, .. } = self;
        let own_name = |folder: &Folder| {
            &folder_names[folder.own_name as usize..(folder.own_name + folder.name.1) as usize]
        };
        let hash = |parent: u32, name: &[u8]| hasher.hash_one((parent, name));
        let hash_of = |at: &u32| {
            let folder = &folders[*at as usize];
            hash(folder.parent, own_name(folder))
        };
        let same = |at: &u32| {
            let folder = &folders[*at as usize];
            folder.parent == parent && own_name(folder) == name
        };
        let key = hash(parent, name);
        if let Some(found) = table.find(key, same) {
            return Ok(*found);
        }
        if folders.len() + self.parents.len() >= MOST_NAMES {
            return Err(Full::Names);
        }
        let made = u32::try_from(folders.len()).expect("they are capped");
        let folder = Folder {
            parent,
            name: self.out.name(name)?,
            own_name: u32::try_from(folder_names.len()).map_err(|_| Full::Blob)?,
            touched: 0,
            record: NONE,
            cut: 0,
            opaque: false,
        };
        table.insert_unique(key, made, hash_of);
        folder_names.extend_from_slice(name);
        folders.push(folder);
        Ok(made)
    }

    /// Writes a text that stands for itself; its place in the blob.
    pub(super) fn text(&mut self, text: &str) -> Result<(u64, u64), Full> {
        let (offset, length) = self.out.blob(text.as_bytes())?;
        Ok((u64::from(offset), u64::from(length)))
    }

    /// Writes the tree; what it says of the layer comes from `foot`. The file is whole then, and has no name yet.
    pub(super) fn finish(mut self, mut foot: Foot) -> io::Result<tempfile::NamedTempFile> {
        foot.entries = self.parents.len() as u64;
        foot.bytes = self.bytes;
        foot.blob = self.out.position - HEAD as u64;
        let padding = self.out.position.next_multiple_of(64) - self.out.position;
        self.out.write(&[0; 64][..usize::try_from(padding).expect("under 64")])?;
        foot.records = self.out.position;
        self.out.inner.flush()?;
        // What has been written is read from here on, and does not change.
        let blob = Mapped::open(self.file.as_file())?;
        let entries = self.entries.into_inner().map_err(io::IntoInnerError::into_error)?;
        let entries = Mapped::open(&entries)?;
        // A folder is touched by whatever lies in it; those above come before those beneath.
        for at in (1..self.folders.len()).rev() {
            let (parent, touched) = (self.folders[at].parent as usize, self.folders[at].touched);
            self.folders[parent].touched = self.folders[parent].touched.max(touched);
        }
        let tree = Tree { blob: &blob, entries: &entries, folders: self.folders };
        foot.count = tree.write(&self.parents, &mut self.out)?;
        let checksum = self.out.crc.sum();
        self.out.inner.write_all(&foot.encode(checksum))?;
        self.out.inner.flush()?;
        Ok(self.file)
    }
}

/// What the tree is made of.
struct Tree<'a> {
    blob: &'a [u8],
    entries: &'a [u8],
    folders: Vec<Folder>,
}

impl Tree<'_> {
    fn record(&self, at: u32) -> Record {
        let start = at as usize * RECORD * 4;
        let mut words = [0; RECORD];
        let bytes = &self.entries[start..start + RECORD * 4];
        bytemuck::cast_slice_mut::<u32, u8>(&mut words).copy_from_slice(bytes);
        Record::of(&words)
    }

    /// The folder that an item stands for.
    fn folder_of(&self, item: u32) -> Option<u32> {
        if item & IS_IMPLIED != 0 {
            return Some(item & NUMBER);
        }
        self.record(item & NUMBER).first_child.checked_sub(1)
    }

    fn name(&self, item: u32) -> &[u8] {
        let number = item & NUMBER;
        let (offset, length) = match item & IS_IMPLIED {
            0 => {
                let start = number as usize * RECORD * 4;
                let word = |at: usize| {
                    let bytes = &self.entries[start + at * 4..start + at * 4 + 4];
                    u32::from_ne_bytes(bytes.try_into().expect("four bytes"))
                };
                (word(0), word(1))
            }
            _ => self.folders[number as usize].name,
        };
        let start = HEAD + offset as usize;
        &self.blob[start..start + length as usize]
    }

    /// Items by their folder, sorted by name in each; where each folder's begin.
    fn sorted(&self, parents: &[u32]) -> (Vec<u32>, Vec<u32>) {
        let implied = || {
            let folders = self.folders.iter().enumerate().skip(1);
            folders.filter(|(_, folder)| folder.record == NONE).map(|(at, folder)| (at as u32, folder.parent))
        };
        let placed = || parents.iter().enumerate().filter(|(_, parent)| **parent != NONE);
        let mut starts = vec![0_u32; self.folders.len() + 1];
        placed().for_each(|(_, parent)| starts[*parent as usize + 1] += 1);
        implied().for_each(|(_, parent)| starts[parent as usize + 1] += 1);
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut items = vec![0; starts.last().copied().unwrap_or_default() as usize];
        let mut next = starts.clone();
        let mut put = |item: u32, parent: u32| {
            let place = &mut next[parent as usize];
            items[*place as usize] = item;
            *place += 1;
        };
        placed().for_each(|(at, parent)| put(at as u32, *parent));
        implied().for_each(|(at, parent)| put(at | IS_IMPLIED, parent));
        for range in starts.windows(2) {
            // Stable: versions of one name stay in the archive's order.
            items[range[0] as usize..range[1] as usize].sort_by(|a, b| self.name(*a).cmp(self.name(*b)));
        }
        (items, starts)
    }

    /// Marks what something later takes the place of, and says from which entry on each folder counts.
    fn shadow(&mut self, items: &mut [u32], cut: u32) {
        let mut from = 0;
        while from < items.len() {
            let same =
                (from + 1..items.len()).take_while(|at| self.name(items[*at]) == self.name(items[from]));
            let until = from + 1 + same.count();
            self.shadow_versions(&mut items[from..until], cut);
            from = until;
        }
    }

    fn shadow_versions(&mut self, versions: &mut [u32], cut: u32) {
        let mut folder = None;
        let mut last_other = None;
        for version in versions.iter() {
            match self.folder_of(*version) {
                Some(at) => folder = Some(at),
                None => last_other = Some(*version & NUMBER),
            }
        }
        let other = last_other.map_or(0, |at| at + 1);
        let mut visible = last_other.filter(|_| other > cut);
        if let Some(folder) = folder {
            let folder = &mut self.folders[folder as usize];
            if folder.touched > other.max(cut) {
                folder.cut = other.max(cut);
                visible = Some(folder.record);
            } else {
                folder.cut = u32::MAX;
            }
        }
        for version in versions {
            let is_implied = *version & IS_IMPLIED != 0;
            let wanted = if is_implied { visible == Some(NONE) } else { visible == Some(*version & NUMBER) };
            if !wanted {
                *version |= IS_SHADOWED;
            }
        }
    }

    /// Writes all records, the root first; how many.
    fn write(mut self, parents: &[u32], out: &mut Checked) -> io::Result<u64> {
        let (mut items, starts) = self.sorted(parents);
        let mut waiting: VecDeque<u32> = VecDeque::new();
        // How many of those that wait lie in which folder.
        let mut runs: VecDeque<(u32, u32)> = VecDeque::new();
        let root = self.folders[0].record;
        let (mut written, mut next) = (0_u32, 1_u32);
        let mut item = if root == NONE { IS_IMPLIED } else { root };
        let mut parent = 0;
        loop {
            let mut record = match item & IS_IMPLIED {
                0 => self.record(item & NUMBER),
                _ => self.implied(item & NUMBER),
            };
            let folder = self.folder_of(item).filter(|at| {
                let record = self.folders[*at as usize].record;
                item & IS_IMPLIED != 0 || record == item & NUMBER
            });
            record.parent = parent;
            (record.first_child, record.children) = (0, 0);
            if item & IS_SHADOWED != 0 {
                record.flags |= SHADOWED;
            }
            if let Some(folder) = folder {
                let range = starts[folder as usize] as usize..starts[folder as usize + 1] as usize;
                let count = u32::try_from(range.len()).expect("they are capped");
                let Folder { cut, opaque, .. } = self.folders[folder as usize];
                self.shadow(&mut items[range.clone()], cut);
                (record.first_child, record.children) = (next, count);
                next += count;
                waiting.extend(&items[range]);
                if count > 0 {
                    runs.push_back((written, count));
                }
                if opaque {
                    record.flags |= OPAQUE;
                }
            }
            out.write(bytemuck::bytes_of(&record.words()))?;
            written += 1;
            let Some(following) = waiting.pop_front() else { break };
            item = following;
            let run = runs.front_mut().expect("whatever waits is of a run");
            parent = run.0;
            run.1 -= 1;
            if run.1 == 0 {
                runs.pop_front();
            }
        }
        Ok(u64::from(written))
    }

    fn implied(&self, at: u32) -> Record {
        Record {
            name: self.folders[at as usize].name,
            kind: Kind::Directory.flag(),
            flags: IMPLIED,
            mode: 0o755,
            ..Record::default()
        }
    }
}

/// The output, with its checksum and its length.
struct Checked {
    inner: BufWriter<File>,
    crc: flate2::Crc,
    position: u64,
}

impl Checked {
    fn new(file: File) -> Self {
        Self { inner: BufWriter::with_capacity(1 << 18, file), crc: flate2::Crc::new(), position: 0 }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.crc.update(bytes);
        self.position += bytes.len() as u64;
        self.inner.write_all(bytes)
    }

    /// Adds to the blob; offset and length.
    fn blob(&mut self, bytes: &[u8]) -> Result<(u32, u32), Full> {
        let length = u32::try_from(bytes.len()).map_err(|_| Full::Blob)?;
        let offset = u32::try_from(self.position - HEAD as u64).map_err(|_| Full::Blob)?;
        offset.checked_add(length).ok_or(Full::Blob)?;
        self.write(bytes)?;
        Ok((offset, length))
    }

    fn name(&mut self, name: &[u8]) -> Result<(u32, u32), Full> {
        self.blob(name)
    }
}
