//! Garbage collection: deletes what no name reaches, and nothing else.
//!
//! It runs alone: it shuts out every lease, so no transfer has written something that it did not name yet, and it
//! holds the index's lock, so no name appears meanwhile. Whether a blob stays depends on the names alone, never on a
//! clock. Age counts for partial downloads only, and a time in the future counts as now.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use oci::digest::{Algorithm, Digest};
use oci::graph::{MANIFEST_CAP, Node};

use super::layout::damaged;
use super::lease::busy;
use super::{ContentStore, io_error};
use crate::error::{Error, Result};

/// How long a partial download waits to be resumed.
const PARTIAL_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What a collection freed, or would free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GarbageReport {
    /// Blobs that no name reaches.
    pub blobs: u64,
    /// Bytes in all: those blobs, old partial downloads, quarantined blobs, caches of what is gone.
    pub bytes: u64,
}

impl ContentStore {
    /// Deletes what no entry of the index reaches, partial downloads that nobody resumed for a week, quarantined blobs
    /// and caches of blobs that are gone. With `dry_run` it only counts.
    ///
    /// Fails without deleting anything while anyone holds a [`super::Lease`] ([`crate::Code::StoreFailed`], naming the
    /// process), and where a damaged manifest hides what it needs ([`crate::Code::StoreCorrupt`]).
    pub fn gc(&self, dry_run: bool) -> Result<GarbageReport> {
        self.gc_unless_busy(dry_run)?.map_err(|holders| busy(self.path(), &holders))
    }

    /// As [`ContentStore::gc`], for callers that go on without a collection: the holders of leases where there are any.
    pub fn gc_unless_busy(&self, dry_run: bool) -> Result<Result<GarbageReport, Vec<super::Holder>>> {
        self.collect(dry_run, SystemTime::now())
    }

    pub(super) fn collect(
        &self,
        dry_run: bool,
        now: SystemTime,
    ) -> Result<Result<GarbageReport, Vec<super::Holder>>> {
        let _gate = match self.exclusive()? {
            Ok(gate) => gate,
            Err(holders) => return Ok(Err(holders)),
        };
        let _index_lock = self.lock_index()?;
        let reached = self.reached()?;
        let mut sweep = Sweep { store: self, dry_run, now, report: GarbageReport::default() };
        sweep.blobs(&reached)?;
        sweep.ingest()?;
        sweep.quarantine()?;
        sweep.cache(&reached)?;
        if !dry_run {
            self.forget_dead_leases()?;
        }
        Ok(Ok(sweep.report))
    }

    /// Every digest that the index reaches, whether its blob is here or not: of a multi-platform image often is only
    /// one platform's part.
    fn reached(&self) -> Result<HashSet<Digest>> {
        let index = self.load_locked()?;
        let mut reached = HashSet::new();
        // As text: an entry that is no descriptor to us may be one to a newer tool.
        let mut manifests = digests_in(&index.to_bytes());
        while let Some(digest) = manifests.pop() {
            if !reached.insert(digest.clone()) {
                continue;
            }
            let Some(size) = self.blob_size(&digest)? else { continue };
            if size > MANIFEST_CAP {
                continue;
            }
            let bytes = self.read_unchecked(&digest, MANIFEST_CAP)?;
            if Digest::of(digest.algorithm(), &bytes) != digest {
                return Err(hidden(&digest));
            }
            match Node::parse(&bytes, None) {
                // What an index lists is looked into as well; what a manifest lists is a leaf.
                Ok(Node::Index(index)) => {
                    manifests.extend(index.manifests.into_iter().map(|child| child.digest));
                }
                Ok(node @ Node::Manifest(_)) => {
                    reached.extend(node.successors().into_iter().map(|leaf| leaf.digest.clone()));
                }
                // A kind that we do not know, or no manifest at all: whatever it mentions stays.
                Err(_) => reached.extend(digests_in(&bytes)),
            }
        }
        Ok(reached)
    }
}

fn hidden(digest: &Digest) -> Error {
    damaged(digest).with_hint("Pull its image again or remove its name, then collect: nothing was deleted")
}

struct Sweep<'a> {
    store: &'a ContentStore,
    dry_run: bool,
    now: SystemTime,
    report: GarbageReport,
}

