//! Which files are wanted.

use globset::{GlobBuilder, GlobMatcher};
use memchr::memmem::Finder;

use super::stack::{Stack, Version};
use super::state::{Change, State};
use crate::error::{Code, Error, Result};
use crate::tar::Kind;

/// What a file must be. Everything that is set must hold; of `changes` and `kinds` one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of a name; with a slash, part of a path; with `*`, `?` or `[`, a glob of either. Empty: all. Without
    /// capitals in it, capitals make no difference.
    pub text: String,
    /// What happened to it; none: anything.
    pub changes: Vec<Change>,
    /// What it is; none: anything.
    pub kinds: Vec<Kind>,
    /// At least so many bytes.
    pub min_size: Option<u64>,
    /// It runs as its owner or group: setuid or setgid.
    pub setuid: bool,
    /// Owner.
    pub owner: Option<u64>,
}

impl Filter {
    /// Names with a text in them.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Paths of a state that pass, folders among them, in ascending order of their numbers.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] where the text is a glob that is malformed.
    pub fn matches(&self, stack: &Stack, state: &State) -> Result<Vec<u32>> {
        let text = Text::new(&self.text)?;
        let by_entry = !self.kinds.is_empty() || self.setuid || self.owner.is_some();
        let mut scratch = Vec::new();
        let mut found = Vec::new();
        for path in 1..stack.paths() {
            let Some(change) = state.change(path) else { continue };
            let fits = (self.changes.is_empty() || self.changes.contains(&change))
                && self.min_size.is_none_or(|size| state.size(path) >= size)
                && text.fits(stack, path, &mut scratch)
                && (!by_entry || state.version(stack, path).is_some_and(|version| self.fits_entry(&version)));
            if fits {
                found.push(path);
            }
        }
        Ok(found)
    }

    fn fits_entry(&self, version: &Version<'_>) -> bool {
        let node = version.node;
        (self.kinds.is_empty() || self.kinds.contains(&node.kind()))
            && (!self.setuid || (node.kind() == Kind::File && node.mode() & 0o6000 != 0))
            && self.owner.is_none_or(|owner| node.uid() == owner)
    }
}

/// A text that is looked for.
enum Text {
    Any,
    Part { finder: Finder<'static>, in_path: bool, fold: bool },
    Glob { glob: GlobMatcher, in_path: bool },
}

impl Text {
    fn new(text: &str) -> Result<Self> {
        let fold = !text.chars().any(char::is_uppercase);
        let in_path = text.contains('/');
        if text.is_empty() {
            return Ok(Self::Any);
        }
        if !text.contains(['*', '?', '[']) {
            return Ok(Self::Part { finder: Finder::new(text).into_owned(), in_path, fold });
        }
        let wanted = text.strip_prefix('/').unwrap_or(text);
        let glob = GlobBuilder::new(wanted).literal_separator(true).case_insensitive(fold).build();
        let glob = glob.map_err(|error| {
            Error::new(Code::ConfigInvalid, format!("`{text}` is no pattern"))
                .with_hint(
                    "`*` is any text in a name, `**` any folders, `?` one character, `[ab]` one of several",
                )
                .with_source(error)
        })?;
        Ok(Self::Glob { glob: glob.compile_matcher(), in_path })
    }

    fn fits(&self, stack: &Stack, path: u32, scratch: &mut Vec<u8>) -> bool {
        match self {
            Self::Any => true,
            Self::Part { finder, in_path, fold } => {
                let name = stack.name(path);
                if !in_path && !fold {
                    return finder.find(name).is_some();
                }
                scratch.clear();
                if *in_path {
                    *scratch = stack.full_path(path);
                } else {
                    scratch.extend_from_slice(name);
                }
                if *fold {
                    scratch.make_ascii_lowercase();
                }
                finder.find(scratch).is_some()
            }
            Self::Glob { glob, in_path } => {
                use std::os::unix::ffi::OsStrExt;
                let full;
                let name = if *in_path {
                    full = stack.full_path(path);
                    &full[1..]
                } else {
                    stack.name(path)
                };
                glob.is_match(std::ffi::OsStr::from_bytes(name))
            }
        }
    }
}
