//! An archive as the sink of a transfer: blobs one after the other into one tar, as they are.
//!
//! The same images give the same bytes: no times, no owners, entries in the order of the transfer. What is written is a
//! file beside the wanted one, renamed by [`ArchiveSink::finish`] after an fsync; dropped before that, it leaves nothing.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::Node;
use oci::name::RepositoryName;
use oci::platform::Platform;
use oci::reference::Reference;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use tokio::sync::Mutex;

use super::source::blocking;
use crate::blob::ChunkSource;
use crate::endpoint::{Admission, Content, Document, ImageSink, Teller};
use crate::error::{Code, Error, Result};
use crate::job::{Job, TransferEvent};

/// Everything in a tar is a multiple of this, bytes.
const BLOCK: u64 = 512;
/// What a header's own field for names holds, bytes.
const SHORT_NAME: usize = 100;

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
    path: PathBuf,
    format: Format,
    state: Mutex<State>,
}

struct State {
    temp: NamedTempFile,
    out: File,
    position: u64,
    /// What is in it, with its size, bytes.
    written: HashMap<Digest, u64>,
    documents: HashMap<Digest, Document>,
    roots: Vec<(Descriptor, Option<Reference>)>,
    /// An entry was broken off: what follows it would be read as its rest.
    broken: bool,
}

impl ArchiveSink {
    /// Begins an archive that will stand at `path`. Blocks for the making of one file.
    ///
    /// # Errors
    /// [`Code::StoreFailed`], [`Code::StoreReadOnly`] or [`Code::StoreFull`] where its folder takes no file.
    pub fn create(path: &Path, format: Format) -> Result<Self> {
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // For everybody to read, as far as the umask lets them: as a file is that is made in the usual way.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        let temp = tempfile::Builder::new().prefix(".longshore-save-").permissions(mode).tempfile_in(dir);
        let temp = temp.map_err(|error| failed(path, error))?;
        let out = File::from_std(temp.reopen().map_err(|error| failed(path, error))?);
        let state = State {
            temp,
            out,
            position: 0,
            written: HashMap::new(),
            documents: HashMap::new(),
            roots: Vec::new(),
            broken: false,
        };
        Ok(Self { path: path.to_owned(), format, state: Mutex::new(state) })
    }

    /// Writes what names the images, and puts the archive in its place. Its length, bytes.
    ///
    /// # Errors
    /// As [`ArchiveSink::create`]; [`Code::Internal`] where no image was put into it.
    pub async fn finish(self) -> Result<u64> {
        let mut state = self.state.into_inner();
        if state.broken || state.roots.is_empty() {
            return Err(Error::new(
                Code::Internal,
                format!("`{}` has no image to be finished with", self.path.display()),
            ));
        }
        let index = json!({
            "schemaVersion": 2,
            "mediaType": oci::media_type::OCI_INDEX,
            "manifests": state.roots.iter().map(|(root, name)| entry(root, name.as_ref())).collect::<Vec<_>>(),
        });
        let mut files = vec![
            ("index.json", text(&index)?),
            ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()),
        ];
        if self.format == Format::Hybrid {
            files.insert(1, ("manifest.json", text(&state.docker_manifest())?));
        }
        let write = async {
            for (name, bytes) in files {
                state.small(name, &bytes).await?;
            }
            // Two empty blocks end an archive.
            state.out.write_all(&[0; 2 * BLOCK as usize]).await?;
            state.position += 2 * BLOCK;
            state.out.flush().await?;
            state.out.sync_all().await
        };
        write.await.map_err(|error| failed(&self.path, error))?;
        let (temp, path, length) = (state.temp, self.path, state.position);
        blocking(move || {
            temp.persist(&path).map_err(|error| failed(&path, error.error))?;
            let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
            std::fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| failed(&path, error))
        })
        .await?;
        Ok(length)
    }
}

impl State {
    async fn small(&mut self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        self.header(name, bytes.len() as u64).await?;
        self.out.write_all(bytes).await?;
        self.position += bytes.len() as u64;
        self.pad().await
    }

