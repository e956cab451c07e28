//! What a program runs on, by the header of its file.
//!
//! Source: the System V ABI, "ELF Header" (`e_ident`, `e_machine`), and the machine numbers of `elf(5)`.

use oci::platform::Platform;

/// How many bytes of a file are needed.
pub(super) const HEADER: usize = 64;

/// A program and what it runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Machine {
    pub platform: Platform,
    /// Where it lies, as it is written there.
    pub path: String,
    /// It is a shell or the loader, not just any program.
    pub sure: bool,
}

/// Whether a file of this name is of the system itself: a shell, the loader, an init.
pub(super) fn is_telling(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"usr/").unwrap_or(name);
    let (folder, base) = match name.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&name[..slash], &name[slash + 1..]),
        None => return false,
    };
    match folder {
        b"bin" => [b"busybox".as_slice(), b"sh", b"bash", b"dash", b"ls", b"coreutils"].contains(&base),
        b"sbin" => [b"init".as_slice(), b"apk", b"ldconfig"].contains(&base),
        _ => folder.starts_with(b"lib") && (base.starts_with(b"ld-") || base.starts_with(b"ld64")),
    }
}

/// Of the first bytes of a file; none where it is no program, or of a machine that no image is made for.
pub(super) fn machine(name: &[u8], start: &[u8]) -> Option<Machine> {
    if start.len() < 20 || !start.starts_with(b"\x7fELF") {
        return None;
    }
    let wide = start[4] == 2;
    let little = start[5] == 1;
    let number = [start[18], start[19]];
    let number = if little { u16::from_le_bytes(number) } else { u16::from_be_bytes(number) };
    let architecture = match (number, wide, little) {
        (3, ..) => "386",
        (8, false, false) => "mips",
        (8, false, true) => "mipsle",
        (8, true, false) => "mips64",
        (8, true, true) => "mips64le",
        (20, ..) => "ppc",
        (21, _, true) => "ppc64le",
        (21, _, false) => "ppc64",
        (22, ..) => "s390x",
        (40, ..) => "arm",
        (62, ..) => "amd64",
        (183, ..) => "arm64",
        (243, true, _) => "riscv64",
        (258, true, _) => "loong64",
        _ => return None,
    };
    let platform = Platform::new("linux", architecture).normalized();
    Some(Machine { platform, path: String::from_utf8_lossy(name).into_owned(), sure: is_telling(name) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(wide: bool, little: bool, number: u16) -> Vec<u8> {
        let mut header = vec![0; HEADER];
        header[..6].copy_from_slice(&[
            0x7f,
            b'E',
            b'L',
            b'F',
            if wide { 2 } else { 1 },
            if little { 1 } else { 2 },
        ]);
        header[18..20].copy_from_slice(&if little { number.to_le_bytes() } else { number.to_be_bytes() });
        header
    }

    #[test]
    fn platforms_are_told_by_programs() {
        let rows = [
            (header(true, true, 62), Some("linux/amd64")),
            (header(true, true, 183), Some("linux/arm64")),
            (header(false, true, 40), Some("linux/arm/v7")),
            (header(false, true, 3), Some("linux/386")),
            (header(true, false, 22), Some("linux/s390x")),
            (header(true, true, 21), Some("linux/ppc64le")),
            (header(true, true, 243), Some("linux/riscv64")),
            (header(true, true, 9999), None),
            (b"#!/bin/sh\nexec something that is long enough to be a program".to_vec(), None),
            (b"\x7fELF".to_vec(), None),
        ];
        for (bytes, want) in rows {
            let found = machine(b"bin/sh", &bytes).map(|machine| machine.platform.to_string());
            assert_eq!(found.as_deref(), want, "{bytes:?}");
        }
    }

    #[test]
    fn shells_and_loaders_are_believed_first() {
        for name in [
            "bin/busybox",
            "usr/bin/bash",
            "lib64/ld-linux-x86-64.so.2",
            "usr/lib/x86_64-linux-gnu/ld-2.36.so",
            "lib/ld-musl-aarch64.so.1",
        ] {
            assert!(is_telling(name.as_bytes()), "{name}");
        }
        for name in ["opt/app/bin/sh-like", "busybox", "usr/local/bin/tool", "lib/libc.so.6"] {
            assert!(!is_telling(name.as_bytes()), "{name}");
        }
    }
}
