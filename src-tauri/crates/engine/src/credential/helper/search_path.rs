//! Where helper programs are looked for.
//!
//! First the `PATH` of this process. A window that was started from a desktop often has a shorter one than the
//! terminal, because `~/.profile` and `~/.zprofile` are read by login shells only; so where a helper is not found, the
//! user's login shell is asked once for its own (`$SHELL -l -c 'printenv PATH'`, at most 5 seconds), and what it has
//! more is searched too, after ours. Files that only interactive shells read (`~/.bashrc`) are not asked.
//!
//! Invariant: only absolute folders count. An empty or relative entry would mean the working directory, where an
//! unpacked download could wait with a helper of its own.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;

use super::run::{Ending, Program};

/// Folders with programs. Clones share what the login shell answered.
#[derive(Clone, Debug)]
pub struct SearchPath {
    folders: Vec<PathBuf>,
    login_shell: Option<PathBuf>,
    of_login_shell: Arc<OnceCell<Vec<PathBuf>>>,
}

/// A program that was found.
pub(super) struct Located {
    /// Its absolute path.
    pub(super) file: PathBuf,
    /// The `PATH` to give it, for the programs that it starts in turn.
    pub(super) search_path: OsString,
}

impl SearchPath {
    /// The `PATH` of this process, with the user's login shell as a second place.
    pub fn of_environment() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let shell = std::env::var_os("SHELL").map_or_else(|| PathBuf::from("/bin/sh"), PathBuf::from);
        Self::new(std::env::split_paths(&path)).with_login_shell(shell)
    }

    /// Exactly these folders; relative ones are left out.
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let folders = folders.into_iter().filter(|folder| folder.is_absolute()).collect();
        Self { folders, login_shell: None, of_login_shell: Arc::default() }
    }

    /// Adds a login shell to be asked where a program is not found. One whose path is relative is left out.
    #[must_use]
    pub fn with_login_shell(self, shell: PathBuf) -> Self {
        let login_shell = Some(shell).filter(|shell| shell.is_absolute());
        Self { login_shell, of_login_shell: Arc::default(), ..self }
    }

    /// Looks for a program by its bare name.
    pub(super) async fn find(&self, program: &str) -> Option<Located> {
        if let Some(file) = first_with(&self.folders, program).await {
            return Some(Located { file, search_path: joined(&self.folders) });
        }
        let all = self.with_login_folders().await;
        let file = first_with(&all, program).await?;
        Some(Located { file, search_path: joined(&all) })
    }

    /// The folders, for a message.
    pub(super) async fn described(&self) -> String {
        let all = self.with_login_folders().await;
        let shown: Vec<String> = all.iter().map(|folder| folder.display().to_string()).collect();
        if shown.is_empty() { "no folder".to_owned() } else { shown.join(", ") }
    }

    async fn with_login_folders(&self) -> Vec<PathBuf> {
        let Some(shell) = &self.login_shell else { return self.folders.clone() };
        let more = self.of_login_shell.get_or_init(|| ask(shell, &self.folders)).await;
        let new = more.iter().filter(|folder| !self.folders.contains(folder));
        self.folders.iter().chain(new).cloned().collect()
    }
}

/// A login shell's own `PATH`; nothing where it does not tell.
async fn ask(shell: &Path, folders: &[PathBuf]) -> Vec<PathBuf> {
    // `printenv` means the same in every shell, unlike `$PATH`, which is a list in some.
    let program = Program {
        file: shell,
        arguments: &["-l", "-c", "printenv PATH"],
        search_path: &joined(folders),
        input: b"",
        timeout: Duration::from_secs(5),
        output_cap: 64 << 10,
    };
    let Ok(Ending::Exited { success: true, stdout, .. }) = program.run().await else { return Vec::new() };
    // A profile may greet on stdout before.
    let text = String::from_utf8_lossy(&stdout);
    let Some(line) = text.lines().rev().find(|line| !line.trim().is_empty()) else { return Vec::new() };
    std::env::split_paths(OsStr::new(line)).filter(|folder| folder.is_absolute()).collect()
}

/// The first executable file of that name.
async fn first_with(folders: &[PathBuf], program: &str) -> Option<PathBuf> {
    let candidates: Vec<PathBuf> = folders.iter().map(|folder| folder.join(program)).collect();
    // A folder may be on a network drive that does not answer.
    tokio::task::spawn_blocking(move || candidates.into_iter().find(|file| is_program(file))).await.ok()?
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

fn joined(folders: &[PathBuf]) -> OsString {
    // A folder with a colon in its name can't be told in a PATH.
    let tellable = folders.iter().filter(|folder| !folder.as_os_str().to_string_lossy().contains(':'));
    std::env::join_paths(tellable).unwrap_or_default()
}
