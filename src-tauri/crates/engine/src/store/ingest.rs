//! Partial downloads: a blob on its way into the store, kept and resumed across a restart.
//!
//! `ingest/ALG-HEX.part` holds the bytes. As long as they come in order its length says how many there are; once
//! parts arrive out of order, `ingest/ALG-HEX.map` lists what is there, sixteen bytes a run (start, end). An
//! exclusive lock on `ingest/ALG-HEX.lock` keeps a second process, or a second job, from writing the same blob.
//! Nothing here is trusted: what was resumed is hashed from its first byte before it is committed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use oci::descriptor::Descriptor;
use oci::digest::Digest;

use super::{ContentStore, io_error};
use crate::blob::{RandomAccess, RangeSet};
use crate::error::{Code, Error, Result};
use crate::job::Job;

/// How often a lock that another process holds is tried.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// A blob on its way in, held exclusively. Dropping it keeps what arrived.
pub struct Ingest {
    store: ContentStore,
    digest: Digest,
    size: u64,
    paths: Paths,
    part: File,
    state: Mutex<State>,
    _lock: File,
}

struct Paths {
    part: PathBuf,
    map: PathBuf,
    lock: PathBuf,
}

#[derive(Default)]
struct State {
    /// End of the bytes that came in order; meaningless once there is a map.
    length: u64,
    map: Option<File>,
}

/// What there is to do for a blob.
pub enum Opened {
    /// It is in the store by now.
    Present,
    /// It is to be filled and committed.
    Partial(Ingest),
}

impl ContentStore {
    /// Opens a blob for writing, waiting while another job or process writes it.
    ///
    /// # Errors
    /// [`Code::Cancelled`] while it waits, and what the file system gives.
    pub async fn ingest(&self, blob: &Descriptor, job: &Job) -> Result<Opened> {
        loop {
            job.checkpoint().await?;
            let (store, blob) = (self.clone(), blob.clone());
            let opened = blocking(move || Ingest::try_open(store, &blob)).await?;
            match opened {
                Some(opened) => return Ok(opened),
                None => tokio::time::sleep(LOCK_POLL).await,
            }
        }
    }

    /// How many bytes of a blob an earlier transfer left.
    pub fn partial_bytes(&self, blob: &Descriptor) -> u64 {
        let paths = Paths::of(self, &blob.digest);
        let Ok(metadata) = std::fs::symlink_metadata(&paths.part) else { return 0 };
        if !metadata.is_file() || metadata.len() > blob.size {
            return 0;
        }
        read_map(&paths.map, metadata.len()).map_or(metadata.len(), |ranges| ranges.total())
    }
}

/// Runs file work where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.expect("file work does not panic")
}

impl Paths {
    fn of(store: &ContentStore, digest: &Digest) -> Self {
        let stem = format!("{}-{}", digest.algorithm().as_str(), digest.hex());
        let at = |ending: &str| store.ingest_dir().join(format!("{stem}.{ending}"));
        Self { part: at("part"), map: at("map"), lock: at("lock") }
    }
}

