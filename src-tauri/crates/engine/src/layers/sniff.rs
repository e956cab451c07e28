//! What a file holds, told by its first bytes while a layer is read: one byte in its index, to filter by.
//!
//! Names and endings say nothing here, but that the databases of package managers are known by where they are. What
//! begins as text is text, whatever comes later in it. Deliberately absent: everything that more than the first bytes
//! would tell (which is what a preview is for).

use super::preview;

/// How many first bytes of a file are looked at.
pub(super) const START: usize = 512;

/// What a file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Content {
    /// Nobody looked: it is empty, no file, or its bytes were never here.
    #[default]
    Unknown,
    /// UTF-8 without NUL, and none of those that follow.
    Text,
    /// It names the program that runs it (`#!`).
    Script,
    /// JSON, as far as its first bytes go.
    Json,
    /// XML, SVG or HTML.
    Markup,
    /// A PEM block: a key, a certificate or a signature.
    Key,
    /// ELF, Windows, macOS or WebAssembly: programs, libraries, objects.
    Program,
    /// Java classes and compiled Python.
    Bytecode,
    /// A picture.
    Image,
    /// Sound or film.
    Media,
    /// An archive, or something compressed.
    Archive,
    /// SQLite, Berkeley DB.
    Database,
    /// What is installed: dpkg's, apk's or RPM's database, in its place.
    Packages,
    /// PDF or PostScript.
    Document,
    /// A font.
    Font,
    /// Anything else.
    Data,
}

/// Every content that can be asked for, with its name.
const NAMES: [(Content, &str); 15] = [
    (Content::Text, "text"),
    (Content::Script, "script"),
    (Content::Json, "json"),
    (Content::Markup, "markup"),
    (Content::Key, "key"),
    (Content::Program, "program"),
    (Content::Bytecode, "bytecode"),
    (Content::Image, "image"),
    (Content::Media, "media"),
    (Content::Archive, "archive"),
    (Content::Database, "database"),
    (Content::Packages, "packages"),
    (Content::Document, "document"),
    (Content::Font, "font"),
    (Content::Data, "data"),
];

impl Content {
    /// All that a file may be known to hold.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(content, _)| *content)
    }

    /// `text`, `json`; none where it is not known.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(content, _)| *content == self).map(|(_, name)| *name)
    }

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, each)| *each == name).map(|(content, _)| *content)
    }

    /// Whether it is what is wanted: scripts, JSON, markup and keys are text too.
    pub fn is(self, wanted: Self) -> bool {
        let is_text = matches!(self, Self::Script | Self::Json | Self::Markup | Self::Key);
        self == wanted || (wanted == Self::Text && is_text)
    }

    /// As it stands in an index: under 16.
    pub(super) fn number(self) -> u8 {
        self as u8
    }

    /// Of an index.
    pub(super) fn of_number(number: u8) -> Self {
        Self::all().find(|content| *content as u8 == number).unwrap_or_default()
    }
}

/// What a file at a path (beneath the root) holds, by its first bytes, at most [`START`]; `whole` where that is all of it.
pub(super) fn sniff(path: &[u8], start: &[u8], whole: bool) -> Content {
    if start.is_empty() {
        return Content::Unknown;
    }
    if preview::is_package_database(path) {
        return Content::Packages;
    }
    if let Some((content, _)) = known(start) {
        return content;
    }
    match text(start, whole) {
        Some(text) => kind_of_text(text),
        None => unlike_text(start).map_or(Content::Data, |(content, _)| content),
    }
}

/// What bytes that are no text are, with a word for people.
pub(super) fn what(bytes: &[u8]) -> &'static str {
    known(bytes).or_else(|| unlike_text(bytes)).map_or("Bytes", |(_, what)| what)
}

/// The text of first bytes, where they are text: up to the last whole character where they are `whole` no file.
pub(super) fn text(bytes: &[u8], whole: bool) -> Option<&str> {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // A cut may be in the middle of a character.
        Err(error) if !whole && error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    // Terminal logs have escapes; nothing that is text has a NUL.
    (!valid.contains('\0')).then_some(valid)
}

fn kind_of_text(text: &str) -> Content {
    let text = text.trim_start_matches('\u{feff}');
    let start = text.trim_start();
    let is_script = text.strip_prefix("#!").is_some_and(|rest| rest.trim_start().starts_with('/'));
    if is_script {
        Content::Script
    } else if is_json(start) {
        Content::Json
    } else if is_markup(start) {
        Content::Markup
    } else if text.lines().any(|line| line.starts_with("-----BEGIN ")) {
        Content::Key
    } else {
        Content::Text
    }
}

