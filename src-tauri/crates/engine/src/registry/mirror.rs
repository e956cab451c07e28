//! Mirrors of a registry: read first, and only read.
//!
//! Invariants: a mirror never gets the registry's account, only one that is stored for the mirror itself; whatever it
//! can't give, and whatever it gives wrongly, comes from the registry; one that failed rests for a while, so that a dead
//! mirror does not slow down every blob. What is asked by digest is checked as always. A tag is what the mirror says it
//! is: whoever names a mirror trusts it with that. Lists, deletes and pushes go to the registry itself: a mirror may
//! know but a part.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::name::{Registry, RepositoryName};
use url::Url;

use super::host::Mirror;
use super::http::{Repeat, Request};
use super::manifest::RawManifest;
use super::{RegistryClient, Use};
use crate::blob::{BlobReader, ByteRange, ChunkSource};
use crate::credential::Keyring;
use crate::error::{Code, Detail, Error, Result};
use crate::job::{Job, TransferEvent};

/// How long a mirror that failed is left alone.
const REST: Duration = Duration::from_secs(60);

/// What a client knows of mirrors: those of its registry, or that it is one itself.
pub(super) struct Mirrors {
    keyring: Keyring,
    /// Made when something is first read.
    of_registry: OnceLock<Vec<Arc<MirrorClient>>>,
    /// Where this client's requests go, and whose mirror it is, where it is one.
    own: OnceLock<(Url, Registry)>,
}

/// The client of one mirror.
struct MirrorClient {
    client: RegistryClient,
    rests_until: Mutex<Option<Instant>>,
    /// Blobs that it gave.
    gave: Mutex<HashSet<Digest>>,
    /// Blobs that it gave wrongly.
    doubted: Mutex<HashSet<Digest>>,
}

impl Mirrors {
    pub(super) fn new(keyring: Keyring) -> Self {
        Self { keyring, of_registry: OnceLock::new(), own: OnceLock::new() }
    }

    /// The URL of a path of the registry's API at this mirror.
    pub(super) fn own_url(&self, path: &str) -> Option<Url> {
        let (base, _) = self.own.get()?;
        let rest = path.strip_prefix("/v2").unwrap_or(path);
        Url::parse(&format!("{}{rest}", base.as_str().trim_end_matches('/'))).ok()
    }

    /// A mirror is asked once: where it fails, there is another way.
    pub(super) fn mark(&self, mut request: Request) -> Request {
        if let Some((_, registry)) = self.own.get() {
            request.repeat = Repeat::Never;
            request.purpose.explanation.push_str(&format!(
                " This is the mirror of `{registry}`: it is asked first, without that registry's account."
            ));
        }
        request
    }
}

impl MirrorClient {
    fn new(mirror: &Mirror, of: &RegistryClient) -> Option<Arc<Self>> {
        let registry = Registry::parse(&mirror.name()).ok()?;
        let http = of.http().clone();
        http.adopt_mirror(mirror);
        let client = RegistryClient::new(registry, http, of.0.mirrors.keyring.clone(), Use::Requests);
        client.0.plain.store(mirror.base.scheme() == "http", std::sync::atomic::Ordering::Relaxed);
        client.0.mirrors.own.set((mirror.base.clone(), of.registry().clone())).ok()?;
        let (rests_until, gave, doubted) = Default::default();
        Some(Arc::new(Self { client, rests_until, gave, doubted }))
    }

    fn is_ready(&self) -> bool {
        lock(&self.rests_until).is_none_or(|until| Instant::now() >= until)
    }

    /// What it has not, or not for us, says nothing of the rest; anything else lets it rest, and is told.
    fn failed(&self, error: &Error, job: Option<&Job>) {
        let of_this_alone =
            [Code::NotFound, Code::AuthRequired, Code::AuthRefused, Code::RegistryRefused, Code::Cancelled];
        if !of_this_alone.contains(&error.code()) {
            let now = Instant::now();
            let rested = lock(&self.rests_until).replace(now + REST).is_some_and(|until| until > now);
            if let Some(job) = job.filter(|_| !rested) {
                job.emit(TransferEvent::Warned { message: self.left_out(error) });
            }
        }
    }

