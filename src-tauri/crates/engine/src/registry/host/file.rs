//! Longshore's own settings of registries: `registries.json`, which the window writes and the command line reads too.
//!
//! Invariants: the file is replaced whole or not at all, for the user alone (0600: a proxy's address may hold a
//! password), under a lock; what a newer version put there stays; a file that does not parse is never overwritten.
//!
//! ```json
//! {
//!   "registries": {
//!     "registry.example:5000": { "plainHttp": true },
//!     "old.example": { "skipTlsVerification": true },
//!     "docker.io": { "mirrors": ["https://mirror.example"] }
//!   },
//!   "trustedRealms": ["auth.example"],
//!   "proxy": { "mode": "custom", "url": "http://proxy.example:3128", "noProxy": ["corp.example"] }
//! }
//! ```

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use oci::name::Registry;
use serde::{Deserialize, Serialize};

use super::super::http::{HttpOptions, ProxySettings};
use super::{CertificateFolders, HostSettings, Mirror};
use crate::error::{Code, Error, Result};

const FILE: &str = "registries.json";

/// All that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RegistriesConfig {
    /// By `host` or `host:port`; Docker Hub is `docker.io`.
    pub registries: BTreeMap<String, HostSettings>,
    /// Token servers that accounts of any registry may be sent to.
    pub trusted_realms: Vec<String>,
    /// The proxy.
    pub proxy: ProxySettings,
    /// What a newer version knows and this one does not: kept.
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

/// The folder of Longshore's own settings, by the environment that `lookup` reads: `LONGSHORE_CONFIG`, else `longshore` in
/// `XDG_CONFIG_HOME` or `~/.config`, on macOS `~/Library/Application Support`. None where there is no home directory.
pub fn config_dir(lookup: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name: &str| lookup(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(dir) = set("LONGSHORE_CONFIG") {
        return Some(dir);
    }
    let home = || set("HOME").or_else(std::env::home_dir);
    let config = match set("XDG_CONFIG_HOME").filter(|dir| dir.is_absolute()) {
        Some(dir) => dir,
        None if cfg!(target_os = "macos") => home()?.join("Library/Application Support"),
        None => home()?.join(".config"),
    };
    Some(config.join("longshore"))
}

impl RegistriesConfig {
    /// Reads the settings of `dir`; the defaults where there are none.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`], with the line, where they do not parse or can't be used.
    pub fn load(dir: &Path) -> Result<Self> {
        let path = dir.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(failed("read", &path, error)),
        };
        let config: Self = serde_json::from_slice(&text).map_err(|error| {
            let line = error.line();
            Error::new(
                Code::ConfigInvalid,
                format!("`{}` can't be used: line {line} is wrong", path.display()),
            )
            .with_hint("Correct the file, or move it away; it is not changed meanwhile")
            .with_source(error)
        })?;
        config.check().map_err(|error| {
            let why = format!("`{}` can't be used: {}", path.display(), error.message());
            Error::new(Code::ConfigInvalid, why)
                .with_hint(error.hint().unwrap_or("Correct the file").to_owned())
        })?;
        Ok(config)
    }

    /// Changes the settings of `dir`, one writer at a time. Blocks.
    ///
    /// # Errors
    /// As [`RegistriesConfig::load`]; what `change` says; where they can't be written. Nothing is changed then.
    pub fn change<T>(dir: &Path, change: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let path = dir.join(FILE);
        fs::create_dir_all(dir).map_err(|error| failed("written", &path, error))?;
        let lock =
            File::create(dir.join("registries.lock")).map_err(|error| failed("written", &path, error))?;
        lock.lock().map_err(|error| failed("written", &path, error))?;
        let mut config = Self::load(dir)?;
        let before = config.clone();
        let done = change(&mut config)?;
        config.check()?;
        if config != before {
            config.registries.retain(|_, settings| !settings.is_empty());
            let text = serde_json::to_vec_pretty(&config).expect("settings have JSON");
            replace(&path, &text).map_err(|error| failed("written", &path, error))?;
        }
        Ok(done)
    }

    /// What is said of a registry, to be changed; however its name is spelled in the file.
    pub fn host_mut(&mut self, registry: &Registry) -> &mut HostSettings {
        let is_it = |name: &&String| Registry::parse(name).is_ok_and(|known| known == *registry);
        let known = self.registries.keys().find(is_it).cloned();
        self.registries.entry(known.unwrap_or_else(|| registry.identity().to_owned())).or_default()
    }

    /// Whether everything in it can be used.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`], naming what can't.
    pub fn check(&self) -> Result<()> {
        for host in self.registries.keys().chain(&self.trusted_realms) {
            check_host(host)?;
        }
        for mirror in self.registries.values().flat_map(|settings| &settings.mirrors) {
            Mirror::parse(mirror)?;
        }
        self.proxy.routes(|_| None).map(drop)
    }

    /// The options of a client: these settings, the folders of certificates of the system, of this user and of `config`,
    /// and the proxies of the environment that `lookup` reads.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] where a proxy's address is none.
    pub fn options(
        &self,
        config: Option<&Path>,
        lookup: impl Fn(&str) -> Option<OsString> + Copy,
    ) -> Result<HttpOptions> {
        Ok(HttpOptions {
            hosts: self.registries.clone(),
            trusted_realms: self.trusted_realms.clone(),
            certificates: CertificateFolders::of_environment(config, lookup),
            proxies: self.proxy.routes(lookup)?,
            ..HttpOptions::default()
        })
    }
}

