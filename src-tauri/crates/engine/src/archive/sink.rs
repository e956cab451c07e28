//! An archive as the sink of a transfer: blobs into one tar, as they are. In a file every blob has its place, and several
//! are hashed and written at a time; a stream takes one after the other. The bytes are the same.
//!
//! The same images give the same bytes: no times, no owners, entries in the order of the transfer. What is written is a
//! file beside the wanted one, renamed by [`ArchiveSink::finish`] after an fsync; dropped before that, it leaves nothing.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::name::RepositoryName;
use oci::reference::Reference;
use tokio::sync::Mutex;

use super::contents::{Contents, LAYOUT, path_of};
use super::output::{Output, Stream};
use super::source::blocking;
use crate::blob::ChunkSource;
use crate::compression::Compression;
use crate::endpoint::{Admission, Content, Document, ImageSink, Teller};
use crate::error::{Code, Error, Result};
use crate::job::{Job, TransferEvent};
use crate::place::{Place, failed};

/// Everything in a tar is a multiple of this, bytes.
pub(super) const BLOCK: u64 = 512;
/// How many blobs are written at once: each is hashed on a thread of its own.
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");
/// Bytes that the system copies from one file into another in one go.
const STEP: u64 = 8 << 20;
/// What a header's own field for names holds, bytes.
pub(super) const SHORT_NAME: usize = 100;

/// What other programs are to find in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An OCI layout, and beside it the `manifest.json` that `docker load` and older programs read.
    Hybrid,
    /// An OCI layout alone.
    Oci,
}

/// A new archive to put images into, one transfer after the other. Call [`ArchiveSink::finish`] at the end.
pub struct ArchiveSink {
    name: String,
    format: Format,
    state: Mutex<State>,
    parallelism: NonZeroUsize,
}

struct State {
    way: Way,
    position: u64,
    contents: Contents,
    /// Blobs that were asked for and have no place yet.
    wanted: Vec<Descriptor>,
    /// Where blobs are, bytes from the beginning to their first.
    places: HashMap<Digest, u64>,
    /// An entry of a stream was broken off: what follows it would be read as its rest.
    broken: bool,
}

enum Way {
    /// Blobs are written at their places, several at a time.
    Placed { file: Arc<File>, place: Place },
    /// One entry after the other.
    Streamed(Output),
}

impl ArchiveSink {
    /// Begins an archive that will stand at `path`, not compressed as a whole: see [`ArchiveSink::create_compressed`].
    ///
    /// # Errors
    /// As there.
    pub fn create(path: &Path, format: Format) -> Result<Self> {
        Self::create_compressed(path, format, Compression::None)
    }

    /// Begins an archive that will stand at `path`, compressed as a whole or not; a device or a pipe is written to as it is.
    /// Blocks for the making of one file, and until a pipe is read.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] for a folder;
    /// [`Code::StoreFailed`], [`Code::StoreReadOnly`] or [`Code::StoreFull`] where its folder takes no file;
    /// [`Code::CompressionUnsupported`] for what is only read.
    pub fn create_compressed(path: &Path, format: Format, compression: Compression) -> Result<Self> {
        let name = path.display().to_string();
        // A link to a file stays one: the file that it leads to is replaced.
        let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
        match path.metadata() {
            Ok(found) if found.is_dir() => {
                return Err(Error::new(Code::ConfigInvalid, format!("`{name}` is a folder"))
                    .with_hint("Name a file in it, or write an OCI layout as a folder"));
            }
            // A device or a pipe is written to, and never replaced.
            Ok(found) if !found.is_file() => {
                let stream = File::options().write(true).open(path).map_err(|error| failed(&name, error))?;
                return Self::to_stream(stream, &name, format, compression);
            }
            _ => {}
        }
        let way = match compression {
            Compression::None => {
                let (place, file) = Place::begin(path)?;
                Way::Placed { file: Arc::new(file), place }
            }
            compression => Way::Streamed(Output::file(path, compression)?),
        };
        Ok(Self::of(name, format, way))
    }

    /// Begins an archive on a stream, which errors call `name`. What was written of one that fails stays written.
    ///
    /// # Errors
    /// [`Code::CompressionUnsupported`] for what is only read.
    pub fn to_stream(
        stream: impl io::Write + Send + 'static,
        name: &str,
        format: Format,
        compression: Compression,
    ) -> Result<Self> {
        let stream: Stream = Box::new(io::BufWriter::with_capacity(1 << 20, stream));
        let way = Way::Streamed(Output::stream(stream, name, compression)?);
        Ok(Self::of(name.to_owned(), format, way))
    }

    fn of(name: String, format: Format, way: Way) -> Self {
        let parallelism = match way {
            Way::Placed { .. } => AT_ONCE,
            Way::Streamed(_) => NonZeroUsize::MIN,
        };
        let state = State {
            way,
            position: 0,
            contents: Contents::default(),
            wanted: Vec::new(),
            places: HashMap::new(),
            broken: false,
        };
        Self { name, format, state: Mutex::new(state), parallelism }
    }

