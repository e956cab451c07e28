//! Docker's `config.json`, Podman's `auth.json` and the variable `DOCKER_AUTH_CONFIG`: one format, read here; docker's
//! file is written by [`write`](mod@write).
//!
//! One unusable entry fails alone; a file that is no JSON fails as a whole, with its line, and is never written over.

mod edit;
mod syntax;
mod write;

use std::path::Path;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use oci::Registry;
use serde_json::{Map, Value};

pub(super) use self::edit::Edit;
pub(super) use self::write::{Written, update};
use super::key::{identity, key_identity, wildcard_matches};
use super::{Credential, Secret};
use crate::error::{Code, Error, Result};

/// The largest file that is read, bytes. Real ones have a few hundred.
const CAP: u64 = 4 << 20;

/// Whose rules a file's keys follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// A key names a registry; a path in it means nothing (docker/cli, `cli/config`).
    Docker,
    /// A key may name a namespace or a repository, and the longest that fits counts (containers-auth.json(5)).
    Podman,
}

/// A parsed file.
#[derive(Debug)]
pub struct DockerConfig {
    /// The file's path, or the variable's name, for messages.
    name: String,
    auths: Map<String, Value>,
    cred_helpers: Map<String, Value>,
    creds_store: Option<String>,
    /// The permission bits, where other users can read the file.
    loose_mode: Option<u32>,
}

/// A place within a file where a registry's credential may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// A helper program knows it.
    Helper {
        /// `NAME` of `docker-credential-NAME`.
        name: String,
        /// The setting that names the helper, e.g. `credHelpers[ghcr.io]`.
        setting: String,
        /// What a person should know about the setting.
        warning: Option<String>,
    },
    /// The file itself has it.
    Entry {
        /// The key in `auths`.
        key: String,
    },
}

/// Where docker itself looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DockersOwn {
    /// To this helper alone.
    Helper { name: String, setting: String },
    /// To this key of `auths`.
    Entry(String),
    /// Nowhere.
    Nothing,
}

