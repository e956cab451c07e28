//! The composition root: the one place of the window that sees every part of the engine.
//!
//! Nothing here fails at start. A store that can't be opened is tried again when it is next needed, so that the window
//! can say what is wrong and go on once it is put right; the practice registry likewise.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use engine::credential::{DockerConfigSource, Keyring};
use engine::exchange::{Exchange, ExchangeLog};
use engine::registry::host::{RegistriesConfig, config_dir};
use engine::registry::{Http, HttpOptions, Registries};
use engine::store::{ContentStore, Holding, Stamp, default_dir};
use engine::{Code, Error, Result};
use oci::Reference;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::explorer::Explorer;
use crate::faults::{Accounts, Faults};
use crate::frame::Frame;
use crate::given::Given;
use crate::jobs::Jobs;
use crate::network::{Environment, Network};
use crate::practice::Practice;
use crate::settings;
use crate::trees::{Ahead, Trees};
use crate::wire::{Fault, Settings};

/// Where things are kept.
#[derive(Clone, Debug)]
pub struct Places {
    /// The content store.
    pub store: PathBuf,
    /// The practice registry's store.
    pub practice: PathBuf,
    /// The practice registry's port, if it is free.
    pub practice_port: u16,
    /// Longshore's own settings of registries; nowhere where there is no home directory.
    pub config: Option<PathBuf>,
    /// Reads a variable of the environment.
    pub environment: Environment,
}

impl Places {
    /// The usual places of this user. The command line has the same store.
    ///
    /// # Errors
    /// Where there is no home directory.
    pub fn of_environment() -> Result<Self> {
        let nowhere = || {
            Error::new(Code::ConfigInvalid, "there is no home directory to keep images in")
                .with_hint("Set `HOME`, or name a folder with `LONGSHORE_STORE`")
        };
        let variable = |name: &str| std::env::var_os(name);
        // The samples do not move with the store: they can be made anew anywhere.
        let unmoved = |name: &str| if name == "LONGSHORE_STORE" { None } else { variable(name) };
        let practice = default_dir(unmoved).ok_or_else(nowhere)?.with_file_name("practice");
        let environment: Environment = |name| std::env::var_os(name);
        Ok(Self {
            store: default_dir(variable).ok_or_else(nowhere)?,
            practice,
            practice_port: 5055,
            config: config_dir(environment),
            environment,
        })
    }
}

/// Everything behind the window.
pub struct Longshore {
    places: Places,
    frame: Box<dyn Frame>,
    settings: Mutex<Settings>,
    store: Mutex<Option<ContentStore>>,
    inventory: Mutex<Option<(Stamp, Arc<Vec<Holding>>)>>,
    keyring: Keyring,
    docker_config: Option<PathBuf>,
    log: ExchangeLog,
    network: Network,
    registries: RwLock<Registries>,
    practice: tokio::sync::Mutex<Option<Arc<Practice>>>,
    jobs: Jobs,
    explorer: Explorer,
    given: Given,
    trees: Trees,
    ahead: Ahead,
    /// Files that are dragged out; gone with the window.
    scratch: Mutex<Option<TempDir>>,
    faults: Faults,
    /// Counts the pages that were loaded: what streams to one ends when the next begins.
    page: watch::Sender<u64>,
}

impl Longshore {
    /// Puts the parts together. Nothing is opened yet.
    pub fn new(places: Places, frame: Box<dyn Frame>, credentials: DockerConfigSource) -> Self {
        let settings = settings::load(&*frame);
        let log = ExchangeLog::default();
        let docker_config = credentials.config_file.clone();
        let keyring = Keyring::new(credentials);
        let network = Network::new(places.config.clone(), places.environment);
        let registries = registries(&settings, &network, &log, &keyring);
        let faults = Faults::new(log.redactor().clone());
        let home = (places.environment)("HOME").map(PathBuf::from);
        Self {
            places,
            frame,
            store: Mutex::default(),
            inventory: Mutex::default(),
            docker_config,
            jobs: Jobs::new(faults.clone(), || jiff::Timestamp::now().to_string()),
            network,
            registries: RwLock::new(registries),
            settings: Mutex::new(settings),
            keyring,
            log,
            practice: tokio::sync::Mutex::default(),
            explorer: Explorer::default(),
            given: Given::new(home),
            trees: Trees::default(),
            ahead: Ahead::default(),
            scratch: Mutex::default(),
            faults,
            page: watch::Sender::new(0),
        }
    }

