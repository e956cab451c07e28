//! What was under way when the window was closed, so that it can go on when it is opened again.
//!
//! Kept are requests, as the page made them: references and options, and no secret, since neither has room for one. What
//! was moved is in the store's partial downloads, and at the registry.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::wire::{PullRequest, PushRequest};

/// A file may be no larger, bytes; no queue is.
const CAP: u64 = 4 << 20;

/// A job that can be begun again from its request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kept {
    /// A pull.
    Pull(PullRequest),
    /// A push or a copy.
    Push(PushRequest),
}

/// What was kept; nothing where there is no such file, or it can't be read: a damaged file must not keep the window from
/// opening.
pub fn read(path: &Path) -> Vec<Kept> {
    let small = std::fs::metadata(path).is_ok_and(|metadata| metadata.len() <= CAP);
    let bytes = small.then(|| std::fs::read(path).ok()).flatten().unwrap_or_default();
    let entries: Vec<serde_json::Value> = serde_json::from_slice(&bytes).unwrap_or_default();
    // What a later version kept is passed over.
    entries.into_iter().filter_map(|entry| serde_json::from_value(entry).ok()).collect()
}

/// Keeps them, whole or not at all. Where that fails, what is under way is not known after a restart, which is no reason
/// to stop it.
pub fn write(path: &Path, jobs: &[Kept]) {
    let Some(folder) = path.parent() else { return };
    let written = || -> std::io::Result<()> {
        if jobs.is_empty() && !path.exists() {
            return Ok(());
        }
        std::fs::create_dir_all(folder)?;
        let mut beside = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut beside, jobs)?;
        beside.persist(path)?;
        Ok(())
    };
    let _ = written();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_or_newer_file_keeps_nothing_from_opening() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("jobs.json");
        assert_eq!(read(&path), []);
        let pull = |input: &str| {
            Kept::Pull(PullRequest {
                input: input.to_owned(),
                platform: None,
                all_platforms: false,
                all_tags: false,
            })
        };
        write(&path, &[pull("nginx")]);
        assert_eq!(read(&path), [pull("nginx")]);
        let text = std::fs::read_to_string(&path).expect("text");
        std::fs::write(&path, text.replace(']', r#",{"later":{}},5]"#)).expect("written");
        assert_eq!(read(&path), [pull("nginx")], "what is not known is passed over");
        std::fs::write(&path, "{ damaged").expect("written");
        assert_eq!(read(&path), []);
        write(&path, &[]);
        assert_eq!(std::fs::read(&path).expect("there"), b"[]");
    }
}
