//! What a file is, by its first bytes and by the names in it.

use std::fmt;

/// How bytes are compressed, by their magic numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all, or in no way that is known.
    None,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878), a skippable frame first where it is chunked.
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
}

impl Compression {
    /// Of these first bytes; six are enough.
    pub fn of(start: &[u8]) -> Self {
        let skippable =
            start.len() >= 4 && (0x50..=0x5f).contains(&start[0]) && start[1..4] == *b"\x2a\x4d\x18";
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ if skippable => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            _ => Self::None,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "nothing",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        })
    }
}

/// What an archive holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An OCI layout and a Docker archive at once (Docker 25 and later, Longshore).
    Hybrid,
    /// An OCI image layout.
    Oci,
    /// `manifest.json` with configs and layers (`docker save` of 1.10 to 24, podman, skopeo).
    Docker,
    /// `repositories` and a folder for each layer (before Docker 1.10).
    OldDocker,
    /// The files of a container (`docker export`), or another filesystem.
    Filesystem,
    /// A tar of something else.
    Other,
}

impl Kind {
    /// Of the names at the top of an archive.
    pub(super) fn of<'a>(top: impl Iterator<Item = &'a [u8]>) -> Self {
        let (mut layout, mut index, mut manifest, mut repositories, mut system) =
            (false, false, false, false, 0);
        for name in top {
            match name {
                b"oci-layout" => layout = true,
                b"index.json" => index = true,
                b"manifest.json" => manifest = true,
                b"repositories" => repositories = true,
                b"bin" | b"etc" | b"usr" | b"lib" | b"var" | b"dev" | b"proc" | b"sbin" | b"root"
                | b"opt" | b"home" | b"tmp" => system += 1,
                _ => {}
            }
        }
        match (layout && index, manifest) {
            (true, true) => Self::Hybrid,
            (true, false) => Self::Oci,
            (false, true) => Self::Docker,
            _ if repositories => Self::OldDocker,
            _ if system >= 2 => Self::Filesystem,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressions_are_told_by_their_magic_numbers() {
        let rows: [(&[u8], Compression); 8] = [
            (b"\x1f\x8b\x08", Compression::Gzip),
            (b"\x28\xb5\x2f\xfd\x04", Compression::Zstd),
            (b"\x50\x2a\x4d\x18\x08", Compression::Zstd),
            (b"BZh91AY", Compression::Bzip2),
            (b"\xfd7zXZ\0", Compression::Xz),
            (b"manifest.json\0", Compression::None),
            (b"BZhello", Compression::None),
            (b"", Compression::None),
        ];
        for (start, want) in rows {
            assert_eq!(Compression::of(start), want, "{start:?}");
        }
    }

    #[test]
    fn kinds_are_told_by_the_names_at_the_top() {
        let rows: [(&[&str], Kind); 6] = [
            (&["blobs", "oci-layout", "index.json", "manifest.json", "repositories"], Kind::Hybrid),
            (&["blobs", "oci-layout", "index.json"], Kind::Oci),
            (&["manifest.json", "repositories", "0a1b"], Kind::Docker),
            (&["repositories", "0a1b"], Kind::OldDocker),
            (&["bin", "etc", "hello"], Kind::Filesystem),
            (&["etc", "readme"], Kind::Other),
        ];
        for (names, want) in rows {
            assert_eq!(Kind::of(names.iter().map(|name| name.as_bytes())), want, "{names:?}");
        }
    }
}
