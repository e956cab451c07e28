//! What the operating system's errors mean for a store, and what to do about each.

use std::io;
use std::path::Path;

use crate::error::{Code, Error};

/// The engine's error for a failed file operation; `action` is a verb in the infinitive (`write`, `open`).
///
/// No room, no quota, no inodes, file too large: [`Code::StoreFull`]. Read-only or not permitted:
/// [`Code::StoreReadOnly`]. Everything else, a vanished directory or a failing disk: [`Code::StoreFailed`].
pub fn io_error(path: &Path, action: &str, error: io::Error) -> Error {
    classify(path, action, None, error)
}

/// As [`io_error`], where it is known that `needed` more bytes were to be written: a full disk's message says so.
pub fn io_error_needing(path: &Path, action: &str, needed: u64, error: io::Error) -> Error {
    classify(path, action, Some(needed), error)
}

fn classify(path: &Path, action: &str, needed: Option<u64>, error: io::Error) -> Error {
    use io::ErrorKind as Kind;
    let shown = path.display();
    let failed = match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => {
            full(path, action, needed, error.kind() == Kind::QuotaExceeded)
        }
        Kind::FileTooLarge => {
            let size = needed.map(|needed| format!(" of {}", size(needed))).unwrap_or_default();
            Error::new(
                Code::StoreFull,
                format!("could not {action} `{shown}`: a file{size} is over the limit here"),
            )
            .with_hint(
                "Raise the limit on file sizes (`ulimit -f`), or keep the store on another file system",
            )
        }
        Kind::ReadOnlyFilesystem | Kind::PermissionDenied => {
            let why =
                if error.kind() == Kind::ReadOnlyFilesystem { "mounted read-only" } else { "not permitted" };
            Error::new(Code::StoreReadOnly, format!("could not {action} `{shown}`: {why}"))
                .with_hint("Make the store's directory writable, or choose another one")
        }
        Kind::NotFound => {
            Error::new(Code::StoreFailed, format!("could not {action} `{shown}`: it is not there any more"))
                .with_hint("Check that the disk with the store is connected, then try again")
        }
        _ if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => {
            Error::new(Code::StoreFailed, format!("could not {action} `{shown}`: the disk reports an error"))
                .with_hint("Check the disk (`dmesg` shows its errors), or keep the store on another one")
        }
        _ => Error::new(Code::StoreFailed, format!("could not {action} `{shown}`"))
            .with_hint("Try again, or choose another directory for the store"),
    };
    failed.with_source(error)
}

fn full(path: &Path, action: &str, needed: Option<u64>, quota: bool) -> Error {
    let shown = path.display();
    let room = room(path);
    let why = match room {
        _ if quota => "the disk quota is used up".to_owned(),
        Some(Room { files: Some(0), .. }) => "the file system has no inodes left, too many files".to_owned(),
        Some(Room { bytes, .. }) => match needed {
            Some(needed) => format!("{} are needed and {} are free", size(needed), size(bytes)),
            None => format!("the disk is full, {} are free", size(bytes)),
        },
        None => "the disk is full".to_owned(),
    };
    Error::new(Code::StoreFull, format!("could not {action} `{shown}`: {why}")).with_hint(
        "Free some space, for example with `longshore gc`, then try again: what is here already is kept",
    )
}

struct Room {
    bytes: u64,
    /// None where the file system does not count files.
    files: Option<u64>,
}

/// What is free at the nearest directory above `path` that exists.
fn room(path: &Path) -> Option<Room> {
    let found = path.ancestors().find_map(|at| rustix::fs::statvfs(at).ok())?;
    let files = (found.f_files > 0).then_some(found.f_favail);
    Some(Room { bytes: found.f_bavail.saturating_mul(found.f_frsize), files })
}

/// Decimal units, one digit: `412 B`, `3.1 MB`.
fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    for unit in ["kB", "MB", "GB"] {
        value /= 1000.0;
        if value < 999.95 {
            return format!("{value:.1} {unit}");
        }
    }
    format!("{:.1} TB", value / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_gets_its_code_and_a_next_action() {
        use rustix::io::Errno;
        for (name, errno, code, says) in [
            ("no space", Errno::NOSPC, Code::StoreFull, "are needed and"),
            ("quota", Errno::DQUOT, Code::StoreFull, "quota"),
            ("file too large", Errno::FBIG, Code::StoreFull, "a file of 5.0 MB"),
            ("read-only", Errno::ROFS, Code::StoreReadOnly, "mounted read-only"),
            ("no permission", Errno::ACCESS, Code::StoreReadOnly, "not permitted"),
            ("not owner", Errno::PERM, Code::StoreReadOnly, "not permitted"),
            ("vanished", Errno::NOENT, Code::StoreFailed, "not there any more"),
            ("failing disk", Errno::IO, Code::StoreFailed, "the disk reports an error"),
            ("anything else", Errno::NAMETOOLONG, Code::StoreFailed, "could not write"),
        ] {
            let error = io_error_needing(Path::new("/proc/x"), "write", 5_000_000, errno.into());
            assert_eq!(error.code(), code, "{name}");
            assert!(error.message().contains(says), "{name}: {}", error.message());
            assert!(error.hint().is_some(), "{name}");
            assert_eq!(error.causes().len(), 1, "{name}: the cause is kept");
        }
    }

    #[test]
    fn sizes_are_readable() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (u64::MAX, "18446744.1 TB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
