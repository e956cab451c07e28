//! Root filesystems: what a container sees as one archive, without layers.

mod export;
mod links;

pub use export::{Exported, export};
