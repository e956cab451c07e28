//! The faults of the way between a registry and the store: rows 1 to 24, 75 and 80 of the fault matrix, and the
//! fetching of one blob over several connections. Everything runs over loopback, against the testkit's servers.

#![allow(clippy::unwrap_used)]

mod scene;

mod cancel;
mod connect;
mod kill;
mod length;
mod mirrors;
mod parallel;
mod plain;
mod proxies;
mod ranges;
mod redirect;
mod resume;
mod status;
mod trust;
