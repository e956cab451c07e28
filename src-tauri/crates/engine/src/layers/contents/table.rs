//! The JSON of a table of contents, entry by entry: it is never held as a whole.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci::digest::Digest;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::build::{Builder, Full};
use super::super::chunks::{Chunk, ChunkWriter, sha256_of};
use super::super::sniff::Content;
use crate::job::Job;
use crate::tar::{EXTENSION_CAP, Entry, Kind, Time};

/// Entries between two looks at whether the job was cancelled.
const LOOK: u64 = 4_096;

/// An entry as it is written there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    link_name: String,
    #[serde(default)]
    mode: i64,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    uid: u64,
    #[serde(default)]
    gid: u64,
    #[serde(default)]
    user_name: String,
    #[serde(default)]
    group_name: String,
    #[serde(default)]
    modtime: Option<String>,
    #[serde(default)]
    dev_major: u32,
    #[serde(default)]
    dev_minor: u32,
    #[serde(default)]
    xattrs: BTreeMap<String, Option<String>>,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    offset: u64,
    #[serde(default)]
    end_offset: u64,
    #[serde(default)]
    inner_offset: u64,
    #[serde(default)]
    chunk_offset: u64,
    #[serde(default)]
    chunk_size: u64,
    #[serde(default)]
    chunk_digest: String,
    #[serde(default)]
    chunk_type: String,
}

/// Takes entries into an index, and chunks into their table.
pub(super) struct Sink<'a> {
    builder: &'a mut Builder,
    chunks: &'a mut ChunkWriter,
    tell: &'a dyn Fn(u64),
    job: &'a Job,
    entries: u64,
    /// Bytes of all files.
    bytes: u64,
    /// Where the file at hand begins: after the bytes of all before it, and one more for every entry, so that no two
    /// begin in one place.
    begins: u64,
    file: Option<File>,
}

/// The file whose chunks come.
struct File {
    size: u64,
    /// Bytes of it that have a chunk.
    chunked: u64,
}

impl<'a> Sink<'a> {
    pub(super) fn new(
        builder: &'a mut Builder,
        chunks: &'a mut ChunkWriter,
        tell: &'a dyn Fn(u64),
        job: &'a Job,
    ) -> Self {
        Self { builder, chunks, tell, job, entries: 0, bytes: 0, begins: 0, file: None }
    }

    /// Reads the whole table.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] where it makes no sense; the input's.
    pub(super) fn read(&mut self, json: impl Read) -> io::Result<()> {
        let json = BufReader::with_capacity(64 * 1024, Guard::new(json));
        let mut deserializer = serde_json::Deserializer::from_reader(json);
        deserializer.deserialize_map(Table(self)).map_err(io::Error::from)
    }

