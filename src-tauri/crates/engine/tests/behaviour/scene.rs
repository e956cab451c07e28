//! A registry with one image, a store to pull it into, and what is to be said of every pull.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::credential::{Credential, Keyring, Secret};
use engine::endpoint::Target;
use engine::exchange::{Exchange, ExchangeLog};
use engine::job::{Job, PlannedBlob, Settlement, TransferEvent};
use engine::registry::http::RetryPolicy;
use engine::registry::{Http, HttpOptions, Registries, RegistryClient, RegistrySource};
use engine::store::{ContentStore, StoreSink};
use engine::transfer::{Outcome, Platforms, Request, transfer};
use engine::{Code, Error};
use oci::digest::Digest;
use oci::name::Registry as RegistryName;
use oci::reference::Reference;
use testkit::auth::{Guard, TokenServer};
use testkit::image::{Family, Image, Layer, Object};
use testkit::registry::Registry;
use testkit::server::On;

/// The repository of every scene.
pub const REPOSITORY: &str = "team/app";

/// A registry, its image, and an empty store.
pub struct Scene {
    pub registry: Registry,
    pub image: Image,
    pub store: ContentStore,
    pub options: HttpOptions,
    pub keyring: Keyring,
    /// Where the registry is reached: itself, a proxy in front of it, or a name.
    pub host: String,
    _dir: tempfile::TempDir,
}

/// Options under which retries don't make a test wait.
pub fn quick() -> HttpOptions {
    let retry = RetryPolicy { first_wait: Duration::from_millis(4), ..RetryPolicy::default() };
    HttpOptions { retry, ..HttpOptions::default() }
}

/// An image of so many small layers.
pub fn layered(layers: usize) -> Image {
    let layers = (0..layers).map(|at| Layer::noise(at as u64, 20_000 + at));
    Image::builder(Family::Oci).layers(layers).build()
}

/// A name and a password.
pub fn account(username: &str, password: &str) -> Credential {
    Credential::Basic { username: username.to_owned(), password: Secret::new(password) }
}

impl Scene {
    pub fn new(registry: Registry, image: Image) -> Self {
        registry.put(REPOSITORY, "latest", &image);
        let dir = tempfile::tempdir().unwrap();
        let store = ContentStore::open(dir.path().join("store")).unwrap();
        let (host, options, keyring) = (registry.host(), quick(), Keyring::anonymous());
        Self { host, registry, image, store, options, keyring, _dir: dir }
    }

    /// An open registry.
    pub fn open(image: Image) -> Self {
        Self::new(Registry::start(), image)
    }

    /// A registry behind a guard, with an image of three blobs.
    pub fn guarded(guard: Guard) -> Self {
        Self::new(Registry::guarded(guard), layered(2))
    }

    /// A stored credential for the registry.
    pub fn with(self, credential: Credential) -> Self {
        self.keyring.remember(&self.name(), credential);
        self
    }

    /// The account may go to this token server, which is at another port and so another origin.
    pub fn trusting(mut self, tokens: &TokenServer) -> Self {
        self.options.trusted_realms.push(tokens.host());
        self
    }

    /// Reached by a name that resolves to the registry.
    pub fn named(mut self, name: &str) -> Self {
        self.host = format!("{name}:{}", self.registry.port());
        let address = self.registry.host();
        self.resolving(name, &address)
    }

    /// A name that resolves to this address.
    pub fn resolving(mut self, name: &str, address: &str) -> Self {
        let address: SocketAddr = address.parse().unwrap();
        self.options.network.hosts.insert(name.to_owned(), address);
        self
    }

    pub fn name(&self) -> RegistryName {
        RegistryName::parse(&self.host).unwrap()
    }

    pub fn reference(&self) -> Reference {
        self.tagged(REPOSITORY, "latest")
    }

    pub fn tagged(&self, repository: &str, tag: &str) -> Reference {
        format!("{}/{repository}:{tag}", self.host).parse().unwrap()
    }

    pub fn pinned(&self, digest: &Digest) -> Reference {
        format!("{}/{REPOSITORY}@{digest}", self.host).parse().unwrap()
    }

