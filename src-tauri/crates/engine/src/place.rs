//! A file that stands in its place when it is whole, and not before: what stood there stays until then.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::error::{Code, Error, Result};

/// What a file is called until it is whole.
const PREFIX: &str = ".longshore-save-";
/// How long a file may be without its lock.
const NEW: Duration = Duration::from_secs(10);
/// Bytes that are written before the disk is told to begin with them.
const AHEAD: u64 = 16 << 20;

/// Writes a file with `write`, and puts it in its place when that is done. A link that stands there is replaced, and what it
/// leads to stays as it is. What `write` gave, and the file's length, bytes.
///
/// # Errors
/// As [`Place::begin`]; what `write` gives.
pub fn write<T>(path: &Path, write: impl FnOnce(&mut Writer) -> Result<T>) -> Result<(T, u64)> {
    let (place, file) = Place::begin(path)?;
    let failed = |error| failed(&path.display().to_string(), error);
    let mut writer = Writer::new(file);
    let done = write(&mut writer)?;
    let file = writer.finish().map_err(failed)?;
    Ok((done, place.put(&file).map_err(failed)?))
}

/// A file beside the place where it will stand.
pub struct Place {
    path: PathBuf,
    temp: NamedTempFile,
}

impl Place {
    /// Makes the file. Files of the same folder that a killed program left half-written go.
    ///
    /// # Errors
    /// [`Code::StoreFailed`], [`Code::StoreReadOnly`] or [`Code::StoreFull`] where the folder takes no file.
    pub fn begin(path: &Path) -> Result<(Self, File)> {
        let dir = folder(path);
        sweep(dir, PREFIX);
        let io = |error| failed(&path.display().to_string(), error);
        // For everybody to read, as far as the umask lets them: as a file is that is made in the usual way.
        let mode = std::fs::Permissions::from_mode(0o666);
        let temp = tempfile::Builder::new().prefix(PREFIX).permissions(mode).tempfile_in(dir).map_err(io)?;
        // A lock says that somebody is writing it still.
        let _ = temp.as_file().try_lock();
        let file = temp.reopen().map_err(io)?;
        Ok((Self { path: path.to_owned(), temp }, file))
    }

    /// What errors call it.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Puts it there, durably. Its length, bytes.
    ///
    /// # Errors
    /// The file system's.
    pub fn put(self, file: &File) -> io::Result<u64> {
        file.sync_all()?;
        let length = file.metadata()?.len();
        self.temp.persist(&self.path).map_err(|error| error.error)?;
        File::open(folder(&self.path))?.sync_all()?;
        Ok(length)
    }
}

/// Writes a file from its beginning on. The disk begins with what was written meanwhile, so that little is left to wait for
/// at the end.
pub struct Writer(BufWriter<Flowing>);

struct Flowing {
    file: File,
    position: u64,
    begun: u64,
}

impl Writer {
    /// Over a new file.
    pub fn new(file: File) -> Self {
        Self(BufWriter::with_capacity(1 << 20, Flowing { file, position: 0, begun: 0 }))
    }

    /// Writes what is still held back, and gives the file.
    ///
    /// # Errors
    /// The file system's.
    pub fn finish(self) -> io::Result<File> {
        Ok(self.0.into_inner().map_err(io::Error::from)?.file)
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Write for Flowing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.position += count as u64;
        if self.position - self.begun >= AHEAD {
            // Of pages that are not on the disk yet Linux takes this as the word to write them; they stay in memory.
            #[cfg(target_os = "linux")]
            let _ = rustix::fs::fadvise(
                &self.file,
                self.begun,
                std::num::NonZeroU64::new(self.position - self.begun),
                rustix::fs::Advice::DontNeed,
            );
            self.begun = self.position;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The folder that a file is in.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Deletes what killed programs left: files of ours that nobody has locked. A new one is not locked for a moment.
pub(crate) fn sweep(dir: &Path, prefix: &str) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let is_old = modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > NEW));
        if !is_old || !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        // What can't be opened or deleted is somebody else's, and no reason not to save.
        let file = std::fs::OpenOptions::new().write(true).open(entry.path());
        if file.is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Why a place can't be written to, which `name` says.
pub fn failed(name: &str, error: io::Error) -> Error {
    use io::ErrorKind;
    let (code, hint) = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            (Code::StoreFull, "Free some space there, or save to another disk; what stood there is as it was")
        }
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            (Code::StoreReadOnly, "Save to a folder that you may write to")
        }
        ErrorKind::NotFound => (Code::StoreFailed, "Make the folder first, or correct the path"),
        ErrorKind::BrokenPipe => {
            (Code::StoreFailed, "The program that reads it ended before all was written")
        }
        _ => (Code::StoreFailed, "Check the disk; what stood there is as it was"),
    };
    Error::new(code, format!("`{name}` can't be written")).with_hint(hint).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_there_stays_until_the_new_file_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("it"), folder.path().join("link"));
        std::fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let count = || std::fs::read_dir(folder.path()).unwrap().count();
        let broken = write(&path, |out| {
            out.write_all(b"half").unwrap();
            Err::<(), _>(Error::cancelled())
        });
        assert_eq!(broken.unwrap_err().code(), Code::Cancelled);
        assert_eq!((std::fs::read(&path).unwrap(), count()), (b"old".to_vec(), 2));

        // More than the disk is told of at once, and not a multiple of it.
        let new = b"0123456789abc".repeat(2 * usize::try_from(AHEAD).unwrap() / 13 + 1_000);
        let ((), length) = write(&link, |out| {
            new.chunks(100_000).for_each(|piece| out.write_all(piece).unwrap());
            assert_eq!(std::fs::read(&link).unwrap(), b"old");
            Ok(())
        })
        .unwrap();
        assert_eq!(length, new.len() as u64);
        assert!(std::fs::read(&link).unwrap() == new);
        assert!(link.symlink_metadata().unwrap().is_file());
        assert_eq!((std::fs::read(&path).unwrap(), count()), (b"old".to_vec(), 2));
        // As any file that is made there.
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode();
        std::fs::write(folder.path().join("other"), "").unwrap();
        assert_eq!(mode(&link), mode(&folder.path().join("other")));
    }

    #[test]
    fn a_place_that_takes_no_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&folder.path().join("none/it"), |_| Ok(())).unwrap_err();
        assert_eq!(error.code(), Code::StoreFailed);
        assert!(error.to_string().contains("none/it"), "{error}");
    }
}
