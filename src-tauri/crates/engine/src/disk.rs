//! The file operations whose order decides what a power loss leaves behind.
//!
//! All writing of the store and of the files with credentials goes through here. The power-loss tests have a [`Disk`]
//! keep a log, and replay it cut at every point, with every fsync left out in turn.

#[cfg(test)]
pub(crate) mod replay;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Writes, renames and fsyncs.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    log: Option<Mutex<Vec<Operation>>>,
}

/// One logged operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    MakeDir(PathBuf),
    Write(PathBuf, Vec<u8>),
    SyncFile(PathBuf),
    SyncDir(PathBuf),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

impl Disk {
    /// Creates the file `path`, which must not exist yet, with `bytes`, and makes them durable. The name becomes
    /// durable with [`Disk::sync_dir`] or [`Disk::rename`] alone. A failed file is removed again.
    pub(crate) fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.create_with(OpenOptions::new().write(true).create_new(true), path, bytes)
    }

    /// As [`Disk::create`], for the user alone: mode 0600 from the first moment.
    pub(crate) fn create_private(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.create_with(OpenOptions::new().write(true).create_new(true).mode(0o600), path, bytes)
    }

    fn create_with(&self, options: &OpenOptions, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = options.open(path)?;
        let written = file.write_all(bytes).and_then(|()| {
            self.note(|| Operation::Write(path.into(), bytes.into()));
            self.sync_file(&file, path)
        });
        if written.is_err() {
            let _ = fs::remove_file(path);
        }
        written
    }

    fn sync_file(&self, file: &File, path: &Path) -> io::Result<()> {
        file.sync_data()?;
        self.note(|| Operation::SyncFile(path.into()));
        Ok(())
    }

    /// Puts `from` in the place of `to` atomically; not durable before an fsync of the directory of `to`.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)?;
        self.note(|| Operation::Rename(from.into(), to.into()));
        Ok(())
    }

    /// Makes the names in `dir` durable.
    pub(crate) fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()?;
        self.note(|| Operation::SyncDir(dir.into()));
        Ok(())
    }

    /// Creates one directory; false if it is there already.
    pub(crate) fn make_dir(&self, dir: &Path) -> io::Result<bool> {
        match fs::create_dir(dir) {
            Ok(()) => {
                self.note(|| Operation::MakeDir(dir.into()));
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes a file; false if it was gone already.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<bool> {
        match fs::remove_file(path) {
            Ok(()) => {
                self.note(|| Operation::Remove(path.into()));
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn note(&self, operation: impl FnOnce() -> Operation) {
        if let Some(log) = &self.log {
            log.lock().expect("nothing panics while it holds the log").push(operation());
        }
    }

    #[cfg(test)]
    pub(crate) fn logged() -> Self {
        Self { log: Some(Mutex::default()) }
    }

    #[cfg(test)]
    pub(crate) fn operations(&self) -> Vec<Operation> {
        self.log.as_ref().map(|log| log.lock().expect("unpoisoned").clone()).unwrap_or_default()
    }
}
