//! The clients of registries, and what is kept for hosts: the engine's own file, which the command line reads too.
//!
//! Nothing here fails at start: where the file can't be used, the clients go by the defaults, which are the strictest,
//! and whoever looks at the settings is told.

use std::path::Path;

use engine::credential::Keyring;
use engine::exchange::ExchangeLog;
use engine::registry::host::RegistriesConfig;
use engine::registry::{Http, HttpOptions, Registries};
use engine::{Code, Error, Result};

use crate::settings::{self, Frame};
use crate::state::Places;
use crate::wire::Settings;

/// The clients, made from what is kept.
pub struct Network {
    /// What they were made from.
    pub config: RegistriesConfig,
    /// The clients.
    pub registries: Registries,
}

impl Network {
    /// As it is kept; by the defaults where that can't be used.
    pub fn open(places: &Places, settings: &Settings, log: &ExchangeLog, keyring: &Keyring) -> Self {
        let config = load(places).unwrap_or_default();
        Self::new(config, places, settings, log, keyring).unwrap_or_else(|_| {
            let http = Http::new(HttpOptions::default(), log.clone());
            Self { config: RegistriesConfig::default(), registries: Registries::new(http, keyring.clone()) }
        })
    }

    /// Fresh clients.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] where a proxy's address is none.
    pub fn new(
        config: RegistriesConfig,
        places: &Places,
        settings: &Settings,
        log: &ExchangeLog,
        keyring: &Keyring,
    ) -> Result<Self> {
        let mut options = config.options(places.config.as_deref(), places.environment)?;
        options.plain_http.extend(settings.plain_http.iter().cloned());
        let registries = Registries::new(Http::new(options, log.clone()), keyring.clone());
        Ok(Self { config, registries })
    }
}

/// What is kept. Blocks.
///
/// # Errors
/// [`Code::ConfigInvalid`] where it can't be used.
pub fn load(places: &Places) -> Result<RegistriesConfig> {
    places.config.as_deref().map_or_else(|| Ok(RegistriesConfig::default()), RegistriesConfig::load)
}

/// There is no place for it.
pub fn nowhere() -> Error {
    Error::new(Code::ConfigInvalid, "there is no folder to keep settings of registries in")
        .with_hint("Set `HOME`")
}

/// The window once kept plain HTTP hosts among its own settings, where the command line did not see them. They move over;
/// where they can't, they stay, and count.
pub fn adopt_plain_http(places: &Places, frame: &dyn Frame, settings: &mut Settings) {
    if settings.plain_http.is_empty() {
        return;
    }
    let Some(dir) = places.config.as_deref() else { return };
    let hosts = std::mem::take(&mut settings.plain_http);
    if move_over(dir, &hosts).is_err() || settings::save(frame, settings).is_err() {
        settings.plain_http = hosts;
    }
}

fn move_over(dir: &Path, hosts: &[String]) -> Result<()> {
    RegistriesConfig::change(dir, |config| {
        for host in hosts {
            config.registries.entry(host.clone()).or_default().plain_http = true;
        }
        Ok(())
    })
}
