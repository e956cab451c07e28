//! The words of the OCI specifications: references, digests, manifests. Pure: no I/O, no async, no clock.
//!
//! A value that exists is valid: text and bytes from outside are parsed at the edge ([`Reference`],
//! [`Digest`], [`Platform`], [`Node`]) and carried as types from there on. What is lenient is so on purpose
//! and says what it left out ([`ImageConfig`]); what decides identity or safety is strict ([`Node::parse`]).
//!
//! | question | answer |
//! |---|---|
//! | What does this text name? | [`Reference`], by the grammar and normalisation of distribution/reference |
//! | Why does it name that? | [`explain()`](explain::explain), segment by segment |
//! | What do these bytes hold? | [`Node::parse`], then [`Node::successors`] |
//! | Which entry is for this machine? | [`Index::choose`] |
//! | How was the image built, how does it run? | [`ImageConfig`], [`instruction()`](instruction::instruction) |
//!
//! Deliberately absent: fetching, storing, credentials, and every decision that needs the network or a disk.

pub mod artifact;
pub mod config;
pub mod descriptor;
pub mod digest;
pub mod explain;
mod explain_text;
mod grammar;
pub mod graph;
pub mod index;
pub mod instruction;
pub mod manifest;
pub mod media_type;
pub mod name;
mod parse;
pub mod platform;
pub mod problem;
pub mod reference;
pub mod registry;
mod strict_json;
pub mod tag_order;
mod traps;

pub use artifact::Kind;
pub use config::{ContainerConfig, History, ImageConfig};
pub use descriptor::Descriptor;
pub use digest::{Algorithm, Digest, DigestProblem, Hasher};
pub use explain::{Breakdown, Explanation, Presence, Segment, SegmentKind, Trap, TrapCode};
pub use graph::{MANIFEST_CAP, MAX_CHILDREN, MAX_INDEX_DEPTH, Node, NodeProblem};
pub use index::Index;
pub use manifest::Manifest;
pub use media_type::Compression;
pub use name::RepositoryName;
pub use platform::{Platform, PlatformProblem};
pub use problem::Problem;
pub use reference::{Reference, ReferenceProblem, ReferenceProblemKind, Tag};
pub use registry::Registry;
