//! The names of the images: `index.json`, shared with other processes and other tools.
//!
//! An entry is a descriptor whose annotations carry the image's canonical reference. The file is read, changed and
//! replaced atomically under the lock `index.json.lock`. Other tools (skopeo) take no lock: a file caught half-written is read again.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::{MANIFEST_CAP, Node};
use oci::reference::Reference;

use super::index::{Damage, Index, IndexProblem, is_named, stored_image};
use super::layout::read_small;
use super::lease::open_lock;
use super::{ContentStore, io_error};
use crate::error::{Code, Error, Result};

/// Carries an image's full reference; read before [`REF_NAME_ANNOTATION`], as containerd and Docker write it.
pub const NAME_ANNOTATION: &str = "io.containerd.image.name";
/// What skopeo and crane look images up by (image-spec `annotations.md`); here the full reference as well.
pub const REF_NAME_ANNOTATION: &str = "org.opencontainers.image.ref.name";
/// When the image was stored under its name: RFC 3339, UTC, whole seconds.
pub const PULLED_AT_ANNOTATION: &str = "dev.longshore.pulled-at";

/// More than a million names; a larger file is not ours.
pub(super) const INDEX_CAP: u64 = 512 << 20;
/// How often, and how far apart, an index that does not parse is read again before it counts as damaged.
const PATIENCE: (u32, Duration) = (5, Duration::from_millis(20));

/// An entry of the store's index.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredImage {
    /// The name as it is written there: ours are canonical references; None for an image without a name.
    pub name: Option<String>,
    /// Its root, with the entry's annotations.
    pub descriptor: Descriptor,
}

impl StoredImage {
    /// When it was stored under its name, RFC 3339; None where another tool wrote the entry.
    pub fn pulled_at(&self) -> Option<&str> {
        self.descriptor.annotations.get(PULLED_AT_ANNOTATION).map(String::as_str)
    }
}