/// A first value that is whole, or good as far as it goes.
fn is_json(start: &str) -> bool {
    use serde::Deserialize as _;
    if !start.starts_with(['{', '[']) {
        return false;
    }
    let mut json = serde_json::Deserializer::from_str(start);
    match serde::de::IgnoredAny::deserialize(&mut json) {
        Ok(_) => true,
        Err(error) => error.is_eof() && start.len() > 1,
    }
}

/// It begins with a declaration, a comment or a tag.
fn is_markup(start: &str) -> bool {
    let Some(rest) = start.strip_prefix('<') else { return false };
    let lower = |word: &str| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    if lower("?xml") || lower("!doctype") || lower("!--") {
        return true;
    }
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.')));
    let name_end = end.unwrap_or(rest.len());
    rest.starts_with(|c: char| c.is_ascii_alphabetic())
        && rest[name_end..].starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/'))
}

/// Bytes that say at once what they are.
fn known(bytes: &[u8]) -> Option<(Content, &'static str)> {
    use Content::{Archive, Bytecode, Database, Document, Font, Image, Media, Program};
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    let berkeley = [b"\x61\x15\x06\0", b"\0\x06\x15\x61", b"\x62\x31\x05\0", b"\0\x05\x31\x62"];
    Some(match bytes {
        [0x7f, b'E', b'L', b'F', ..] => (Program, "Program"),
        // So many processors' code in one file no macOS program has; no Java class is of so old a version.
        [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 0..=30, ..] => (Program, "macOS program"),
        [0xca, 0xfe, 0xba, 0xbe, ..] => (Bytecode, "Java class"),
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] => (Program, "macOS program"),
        [0, b'a', b's', b'm', ..] => (Program, "WebAssembly"),
        [0x1f, 0x8b, ..] => (Archive, "gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => (Archive, "zstd"),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] => (Archive, "bzip2"),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => (Archive, "xz"),
        [b'7', b'z', 0xbc, 0xaf, ..] => (Archive, "7-Zip archive"),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => (Archive, "Zip or Java archive"),
        [0xed, 0xab, 0xee, 0xdb, ..] => (Archive, "RPM package"),
        _ if at(0, b"!<arch>\n") => (Archive, "Static library or Debian package"),
        _ if at(257, b"ustar") => (Archive, "Tar archive"),
        _ if at(0, b"SQLite format 3\0") => (Database, "SQLite database"),
        [b'R', b'p', b'm', b'P', ..] => (Database, "RPM database"),
        _ if berkeley.iter().any(|magic| at(12, *magic)) => (Database, "Berkeley DB"),
        [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] | [b'G', b'I', b'F', b'8', ..] => {
            (Image, "Picture")
        }
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => (Image, "Picture"),
        [b'R', b'I', b'F', b'F', ..] | [b'O', b'g', b'g', b'S', ..] | [b'f', b'L', b'a', b'C', ..] => {
            (Media, "Sound or film")
        }
        [b'I', b'D', b'3', 2..=4, ..] | [0x1a, 0x45, 0xdf, 0xa3, ..] => (Media, "Sound or film"),
        _ if at(4, b"ftypavif") || at(4, b"ftypheic") => (Image, "Picture"),
        _ if at(4, b"ftyp") => (Media, "Sound or film"),
        _ if at(0, b"%PDF-") => (Document, "PDF document"),
        _ if at(0, b"%!PS") => (Document, "PostScript document"),
        [0, 1, 0, 0, 0, ..] | [b'O', b'T', b'T', b'O', 0, ..] | [b't', b't', b'c', b'f', 0, ..] => {
            (Font, "Font")
        }
        [b'w', b'O', b'F', b'F' | b'2', ..] => (Font, "Font"),
        _ => return None,
    })
}

