//! The system's own keychain: Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.
//!
//! What Longshore keeps there it finds again; docker does not look there. A file beside it, without any secret, says for
//! which registries there is something, and for which account: so a pull from a registry that was never signed in to
//! this way asks no keychain, opens no connection, and makes nobody unlock anything.
//!
//! A keychain may be absent, locked, or waiting for a prompt that nobody sees: each question has a time limit, and after
//! one that did not come back the next ones fail at once until it does. Deliberately absent: other programs' entries.

mod index;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keyring_core::{CredentialStore, Entry, Error as StoreError};
use oci::Registry;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::key::identity;
use super::{Credential, Secret};
use crate::error::{Code, Error, Result};

/// What every entry is filed under.
const SERVICE: &str = "Longshore";

type Open = dyn Fn() -> keyring_core::Result<Arc<CredentialStore>> + Send + Sync;

/// A keychain, and the list of what is in it. Clones are the same one.
#[derive(Clone)]
pub struct Keychain {
    open: Arc<Open>,
    index: PathBuf,
    timeout: Duration,
    /// Whether its entries have names for people; not every kind of keychain takes one.
    labelled: bool,
    /// Questions that did not come back in time and have not yet.
    stuck: Arc<AtomicUsize>,
}

impl fmt::Debug for Keychain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keychain").field("index", &self.index).finish_non_exhaustive()
    }
}

/// An account as the keychain has it: JSON, as the credential helpers' protocol is.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<Zeroizing<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_token: Option<Zeroizing<String>>,
}

impl Keychain {
    /// The keychain of this system, with its list in the file `index`. Nothing is opened before it is asked for. A question
    /// may take 30 seconds, in which a person may have to unlock it.
    pub fn of_system(index: PathBuf) -> Self {
        let labelled = cfg!(all(unix, not(target_os = "macos")));
        Self { labelled, ..Self::over(index, Duration::from_secs(30), open_system) }
    }

    /// Another keychain, for tests.
    pub fn over(
        index: PathBuf,
        timeout: Duration,
        open: impl Fn() -> keyring_core::Result<Arc<CredentialStore>> + Send + Sync + 'static,
    ) -> Self {
        Self { open: Arc::new(open), index, timeout, labelled: false, stuck: Arc::default() }
    }

    /// What the list says: the account by the registry's identity. No keychain is asked.
    ///
    /// # Errors
    /// Where the list can't be read.
    pub(super) async fn known(&self) -> Result<BTreeMap<String, String>> {
        index::read(self.index.clone()).await
    }

    /// The account of a registry; `None` where there is none.
    ///
    /// # Errors
    /// [`Code::CredentialHelper`] where the keychain is absent, locked, denied or does not answer.
    pub(super) async fn get(&self, registry: &Registry) -> Result<Option<Credential>> {
        let (key, labelled) = (identity(registry), self.labelled);
        let found = self.ask(self.timeout, move |store| entry(store, &key, labelled)?.get_secret()).await?;
        let Some(found) = found.map(Zeroizing::new) else { return Ok(None) };
        let unusable = || {
            Error::new(
                Code::CredentialHelper,
                format!("{} has an entry for `{registry}` that is no account", name()),
            )
            .with_hint(format!("Sign in again: `longshore login {registry}`"))
        };
        // The reader's complaint is not shown: it may quote the secret.
        let Kept { username, password, identity_token } =
            serde_json::from_slice(&found).map_err(|_| unusable())?;
        let secret = |text: &Zeroizing<String>| Secret::new(text.as_str());
        match (&identity_token, &password, username) {
            (Some(token), _, username) => {
                Ok(Some(Credential::IdentityToken { username, token: secret(token) }))
            }
            (None, Some(password), Some(username)) => {
                Ok(Some(Credential::Basic { username, password: secret(password) }))
            }
            _ => Err(unusable()),
        }
    }

    /// Keeps an account, in place of any that there was. The list is written first, so that what is in the keychain is
    /// always found again.
    ///
    /// # Errors
    /// As [`Keychain::get`]; [`Code::CredentialConfig`] where the list can't be written. Nothing is kept then.
    pub(super) async fn set(&self, registry: &Registry, credential: &Credential) -> Result<()> {
        let text = |secret: &Secret| Some(Zeroizing::new(secret.expose().to_owned()));
        let kept = match credential {
            Credential::Basic { username, password } => {
                Kept { username: Some(username.clone()), password: text(password), identity_token: None }
            }
            Credential::IdentityToken { username, token } => {
                Kept { username: username.clone(), password: None, identity_token: text(token) }
            }
            Credential::Anonymous | Credential::RegistryToken(_) => {
                let what = "only an account or an identity token is kept in the keychain";
                return Err(
                    Error::new(Code::CredentialHelper, what).with_hint("Keep it for this session only")
                );
            }
        };
        let bytes = serde_json::to_vec(&kept).map(Zeroizing::new).map_err(|problem| {
            Error::new(Code::Internal, "the account can't be written down").with_source(problem.to_string())
        })?;
        let (key, labelled) = (identity(registry), self.labelled);
        let was =
            index::set(self.index.clone(), key.clone(), Some(kept.username.unwrap_or_default())).await?;
        let placed = self.ask(self.timeout, {
            let key = key.clone();
            move |store| entry(store, &key, labelled)?.set_secret(&bytes)
        });
        match placed.await {
            Ok(Some(())) => Ok(()),
            outcome => {
                let _ = index::set(self.index.clone(), key, was).await;
                let vanished = || Error::new(Code::CredentialHelper, format!("{} kept nothing", name()));
                Err(outcome.err().unwrap_or_else(vanished).with_hint(ELSEWHERE))
            }
        }
    }

