//! What the engine does at the wire and leaves on disk: signing in (rows 27 to 42), manifests (58 to 71), lists, and
//! the pipeline into the store (77 to 81). Everything runs over loopback, against the testkit's servers.

#![allow(clippy::unwrap_used)]

mod scene;

mod auth;
mod auth_refusals;
mod catalog;
mod compare;
mod content;
mod describe;
mod disks;
mod helpers;
mod jobs;
mod lists;
mod login;
mod manifests;
mod manifests_refused;
mod origins;
mod platforms;
mod realms;
mod referrers;
mod remedies;
mod secrets;
mod tokens;
