//! Conventions that fail as tests.
//!
//! Each module is one rule: a function from the repository's files to the sentences that say what is wrong, tried on
//! small bad examples beside it. `tests/repository.rs` holds the real files against all of them.

pub mod crates;
pub mod faults;
pub mod files;
pub mod modules;
mod rust;
pub mod ui;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// A text file of the repository.
#[derive(Clone, Debug)]
pub struct File {
    /// Relative to the repository's root, with slashes.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl File {
    /// A file of an example.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether the name ends with one of these extensions, given without the dot.
    fn has_extension(&self, extensions: &[&str]) -> bool {
        let extension = self.path.rsplit_once('.').map_or("", |(_, extension)| extension);
        extensions.contains(&extension)
    }

    /// Lines with their numbers, from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every text file that is committed or about to be: what git knows or would add, and without git what lies there.
///
/// # Errors
/// What the file system answers.
pub fn repository() -> io::Result<Vec<File>> {
    let root = root();
    let paths = match listed_by_git(&root) {
        Some(paths) => paths,
        None => {
            let mut paths = Vec::new();
            walk(&root, "", &mut paths)?;
            paths
        }
    };
    let mut files = Vec::new();
    for path in paths {
        let full = root.join(&path);
        // A file that git lists may be deleted in the work tree; what is not text has no conventions.
        if full.symlink_metadata().is_ok_and(|it| it.is_file())
            && let Ok(text) = String::from_utf8(fs::read(full)?)
        {
            files.push(File { path, text });
        }
    }
    Ok(files)
}

fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").arg("-C").arg(root).args(listing).output().ok()?;
    let paths = String::from_utf8(output.stdout).ok()?;
    let mut paths: Vec<String> =
        paths.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    paths.sort();
    paths.dedup();
    (output.status.success() && !paths.is_empty()).then_some(paths)
}

fn walk(dir: &Path, prefix: &str, paths: &mut Vec<String>) -> io::Result<()> {
    const SKIPPED: &[&str] = &[".git", "target", "node_modules", "dist", "gen", "out"];
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        if entry.file_type()?.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                walk(&entry.path(), &path, paths)?;
            }
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_file_is_found_either_way() {
        let mut walked = Vec::new();
        walk(&root(), "", &mut walked).unwrap();
        for paths in [walked, repository().unwrap().into_iter().map(|file| file.path).collect()] {
            assert!(paths.iter().any(|path| path == "tests/tidy/src/lib.rs"), "{paths:?}");
        }
    }
}
