//! The images that are moved: made once from real folders of the machine, kept as OCI layouts.

use std::fs::{File, Metadata};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use oci::digest::{Algorithm, Digest, Hasher};
use oci::media_type;
use serde_json::json;

use crate::measure::{Contender, Job};

/// Where files are taken from, in this order; the home folder's own come last.
const FOLDERS: &[&str] = &["/usr/lib", "/usr/share", "/usr/bin", "/opt", "/var/lib"];
const HOME_FOLDERS: &[&str] = &[".rustup", ".cargo"];

/// An image in a layout on disk.
pub struct BenchImage {
    pub name: &'static str,
    layout: PathBuf,
    digest: String,
}

impl BenchImage {
    /// Makes it, or takes what an earlier run made: `layers` gzip layers of `total` bytes, one of them of `largest`. Each
    /// but the base removes a few files of those below, and the last one empties a folder.
    pub fn make(work: &Path, name: &'static str, layers: usize, total: u64, largest: Option<u64>) -> Self {
        let rest = largest.map_or(total / layers as u64, |largest| (total - largest) / (layers as u64 - 1));
        let mut files = Files::new();
        Self::write(work, name, layers, |layout, at| {
            let size = if at == layers / 2 { largest.unwrap_or(rest) } else { rest };
            layer(layout, &mut files, size, at + 1 == layers)
        })
    }

    /// As [`BenchImage::make`]: so many small files in every layer, and in all but the base a hundred whiteouts.
    pub fn make_many(work: &Path, name: &'static str, layers: usize, files: u64) -> Self {
        Self::write(work, name, layers, |layout, at| many(layout, at as u64, files))
    }

    fn write(
        work: &Path,
        name: &'static str,
        layers: usize,
        mut layer: impl FnMut(&Path, usize) -> (Digest, u64, Digest),
    ) -> Self {
        let layout = work.join(format!("image-{name}"));
        // Another file name where an image is made otherwise than before.
        let done = layout.join("digest-2");
        if let Ok(digest) = std::fs::read_to_string(&done) {
            return Self { name, layout, digest };
        }
        eprintln!("making the image `{name}` ({layers} layers)");
        let _ = std::fs::remove_dir_all(&layout);
        std::fs::create_dir_all(layout.join("blobs/sha256")).expect("the layout can be made");
        let mut descriptors = Vec::new();
        let mut diff_ids = Vec::new();
        for at in 0..layers {
            let (digest, bytes, diff_id) = layer(&layout, at);
            descriptors.push(
                json!({"mediaType": media_type::OCI_LAYER_GZIP, "digest": digest.as_str(), "size": bytes}),
            );
            diff_ids.push(diff_id.as_str().to_owned());
        }
        let config = json!({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}});
        let config = put(&layout, &serde_json::to_vec(&config).expect("JSON"));
        let manifest = json!({
            "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "layers": descriptors,
            "config": {"mediaType": media_type::OCI_CONFIG, "digest": config.0.as_str(), "size": config.1},
        });
        let manifest = put(&layout, &serde_json::to_vec(&manifest).expect("JSON"));
        let index = json!({"schemaVersion": 2, "manifests": [{
            "mediaType": media_type::OCI_MANIFEST, "digest": manifest.0.as_str(), "size": manifest.1,
            "annotations": {"org.opencontainers.image.ref.name": "latest"},
        }]});
        write(&layout.join("index.json"), &serde_json::to_vec(&index).expect("JSON"));
        write(&layout.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#);
        write(&done, manifest.0.as_str().as_bytes());
        Self { name, layout, digest: manifest.0.as_str().to_owned() }
    }

    /// Puts it into a registry.
    pub fn upload(&self, host: &str) {
        let source = format!("oci:{}:latest", self.layout.display());
        let target = format!("docker://{host}/{}:latest", self.name);
        let status = Command::new("skopeo")
            .args(["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", &source, &target])
            .status()
            .expect("skopeo runs");
        assert!(status.success(), "skopeo could not fill the registry");
    }

    /// The folder that it lies in.
    pub fn layout(&self) -> &Path {
        &self.layout
    }

    /// Fails unless a registry has this image.
    pub fn check_pushed(&self, host: &str, name: &str) {
        let pushed = format!("docker://{host}/{}:latest", self.name);
        let found = testkit::real::Skopeo::new().digest(&pushed, &["--tls-verify=false"]);
        assert_eq!(found, self.digest, "{name} pushed something else");
    }

    /// Fails unless what was pulled is this image.
    pub fn check(&self, contender: &Contender, job: &Job) {
        let found = contender.digest(job);
        assert_eq!(found, self.digest, "{} pulled something else", contender.name());
    }
}

/// Files, links and folders of the machine, one after the other, each once.
struct Files {
    stack: Vec<PathBuf>,
    /// Files that went into layers, of each two thousand one, and are to be removed by a later layer.
    doomed: Vec<PathBuf>,
    count: usize,
}

impl Files {
    fn new() -> Self {
        let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let folders =
            FOLDERS.iter().map(PathBuf::from).chain(HOME_FOLDERS.iter().map(|name| home.join(name)));
        let mut stack: Vec<PathBuf> = folders.collect();
        stack.reverse();
        Self { stack, doomed: Vec::new(), count: 0 }
    }

