//! Files that a person gave: dropped on the window, chosen in a dialog, or named on the command line.
//!
//! Invariant: a path comes in from the system alone and never from the page, which knows a file by its id; the id holds
//! until the window closes. Deliberately absent: what the files are; nothing is opened here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use engine::{Code, Error, Result};
use tokio::sync::broadcast;

use crate::wire::{FilesEvent, GivenFile};

/// Files that are taken at once: more is a slip of the mouse.
const MOST: usize = 100;
/// Events that a page may be behind.
const BEHIND: usize = 64;

/// The files, and whoever is told of them.
pub struct Given {
    state: Mutex<State>,
    events: broadcast::Sender<FilesEvent>,
    home: Option<PathBuf>,
}

#[derive(Default)]
struct State {
    paths: BTreeMap<u64, PathBuf>,
    /// Given when no page was there to be told.
    untold: Vec<GivenFile>,
}

impl Given {
    /// No files yet. Folders below `home` are shown with a tilde.
    pub fn new(home: Option<PathBuf>) -> Self {
        Self { state: Mutex::default(), events: broadcast::Sender::new(BEHIND), home }
    }

    /// Takes paths, and tells the page. What does not exist is left out.
    pub fn give(&self, paths: impl IntoIterator<Item = PathBuf>) {
        let files = self.take(paths);
        if files.is_empty() {
            return;
        }
        let mut state = self.state();
        if self.events.receiver_count() == 0 {
            state.untold.extend(files);
        } else {
            // Somebody is there: it was just looked, under the lock that a page subscribes under.
            let _ = self.events.send(FilesEvent::Given { files });
        }
    }

    /// Takes paths that the page asked for and is told of as its answer.
    pub fn take(&self, paths: impl IntoIterator<Item = PathBuf>) -> Vec<GivenFile> {
        let mut state = self.state();
        let mut files: Vec<GivenFile> = Vec::new();
        for path in paths.into_iter().take(MOST) {
            let Ok(metadata) = std::fs::metadata(&path) else { continue };
            let known = state.paths.iter().find(|(_, known)| **known == path).map(|(id, _)| *id);
            let id = known.unwrap_or_else(|| state.paths.last_key_value().map_or(1, |(last, _)| last + 1));
            if files.iter().any(|file| file.id == id) {
                continue;
            }
            files.push(GivenFile {
                id,
                name: shown_name(&path),
                place: self.place(path.parent().unwrap_or(Path::new("/"))),
                size: metadata.is_file().then_some(metadata.len()),
                folder: metadata.is_dir(),
            });
            state.paths.insert(id, path);
        }
        files
    }

    /// What another start of the program, or its command line, names: paths as seen from `folder`. Options are not files.
    pub fn arguments(&self, folder: &Path, arguments: impl IntoIterator<Item = OsString>) {
        let named = arguments
            .into_iter()
            .filter(|argument| !argument.is_empty() && !argument.as_bytes().starts_with(b"-"));
        // A folder that is gone makes relative names mean nothing; absolute ones stay what they are.
        self.give(named.filter_map(|argument| std::path::absolute(folder.join(argument)).ok()));
    }

    /// Something is dragged over the window, or it left again (`None`).
    pub fn over(&self, paths: Option<&[PathBuf]>) {
        let event = match paths {
            Some(paths) => {
                FilesEvent::Over { names: paths.iter().take(MOST).map(|path| shown_name(path)).collect() }
            }
            None => FilesEvent::Left,
        };
        // Nobody needs to be there.
        let _ = self.events.send(event);
    }

    /// The path of an id.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub fn path(&self, id: u64) -> Result<PathBuf> {
        self.state().paths.get(&id).cloned().ok_or_else(|| {
            Error::new(Code::NotFound, format!("there is no open file `{id}`"))
                .with_hint("Open the file or drop it on the window again")
        })
    }

    /// What happens from now on, and before it what nobody was told of.
    pub fn subscribe(&self) -> (Option<FilesEvent>, broadcast::Receiver<FilesEvent>) {
        let mut state = self.state();
        let files = std::mem::take(&mut state.untold);
        let untold = (!files.is_empty()).then_some(FilesEvent::Given { files });
        (untold, self.events.subscribe())
    }

    /// A folder for people.
    pub fn place(&self, folder: &Path) -> String {
        match self.home.as_ref().and_then(|home| folder.strip_prefix(home).ok()) {
            Some(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
            Some(rest) => format!("~/{}", shown(rest)),
            None => shown(folder),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last part of a path, for people.
pub fn shown_name(path: &Path) -> String {
    path.file_name().map_or_else(|| shown(path), |name| shown(Path::new(name)))
}

fn shown(path: &Path) -> String {
    engine::layers::shown(path.as_os_str().as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn f121_a_path_stays_in_rust_and_its_id_stays_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.tar"), "12345").expect("written");
        fs::create_dir(path("layout")).expect("made");
        let given = Given::new(Some(folder.path().to_owned()));
        let files = given.take([path("a.tar"), path("absent"), path("layout"), path("a.tar")]);
        let shown: Vec<_> =
            files.iter().map(|file| (file.id, &*file.name, &*file.place, file.size, file.folder)).collect();
        assert_eq!(shown, [(1, "a.tar", "~", Some(5), false), (2, "layout", "~", None, true)]);
        assert_eq!(given.take([path("layout")])[0].id, 2, "it is the same one");
        assert_eq!(given.path(1).expect("it is there"), path("a.tar"));
        assert_eq!(given.path(3).expect_err("there is none").code(), Code::NotFound);
    }

    #[tokio::test]
    async fn what_was_given_before_a_page_was_there_is_told_once() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("a.tar"), "1").expect("written");
        let given = Given::new(None);
        given.arguments(folder.path(), ["--flag", "a.tar", "absent.tar"].map(OsString::from));
        let (untold, mut events) = given.subscribe();
        let Some(FilesEvent::Given { files }) = untold else { panic!("{untold:?}") };
        assert_eq!(files.iter().map(|file| &*file.name).collect::<Vec<_>>(), ["a.tar"]);
        assert!(given.subscribe().0.is_none(), "told once");
        given.over(Some(&[folder.path().join("a.tar")]));
        given.over(None);
        given.give([folder.path().join("a.tar")]);
        let names = vec!["a.tar".to_owned()];
        assert_eq!(events.recv().await.expect("told"), FilesEvent::Over { names });
        assert_eq!(events.recv().await.expect("told"), FilesEvent::Left);
        assert!(
            matches!(events.recv().await.expect("told"), FilesEvent::Given { files } if files[0].id == 1)
        );
    }

    #[test]
    fn f125_a_hostile_argument_is_a_file_that_exists_or_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let given = Given::new(None);
        let hostile = [
            "",
            "-",
            "--help",
            "file:///etc/passwd",
            "longshore://x",
            "$(touch x)",
            "a\nb",
            "\u{202e}gnp.exe",
        ];
        given.arguments(folder.path(), hostile.map(OsString::from));
        assert!(given.subscribe().0.is_none());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing was made");
    }
}
