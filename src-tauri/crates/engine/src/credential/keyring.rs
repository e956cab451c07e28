//! The places where a credential may be kept, looked through in order.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use oci::Registry;

use super::docker_config::{Candidate, DockerConfig, Flavour};
use super::helper::{self, HelperOptions};
use super::memory::Memory;
use super::{Credential, Found, Secret};
use crate::error::{Code, Error, Result};

/// Finds the credential for a registry. Clones share what was signed in for the session.
///
/// Files and helpers are asked again each time, so that a `docker login` beside us is seen at once.
#[derive(Clone, Debug)]
pub struct Keyring {
    session: Memory,
    source: Option<DockerConfigSource>,
}

impl Keyring {
    /// A keyring over the files of Docker and Podman.
    pub fn new(source: DockerConfigSource) -> Self {
        Self { session: Memory::default(), source: Some(source) }
    }

    /// A keyring that knows nothing: every registry is asked without an account.
    pub fn anonymous() -> Self {
        Self { session: Memory::default(), source: None }
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
    }

    /// Forgets what [`Keyring::remember`] kept; whether there was anything.
    pub fn forget(&self, registry: &Registry) -> bool {
        self.session.remove(registry)
    }

    /// The credential for a registry, and for a repository in it (`team/app`) where the place tells them apart.
    ///
    /// A place that fails does not hide the next one: its failure becomes a warning where a later place has a credential.
    ///
    /// # Errors
    /// The first failure, where no place has a credential: [`Code::CredentialHelper`] or [`Code::CredentialConfig`]. A public
    /// image may still be had without an account.
    pub async fn credential(&self, registry: &Registry, repository: Option<&str>) -> Result<Found> {
        if let Some(credential) = self.session.get(registry) {
            let origin = "signed in for this session".to_owned();
            return Ok(Found { credential, origin, warnings: Vec::new() });
        }
        let mut failures = Vec::new();
        let mut warnings = Vec::new();
        for place in self.source.iter().flat_map(DockerConfigSource::places) {
            let flavour = place.flavour();
            let config = match place.load().await {
                Ok(Some(config)) => config,
                Ok(None) => continue,
                Err(failure) => {
                    failures.push(failure);
                    continue;
                }
            };
            for candidate in config.candidates(registry, repository, flavour) {
                // Each client stores Docker Hub under its own name for it.
                let server = match flavour {
                    Flavour::Docker => registry.config_key(),
                    Flavour::Podman => registry.identity().to_owned(),
                };
                match self.look_into(&config, candidate, &server, &mut warnings).await {
                    Ok(Some((credential, origin))) => {
                        warnings.extend(failures.iter().map(|failure| failure.message().to_owned()));
                        return Ok(Found { credential, origin, warnings });
                    }
                    Ok(None) => {}
                    Err(failure) => failures.push(failure),
                }
            }
        }
        match failures.into_iter().next() {
            Some(failure) => Err(failure),
            None => Ok(Found {
                credential: Credential::Anonymous,
                origin: "no credential is stored".to_owned(),
                warnings,
            }),
        }
    }

    /// The registries that somebody signed in to, as the files say; the account where one of them names it. Quick, and
    /// silent: no helper is asked, and a file that can't be used is passed over.
    pub async fn signed_in(&self) -> Vec<(Registry, Option<String>)> {
        let mut found: Vec<(Registry, Option<String>)> = Vec::new();
        for place in self.source.iter().flat_map(DockerConfigSource::places) {
            let Ok(Some(config)) = place.load().await else { continue };
            for (registry, account) in config.signed_in() {
                match found.iter_mut().find(|(known, _)| known.identity() == registry.identity()) {
                    Some((_, known)) if known.is_none() => *known = account,
                    Some(_) => {}
                    None => found.push((registry, account)),
                }
            }
        }
        found
    }

    async fn look_into(
        &self,
        config: &DockerConfig,
        candidate: Candidate,
        server: &str,
        warnings: &mut Vec<String>,
    ) -> Result<Option<(Credential, String)>> {
        match candidate {
            Candidate::Helper { name, setting, warning } => {
                warnings.extend(warning);
                let Some(source) = &self.source else { return Ok(None) };
                let credential = helper::get(&name, &setting, server, &source.helpers).await?;
                Ok(credential.map(|credential| (credential, format!("{setting} → docker-credential-{name}"))))
            }
            Candidate::Entry { key } => {
                let Some(credential) = config.entry(&key)? else { return Ok(None) };
                warnings.extend(config.loose_mode_warning());
                Ok(Some((credential, config.entry_origin(&key))))
            }
        }
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
        Self { config_file, auth_config: None, podman_files: Vec::new(), helpers }
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
        }
    }

    fn places(&self) -> Vec<Place> {
        let variable = self.auth_config.iter().cloned().map(Place::Variable);
        let docker = self.config_file.iter().cloned().map(|path| Place::File(path, Flavour::Docker));
        let podman = self.podman_files.iter().cloned().map(|path| Place::File(path, Flavour::Podman));
        variable.chain(docker).chain(podman).collect()
    }
}

/// A text in the format of `config.json`.
enum Place {
    Variable(Secret),
    File(PathBuf, Flavour),
}

impl Place {
    fn flavour(&self) -> Flavour {
        match self {
            Self::Variable(_) => Flavour::Docker,
            Self::File(_, flavour) => *flavour,
        }
    }

    async fn load(self) -> Result<Option<DockerConfig>> {
        match self {
            Self::Variable(text) => DockerConfig::parse(text.expose().as_bytes(), "DOCKER_AUTH_CONFIG"),
            Self::File(path, _) => {
                tokio::task::spawn_blocking(move || DockerConfig::read(&path)).await.map_err(|problem| {
                    Error::new(Code::Internal, "reading a file was broken off").with_source(problem)
                })?
            }
        }
    }
}

#[cfg(test)]
mod tests;
