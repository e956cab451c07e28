//! Layers as gzipped tars, byte for byte the same everywhere: sorted entries, one fixed time, root as the owner, and a
//! gzip header without a name, a time or an operating system. The compressor's version is pinned by the digests that
//! the tests expect.

use std::collections::BTreeMap;
use std::io::{self, Write};

use engine::store::ContentStore;
use engine::{Code, Error, Result};
use flate2::{Compression, GzBuilder};
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::media_type::OCI_LAYER_GZIP;

/// 2026-01-05T08:00:00Z, in seconds since 1970.
const MODIFIED: u64 = 1_767_600_000;

/// A file of a layer.
pub(super) enum Entry {
    /// With its mode.
    Directory(u32),
    /// With its mode and content.
    File(u32, Vec<u8>),
    /// A symbolic link to this.
    Link(&'static str),
    /// Another name of this file, which sorts before it.
    HardLink(&'static str),
}

/// A layer's files by path, without a leading slash.
pub(super) type Tree = BTreeMap<String, Entry>;

/// A layer in the store.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    /// As a manifest lists it.
    pub(super) descriptor: Descriptor,
    /// The digest of the tar inside.
    pub(super) diff_id: Digest,
}

/// Makes a layer and stores it. `title` is shown for it.
pub(super) fn bake(store: &ContentStore, title: &str, tree: &Tree) -> Result<Layer> {
    let failed = |error: io::Error| Error::new(Code::Internal, format!("layer `{title}`")).with_source(error);
    let tar = pack(tree).map_err(failed)?;
    let packed = compress(&tar).map_err(failed)?;
    let mut descriptor = Descriptor::new(OCI_LAYER_GZIP, store.put(&packed)?, packed.len() as u64);
    descriptor.annotations.insert("org.opencontainers.image.title".into(), title.into());
    Ok(Layer { descriptor, diff_id: Digest::sha256(&tar) })
}

fn pack(tree: &Tree) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, entry) in tree {
        let mut header = tar::Header::new_ustar();
        header.set_mtime(MODIFIED);
        header.set_uid(0);
        header.set_gid(0);
        header.set_username("root")?;
        header.set_groupname("root")?;
        header.set_size(0);
        header.set_mode(0o777);
        match entry {
            Entry::Directory(mode) => {
                header.set_entry_type(tar::EntryType::Directory);
                header.set_mode(*mode);
                tar.append_data(&mut header, format!("{path}/"), io::empty())?;
            }
            Entry::File(mode, content) => {
                header.set_entry_type(tar::EntryType::Regular);
                header.set_mode(*mode);
                header.set_size(content.len() as u64);
                tar.append_data(&mut header, path, content.as_slice())?;
            }
            Entry::Link(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                tar.append_link(&mut header, path, target)?;
            }
            Entry::HardLink(target) => {
                header.set_entry_type(tar::EntryType::Link);
                header.set_mode(0o755);
                tar.append_link(&mut header, path, target)?;
            }
        }
    }
    tar.into_inner()
}

fn compress(tar: &[u8]) -> io::Result<Vec<u8>> {
    // 255 is "unknown" (RFC 1952): what the crate would write of itself depends on where it runs.
    let packed = Vec::with_capacity(tar.len());
    let mut gzip = GzBuilder::new().mtime(0).operating_system(255).write(packed, Compression::new(6));
    gzip.write_all(tar)?;
    gzip.finish()
}
