//! Layers that are far away: what is fetched of them, and that it is right.

use std::fs;
use std::io::{self, Read};
use std::sync::Mutex;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::name::RepositoryName;
use serde_json::{Value, json};

use super::*;
use crate::blob::{BlobReader, ByteRange, ChunkSource};
use crate::compression::CHECKPOINT_SPACING;
use crate::endpoint::{Document, ImageSource, Target};
use crate::error::{Code, Error, Result};
use crate::tar::TarReader;

/// Blobs in memory that remember what was asked for.
#[derive(Default)]
pub(super) struct Memory {
    blobs: Mutex<Vec<(Digest, Vec<u8>)>>,
    asked: Mutex<Vec<(u64, u64)>>,
    ignores_ranges: bool,
}

impl Memory {
    pub(super) fn add(&self, bytes: Vec<u8>) -> Descriptor {
        let digest = Digest::sha256(&bytes);
        let descriptor = Descriptor::new(oci::media_type::OCI_LAYER_GZIP, digest.clone(), bytes.len() as u64);
        self.blobs.lock().unwrap().push((digest, bytes));
        descriptor
    }

    fn damage(&self, at: usize) {
        self.blobs.lock().unwrap()[0].1[at] ^= 1;
    }

    /// Ranges that were asked for since the last look.
    fn asked(&self) -> Vec<(u64, u64)> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

#[async_trait]
impl ImageSource for Memory {
    async fn resolve(&self, _target: &Target, _job: &Job) -> Result<Document> {
        Err(Error::cancelled())
    }

    async fn document(&self, _descriptor: &Descriptor, _job: &Job) -> Result<Document> {
        Err(Error::cancelled())
    }

    async fn open(&self, blob: &Descriptor, range: ByteRange, _job: &Job) -> Result<BlobReader> {
        let blobs = self.blobs.lock().unwrap();
        let (_, bytes) = blobs.iter().find(|(digest, _)| *digest == blob.digest).expect("it is there");
        let end = range.until.unwrap_or(blob.size);
        self.asked.lock().unwrap().push((range.from, end));
        let (from, end) = if self.ignores_ranges { (0, blob.size) } else { (range.from, end) };
        let part = Bytes::copy_from_slice(&bytes[from as usize..end as usize]);
        Ok(BlobReader::new(from, end, Pieces(part)))
    }

    fn repository(&self) -> Option<&RepositoryName> {
        None
    }
}

struct Pieces(Bytes);

impl ChunkSource for Pieces {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>>> {
        let piece = self.0.split_to(self.0.len().min(10_000));
        Box::pin(async move { Ok(Some(piece).filter(|piece| !piece.is_empty())) })
    }
}

struct Scene {
    memory: Arc<Memory>,
    dir: tempfile::TempDir,
    layers: Vec<Descriptor>,
}

impl Scene {
    fn new(stored: Vec<u8>) -> Self {
        let memory = Arc::new(Memory::default());
        let layers = vec![memory.add(stored)];
        Self { memory, dir: tempfile::tempdir().unwrap(), layers }
    }

    fn annotated(mut self, annotations: &[(&str, String)]) -> Self {
        let own = annotations.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        self.layers[0].annotations = own.collect();
        self
    }

    fn layers(&self) -> Layers {
        let cache = IndexCache::new(self.dir.path());
        Layers::new(self.memory.clone(), &self.layers, true, &cache).far()
    }

    /// The stack, and how each layer's list was come by.
    async fn stack(&self, layers: &Layers) -> Result<(Stack, Vec<IndexedBy>)> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = seen.clone();
        let indexes =
            layers.index(&Job::silent(), move |progress| told.lock().unwrap().push(progress.by)).await?;
        let stack = Stack::new(indexes)?;
        let mut seen = seen.lock().unwrap().clone();
        seen.dedup();
        Ok((stack, seen))
    }
}