/// Whether a text is a host, as settings name one.
///
/// # Errors
/// [`Code::ConfigInvalid`].
pub fn check_host(host: &str) -> Result<()> {
    Registry::parse(host).map(drop).map_err(|problem| {
        Error::new(Code::ConfigInvalid, format!("`{host}` is no host: {problem}"))
            .with_hint("Write it as `registry.example:5000`, without `http://`")
    })
}

/// Puts `text` in the place of a file: whole or not at all, mode 0600, the target of a link rather than the link.
fn replace(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let dir = path.parent().expect("a file has a folder");
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(text)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    File::open(dir)?.sync_all()
}

fn failed(what: &str, path: &Path, error: std::io::Error) -> Error {
    Error::new(Code::ConfigInvalid, format!("the settings in `{}` can't be {what}", path.display()))
        .with_hint("Check the permissions of the file and its folder, and the room on the disk")
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use serde_json::json;

    use super::*;

    fn written(value: &serde_json::Value) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), value.to_string()).unwrap();
        dir
    }

    #[test]
    fn settings_come_back_and_what_is_unknown_stays() {
        let dir = written(&json!({
            "registries": { "docker.io": { "mirrors": ["https://mirror.test"], "later": 7 }, "a.test": { "plainHttp": true } },
            "future": { "x": [1] },
        }));
        RegistriesConfig::change(dir.path(), |config| {
            config.registries.entry("b.test:5000".into()).or_default().skip_tls_verification = true;
            config.registries.insert("a.test".into(), HostSettings::default());
            config.proxy = ProxySettings::custom("http://proxy.test:3128");
            Ok(())
        })
        .unwrap();
        let path = dir.path().join(FILE);
        let text: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(
            text,
            json!({
                "registries": {
                    "b.test:5000": { "skipTlsVerification": true },
                    "docker.io": { "mirrors": ["https://mirror.test"], "later": 7 },
                },
                "trustedRealms": [],
                "proxy": { "mode": "custom", "url": "http://proxy.test:3128" },
                "future": { "x": [1] },
            })
        );
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(RegistriesConfig::load(dir.path()).unwrap().registries.len(), 2);
    }

    #[test]
    fn what_does_not_parse_is_told_with_its_line_and_never_overwritten() {
        let rows = [
            ("a comma too many", "{\n\"registries\": {},\n}", "line 3"),
            (
                "a host with a scheme",
                "{\"registries\": {\"https://a.test\": {}}}",
                "`https://a.test` is no host",
            ),
            (
                "a mirror with an account",
                "{\"registries\": {\"a.test\": {\"mirrors\": [\"https://u:hunter22@m.test\"]}}}",
                "mirror",
            ),
            ("no proxy", "{\"proxy\": {\"mode\": \"custom\", \"url\": \"nothing at all\"}}", "proxy"),
            ("another type", "[]", "line 1"),
        ];
        for (name, text, says) in rows {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(FILE), text).unwrap();
            let error = RegistriesConfig::load(dir.path()).expect_err(name);
            assert_eq!(error.code(), Code::ConfigInvalid, "{name}");
            assert!(error.message().contains(says), "{name}: {error:?}");
            assert!(error.message().contains(FILE) && error.hint().is_some(), "{name}: {error:?}");
            assert!(!format!("{error:?}").contains("hunter22"), "{name}: {error:?}");
            RegistriesConfig::change(dir.path(), |_| Ok(())).expect_err(name);
            assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), text, "{name}");
        }
    }

    #[test]
    fn a_link_is_written_through_and_many_writers_lose_nothing() {
        let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = elsewhere.path().join("mine.json");
        fs::write(&target, "{}").unwrap();
        std::os::unix::fs::symlink(&target, dir.path().join(FILE)).unwrap();
        std::thread::scope(|scope| {
            for writer in 0..16 {
                let dir = dir.path();
                scope.spawn(move || {
                    RegistriesConfig::change(dir, |config| {
                        config.registries.entry(format!("r{writer}.test")).or_default().plain_http = true;
                        Ok(())
                    })
                    .unwrap();
                });
            }
        });
        assert_eq!(RegistriesConfig::load(dir.path()).unwrap().registries.len(), 16);
        assert!(fs::symlink_metadata(dir.path().join(FILE)).unwrap().is_symlink());
        assert!(fs::read_to_string(&target).unwrap().contains("r15.test"));
    }

    #[test]
    #[cfg(not(target_os = "macos"))]
    fn the_environment_says_where_the_settings_are() {
        let rows = [
            ("home", &[("HOME", "/home/ann")][..], "/home/ann/.config/longshore"),
            ("config", &[("HOME", "/home/ann"), ("XDG_CONFIG_HOME", "/conf")], "/conf/longshore"),
            ("ours first", &[("XDG_CONFIG_HOME", "/conf"), ("LONGSHORE_CONFIG", "/mine")], "/mine"),
        ];
        for (name, environment, want) in rows {
            let lookup = |wanted: &str| {
                environment.iter().find(|(key, _)| *key == wanted).map(|(_, value)| value.into())
            };
            assert_eq!(config_dir(lookup), Some(PathBuf::from(want)), "{name}");
        }
    }
}
