//! The words of the OCI specifications: references, digests, manifests. Pure: no I/O, no async.
pub mod digest;
