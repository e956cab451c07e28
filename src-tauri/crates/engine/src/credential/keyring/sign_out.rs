//! Signing out: a credential is removed wherever it is, and what could not be is told.

use oci::Registry;

use super::keep::QUICK;
use super::{DockerConfigSource, Flavour, Keyring, Source};
use crate::credential::docker_config::{DockerConfig, Edit, Written};
use crate::credential::key::identity;
use crate::credential::{helper, keychain};
use crate::error::{Error, Result};

/// What signing out did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedOut {
    /// Places from which an account was removed, for people.
    pub removed: Vec<String>,
    /// Places that still have one, and why: a sentence without a final period.
    pub left: Vec<(String, String)>,
}

impl Keyring {
    /// Removes a registry's credential from the session, the keychain, its helper, and `auths` of docker's file. The
    /// settings that name helpers stay, and so do other programs' files and variables.
    ///
    /// # Errors
    /// None that stops it: what fails is in [`SignedOut::left`].
    pub async fn sign_out(&self, registry: &Registry) -> Result<SignedOut> {
        let mut done = SignedOut::default();
        if let Some(credential) = self.session.remove(registry) {
            done.removed.push(of(super::trail::SESSION, credential.account()));
        }
        // Whatever happens below, tokens of the old account are no longer used.
        self.changed();
        for place in self.source.iter().flat_map(DockerConfigSource::places) {
            match &place {
                Source::Keychain(keychain) => {
                    let account =
                        keychain.known().await.ok().and_then(|mut known| known.remove(&identity(registry)));
                    // Without an entry in the list it is only made sure, and nobody waits long for that.
                    if account.is_none() && keychain.reachable(QUICK).await.is_err() {
                        continue;
                    }
                    match (keychain.remove(registry).await, account) {
                        (Ok(true), account) => {
                            done.removed
                                .push(of(keychain::name(), account.as_deref().filter(|it| !it.is_empty())));
                        }
                        // Where nothing was kept there, it does not matter that it can't be asked.
                        (Ok(false), _) | (Err(_), None) => {}
                        (Err(error), Some(_)) => done.leave(keychain::name(), &error),
                    }
                }
                _ => match place.clone().load().await {
                    Ok(Some(config)) if place.is_dockers_file() => {
                        self.sign_out_of(registry, &config, &mut done).await;
                    }
                    Ok(Some(config)) => leave_others(registry, &place, &config, &mut done),
                    Ok(None) => {}
                    Err(error) => done.leave(&format!("`{}`", place.name()), &error),
                },
            }
        }
        self.changed();
        Ok(done)
    }

    async fn sign_out_of(&self, registry: &Registry, config: &DockerConfig, done: &mut SignedOut) {
        let keys = config.keys_of(registry, Flavour::Docker);
        if let (Some((name, setting)), Some(source)) = (config.helper_of(registry), &self.source) {
            let place = format!("docker-credential-{name} ({setting})");
            match helper::why_read_only(&name) {
                Some(why) => done.left.push((place, why)),
                None => {
                    let mut servers = vec![registry.config_key()];
                    servers.extend(keys.iter().filter(|key| **key != registry.config_key()).cloned());
                    for server in servers {
                        match erase(&name, &setting, &server, source).await {
                            Ok(Some(account)) => done.removed.push(of(&place, account.as_deref())),
                            Ok(None) => {}
                            Err(error) => {
                                done.leave(&place, &error);
                                break;
                            }
                        }
                    }
                }
            }
        }
        if keys.is_empty() {
            return;
        }
        let removed: Vec<String> = keys
            .iter()
            .map(|key| {
                let credential = config.entry(key).ok().flatten();
                of(&config.entry_origin(key), credential.as_ref().and_then(|credential| credential.account()))
            })
            .collect();
        let wanted = registry.clone();
        // The keys of the file as it is then: another program may have changed it meanwhile.
        let written = self.change(move |config| {
            let keys = config.map(|config| config.keys_of(&wanted, Flavour::Docker)).unwrap_or_default();
            Ok(keys.into_iter().map(|key| Edit::Remove { section: "auths", key }).collect())
        });
        match written.await {
            Ok(Written::Done(_)) => done.removed.extend(removed),
            Ok(Written::ReadOnly(error)) | Err(error) => {
                keys.iter().for_each(|key| done.leave(&config.entry_origin(key), &error));
            }
        }
    }
}

/// Has a helper forget; the account that it had, which it may not name.
async fn erase(
    name: &str,
    setting: &str,
    server: &str,
    source: &DockerConfigSource,
) -> Result<Option<Option<String>>> {
    let Some(credential) = helper::get(name, setting, server, &source.helpers).await? else {
        return Ok(None);
    };
    helper::erase(name, setting, server, &source.helpers).await?;
    Ok(Some(credential.account().map(str::to_owned)))
}

/// What another program or the environment has.
fn leave_others(registry: &Registry, place: &Source, config: &DockerConfig, done: &mut SignedOut) {
    for key in config.keys_of(registry, place.flavour()) {
        if !matches!(config.entry(&key), Ok(None)) {
            let why = match place {
                Source::Variable(_) => {
                    "it is a variable of the environment: unset it where it is set".to_owned()
                }
                _ => format!(
                    "the file is Podman's, and Longshore does not change it: `podman logout {registry}`"
                ),
            };
            done.left.push((config.entry_origin(&key), why));
        }
    }
}

impl SignedOut {
    fn leave(&mut self, place: &str, error: &Error) {
        self.left.push((place.to_owned(), error.message().to_owned()));
    }
}

fn of(place: &str, account: Option<&str>) -> String {
    account.map_or_else(|| place.to_owned(), |account| format!("{place}: `{account}`"))
}