/// Says whether the index was replaced since: equal stamps, same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl ContentStore {
    /// Every entry of the index, in its order. Entries that are no descriptors are passed over, and kept.
    pub fn images(&self) -> Result<Vec<StoredImage>> {
        Ok(self.load()?.entries().iter().filter_map(stored_image).collect())
    }

    /// The root that `name` stands for: its entry; for a reference with a digest any entry with that digest, or else a
    /// manifest in the store. The descriptor has the entry's annotations.
    pub fn resolve(&self, name: &Reference) -> Result<Option<Descriptor>> {
        let index = self.load()?;
        let canonical = name.canonical();
        let mut images = index.entries().iter();
        let found = match name.digest() {
            Some(digest) => images.filter_map(stored_image).find(|image| image.descriptor.digest == *digest),
            None => images.find(|entry| is_named(entry, &canonical)).and_then(stored_image),
        };
        match (found, name.digest()) {
            (Some(image), _) => Ok(Some(image.descriptor)),
            (None, Some(digest)) => self.manifest_blob(digest),
            (None, None) => Ok(None),
        }
    }

    /// The root or manifest with this digest: an entry, or a manifest in the store.
    pub fn resolve_digest(&self, digest: &Digest) -> Result<Option<Descriptor>> {
        let entry = self.images()?.into_iter().find(|image| image.descriptor.digest == *digest);
        entry.map_or_else(|| self.manifest_blob(digest), |image| Ok(Some(image.descriptor)))
    }

    /// The descriptor of a manifest that is here as a blob, without an entry of its own.
    fn manifest_blob(&self, digest: &Digest) -> Result<Option<Descriptor>> {
        match self.blob_size(digest)? {
            Some(size) if size <= MANIFEST_CAP => {
                let node = Node::parse(&self.read(digest, MANIFEST_CAP)?, None).ok();
                Ok(node.map(|node| Descriptor::new(node.media_type(), digest.clone(), size)))
            }
            _ => Ok(None),
        }
    }

    /// Names `root`, whose blob must be here: durable and visible to every process when this returns. The annotations
    /// of `root` are added to the entry. Returns the digest that the name stood for before.
    ///
    /// Without a name the image is kept under its digest alone, unless it has an entry already.
    pub fn publish(&self, name: Option<&Reference>, root: &Descriptor) -> Result<Option<Digest>> {
        let previous = self.publish_all(&[(name, root)])?;
        Ok(previous.into_iter().next().flatten())
    }

    /// As [`ContentStore::publish`] under a name that need be no reference: for layouts that other tools read.
    ///
    /// # Errors
    /// As [`ContentStore::publish`].
    pub fn publish_labelled(&self, label: &str, root: &Descriptor) -> Result<Option<Digest>> {
        self.check_here(root)?;
        self.sync_blobs()?;
        let now = pulled_at_now();
        self.update(|index| (index.enter(Some(label.to_owned()), root, &now), true))
    }

    fn check_here(&self, root: &Descriptor) -> Result<()> {
        if self.blob_size(&root.digest)? == Some(root.size) {
            return Ok(());
        }
        let message = format!("`{}` can't be named: the store does not have it", root.digest);
        Err(Error::new(Code::ImageMissing, message)
            .with_hint("Check that the store's disk is connected, then pull the image again")
            .at_digest(&root.digest))
    }

    /// As [`ContentStore::publish`] for several names, all or none of them, in one write.
    pub fn publish_all(&self, names: &[(Option<&Reference>, &Descriptor)]) -> Result<Vec<Option<Digest>>> {
        for (_, root) in names {
            self.check_here(root)?;
        }
        // A blob that another process has just renamed into place may not be durable yet.
        self.sync_blobs()?;
        let now = pulled_at_now();
        self.update(|index| {
            let previous =
                names.iter().map(|(name, root)| index.enter(name.map(Reference::canonical), root, &now));
            let previous = previous.collect::<Vec<_>>();
            (previous, true)
        })
    }

    /// Takes a name away; its content stays until the next garbage collection. For a reference with a digest and no
    /// entry of that name, entries without a name are taken by digest. False if there was nothing to take.
    pub fn remove(&self, name: &Reference) -> Result<bool> {
        Ok(self.remove_all(std::slice::from_ref(name))? > 0)
    }

    /// As [`ContentStore::remove`] for several names in one write; how many of them there were.
    pub fn remove_all(&self, names: &[Reference]) -> Result<usize> {
        self.update(|index| {
            let removed = names.iter().filter(|name| index.take(name)).count();
            (removed, removed > 0)
        })
    }

    /// Takes away every entry that `chosen` picks, whatever its name is, in one write; what was taken. Content stays until
    /// the next garbage collection.
    pub fn remove_where(&self, mut chosen: impl FnMut(&StoredImage) -> bool) -> Result<Vec<StoredImage>> {
        self.update(|index| {
            let taken = index.take_where(|entry| stored_image(entry).filter(|image| chosen(image)));
            let changed = !taken.is_empty();
            (taken, changed)
        })
    }

    /// A cheap look at whether the index changed since the last look.
    pub fn stamp(&self) -> Result<Stamp> {
        let path = self.index_path();
        let found = std::fs::symlink_metadata(&path).map_err(|error| io_error(&path, "open", error))?;
        Ok(Stamp { inode: found.ino(), size: found.len(), modified: (found.mtime(), found.mtime_nsec()) })
    }

    /// Reads, changes and, where `change` says so, replaces the index, alone among all processes.
    fn update<T>(&self, change: impl FnOnce(&mut Index) -> (T, bool)) -> Result<T> {
        let _lock = self.lock_index()?;
        let mut index = self.load_locked()?;
        let (outcome, changed) = change(&mut index);
        if changed {
            self.replace(&self.index_path(), &index.to_bytes())?;
        }
        Ok(outcome)
    }

    pub(super) fn lock_index(&self) -> Result<File> {
        let path = self.index_lock_path();
        let file = open_lock(&path).map_err(|error| io_error(&path, "open", error))?;
        file.lock().map_err(|error| io_error(&path, "lock", error))?;
        Ok(file)
    }

    pub(super) fn index_lock_path(&self) -> PathBuf {
        self.path().join("index.json.lock")
    }

    pub(super) fn index_path(&self) -> PathBuf {
        self.path().join("index.json")
    }

    /// The index as it is now. A damaged one is rebuilt.
    pub(super) fn load(&self) -> Result<Index> {
        match self.peek()? {
            Ok(index) => Ok(index),
            Err(_) => {
                let _lock = self.lock_index()?;
                self.load_locked()
            }
        }
    }

    /// As [`ContentStore::load`], for whoever holds the index's lock.
    pub(super) fn load_locked(&self) -> Result<Index> {
        match self.peek()? {
            Ok(index) => Ok(index),
            Err(damage) => self.rebuild(damage),
        }
    }

    /// The index, or what is wrong with it; an error where it must be left alone.
    fn peek(&self) -> Result<Result<Index, Damage>> {
        let (tries, pause) = PATIENCE;
        let mut damage = Damage::Missing;
        for attempt in 0..tries {
            if attempt > 0 {
                std::thread::sleep(pause);
            }
            match read_small(&self.index_path(), INDEX_CAP)? {
                // It is replaced by rename, never absent for a moment.
                None => return Ok(Err(Damage::Missing)),
                Some(bytes) => match Index::parse(&bytes) {
                    Ok(index) => return Ok(Ok(index)),
                    Err(IndexProblem::Newer(version)) => return Err(self.newer(version)),
                    Err(IndexProblem::Malformed(reason)) => damage = Damage::Malformed(reason),
                },
            }
        }
        Ok(Err(damage))
    }

    fn newer(&self, version: u64) -> Error {
        let path = self.index_path();
        let message =
            format!("`{}` has the schema version `{version}`, newer than this program", path.display());
        Error::new(Code::StoreCorrupt, message)
            .with_hint("Use the newer program that wrote it, or choose another directory for the store")
    }
}

/// The one place of the store that reads the clock for something it writes down.
fn pulled_at_now() -> String {
    let now = jiff::Timestamp::now();
    now.round(jiff::Unit::Second).unwrap_or(now).to_string()
}
