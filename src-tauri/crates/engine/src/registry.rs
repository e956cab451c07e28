//! (to be written)

pub mod challenge;
pub mod realm;
