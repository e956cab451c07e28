//! Everything of Longshore that touches disk or network. The faces (window, command line, embedded registry)
//! know the engine; it knows none of them.

pub mod ahead;
pub mod archive;
pub mod blob;
pub mod compare;
pub mod compression;
pub mod credential;
pub mod daemon;
mod disk;
pub mod endpoint;
pub mod error;
pub mod exchange;
pub mod handover;
pub mod image;
pub mod job;
pub mod layers;
pub mod load;
pub mod place;
pub mod push;
pub mod referrer;
pub mod registry;
pub mod remedy;
pub mod rootfs;
pub mod store;
pub mod tar;
pub mod transfer;

pub use error::{Action, Code, Detail, Error, Result, Side, Subject};
