//! The test equipment of the whole project.
//!
//! - [`image`]: real images, deterministic, of any shape and size.
//! - [`registry`]: a registry in this process that serves them, logs every request, and fails as told.
//! - [`auth`]: Basic and Bearer in front of it, and the token server, also for the real docker-registry.
//! - [`front`]: one address for a registry and its token server.
//! - [`server`]: the HTTP/1.1 server beneath both, for further origins: redirect targets, captive portals.
//! - [`script`]: a raw TCP server for what no HTTP library would send.
//! - [`proxy`]: a TCP proxy that counts, cuts, stalls, throttles and delays.
//! - [`forward_proxy`]: what `HTTPS_PROXY` points to: tunnels, an account of its own, refusals.
//! - [`hub`]: a fake Docker Hub under its real names: registry, token server and CDN, with rate-limit headers.
//! - [`tls`]: a private authority and its certificates, good and bad.
//! - [`real`]: Debian's docker-registry (open, htpasswd, tokens, TLS, client certificates), skopeo, and nginx before
//!   any registry (blobs redirected, limits, 413, 502, TLS), tinyproxy, rpm.
//! - [`helper`]: fake docker-credential programs.
//!
//! Every server listens on a free port of 127.0.0.1 (the [`hub`]: of 127.0.0.2 to 4) and stops when its value is dropped. They all run on one
//! runtime of their own, so tests may be plain or async, may block, and may pause tokio's clock. Fault rows name
//! the methods that make them: `f002` is [`server::Fault::reset_after`] or [`proxy::Limit`], and so on.
//!
//! The testkit never depends on the engine: the engine's unit tests would see two copies of every type.

// Test equipment stops the test where its own assumptions fail; a Result would be unwrapped in every test.
#![allow(clippy::missing_panics_doc)]

pub mod auth;
pub mod forward_proxy;
pub mod front;
pub mod helper;
pub mod hub;
pub mod image;
mod net;
pub mod proxy;
pub mod real;
pub mod registry;
pub mod script;
pub mod server;
pub mod tls;
