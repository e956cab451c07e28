//! A registry with one image, a store to pull it into, and what is to be said of every pull.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use engine::credential::Keyring;
use engine::endpoint::Target;
use engine::exchange::{Exchange, ExchangeLog};
use engine::job::{Job, TransferEvent};
use engine::registry::http::{Pace, RetryPolicy};
use engine::registry::{Http, HttpOptions, Registries, RegistryClient, RegistrySource};
use engine::store::{ContentStore, StoreSink};
use engine::transfer::{Outcome, Platforms, Request, transfer};
use engine::{Code, Error};
use oci::digest::Digest;
use oci::reference::Reference;
use testkit::image::{Image, Object};
use testkit::registry::Registry;
use testkit::server::On;

pub const KIB: u64 = 1 << 10;
pub const MIB: u64 = 1 << 20;

/// The repository of every scene.
pub const REPOSITORY: &str = "team/app";

/// A registry, its image, and an empty store.
pub struct Scene {
    pub registry: Registry,
    pub image: Image,
    pub store: ContentStore,
    pub options: HttpOptions,
    /// Where the registry is reached: itself, a proxy in front of it, or a name.
    pub host: String,
    _dir: tempfile::TempDir,
}

/// Options under which retries don't make a test wait; the times that a test is about it sets itself.
pub fn quick() -> HttpOptions {
    let retry = RetryPolicy { first_wait: Duration::from_millis(4), ..RetryPolicy::default() };
    HttpOptions { retry, ..HttpOptions::default() }
}

impl Scene {
    /// An image with one layer of about `size` bytes at an open registry over plain HTTP.
    pub fn of_size(size: u64) -> Self {
        Self::new(Registry::start(), Image::of_size(size, usize::try_from(size).unwrap()))
    }

    pub fn new(registry: Registry, image: Image) -> Self {
        registry.put(REPOSITORY, "latest", &image);
        let dir = tempfile::tempdir().unwrap();
        let store = ContentStore::open(dir.path().join("store")).unwrap();
        Self { host: registry.host(), registry, image, store, options: quick(), _dir: dir }
    }

    /// Reached at another host.
    pub fn at(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// Reached by a name that resolves to the registry. It is no loopback name, so https is what it is spoken to in.
    pub fn named(self, name: &str) -> Self {
        let address = self.registry.host();
        self.named_at(name, &address)
    }

    /// Reached by a name that resolves to another server.
    pub fn named_at(mut self, name: &str, address: &str) -> Self {
        let address: SocketAddr = address.parse().unwrap();
        self.host = format!("{name}:{}", address.port());
        self.options.network.hosts.insert(name.to_owned(), address);
        self
    }

    /// Plain HTTP for the host that it is reached at.
    pub fn marked_plain(mut self) -> Self {
        self.options.plain_http.push(self.host.clone());
        self
    }

    /// Given up after so long without a byte.
    pub fn stall(mut self, stall: Duration) -> Self {
        self.options.pace = Pace { stall, ..self.options.pace };
        self
    }

    /// The layer that faults aim at.
    pub fn layer(&self) -> &Object {
        self.image.largest_blob()
    }

    /// GETs of the layer.
    pub fn on_layer(&self) -> On {
        On::blob(&self.layer().digest)
    }

    pub fn reference(&self) -> Reference {
        format!("{}/{REPOSITORY}:latest", self.host).parse().unwrap()
    }

    /// The client of the registry.
    pub fn client(&self) -> RegistryClient {
        let http = Http::new(self.options.clone(), ExchangeLog::default());
        Registries::new(http, Keyring::anonymous()).client(self.reference().registry())
    }

    /// Pulls, and waits for the end.
    pub async fn pull(&self) -> Pulled {
        self.start().end().await
    }

    /// Begins a pull with a client of its own, as after a restart of the program.
    pub fn start(&self) -> Running {
        self.start_watched(|_, _| {})
    }

    /// As [`Scene::start`], with `hook` called where the events are.
    pub fn start_watched(&self, hook: impl Fn(&Job, &TransferEvent) + Send + Sync + 'static) -> Running {
        let log = ExchangeLog::default();
        let events: Arc<Mutex<Vec<TransferEvent>>> = Arc::default();
        let own: Arc<OnceLock<Job>> = Arc::default();
        let (into, watched) = (events.clone(), own.clone());
        let job = Job::new(move |event| {
            hook(watched.get().expect("it runs"), &event);
            into.lock().unwrap().push(event);
        });
        own.get_or_init(|| job.clone());
        let reference = self.reference();
        let work = pull(self.store.clone(), self.options.clone(), log.clone(), reference, job.clone());
        Running { job, events, log, begun: Instant::now(), task: tokio::spawn(work) }
    }

    /// How often the layer was asked for.
    pub fn layer_requests(&self) -> usize {
        self.registry.count(&self.on_layer())
    }

    /// The Range headers of the requests for the layer, in order.
    pub fn layer_ranges(&self) -> Vec<Option<String>> {
        let requests = self.registry.requests(&self.on_layer());
        requests.iter().map(|it| it.request.header("range").map(str::to_owned)).collect()
    }

    /// Bytes of the layer that are kept for later.
    pub fn kept(&self) -> u64 {
        self.store.partial_bytes(&self.layer().descriptor())
    }

    /// Puts bytes where an interrupted download of the layer leaves them.
    pub fn leave_partial(&self, bytes: &[u8]) {
        std::fs::write(self.partial_path("part"), bytes).unwrap();
    }

    /// `ingest/ALG-HEX.ENDING` of the layer.
    pub fn partial_path(&self, ending: &str) -> std::path::PathBuf {
        let digest = &self.layer().digest;
        self.store.ingest_dir().join(format!("{}-{}.{ending}", digest.algorithm().as_str(), digest.hex()))
    }

    /// Every file under `blobs/` is what its name says; `index.json` names none that is missing.
    pub fn check_store(&self) {
        check_store(&self.store);
    }

    /// No byte of the layer, and no name, can be seen; of the store all is well.
    pub fn check_nothing_visible(&self) {
        self.check_store();
        assert!(self.store.images().unwrap().is_empty(), "a failed pull published its name");
        assert_eq!(self.store.blob_size(&self.layer().digest).unwrap(), None, "a failed layer is visible");
    }
}

pub fn check_store(store: &ContentStore) {
    let (mut seen, blobs) = (0, store.path().join("blobs"));
    for algorithm in std::fs::read_dir(&blobs).into_iter().flatten() {
        let algorithm = algorithm.unwrap();
        for file in std::fs::read_dir(algorithm.path()).unwrap() {
            let file = file.unwrap();
            let name = format!("{}:{}", algorithm.file_name().display(), file.file_name().display());
            let digest: Digest = name.parse().unwrap_or_else(|_| panic!("`{name}` is no blob"));
            let bytes = std::fs::read(file.path()).unwrap();
            assert_eq!(Digest::of(digest.algorithm(), &bytes), digest, "a blob is not what it is named");
            seen += 1;
        }
    }
    for image in store.images().unwrap() {
        assert!(store.is_complete(&image.descriptor), "a name points to what is not there ({seen} blobs)");
    }
}

/// One pull as the programs do it.
pub async fn pull(
    store: ContentStore,
    options: HttpOptions,
    log: ExchangeLog,
    reference: Reference,
    job: Job,
) -> engine::Result<Outcome> {
    let registries = Registries::new(Http::new(options, log), Keyring::anonymous());
    let client = registries.client(reference.registry());
    let source = Arc::new(RegistrySource::new(client, reference.repository().clone()));
    let sink = Arc::new(StoreSink::open(&store).await?);
    let target = Target::Named(reference.clone());
    let platforms = Platforms::Only("linux/amd64".parse().unwrap());
    transfer(source, sink, &Request::new(target, platforms, Some(reference)), &job).await
}

/// A pull under way.
pub struct Running {
    pub job: Job,
    pub begun: Instant,
    events: Arc<Mutex<Vec<TransferEvent>>>,
    log: ExchangeLog,
    task: tokio::task::JoinHandle<engine::Result<Outcome>>,
}

impl Running {
    pub async fn end(self) -> Pulled {
        let result = self.task.await.unwrap();
        let took = self.begun.elapsed();
        let events = std::mem::take(&mut *self.events.lock().unwrap());
        let exchanges = self.log.changed_since(0).0;
        Pulled { result, took, events, exchanges }
    }