    async fn header(&mut self, name: &str, size: u64) -> std::io::Result<()> {
        if name.len() > SHORT_NAME {
            // The name of a sha512 blob goes before, as GNU tar does it.
            let text = [name.as_bytes(), &[0]].concat();
            self.block("././@LongLink", text.len() as u64, ::tar::EntryType::GNULongName).await?;
            self.out.write_all(&text).await?;
            self.position += text.len() as u64;
            self.pad().await?;
        }
        self.block(&name[..name.len().min(SHORT_NAME)], size, ::tar::EntryType::Regular).await
    }

    async fn block(&mut self, name: &str, size: u64, kind: ::tar::EntryType) -> std::io::Result<()> {
        let mut header = ::tar::Header::new_gnu();
        header.set_path(name)?;
        header.set_size(size);
        header.set_mode(0o644);
        header.set_entry_type(kind);
        (header.set_uid(0), header.set_gid(0), header.set_mtime(0));
        header.set_cksum();
        self.out.write_all(header.as_bytes()).await?;
        self.position += BLOCK;
        Ok(())
    }

    async fn pad(&mut self) -> std::io::Result<()> {
        let rest = (BLOCK - self.position % BLOCK) % BLOCK;
        self.out.write_all(&vec![0; usize::try_from(rest).expect("less than a block")]).await?;
        self.position += rest;
        Ok(())
    }

    /// Takes back what was written of an entry, so that another may follow.
    async fn cut_back(&mut self, to: u64) {
        let cut = async {
            self.out.flush().await?;
            self.out.set_len(to).await?;
            self.out.seek(std::io::SeekFrom::Start(to)).await
        };
        self.broken |= cut.await.is_err();
        self.position = to;
    }

    /// `manifest.json`: of an index the image for this computer, or else the first that is whole.
    fn docker_manifest(&self) -> Value {
        let mut images: Vec<(Digest, Value, Vec<String>)> = Vec::new();
        for (root, name) in &self.roots {
            let Some((digest, mut entry)) = self.docker_image(root, 0) else { continue };
            let name = name.as_ref().filter(|name| name.tag().is_some()).map(Reference::familiar);
            match images.iter_mut().find(|(known, ..)| *known == digest) {
                Some((_, _, names)) => names.extend(name),
                None => {
                    entry["RepoTags"] = Value::Null;
                    images.push((digest, entry, name.into_iter().collect()));
                }
            }
        }
        let finished = images.into_iter().map(|(_, mut entry, names)| {
            if !names.is_empty() {
                entry["RepoTags"] = json!(names);
            }
            entry
        });
        Value::Array(finished.collect())
    }

    fn docker_image(&self, descriptor: &Descriptor, depth: usize) -> Option<(Digest, Value)> {
        let document = self.documents.get(&descriptor.digest)?;
        match Node::parse(&document.bytes, Some(&document.descriptor.media_type)).ok()? {
            Node::Manifest(manifest) if manifest.is_image() => {
                let all = manifest.layers.iter().chain([&manifest.config]);
                if !all.clone().all(|blob| self.written.contains_key(&blob.digest)) {
                    return None;
                }
                let layers: Vec<String> =
                    manifest.layers.iter().map(|layer| path_of(&layer.digest)).collect();
                let entry = json!({ "Config": path_of(&manifest.config.digest), "Layers": layers });
                Some((descriptor.digest.clone(), entry))
            }
            Node::Manifest(_) => None,
            Node::Index(index) if depth < oci::graph::MAX_INDEX_DEPTH => {
                let chosen = index.choose(&Platform::host()).into_iter();
                let others = index.platforms().into_iter().map(|(entry, _)| entry);
                chosen.chain(others).find_map(|entry| self.docker_image(entry, depth + 1))
            }
            Node::Index(_) => None,
        }
    }
}

#[async_trait]
impl ImageSink for ArchiveSink {
    async fn admit(
        &self,
        blob: &Descriptor,
        _mount_from: &[RepositoryName],
        _job: &Job,
    ) -> Result<Admission> {
        let state = self.state.lock().await;
        Ok(match state.written.get(&blob.digest) {
            Some(_) => Admission::Present,
            None => Admission::Wanted { have: 0 },
        })
    }

