//! Root filesystems: what a container sees as one archive, without layers.

mod export;
pub mod import;
mod lanes;
mod links;

pub use export::{Exported, Part, export, export_packed};
