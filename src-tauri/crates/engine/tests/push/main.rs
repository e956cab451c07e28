//! What the engine does when it pushes and copies: uploads that go wrong (rows 36, 113 to 116), mounts, indexes, tags that
//! move (row 128). Everything runs over loopback, against the testkit's registry.

#![allow(clippy::unwrap_used)]

mod scene;

mod accounts;
mod content;
mod copy;
mod interrupted;
mod mounts;
mod plan;
mod reached;
mod tags;
mod uploads;