    /// Where things are.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Docker's `config.json`, whether it is there or not.
    pub fn docker_config(&self) -> Option<String> {
        Some(self.docker_config.as_ref()?.display().to_string())
    }

    /// The jobs.
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// What the page has open of registries.
    pub fn explorer(&self) -> &Explorer {
        &self.explorer
    }

    /// Files that a person gave.
    pub fn given(&self) -> &Given {
        &self.given
    }

    /// What is listed in the background.
    pub fn ahead(&self) -> &Ahead {
        &self.ahead
    }

    /// What the page has open of layers.
    pub fn trees(&self) -> &Trees {
        &self.trees
    }

    /// A new folder for a file that is handed to another program; it is there as long as the window. Blocks.
    ///
    /// # Errors
    /// Where no temporary folder can be made.
    pub fn scratch(&self) -> Result<PathBuf> {
        let failed = |error| engine::store::io_error(&std::env::temp_dir(), "write to", error);
        let mut scratch = lock(&self.scratch);
        let folder = match &mut *scratch {
            Some(folder) => folder,
            none => none.insert(tempfile::Builder::new().prefix("longshore-").tempdir().map_err(failed)?),
        };
        Ok(tempfile::Builder::new().prefix("").tempdir_in(folder.path()).map_err(failed)?.keep())
    }

    /// The frame around the page.
    pub fn frame(&self) -> &dyn Frame {
        &*self.frame
    }

    /// The record of exchanges.
    pub fn log(&self) -> &ExchangeLog {
        &self.log
    }

