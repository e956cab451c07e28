//! The embedded OCI registry over a content store, and the practice registry.
//!
//! [`RegistryServer`] speaks the OCI distribution protocol (distribution-spec 1.1) on a loopback port, well enough for
//! Docker, skopeo, crane and Longshore itself to pull from and push to it. [`practice`] fills one with sample images.
//!
//! ```no_run
//! # async fn example() -> engine::Result<()> {
//! use engine::store::ContentStore;
//! use registry_server::{Options, RegistryServer};
//!
//! let store = ContentStore::open("/tmp/images")?;
//! let server = RegistryServer::start(store, Options::default()).await?;
//! println!("http://{}/v2/_catalog", server.address());
//! server.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Names
//! A store has one list of names, a registry has repositories. The server keeps `REPOSITORY:TAG` under the name
//! `practice.invalid/REPOSITORY:TAG`, and every manifest once more under `practice.invalid/REPOSITORY@DIGEST`, so that
//! one whose tag has moved on can still be pulled by digest. `practice.invalid` can be no host (RFC 6761), so the names
//! do not depend on the port, and nobody takes the store's images for something pulled from elsewhere. What other names
//! the store has is not served. The directory stays an image layout that skopeo reads:
//! `skopeo inspect oci:DIR:practice.invalid/hello:1.0`.
//!
//! A repository has a blob if one of its manifests needs it, or if it was uploaded or mounted there since the server
//! started; a blob of another repository must be mounted, as with a real registry.
//!
//! # Deliberately absent
//! Accounts, TLS, mirrors, serving anyone but this computer: an address that is not loopback is refused, and so is a
//! request whose Host is a name of something else (a web page that points its own name at this computer).

mod blob;
mod fault;
mod list;
mod manifest;
mod respond;
mod route;
mod server;
mod upload;

pub mod practice;
pub mod repositories;

pub use server::{Options, RegistryServer};
