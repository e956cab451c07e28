//! What a file can be, and how it can be compressed.

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

/// What a file holds.
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
    /// One layer of an image: files, and whiteouts of what is below it.
    Layer,
    /// A Helm chart.
    Chart,
    /// A tar of something else.
    Other,
    /// No tar, with what it is in words and an article: "a ZIP file".
    Foreign(&'static str),
}

impl Kind {
    /// Whether there are images in it to load.
    pub fn has_images(self) -> bool {
        matches!(self, Self::Hybrid | Self::Oci | Self::Docker | Self::OldDocker)
    }

    /// A stable word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::Oci => "oci",
            Self::Docker => "docker",
            Self::OldDocker => "old_docker",
            Self::Filesystem => "filesystem",
            Self::Layer => "layer",
            Self::Chart => "chart",
            Self::Other => "other",
            Self::Foreign(_) => "foreign",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hybrid => "an archive of images that Docker and OCI tools read",
            Self::Oci => "an OCI archive",
            Self::Docker => "a Docker archive",
            Self::OldDocker => "a Docker archive from before Docker 1.10",
            Self::Filesystem => "a root filesystem",
            Self::Layer => "one layer of an image",
            Self::Chart => "a Helm chart",
            Self::Other => "a tar of something else",
            Self::Foreign(what) => what,
        })
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
}
