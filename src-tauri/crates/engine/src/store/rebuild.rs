//! A damaged or missing `index.json` is made again; the damaged one is kept beside it, never deleted.
//!
//! Entries that can still be read out of the damaged text keep their names. Every other manifest that no manifest
//! refers to gets an entry without a name: nothing becomes garbage, and pulling it by name again moves no layer.

use std::collections::HashSet;
use std::fs;

use oci::descriptor::Descriptor;
use oci::digest::{Algorithm, Digest};
use oci::graph::{MANIFEST_CAP, Node};
use serde::Deserialize;
use serde_json::Value;

use super::index::{Damage, Index, digest_text};
use super::names::INDEX_CAP;
use super::{ContentStore, io_error};
use crate::error::{Code, Error, Result};

impl ContentStore {
    /// Makes the index of a new store, or one for a store that lost its own.
    pub(super) fn ensure_index(&self) -> Result<()> {
        if self.index_path().symlink_metadata().is_ok() {
            return Ok(());
        }
        let _lock = self.lock_index()?;
        self.load_locked().map(|_| ())
    }

    /// Replaces an index that is missing or damaged, for whoever holds its lock.
    pub(super) fn rebuild(&self, damage: Damage) -> Result<Index> {
        let mut index = Index::empty();
        let damaged = match damage {
            Damage::Missing => None,
            Damage::Malformed(reason) => {
                Some((super::layout::read_small(&self.index_path(), INDEX_CAP)?, reason))
            }
        };
        let mut known = HashSet::new();
        for entry in damaged.iter().filter_map(|(bytes, _)| bytes.as_deref()).flat_map(salvage) {
            let Ok(descriptor) = Descriptor::deserialize(&entry) else { continue };
            if self.blob_size(&descriptor.digest).is_ok_and(|size| size == Some(descriptor.size)) {
                known.insert(descriptor.digest);
                index.restore(entry);
            }
        }
        for root in self.roots()? {
            if known.insert(root.digest.clone()) {
                index.restore(serde_json::to_value(&root).expect("a descriptor has JSON"));
            }
        }
        if let Some((_, reason)) = damaged {
            self.put_index_aside().map_err(|error| {
                let message = format!("`{}` is damaged: {reason}", self.index_path().display());
                Error::new(Code::StoreCorrupt, message)
                    .with_hint("Make the store writable: its index can be rebuilt from what is there")
                    .with_source(error)
            })?;
        }
        self.replace(&self.index_path(), &index.to_bytes())?;
        Ok(index)
    }

    fn put_index_aside(&self) -> Result<()> {
        let path = self.index_path();
        let aside = (1..)
            .map(|number| self.path().join(format!("index.json.damaged-{number}")))
            .find(|aside| aside.symlink_metadata().is_err())
            .expect("some number is free");
        self.0.disk.rename(&path, &aside).map_err(|error| io_error(&path, "put aside", error))
    }

    /// The manifests and indexes here that no other one refers to, by digest.
    fn roots(&self) -> Result<Vec<Descriptor>> {
        let mut found = Vec::new();
        let mut referred = HashSet::new();
        for (digest, size) in self.blobs()? {
            if size > MANIFEST_CAP {
                continue;
            }
            let Ok(bytes) = self.read_unchecked(&digest, MANIFEST_CAP) else { continue };
            let Ok(node) = Node::parse(&bytes, None) else { continue };
            if Digest::of(digest.algorithm(), &bytes) == digest {
                referred.extend(node.successors().into_iter().map(|next| next.digest.clone()));
                found.push(Descriptor::new(node.media_type(), digest, size));
            }
        }
        found.retain(|root| !referred.contains(&root.digest));
        found.sort_by(|a, b| a.digest.cmp(&b.digest));
        Ok(found)
    }

    /// Every committed blob with its size in bytes; files that are no blobs are passed over.
    pub(super) fn blobs(&self) -> Result<Vec<(Digest, u64)>> {
        let mut blobs = Vec::new();
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let dir = self.path().join("blobs").join(algorithm.as_str());
            let listing = match fs::read_dir(&dir) {
                Ok(listing) => listing,
                Err(error)
                    if error.kind() == std::io::ErrorKind::NotFound && algorithm != Algorithm::Sha256 =>
                {
                    continue;
                }
                Err(error) => return Err(io_error(&dir, "list", error)),
            };
            for entry in listing {
                let entry = entry.map_err(|error| io_error(&dir, "list", error))?;
                let name = format!("{}:{}", algorithm.as_str(), entry.file_name().to_string_lossy());
                let Ok(digest) = name.parse::<Digest>() else { continue };
                // Not followed, so a link is no file.
                match entry.metadata() {
                    Ok(found) if found.is_file() => blobs.push((digest, found.len())),
                    _ => {}
                }
            }
        }
        Ok(blobs)
    }
}

/// Every JSON object in a damaged text that may be an entry, wherever it starts.
fn salvage(text: &[u8]) -> Vec<Value> {
    let mut entries = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].iter().position(|&byte| byte == b'{').map(|found| at + found) {
        let mut values = serde_json::Deserializer::from_slice(&text[start..]).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) if digest_text(&value).is_some() => {
                at = start + values.byte_offset();
                entries.push(value);
            }
            _ => at = start + 1,
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_out_of_a_cut_text() {
        let text = br#"{"schemaVersion":2,"manifests":[{"digest":"a","annotations":{"x":"{"}},{"digest":"b"},{"digest":"c","#;
        let digests: Vec<_> = salvage(text).iter().map(|entry| entry["digest"].clone()).collect();
        assert_eq!(digests, ["a", "b"]);
        assert!(salvage(b"").is_empty());
        assert!(salvage(b"{{{{").is_empty());
    }
}
