//! A look at what a file holds, from its first bytes and its name: text, a picture, a program's headers, what packages are
//! installed, or bytes.
//!
//! Invariants: nothing is run, and nothing is drawn that could hold a program: SVG, HTML and PDF are text or bytes.
//! A picture is only named; whoever shows it decodes it. Sizes that a file claims are not allocated.
//!
//! Deliberately absent: colours (whoever shows text has them), and package databases that only their own program reads
//! well: RPM's older ones, in Berkeley DB (`Packages`) and ndb (`Packages.db`).

mod packages;
mod program;
mod rpm;

use packages::Database;
pub use packages::Package;
pub use program::Program;

use super::sniff;

/// Text that is shown, bytes.
const TEXT: usize = 1 << 20;
/// Pictures that are shown, bytes.
const IMAGE: u64 = 8 << 20;
/// Of other files, this is enough to know them.
const START: u64 = 8 << 20;
/// A package database may be this large, bytes.
const DATABASE: u64 = 64 << 20;
/// RPM's may be larger: it names every file of every package.
const RPM: u64 = 128 << 20;
/// Pictures that are shown, pixels of a side: a browser refuses larger ones, or stalls.
const SIDE: usize = 16_384;

/// A file to be looked at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its path beneath the root.
    pub path: &'a [u8],
    /// How long it is, bytes.
    pub size: u64,
    /// Its first bytes, as many as [`wanted`] says.
    pub bytes: &'a [u8],
}

/// What it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preview {
    /// UTF-8, at most a mebibyte of it.
    Text {
        /// The text; control characters are still in it.
        text: String,
        /// What it is written in, by name and first line: `json`, `shell`; none where that is not known.
        language: Option<&'static str>,
        /// Whether it is all of the file.
        whole: bool,
    },
    /// PNG, JPEG, GIF, WebP or BMP: the subject's bytes are all of it.
    Image {
        /// `image/png`
        mime: &'static str,
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// The headers of a program or a library.
    Program(Program),
    /// What is installed.
    Packages {
        /// `dpkg`, `apk`, `rpm`
        database: &'static str,
        /// Sorted by name.
        packages: Vec<Package>,
    },
    /// Anything else.
    Bytes {
        /// `SQLite database`, `gzip`, `Bytes`
        what: &'static str,
    },
}

/// Whether a package manager keeps at this path (beneath the root) what is installed.
pub(super) fn is_package_database(path: &[u8]) -> bool {
    packages::database(path).is_some()
}

/// How many first bytes of a file a look at it needs.
pub fn wanted(path: &[u8], size: u64) -> usize {
    let most = match packages::database(path) {
        Some(Database::Rpm) => RPM,
        Some(_) => DATABASE,
        None => START,
    };
    usize::try_from(size.min(most)).unwrap_or(usize::MAX)
}

/// Looks at it.
pub fn preview(subject: &Subject<'_>) -> Preview {
    let Subject { path, size, bytes } = *subject;
    if let Some(database) = packages::database(path) {
        let packages = packages::read(database, bytes);
        if !packages.is_empty() {
            return Preview::Packages { database: database.name(), packages };
        }
    }
    if let Some(program) = program::read(bytes) {
        return Preview::Program(program);
    }
    if let Some(image) = image(bytes, size) {
        return image;
    }
    match text(bytes, size) {
        Some((text, whole)) => {
            let language = language(path, &text);
            Preview::Text { text, language, whole }
        }
        None => Preview::Bytes { what: sniff::what(bytes) },
    }
}

fn image(bytes: &[u8], size: u64) -> Option<Preview> {
    let mime = match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [b'B', b'M', ..] => "image/bmp",
        _ => return None,
    };
    if size > IMAGE || bytes.len() as u64 != size {
        return None;
    }
    let found = imagesize::blob_size(bytes).ok()?;
    let fits = (1..=SIDE).contains(&found.width) && (1..=SIDE).contains(&found.height);
    let side = |pixels: usize| u32::try_from(pixels).ok();
    fits.then_some(Preview::Image { mime, width: side(found.width)?, height: side(found.height)? })
}

/// The file as text, where it is text; whether that is all of it.
fn text(bytes: &[u8], size: u64) -> Option<(String, bool)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let cut = &bytes[..bytes.len().min(TEXT)];
    let valid = sniff::text(cut, cut.len() == bytes.len())?;
    Some((valid.to_owned(), valid.len() == bytes.len() && bytes.len() as u64 + 3 >= size))
}