    /// Drops the pull where it is, as the end of a runtime does.
    pub async fn abandon(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// What came of a pull.
pub struct Pulled {
    pub result: engine::Result<Outcome>,
    pub took: Duration,
    pub events: Vec<TransferEvent>,
    pub exchanges: Vec<Exchange>,
}

impl Pulled {
    /// The image is in the store, every byte of it, under its name; nothing half done lies about.
    #[track_caller]
    pub fn whole(&self, scene: &Scene) {
        let outcome = match &self.result {
            Ok(outcome) => outcome,
            Err(error) => panic!("the pull failed: {error:?}\n{}", scene.registry.transcript()),
        };
        assert_eq!(&outcome.root.digest, scene.image.digest());
        let resolved = scene.store.resolve(&scene.reference()).unwrap().expect("the name is there");
        assert_eq!(&resolved.digest, scene.image.digest());
        for object in scene.image.blobs.iter().chain([&scene.image.root]) {
            let bytes = std::fs::read(scene.store.blob_path(&object.digest)).unwrap();
            assert!(bytes == object.bytes, "`{}` differs", object.digest);
        }
        assert_eq!(left_in(&scene.store.ingest_dir()), Vec::<String>::new(), "ingest/ is not empty");
        scene.check_store();
    }

    /// It failed as it should: this code, a message that names the object, a next action; nothing is visible.
    #[track_caller]
    pub fn refused(&self, scene: &Scene, code: Code, names: &str) -> &Error {
        let error = self.failed(code, names);
        scene.check_nothing_visible();
        error
    }

    /// As [`Pulled::refused`], of the error alone.
    #[track_caller]
    pub fn failed(&self, code: Code, names: &str) -> &Error {
        let Err(error) = &self.result else { panic!("the pull did not fail") };
        assert_eq!(error.code(), code, "{error:?}");
        assert!(error.message().contains(&format!("`{names}")), "`{names}` is not named: {error:?}");
        assert!(!error.message().ends_with('.'), "{error:?}");
        assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "there is no next action: {error:?}");
        error
    }

    /// The waits that were announced, in order.
    pub fn waits(&self) -> Vec<Duration> {
        self.retries().into_iter().map(|(wait, _)| wait).collect()
    }

    /// What each announced wait was about.
    pub fn retried(&self) -> Vec<Option<Digest>> {
        let of = |event: &TransferEvent| match event {
            TransferEvent::Retrying { digest, .. } => Some(digest.clone()),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }

    /// The waits that were announced, with their reasons.
    pub fn retries(&self) -> Vec<(Duration, String)> {
        let of = |event: &TransferEvent| match event {
            TransferEvent::Retrying { wait, why, .. } => Some((*wait, why.clone())),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }
}

/// The names in a directory.
pub fn left_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().file_name().display().to_string()).collect()
}
