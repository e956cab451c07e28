//! Layers that an archive has uncompressed, compressed on their way: what Docker stored until version 24 would else be
//! stored and pushed as large as it is unpacked.
//!
//! A layer is read once: hashed as it is, which proves it, compressed on several threads into a temporary file, and
//! hashed as it becomes. The config stays, since its diff IDs are of what is inside; the manifest is another one.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use oci::descriptor::Descriptor;
use oci::digest::{Digest, Hasher};
use oci::graph::Node;
use oci::media_type;
use serde_json::{Value, json};

use super::docker::document;
use super::entry::Part;
use super::open::{cut, unreadable};
use super::source::ArchiveSource;
use super::spool::{Hashing, Kept};
use crate::compression::{Compression, Encoder};
use crate::endpoint::Document;
use crate::error::{Code, Error, Result};
use crate::job::{Job, NodeKind, PlannedBlob, TransferEvent};
use crate::place::failed;

/// What is read at a time, bytes.
const PIECE: usize = 1 << 20;

impl ArchiveSource {
    /// The archive with the uncompressed layers of these images compressed, into temporary files of `spool`; what is
    /// compressed already, and indexes, stay as they are. The roots that changed have another digest, which the map has
    /// for each. Blocks; the job is told of the bytes that were read.
    ///
    /// # Errors
    /// [`Code::ContentMismatch`] where a layer is not what its digest says; [`Code::CompressionUnsupported`];
    /// [`Code::StoreFull`] where there is no room; [`Code::Cancelled`].
    pub fn compressed(
        &self,
        roots: &[Digest],
        compression: Compression,
        spool: &Path,
        job: &Job,
    ) -> Result<(Self, HashMap<Digest, Digest>)> {
        let mut work =
            Work { source: self, compression, spool, job, packed: HashMap::new(), files: HashMap::new() };
        let raw = work.raw_layers(roots)?;
        let total = raw.iter().map(|layer| layer.size).sum();
        let blobs = raw.iter().map(|layer| PlannedBlob {
            descriptor: layer.clone(),
            kind: NodeKind::Layer,
            present: false,
            resumed: 0,
        });
        job.emit(TransferEvent::Planned { blobs: blobs.collect(), total, skipped: 0 });
        for layer in &raw {
            let (descriptor, packed) = work.compress(layer)?;
            work.files.insert(descriptor.digest.clone(), Arc::new(packed));
            work.packed.insert(layer.digest.clone(), descriptor);
        }
        let mut changed = HashMap::new();
        let mut documents = Vec::new();
        for root in roots {
            if let Some(document) = work.manifest(root)? {
                changed.insert(root.clone(), document.descriptor.digest.clone());
                documents.push(document);
            }
        }
        let files = work.files;
        Ok((self.with_packed(&changed, documents, files), changed))
    }
}

struct Work<'a> {
    source: &'a ArchiveSource,
    compression: Compression,
    spool: &'a Path,
    job: &'a Job,
    /// What became of an uncompressed layer.
    packed: HashMap<Digest, Descriptor>,
    files: HashMap<Digest, Arc<Kept>>,
}

impl Work<'_> {
    /// The layers to compress, each once.
    fn raw_layers(&self, roots: &[Digest]) -> Result<Vec<Descriptor>> {
        let mut raw: Vec<Descriptor> = Vec::new();
        for root in roots {
            let document = self.source.document_of(root)?;
            let node = Node::parse(&document.bytes, Some(&document.descriptor.media_type));
            let Ok(Node::Manifest(manifest)) = node else { continue };
            for layer in manifest.layers {
                if is_raw(&layer) && !raw.iter().any(|known| known.digest == layer.digest) {
                    raw.push(layer);
                }
            }
        }
        Ok(raw)
    }

    fn compress(&self, layer: &Descriptor) -> Result<(Descriptor, Kept)> {
        let part = self.source.blob(&layer.digest)?;
        let place = self.spool.display().to_string();
        let io = |error| failed(&place, error);
        let output = Hashing::begin(self.spool).map_err(io)?;
        let output = io::BufWriter::with_capacity(PIECE, output);
        let mut encoder = Encoder::new(output, self.compression, None)?;
        self.read(layer, &part, |bytes| encoder.write_all(bytes).map_err(io))?;
        let output = encoder.finish().map_err(io)?.into_inner().map_err(|error| io(error.into_error()))?;
        let packed = output.finish();
        let mut descriptor =
            Descriptor::new(self.media_type(layer), packed.digest().clone(), packed.length());
        descriptor.annotations.clone_from(&layer.annotations);
        Ok((descriptor, packed))
    }

    fn read(&self, layer: &Descriptor, part: &Part, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let name = self.source.archive().name();
        let mut hasher = Hasher::new(layer.digest.algorithm());
        let mut buffer = vec![0; PIECE];
        let mut at = 0;
        while at < part.length() {
            if self.job.is_cancelled() {
                return Err(Error::cancelled());
            }
            let count = part.read_at(&mut buffer, at).map_err(|error| unreadable(name, error))?;
            if count == 0 {
                return Err(cut(name));
            }
            hasher.update(&buffer[..count]);
            take(&buffer[..count])?;
            at += count as u64;
            let digest = layer.digest.clone();
            self.job.emit(TransferEvent::Advanced { digest, done: at });
        }
        crate::blob::check(layer, at, hasher)
    }

    fn media_type(&self, layer: &Descriptor) -> &'static str {
        let docker = media_type::same(&layer.media_type, media_type::DOCKER_LAYER);
        match (self.compression, docker) {
            (Compression::Zstd, true) => media_type::DOCKER_LAYER_ZSTD,
            (Compression::Zstd, false) => media_type::OCI_LAYER_ZSTD,
            (_, true) => media_type::DOCKER_LAYER_GZIP,
            (_, false) => media_type::OCI_LAYER_GZIP,
        }
    }

    /// The manifest with what its layers became; none where that is nothing new.
    fn manifest(&self, root: &Digest) -> Result<Option<Document>> {
        let before = self.source.document_of(root)?;
        let invalid = |problem: serde_json::Error| {
            Error::new(Code::ManifestInvalid, format!("the manifest `{}` can't be read", root.short()))
                .with_source(problem)
        };
        let mut value: Value = serde_json::from_slice(&before.bytes).map_err(invalid)?;
        let mut changed = false;
        for entry in value.get_mut("layers").and_then(Value::as_array_mut).into_iter().flatten() {
            let digest = entry["digest"].as_str().and_then(|digest| digest.parse::<Digest>().ok());
            if let Some(packed) = digest.and_then(|digest| self.packed.get(&digest)) {
                *entry = json!(packed);
                changed = true;
            }
        }
        Ok(changed.then(|| document(&before.descriptor.media_type, &value)))
    }
}

fn is_raw(layer: &Descriptor) -> bool {
    [media_type::OCI_LAYER, media_type::DOCKER_LAYER]
        .iter()
        .any(|raw| media_type::same(&layer.media_type, raw))
}
