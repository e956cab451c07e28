//! What is inside layers: lists of files, all layers as one tree, and what files hold.
//!
//! - [`Layers`] is where the bytes of an image's layers come from: the store, a registry, an archive. From far away
//!   ([`Layers::far`]) as few as possible are fetched: a layer's own table of contents in place of the layer, and of a
//!   file the stored bytes that it takes.
//! - [`LayerIndex`] is the list of one layer's files, made in one pass over its bytes and kept in an [`IndexCache`]. Its
//!   [`Node`]s are a tree.
//! - [`Whole`] is what all layers make together: [`Layers::whole`] gets it. Of a large image it is kept too.
//! - [`Stack`] is every path that any layer has, with what each layer does to it ([`Version`]). Paths are numbers.
//! - [`State`] says for a [`Scope`] what a container would see and what changed; [`View`] is a state as rows, with folders
//!   that open and a [`Filter`]. A page of rows is what a window asks for.
//! - [`Stack::follow`] and [`FileReader`] get to the bytes of a file; [`waste`] says what is stored for nothing.
//!
//! ```text
//! let cache = IndexCache::new(store.path().join("cache"));
//! let layers = Layers::new(source, &manifest.layers, verify, &cache);
//! let Whole { stack, .. } = layers.whole(&job, |_| {}).await?;
//! let mut view = View::new(&stack, Scope::Merged)?;
//! view.open(stack.find(b"/etc").expect("it is there"));
//! for row in view.rows(0, 60) { … }
//! ```
//!
//! Invariants:
//! - Names are bytes, and lead nowhere: no name of a layer ever becomes a path of this computer.
//! - What a layer claims is never allocated; a damaged layer has a list up to the damage, and says so.
//! - Memory is bounded: an index is made with 8 bytes for each entry and mapped from its file; nothing recurses.
//! - A file of a layer that is not read as a whole proves right by a hash: that of its list, or of its table of contents,
//!   which the manifest vouches for.
//! - A whiteout hides what is below it and nothing in its own layer (image-spec `layer.md`).
//!
//! Deliberately absent: unpacking to disk; the digest of the unpacked layer (`diff_id`), which would cost as much again
//! as unpacking, while gzip and zstd have checksums of their own and the layer's digest was checked when it came; and
//! writing through links. Where an entry lies beneath a path that is a symbolic link (of a layer below, or earlier in the
//! same archive), and no entry says that this is a folder, it is one here, in the link's place. So do Docker (overlay2) and
//! containerd (overlayfs) unpack a later layer, each into a folder of its own, which then lies over the link; programs
//! that unpack all layers into one folder (umoci, containerd's native snapshots) go through the link, and so do all of them
//! within one layer, which no builder writes.

mod bits;
mod build;
mod cache;
mod chunks;
mod content;
mod contents;
pub mod diff;
mod filter;
mod format;
mod index;
mod kept;
mod mapped;
mod name;
mod open;
mod points;
pub mod preview;
mod scan;
mod sniff;
mod stack;
mod state;
mod view;
mod waste;
mod whole;

#[cfg(test)]
mod tests;

pub use bits::Bits;
pub use cache::IndexCache;
pub(crate) use chunks::pass_over;
pub use content::FileReader;
pub use filter::Filter;
pub use index::{Incomplete, LayerIndex, Node, compression_flag};
pub use name::{Whiteout, is_strange, mode_text, shown, whiteout};
pub use open::{IndexProgress, IndexedBy, LayerReader, Layers};
pub use sniff::Content;
pub use stack::{Stack, Version};
pub use state::{Change, Scope, State};
pub(crate) use state::{Seen, seen as seen_with};
pub use view::{Row, Totals, View};
pub use waste::{Deed, Duplicates, LayerWorth, Waste, WastedFile, duplicates, waste};
pub use whole::Whole;
