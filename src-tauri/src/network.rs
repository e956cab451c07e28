//! How registries are reached, as it is kept: the file that the command line goes by too, and what the clients are made
//! with.
//!
//! Nothing fails at start: a file that can't be read is told where its settings are looked at, and left as it is.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use engine::registry::HttpOptions;
use engine::registry::host::RegistriesConfig;
use engine::{Code, Error, Result};

/// Reads a variable of the environment.
pub type Environment = fn(&str) -> Option<OsString>;

/// What is kept of the network.
pub struct Network {
    dir: Option<PathBuf>,
    environment: Environment,
    /// What the clients go by.
    used: Mutex<RegistriesConfig>,
}

impl Network {
    /// The settings in `dir`, with the proxies and folders that the environment names. Blocks.
    pub fn new(dir: Option<PathBuf>, environment: Environment) -> Self {
        let used = dir.as_deref().and_then(|dir| RegistriesConfig::load(dir).ok()).unwrap_or_default();
        Self { dir, environment, used: Mutex::new(used) }
    }

    /// What is kept now, and whether the clients go by something else. Blocks.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] where it can't be read or used.
    pub fn read(&self) -> Result<(RegistriesConfig, bool)> {
        let Some(dir) = self.dir.as_deref() else { return Ok((RegistriesConfig::default(), false)) };
        let kept = RegistriesConfig::load(dir)?;
        kept.options(Some(dir), self.environment)?;
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = *used != kept;
        used.clone_from(&kept);
        Ok((kept, changed))
    }

    /// Changes what is kept. Blocks.
    ///
    /// # Errors
    /// As [`Network::read`], and what `change` says; nothing is changed then.
    pub fn change(&self, change: impl FnOnce(&mut RegistriesConfig) -> Result<()>) -> Result<()> {
        let dir = self.dir.as_deref().ok_or_else(|| {
            Error::new(Code::ConfigInvalid, "there is no folder to keep settings in")
                .with_hint("Set `HOME`, or name a folder with `LONGSHORE_CONFIG`")
        })?;
        let kept = RegistriesConfig::change(dir, |config| {
            change(config)?;
            Ok(config.clone())
        })?;
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        Ok(())
    }

    /// What the clients are made with. A proxy of the environment whose address is none is left out: reading the
    /// settings says so.
    pub fn options(&self) -> HttpOptions {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let dir = self.dir.as_deref();
        used.options(dir, self.environment).or_else(|_| used.options(dir, |_| None)).unwrap_or_default()
    }

    /// Hosts that a certificate is trusted for.
    pub fn certified(&self) -> Vec<String> {
        let folder = self.dir.as_deref().map(|dir: &Path| dir.join("certificates"));
        let entries = folder.and_then(|folder| folder.read_dir().ok()).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }
}
