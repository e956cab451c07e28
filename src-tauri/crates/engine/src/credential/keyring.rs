//! The places where a credential may be kept, looked through in order.

mod docker;
mod keep;
mod sign_out;
mod trail;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use oci::Registry;

pub use self::docker::DockerWouldChoose;
pub use self::keep::{Keep, KeepChoice, Kept};
pub use self::sign_out::SignedOut;
use self::trail::Walk;
pub use self::trail::{Outcome, Trail, TrailStep};
use super::docker_config::{DockerConfig, Flavour, blocking};
use super::helper::HelperOptions;
use super::key::identity;
use super::keychain::{self, Keychain};
use super::memory::Memory;
use super::{Credential, Found, Place, Secret};
use crate::error::Result;

/// A registry that somebody signed in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The registry.
    pub registry: Registry,
    /// The account, where it is known without asking a helper.
    pub account: Option<String>,
    /// Where it is kept, for people.
    pub place: String,
}

/// Finds the credential for a registry, and keeps one. Clones share what was signed in for the session.
///
/// Files and helpers are asked again each time, so that a `docker login` beside us is seen at once.
#[derive(Clone, Debug)]
pub struct Keyring {
    session: Memory,
    source: Option<DockerConfigSource>,
    generation: Arc<AtomicU64>,
}

impl Keyring {
    /// A keyring over the files of Docker and Podman.
    pub fn new(source: DockerConfigSource) -> Self {
        Self { source: Some(source), ..Self::anonymous() }
    }

    /// A keyring that knows nothing: every registry is asked without an account.
    pub fn anonymous() -> Self {
        Self { session: Memory::default(), source: None, generation: Arc::default() }
    }

    /// A keyring of exactly these credentials.
    pub fn in_memory(credentials: impl IntoIterator<Item = (Registry, Credential)>) -> Self {
        let keyring = Self::anonymous();
        for (registry, credential) in credentials {
            keyring.remember(&registry, credential);
        }
        keyring
    }

    /// Keeps a credential until the process ends. It goes before any that is stored.
    pub fn remember(&self, registry: &Registry, credential: Credential) {
        self.session.set(registry, credential);
        self.changed();
    }

    /// Forgets what [`Keyring::remember`] kept; whether there was anything.
    pub fn forget(&self, registry: &Registry) -> bool {
        let removed = self.session.remove(registry).is_some();
        self.changed();
        removed
    }

    /// Ascends whenever somebody signs in or out here: what was got with the credential of before is out of date then.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn changed(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// The credential for a registry, and for a repository in it (`team/app`) where the place tells them apart.
    ///
    /// A place that fails does not hide the next one: its failure becomes a warning where a later place has a credential.
    ///
    /// # Errors
    /// The first failure, where no place has a credential: `CredentialHelper` or `CredentialConfig`. A public
    /// image may still be had without an account.
    pub async fn credential(&self, registry: &Registry, repository: Option<&str>) -> Result<Found> {
        let Walk { found, failures, mut warnings, .. } = self.walk(registry, repository, false).await;
        if let Some(found) = found {
            warnings.extend(failures.iter().map(|failure| failure.message().to_owned()));
            return Ok(Found { warnings, ..found });
        }
        match failures.into_iter().next() {
            Some(failure) => Err(failure),
            None => Ok(Found {
                credential: Credential::Anonymous,
                origin: "no credential is stored".to_owned(),
                place: Place::Nowhere,
                warnings,
            }),
        }
    }

    /// The registries that somebody signed in to, with the account where it is known: see [`Keyring::accounts`].
    pub async fn signed_in(&self) -> Vec<(Registry, Option<String>)> {
        self.accounts().await.into_iter().map(|account| (account.registry, account.account)).collect()
    }

    /// Who is signed in where, as the session, the files and the list of the keychain say: of each registry the place that
    /// goes first. Quick, and silent: neither helper nor keychain is asked, and a file that can't be used is passed over.
    pub async fn accounts(&self) -> Vec<Account> {
        let mut found: Vec<Account> = Vec::new();
        let mut add = |registry: Registry, account: Option<String>, place: String| match found
            .iter_mut()
            .find(|known| identity(&known.registry) == identity(&registry))
        {
            Some(known) if known.account.is_none() => known.account = account,
            Some(_) => {}
            None => found.push(Account { registry, account, place }),
        };
        for (key, account) in self.session.accounts() {
            let registry = Registry::parse(&key).into_iter();
            registry.for_each(|registry| add(registry, account.clone(), trail::SESSION.to_owned()));
        }
        for place in self.source.iter().flat_map(DockerConfigSource::places) {
            let name = place.name();
            if let Source::Keychain(keychain) = &place {
                for (key, account) in keychain.known().await.unwrap_or_default() {
                    let account = Some(account).filter(|account| !account.is_empty());
                    let registry = Registry::parse(&key).into_iter();
                    registry.for_each(|registry| add(registry, account.clone(), name.clone()));
                }
            }
            let Ok(Some(config)) = place.load().await else { continue };
            for (registry, account) in config.signed_in() {
                // Without an account the entry is the mark that docker leaves beside a helper's.
                let helper = config.helper_of(&registry).filter(|_| account.is_none());
                let place = helper.map_or_else(
                    || format!("`{name}`"),
                    |(helper, setting)| format!("docker-credential-{helper} ({setting})"),
                );
                add(registry, account, place);
            }
        }
        found
    }

    fn keychain(&self) -> Option<&Keychain> {
        self.source.as_ref()?.keychain.as_ref()
    }