    /// Removes a registry's account; whether there was one.
    ///
    /// # Errors
    /// As [`Keychain::set`].
    pub(super) async fn remove(&self, registry: &Registry) -> Result<bool> {
        let (key, labelled) = (identity(registry), self.labelled);
        let asked = key.clone();
        let removed =
            self.ask(self.timeout, move |store| match entry(store, &asked, labelled)?.delete_credential() {
                // Two of one name are none of ours to tell apart: both were for this registry.
                Err(StoreError::Ambiguous(entries)) => entries.iter().try_for_each(Entry::delete_credential),
                other => other,
            });
        let removed = removed.await?.is_some();
        index::set(self.index.clone(), key, None).await?;
        Ok(removed)
    }

    /// Whether there is a keychain to keep something in, found out within `limit`.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn reachable(&self, limit: Duration) -> Result<()> {
        self.ask(limit, |store| {
            entry(store, "reachable", false)?.get_specifiers().map(drop).ok_or(StoreError::NoEntry)
        })
        .await
        .map(drop)
    }

    /// Asks on a thread of its own, which a prompt may hold for ever. `None` where there is no such entry.
    async fn ask<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce(&Arc<CredentialStore>) -> keyring_core::Result<T> + Send + 'static,
    ) -> Result<Option<T>> {
        if self.stuck.load(Ordering::Relaxed) > 0 {
            let why = format!("{} has not answered an earlier question yet", name());
            return Err(Error::new(Code::CredentialHelper, why).with_hint(UNLOCK));
        }
        let (answer, answered) = tokio::sync::oneshot::channel();
        let (open, question) = (self.open.clone(), Question::new(&self.stuck));
        let asking = question.clone();
        // No task of the runtime: that would be waited for when the program ends.
        let thread = std::thread::Builder::new().name("keychain".to_owned()).spawn(move || {
            // Told on every way out, also by a panic.
            let _asking = Asking(asking);
            let outcome = open().and_then(|store| work(&store));
            drop(answer.send(outcome));
        });
        if let Err(problem) = thread {
            return Err(Error::new(Code::Internal, "no thread could be started").with_source(problem));
        }
        match tokio::time::timeout(limit, answered).await {
            Ok(Ok(Ok(value))) => Ok(Some(value)),
            Ok(Ok(Err(StoreError::NoEntry))) => Ok(None),
            Ok(Ok(Err(problem))) => Err(explained(&problem)),
            Ok(Err(_)) => Err(Error::new(Code::CredentialHelper, format!("{} could not be asked", name()))),
            Err(_) => {
                question.is_late();
                let why = format!("{} did not answer within {} s", name(), limit.as_secs_f64());
                Err(Error::new(Code::CredentialHelper, why).with_hint(UNLOCK))
            }
        }
    }
}

/// One question: it counts as stuck from its time limit on, until it comes back after all.
#[derive(Clone)]
struct Question {
    stuck: Arc<AtomicUsize>,
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Asked,
    Late,
    Back,
}

impl Question {
    fn new(stuck: &Arc<AtomicUsize>) -> Self {
        Self { stuck: stuck.clone(), state: Arc::new(Mutex::new(State::Asked)) }
    }

    fn turn(&self, to: State) -> State {
        std::mem::replace(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner), to)
    }

    fn is_late(&self) {
        if self.turn(State::Late) == State::Asked {
            self.stuck.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Asking(Question);

impl Drop for Asking {
    fn drop(&mut self) {
        if self.0.turn(State::Back) == State::Late {
            self.0.stuck.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

const UNLOCK: &str = "Unlock your keychain and try again; it may be waiting for a prompt that nobody can see";
const ELSEWHERE: &str = "Unlock or start the keychain and try again, or keep the account for this session only, in a credential helper, or in Docker's `config.json`";

/// What the keychain is called here.
pub(super) fn name() -> &'static str {
    if cfg!(target_os = "macos") {
        "the Keychain of macOS"
    } else if cfg!(windows) {
        "Windows' Credential Manager"
    } else {
        "the system keychain (Secret Service)"
    }
}

/// An entry, whether it is there or not.
fn entry(store: &Arc<CredentialStore>, key: &str, labelled: bool) -> keyring_core::Result<Entry> {
    let label = format!("Longshore: {key}");
    let modifiers = HashMap::from([("label", label.as_str())]);
    store.build(SERVICE, key, labelled.then_some(&modifiers))
}

/// Why a keychain failed. Of its own words only those of its transport are shown, which hold no content.
fn explained(problem: &StoreError) -> Error {
    let (what, hint) = match problem {
        StoreError::NoStorageAccess(_) => ("is locked, or access was denied", UNLOCK),
        StoreError::TooLong(..) => ("can't hold a secret that long", ELSEWHERE),
        StoreError::BadEncoding(_) | StoreError::BadDataFormat(..) => {
            ("has an entry that can't be read", ELSEWHERE)
        }
        StoreError::Ambiguous(_) => ("has several entries for this registry", "Sign out, then sign in again"),
        StoreError::PlatformFailure(_) => ("can't be reached", ELSEWHERE),
        _ => ("can't be used", ELSEWHERE),
    };
    let error = Error::new(Code::CredentialHelper, format!("{} {what}", name())).with_hint(hint);
    match problem {
        StoreError::PlatformFailure(cause) | StoreError::NoStorageAccess(cause) => {
            error.with_source(cause.to_string())
        }
        _ => error,
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn open_system() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
fn open_system() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn open_system() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(test)]
mod tests;
