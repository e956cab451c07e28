//! The embedded OCI registry over a content store, and the practice registry.