    async fn write(&self, content: &Content) -> Result<()> {
        let descriptor = content.descriptor();
        let mut state = self.state.lock().await;
        if state.written.contains_key(&descriptor.digest) {
            return Ok(());
        }
        if state.broken {
            return Err(failed(&self.path, std::io::Error::other("an earlier entry was broken off")));
        }
        let begins = state.position;
        // Broken off from outside, nothing below says so.
        state.broken = true;
        let written = self.stream(&mut state, content).await;
        state.broken = false;
        match written {
            Ok(()) => {
                state.written.insert(descriptor.digest.clone(), descriptor.size);
                Ok(())
            }
            Err(error) => {
                state.cut_back(begins).await;
                Err(error)
            }
        }
    }

    async fn document(&self, document: &Document, _job: &Job) -> Result<()> {
        let mut state = self.state.lock().await;
        let digest = &document.descriptor.digest;
        if !state.written.contains_key(digest) {
            let written = state.small(&path_of(digest), &document.bytes).await;
            written.map_err(|error| failed(&self.path, error))?;
            state.written.insert(digest.clone(), document.descriptor.size);
        }
        state.documents.insert(digest.clone(), document.clone());
        Ok(())
    }

    async fn publish(&self, root: &Document, name: Option<&Reference>, job: &Job) -> Result<Option<Digest>> {
        self.document(root, job).await?;
        let mut state = self.state.lock().await;
        state.roots.push((root.descriptor.clone(), name.cloned()));
        Ok(None)
    }

    /// A tar has one end.
    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

impl ArchiveSink {
    async fn stream(&self, state: &mut State, content: &Content) -> Result<()> {
        let descriptor = content.descriptor();
        let io = |error| failed(&self.path, error);
        state.header(&path_of(&descriptor.digest), descriptor.size).await.map_err(io)?;
        let proof = content.proof();
        let mut feed = content.feed(0, descriptor.size, &proof);
        let mut teller = Teller::new(content.job(), descriptor);
        let mut done = 0;
        loop {
            content.job().checkpoint().await?;
            let Some(bytes) = content.job().run(feed.chunk()).await? else { break };
            state.out.write_all(&bytes).await.map_err(io)?;
            state.position += bytes.len() as u64;
            done += bytes.len() as u64;
            teller.done(done);
        }
        content.job().emit(TransferEvent::Verifying { digest: descriptor.digest.clone() });
        proof.verdict().await?;
        state.pad().await.map_err(io)?;
        state.out.flush().await.map_err(io)
    }
}

fn path_of(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().as_str(), digest.hex())
}

/// An entry of `index.json`, with the name as containerd and Docker write it and as the OCI does.
fn entry(root: &Descriptor, name: Option<&Reference>) -> Value {
    let mut annotations = BTreeMap::new();
    if let Some(name) = name {
        annotations.insert("io.containerd.image.name", name.canonical());
        // skopeo looks for this one; by a whole name two repositories don't get in one another's way.
        annotations.insert("org.opencontainers.image.ref.name", name.canonical());
    }
    let mut entry = json!({ "mediaType": root.media_type, "digest": root.digest, "size": root.size });
    if !annotations.is_empty() {
        entry["annotations"] = json!(annotations);
    }
    entry
}

fn text(value: &Value) -> Result<Vec<u8>> {
    serde_json::to_vec(value)
        .map_err(|problem| Error::new(Code::Internal, "JSON can't be written down").with_source(problem))
}

fn failed(path: &Path, error: std::io::Error) -> Error {
    use std::io::ErrorKind;
    let (code, hint) = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            (Code::StoreFull, "Free some space there, or save to another disk; what stood there is as it was")
        }
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            (Code::StoreReadOnly, "Save to a folder that you may write to")
        }
        ErrorKind::NotFound => (Code::StoreFailed, "Make the folder first, or correct the path"),
        _ => (Code::StoreFailed, "Check the disk; what stood there is as it was"),
    };
    Error::new(code, format!("`{}` can't be written", path.display())).with_hint(hint).with_source(error)
}
