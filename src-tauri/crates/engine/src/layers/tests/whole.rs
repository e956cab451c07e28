//! What is kept of all layers of an image together.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use oci::descriptor::Descriptor;

use super::far::Memory;
use super::*;
use crate::layers::kept::Key;

/// An image whose lists are in a cache.
struct Scene {
    dir: tempfile::TempDir,
    layers: Layers,
}

impl Scene {
    fn new(layers: &[Vec<Made>]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let memory = Arc::new(Memory::default());
        let layers: Vec<Descriptor> = layers.iter().map(|made| memory.add(gzip(&tar(made)))).collect();
        let layers = Layers::new(memory, &layers, true, &IndexCache::new(dir.path()));
        Self { dir, layers }
    }

    async fn whole(&self) -> Whole {
        self.layers.whole(&Job::silent(), |_| {}).await.unwrap()
    }

    fn trees(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|extension| extension == "tree")).collect()
    }
}

/// So many files in folders; a later layer writes some of them again, adds others and removes a few.
fn many(count: usize) -> Vec<Vec<Made>> {
    let name = |at: usize| format!("d{}/f{at}", at % 17);
    let base = (0..count).map(|at| file(&name(at), &"x".repeat(at % 7))).collect();
    let again = (0..count / 10).map(|at| file(&name(at * 10), "again"));
    let other = (0..count / 20).map(|at| file(&format!("new/{at}"), "new"));
    let gone = (0..count / 50).map(|at| file(&format!("d{}/.wh.f{}", (at * 50 + 1) % 17, at * 50 + 1), ""));
    vec![base, again.chain(other).chain(gone).collect()]
}

/// All that it says.
fn said(whole: &Whole) -> (Vec<String>, Vec<u64>, Waste) {
    let Whole { stack, merged, waste } = whole;
    let paths = 0..stack.paths();
    let line = |path: u32| {
        let versions: Vec<String> = stack
            .versions(path)
            .map(|version| format!("{} {} {}", version.layer, version.removes, version.node.number()))
            .collect();
        let seen = |version: Option<Version<'_>>| version.map(|version| version.layer);
        format!(
            "{} in {}, {versions:?}, {:?}: {:?} -> {:?}",
            shown(&stack.full_path(path)),
            stack.parent(path),
            merged.change(path),
            seen(merged.before(stack, path)),
            seen(merged.after(stack, path)),
        )
    };
    let sizes = paths.clone().map(|path| merged.size(stack, path)).collect();
    (paths.map(line).collect(), sizes, waste.clone())
}

fn inode(path: &Path) -> u64 {
    path.metadata().unwrap().ino()
}

#[tokio::test]
async fn a_large_image_is_worked_out_once_and_a_small_one_each_time() {
    let scene = Scene::new(&many(16_000));
    let first = said(&scene.whole().await);
    assert_eq!(first.0.len(), 1 + 17 + 16_000 + 1 + 800);
    assert!(first.2.files.len() > 1_600 && first.2.efficiency < 1.0);
    let [tree] = &*scene.trees() else { panic!("{:?}", scene.trees()) };
    let last = &scene.layers.descriptors()[1].digest;
    assert!(tree.file_name().unwrap().to_str().unwrap().starts_with(&format!("sha256-{}.", last.hex())));
    let before = inode(tree);
    assert!(said(&scene.whole().await) == first, "it is read back otherwise than it was worked out");
    assert_eq!(inode(tree), before, "it was worked out again");

    // Damaged, it is worked out again and replaced.
    let mut bytes = std::fs::read(tree).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(tree, bytes).unwrap();
    assert!(said(&scene.whole().await) == first);
    assert_ne!(inode(tree), before);

    let small = Scene::new(&many(1_000));
    small.whole().await;
    assert!(small.trees().is_empty());
}

#[tokio::test]
async fn a_damaged_tree_or_one_of_other_lists_is_not_read() {
    let scene = Scene::new(&many(60));
    let whole = scene.whole().await;
    let cache = IndexCache::new(scene.dir.path());
    let (indexes, layers) = (whole.stack.layers(), scene.layers.descriptors());
    let (key, last) = (Key::of(layers, indexes), &layers[1].digest);
    cache.keep(last, &key, |lists| whole.write(lists)).unwrap();
    let read = || Whole::read(indexes, &cache.kept(last, &key)?);
    assert!(said(&read().unwrap()) == said(&whole));

    let [tree] = &*scene.trees() else { panic!("{:?}", scene.trees()) };
    let good = std::fs::read(tree).unwrap();
    for at in 0..good.len() {
        let mut damaged = good.clone();
        damaged[at] ^= 0x10;
        std::fs::write(tree, &damaged).unwrap();
        assert!(read().is_none(), "byte {at}");
    }
    for cut in (0..good.len()).step_by(61) {
        std::fs::write(tree, &good[..cut]).unwrap();
        assert!(read().is_none(), "{cut} bytes");
    }
    std::fs::write(tree, &good).unwrap();

    // The same digests with another list of one of them, as its table of contents may give.
    let mut other = many(60).remove(1);
    other[0].1 = b"AGAIN".to_vec();
    let other = index(&tar(&other));
    assert_eq!(other.nodes(), indexes[1].nodes());
    let others = Key::of(layers, &[indexes[0].clone(), Arc::new(other)]);
    assert_ne!(others, key);
    let renamed = tree.with_file_name(format!("sha256-{}.{}.tree", last.hex(), others.short()));
    std::fs::copy(tree, renamed).unwrap();
    assert!(cache.kept(last, &others).is_none());
    // What fits the key and not the layers.
    let kept = cache.kept(last, &key).unwrap();
    assert!(Whole::read(&indexes[..1], &kept).is_none());
}