/// By the name's ending, the whole name, or the first line.
fn language(path: &[u8], text: &str) -> Option<&'static str> {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let by_name = match name.as_str() {
        "dockerfile" | "containerfile" => Some("dockerfile"),
        "makefile" | "gnumakefile" => Some("makefile"),
        ".bashrc" | ".profile" | ".bash_profile" | ".zshrc" | "profile" | "apkbuild" => Some("shell"),
        "gemfile" | "rakefile" => Some("ruby"),
        "nginx.conf" => Some("nginx"),
        _ => None,
    };
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let by_ending = match ending {
        "json" | "map" | "webmanifest" => Some("json"),
        "js" | "mjs" | "cjs" | "jsx" => Some("javascript"),
        "ts" | "mts" | "cts" | "tsx" => Some("typescript"),
        "py" | "pyi" => Some("python"),
        "sh" | "bash" | "zsh" => Some("shell"),
        "yml" | "yaml" => Some("yaml"),
        "toml" => Some("toml"),
        "ini" | "cfg" | "conf" | "service" | "timer" | "socket" | "desktop" | "properties" => Some("ini"),
        "xml" | "svg" | "xsd" | "xsl" | "plist" => Some("xml"),
        "html" | "htm" | "xhtml" => Some("html"),
        "css" | "scss" | "less" => Some("css"),
        "md" | "markdown" => Some("markdown"),
        "rs" => Some("rust"),
        "go" => Some("go"),
        "c" | "h" => Some("c"),
        "cc" | "cpp" | "cxx" | "hpp" | "hh" => Some("cpp"),
        "java" => Some("java"),
        "kt" => Some("kotlin"),
        "rb" => Some("ruby"),
        "pl" | "pm" => Some("perl"),
        "php" => Some("php"),
        "lua" => Some("lua"),
        "sql" => Some("sql"),
        "diff" | "patch" => Some("diff"),
        _ => None,
    };
    by_name.or(by_ending).or_else(|| by_first_line(text))
}

fn by_first_line(text: &str) -> Option<&'static str> {
    let first = text.lines().next().unwrap_or_default();
    let Some(command) = first.strip_prefix("#!") else {
        let start = text.trim_start();
        let json =
            start.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        return json.then_some("json").or_else(|| start.starts_with("<?xml").then_some("xml"));
    };
    let mut words = command.split_whitespace();
    let program = words.next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let program = if program == "env" { words.next().unwrap_or_default() } else { program };
    match program.trim_end_matches(|it: char| it.is_ascii_digit() || it == '.') {
        "sh" | "bash" | "dash" | "ash" | "zsh" => Some("shell"),
        "python" => Some("python"),
        "node" => Some("javascript"),
        "perl" => Some("perl"),
        "ruby" => Some("ruby"),
        "php" => Some("php"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(path: &str, bytes: &[u8]) -> Preview {
        preview(&Subject { path: path.as_bytes(), size: bytes.len() as u64, bytes })
    }

    #[track_caller]
    fn is_text(path: &str, bytes: &[u8], wanted: Option<&str>) {
        match look(path, bytes) {
            Preview::Text { language, whole: true, .. } => assert_eq!(language, wanted, "{path}"),
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn text_is_told_by_its_bytes_and_its_language_by_name_or_first_line() {
        is_text("etc/hosts", b"127.0.0.1 localhost\n", None);
        is_text("x/package.json", b"{}", Some("json"));
        is_text("x/unnamed", b"  {\"a\": [1]}\n", Some("json"));
        is_text("x/unnamed", b"{ not json", None);
        is_text("bin/tool", b"#!/usr/bin/env python3.11\n", Some("python"));
        is_text("entrypoint", b"#!/bin/sh -e\n", Some("shell"));
        is_text("Dockerfile", b"FROM x\n", Some("dockerfile"));
        is_text("x.txt", b"\xef\xbb\xbfwith a mark", None);
        assert_eq!(look("x.txt", b"a\0b"), Preview::Bytes { what: "Bytes" });
        assert_eq!(look("x.txt", b"\xff\xfe\0"), Preview::Bytes { what: "Bytes" });
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let long = "\u{e9}".repeat(TEXT);
        let shifted = format!("x{long}");
        for text in [long, shifted] {
            match look("long.txt", text.as_bytes()) {
                Preview::Text { text: shown, whole: false, .. } => {
                    assert!(shown.len() <= TEXT && shown.len() >= TEXT - 1 && text.starts_with(&shown));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn f120_what_could_hold_a_program_is_never_a_picture() {
        is_text("logo.svg", b"<svg xmlns='x'><script>alert(1)</script></svg>", Some("xml"));
        is_text("index.html", b"<script>alert(1)</script>", Some("html"));
        is_text("picture.png", b"<script>alert(1)</script>", None);
        assert_eq!(look("a.pdf", b"%PDF-1.7\n\xff\xff\0"), Preview::Bytes { what: "PDF document" });
    }

    #[test]
    fn pictures_have_their_sides_and_bombs_are_bytes() {
        let png = |width: u32, height: u32| {
            let header = [&width.to_be_bytes()[..], &height.to_be_bytes()].concat();
            [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &header, b"\x08\x06\0\0\0"].concat()
        };
        let want = Preview::Image { mime: "image/png", width: 640, height: 480 };
        assert_eq!(look("a.bin", &png(640, 480)), want);
        for (width, height) in [(0, 5), (5, 0), (2_000_000_000, 2_000_000_000)] {
            assert_eq!(look("a.png", &png(width, height)), Preview::Bytes { what: "Picture" });
        }
        let cut = Subject { path: b"a.png", size: 1 << 30, bytes: &png(640, 480) };
        assert_eq!(preview(&cut), Preview::Bytes { what: "Picture" }, "not all of it is here");
    }

    #[test]
    fn a_package_database_is_read_whole_and_other_files_in_part() {
        assert_eq!(wanted(b"var/lib/dpkg/status", 20 << 20), 20 << 20);
        assert_eq!(wanted(b"var/lib/rpm/rpmdb.sqlite", 100 << 20), 100 << 20);
        assert_eq!(wanted(b"usr/bin/large", 20 << 20), 8 << 20);
        assert_eq!(wanted(b"etc/hosts", 20), 20);
    }
}
