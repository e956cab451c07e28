//! Layers: tar archives of in-memory entries, compressed or not.

use std::io::Write as _;

use bytes::Bytes;
use oci::digest::Digest;

use super::noise;

/// How a layer is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LayerCompression {
    /// A plain tar.
    None,
    /// gzip, fastest level.
    Gzip,
    /// zstd, level 3.
    Zstd,
}

/// One entry of a layer. Paths are as they go into the archive: relative, without a leading slash.
#[derive(Clone, Debug)]
pub struct Entry {
    path: String,
    kind: Kind,
    mode: u32,
    owner: (u64, u64),
    modified: u64,
}

#[derive(Clone, Debug)]
enum Kind {
    File(Bytes),
    Directory,
    Symlink(String),
    Hardlink(String),
}

impl Entry {
    fn new(path: &str, kind: Kind, mode: u32) -> Self {
        // A fixed time: the same recipe must give the same digest next year.
        Self { path: path.to_owned(), kind, mode, owner: (0, 0), modified: 1_704_067_200 }
    }

    /// A regular file, mode 0644.
    pub fn file(path: &str, content: &[u8]) -> Self {
        Self::new(path, Kind::File(Bytes::copy_from_slice(content)), 0o644)
    }

    /// A directory, mode 0755.
    pub fn directory(path: &str) -> Self {
        Self::new(path, Kind::Directory, 0o755)
    }

    /// A symbolic link.
    pub fn symlink(path: &str, target: &str) -> Self {
        Self::new(path, Kind::Symlink(target.to_owned()), 0o777)
    }

    /// A hard link to an entry of the same archive.
    pub fn hardlink(path: &str, target: &str) -> Self {
        Self::new(path, Kind::Hardlink(target.to_owned()), 0o644)
    }

    /// The whiteout that hides `path` of the layers below: an empty file named `.wh.NAME`.
    pub fn whiteout(path: &str) -> Self {
        let hidden = match path.rsplit_once('/') {
            Some((parent, name)) => format!("{parent}/.wh.{name}"),
            None => format!(".wh.{path}"),
        };
        Self::new(&hidden, Kind::File(Bytes::new()), 0o644)
    }

    /// The marker that hides everything below in `directory`.
    pub fn opaque(directory: &str) -> Self {
        Self::new(&format!("{directory}/.wh..wh..opq"), Kind::File(Bytes::new()), 0o644)
    }

    /// Sets the permission bits.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the owner and group.
    #[must_use]
    pub fn owner(mut self, user: u64, group: u64) -> Self {
        self.owner = (user, group);
        self
    }

    /// Sets the modification time in seconds since 1970.
    #[must_use]
    pub fn modified(mut self, seconds: u64) -> Self {
        self.modified = seconds;
        self
    }
}

/// A layer: its bytes as they are transferred, and the digest of the tar inside.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The blob.
    pub bytes: Bytes,
    /// How it is compressed.
    pub compression: LayerCompression,
    /// Digest of the uncompressed tar.
    pub diff_id: Digest,
    /// What the history says made it.
    pub created_by: String,
}

impl Layer {
    /// A layer of these entries, in this order.
    pub fn new(entries: &[Entry], compression: LayerCompression) -> Self {
        Self::from_tar(&archive(entries), compression)
    }

    /// A layer of one incompressible file of `len` bytes, stored by gzip without effort: the blob is `len` bytes
    /// and about 0.1% more.
    pub fn noise(seed: u64, len: usize) -> Self {
        let entry = Entry::new("noise.bin", Kind::File(noise(seed, len).into()), 0o644);
        let tar = archive(&[entry]);
        let bytes = gzip(&tar, flate2::Compression::none());
        Self { bytes, ..Self::uncompressed(LayerCompression::Gzip, &tar) }
    }

    /// A layer of a tar archive that the caller made.
    pub fn from_tar(tar: &[u8], compression: LayerCompression) -> Self {
        let bytes = match compression {
            LayerCompression::None => Bytes::copy_from_slice(tar),
            LayerCompression::Gzip => gzip(tar, flate2::Compression::fast()),
            LayerCompression::Zstd => zstd::encode_all(tar, 3).expect("memory takes every write").into(),
        };
        Self { bytes, ..Self::uncompressed(compression, tar) }
    }