    /// An engine that has just started.
    pub fn engine(&self) -> Engine {
        let log = ExchangeLog::default();
        let registries = Registries::new(Http::new(self.options.clone(), log.clone()), self.keyring.clone());
        Engine { registries, log, store: self.store.clone() }
    }

    /// Pulls `latest` for linux/amd64 with an engine of its own.
    pub async fn pull(&self) -> Pulled {
        self.engine().pull(&self.reference()).await
    }

    /// As [`Scene::pull`], of all platforms.
    pub async fn pull_all(&self) -> Pulled {
        self.engine().start(&self.reference(), Platforms::All).end().await
    }

    /// The requests for the manifest of the tag.
    pub fn tag_requests(&self) -> usize {
        self.registry.count(&On::manifest("latest"))
    }

    /// How often a blob was asked for, whatever the answer.
    pub fn blob_requests(&self) -> usize {
        self.registry.count(&On::blobs())
    }

    /// Waits until so many bytes of a blob are on disk.
    pub async fn until_kept(&self, blob: &Object, bytes: u64) {
        for _ in 0..1000 {
            if self.store.partial_bytes(&blob.descriptor()) >= bytes {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("`{}` never came so far as {bytes} bytes:\n{}", blob.digest, self.registry.transcript());
    }

    /// No name and no content can be seen, and all else in the store is what it says.
    #[track_caller]
    pub fn check_nothing_visible(&self) {
        check_store(&self.store);
        assert!(self.store.images().unwrap().is_empty(), "a failed pull published its name");
        assert_eq!(self.store.blob_size(self.image.digest()).unwrap(), None, "a failed manifest is visible");
    }
}

/// Every file under `blobs/` is what its name says; `index.json` names none that is missing.
#[track_caller]
pub fn check_store(store: &ContentStore) {
    for algorithm in std::fs::read_dir(store.path().join("blobs")).into_iter().flatten() {
        let algorithm = algorithm.unwrap();
        for file in std::fs::read_dir(algorithm.path()).unwrap() {
            let file = file.unwrap();
            let name = format!("{}:{}", algorithm.file_name().display(), file.file_name().display());
            let digest: Digest = name.parse().unwrap_or_else(|_| panic!("`{name}` is no blob"));
            let bytes = std::fs::read(file.path()).unwrap();
            assert_eq!(Digest::of(digest.algorithm(), &bytes), digest, "a blob is not what it is named");
        }
    }
    for image in store.images().unwrap() {
        assert!(store.is_complete(&image.descriptor), "a name points to what is not there");
    }
}

/// One engine, which may pull more than once.
pub struct Engine {
    pub registries: Registries,
    pub log: ExchangeLog,
    store: ContentStore,
}

impl Engine {
    pub fn client(&self, reference: &Reference) -> RegistryClient {
        self.registries.client(reference.registry())
    }

    pub fn source(&self, reference: &Reference) -> RegistrySource {
        RegistrySource::new(self.client(reference), reference.repository().clone())
    }

    /// Pulls for linux/amd64.
    pub async fn pull(&self, reference: &Reference) -> Pulled {
        self.start(reference, Platforms::Only("linux/amd64".parse().unwrap())).end().await
    }

    /// Begins a pull.
    pub fn start(&self, reference: &Reference, platforms: Platforms) -> Running {
        let events: Arc<Mutex<Vec<TransferEvent>>> = Arc::default();
        let into = events.clone();
        let job = Job::new(move |event| into.lock().unwrap().push(event));
        let source = Arc::new(self.source(reference));
        let (store, reference, client) = (self.store.clone(), reference.clone(), self.client(reference));
        let (watched, log) = (job.clone(), self.log.clone());
        let task = tokio::spawn(async move {
            let sink = Arc::new(StoreSink::open(&store).await?);
            let target = Target::Named(reference.clone());
            transfer(source, sink, &Request::new(target, platforms, Some(reference)), &watched).await
        });
        Running { job, events, log, client, task }
    }
}

/// A pull under way.
pub struct Running {
    pub job: Job,
    events: Arc<Mutex<Vec<TransferEvent>>>,
    log: ExchangeLog,
    client: RegistryClient,
    task: tokio::task::JoinHandle<engine::Result<Outcome>>,
}

impl Running {
    pub async fn end(self) -> Pulled {
        let result = self.task.await.unwrap();
        let events = std::mem::take(&mut *self.events.lock().unwrap());
        Pulled { result, events, exchanges: self.log.changed_since(0).0, warnings: self.client.warnings() }
    }
}

/// What came of a pull.
pub struct Pulled {
    pub result: engine::Result<Outcome>,
    pub events: Vec<TransferEvent>,
    pub exchanges: Vec<Exchange>,
    pub warnings: Vec<String>,
}

impl Pulled {
    /// The image is in the store, every byte of it, under its name; nothing half done lies about.
    #[track_caller]
    pub fn whole(&self, scene: &Scene) -> &Outcome {
        self.holds(scene, &scene.image, &scene.reference())
    }

    /// As [`Pulled::whole`], of another image or name.
    #[track_caller]
    pub fn holds(&self, scene: &Scene, image: &Image, reference: &Reference) -> &Outcome {
        let outcome = self.succeeded(scene);
        assert_eq!(&outcome.root.digest, image.digest());
        let resolved = scene.store.resolve(reference).unwrap().expect("the name is there");
        assert_eq!(resolved.digest, *image.digest());
        assert_eq!(resolved.media_type, image.root.media_type);
        for object in image.blobs.iter().chain(&image.manifests).chain([&image.root]) {
            check_object(&scene.store, object);
        }
        assert_eq!(left_in(&scene.store.ingest_dir()), Vec::<String>::new(), "ingest/ is not empty");
        check_store(&scene.store);
        outcome
    }

    #[track_caller]
    pub fn succeeded(&self, scene: &Scene) -> &Outcome {
        match &self.result {
            Ok(outcome) => outcome,
            Err(error) => panic!("the pull failed: {error:?}\n{}", scene.registry.transcript()),
        }
    }

    /// It failed as it should: this code, a message that names the object, a next action; nothing is visible.
    #[track_caller]
    pub fn refused(&self, scene: &Scene, code: Code, names: &str) -> &Error {
        let error = check_error(self.result.as_ref().map(|outcome| &outcome.root), code, names);
        scene.check_nothing_visible();
        error
    }

    /// The blobs of the plan, the bytes of all, and the bytes that were there.
    #[track_caller]
    pub fn plan(&self) -> (&[PlannedBlob], u64, u64) {
        let plans: Vec<_> = self
            .events
            .iter()
            .filter_map(|event| match event {
                TransferEvent::Planned { blobs, total, skipped } => Some((&blobs[..], *total, *skipped)),
                _ => None,
            })
            .collect();
        assert_eq!(plans.len(), 1, "there is one plan");
        plans[0]
    }

    /// How each blob ended, in the order in which it did.
    pub fn settled(&self) -> Vec<(Digest, Settlement)> {
        let of = |event: &TransferEvent| match event {
            TransferEvent::Settled { digest, settlement } => Some((digest.clone(), settlement.clone())),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }

    /// There is one warning, and it says this.
    #[track_caller]
    pub fn warned(&self, says: &str) {
        let [warning] = &self.warnings[..] else { panic!("not one warning: {:?}", self.warnings) };
        assert!(warning.contains(says), "`{says}` is not said: {warning}");
    }
}

/// This code, a message with the object in backticks, and a next action.
#[expect(clippy::needless_pass_by_value, reason = "a Result of references, as `as_ref` gives it")]
#[track_caller]
pub fn check_error<'a, T>(result: Result<T, &'a Error>, code: Code, names: &str) -> &'a Error {
    let Err(error) = result else { panic!("it did not fail") };
    assert_eq!(error.code(), code, "{error:?}");
    assert!(error.message().contains(&format!("`{names}`")), "`{names}` is not named: {error:?}");
    assert!(!error.message().ends_with('.'), "{error:?}");
    assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "there is no next action: {error:?}");
    error
}

#[track_caller]
fn check_object(store: &ContentStore, object: &Object) {
    let bytes = std::fs::read(store.blob_path(&object.digest));
    let bytes = bytes.unwrap_or_else(|error| panic!("`{}` is not in the store: {error}", object.digest));
    assert!(bytes == object.bytes, "`{}` differs", object.digest);
}

/// The names in a directory.
pub fn left_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().file_name().display().to_string()).collect()
}
