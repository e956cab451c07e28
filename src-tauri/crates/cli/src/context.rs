//! What every verb works with: the store and the registries, as the options and the environment say.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use engine::credential::{DockerConfigSource, Keyring};
use engine::daemon::{Address, Daemon, addresses, find};
use engine::exchange::ExchangeLog;
use engine::registry::host::{RegistriesConfig, config_dir};
use engine::registry::http::ProxySettings;
use engine::registry::{Http, HttpOptions, Registries, RegistryClient};
use engine::store::{self, ContentStore};
use engine::{Code, Error};
use oci::Registry;

use crate::args::Shared;
use crate::failure::Failure;
use crate::output;

/// The composition root of a verb. Nothing is opened before it is asked for.
pub struct Context {
    /// The options of every verb.
    pub shared: Shared,
    registries: OnceCell<Registries>,
    keyring: OnceCell<Keyring>,
    log: ExchangeLog,
}

impl Context {
    pub fn new(shared: Shared) -> Self {
        Self { shared, registries: OnceCell::new(), keyring: OnceCell::new(), log: ExchangeLog::default() }
    }

    /// Whether JSON is wanted.
    pub fn json(&self) -> bool {
        self.shared.json
    }

    /// `--store`, else `LONGSHORE_STORE`, else the platform's folder for data.
    ///
    /// # Errors
    /// Where there is no home directory.
    pub fn store_dir(&self) -> Result<PathBuf, Failure> {
        if let Some(dir) = &self.shared.store {
            return Ok(dir.clone());
        }
        store::default_dir(|name| std::env::var_os(name)).ok_or_else(|| {
            Error::new(Code::ConfigInvalid, "there is no home directory to keep images in")
                .with_hint("Name a folder with `--store DIR`")
                .into()
        })
    }

    /// The store, made if it is missing.
    ///
    /// # Errors
    /// As [`ContentStore::open`].
    pub fn store(&self) -> Result<ContentStore, Failure> {
        Ok(ContentStore::open(self.store_dir()?)?)
    }

    /// The store if there is one: looking must not make one.
    ///
    /// # Errors
    /// As [`ContentStore::open`].
    pub fn existing_store(&self) -> Result<Option<ContentStore>, Failure> {
        let dir = self.store_dir()?;
        Ok(if dir.exists() { Some(ContentStore::open(dir)?) } else { None })
    }

    /// Where what has to be unpacked on the way is kept meanwhile: beside the images, where there is room for them, else
    /// where temporary files go.
    ///
    /// # Errors
    /// As [`ContentStore::open`].
    pub fn spool_dir(&self) -> Result<PathBuf, Failure> {
        Ok(self.existing_store()?.map_or_else(std::env::temp_dir, |store| store.ingest_dir()))
    }

    /// The accounts.
    pub fn keyring(&self) -> &Keyring {
        self.keyring.get_or_init(|| {
            Keyring::new(DockerConfigSource::of_environment(self.shared.docker_config.clone()))
        })
    }

    /// Docker or Podman on this computer: the one that `DOCKER_HOST` names, else the first that answers.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] where `DOCKER_HOST` names one that is not reached from here; [`Code::Unreachable`].
    pub async fn daemon(&self) -> Result<Daemon, Failure> {
        let chosen = std::env::var_os("DOCKER_HOST").filter(|value| !value.is_empty());
        let chosen = chosen.map(|value| {
            let address = value.to_str().and_then(Address::parse);
            address.ok_or_else(|| {
                let why = format!("`DOCKER_HOST={}` is no engine of this computer", value.to_string_lossy());
                Error::new(Code::ConfigInvalid, why).with_hint(
                    "Set it to `unix:///path/of/the.sock`, or unset it to look at the usual places",
                )
            })
        });
        let places = match chosen.transpose()? {
            Some(address) => vec![address],
            None => {
                let docker =
                    DockerConfigSource::of_environment(self.shared.docker_config.clone()).config_file;
                addresses(|name| std::env::var_os(name), docker.as_deref().and_then(Path::parent))
            }
        };
        let shown: Vec<String> = places.iter().map(|place| format!("`{place}`")).collect();
        let found = find(places).await.into_iter().find(|daemon| daemon.version().is_some());
        found.ok_or_else(|| {
            let why = match shown.is_empty() {
                true => "there is no Docker and no Podman on this computer".to_owned(),
                false => format!("no container engine answers at {}", shown.join(", ")),
            };
            Error::new(Code::Unreachable, why)
                .with_hint("Start Docker, or `podman system service`, or set `DOCKER_HOST` to its socket")
                .into()
        })
    }

    /// Whether the settings of registries, the options about them and the environment's proxies can be used.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`], naming what can't.
    pub fn check_network(&self) -> Result<(), Failure> {
        if self.registries.get().is_none() {
            let options = self.options()?;
            let registries = Registries::new(Http::new(options, self.log.clone()), self.keyring().clone());
            let _ = self.registries.set(registries);
        }
        Ok(())
    }

    /// The clients.
    ///
    /// # Panics
    /// Before [`Context::check_network`].
    pub fn registries(&self) -> &Registries {
        self.registries.get().expect("main checks the network's settings before a verb that uses it")
    }

    /// The client of a registry.
    pub fn client(&self, registry: &Registry) -> RegistryClient {
        self.registries().client(registry)
    }

    /// What `registries.json` says, with what the command line says over it.
    fn options(&self) -> Result<HttpOptions, Error> {
        let Shared { plain_http, trust_realm, skip_tls_verify, mirror, proxy, ca, docker_config, .. } =
            &self.shared;
        let lookup = |name: &str| match (name, docker_config) {
            ("DOCKER_CONFIG", Some(dir)) => Some(dir.clone().into_os_string()),
            _ => std::env::var_os(name),
        };
        let dir = config_dir(lookup);
        let mut config =
            dir.as_deref().map_or_else(|| Ok(RegistriesConfig::default()), RegistriesConfig::load)?;
        for host in skip_tls_verify {
            config.host_mut(host).skip_tls_verification = true;
        }
        for (host, _) in mirror {
            config.host_mut(host).mirrors.clear();
        }
        for (host, url) in mirror {
            config.host_mut(host).mirrors.push(url.clone());
        }
        if let Some(url) = proxy {
            let chosen = if url == "none" { ProxySettings::none() } else { ProxySettings::custom(url) };
            config.proxy = ProxySettings { no_proxy: config.proxy.no_proxy, ..chosen };
        }
        let mut options = config.options(dir.as_deref(), lookup)?;
        let hosts =
            |marked: &[Registry]| marked.iter().map(|host| host.as_str().to_owned()).collect::<Vec<_>>();
        options.plain_http = hosts(plain_http);
        options.trusted_realms.extend(hosts(trust_realm));
        for path in ca {
            let pem = std::fs::read(path).map_err(|error| {
                Error::new(Code::ConfigInvalid, format!("`{}` can't be read", path.display()))
                    .with_hint("Name a PEM file with the certificate of the authority")
                    .with_source(error)
            })?;
            options.extra_roots.push(pem);
        }
        Ok(options)
    }

    /// Prints what the resolver of credentials had to say; the warnings for a JSON result.
    pub fn warn(&self, client: &RegistryClient) -> Vec<String> {
        let warnings = client.warnings();
        for warning in &warnings {
            output::warning(warning);
        }
        warnings
    }

    /// The failure of an engine's error, with the exchange that it points at.
    pub fn failure(&self, error: Error) -> Failure {
        let exchange = error.exchange().and_then(|id| self.log.get(id)).map(Box::new);
        Failure::Engine(Box::new(error), exchange)
    }
}