    /// Writes what names the images, and puts the archive in its place. Its length as it lies there, bytes; of a stream
    /// the length of the tar.
    ///
    /// # Errors
    /// As [`ArchiveSink::create`]; [`Code::Internal`] where no image was put into it, or one of them only in part.
    pub async fn finish(self) -> Result<u64> {
        let mut state = self.state.into_inner();
        let whole = state.places.keys().all(|digest| state.contents.written.contains_key(digest));
        if state.broken || !whole || state.contents.roots.is_empty() {
            let why = format!("`{}` has no image to be finished with", self.name);
            return Err(Error::new(Code::Internal, why));
        }
        state.small("index.json", state.contents.index()).await?;
        if self.format == Format::Hybrid {
            state.small("manifest.json", state.contents.docker_manifest()).await?;
        }
        state.small("oci-layout", LAYOUT.to_vec()).await?;
        // Two empty blocks end an archive.
        state.write(Bytes::from_static(&[0; 2 * BLOCK as usize])).await?;
        let (name, position) = (self.name, state.position);
        match state.way {
            Way::Streamed(out) => Ok(out.finish().await?.unwrap_or(position)),
            Way::Placed { file, place } => {
                blocking(move || place.put(&file).map_err(|error| failed(&name, error))).await
            }
        }
    }
}

impl State {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        let at = self.position;
        self.position += bytes.len() as u64;
        match &mut self.way {
            Way::Streamed(out) => out.write(bytes).await,
            Way::Placed { file, place } => write_at(file.clone(), bytes, at, &place.name()).await,
        }
    }

    async fn small(&mut self, name: &str, bytes: Vec<u8>) -> Result<()> {
        self.header(name, bytes.len() as u64).await?;
        self.write(bytes.into()).await?;
        self.pad().await
    }

    async fn header(&mut self, name: &str, size: u64) -> Result<()> {
        if name.len() > SHORT_NAME {
            // The name of a sha512 blob goes before, as GNU tar does it.
            let text = [name.as_bytes(), &[0]].concat();
            self.block("././@LongLink", text.len() as u64, ::tar::EntryType::GNULongName).await?;
            self.write(text.into()).await?;
            self.pad().await?;
        }
        self.block(&name[..name.len().min(SHORT_NAME)], size, ::tar::EntryType::Regular).await
    }

    async fn block(&mut self, name: &str, size: u64, kind: ::tar::EntryType) -> Result<()> {
        let mut header = ::tar::Header::new_gnu();
        header.set_path(name).map_err(|error| failed(name, error))?;
        header.set_size(size);
        header.set_mode(0o644);
        header.set_entry_type(kind);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        self.write(Bytes::copy_from_slice(header.as_bytes())).await
    }

    async fn pad(&mut self) -> Result<()> {
        let rest = usize::try_from((BLOCK - self.position % BLOCK) % BLOCK).expect("less than a block");
        self.write(Bytes::from_static(&[0; BLOCK as usize]).slice(..rest)).await
    }

    /// Gives the blobs that were asked for their places, in the order in which a transfer that moves one at a time does:
    /// so a file has the bytes of a stream. What is between them and their ends stays empty, which is zeros.
    async fn give_places(&mut self) -> Result<()> {
        let mut wanted = std::mem::take(&mut self.wanted);
        wanted.sort_by_key(|blob| blob.size);
        while let Some(blob) = wanted.pop() {
            self.header(&path_of(&blob.digest), blob.size).await?;
            self.places.insert(blob.digest, self.position);
            self.position += blob.size.next_multiple_of(BLOCK);
        }
        Ok(())
    }
}

/// Writes at a place, on a thread that may wait.
async fn write_at(file: Arc<File>, bytes: Bytes, at: u64, name: &str) -> Result<()> {
    let name = name.to_owned();
    blocking(move || file.write_all_at(&bytes, at).map_err(|error| failed(&name, error))).await
}

#[async_trait]
impl ImageSink for ArchiveSink {
    async fn admit(
        &self,
        blob: &Descriptor,
        _mount_from: &[RepositoryName],
        _job: &Job,
    ) -> Result<Admission> {
        let mut state = self.state.lock().await;
        if state.contents.written.contains_key(&blob.digest) {
            return Ok(Admission::Present);
        }
        let is_known = |known: &Descriptor| known.digest == blob.digest;
        if !state.places.contains_key(&blob.digest) && !state.wanted.iter().any(is_known) {
            state.wanted.push(blob.clone());
        }
        Ok(Admission::Wanted { have: 0 })
    }