    /// Docker's `config.json`, where one is configured.
    fn config_file(&self) -> Option<&Path> {
        self.source.as_ref()?.config_file.as_deref()
    }
}

/// Where Docker and Podman keep credentials, and how their helpers are run.
#[derive(Clone, Debug)]
pub struct DockerConfigSource {
    /// Docker's `config.json`.
    pub config_file: Option<PathBuf>,
    /// A `config.json` that was passed as text, in the variable `DOCKER_AUTH_CONFIG`. It goes before the files.
    pub auth_config: Option<Secret>,
    /// Podman's `auth.json`, the first to look into first.
    pub podman_files: Vec<PathBuf>,
    /// How helpers are found and run.
    pub helpers: HelperOptions,
    /// The system's keychain, for what is signed in to here.
    pub keychain: Option<Keychain>,
}

impl DockerConfigSource {
    /// As this process's environment has it: `dir` (of `--docker-config`), else `DOCKER_CONFIG`, else `~/.docker`;
    /// `DOCKER_AUTH_CONFIG`; and Podman's `REGISTRY_AUTH_FILE`, else its usual places.
    ///
    /// Where `dir` is given, Podman's usual places are left out: somebody who names the file means that one.
    pub fn of_environment(dir: Option<PathBuf>) -> Self {
        let lookup = |name: &str| std::env::var_os(name);
        Self::from_lookup(dir, std::env::home_dir().as_deref(), rustix::process::getuid().as_raw(), lookup)
    }

    /// The `config.json` of one folder and nothing else; helpers come from `helpers`.
    pub fn in_dir(dir: impl Into<PathBuf>, helpers: HelperOptions) -> Self {
        let config_file = Some(dir.into().join("config.json"));
        Self { config_file, auth_config: None, podman_files: Vec::new(), helpers, keychain: None }
    }

    /// With this keychain.
    #[must_use]
    pub fn with_keychain(self, keychain: Keychain) -> Self {
        Self { keychain: Some(keychain), ..self }
    }

    fn from_lookup(
        dir: Option<PathBuf>,
        home: Option<&Path>,
        user: u32,
        lookup: impl Fn(&str) -> Option<OsString>,
    ) -> Self {
        let set = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let folder = |name: &str| set(name).map(PathBuf::from);
        let podman_files = match (folder("REGISTRY_AUTH_FILE"), &dir) {
            (Some(file), _) => vec![file],
            (None, Some(_)) => Vec::new(),
            (None, None) => {
                let run = folder("XDG_RUNTIME_DIR")
                    .unwrap_or_else(|| PathBuf::from("/run/containers").join(user.to_string()));
                let configured = folder("XDG_CONFIG_HOME").or_else(|| home.map(|home| home.join(".config")));
                // Without XDG_RUNTIME_DIR the folder is the user's already (containers-auth.json(5)).
                let run = if set("XDG_RUNTIME_DIR").is_some() { run.join("containers") } else { run };
                let configured = configured.map(|folder| folder.join("containers"));
                std::iter::once(run).chain(configured).map(|folder| folder.join("auth.json")).collect()
            }
        };
        let config_dir =
            dir.or_else(|| folder("DOCKER_CONFIG")).or_else(|| home.map(|home| home.join(".docker")));
        Self {
            config_file: config_dir.map(|dir| dir.join("config.json")),
            auth_config: set("DOCKER_AUTH_CONFIG").map(|text| Secret::new(text.to_string_lossy())),
            podman_files,
            helpers: HelperOptions::of_environment(),
            keychain: keychain_list(home, &set).map(Keychain::of_system),
        }
    }

    fn places(&self) -> Vec<Source> {
        let variable = self.auth_config.iter().cloned().map(Source::Variable);
        let docker = self.config_file.iter().cloned().map(|path| Source::File(path, Flavour::Docker));
        let podman = self.podman_files.iter().cloned().map(|path| Source::File(path, Flavour::Podman));
        let keychain = self.keychain.iter().cloned().map(Source::Keychain);
        variable.chain(keychain).chain(docker).chain(podman).collect()
    }
}

/// Where the list of what is in the keychain lies: `longshore/accounts.json` in the platform's folder for data, beside
/// the store's usual place.
fn keychain_list(home: Option<&Path>, set: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let data = match set("XDG_DATA_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute()) {
        Some(dir) => dir,
        None if cfg!(target_os = "macos") => home?.join("Library/Application Support"),
        None => home?.join(".local/share"),
    };
    Some(data.join("longshore").join("accounts.json"))
}

/// A place that outlives the session; but for the keychain a text in the format of `config.json`.
#[derive(Clone)]
enum Source {
    Variable(Secret),
    Keychain(Keychain),
    File(PathBuf, Flavour),
}

impl Source {
    fn flavour(&self) -> Flavour {
        match self {
            Self::Variable(_) | Self::Keychain(_) => Flavour::Docker,
            Self::File(_, flavour) => *flavour,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Variable(_) => "DOCKER_AUTH_CONFIG".to_owned(),
            Self::Keychain(_) => keychain::name().to_owned(),
            Self::File(path, _) => path.display().to_string(),
        }
    }

    async fn load(self) -> Result<Option<DockerConfig>> {
        match self {
            Self::Variable(text) => DockerConfig::parse(text.expose().as_bytes(), "DOCKER_AUTH_CONFIG"),
            Self::Keychain(_) => Ok(None),
            Self::File(path, _) => blocking(move || DockerConfig::read(&path)).await,
        }
    }
}

#[cfg(test)]
mod tests;