impl Ingest {
    /// None where another holds the lock.
    fn try_open(store: ContentStore, blob: &Descriptor) -> Result<Option<Opened>> {
        let paths = Paths::of(&store, &blob.digest);
        let lock = open(&paths.lock)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(io_error(&paths.lock, "lock", error)),
        }
        // Whoever held the lock before may have removed the file: only a lock on the file that has the name counts.
        let held = lock.metadata().map_err(|error| io_error(&paths.lock, "inspect", error))?;
        match std::fs::symlink_metadata(&paths.lock) {
            Ok(named) if named.ino() == held.ino() && named.dev() == held.dev() => {}
            _ => return Ok(None),
        }
        if store.blob_size(&blob.digest)? == Some(blob.size) {
            let _ = std::fs::remove_file(&paths.lock);
            return Ok(Some(Opened::Present));
        }
        let part = open(&paths.part)?;
        let ingest = Self {
            store,
            digest: blob.digest.clone(),
            size: blob.size,
            paths,
            part,
            state: Mutex::default(),
            _lock: lock,
        };
        ingest.load()?;
        Ok(Some(Opened::Partial(ingest)))
    }

    fn load(&self) -> Result<()> {
        let length =
            self.part.metadata().map_err(|error| io_error(&self.paths.part, "inspect", error))?.len();
        if length > self.size {
            return self.restart();
        }
        let mut state = self.state();
        state.length = length;
        if self.paths.map.symlink_metadata().is_ok() {
            state.map = Some(open_appending(&self.paths.map)?);
        }
        Ok(())
    }

    /// Makes the verified blob visible: file to disk, rename, directory to disk.
    ///
    /// # Errors
    /// What the file system gives; the partial download stays.
    pub fn commit(&self) -> Result<()> {
        let length =
            self.part.metadata().map_err(|error| io_error(&self.paths.part, "inspect", error))?.len();
        if length != self.size {
            return Err(Error::new(
                Code::StoreFailed,
                format!("the partial file of `{}` changed while it was written", self.digest),
            )
            .with_hint("Another program writes into the store; try again"));
        }
        self.part.sync_data().map_err(|error| io_error(&self.paths.part, "write to disk", error))?;
        self.store.commit(&self.paths.part, &self.digest)?;
        let _ = std::fs::remove_file(&self.paths.map);
        let _ = std::fs::remove_file(&self.paths.lock);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics while it holds the state")
    }
}

impl RandomAccess for Ingest {
    fn present(&self) -> RangeSet {
        let length = self.state().length;
        let file_length = self.part.metadata().map_or(0, |metadata| metadata.len());
        read_map(&self.paths.map, file_length).unwrap_or_else(|| RangeSet::of(0..length))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut state = self.state();
        let failed = |error| self.write_error(error);
        if state.map.is_none() && offset != state.length {
            let map = open_appending(&self.paths.map)?;
            (&map).write_all(&run(0, state.length)).map_err(failed)?;
            state.map = Some(map);
        }
        self.part.write_all_at(bytes, offset).map_err(failed)?;
        let end = offset + bytes.len() as u64;
        match &mut state.map {
            // The run is noted after its bytes are written: a crash between the two loses the run, never invents it.
            Some(map) => map.write_all(&run(offset, end)).map_err(failed)?,
            None => state.length = end,
        }
        Ok(())
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> Result<usize> {
        self.part.read_at(bytes, offset).map_err(|error| io_error(&self.paths.part, "read", error))
    }

    fn restart(&self) -> Result<()> {
        let mut state = self.state();
        match std::fs::remove_file(&self.paths.map) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(io_error(&self.paths.map, "remove", error));
            }
            _ => {}
        }
        self.part.set_len(0).map_err(|error| io_error(&self.paths.part, "empty", error))?;
        *state = State::default();
        Ok(())
    }
}

impl Ingest {
    /// Called while the state is locked: what is there is read from the files.
    fn write_error(&self, error: std::io::Error) -> Error {
        let error = io_error(&self.paths.part, "write", error);
        if error.code() != Code::StoreFull {
            return error;
        }
        let length = self.part.metadata().map_or(0, |metadata| metadata.len());
        let kept = read_map(&self.paths.map, length).map_or(length, |ranges| ranges.total());
        let missing = self.size.saturating_sub(kept);
        Error::new(
            Code::StoreFull,
            format!("no room for blob `{}`: {missing} more bytes are needed", self.digest.short()),
        )
        .with_hint("Free some space and pull again; what has arrived is kept")
        .with_source(error)
        .at_digest(&self.digest)
    }
}

fn run(start: u64, end: u64) -> [u8; 16] {
    let mut record = [0; 16];
    record[..8].copy_from_slice(&start.to_le_bytes());
    record[8..].copy_from_slice(&end.to_le_bytes());
    record
}

/// What a map lists, as far as the file reaches; none where there is no map. A torn last record is passed over.
fn read_map(path: &Path, file_length: u64) -> Option<RangeSet> {
    let mut bytes = Vec::new();
    no_follow(OpenOptions::new().read(true)).open(path).ok()?.read_to_end(&mut bytes).ok()?;
    let mut ranges = RangeSet::default();
    for record in bytes.chunks_exact(16) {
        let start = u64::from_le_bytes(record[..8].try_into().expect("eight bytes"));
        let end = u64::from_le_bytes(record[8..].try_into().expect("eight bytes"));
        ranges.insert(start..end.min(file_length));
    }
    Some(ranges)
}