    fn added(&mut self, name: &Path) {
        self.count += 1;
        if self.count.is_multiple_of(2_000) {
            self.doomed.push(name.to_owned());
        }
    }
}

impl Iterator for Files {
    type Item = (PathBuf, Metadata);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(path) = self.stack.pop() {
            let Ok(metadata) = path.symlink_metadata() else { continue };
            if metadata.is_dir() {
                let Ok(entries) = std::fs::read_dir(&path) else { continue };
                let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
                entries.sort();
                self.stack.extend(entries.into_iter().rev());
            } else if !metadata.is_file() && !metadata.is_symlink() {
                continue;
            }
            return Some((path, metadata));
        }
        None
    }
}

/// A layer that is being written.
struct Layer {
    tar: tar::Builder<Hashing<GzEncoder<Hashing<BufWriter<File>>>>>,
    path: PathBuf,
}

impl Layer {
    fn begin(layout: &Path) -> Self {
        let path = layout.join("blobs/sha256/part");
        let file = File::create(&path).expect("a file for the layer");
        let outer = Hashing::new(BufWriter::with_capacity(1 << 20, file));
        let mut tar = tar::Builder::new(Hashing::new(GzEncoder::new(outer, Compression::new(1))));
        tar.mode(tar::HeaderMode::Deterministic);
        tar.follow_symlinks(false);
        Self { tar, path }
    }

    /// Bytes so far, near enough: the encoder holds little back.
    fn bytes(&self) -> u64 {
        self.tar.get_ref().inner.get_ref().bytes
    }

    fn add(&mut self, name: &str, bytes: &[u8]) {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        self.tar.append_data(&mut header, name, bytes).expect("the layer can be written");
    }

    /// A whiteout of what a layer below has.
    fn remove(&mut self, name: &str) {
        let (folder, leaf) = name.rsplit_once('/').expect("nothing lies at the top");
        self.add(&format!("{folder}/.wh.{leaf}"), b"");
    }

    /// Its digest and bytes, and the digest of what it unpacks to.
    fn finish(self) -> (Digest, u64, Digest) {
        let inner = self.tar.into_inner().expect("the layer can be written");
        let diff_id = inner.hasher.finish();
        let outer = inner.inner.finish().expect("the layer can be written");
        let (digest, bytes) = (outer.hasher.finish(), outer.bytes);
        outer.inner.into_inner().expect("the layer can be written");
        let named = self.path.with_file_name(digest.hex());
        std::fs::rename(&self.path, named).expect("the layer can be named");
        (digest, bytes, diff_id)
    }
}

fn layer(layout: &Path, files: &mut Files, size: u64, is_last: bool) -> (Digest, u64, Digest) {
    let mut layer = Layer::begin(layout);
    for name in std::mem::take(&mut files.doomed) {
        layer.remove(&name.to_string_lossy());
    }
    if is_last {
        layer.add("usr/share/doc/.wh..wh..opq", b"");
    }
    let mut number = 0_u64;
    while layer.bytes() < size {
        number += 1;
        match files.next() {
            Some((path, metadata)) => {
                // A file much larger than what is left would make another image than the one that is named.
                let left = size - layer.bytes();
                if metadata.is_file() && metadata.len() > left.max(1 << 20) * 2 {
                    continue;
                }
                let name = path.strip_prefix("/").expect("absolute");
                // A file that vanishes or can't be read is left out: any file will do.
                if layer.tar.append_path_with_name(&path, name).is_ok() && metadata.is_file() {
                    files.added(name);
                }
            }
            None => layer.add(&format!("noise/{number}"), &noise(number, 1 << 20)),
        }
    }
    layer.finish()
}

/// Files of some hundred bytes, forty to a folder; every third of them is in the layer before, too, and a hundred of that
/// one are removed.
fn many(layout: &Path, at: u64, files: u64) -> (Digest, u64, Digest) {
    let mut layer = Layer::begin(layout);
    let name = |file: u64| {
        let (top, folder) = (file / 4_000, file / 40);
        format!("srv/modules/package-{top}/lib/part-{folder}/source-{file}.js")
    };
    if at > 0 {
        let before = (at - 1) * files;
        // None of those that come again.
        let doomed = (0..files).filter(|number| number % 3 == 1).step_by((files / 300) as usize);
        doomed.take(100).for_each(|number| layer.remove(&name(before + number)));
    }
    for number in 0..files {
        let file = if number % 3 == 0 { number } else { at * files + number };
        layer.add(&name(file), &noise(file * 31 + at, 200 + (file % 300) as usize));
    }
    layer.finish()
}

/// Bytes that do not compress, the same for the same seed.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A writer that hashes and counts what passes.
struct Hashing<W> {
    inner: W,
    hasher: Hasher,
    bytes: u64,
}

impl<W> Hashing<W> {
    fn new(inner: W) -> Self {
        Self { inner, hasher: Hasher::new(Algorithm::Sha256), bytes: 0 }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

fn put(layout: &Path, bytes: &[u8]) -> (Digest, u64) {
    let digest = Digest::sha256(bytes);
    write(&layout.join("blobs/sha256").join(digest.hex()), bytes);
    (digest, bytes.len() as u64)
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("the layout can be written");
}