impl DockerConfig {
    /// Reads a file; `None` where there is none, or nothing in it. Blocks.
    ///
    /// # Errors
    /// [`Code::CredentialConfig`] where it can't be read, is no regular file, is over 4 MiB, or is no JSON object; the
    /// message has the line.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let name = path.display().to_string();
        let failed = |problem: std::io::Error| {
            Error::new(Code::CredentialConfig, format!("`{name}` can't be read"))
                .with_hint("Check that you may read the file")
                .with_source(problem)
        };
        let metadata = match path.metadata() {
            Ok(metadata) => metadata,
            Err(problem) if is_absent(&problem) => return Ok(None),
            Err(problem) => return Err(failed(problem)),
        };
        if is_null_device(&metadata) {
            return Ok(None);
        }
        // Opening a pipe could wait for ever.
        if !metadata.is_file() || metadata.len() > CAP {
            let reason = if metadata.is_file() { "is larger than 4 MiB" } else { "is no regular file" };
            return Err(Error::new(Code::CredentialConfig, format!("`{name}` {reason}"))
                .with_hint("Name the folder of your `config.json` with `--docker-config`"));
        }
        let text = zeroize::Zeroizing::new(std::fs::read(path).map_err(failed)?);
        let config = Self::parse(&text, &name)?;
        Ok(config.map(|config| Self { loose_mode: loose_mode(&metadata), ..config }))
    }

    /// Reads a text that came from `name`; `None` where it is blank, as docker takes an empty file.
    ///
    /// # Errors
    /// [`Code::CredentialConfig`] where it is no JSON object, or one of the objects in it is something else.
    pub fn parse(text: &[u8], name: &str) -> Result<Option<Self>> {
        if text.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        let document: Value =
            serde_json::from_slice(text).map_err(|problem| syntax::error(text, name, &problem))?;
        let wrong = |what: &str| {
            Error::new(Code::CredentialConfig, format!("{what} in `{name}`"))
                .with_hint("Correct the file, or sign in again with `docker login`")
        };
        let Value::Object(mut document) = document else {
            return Err(wrong("there is no JSON object"));
        };
        let mut object = |key: &str| match document.remove(key) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(object)) => Ok(object),
            Some(_) => Err(wrong(&format!("`{key}` is no JSON object"))),
        };
        let auths = object("auths")?;
        let cred_helpers = object("credHelpers")?;
        let creds_store = match document.remove("credsStore") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name).filter(|name| !name.is_empty()),
            Some(_) => return Err(wrong("`credsStore` is no text")),
        };
        Ok(Some(Self { name: name.to_owned(), auths, cred_helpers, creds_store, loose_mode: None }))
    }

    /// Where to look for a registry's credential, in order: its helper, or else the store of all; then the entries.
    ///
    /// The helper of `credHelpers` stands in place of `credsStore`, not before it, and an empty name in `credHelpers`
    /// means the file itself, both as docker has it. What a helper does not know is looked for in `auths`, which docker
    /// does not do: an entry there was put there for this registry.
    pub fn candidates(
        &self,
        registry: &Registry,
        repository: Option<&str>,
        flavour: Flavour,
    ) -> Vec<Candidate> {
        let helper = self.configured_helper(registry).into_iter();
        let entries = self.entry_keys(registry, repository, flavour).into_iter();
        helper.chain(entries.map(|key| Candidate::Entry { key })).collect()
    }

    /// Where docker itself looks for the credential of a registry's key: see `keyring/docker.rs` for its rules.
    pub(super) fn dockers_own(&self, key: &str) -> DockersOwn {
        let exact = self
            .cred_helpers
            .get(key)
            .map(|name| (name.as_str().unwrap_or_default(), format!("credHelpers[{key}]")));
        let store = || self.creds_store.as_deref().map(|name| (name, "credsStore".to_owned()));
        match exact.or_else(store) {
            Some((name, setting)) if !name.is_empty() => {
                DockersOwn::Helper { name: name.to_owned(), setting }
            }
            _ => self.dockers_entry(key),
        }
    }

    /// The key of `auths` that docker takes: the exact one, else one that is the host behind a scheme or before a path.
    pub(super) fn dockers_entry(&self, key: &str) -> DockersOwn {
        let host = |entry: &str| {
            let entry =
                entry.strip_prefix("http://").or_else(|| entry.strip_prefix("https://")).unwrap_or(entry);
            entry.split('/').next().unwrap_or_default() == key
        };
        let found =
            self.auths.get_key_value(key).or_else(|| self.auths.iter().find(|(entry, _)| host(entry)));
        found.map_or(DockersOwn::Nothing, |(entry, _)| DockersOwn::Entry(entry.clone()))
    }

    /// The keys of `auths` that stand for a registry.
    pub(super) fn keys_of(&self, registry: &Registry, flavour: Flavour) -> Vec<String> {
        self.entry_keys(registry, None, flavour)
    }

    /// The helper that a registry's credentials go to: its name, what names it, and whether by a key of its own.
    pub(super) fn helper_of(&self, registry: &Registry) -> Option<(String, String)> {
        match self.configured_helper(registry)? {
            Candidate::Helper { name, setting, .. } => Some((name, setting)),
            Candidate::Entry { .. } => None,
        }
    }

    /// The credential of an entry; `None` for the empty one that `docker login` leaves beside a helper's.
    ///
    /// # Errors
    /// [`Code::CredentialConfig`] where the entry is unusable; it names the entry, and quotes nothing of it.
    pub fn entry(&self, key: &str) -> Result<Option<Credential>> {
        let Some(entry) = self.auths.get(key) else { return Ok(None) };
        let wrong = |reason: &str| {
            let message =
                format!("the entry `{}` of `{}` can't be used: {reason}", key.escape_debug(), self.name);
            let hint = format!("Sign in again with `docker login {}`", key.escape_debug());
            Error::new(Code::CredentialConfig, message).with_hint(hint)
        };
        let Value::Object(entry) = entry else { return Err(wrong("it is no JSON object")) };
        let text = |field: &str| match entry.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(wrong(&format!("its `{field}` is no text"))),
        };
        if let Some(token) = text("registrytoken")? {
            return Ok(Some(Credential::RegistryToken(Secret::new(token))));
        }
        let account = match text("auth")? {
            Some(auth) => Some(decode(auth).map_err(wrong)?),
            None => text("username")?
                .map(|username| Ok((username.to_owned(), Secret::new(text("password")?.unwrap_or_default()))))
                .transpose()?,
        };
        if let Some(token) = text("identitytoken")? {
            let username = account.map(|(username, _)| username);
            return Ok(Some(Credential::IdentityToken { username, token: Secret::new(token) }));
        }
        Ok(account.map(|(username, password)| Credential::Basic { username, password }))
    }

    /// The registries that somebody signed in to, each with the account where the file itself names it: `docker login`
    /// leaves an empty entry beside what a helper keeps. No helper is asked, and what is unusable is passed over.
    pub fn signed_in(&self) -> Vec<(Registry, Option<String>)> {
        let entry = |key: &String| {
            let registry = Registry::parse(&key_identity(key)?).ok()?;
            let account =
                self.entry(key).ok()?.and_then(|credential| credential.account().map(str::to_owned));
            Some((registry, account))
        };
        self.auths.keys().filter_map(entry).collect()
    }

    /// An entry's place, for people.
    pub fn entry_origin(&self, key: &str) -> String {
        format!("auths[{key}] in `{}`", self.name)
    }

    /// What to say to somebody whose secrets in this file other users can read.
    pub fn loose_mode_warning(&self) -> Option<String> {
        self.loose_mode.map(|mode| {
            let name = &self.name;
            format!(
                "`{name}` holds a password and other users can read it (mode {mode:04o}): `chmod 600 {name}`"
            )
        })
    }

    fn configured_helper(&self, registry: &Registry) -> Option<Candidate> {
        let Some((key, name)) = self.helper_setting(registry) else {
            return self.creds_store.as_ref().map(|name| Candidate::Helper {
                name: name.clone(),
                setting: "credsStore".to_owned(),
                warning: None,
            });
        };
        let warning = key.contains('*').then(|| {
            format!("docker itself does not read the wildcard `{key}` in `credHelpers`: add `{registry}` to it for docker")
        });
        let setting = format!("credHelpers[{key}]");
        // A name that is no text is refused as the name of a helper, like any other name that can't be one.
        let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
        (!name.is_empty()).then_some(Candidate::Helper { name, setting, warning })
    }

    /// The key of `credHelpers` for a registry, and its value: the exact one, then one that means the same registry, then
    /// the wildcard with the most letters.
    fn helper_setting(&self, registry: &Registry) -> Option<(&String, &Value)> {
        let wanted = identity(registry);
        let exact = |key: &String| key == registry.identity() || *key == registry.config_key();
        let letters = |key: &String| key.bytes().filter(|byte| *byte != b'*').count();
        let mut all = self.cred_helpers.iter();
        all.clone()
            .find(|(key, _)| exact(key))
            .or_else(|| all.find(|(key, _)| key_identity(key).as_ref() == Some(&wanted)))
            .or_else(|| {
                let fitting = self.cred_helpers.iter().filter(|(key, _)| wildcard_matches(key, registry));
                fitting.max_by_key(|(key, _)| letters(key))
            })
    }

    /// The keys of `auths` that stand for a registry, the best first.
    fn entry_keys(&self, registry: &Registry, repository: Option<&str>, flavour: Flavour) -> Vec<String> {
        let wanted = identity(registry);
        let rank = |key: &str| -> Option<(usize, usize)> {
            if key == registry.config_key() || key == registry.identity() {
                // Docker Hub has two such keys; the one that docker writes is the one it reads.
                return Some((1, usize::from(key != registry.config_key())));
            }
            if flavour == Flavour::Podman
                && let Some((host, path)) = key.split_once('/').filter(|_| !key.contains("://"))
            {
                let path = path.trim_end_matches('/');
                let fits =
                    path.is_empty() || repository.is_some_and(|repository| is_within(repository, path));
                return (fits && key_identity(host)? == wanted).then(|| (0, usize::MAX - path.len()));
            }
            (key_identity(key)? == wanted).then_some((2, key.len()))
        };
        let mut ranked: Vec<_> = self.auths.keys().filter_map(|key| Some((rank(key)?, key))).collect();
        ranked.sort();
        ranked.into_iter().map(|(_, key)| key.clone()).collect()
    }
}

