//! (to be written)
/// A digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest;