    /// Who is signed in where.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The clients, with the settings as they are now.
    pub fn registries(&self) -> Registries {
        self.registries.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps in mind who is signed in where.
    pub fn remember_accounts(&self, accounts: Accounts) {
        self.faults.remember(accounts);
    }

    /// What the page may know of a failure.
    pub fn fault(&self, error: &Error) -> Fault {
        self.faults.of(error)
    }

    /// The window's job that an exchange serves.
    pub fn job_of(&self, exchange: &Exchange) -> Option<u64> {
        self.jobs.of_engine_job(exchange.job?)
    }

    /// The id of the newest exchange of one of the engine's jobs.
    pub fn last_exchange_of(&self, engine_job: u64) -> Option<u64> {
        let (kept, _) = self.log.changed_since(0);
        kept.iter().rev().find(|exchange| exchange.job == Some(engine_job)).map(|exchange| exchange.id)
    }

    /// The content store, opened at the first call that succeeds. Blocks.
    ///
    /// # Errors
    /// As [`ContentStore::open`].
    pub fn store(&self) -> Result<ContentStore> {
        let mut store = lock(&self.store);
        if let Some(store) = &*store {
            return Ok(store.clone());
        }
        let opened = ContentStore::open(&self.places.store)?;
        *store = Some(opened.clone());
        Ok(opened)
    }

    /// Where what has to be kept on the way is: beside the images, where there is room for them, and where it need not be
    /// written again to become theirs; where temporary files go while no store can be opened. Blocks.
    pub fn spool(&self) -> PathBuf {
        self.store().map_or_else(|_| std::env::temp_dir(), |store| store.ingest_dir())
    }

    /// What is in the store, read again where its names changed. Blocks.
    ///
    /// # Errors
    /// Where the store can't be read.
    pub fn inventory(&self) -> Result<Arc<Vec<Holding>>> {
        let store = self.store()?;
        let stamp = store.stamp()?;
        if let Some((known, inventory)) = &*lock(&self.inventory)
            && *known == stamp
        {
            return Ok(inventory.clone());
        }
        let inventory = Arc::new(store.inventory()?);
        // The stamp was taken first: a change in between makes the next look read again.
        *lock(&self.inventory) = Some((stamp, inventory.clone()));
        Ok(inventory)
    }

    /// The practice registry, started at the first call that succeeds.
    ///
    /// # Errors
    /// Where it can't start.
    pub async fn practice(&self) -> Result<Arc<Practice>> {
        let mut practice = self.practice.lock().await;
        if let Some(running) = &*practice {
            return Ok(running.clone());
        }
        let started = Arc::new(Practice::start(&self.places.practice, self.places.practice_port).await?);
        *practice = Some(started.clone());
        Ok(started)
    }

    /// The settings.
    pub fn settings(&self) -> Settings {
        lock(&self.settings).clone()
    }

    /// Keeps settings; what they say of hosts holds for every request from now on.
    ///
    /// # Errors
    /// As [`settings::save`].
    pub fn change_settings(&self, settings: Settings) -> Result<()> {
        let mut current = lock(&self.settings);
        settings::save(&*self.frame, &settings)?;
        if settings.plain_http != current.plain_http {
            self.reach(&settings);
        }
        *current = settings;
        Ok(())
    }

    /// How registries are reached, as it is kept now: the command line may have changed it. Blocks.
    ///
    /// # Errors
    /// As [`Network::read`].
    pub fn network(&self) -> Result<RegistriesConfig> {
        let (kept, changed) = self.network.read()?;
        if changed {
            self.reach(&self.settings());
        }
        Ok(kept)
    }

    /// Changes how registries are reached, from the next request on. Blocks.
    ///
    /// # Errors
    /// As [`Network::change`].
    pub fn change_network(&self, change: impl FnOnce(&mut RegistriesConfig) -> Result<()>) -> Result<()> {
        self.network.change(change)?;
        self.reach(&self.settings());
        Ok(())
    }

    /// Hosts that a certificate is trusted for.
    pub fn certified(&self) -> Vec<String> {
        self.network.certified()
    }

    fn reach(&self, settings: &Settings) {
        let fresh = registries(settings, &self.network, &self.log, &self.keyring);
        *self.registries.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    /// A page begins to load: whatever streams to the one before ends, and what that one had open is closed.
    pub fn page_begins(&self) {
        self.explorer.close_all();
        self.trees.close_all();
        self.page.send_modify(|page| *page += 1);
    }

    /// Tells which page is there, and wakes when another comes.
    pub fn page(&self) -> watch::Receiver<u64> {
        self.page.subscribe()
    }
}

fn registries(settings: &Settings, network: &Network, log: &ExchangeLog, keyring: &Keyring) -> Registries {
    let options = HttpOptions { plain_http: settings.plain_http.clone(), ..network.options() };
    Registries::new(Http::new(options, log.clone()), keyring.clone())
}

/// Input of the page as a reference. The page writes `/@sha256:…` for an entry of the store that has no name.
///
/// # Errors
/// [`Code::ReferenceInvalid`] or [`Code::DigestInvalid`], with the grammar's own words.
pub fn parse_reference(input: &str) -> Result<Reference> {
    let input = input.trim();
    let nameless = input.strip_prefix("/@").map(|digest| format!("nameless@{digest}"));
    nameless.as_deref().unwrap_or(input).parse().map_err(|problem: oci::ReferenceProblem| {
        let error = Error::new(Code::ReferenceInvalid, problem.message);
        match problem.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    })
}

/// Runs what blocks beside the tasks that must not.
///
/// # Errors
/// What `work` gives; [`Code::Internal`] where it panicked.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|panic| Error::new(Code::Internal, "work on the store was broken off").with_source(panic))?
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
