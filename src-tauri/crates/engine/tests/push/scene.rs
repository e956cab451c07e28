//! A store with images, a registry to push them to, and what is to be said of every push.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::credential::{Credential, Keyring, Secret};
use engine::endpoint::{ImageSource, Mounts, Target};
use engine::exchange::ExchangeLog;
use engine::job::{Job, Settlement, TransferEvent};
use engine::registry::http::RetryPolicy;
use engine::registry::{Http, HttpOptions, Registries, RegistryClient, RegistrySink, RegistrySource};
use engine::store::ContentStore;
use engine::transfer::{Outcome, Platforms, Request, transfer};
use engine::{Code, Error};
use oci::digest::Digest;
use oci::name::Registry as RegistryName;
use oci::reference::Reference;
use testkit::auth::Guard;
use testkit::image::{Family, Image, Layer};
use testkit::registry::Registry;
use testkit::server::On;

/// Where every scene pushes to.
pub const REPOSITORY: &str = "team/app";

pub struct Scene {
    pub registry: Registry,
    pub store: ContentStore,
    pub options: HttpOptions,
    pub keyring: Keyring,
    /// Where the registry is reached: itself, or a proxy in front of it.
    pub host: String,
    _dir: tempfile::TempDir,
}

/// An image of so many small layers.
pub fn layered(seed: u64, layers: usize) -> Image {
    let layers = (0..layers).map(|at| Layer::noise(seed * 1000 + at as u64, 20_000 + at));
    Image::builder(Family::Oci).layers(layers).build()
}

/// PUT, PATCH and POST of blobs.
pub fn uploads() -> [On; 3] {
    let pattern = "/v2/*/blobs/uploads/*";
    [On::post(pattern), On::patch(pattern), On::put(pattern)]
}

impl Scene {
    pub fn new(registry: Registry) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = ContentStore::open(dir.path().join("store")).unwrap();
        let retry = RetryPolicy { first_wait: Duration::from_millis(4), ..RetryPolicy::default() };
        let options = HttpOptions { retry, ..HttpOptions::default() };
        Self { host: registry.host(), registry, store, options, keyring: Keyring::anonymous(), _dir: dir }
    }

    pub fn open() -> Self {
        Self::new(Registry::start())
    }

    pub fn guarded(guard: Guard) -> Self {
        Self::new(Registry::guarded(guard))
    }

    pub fn with(self, username: &str, password: &str) -> Self {
        let credential = Credential::Basic { username: username.to_owned(), password: Secret::new(password) };
        self.keyring.remember(&RegistryName::parse(&self.host).unwrap(), credential);
        self
    }

    /// `host/team/app:latest`.
    pub fn destination(&self) -> Reference {
        self.tagged(REPOSITORY, "latest")
    }

    pub fn tagged(&self, repository: &str, tag: &str) -> Reference {
        format!("{}/{repository}:{tag}", self.host).parse().unwrap()
    }

    /// Puts an image into the store, under the name that it will be pushed to.
    pub fn store(&self, image: &Image) -> Reference {
        let name = self.destination();
        self.store_as(image, &name);
        name
    }

    pub fn store_as(&self, image: &Image, name: &Reference) {
        for object in image.blobs.iter().chain(&image.manifests).chain([&image.root]) {
            self.store.put_as(&object.digest, &object.bytes).unwrap();
        }
        self.store.publish(Some(name), &image.root.descriptor()).unwrap();
    }

    pub fn engine(&self) -> Engine {
        let registries =
            Registries::new(Http::new(self.options.clone(), ExchangeLog::default()), self.keyring.clone());
        Engine { registries, store: self.store.clone() }
    }

    /// Stores the image and pushes it whole, with an engine of its own.
    pub async fn push(&self, image: &Image) -> Pushed {
        let name = self.store(image);
        self.engine().push(&name, Platforms::Present).await
    }

    /// Nothing is visible under the tag, and no upload was left open.
    #[track_caller]
    pub fn check_nothing_published(&self) {
        assert_eq!(self.registry.tag(REPOSITORY, "latest"), None, "a tag appeared");
        assert_eq!(
            self.registry.open_uploads(),
            0,
            "an upload was left open:\n{}",
            self.registry.transcript()
        );
    }

    /// The registry has the image under `latest`, and nothing half done.
    #[track_caller]
    pub fn check_has(&self, image: &Image) {
        self.check_has_at(REPOSITORY, "latest", image);
    }

    #[track_caller]
    pub fn check_has_at(&self, repository: &str, tag: &str, image: &Image) {
        let transcript = self.registry.transcript();
        assert!(self.registry.has(repository, tag, image), "the image is not there:\n{transcript}");
        assert_eq!(self.registry.open_uploads(), 0, "an upload was left open:\n{transcript}");
    }

    /// Body bytes of all uploads.
    pub fn uploaded(&self) -> u64 {
        let of =
            |on: &On| self.registry.requests(on).iter().map(|it| it.request.body.len() as u64).sum::<u64>();
        uploads().iter().map(of).sum()
    }
}

