//! What a file is that is no tar, by its first bytes.

/// How many first bytes are looked at: an ISO image says so at 32,769.
pub(super) const HEAD: usize = 36 * 1024;

/// Names with an article, as a sentence takes them. None where nothing is known of it.
pub(super) fn name(head: &[u8]) -> &'static str {
    if head.is_empty() {
        return "nothing that can be read";
    }
    let known: [(usize, &[u8], &str); 27] = [
        (0, b"PK\x03\x04", "a ZIP file"),
        (0, b"PK\x05\x06", "an empty ZIP file"),
        (0, b"7z\xbc\xaf\x27\x1c", "a 7z file"),
        (0, b"Rar!\x1a\x07", "a RAR file"),
        (0, b"!<arch>\n", "a Debian package or another ar archive"),
        (0, b"\xed\xab\xee\xdb", "an RPM package"),
        (0, b"hsqs", "a SquashFS image"),
        (0, b"QFI\xfb", "a QCOW2 disk"),
        (0, b"KDMV", "a VMware disk"),
        (0, b"070701", "a cpio archive"),
        (0, b"070707", "a cpio archive"),
        (0, b"\x7fELF", "a program"),
        (0, b"MZ", "a Windows program"),
        (0, b"\x89PNG", "a PNG picture"),
        (0, b"\xff\xd8\xff", "a JPEG picture"),
        (0, b"GIF8", "a GIF picture"),
        (0, b"%PDF-", "a PDF"),
        (0, b"SQLite format 3\0", "an SQLite database"),
        (0, b"OggS", "a sound or a film"),
        (0, b"\x1f\x8b", "a gzip file"),
        (0, b"BZh", "a bzip2 file"),
        (0, b"\xfd7zXZ\0", "an xz file"),
        (0, b"\x28\xb5\x2f\xfd", "a zstd file"),
        (0, b"\x1f\x9d", "a file of `compress`, which is not read here"),
        (0, b"LZIP", "an lzip file, which is not read here"),
        (0, b"\x04\x22\x4d\x18", "an LZ4 file, which is not read here"),
        (32_769, b"CD001", "an ISO image"),
    ];
    let is_at = |at: usize, magic: &[u8]| head.get(at..at + magic.len()) == Some(magic);
    if let Some((.., what)) = known.iter().find(|(at, magic, _)| is_at(*at, magic)) {
        return what;
    }
    if is_at(510, b"\x55\xaa") {
        return "a disk image";
    }
    if head.iter().all(|byte| *byte == 0) {
        return "a tar without entries, or nothing but zeros";
    }
    match text_of(head) {
        Some(text) if text.trim_start().starts_with('{') || text.trim_start().starts_with('[') => "JSON",
        Some(text) if text.trim_start().starts_with('<') => {
            "HTML or XML, as a server sends it in place of a file"
        }
        Some(text) if text.starts_with("#!") => "a script",
        Some(_) => "plain text",
        None => "no file of a known kind",
    }
}

/// The head as text; its last character may be cut.
fn text_of(head: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(problem) if problem.error_len().is_none() => {
            std::str::from_utf8(&head[..problem.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let printable = |c: char| !c.is_control() || c.is_ascii_whitespace();
    text.chars().all(printable).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_first_bytes() {
        let mut iso = vec![0; HEAD];
        iso[32_769..32_774].copy_from_slice(b"CD001");
        let mut disk = vec![0; 1024];
        disk[510..512].copy_from_slice(b"\x55\xaa");
        let rows: [(&[u8], &str); 11] = [
            (b"PK\x03\x04\x14\0", "a ZIP file"),
            (&iso, "an ISO image"),
            (&disk, "a disk image"),
            (&[0; 600], "a tar without entries, or nothing but zeros"),
            (b"hello\nworld\n", "plain text"),
            ("h\u{e9}llo".as_bytes(), "plain text"),
            (&"h\u{e9}".as_bytes()[..2], "plain text"),
            (b"  {\"a\": 1}", "JSON"),
            (b"<!DOCTYPE html>", "HTML or XML, as a server sends it in place of a file"),
            (b"#!/bin/sh\n", "a script"),
            (b"\x01\x02\x80\x81", "no file of a known kind"),
        ];
        for (head, want) in rows {
            assert_eq!(name(head), want, "{:?}", &head[..head.len().min(20)]);
        }
    }
}