impl Sweep<'_> {
    fn delete(&mut self, path: &Path, size: u64) -> Result<()> {
        if !self.dry_run {
            self.store.0.disk.remove(path).map_err(|error| io_error(path, "delete", error))?;
        }
        self.report.bytes += size;
        Ok(())
    }

    fn blobs(&mut self, reached: &HashSet<Digest>) -> Result<()> {
        for (digest, size) in self.store.blobs()? {
            if !reached.contains(&digest) {
                self.delete(&self.store.blob_path(&digest), size)?;
                self.report.blobs += 1;
            }
        }
        Ok(())
    }

    /// Partial downloads (`<alg>-<hex>.part` and the files beside it) go together: when the blob is here, or when the
    /// newest of them is old. Temporary files go by the same rule, each for itself.
    fn ingest(&mut self) -> Result<()> {
        let mut groups: BTreeMap<String, Vec<(PathBuf, fs::Metadata)>> = BTreeMap::new();
        for (path, name, found) in files_in(&self.store.ingest_dir())? {
            let stem = name.split_once('.').map_or(&*name, |(stem, _)| stem).to_owned();
            groups.entry(stem).or_default().push((path, found));
        }
        for (stem, files) in groups {
            let committed =
                digest_named(&stem).map(|digest| self.store.blob_size(&digest)).transpose()?.flatten();
            if files.iter().any(|(path, _)| is_locked(path)) {
                continue;
            }
            if committed.is_some() || files.iter().all(|(path, found)| self.is_old(path, found)) {
                for (path, found) in &files {
                    self.delete(path, found.len())?;
                }
            }
        }
        Ok(())
    }

    /// A file from the future would be young for years: it is set to now, and ages from here.
    fn is_old(&self, path: &Path, found: &fs::Metadata) -> bool {
        let Ok(modified) = found.modified() else { return false };
        match self.now.duration_since(modified) {
            Ok(age) => age > PARTIAL_AGE,
            Err(_) => {
                if !self.dry_run {
                    let _ =
                        File::options().write(true).open(path).and_then(|file| file.set_modified(self.now));
                }
                false
            }
        }
    }

    fn quarantine(&mut self) -> Result<()> {
        for (path, _, found) in files_in(&self.store.path().join("quarantine"))? {
            self.delete(&path, found.len())?;
        }
        Ok(())
    }

    /// Caches are named for the blob that they are made from; a file by any other name is of no use to anyone.
    fn cache(&mut self, reached: &HashSet<Digest>) -> Result<()> {
        for (path, name, found) in files_in(&self.store.path().join("cache"))? {
            let stem = name.split_once('.').map_or(&*name, |(stem, _)| stem);
            if !digest_named(stem).is_some_and(|digest| reached.contains(&digest)) {
                self.delete(&path, found.len())?;
            }
        }
        Ok(())
    }
}

/// The regular files in `dir` with their names, sorted; none where there is no such directory.
fn files_in(dir: &Path) -> Result<Vec<(PathBuf, String, fs::Metadata)>> {
    let listing = match fs::read_dir(dir) {
        Ok(listing) => listing,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error(dir, "list", error)),
    };
    let mut files = Vec::new();
    for entry in listing {
        let entry = entry.map_err(|error| io_error(dir, "list", error))?;
        match entry.metadata() {
            Ok(found) if found.is_file() => {
                files.push((entry.path(), entry.file_name().to_string_lossy().into_owned(), found));
            }
            _ => {}
        }
    }
    files.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(files)
}

/// Whether a process holds a lock on the file, as whoever writes a partial download does.
fn is_locked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// The digest of `sha256-<hex>`.
fn digest_named(stem: &str) -> Option<Digest> {
    stem.replacen('-', ":", 1).parse().ok()
}

/// Every digest that a text mentions.
fn digests_in(text: &[u8]) -> Vec<Digest> {
    let mut found = Vec::new();
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let prefix = format!("{}:", algorithm.as_str()).into_bytes();
        let whole = prefix.len() + algorithm.hex_len();
        for window in text.windows(whole).filter(|window| window.starts_with(&prefix)) {
            found.extend(std::str::from_utf8(window).ok().and_then(|text| text.parse().ok()));
        }
    }
    found
}