/// Reads a file from a byte on, on a thread that may block.
async fn read(layers: &Layers, stack: Stack, path: &'static [u8], from: u64) -> (Stack, io::Result<Vec<u8>>) {
    let layers = layers.clone();
    tokio::task::spawn_blocking(move || {
        let path = stack.find(path).expect("it is in the stack");
        let node = stack.versions(path).next_back().expect("it has a version").node.number();
        let mut bytes = Vec::new();
        let reader = FileReader::open_at(&layers, 0, &stack.layers()[0], node, from, &Job::silent());
        let outcome = reader.map_err(io::Error::other).and_then(|mut reader| reader.read_to_end(&mut bytes));
        (stack, outcome.map(|_| bytes))
    })
    .await
    .unwrap()
}

/// Text that compresses, and is another at every place.
fn text(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(length + 16);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(format!("{} ", state % 100_000).as_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn content(name: &str, bytes: Vec<u8>) -> Made {
    let size = bytes.len() as u64;
    (Entry { size, stored: size, ..entry(name, Kind::File) }, bytes)
}

fn code(error: io::Error) -> Code {
    error.downcast::<Error>().expect("an error of the engine").code()
}

/// Thirty megabytes of three files.
fn large() -> Vec<Made> {
    ["a", "b", "c"].into_iter().zip(1..).map(|(name, seed)| content(name, text(seed, 10 << 20))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gzip_layer_is_streamed_once_and_then_read_from_places_that_were_kept() {
    // One member, and two in the middle of a file.
    let bytes = tar(&large());
    let halves = [gzip(&bytes[..15 << 20]), gzip(&bytes[15 << 20..])].concat();
    for stored in [gzip(&bytes), halves] {
        let size = stored.len() as u64;
        let scene = Scene::new(stored);
        let layers = scene.layers();
        let (stack, by) = scene.stack(&layers).await.unwrap();
        assert_eq!(by, [IndexedBy::Reading]);
        assert_eq!((scene.memory.asked(), layers.fetched()), (vec![(0, size)], size));
        let (stack, last) = read(&layers, stack, b"c", 0).await;
        assert!(last.unwrap() == text(3, 10 << 20));
        let asked = scene.memory.asked();
        let [(from, until)] = asked[..] else { panic!("{asked:?}") };
        assert!(from > size / 2 && until == size, "{asked:?} of {size}");
        // What is wanted of the middle of a file is as much as lies between two places.
        let (stack, middle) = read(&layers, stack, b"b", 5 << 20).await;
        assert!(middle.unwrap() == text(2, 10 << 20)[5 << 20..]);
        let asked = scene.memory.asked();
        let (from, until) = asked[0];
        let part = (size as f64 * 4.0 * CHECKPOINT_SPACING as f64 / bytes.len() as f64) as u64;
        assert!(asked.len() == 1 && from > 0 && until - from < part, "{asked:?} of {size}");
        // Opened again, nothing is streamed.
        let again = scene.layers();
        let (_, by) = scene.stack(&again).await.unwrap();
        assert_eq!((by, again.fetched()), (vec![IndexedBy::Cache], 0));
        drop(stack);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_kept_on_the_first_way_to_a_file_of_a_layer_that_is_near() {
    let scene = Scene::new(gzip(&tar(&large())));
    let cache = IndexCache::new(scene.dir.path());
    let layers = Layers::new(scene.memory.clone(), &scene.layers, false, &cache);
    let (stack, _) = scene.stack(&layers).await.unwrap();
    let digest = &scene.layers[0].digest;
    assert!(cache.points(digest).is_none());
    let (stack, bytes) = read(&layers, stack, b"b", 0).await;
    assert!(bytes.unwrap() == text(2, 10 << 20));
    let known = cache.points(digest).unwrap();
    assert!(known.before(u64::MAX).unwrap().unwrap().from().unpacked > 8 << 20);
    scene.memory.asked();
    // The way to the last one begins at the last place, and goes on keeping.
    let (stack, bytes) = read(&layers, stack, b"c", 9 << 20).await;
    assert!(bytes.unwrap() == text(3, 10 << 20)[9 << 20..]);
    assert!(scene.memory.asked()[0].0 > 0);
    let more = cache.points(digest).unwrap();
    let places = |points: &points::Points| points.before(u64::MAX).unwrap().unwrap().from().unpacked;
    assert!(places(&more) > places(&known), "{more:?}");
    let (_, bytes) = read(&layers, stack, b"a", 0).await;
    assert!(bytes.unwrap() == text(1, 10 << 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn places_that_were_damaged_since_they_were_kept_are_made_anew() {
    let scene = Scene::new(gzip(&tar(&large())));
    let layers = scene.layers();
    let (stack, _) = scene.stack(&layers).await.unwrap();
    let mut kept = fs::read_dir(scene.dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let path = &kept.find(|path| path.to_string_lossy().ends_with("points1")).expect("they are kept");
    let mut damaged = fs::read(path).unwrap();
    // The memories alone: the table after them has a checksum of its own, and is there as it was.
    let memories = damaged.len() - 1_000;
    damaged[..memories].iter_mut().step_by(1_000).for_each(|byte| *byte ^= 0x20);
    fs::write(path, &damaged).unwrap();
    assert!(IndexCache::new(scene.dir.path()).points(&scene.layers[0].digest).is_some());
    let (stack, bytes) = read(&layers, stack, b"c", 0).await;
    assert!(bytes.unwrap() == text(3, 10 << 20));
    assert!(fs::read(path).unwrap() != damaged, "they are kept anew");
    scene.memory.asked();
    let (_, bytes) = read(&layers, stack, b"c", 9 << 20).await;
    assert!(bytes.unwrap() == text(3, 10 << 20)[9 << 20..]);
    assert!(scene.memory.asked()[0].0 > 0, "and begun from");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_compressed_is_read_where_it_lies() {
    let bytes = tar(&[file("before", &"x".repeat(5_000)), file("wanted", "here it is"), file("z", "y")]);
    let scene = Scene::new(bytes);
    let layers = scene.layers();
    let (stack, _) = scene.stack(&layers).await.unwrap();
    scene.memory.asked();
    let (_, found) = read(&layers, stack, b"wanted", 5).await;
    assert_eq!(found.unwrap(), b"it is");
    let asked = scene.memory.asked();
    assert_eq!(asked.iter().map(|(from, until)| until - from).collect::<Vec<_>>(), [5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_than_those_that_were_listed_are_refused() {
    let scene = Scene::new(tar(&[file("a", "0123456789")]));
    let layers = scene.layers();
    let (stack, _) = scene.stack(&layers).await.unwrap();
    scene.memory.damage(512 + 3);
    let (_, outcome) = read(&layers, stack, b"a", 0).await;
    assert_eq!(code(outcome.unwrap_err()), Code::ContentMismatch);
}

/// An eStargz layer of files, each in chunks of `chunk` bytes, as its specification says; and the digest of its table.
fn stargz(entries: &[Made], chunk: usize) -> (Vec<u8>, Digest) {
    let mut stored = Vec::new();
    let mut rows: Vec<Value> = Vec::new();
    let whole = tar(entries);
    let mut reader = TarReader::new(&whole[..]);
    let mut done = 0;
    while let Some(entry) = reader.next().unwrap() {
        let data = entry.data as usize;
        stored.extend(gzip(&whole[done..data]));
        done = data;
        let size = entry.stored as usize;
        let mut row = json!({
            "name": String::from_utf8(entry.name.clone()).unwrap(), "mode": 0o100_000 | entry.mode, "uid": entry.uid,
            "gid": entry.gid, "modtime": "2023-11-14T22:13:20Z", "linkName": String::from_utf8(entry.link).unwrap(),
            "type": match entry.kind {
                Kind::File => "reg",
                Kind::Directory => "dir",
                Kind::Symlink => "symlink",
                _ => "hardlink",
            },
            "xattrs": entry.attributes.iter().map(|(name, value)| {
                (String::from_utf8(name.clone()).unwrap(), Value::from(STANDARD.encode(value)))
            }).collect::<serde_json::Map<_, _>>(),
        });
        if size > 0 {
            let bytes = &whole[data..data + size];
            row["size"] = size.into();
            row["digest"] = Digest::sha256(bytes).as_str().into();
            for (at, part) in bytes.chunks(chunk).enumerate() {
                row["offset"] = stored.len().into();
                row["chunkOffset"] = (at * chunk).into();
                row["chunkSize"] = if (at + 1) * chunk >= size { 0 } else { chunk }.into();
                row["chunkDigest"] = Digest::sha256(part).as_str().into();
                rows.push(row.clone());
                row = json!({"name": row["name"], "type": "chunk"});
                stored.extend(gzip(part));
            }
            done = data + size;
        } else {
            rows.push(row);
        }
    }
    let json = serde_json::to_vec(&json!({"version": 1, "entries": rows})).unwrap();
    // The archive's own end is behind the table.
    stored.extend(gzip(&whole[done..whole.len() - 1024]));
    let at = stored.len();
    stored.extend(gzip(&tar(&[content("stargz.index.json", json.clone())])));
    let mut foot = vec![0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 26, 0, b'S', b'G', 22, 0];
    foot.extend(format!("{at:016x}STARGZ").bytes());
    foot.extend([1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    stored.extend(foot);
    (stored, Digest::sha256(&json))
}

const TOC: &str = "containerd.io/snapshot/stargz/toc.digest";

fn odd() -> Vec<Made> {
    vec![
        dir("etc"),
        made(file("etc/passwd", "root:x:0:0"), |entry| entry.mode = 0o4755),
        link("etc/also", "etc/passwd", Kind::HardLink),
        file("empty", ""),
        link("etc/empty", "empty", Kind::HardLink),
        link("latest", "etc/passwd", Kind::Symlink),
        file("etc/.wh.shadow", ""),
        made(file("with", "attributes"), |entry| entry.attributes = vec![(b"user.a".to_vec(), vec![0, 255])]),
        content("large", text(7, 3_000_000)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_estargz_layer_is_listed_by_its_table_of_contents() {
    let (stored, digest) = stargz(&odd(), 1 << 20);
    let size = stored.len() as u64;
    // It is a gzip layer as any other, too.
    let plain = Scene::new(stored.clone());
    let (whole, by) = plain.stack(&plain.layers()).await.unwrap();
    assert_eq!(by, [IndexedBy::Reading]);
    let scene = Scene::new(stored).annotated(&[(TOC, digest.to_string())]);
    let layers = scene.layers();
    let (stack, by) = scene.stack(&layers).await.unwrap();
    assert_eq!(by, [IndexedBy::Contents]);
    assert!(layers.fetched() < size / 8, "{} of {size}", layers.fetched());
    assert_eq!(scene.memory.asked().len(), 1);
    let mut want = lines(&whole.layers()[0]);
    want.retain(|line| !line.contains("stargz.index.json"));
    assert_eq!(lines(&stack.layers()[0]), want);
    let node = |stack: &Stack, path: &[u8]| {
        let version = stack.versions(stack.find(path).unwrap()).next().unwrap();
        (version.node.mode(), version.node.attributes(), version.node.modified(), version.node.link())
    };
    for path in [&b"etc/passwd"[..], b"with", b"latest", b"etc/also", b"large"] {
        assert_eq!(node(&stack, path), node(&whole, path));
    }
    // A hard link to an empty file leads to it, which only the order tells.
    let linked = stack.find(b"etc/empty").and_then(|path| stack.at(path, 1)).unwrap();
    assert!(stack.bytes_of(&linked).is_some());
    // The middle of a file costs the chunks that it lies in.
    let (stack, bytes) = read(&layers, stack, b"large", 2_500_000).await;
    assert!(bytes.unwrap() == text(7, 3_000_000)[2_500_000..]);
    let asked = scene.memory.asked();
    assert!(asked.len() == 1 && asked[0].1 - asked[0].0 < size / 2, "{asked:?} of {size}");
    let (stack, bytes) = read(&layers, stack, b"large", 0).await;
    assert!(bytes.unwrap() == text(7, 3_000_000));
    assert_eq!(scene.memory.asked().len(), 1, "chunks that follow one another are one request");
    let (stack, bytes) = read(&layers, stack, b"etc/passwd", 0).await;
    assert_eq!(bytes.unwrap(), b"root:x:0:0");
    drop(stack);
    // What was kept is enough the next time; whoever has the layer here reads the layer.
    let again = scene.layers();
    assert_eq!(scene.stack(&again).await.unwrap().1, [IndexedBy::Cache]);
    assert_eq!(again.fetched(), 0);
    let near = Layers::new(scene.memory.clone(), &scene.layers, true, &IndexCache::new(scene.dir.path()));
    assert_eq!(scene.stack(&near).await.unwrap().1, [IndexedBy::Reading]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_nobody_vouches_for_is_not_believed() {
    let (stored, digest) = stargz(&odd(), 1 << 20);
    let other = Digest::sha256(b"another table").to_string();
    let foot = stored.len() - 40;
    let mut elsewhere = stored.clone();
    elsewhere[foot] ^= 1;
    for (name, stored, said) in
        [("another digest", &stored, &other), ("a damaged foot", &elsewhere, &digest.to_string())]
    {
        let scene = Scene::new(stored.clone()).annotated(&[(TOC, said.clone())]);
        let (stack, by) = scene.stack(&scene.layers()).await.unwrap();
        assert_eq!(by.last(), Some(&IndexedBy::Reading), "{name}");
        assert!(stack.find(b"stargz.index.json").is_some(), "{name}: it is a file of the archive");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_is_damaged_is_not_given_away() {
    let (stored, digest) = stargz(&odd(), 1 << 20);
    let scene = Scene::new(stored).annotated(&[(TOC, digest.to_string())]);
    let layers = scene.layers();
    let (stack, _) = scene.stack(&layers).await.unwrap();
    let (stack, bytes) = read(&layers, stack, b"etc/passwd", 0).await;
    bytes.unwrap();
    let at = scene.memory.asked()[1].0 as usize;
    // The same letters in another order are as long, and a gzip member as good.
    let other = gzip(b"toor:x:0:0");
    scene.memory.blobs.lock().unwrap()[0].1[at..at + other.len()].copy_from_slice(&other);
    let (_, outcome) = read(&layers, stack, b"etc/passwd", 0).await;
    assert_eq!(code(outcome.unwrap_err()), Code::ContentMismatch);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_ignores_ranges_costs_more_and_gives_the_same() {
    let (stored, digest) = stargz(&odd(), 1 << 20);
    let memory = Memory { ignores_ranges: true, ..Memory::default() };
    let layers = vec![memory.add(stored)];
    let scene = Scene { memory: Arc::new(memory), dir: tempfile::tempdir().unwrap(), layers };
    let scene = scene.annotated(&[(TOC, digest.to_string())]);
    let layers = scene.layers();
    let (stack, by) = scene.stack(&layers).await.unwrap();
    assert_eq!(by, [IndexedBy::Contents]);
    let (_, bytes) = read(&layers, stack, b"large", 0).await;
    assert!(bytes.unwrap() == text(7, 3_000_000));
}

/// A zstd:chunked layer of one file and one hole, and what its manifest says of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_zstd_chunked_layer_is_listed_by_its_frame_and_holes_are_zeros() {
    let body = text(9, 200_000);
    let frame = |bytes: &[u8]| zstd::bulk::compress(bytes, 3).unwrap();
    let head = frame(b"whatever the tar has before the file");
    let mut stored = head.clone();
    stored.extend(frame(&body));
    let end = stored.len();
    let sha = Digest::sha256(&body);
    let rows = json!({"version": 1, "entries": [
        {"type": "reg", "name": "hole", "size": 300_000, "mode": 0o600, "offset": head.len(), "endOffset": end,
         "digest": sha.as_str(), "chunkSize": 200_000, "chunkDigest": sha.as_str()},
        {"type": "chunk", "name": "hole", "chunkOffset": 200_000, "chunkSize": 100_000, "chunkType": "zeros",
         "offset": end},
    ]});
    let json = serde_json::to_vec(&rows).unwrap();
    let table = frame(&json);
    let skippable =
        |bytes: &[u8]| [&[0x50, 0x2a, 0x4d, 0x18][..], &(bytes.len() as u32).to_le_bytes(), bytes].concat();
    stored.extend(skippable(&table));
    let position = format!("{}:{}:{}:1", end + 8, table.len(), json.len());
    for prefix in ["io.github.containers.zstd-chunked", "io.containers.zstd-chunked"] {
        let scene = Scene::new(stored.clone()).annotated(&[
            (&format!("{prefix}.manifest-checksum"), Digest::sha256(&table).to_string()),
            (&format!("{prefix}.manifest-position"), position.clone()),
        ]);
        let layers = scene.layers();
        let (stack, by) = scene.stack(&layers).await.unwrap();
        assert_eq!((by, layers.fetched()), (vec![IndexedBy::Contents], table.len() as u64));
        let (stack, bytes) = read(&layers, stack, b"hole", 0).await;
        assert!(bytes.unwrap() == [&body[..], &vec![0; 100_000]].concat());
        let (_, bytes) = read(&layers, stack, b"hole", 199_990).await;
        assert!(bytes.unwrap() == [&body[199_990..], &vec![0; 100_000]].concat());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f094_a_table_that_claims_what_no_entry_needs_is_left_alone() {
    let name = "n".repeat(3 << 20);
    let rows = [
        json!({"version": 1, "entries": [{"type": "reg", "name": name, "mode": 0}]}),
        json!({"version": 2, "entries": []}),
        json!({"version": 1}),
        json!({"version": 1, "entries": [{"type": "reg", "name": "a", "size": u64::MAX, "digest": "sha256:0"}]}),
        json!({"version": 1, "entries": [{"type": "chunk", "name": "a", "chunkOffset": 5}]}),
        json!({"version": 1, "entries": [{"type": "door", "name": "a"}]}),
    ];
    for row in rows {
        let layer = zstd::bulk::compress(&tar(&[file("real", "x")]), 3).unwrap();
        let json = serde_json::to_vec(&row).unwrap();
        let table = zstd::bulk::compress(&json, 3).unwrap();
        let skippable = [&[0x50, 0x2a, 0x4d, 0x18][..], &(table.len() as u32).to_le_bytes(), &table].concat();
        let position = format!("{}:{}:{}:1", layer.len() + 8, table.len(), json.len());
        let scene = Scene::new([layer, skippable].concat()).annotated(&[
            ("io.github.containers.zstd-chunked.manifest-checksum", Digest::sha256(&table).to_string()),
            ("io.github.containers.zstd-chunked.manifest-position", position),
        ]);
        let (stack, by) = scene.stack(&scene.layers()).await.unwrap();
        assert_eq!(
            by.last(),
            Some(&IndexedBy::Reading),
            "{}",
            &row.to_string()[..60.min(row.to_string().len())]
        );
        assert!(stack.find(b"real").is_some());
    }
}
