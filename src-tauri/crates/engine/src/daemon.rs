//! Docker and Podman on this computer: where they listen, what images they have, and images from and to them.
//!
//! What moves is the byte stream of `docker save` and `docker load`; what is in it is `archive`'s affair, and `handover`
//! joins the two. Where there is no engine nothing is missed: [`find`] gives none, and says nothing.
//!
//! Source: Docker Engine API (`GET /images/json`, `GET /images/{name}/get`, `POST /images/load`), which Podman serves too;
//! Docker's CLI for where to look (`DOCKER_HOST`, contexts).
//!
//! Deliberately absent: containers, builds, and engines on other computers by SSH or TLS.

mod address;

use std::time::Duration;

use bollard::Docker;
use bollard::query_parameters::{ImportImageOptions, ListImagesOptions};
use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt as _};
use futures_util::{Stream, TryStreamExt as _};

pub use address::{Address, addresses};

use crate::error::{Code, Error, Result};
use crate::job::Job;

/// How long an engine may take to say that it is there.
const HELLO: Duration = Duration::from_secs(3);
/// How long it may be silent while it works, seconds: it packs a whole image before the first byte.
const PATIENCE: u64 = 600;
/// How long it may take until it answers to an archive, which may come from a slow registry meanwhile.
const TAKING: Duration = Duration::from_secs(24 * 60 * 60);

/// A container engine that may be there.
#[derive(Clone)]
pub struct Daemon {
    address: Address,
    client: Docker,
    name: &'static str,
    version: Option<String>,
}

/// An image that an engine has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonImage {
    /// Its ID: the digest of its config.
    pub id: String,
    /// Its names; it may have none.
    pub names: Vec<String>,
    /// Bytes unpacked.
    pub size: u64,
    /// Seconds since 1970.
    pub created: i64,
}

/// The engines at these addresses whose sockets exist, in order. One that does not answer has no version.
pub async fn find(addresses: Vec<Address>) -> Vec<Daemon> {
    let mut found = Vec::new();
    for address in addresses {
        if let Ok(daemon) = Daemon::connect(address).await {
            found.push(daemon);
        }
    }
    found
}

impl Daemon {
    /// The engine at an address.
    ///
    /// # Errors
    /// [`Code::Unreachable`] where there is no such socket.
    pub async fn connect(address: Address) -> Result<Self> {
        let version = bollard::API_DEFAULT_VERSION;
        let connected = match &address {
            Address::Socket(path) => Docker::connect_with_unix(&path.to_string_lossy(), PATIENCE, version),
            Address::Tcp(host) => Docker::connect_with_http(&format!("http://{host}"), PATIENCE, version),
        };
        let client = connected.map_err(|error| unreachable(&address, error))?;
        // An engine that is older speaks its own version from here on.
        let negotiated = tokio::time::timeout(HELLO, client.clone().negotiate_version()).await;
        let client = negotiated.ok().and_then(std::result::Result::ok).unwrap_or(client);
        let told = tokio::time::timeout(HELLO, client.version()).await.ok().and_then(std::result::Result::ok);
        let components = told.as_ref().and_then(|told| told.components.as_ref());
        let is_podman =
            components.is_some_and(|all| all.iter().any(|component| component.name.contains("Podman")));
        let name = match is_podman || address.is_podmans() {
            true => "Podman",
            false => "Docker",
        };
        Ok(Self { version: told.and_then(|told| told.version), address, client, name })
    }

    /// `Docker` or `Podman`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its version; none where it did not answer.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The images that it has.
    ///
    /// # Errors
    /// [`Code::Unreachable`] where it does not answer.
    pub async fn images(&self, job: &Job) -> Result<Vec<DaemonImage>> {
        let listing = self.client.list_images(None::<ListImagesOptions>);
        let listed = job.run(async { listing.await.map_err(|error| self.failed("list its images", error)) });
        let images = listed.await?.into_iter().map(|image| DaemonImage {
            id: image.id,
            names: image.repo_tags.into_iter().filter(|name| !name.contains("<none>")).collect(),
            size: u64::try_from(image.size).unwrap_or(0),
            created: image.created,
        });
        Ok(images.collect())
    }

    /// An image as `docker save` writes it: a tar, as it comes.
    pub fn take(&self, image: &str) -> BoxStream<'static, Result<Bytes>> {
        let (daemon, name) = (self.clone(), image.to_owned());
        let bytes = self.client.export_image(image);
        bytes.map_err(move |error| daemon.failed(&format!("give `{name}`"), error)).boxed()
    }

    /// Gives it an archive, as `docker load` does; the lines that it answers: `Loaded image: NAME`.
    ///
    /// # Errors
    /// What `archive` gives; [`Code::RegistryFailed`] where the engine refuses it.
    pub async fn give(
        &self,
        archive: impl Stream<Item = Result<Bytes>> + Send + 'static,
        job: &Job,
    ) -> Result<Vec<String>> {
        let mut client = self.client.clone();
        client.set_timeout(TAKING);
        let answers = client.import_image_stream(ImportImageOptions::default(), archive, None);
        let answers = answers.map_err(|error| self.failed("take the image", error));
        let read = answers.try_fold(Vec::new(), |mut lines, answer| async move {
            if let Some(text) = answer.stream {
                lines.extend(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
            }
            Ok(lines)
        });
        job.run(read).await
    }

    fn failed(&self, what: &str, error: bollard::errors::Error) -> Error {
        use bollard::errors::Error as Failure;
        match error {
            Failure::DockerResponseServerError { status_code: 404, message } => {
                Error::new(Code::NotFound, format!("{} could not {what}: {message}", self.name))
                    .with_hint("Look at its images again")
            }
            Failure::DockerResponseServerError { message, .. } => {
                Error::new(Code::RegistryFailed, format!("{} could not {what}: {message}", self.name))
                    .with_hint("Look into the engine's own log")
            }
            Failure::DockerStreamError { error } => {
                Error::new(Code::RegistryFailed, format!("{} could not {what}: {error}", self.name))
                    .with_hint("Look into the engine's own log")
            }
            other => unreachable(&self.address, other),
        }
    }
}

fn unreachable(address: &Address, error: bollard::errors::Error) -> Error {
    Error::new(Code::Unreachable, format!("no container engine answers at `{address}`"))
        .with_hint("Start Docker or Podman, or check that you may use its socket")
        .with_source(error)
}
