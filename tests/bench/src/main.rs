//! The measured comparison with peers.

fn main() {}