    fn left_out(&self, error: &Error) -> String {
        let message = format!("a mirror of `{}` is left out", self.of());
        let speaks_no_tls = matches!(error.detail(), Some(Detail::NoTls));
        let host = self.client.registry().api_host();
        let next = speaks_no_tls.then(|| format!("; if that is as it should be, name it as `http://{host}`"));
        format!("{message}: {error}{}", next.unwrap_or_default())
    }

    fn of(&self) -> &Registry {
        let (_, registry) = self.client.0.mirrors.own.get().expect("it was made with it");
        registry
    }
}

impl RegistryClient {
    fn mirrors(&self) -> impl Iterator<Item = &Arc<MirrorClient>> {
        let make = || {
            // A mirror has no mirrors.
            let of_host =
                self.0.mirrors.own.get().is_none().then(|| self.0.http.host(self.0.registry.api_host()));
            let mirrors = of_host.iter().flat_map(|host| &host.mirrors);
            mirrors.filter_map(|mirror| MirrorClient::new(mirror, self)).collect()
        };
        self.0.mirrors.of_registry.get_or_init(make).iter().filter(|mirror| mirror.is_ready())
    }

    /// A manifest from the first mirror that has it.
    ///
    /// # Errors
    /// [`Code::Cancelled`] alone.
    pub(super) async fn mirrored_manifest(
        &self,
        repository: &RepositoryName,
        selector: &str,
        job: &Job,
    ) -> Result<Option<RawManifest>> {
        for mirror in self.mirrors() {
            match mirror.client.manifest(repository, selector, Some(job)).await {
                Ok(manifest) => return Ok(Some(manifest)),
                Err(error) if error.code() == Code::Cancelled => return Err(error),
                Err(error) => mirror.failed(&error, Some(job)),
            }
        }
        Ok(None)
    }

    /// A blob from the first mirror that has it.
    ///
    /// # Errors
    /// [`Code::Cancelled`] alone.
    pub(super) async fn mirrored_blob(
        &self,
        repository: &RepositoryName,
        blob: &Descriptor,
        range: ByteRange,
        job: &Job,
    ) -> Result<Option<BlobReader>> {
        for mirror in self.mirrors().filter(|mirror| !lock(&mirror.doubted).contains(&blob.digest)) {
            match mirror.client.open_blob(repository, blob, range, Some(job)).await {
                Ok(reader) => {
                    lock(&mirror.gave).insert(blob.digest.clone());
                    let (start, end) = (reader.start(), reader.end());
                    return Ok(Some(BlobReader::new(start, end, Watched { reader, mirror: mirror.clone() })));
                }
                Err(error) if error.code() == Code::Cancelled => return Err(error),
                Err(error) => mirror.failed(&error, Some(job)),
            }
        }
        Ok(None)
    }

    /// A blob hashed wrong: whether a mirror gave it, which is not asked for it again.
    pub(super) fn doubt_mirrors(&self, digest: &Digest) -> bool {
        let Some(mirrors) = self.0.mirrors.of_registry.get() else { return false };
        let mut doubted = false;
        for mirror in mirrors {
            if lock(&mirror.gave).remove(digest) {
                doubted |= lock(&mirror.doubted).insert(digest.clone());
            }
        }
        doubted
    }
}

/// A blob from a mirror: where it breaks off, the rest comes from elsewhere.
struct Watched {
    reader: BlobReader,
    mirror: Arc<MirrorClient>,
}

impl ChunkSource for Watched {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>>> {
        Box::pin(
            async move { self.reader.chunk().await.inspect_err(|error| self.mirror.failed(error, None)) },
        )
    }

    fn exchange(&self) -> Option<u64> {
        self.reader.exchange()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
