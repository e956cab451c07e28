//! Writing a `config.json`, or a file like it: whole or not at all, one writer at a time, for the user's eyes alone.
//!
//! Invariants: a file that does not parse is never written over; the file is replaced by rename, after an fsync of the
//! new one and before an fsync of the folder; what a symbolic link points to is replaced, never the link; its mode is
//! 0600 from the first byte. The lock is a file beside it that goes when the writer does: where one crashed it is
//! left behind without an owner, and the next writer takes it and removes it, with any half-written file.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::edit::{Edit, edited};
use super::{DockerConfig, is_absent};
use crate::disk::Disk;
use crate::error::{Code, Error, Result};

/// How long a writer waits for the one before it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many links are followed to the file.
const LINKS: usize = 40;

/// What came of it.
#[derive(Debug)]
pub(in crate::credential) enum Written {
    /// The file says so now; with what a person should know.
    Done(Vec<String>),
    /// It can't be written to at all: its disk or folder is read-only, or another user's. Nothing was changed.
    ReadOnly(Error),
}

/// Changes the file, under its lock, by what `change` makes of its present content. An absent file is made.
///
/// Blocks, at most half a minute for the lock.
///
/// # Errors
/// [`Code::CredentialConfig`] where the file can't be used as it is (it is left so), where another writer holds the lock
/// too long, or where writing fails; what `change` gives.
pub(in crate::credential) fn update(
    path: &Path,
    disk: &Disk,
    change: impl FnOnce(Option<&DockerConfig>) -> Result<Vec<Edit>>,
) -> Result<Written> {
    let name = path.display().to_string();
    let failed = |what: &str, problem: io::Error| {
        Error::new(Code::CredentialConfig, format!("`{name}` can't be {what}"))
            .with_hint("Check the folder's permissions and the room on its disk; nothing was changed")
            .with_source(problem)
    };
    let begin = || {
        let target = target_of(path)?;
        let dir = target.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        make_dirs(dir, disk)?;
        let lock = Lock::take_within(&beside(&target, ".lock"), PATIENCE)?;
        Ok((target.clone(), dir.to_owned(), lock))
    };
    let (target, dir, lock) = match begin() {
        Ok(begun) => begun,
        Err(problem) if is_read_only(&problem) => {
            // What is wrong with the file itself is worth more than that it could not be written to.
            DockerConfig::read(path)?;
            return Ok(Written::ReadOnly(failed("written to", problem)));
        }
        Err(problem) => return Err(failed("written to", problem)),
    };
    let Some(_lock) = lock else {
        let lock = beside(&target, ".lock");
        let message =
            format!("`{name}` is being written to by another program, which holds `{}`", lock.display());
        return Err(Error::new(Code::CredentialConfig, message)
            .with_hint("Wait for the other program, or end it, and try again"));
    };
    remove_leftovers(&target, disk);

    // Whether it may be read at all, and who else may; then its text, once, for what is decided and what is edited.
    let loose_mode = DockerConfig::read(&target)?.and_then(|config| config.loose_mode);
    let text = match fs::read_to_string(&target) {
        Ok(text) => Zeroizing::new(text),
        Err(problem) if is_absent(&problem) => Zeroizing::default(),
        Err(problem) => return Err(failed("read", problem)),
    };
    let edits = change(DockerConfig::parse(text.as_bytes(), &name)?.as_ref())?;
    if edits.is_empty() {
        return Ok(Written::Done(Vec::new()));
    }
    let new = edited(&text, &edits).map(Zeroizing::new).map_err(|why| {
        Error::new(Code::CredentialConfig, format!("`{name}` is left as it is: {why}"))
            .with_hint("Correct the file by hand, then try again")
    })?;
    if *new != *text || loose_mode.is_some() {
        match replace(&target, &dir, new.as_bytes(), disk) {
            Ok(()) => {}
            Err(problem) if is_read_only(&problem) => {
                return Ok(Written::ReadOnly(failed("written to", problem)));
            }
            Err(problem) => return Err(failed("written to", problem)),
        }
    }
    let warning = |mode| format!("other users could read `{name}` (mode {mode:04o}); its mode is 0600 now");
    Ok(Written::Done(loose_mode.map(warning).into_iter().collect()))
}

