//! An OCI layout folder as the sink of a transfer: nothing in it but the layout, the same bytes for the same images.
//!
//! It is written beside its place and renamed by [`FolderSink::finish`]; dropped before that, it leaves nothing. What
//! stands there already is left alone: a layout is not added to, since a store or a copy does that.

use std::fs::File;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::name::RepositoryName;
use oci::reference::Reference;
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::contents::{Contents, LAYOUT, path_of};
use super::source::blocking;
use crate::endpoint::{Admission, Content, Document, ImageSink};
use crate::error::{Code, Error, Result};
use crate::job::Job;
use crate::place::{failed, folder};

/// A new layout folder to put images into. Call [`FolderSink::finish`] at the end.
pub struct FolderSink {
    path: PathBuf,
    temp: TempDir,
    contents: Mutex<Contents>,
}

impl FolderSink {
    /// Begins a folder that will stand at `path`, where there is nothing or an empty folder. Blocks.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] where something is there; [`Code::StoreFailed`], [`Code::StoreReadOnly`] or
    /// [`Code::StoreFull`] where no folder can be made.
    pub fn create(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let is_free = match std::fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if !is_free {
            return Err(Error::new(
                Code::ConfigInvalid,
                format!("`{name}` is there already, and is not empty"),
            )
            .with_hint("Name a new folder; `longshore copy` adds images to a layout that is there"));
        }
        let temp = tempfile::Builder::new().prefix(".longshore-save-").tempdir_in(folder(path));
        let temp = temp.map_err(|error| failed(&name, error))?;
        // For everybody to read, as a folder is that is made in the usual way.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        let made = std::fs::create_dir_all(temp.path().join("blobs/sha256"))
            .and_then(|()| std::fs::set_permissions(temp.path(), open));
        made.map_err(|error| failed(&name, error))?;
        Ok(Self { path: path.to_owned(), temp, contents: Mutex::default() })
    }

    /// Writes what names the images, and puts the folder in its place. Bytes of all its files.
    ///
    /// # Errors
    /// As [`FolderSink::create`]; [`Code::Internal`] where no image was put into it.
    pub async fn finish(self) -> Result<u64> {
        let Self { path, temp, contents } = self;
        let contents = contents.into_inner();
        let name = path.display().to_string();
        if contents.roots.is_empty() {
            return Err(Error::new(Code::Internal, format!("`{name}` has no image to be finished with")));
        }
        blocking(move || {
            let index = contents.index();
            let length = contents.written.values().sum::<u64>() + (index.len() + LAYOUT.len()) as u64;
            let put = || -> io::Result<()> {
                write(&temp.path().join("index.json"), &index)?;
                write(&temp.path().join("oci-layout"), LAYOUT)?;
                for dir in ["blobs/sha256", "blobs", ""] {
                    File::open(temp.path().join(dir))?.sync_all()?;
                }
                // An empty folder gives way.
                match std::fs::remove_dir(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
                std::fs::rename(temp.path(), &path)?;
                File::open(folder(&path))?.sync_all()
            };
            put().map_err(|error| failed(&name, error))?;
            Ok(length)
        })
        .await
    }

    fn place(&self, digest: &Digest) -> PathBuf {
        self.temp.path().join(path_of(digest))
    }

    fn failed(&self, error: io::Error) -> Error {
        failed(&self.path.display().to_string(), error)
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[async_trait]
impl ImageSink for FolderSink {
    async fn admit(
        &self,
        blob: &Descriptor,
        _mount_from: &[RepositoryName],
        _job: &Job,
    ) -> Result<Admission> {
        let is_there = self.contents.lock().await.written.contains_key(&blob.digest);
        Ok(if is_there { Admission::Present } else { Admission::Wanted { have: 0 } })
    }

    async fn write(&self, content: &Content) -> Result<()> {
        let descriptor = content.descriptor();
        let place = self.place(&descriptor.digest);
        let folder = place.parent().expect("a blob is in a folder").to_owned();
        let made = tokio::fs::create_dir_all(&folder).await;
        made.map_err(|error| self.failed(error))?;
        let name = self.path.display().to_string();
        let (file, named) = (place.clone(), name.clone());
        let file = blocking(move || File::create(file).map_err(|error| failed(&named, error))).await?;
        let file = Arc::new(file);
        let written = super::sink::place(&file, 0, content, &name).await;
        if written.is_err() {
            // It goes with the folder, if it can't be deleted now.
            let _ = tokio::fs::remove_file(&place).await;
        }
        written?;
        blocking(move || file.sync_all().map_err(|error| failed(&name, error))).await?;
        self.contents.lock().await.written.insert(descriptor.digest.clone(), descriptor.size);
        Ok(())
    }

    async fn document(&self, document: &Document, _job: &Job) -> Result<()> {
        let digest = &document.descriptor.digest;
        let (place, bytes) = (self.place(digest), document.bytes.clone());
        let name = self.path.display().to_string();
        blocking(move || write(&place, &bytes).map_err(|error| failed(&name, error))).await?;
        let mut contents = self.contents.lock().await;
        contents.written.insert(digest.clone(), document.descriptor.size);
        contents.documents.insert(digest.clone(), document.clone());
        Ok(())
    }

    async fn publish(&self, root: &Document, name: Option<&Reference>, job: &Job) -> Result<Option<Digest>> {
        self.document(root, job).await?;
        let root = (root.descriptor.clone(), name.cloned());
        let mut contents = self.contents.lock().await;
        if !contents.roots.contains(&root) {
            contents.roots.push(root);
        }
        Ok(None)
    }

    fn parallelism(&self) -> NonZeroUsize {
        const { NonZeroUsize::new(4).expect("four is not zero") }
    }
}