/// Whether a repository is `path`, or stands in the namespace `path`.
fn is_within(repository: &str, path: &str) -> bool {
    repository.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Takes `auth` apart: base64 of `user:password`, split at the first colon, with the NULs taken off that some clients
/// pad the password with.
fn decode(auth: &str) -> Result<(String, Secret), &'static str> {
    const BASE64: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    // Line breaks are left out as docker's own decoder does: `base64` on the command line makes them.
    let packed: String = auth.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = BASE64.decode(packed).map_err(|_| "its `auth` is not base64")?;
    let text = String::from_utf8(bytes).map_err(|_| "its `auth` is not text")?;
    let text = zeroize::Zeroizing::new(text);
    let (username, password) =
        text.split_once(':').ok_or("its `auth` has no colon between name and password")?;
    if username.is_empty() {
        return Err("its `auth` has no user name");
    }
    Ok((username.to_owned(), Secret::new(password.trim_end_matches('\0'))))
}

/// Runs what reads or writes a file beside the tasks that must not wait.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|problem| Error::new(Code::Internal, "work on a file was broken off").with_source(problem))?
}

fn is_absent(problem: &std::io::Error) -> bool {
    matches!(problem.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

#[cfg(unix)]
fn loose_mode(metadata: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(metadata.permissions().mode() & 0o777).filter(|mode| mode & 0o077 != 0)
}

/// `/dev/null` is how some scripts say "no file".
#[cfg(unix)]
fn is_null_device(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_char_device()
}

#[cfg(test)]
mod tests;