/// The same, of beginnings that a text could have too.
fn unlike_text(bytes: &[u8]) -> Option<(Content, &'static str)> {
    Some(match bytes {
        [b'M', b'Z', ..] => (Content::Program, "Windows program"),
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => (Content::Image, "Picture"),
        [0, 0, 1, 0, 1..=99, 0, ..] => (Content::Image, "Picture"),
        [_, 0..=0x0f, b'\r', b'\n', ..] => (Content::Bytecode, "Compiled Python"),
        [b'T', b'Z', b'i', b'f', ..] => (Content::Data, "Time zone"),
        [0xde, 0x12, 0x04, 0x95, ..] => (Content::Data, "Translations"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], want: Content) {
        assert_eq!(sniff(b"some/file", bytes, true), want, "{:?}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn text_is_told_apart_by_how_it_begins() {
        check(b"127.0.0.1 localhost\n", Content::Text);
        check("\u{feff}Text with a mark".as_bytes(), Content::Text);
        check(b"#!/bin/sh -e\n", Content::Script);
        check(b"#! /usr/bin/env python3\n", Content::Script);
        check(b"#![allow(unused)]\n", Content::Text);
        check(b"  {\"a\": [1, 2", Content::Json);
        check(b"[]", Content::Json);
        check(b"{\"a\":1}\n{\"a\":2}\n", Content::Json);
        check(b"[Unit]\nDescription=x\n", Content::Text);
        check(b"[[bin]]\nname = 'x'\n", Content::Text);
        check(b"{{ template }}", Content::Text);
        check(b"{", Content::Text);
        check(b"<?xml version='1.0'?><a/>", Content::Markup);
        check(b"<!DOCTYPE html>\n", Content::Markup);
        check(b"\n<svg xmlns='x'>", Content::Markup);
        check(b"<someone@example.org> wrote", Content::Text);
        check(b"# Issuer: x\n-----BEGIN CERTIFICATE-----\nMII", Content::Key);
        check(b"not -----BEGIN in a line's midst", Content::Text);
        check(b"MZ, as text", Content::Text);
        check(b"x\n\r\ny", Content::Text);
    }

    #[test]
    fn other_files_are_told_by_their_magic_numbers() {
        for (bytes, want) in [
            (&b"\x7fELF\x02\x01\x01\0"[..], Content::Program),
            (b"MZ\x90\0\x03\0", Content::Program),
            (b"\xcf\xfa\xed\xfe\x07", Content::Program),
            (b"\xca\xfe\xba\xbe\0\0\0\x02", Content::Program),
            (b"\xca\xfe\xba\xbe\0\0\0\x3d", Content::Bytecode),
            (b"\xcb\x0d\r\n\0\0\0\0", Content::Bytecode),
            (b"\x89PNG\r\n\x1a\n", Content::Image),
            (b"BM\x10\0\0\0\0\0\0\0", Content::Image),
            (b"\x1f\x8b\x08\0", Content::Archive),
            (b"!<arch>\ndebian-binary", Content::Archive),
            (b"SQLite format 3\0", Content::Database),
            (b"\0\0\0\0\x01\0\0\0\0\0\0\0\x61\x15\x06\0\x09", Content::Database),
            (b"%PDF-1.7\n", Content::Document),
            (b"OggS\0\x02", Content::Media),
            (b"wOF2\0\x01", Content::Font),
            (b"\xff\xfe\0", Content::Data),
            (b"caf\xe9", Content::Data),
            (b"", Content::Unknown),
        ] {
            check(bytes, want);
        }
        let tar = [&[b'a'; 257][..], b"ustar\0\x30\x30"].concat();
        check(&tar, Content::Archive);
    }

    #[test]
    fn a_cut_in_a_character_is_text_still_and_the_end_of_a_file_is_not() {
        let cut = &"\u{e9}".repeat(300).into_bytes()[..511];
        assert_eq!(sniff(b"x", cut, false), Content::Text);
        assert_eq!(sniff(b"x", cut, true), Content::Data);
    }

    #[test]
    fn a_package_database_is_known_by_its_place() {
        assert_eq!(sniff(b"var/lib/dpkg/status", b"Package: a\n", true), Content::Packages);
        assert_eq!(sniff(b"srv/status", b"Package: a\n", true), Content::Text);
    }

    #[test]
    fn every_content_has_a_name_and_a_number_that_lead_back_to_it() {
        for content in Content::all() {
            assert_eq!(content.name().and_then(Content::named), Some(content));
            assert_eq!(Content::of_number(content.number()), content);
            assert!(content.number() < 16);
        }
        assert_eq!((Content::named("Text"), Content::Unknown.name()), (None, None));
        assert!(Content::Json.is(Content::Text) && !Content::Text.is(Content::Json));
        assert!(!Content::Program.is(Content::Text));
    }
}