/// One engine, which may push more than once.
pub struct Engine {
    pub registries: Registries,
    store: ContentStore,
}

impl Engine {
    pub fn client(&self, reference: &Reference) -> RegistryClient {
        self.registries.client(reference.registry())
    }

    pub fn sink(&self, reference: &Reference) -> RegistrySink {
        RegistrySink::new(self.client(reference), reference.repository().clone())
    }

    pub fn source(&self, reference: &Reference) -> RegistrySource {
        RegistrySource::new(self.client(reference), reference.repository().clone())
    }

    /// Pushes what the store has under a name to that name.
    pub async fn push(&self, name: &Reference, platforms: Platforms) -> Pushed {
        self.push_as(name, name, platforms, Mounts::none()).await
    }

    pub async fn push_as(
        &self,
        from: &Reference,
        to: &Reference,
        platforms: Platforms,
        mounts: Mounts,
    ) -> Pushed {
        let request = Request::new(Target::Named(from.clone()), platforms, Some(to.clone())).mounting(mounts);
        self.start(Arc::new(self.store.clone()), to, request).end().await
    }

    /// Copies from registry to registry.
    pub async fn copy(&self, from: &Reference, to: &Reference, platforms: Platforms) -> Pushed {
        let request = Request::new(Target::Named(from.clone()), platforms, Some(to.clone()));
        self.start(Arc::new(self.source(from)), to, request).end().await
    }

    /// Begins a push.
    pub fn start(&self, source: Arc<dyn ImageSource>, to: &Reference, request: Request) -> Running {
        let events: Arc<Mutex<Vec<TransferEvent>>> = Arc::default();
        let into = events.clone();
        let job = Job::new(move |event| into.lock().unwrap().push(event));
        let (sink, watched) = (Arc::new(self.sink(to)), job.clone());
        let task = tokio::spawn(async move { transfer(source, sink, &request, &watched).await });
        Running { job, events, task }
    }

    /// Begins to push what the store has under a name to that name.
    pub fn start_push(&self, name: &Reference) -> Running {
        let request = Request::new(Target::Named(name.clone()), Platforms::Present, Some(name.clone()));
        self.start(Arc::new(self.store.clone()), name, request)
    }
}

/// A push under way.
pub struct Running {
    pub job: Job,
    events: Arc<Mutex<Vec<TransferEvent>>>,
    task: tokio::task::JoinHandle<engine::Result<Outcome>>,
}

impl Running {
    /// Waits until a blob is told to be done.
    pub async fn until_settled(&self, blob: &Digest) {
        let done =
            |event: &TransferEvent| matches!(event, TransferEvent::Settled { digest, .. } if digest == blob);
        while !self.events.lock().unwrap().iter().any(done) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub async fn end(self) -> Pushed {
        let result = self.task.await.unwrap();
        let events = std::mem::take(&mut *self.events.lock().unwrap());
        Pushed { result, events }
    }
}

/// What came of a push.
pub struct Pushed {
    pub result: engine::Result<Outcome>,
    pub events: Vec<TransferEvent>,
}

impl Pushed {
    #[track_caller]
    pub fn succeeded(&self, scene: &Scene) -> &Outcome {
        match &self.result {
            Ok(outcome) => outcome,
            Err(error) => panic!("the push failed: {error:?}\n{}", scene.registry.transcript()),
        }
    }

    /// It failed with this code, a message that names the object, and a next action.
    #[track_caller]
    pub fn refused(&self, code: Code, names: &str) -> &Error {
        let error = self.result.as_ref().expect_err("it did not fail");
        assert_eq!(error.code(), code, "{error:?}");
        assert!(error.message().contains(&format!("`{names}`")), "`{names}` is not named: {error:?}");
        assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "there is no next action: {error:?}");
        error
    }

    /// How each blob ended.
    pub fn settled(&self) -> Vec<(Digest, Settlement)> {
        let of = |event: &TransferEvent| match event {
            TransferEvent::Settled { digest, settlement } => Some((digest.clone(), settlement.clone())),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }

    pub fn warnings(&self) -> Vec<&str> {
        let mut warnings = Vec::new();
        for event in &self.events {
            if let TransferEvent::Warned { message } = event {
                warnings.push(message.as_str());
            }
        }
        warnings
    }

    /// The digests of the retries that were told.
    pub fn retried(&self) -> Vec<Option<Digest>> {
        let of = |event: &TransferEvent| match event {
            TransferEvent::Retrying { digest, .. } => Some(digest.clone()),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }
}