    /// Bytes of all files.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] where the last file lacks chunks.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.end_file().map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))?;
        Ok(self.bytes)
    }

    fn take(&mut self, row: &Row) -> Result<(), String> {
        self.entries += 1;
        if self.entries.is_multiple_of(LOOK) {
            (self.tell)(self.entries);
            if self.job.is_cancelled() {
                return Err("cancelled".to_owned());
            }
        }
        if row.kind == "chunk" {
            return self.chunk(row);
        }
        self.end_file()?;
        self.begins = self.begins.checked_add(1).ok_or("more bytes than there can be")?;
        let entry = self.entry(row)?;
        let hash = row.digest.parse().ok().and_then(|digest: Digest| sha256_of(&digest));
        let hash = hash.map_or(0, |bytes| u64::from_be_bytes(*bytes.first_chunk().expect("it is longer")));
        match self.builder.add(&entry, if entry.size > 0 { hash } else { 0 }, Content::Unknown) {
            Ok(()) => {}
            Err(Full::Io(error)) => return Err(error.to_string()),
            Err(full) => return Err(full.to_string()),
        }
        if entry.kind == Kind::File {
            self.file = Some(File { size: entry.size, chunked: 0 });
            if entry.size > 0 {
                self.chunk(row)?;
            }
        }
        Ok(())
    }

    fn chunk(&mut self, row: &Row) -> Result<(), String> {
        let file = self.file.as_mut().ok_or("a chunk of no file")?;
        let left = file.size.checked_sub(row.chunk_offset).ok_or("a chunk beyond its file")?;
        let size = if row.chunk_size == 0 { left } else { row.chunk_size };
        if row.chunk_offset != file.chunked || size > left || size == 0 {
            return Err("chunks that do not follow one another".to_owned());
        }
        file.chunked += size;
        let digest = if row.chunk_digest.is_empty() { &row.digest } else { &row.chunk_digest };
        let sha256 = match row.chunk_type.as_str() {
            "zeros" => None,
            _ => {
                let digest: Digest = digest.parse().map_err(|_| "a chunk without a digest")?;
                Some(sha256_of(&digest).ok_or("a chunk without a digest that is known")?)
            }
        };
        let begins = self.begins + row.chunk_offset;
        // The end is that of the file's last chunk, and said with its first entry.
        let is_last = file.chunked == file.size;
        let end = if is_last && row.kind == "reg" { row.end_offset } else { 0 };
        let (offset, inner) = (row.offset, row.inner_offset);
        let chunk = Chunk { begins, size, offset, end, inner, sha256 };
        self.chunks.add(&chunk).map_err(|error| error.to_string())
    }

    fn end_file(&mut self) -> Result<(), String> {
        let Some(file) = self.file.take() else { return Ok(()) };
        if file.chunked != file.size {
            return Err("a file without all of its chunks".to_owned());
        }
        let too_many = "more bytes than there can be";
        self.begins = self.begins.checked_add(file.size).ok_or(too_many)?;
        self.bytes = self.bytes.checked_add(file.size).ok_or(too_many)?;
        Ok(())
    }

    fn entry(&self, row: &Row) -> Result<Entry, String> {
        let kind = match row.kind.as_str() {
            "reg" => Kind::File,
            "dir" => Kind::Directory,
            "symlink" => Kind::Symlink,
            "hardlink" => Kind::HardLink,
            "char" => Kind::CharDevice,
            "block" => Kind::BlockDevice,
            "fifo" => Kind::Fifo,
            other => return Err(format!("an entry of the kind `{other}`")),
        };
        let size = if kind == Kind::File { row.size } else { 0 };
        let attribute = |(name, value): (&String, &Option<String>)| {
            let value = STANDARD.decode(value.as_deref().unwrap_or_default());
            value.map(|value| (name.clone().into_bytes(), value)).map_err(|error| error.to_string())
        };
        Ok(Entry {
            name: row.name.clone().into_bytes(),
            kind,
            mode: (row.mode & 0o7777) as u32,
            uid: row.uid,
            gid: row.gid,
            user: row.user_name.clone().into_bytes(),
            group: row.group_name.clone().into_bytes(),
            modified: row.modtime.as_deref().and_then(time).unwrap_or_default(),
            link: row.link_name.clone().into_bytes(),
            device: (row.dev_major, row.dev_minor),
            size,
            stored: size,
            sparse: None,
            attributes: row.xattrs.iter().map(attribute).collect::<Result<_, _>>()?,
            begins: self.entries,
            data: self.begins,
        })
    }
}

/// RFC 3339.
fn time(text: &str) -> Option<Time> {
    let time: jiff::Timestamp = text.parse().ok()?;
    let nanoseconds = time.as_nanosecond();
    Some(Time {
        seconds: i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()?,
        nanoseconds: u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).ok()?,
    })
}

/// The object at the top.
struct Table<'a, 'b>(&'a mut Sink<'b>);

impl<'de> Visitor<'de> for Table<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a table of contents")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "version" => {
                    let version: u64 = map.next_value()?;
                    if version != 1 {
                        return Err(A::Error::custom("another version"));
                    }
                }
                "entries" if !std::mem::replace(&mut seen, true) => map.next_value_seed(Entries(self.0))?,
                "entries" => return Err(A::Error::custom("two lists of entries")),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if seen { Ok(()) } else { Err(A::Error::custom("no entries")) }
    }
}

/// The list in it.
struct Entries<'a, 'b>(&'a mut Sink<'b>);

impl<'de> DeserializeSeed<'de> for Entries<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(row) = seq.next_element::<Row>()? {
            self.0.take(&row).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// Ends an input that has a text or an entry longer than any can be: what is claimed is not allocated.
struct Guard<R> {
    inner: R,
    in_text: bool,
    escaped: bool,
    /// Bytes of this text, and since the last object ended.
    text: u64,
    entry: u64,
}

impl<R> Guard<R> {
    fn new(inner: R) -> Self {
        Self { inner, in_text: false, escaped: false, text: 0, entry: 0 }
    }

    fn pass(&mut self, byte: u8) {
        self.entry += 1;
        self.text += 1;
        if std::mem::take(&mut self.escaped) {
            return;
        }
        match byte {
            b'\\' if self.in_text => self.escaped = true,
            b'"' => (self.in_text, self.text) = (!self.in_text, 0),
            b'}' if !self.in_text => self.entry = 0,
            _ => {}
        }
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        for byte in &buffer[..count] {
            self.pass(*byte);
            // Attributes are in base64, by a third longer than they are.
            if self.entry > 4 * EXTENSION_CAP || (self.in_text && self.text > 2 * EXTENSION_CAP) {
                let why = "an entry is longer than any can be";
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
        }
        Ok(count)
    }
}