    async fn write(&self, content: &Content) -> Result<()> {
        let descriptor = content.descriptor();
        let mut state = self.state.lock().await;
        if state.contents.written.contains_key(&descriptor.digest) {
            return Ok(());
        }
        if state.broken {
            return Err(failed(&self.name, io::Error::other("an earlier entry was broken off")));
        }
        let target = match &state.way {
            Way::Streamed(_) => None,
            Way::Placed { file, .. } => Some(file.clone()),
        };
        if let Some(file) = target {
            state.give_places().await?;
            let at = state.places.get(&descriptor.digest).copied();
            let at =
                at.ok_or_else(|| Error::new(Code::Internal, "a blob was brought that nobody asked for"))?;
            drop(state);
            place(&file, at, content, &self.name).await?;
            self.state.lock().await.contents.written.insert(descriptor.digest.clone(), descriptor.size);
            return Ok(());
        }
        // Broken off, from outside too, it stays so.
        state.broken = true;
        self.stream(&mut state, content).await?;
        state.broken = false;
        state.contents.written.insert(descriptor.digest.clone(), descriptor.size);
        Ok(())
    }

    async fn document(&self, document: &Document, _job: &Job) -> Result<()> {
        let mut state = self.state.lock().await;
        let digest = &document.descriptor.digest;
        if !state.contents.written.contains_key(digest) {
            state.small(&path_of(digest), document.bytes.to_vec()).await?;
            state.contents.written.insert(digest.clone(), document.descriptor.size);
        }
        state.contents.documents.insert(digest.clone(), document.clone());
        Ok(())
    }

    async fn publish(&self, root: &Document, name: Option<&Reference>, job: &Job) -> Result<Option<Digest>> {
        self.document(root, job).await?;
        let mut state = self.state.lock().await;
        let root = (root.descriptor.clone(), name.cloned());
        if !state.contents.roots.contains(&root) {
            state.contents.roots.push(root);
        }
        Ok(None)
    }

    /// A stream has one end; a file is written at several places at once.
    fn parallelism(&self) -> NonZeroUsize {
        self.parallelism
    }
}

impl ArchiveSink {
    async fn stream(&self, state: &mut State, content: &Content) -> Result<()> {
        let descriptor = content.descriptor();
        state.wanted.retain(|wanted| wanted.digest != descriptor.digest);
        state.header(&path_of(&descriptor.digest), descriptor.size).await?;
        let proof = content.proof();
        let mut feed = content.feed(0, descriptor.size, &proof);
        let mut teller = Teller::new(content.job(), descriptor);
        let mut done = 0;
        loop {
            content.job().checkpoint().await?;
            let Some(bytes) = content.job().run(feed.chunk()).await? else { break };
            done += bytes.len() as u64;
            state.write(bytes).await?;
            teller.done(done);
        }
        content.job().emit(TransferEvent::Verifying { digest: descriptor.digest.clone() });
        proof.verdict().await?;
        state.pad().await?;
        match &mut state.way {
            Way::Streamed(out) => out.flush().await,
            Way::Placed { .. } => Ok(()),
        }
    }
}

/// Writes a blob into a file, its first byte at `at`; the next bytes come while the last are written. What is a file itself
/// is copied from file to file by the system, as far as that can. `name` is what errors call the file.
///
/// # Errors
/// What the source gives; [`Code::ContentMismatch`]; [`Code::StoreFull`] and its like where the file takes no more.
pub(super) async fn place(file: &Arc<File>, at: u64, content: &Content, name: &str) -> Result<()> {
    let descriptor = content.descriptor();
    let mut teller = Teller::new(content.job(), descriptor);
    let mut done = 0;
    let asked = content.clone();
    if let Some(from) = blocking(move || Ok(asked.file())).await? {
        let from = Arc::new(from);
        while done < descriptor.size {
            content.job().checkpoint().await?;
            let (from, file) = (from.clone(), file.clone());
            let (start, length) = (done, (descriptor.size - done).min(STEP));
            // Where the system can't, the bytes come the other way from there, and so does the reason.
            let copied = blocking(move || Ok(copy(&from, start, &file, at + start, length))).await?;
            if copied == 0 {
                break;
            }
            done += copied;
            teller.done(done);
        }
    }
    let proof = content.proof();
    let mut feed = content.feed(done, descriptor.size, &proof);
    let mut next = content.job().run(feed.chunk()).await?;
    while let Some(bytes) = next {
        content.job().checkpoint().await?;
        let length = bytes.len() as u64;
        let written = write_at(file.clone(), bytes, at + done, name);
        let coming = content.job().run(feed.chunk());
        ((), next) = tokio::try_join!(written, coming)?;
        done += length;
        teller.done(done);
    }
    content.job().emit(TransferEvent::Verifying { digest: descriptor.digest.clone() });
    proof.verdict().await
}

/// Lets the system copy `length` bytes at most from one file into another. How many it copied; none where it can't.
#[cfg(target_os = "linux")]
fn copy(from: &File, mut start: u64, to: &File, mut at: u64, length: u64) -> u64 {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let copied = rustix::fs::copy_file_range(from, Some(&mut start), to, Some(&mut at), length);
    copied.unwrap_or(0) as u64
}

#[cfg(not(target_os = "linux"))]
fn copy(_: &File, _: u64, _: &File, _: u64, _: u64) -> u64 {
    0
}