/// Where the file really is: at the end of the symbolic links, also where that does not exist yet.
fn target_of(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&target) {
            Ok(link) => target = target.parent().unwrap_or(Path::new("")).join(link),
            Err(problem) if problem.kind() == io::ErrorKind::InvalidInput || is_absent(&problem) => {
                return Ok(target);
            }
            Err(problem) => return Err(problem),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// Makes the folder and those above it that are missing, for the user alone, as docker does.
fn make_dirs(dir: &Path, disk: &Disk) -> io::Result<()> {
    let missing: Vec<&Path> =
        dir.ancestors().take_while(|dir| !dir.as_os_str().is_empty() && !dir.exists()).collect();
    for dir in missing.into_iter().rev() {
        match fs::DirBuilder::new().mode(0o700).create(dir) {
            Err(problem) if problem.kind() != io::ErrorKind::AlreadyExists => return Err(problem),
            _ => disk
                .sync_dir(dir.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")))?,
        }
    }
    Ok(())
}

fn replace(target: &Path, dir: &Path, bytes: &[u8], disk: &Disk) -> io::Result<()> {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let number = SERIAL.fetch_add(1, Ordering::Relaxed);
    let temp = beside(target, &format!("{LEFTOVER}{}-{number}", std::process::id()));
    disk.create_private(&temp, bytes)?;
    let placed = keep_owner(target, &temp).and_then(|()| disk.rename(&temp, target));
    if placed.is_err() {
        let _ = disk.remove(&temp);
    }
    placed?;
    disk.sync_dir(dir)
}

/// Under sudo the file stays its owner's.
fn keep_owner(target: &Path, temp: &Path) -> io::Result<()> {
    let Ok(old) = target.metadata() else { return Ok(()) };
    let new = temp.metadata()?;
    if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
        std::os::unix::fs::chown(temp, Some(old.uid()), Some(old.gid()))?;
    }
    Ok(())
}

/// How the name of a half-written file goes on after the file's own.
const LEFTOVER: &str = ".longshore-";

/// Removes what writers that crashed left half-written: whoever holds the lock is the only one who writes.
fn remove_leftovers(target: &Path, disk: &Disk) {
    let Some((dir, name)) = target.parent().zip(target.file_name()) else { return };
    let begin = format!("{}{LEFTOVER}", name.to_string_lossy());
    let entries = fs::read_dir(if dir.as_os_str().is_empty() { Path::new(".") } else { dir });
    for entry in entries.into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&begin) {
            let _ = disk.remove(&entry.path());
        }
    }
}

fn beside(target: &Path, suffix: &str) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    target.with_file_name(name)
}

fn is_read_only(problem: &io::Error) -> bool {
    matches!(problem.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
}

/// A lock that is held. Its file goes first, then the lock: whoever waited for it finds the file gone and begins anew.
struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// `None` where another has it for longer than is worth waiting.
    fn take_within(path: &Path, patience: Duration) -> io::Result<Option<Self>> {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_millis(1);
        loop {
            let nofollow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
            let open = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .mode(0o600)
                .custom_flags(nofollow)
                .open(path);
            let file = open?;
            match file.try_lock() {
                Ok(()) => {
                    let same = |there: fs::Metadata, ours: fs::Metadata| {
                        (there.dev(), there.ino()) == (ours.dev(), ours.ino())
                    };
                    // Its last owner may have removed it after it was opened here: then it locks nothing.
                    if fs::symlink_metadata(path)
                        .is_ok_and(|there| file.metadata().is_ok_and(|ours| same(there, ours)))
                    {
                        return Ok(Some(Self { path: path.to_owned(), _file: file }));
                    }
                }
                Err(TryLockError::WouldBlock) if Instant::now() > deadline => return Ok(None),
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(20));
                }
                Err(TryLockError::Error(problem)) => return Err(problem),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests;