    /// A tar archive with no entries, uncompressed: 1,024 zero bytes.
    pub fn empty_archive() -> Self {
        Self::new(&[], LayerCompression::None)
    }

    /// A blob of no bytes at all.
    pub fn empty_blob() -> Self {
        Self::from_tar(&[], LayerCompression::None)
    }

    /// Sets what the history says made it.
    #[must_use]
    pub fn created_by(mut self, command: &str) -> Self {
        command.clone_into(&mut self.created_by);
        self
    }

    fn uncompressed(compression: LayerCompression, tar: &[u8]) -> Self {
        Self {
            bytes: Bytes::new(),
            compression,
            diff_id: Digest::sha256(tar),
            created_by: "RUN /bin/sh -c make files # buildkit".to_owned(),
        }
    }
}

fn gzip(bytes: &[u8], level: flate2::Compression) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(bytes.len() / 2), level);
    encoder.write_all(bytes).expect("memory takes every write");
    encoder.finish().expect("memory takes every write").into()
}

fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        header.set_mode(entry.mode);
        header.set_uid(entry.owner.0);
        header.set_gid(entry.owner.1);
        header.set_mtime(entry.modified);
        header.set_size(0);
        match &entry.kind {
            Kind::File(content) => {
                header.set_entry_type(tar::EntryType::Regular);
                header.set_size(content.len() as u64);
                builder.append_data(&mut header, &entry.path, &content[..])
            }
            Kind::Directory => {
                header.set_entry_type(tar::EntryType::Directory);
                builder.append_data(&mut header, format!("{}/", entry.path.trim_end_matches('/')), &b""[..])
            }
            Kind::Symlink(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                builder.append_link(&mut header, &entry.path, target)
            }
            Kind::Hardlink(target) => {
                header.set_entry_type(tar::EntryType::Link);
                builder.append_link(&mut header, &entry.path, target)
            }
        }
        .expect("an entry's path is relative and without `..`");
    }
    builder.into_inner().expect("memory takes every write")
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn unpacked(layer: &Layer) -> Vec<u8> {
        let mut tar = Vec::new();
        match layer.compression {
            LayerCompression::None => tar.extend_from_slice(&layer.bytes),
            LayerCompression::Gzip => {
                flate2::read::GzDecoder::new(&layer.bytes[..]).read_to_end(&mut tar).map(drop).unwrap();
            }
            LayerCompression::Zstd => tar = zstd::decode_all(&layer.bytes[..]).unwrap(),
        }
        tar
    }

    #[test]
    fn diff_id_is_the_digest_of_the_unpacked_tar() {
        let entries = [
            Entry::directory("usr"),
            Entry::file("usr/a", b"hello").mode(0o755).owner(1, 2).modified(3),
            Entry::symlink("usr/b", "a"),
            Entry::hardlink("usr/c", "usr/a"),
            Entry::whiteout("usr/gone"),
            Entry::opaque("var"),
        ];
        for compression in [LayerCompression::None, LayerCompression::Gzip, LayerCompression::Zstd] {
            let layer = Layer::new(&entries, compression);
            let tar = unpacked(&layer);
            assert_eq!(layer.diff_id, Digest::sha256(&tar), "{compression:?}");
            let mut archive = tar::Archive::new(&tar[..]);
            let names: Vec<String> = archive
                .entries()
                .unwrap()
                .map(|it| it.unwrap().path().unwrap().display().to_string())
                .collect();
            assert_eq!(names, ["usr/", "usr/a", "usr/b", "usr/c", "usr/.wh.gone", "var/.wh..wh..opq"]);
        }
    }

    #[test]
    fn noise_keeps_its_size() {
        let layer = Layer::noise(1, 1_000_000);
        assert!((1_000_000..1_005_000).contains(&layer.bytes.len()), "{}", layer.bytes.len());
        assert_eq!(layer.diff_id, Digest::sha256(&unpacked(&layer)));
    }
}
