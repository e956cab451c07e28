//! Who is using the store, so that the garbage collector never deletes what a transfer just wrote.
//!
//! Every lease holds a shared lock on `leases/gc.lock`; the collector takes it exclusively. These are flocks: the
//! kernel releases them when their owner dies, however it dies. Beside it a lease locks a file of its own that
//! carries its process id, only so that a collector that can't go on says whom it waits for.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{ContentStore, io_error};
use crate::error::{Code, Error, Result};

/// Keeps the garbage collector out until it is dropped.
#[derive(Debug)]
pub struct Lease {
    owner: Option<(PathBuf, File)>,
    /// Released last, when the file closes. None on a read-only file system, where nothing can be collected.
    _shared: Option<File>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some((path, _)) = &self.owner {
            let _ = fs::remove_file(path);
        }
    }
}

/// A process that holds a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process id, as it wrote it down.
    pub pid: u32,
}

impl ContentStore {
    /// Makes the lock files ahead of need: on a full disk it would be too late, and then the collector needs them.
    pub(super) fn make_locks(&self) -> Result<()> {
        for path in [self.gate_path(), self.index_lock_path()] {
            match open_lock(&path) {
                Err(error) if error.kind() != io::ErrorKind::ReadOnlyFilesystem => {
                    return Err(io_error(&path, "create", error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes a lease, for the time of a transfer. While a collection runs, which is short, this waits.
    ///
    /// What is committed under the lease and named before it ends is never collected.
    pub fn lease(&self) -> Result<Lease> {
        let path = self.gate_path();
        let shared = match open_lock(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
                return Ok(Lease { owner: None, _shared: None });
            }
            Err(error) => return Err(io_error(&path, "open", error)),
        };
        shared.lock_shared().map_err(|error| io_error(&path, "lock", error))?;
        Ok(Lease { owner: self.sign(), _shared: Some(shared) })
    }

    /// Writes down who holds the lease. Where that fails, on a full disk say, the lease holds all the same.
    fn sign(&self) -> Option<(PathBuf, File)> {
        let path = self.leases_dir().join(self.unique("owner"));
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).ok()?;
        file.try_lock().ok()?;
        file.set_len(0).and_then(|()| file.write_all(std::process::id().to_string().as_bytes())).ok()?;
        Some((path, file))
    }

    /// Shuts every lease out, or says who holds one.
    pub(super) fn exclusive(&self) -> Result<Result<File, Vec<Holder>>> {
        let path = self.gate_path();
        let gate = open_lock(&path).map_err(|error| io_error(&path, "open", error))?;
        match gate.try_lock() {
            Ok(()) => Ok(Ok(gate)),
            Err(TryLockError::WouldBlock) => Ok(Err(self.holders()?)),
            Err(TryLockError::Error(error)) => Err(io_error(&path, "lock", error)),
        }
    }

    /// The processes that hold a lease now, each once.
    pub fn holders(&self) -> Result<Vec<Holder>> {
        let mut holders = Vec::new();
        for path in self.signatures()? {
            // Gone meanwhile: its lease ended.
            let Ok(mut file) = File::open(&path) else { continue };
            if matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                if let Ok(pid) = text.trim().parse() {
                    holders.push(Holder { pid });
                }
            }
        }
        holders.sort_by_key(|holder| holder.pid);
        holders.dedup();
        Ok(holders)
    }

    /// Removes what dead processes left. Only for whoever holds the gate exclusively: nobody can be signing then.
    pub(super) fn forget_dead_leases(&self) -> Result<()> {
        for path in self.signatures()? {
            let _ = fs::remove_file(path);
        }
        Ok(())
    }

    fn signatures(&self) -> Result<Vec<PathBuf>> {
        let dir = self.leases_dir();
        let listing = fs::read_dir(&dir).map_err(|error| io_error(&dir, "list", error))?;
        let mut found = Vec::new();
        for entry in listing {
            let entry = entry.map_err(|error| io_error(&dir, "list", error))?;
            if entry.file_name().to_string_lossy().starts_with("owner-") {
                found.push(entry.path());
            }
        }
        Ok(found)
    }

    fn leases_dir(&self) -> PathBuf {
        self.path().join("leases")
    }

    fn gate_path(&self) -> PathBuf {
        self.leases_dir().join("gc.lock")
    }
}

/// The collector's error while others work.
pub(super) fn busy(store: &Path, holders: &[Holder]) -> Error {
    let who = match holders {
        [] => "another process".to_owned(),
        [one] if one.pid == std::process::id() => "a transfer of this program".to_owned(),
        some => {
            let pids: Vec<_> = some.iter().map(|holder| format!("`{}`", holder.pid)).collect();
            format!("process {}", pids.join(", "))
        }
    };
    Error::new(Code::StoreFailed, format!("nothing was collected: `{}` is in use by {who}", store.display()))
        .with_hint("Collect again when its transfer has ended")
}

/// Opens a lock file, made if it is missing; a reader's rights are enough for one that exists.
pub(super) fn open_lock(path: &Path) -> io::Result<File> {
    let no_link = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    match OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(no_link)
        .open(path)
    {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied
            ) =>
        {
            File::open(path).map_err(|_| error)
        }
        other => other,
    }
}
