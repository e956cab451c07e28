//! Names of files: bytes of no certain encoding, that may say anything.

use std::borrow::Cow;
use std::fmt::Write as _;

const WHITEOUT: &[u8] = b".wh.";
const MARKER: &[u8] = b".wh..wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

/// What a whiteout's name says (image-spec `layer.md`, "Whiteouts").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whiteout<'a> {
    /// This name of the layers below is gone.
    Of(&'a [u8]),
    /// Everything that the layers below have in this folder is gone.
    Opaque,
    /// A file of aufs's own, which says nothing.
    Other,
}

/// What a name says, if it is a whiteout's.
pub fn whiteout(name: &[u8]) -> Option<Whiteout<'_>> {
    match name {
        OPAQUE => Some(Whiteout::Opaque),
        _ if name.starts_with(MARKER) => Some(Whiteout::Other),
        _ => name.strip_prefix(WHITEOUT).filter(|rest| !rest.is_empty()).map(Whiteout::Of),
    }
}

/// Without the `./` before it and the slashes behind it, as programs write them.
pub(super) fn trim(mut raw: &[u8]) -> &[u8] {
    while let Some(rest) = raw.strip_prefix(b"./") {
        raw = rest;
    }
    while let Some(rest) = raw.strip_suffix(b"/") {
        raw = rest;
    }
    raw
}

/// The folders on the way from the root, and the last part; and whether that is another way than the name says. `..`
/// leads up, at the root nowhere (Go's `path.Clean` with a root before it, which is how containers are unpacked).
pub(super) fn parts(trimmed: &[u8]) -> (Vec<&[u8]>, bool) {
    let mut parts = Vec::new();
    let mut moved = false;
    for part in trimmed.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => moved |= trimmed != b"." && !trimmed.is_empty(),
            b".." => {
                parts.pop();
                moved = true;
            }
            part => parts.push(part),
        }
    }
    (parts, moved)
}

/// A path for eyes: UTF-8 as it is; a backslash doubled; other bytes, and characters that would move the cursor, hide
/// or reorder text, spelled out (`\n`, `\x9b`, `\u{202e}`), so that two names never look the same.
pub fn shown(name: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(name)
        && !text.contains(is_odd)
    {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(name.len() + 16);
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_odd(character) { shown.extend(character.escape_default()) } else { shown.push(character) }
        }
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    Cow::Owned(shown)
}

/// Whether a name is not what it seems: no UTF-8, or with characters that [`shown`] spells out.
pub fn is_strange(name: &[u8]) -> bool {
    !std::str::from_utf8(name).is_ok_and(|text| !text.contains(is_odd))
}

fn is_odd(character: char) -> bool {
    character == '\\'
        || character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `-rwsr-xr-x`: kind and permissions as `ls` writes them.
pub fn mode_text(kind: crate::tar::Kind, mode: u32) -> String {
    use crate::tar::Kind;
    let mut text = String::with_capacity(10);
    text.push(match kind {
        Kind::Directory => 'd',
        Kind::Symlink => 'l',
        Kind::CharDevice => 'c',
        Kind::BlockDevice => 'b',
        Kind::Fifo => 'p',
        Kind::File | Kind::HardLink | Kind::Other(_) => '-',
    });
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f088_names_lead_nowhere_but_beneath_the_root() {
        let rows: [(&str, &[&str], bool); 12] = [
            ("a/b", &["a", "b"], false),
            ("./a/b/", &["a", "b"], false),
            ("../../etc/passwd", &["etc", "passwd"], true),
            ("a/../../b", &["b"], true),
            ("/etc/x", &["etc", "x"], true),
            ("a//b", &["a", "b"], true),
            ("a/./b", &["a", "b"], true),
            ("a/..", &[], true),
            (".", &[], false),
            ("", &[], false),
            ("a\\..\\b", &["a\\..\\b"], false),
            ("a/...", &["a", "..."], false),
        ];
        for (raw, want, want_moved) in rows {
            let (parts, moved) = parts(trim(raw.as_bytes()));
            let parts: Vec<&str> = parts.iter().map(|part| std::str::from_utf8(part).unwrap()).collect();
            assert_eq!((&*parts, moved), (want, want_moved), "{raw}");
        }
    }

    #[test]
    fn names_are_spelled_out() {
        for (name, want) in [
            (&b"plain \xc3\xa9"[..], "plain é"),
            (b"a\\b", "a\\\\b"),
            (b"a\0b\x1b", "a\\u{0}b\\u{1b}"),
            (b"\xff\xfe", "\\xff\\xfe"),
            ("a\u{202e}b".as_bytes(), "a\\u{202e}b"),
        ] {
            assert_eq!(shown(name), want);
            assert_eq!(is_strange(name), want != "plain é");
        }
    }

    #[test]
    fn whiteouts_are_told_by_their_names() {
        assert_eq!(whiteout(b".wh.a"), Some(Whiteout::Of(b"a")));
        assert_eq!(whiteout(b".wh..wh..opq"), Some(Whiteout::Opaque));
        assert_eq!(whiteout(b".wh..wh.plnk"), Some(Whiteout::Other));
        assert_eq!(whiteout(b".wh."), None);
        assert_eq!(whiteout(b"a.wh."), None);
    }

    #[test]
    fn f091_modes_are_written_as_ls_does() {
        use crate::tar::Kind;
        for (kind, mode, want) in [
            (Kind::File, 0o644, "-rw-r--r--"),
            (Kind::Directory, 0o1777, "drwxrwxrwt"),
            (Kind::File, 0o4755, "-rwsr-xr-x"),
            (Kind::File, 0o6644, "-rwSr-Sr--"),
            (Kind::CharDevice, 0o1666, "crw-rw-rwT"),
            (Kind::Fifo, 0, "p---------"),
        ] {
            assert_eq!(mode_text(kind, mode), want);
        }
    }
}
