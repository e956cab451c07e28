//! A store, a folder for archives, and what goes from one to the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::archive::{Archive, ArchiveSink, ArchiveSource, Format};
use engine::endpoint::{ImageSource, Target};
use engine::job::Job;
use engine::store::{ContentStore, StoreSink};
use engine::transfer::{Outcome, Platforms, Request, transfer};
use engine::{Code, Error, Result};
use oci::digest::Digest;
use oci::reference::Reference;
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::real::Skopeo;

pub struct Scene {
    dir: tempfile::TempDir,
    pub store: ContentStore,
    pub skopeo: Skopeo,
}

impl Scene {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = ContentStore::open(dir.path().join("store")).unwrap();
        Self { dir, store, skopeo: Skopeo::new() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn open(&self, path: &Path) -> Result<ArchiveSource> {
        let job = Job::silent();
        ArchiveSource::new(&Archive::open(path, self.dir.path(), &job)?, &job)
    }

    /// The image as an OCI layout folder.
    pub fn layout(&self, image: &Image, name: &str) -> PathBuf {
        let dir = self.path("layout");
        image.write_layout(&dir, name).unwrap();
        dir
    }

    /// Everything of an archive's image into the store, under a name.
    pub async fn load(&self, path: &Path, target: Target, name: &str) -> Result<Outcome> {
        let source = Arc::new(self.open(path)?);
        let sink = Arc::new(StoreSink::open(&self.store).await?);
        transfer(source, sink, &request(target, name), &Job::silent()).await
    }

    /// Images of a source into an archive.
    pub async fn save(
        &self,
        source: Arc<dyn ImageSource>,
        images: &[(Target, &str)],
        format: Format,
        path: &Path,
    ) -> Result<u64> {
        let sink = Arc::new(ArchiveSink::create(path, format)?);
        for (target, name) in images {
            transfer(source.clone(), sink.clone(), &request(target.clone(), name), &Job::silent()).await?;
        }
        Arc::into_inner(sink).expect("the transfers are over").finish().await
    }

    /// What stands in the folder beside what was put there by name.
    pub fn leftovers(&self) -> Vec<String> {
        let names = fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.to_string_lossy().into_owned()).filter(|name| name.starts_with('.')).collect()
    }

    /// Whether the store knows no name.
    pub fn is_empty(&self) -> bool {
        self.store.images().unwrap().is_empty()
    }
}

fn request(target: Target, name: &str) -> Request {
    Request::new(target, Platforms::All, Some(reference(name)))
}

pub fn reference(name: &str) -> Reference {
    name.parse().unwrap()
}

pub fn named(name: &str) -> Target {
    Target::Named(reference(name))
}

/// Two layers, both compressed.
pub fn image(seed: u64) -> Image {
    let text = format!("image {seed}");
    Image::builder(Family::Oci)
        .layer(Layer::new(
            &[Entry::directory("etc"), Entry::file("etc/motd", text.as_bytes())],
            LayerCompression::Gzip,
        ))
        .layer(Layer::noise(seed, 70_000))
        .build()
}

/// A tar of these files, by the tar crate.
pub fn tar(path: &Path, files: &[(&str, &[u8])]) {
    let mut builder = tar::Builder::new(fs::File::create(path).unwrap());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        // Names that the crate's own check refuses go into the archive all the same.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.finish().unwrap();
}

/// A link in an archive.
pub fn link(builder: &mut tar::Builder<impl std::io::Write>, kind: tar::EntryType, name: &str, target: &str) {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(0);
    builder.append_link(&mut header, name, target).unwrap();
}

#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T>, code: Code, said: &str) -> Error {
    let error = result.expect_err("it is refused");
    assert_eq!(error.code(), code, "{error:?}");
    let all = format!("{} {} {:?}", error.message(), error.hint().unwrap_or_default(), error.causes());
    assert!(all.contains(said), "{said}: {error:?}");
    assert!(error.hint().is_some(), "a next step: {error:?}");
    error
}

pub fn digest_of(path: &Path) -> Digest {
    Digest::sha256(&fs::read(path).unwrap())
}
