//! Indexes, stacks and views of layers that are made here.

mod damage;
mod far;
mod index;
mod stack;
mod view;
mod whole;

use std::io::Write;
use std::sync::Arc;

use super::*;
use crate::job::Job;
use crate::tar::tests::made::{archive as tar, entry as plain};
use crate::tar::{Entry, Kind, TarWriter, Time};

/// An entry and its bytes.
type Made = (Entry, Vec<u8>);

fn entry(name: &str, kind: Kind) -> Entry {
    let mode = if kind == Kind::Directory { 0o755 } else { 0o644 };
    Entry { mode, modified: Time { seconds: 1_700_000_000, nanoseconds: 0 }, ..plain(name, kind) }
}

fn file(name: &str, content: &str) -> Made {
    let size = content.len() as u64;
    (Entry { size, stored: size, ..entry(name, Kind::File) }, content.as_bytes().to_vec())
}

fn dir(name: &str) -> Made {
    (entry(&format!("{name}/"), Kind::Directory), Vec::new())
}

fn link(name: &str, target: &str, kind: Kind) -> Made {
    (Entry { link: target.as_bytes().to_vec(), ..entry(name, kind) }, Vec::new())
}

fn made(made: Made, edit: impl FnOnce(&mut Entry)) -> Made {
    let (mut entry, bytes) = made;
    edit(&mut entry);
    (entry, bytes)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The index of what is stored.
fn index(stored: &[u8]) -> LayerIndex {
    let dir = tempfile::tempdir().unwrap();
    let file = scan::scan(stored, dir.path(), None, &Job::silent(), &|_, _| {}).unwrap();
    LayerIndex::open(file.as_file()).unwrap()
}

fn stack(layers: &[&[Made]]) -> Arc<Stack> {
    let indexes = layers.iter().map(|layer| Arc::new(index(&tar(layer)))).collect();
    Arc::new(Stack::new(indexes).unwrap())
}

/// Every node of an index in the order of its tree, as a line: path, kind, size, flags.
fn lines(index: &LayerIndex) -> Vec<String> {
    let mut lines = Vec::new();
    let mut waiting = vec![index.root()];
    while let Some(node) = waiting.pop() {
        let mut line = format!("/{} {:?} {}", shown(&node.path()), node.kind(), node.size());
        for (flag, name) in [
            (node.is_implied(), " implied"),
            (node.is_shadowed(), " shadowed"),
            (node.is_whiteout(), " whiteout"),
            (node.is_marker(), " marker"),
            (node.is_opaque(), " opaque"),
        ] {
            line += if flag { name } else { "" };
        }
        lines.push(line);
        waiting.extend(node.children().rev());
    }
    lines
}

/// What a state has, as lines: change, path, layer from 1.
fn state_lines(stack: &Stack, scope: Scope) -> Vec<String> {
    let state = State::new(stack, scope).unwrap();
    (1..stack.paths())
        .filter_map(|path| {
            let change = state.change(path)?;
            let version = state.version(stack, path)?;
            Some(format!("{change:?} {} {}", shown(&stack.full_path(path)), version.layer + 1))
        })
        .collect()
}