/// A planted symbolic link must not lead a write elsewhere.
fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).expect("a flag of open(2)"))
}

fn open(path: &Path) -> Result<File> {
    no_follow(OpenOptions::new().read(true).write(true).create(true).truncate(false))
        .open(path)
        .map_err(|error| io_error(path, "open", error))
}

fn open_appending(path: &Path) -> Result<File> {
    no_follow(OpenOptions::new().append(true).create(true))
        .open(path)
        .map_err(|error| io_error(path, "open", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partial(store: &ContentStore, blob: &Descriptor) -> Ingest {
        match Ingest::try_open(store.clone(), blob).unwrap() {
            Some(Opened::Partial(ingest)) => ingest,
            _ => panic!("the blob is not open for writing"),
        }
    }

    fn scene(content: &[u8]) -> (tempfile::TempDir, ContentStore, Descriptor) {
        let dir = tempfile::tempdir().unwrap();
        let store = ContentStore::open(dir.path()).unwrap();
        let blob = Descriptor::new("application/octet-stream", Digest::sha256(content), content.len() as u64);
        (dir, store, blob)
    }

    #[test]
    fn in_order_bytes_are_resumed_from_their_length() {
        let (_dir, store, blob) = scene(b"0123456789");
        partial(&store, &blob).write_at(0, b"0123").unwrap();
        assert_eq!(store.partial_bytes(&blob), 4);
        let again = partial(&store, &blob);
        assert_eq!(again.present(), RangeSet::of(0..4));
        again.write_at(4, b"456789").unwrap();
        again.commit().unwrap();
        assert_eq!(store.blob_size(&blob.digest).unwrap(), Some(10));
        assert_eq!(std::fs::read_dir(store.ingest_dir()).unwrap().count(), 0, "nothing is left behind");
    }

    #[test]
    fn out_of_order_bytes_are_remembered_by_a_map() {
        let (_dir, store, blob) = scene(b"0123456789");
        let first = partial(&store, &blob);
        first.write_at(0, b"01").unwrap();
        first.write_at(6, b"67").unwrap();
        drop(first);
        let again = partial(&store, &blob);
        let mut want = RangeSet::of(0..2);
        want.insert(6..8);
        assert_eq!(again.present(), want);
        again.write_at(2, b"2345").unwrap();
        again.write_at(8, b"89").unwrap();
        assert_eq!(again.present(), RangeSet::of(0..10));
        again.commit().unwrap();
        assert_eq!(std::fs::read(store.blob_path(&blob.digest)).unwrap(), b"0123456789");
    }

    #[test]
    fn a_torn_map_record_and_runs_beyond_the_file_are_passed_over() {
        let (_dir, store, blob) = scene(b"0123456789");
        let first = partial(&store, &blob);
        first.write_at(4, b"45").unwrap();
        drop(first);
        let map = Paths::of(&store, &blob.digest).map;
        let mut bytes = std::fs::read(&map).unwrap();
        bytes.extend(run(6, 1 << 40));
        bytes.extend([7; 5]);
        std::fs::write(&map, bytes).unwrap();
        assert_eq!(partial(&store, &blob).present(), RangeSet::of(4..6));
    }

    #[test]
    fn f081_a_second_writer_waits() {
        let (_dir, store, blob) = scene(b"0123456789");
        let first = partial(&store, &blob);
        assert!(Ingest::try_open(store.clone(), &blob).unwrap().is_none(), "the lock is held");
        first.write_at(0, b"0123456789").unwrap();
        first.commit().unwrap();
        drop(first);
        assert!(matches!(Ingest::try_open(store, &blob).unwrap(), Some(Opened::Present)));
    }

    #[test]
    fn f085_a_planted_link_is_refused() {
        let (dir, store, blob) = scene(b"0123456789");
        let victim = dir.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, Paths::of(&store, &blob.digest).part).unwrap();
        assert!(Ingest::try_open(store, &blob).is_err());
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    }
}
