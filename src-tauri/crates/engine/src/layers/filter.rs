//! Which files are wanted.

use globset::{GlobBuilder, GlobMatcher};
use memchr::memmem::Finder;

use super::bits::Bits;
use super::sniff::Content;
use super::stack::{Stack, Version};
use super::state::{Change, Shown, State};
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
    /// What it holds; text is also scripts, JSON, markup and keys. What nobody looked into passes no such filter.
    pub content: Option<Content>,
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

    /// Paths of a state that pass, folders among them.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] where the text is a glob that is malformed.
    pub fn matches(&self, stack: &Stack, state: &State) -> Result<Bits> {
        let mut text = Text::new(&self.text)?;
        let by_entry =
            !self.kinds.is_empty() || self.setuid || self.owner.is_some() || self.content.is_some();
        let mut found = Bits::none(stack.paths() as usize);
        for shown in state.each(stack) {
            let fits = (self.changes.is_empty() || self.changes.contains(&shown.change))
                && text.fits(stack, &shown)
                && self.min_size.is_none_or(|size| state.size(stack, shown.path) >= size)
                && (!by_entry || self.fits_entry(stack, &stack.version(shown.version)));
            if fits {
                found.insert(shown.path);
            }
        }
        Ok(found)
    }

    fn fits_entry(&self, stack: &Stack, version: &Version<'_>) -> bool {
        let node = version.node;
        (self.kinds.is_empty() || self.kinds.contains(&node.kind()))
            && (!self.setuid || (node.kind() == Kind::File && node.mode() & 0o6000 != 0))
            && self.owner.is_none_or(|owner| node.uid() == owner)
            && self.content.is_none_or(|wanted| stack.content_of(version).is(wanted))
    }
}

impl Stack {
    /// What an entry holds; of a hard link, what the file does that it leads to.
    pub fn content_of(&self, version: &Version<'_>) -> Content {
        if version.node.kind() != Kind::HardLink {
            return version.node.content();
        }
        let file = self.bytes_of(version).map(|(layer, node)| self.layers()[layer].node(node));
        file.map_or(Content::Unknown, |node| node.content())
    }
}

/// A text that is looked for.
struct Text {
    wanted: Wanted,
    in_path: bool,
    fold: bool,
    /// What is looked at: with `in_path` it begins with the path of the folder that was looked into last.
    scratch: Vec<u8>,
    folder: Option<(u32, usize)>,
}

enum Wanted {
    Any,
    Part(Finder<'static>),
    Glob(GlobMatcher),
}

impl Text {
    fn new(text: &str) -> Result<Self> {
        let fold = !text.chars().any(char::is_uppercase);
        let in_path = text.contains('/');
        let wanted = if text.is_empty() {
            Wanted::Any
        } else if text.contains(['*', '?', '[']) {
            Wanted::Glob(glob(text, fold)?)
        } else {
            Wanted::Part(Finder::new(text).into_owned())
        };
        Ok(Self { wanted, in_path, fold, scratch: Vec::new(), folder: None })
    }

    fn fits(&mut self, stack: &Stack, shown: &Shown) -> bool {
        if matches!(self.wanted, Wanted::Any) {
            return true;
        }
        let name = stack.name_of(shown.first);
        let start = if self.in_path { self.folder(stack, shown) } else { 0 };
        self.scratch.truncate(start);
        self.scratch.extend_from_slice(name);
        match &self.wanted {
            Wanted::Any => true,
            Wanted::Part(finder) => {
                if self.fold {
                    self.scratch[start..].make_ascii_lowercase();
                }
                finder.find(&self.scratch).is_some()
            }
            Wanted::Glob(glob) => {
                use std::os::unix::ffi::OsStrExt;
                // A pattern begins at the root, without the slash.
                let from = usize::from(self.in_path);
                glob.is_match(std::ffi::OsStr::from_bytes(&self.scratch[from..]))
            }
        }
    }

    /// Puts the path of the folder of a path into the scratch, with a slash behind it; its length.
    fn folder(&mut self, stack: &Stack, shown: &Shown) -> usize {
        if let Some((_, length)) = self.folder.filter(|(folder, _)| *folder == shown.folder) {
            return length;
        }
        self.scratch.clear();
        stack.write_path(stack.folders().select(shown.folder), &mut self.scratch);
        self.scratch.push(b'/');
        if self.fold && matches!(self.wanted, Wanted::Part(_)) {
            self.scratch.make_ascii_lowercase();
        }
        self.folder = Some((shown.folder, self.scratch.len()));
        self.scratch.len()
    }
}

fn glob(text: &str, fold: bool) -> Result<GlobMatcher> {
    let wanted = text.strip_prefix('/').unwrap_or(text);
    let glob = GlobBuilder::new(wanted).literal_separator(true).case_insensitive(fold).build();
    let glob = glob.map_err(|error| {
        Error::new(Code::ConfigInvalid, format!("`{text}` is no pattern"))
            .with_hint(
                "`*` is any text in a name, `**` any folders, `?` one character, `[ab]` one of several",
            )
            .with_source(error)
    })?;
    Ok(glob.compile_matcher())
}
