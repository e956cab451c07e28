//! Keeping a credential: where it can be kept, and what keeping it there changes.

use std::time::Duration;

use base64::Engine as _;
use oci::Registry;
use zeroize::Zeroizing;

use super::{DockerConfigSource, Keyring, Source};
use crate::credential::docker_config::{DockerConfig, DockersOwn, Edit, Written, blocking, update};
use crate::credential::{Credential, Found, Place, Secret, helper, keychain};
use crate::disk::Disk;
use crate::error::{Code, Error, Result};

/// Where to keep a credential.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Keep {
    /// In the system's keychain, for Longshore alone.
    Keychain,
    /// In the credential helper `docker-credential-NAME`, which docker reads too.
    Helper(String),
    /// In Docker's `config.json`, encoded and not encrypted.
    File,
    /// In memory, until the program ends.
    Session,
}

/// A credential that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where: what was asked for, or [`Keep::Session`] where `config.json` can't be written to.
    pub keep: Keep,
    /// The same, for people.
    pub place: String,
    /// What a person should know: whole sentences, no final period.
    pub warnings: Vec<String>,
}

/// A place where a credential could be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepChoice {
    /// The place.
    pub keep: Keep,
    /// Whether it can be used now.
    pub available: bool,
    /// Whether it is the best of those that can.
    pub recommended: bool,
    /// Why it can't be used, or what to know of it: a sentence without a final period.
    pub why: String,
    /// Whether the docker command line finds it there.
    pub docker_reads: bool,
}

/// How long it may take to find out whether there is a keychain.
pub(super) const QUICK: Duration = Duration::from_secs(3);
/// Helpers that keep secrets in a keychain or in files of their own, to be offered where they are installed.
const KEEPERS: [&str; 4] = ["osxkeychain", "wincred", "secretservice", "pass"];

impl Keyring {
    /// Where a registry's credential could be kept, the safest first. Neither a helper is run nor anybody asked to unlock
    /// anything; whether there is a keychain is found out within three seconds.
    pub async fn keep_choices(&self, registry: &Registry) -> Vec<KeepChoice> {
        let keychain = self.keychain_choice().await;
        let helpers = self.helper_choices(registry, &keychain).await;
        let mut choices = vec![keychain];
        choices.extend(helpers);
        let choice = |keep, available, why: String, docker_reads| KeepChoice {
            keep,
            available,
            recommended: false,
            why,
            docker_reads,
        };
        choices.push(match self.config_file() {
            Some(path) => {
                let why = format!("`{}`, which docker reads too: encoded, not encrypted", path.display());
                choice(Keep::File, true, why, true)
            }
            None => {
                choice(Keep::File, false, "there is no folder for Docker's `config.json`".to_owned(), true)
            }
        });
        choices.push(choice(Keep::Session, true, "forgotten when Longshore ends".to_owned(), false));
        // What is configured for the registry is what the person wants for it; then what encrypts and is known to work.
        let configured = self.configured(registry).await.map(|(name, _)| Keep::Helper(name));
        let usable =
            |choice: &KeepChoice| choice.available && matches!(choice.keep, Keep::Keychain | Keep::File);
        let best = choices
            .iter()
            .position(|choice| choice.available && Some(&choice.keep) == configured.as_ref())
            .or_else(|| choices.iter().position(usable));
        if let Some(best) = best {
            choices[best].recommended = true;
        }
        choices
    }

    async fn keychain_choice(&self) -> KeepChoice {
        let (available, why) = match self.keychain() {
            None => (false, "no keychain is set up".to_owned()),
            Some(keychain) => match keychain.reachable(QUICK).await {
                Ok(()) => (true, format!("encrypted by {}, for Longshore alone", keychain::name())),
                Err(error) => (false, error.message().to_owned()),
            },
        };
        KeepChoice { keep: Keep::Keychain, available, recommended: false, why, docker_reads: false }
    }

    async fn helper_choices(&self, registry: &Registry, keychain: &KeepChoice) -> Vec<KeepChoice> {
        let Some(source) = self.source.as_ref().filter(|source| source.config_file.is_some()) else {
            return Vec::new();
        };
        let configured = self.configured(registry).await;
        let mut names: Vec<&str> = configured.iter().map(|(name, _)| name.as_str()).collect();
        names.extend(
            KEEPERS.into_iter().filter(|name| configured.as_ref().is_none_or(|(known, _)| known != name)),
        );
        let mut choices = Vec::new();
        for name in names {
            let setting =
                configured.iter().find(|(known, _)| known == name).map(|(_, setting)| setting.as_str());
            let installed = helper::is_installed(name, &source.helpers).await;
            let (available, why) = match (helper::why_read_only(name), installed, setting) {
                (_, false, None) => continue,
                (_, false, Some(setting)) => {
                    (false, format!("`docker-credential-{name}`, which `{setting}` names, is not installed"))
                }
                (Some(why), true, _) => (false, why),
                // It is a client of the same keychain.
                (None, true, None) if name == "secretservice" && !keychain.available => {
                    (false, keychain.why.clone())
                }
                (None, true, Some(setting)) => {
                    (true, format!("docker uses it for this registry (`{setting}`)"))
                }
                (None, true, None) => (true, "installed, and docker reads it too".to_owned()),
            };
            let keep = Keep::Helper(name.to_owned());
            choices.push(KeepChoice { keep, available, recommended: false, why, docker_reads: true });
        }
        choices
    }

    /// The helper of a registry by `config.json`: its name, and what names it.
    pub(super) async fn configured(&self, registry: &Registry) -> Option<(String, String)> {
        let path = self.config_file()?.to_owned();
        let config = blocking(move || DockerConfig::read(&path)).await.ok()??;
        config.helper_of(registry)
    }

    /// Keeps a credential for a registry, in place of what that place has for it, and so that it is the one that is found
    /// from now on: what would go before it is removed, where that is Longshore's to remove.
    ///
    /// Where `config.json` can't be written to, the credential is kept for the session, and a warning says so.
    ///
    /// # Errors
    /// [`Code::CredentialHelper`] or [`Code::CredentialConfig`] where it can't be kept there; nothing has changed then.
    pub async fn keep(&self, registry: &Registry, credential: Credential, keep: Keep) -> Result<Kept> {
        check(registry, &credential)?;
        let mut warnings = Vec::new();
        let place = match &keep {
            Keep::Session => None,
            Keep::Keychain => {
                let keychain = self.keychain().ok_or_else(|| nowhere("there is no keychain here"))?;
                keychain.set(registry, &credential).await?;
                Some(keychain::name().to_owned())
            }
            Keep::Helper(name) => self.keep_in_helper(registry, &credential, name, &mut warnings).await?,
            Keep::File => self.keep_in_file(registry, &credential, &mut warnings).await?,
        };
        let Some(place) = place else {
            self.remember(registry, credential);
            let place = super::trail::SESSION.to_owned();
            return Ok(Kept { keep: Keep::Session, place, warnings });
        };
        self.forget(registry);
        if keep != Keep::Keychain {
            self.clear_keychain(registry, &mut warnings).await;
        }
        self.warn_of_the_variable(registry, &mut warnings);
        Ok(Kept { keep, place, warnings })
    }

    /// A refresh token was replaced by another: that is kept where the old one was, or else for the session.
    /// What to tell a person, if it could not be kept.
    pub(crate) async fn replace_token(
        &self,
        registry: &Registry,
        found: &Found,
        token: Secret,
    ) -> Option<String> {
        let username = found.credential.account().map(str::to_owned);
        let credential = Credential::IdentityToken { username, token };
        let source = self.source.as_ref();
        let kept = match (&found.place, source) {
            (Place::Keychain, Some(DockerConfigSource { keychain: Some(keychain), .. })) => {
                keychain.set(registry, &credential).await
            }
            (Place::Helper { name, setting, server }, Some(source)) => {
                helper::store(name, setting, server, &credential, &source.helpers).await
            }
            (Place::Docker { key }, Some(_)) => match self.edit(vec![fields(key, &credential)]).await {
                Ok(Written::Done(_)) => Ok(()),
                Ok(Written::ReadOnly(error)) | Err(error) => Err(error),
            },
            (Place::Session | Place::Nowhere, _) => {
                self.session.set(registry, credential);
                return None;
            }
            _ => Err(nowhere("its place is not Longshore's to write to")),
        };
        let error = kept.err()?;
        self.session.set(registry, credential);
        Some(format!(
            "`{registry}` replaced the sign-in token of {}, and the new one is kept for this session only: {}",
            found.origin,
            error.message()
        ))
    }

    async fn keep_in_file(
        &self,
        registry: &Registry,
        credential: &Credential,
        warnings: &mut Vec<String>,
    ) -> Result<Option<String>> {
        let key = registry.config_key();
        let (edit, helper_key) = (fields(&key, credential), registry.clone());
        let written = self.change(move |config| {
            let mut edits = vec![edit];
            // Else the helper would be asked, and the entry never be looked at by docker.
            if config.is_some_and(|config| config.helper_of(&helper_key).is_some()) {
                let key = helper_key.config_key();
                edits.push(Edit::Text { section: "credHelpers", key, value: String::new() });
            }
            Ok(edits)
        });
        match written.await? {
            Written::Done(told) => {
                warnings.extend(told);
                Ok(self.config_file().map(|path| format!("`{}`", path.display())))
            }
            Written::ReadOnly(error) => {
                warnings.push(format!("{}: the account is kept for this session only", error.message()));
                Ok(None)
            }
        }
    }

    async fn keep_in_helper(
        &self,
        registry: &Registry,
        credential: &Credential,
        name: &str,
        warnings: &mut Vec<String>,
    ) -> Result<Option<String>> {
        let Some(source) = &self.source else { return Err(nowhere("there is no `config.json` here")) };
        let (key, place) = (registry.config_key(), format!("docker-credential-{name}"));
        let setting = match self.configured(registry).await {
            Some((known, setting)) if known == name => setting,
            _ => format!("credHelpers[{key}]"),
        };
        if let Some(why) = helper::why_read_only(name) {
            return Err(nowhere(&why));
        }
        helper::store(name, &setting, &key, credential, &source.helpers).await?;
        let (asked, wanted) = (key.clone(), name.to_owned());
        let written = self.change(move |config| {
            let own = config.map(|config| config.dockers_own(&asked));
            let mut edits = Vec::new();
            if !matches!(own, Some(DockersOwn::Helper { name, .. }) if name == wanted) {
                let key = asked.clone();
                edits.push(Edit::Text { section: "credHelpers", key, value: wanted });
            }
            // As docker does: an entry without an account says that somebody is signed in, and hides no secret.
            let nothing = ["auth", "identitytoken", "registrytoken", "username", "password"];
            let fields = nothing.into_iter().map(|field| (field, None)).collect();
            edits.push(Edit::Fields { section: "auths", key: asked, fields });
            Ok(edits)
        });
        match written.await {
            Ok(Written::Done(told)) => {
                warnings.extend(told);
                Ok(Some(place))
            }
            outcome => {
                // Unless the file names the helper already, nobody would find what it keeps.
                if self.configured(registry).await.is_some_and(|(known, _)| known == name) {
                    return Ok(Some(place));
                }
                let _ = helper::erase(name, &setting, &key, &source.helpers).await;
                match outcome? {
                    Written::Done(_) => Ok(Some(place)),
                    Written::ReadOnly(error) => {
                        warnings
                            .push(format!("{}: the account is kept for this session only", error.message()));
                        Ok(None)
                    }
                }
            }
        }
    }

    /// What Longshore keeps in the keychain goes before what is kept now.
    async fn clear_keychain(&self, registry: &Registry, warnings: &mut Vec<String>) {
        let Some(keychain) = self.keychain() else { return };
        let known = keychain.known().await;
        if known.is_ok_and(|known| known.contains_key(&super::identity(registry)))
            && let Err(error) = keychain.remove(registry).await
        {
            warnings.push(format!(
                "an account for {registry} is still in the keychain and goes before this one: {}",
                error.message()
            ));
        }
    }

    fn warn_of_the_variable(&self, registry: &Registry, warnings: &mut Vec<String>) {
        let Some(text) = self.source.as_ref().and_then(|source| source.auth_config.as_ref()) else { return };
        let config = DockerConfig::parse(text.expose().as_bytes(), "DOCKER_AUTH_CONFIG");
        let keys = config.ok().flatten().map(|config| config.keys_of(registry, super::Flavour::Docker));
        if keys.is_some_and(|keys| !keys.is_empty()) {
            warnings.push(format!(
                "the variable `DOCKER_AUTH_CONFIG` has an account for {registry}, which goes before this one"
            ));
        }
    }

    /// Changes docker's file.
    pub(super) async fn change(
        &self,
        change: impl FnOnce(Option<&DockerConfig>) -> Result<Vec<Edit>> + Send + 'static,
    ) -> Result<Written> {
        let Some(path) = self.config_file() else { return Err(nowhere("there is no `config.json` here")) };
        let path = path.to_owned();
        blocking(move || update(&path, &Disk::default(), change)).await
    }

    async fn edit(&self, edits: Vec<Edit>) -> Result<Written> {
        self.change(move |_| Ok(edits)).await
    }
}

impl Source {
    /// Whether Longshore may write to it.
    pub(super) fn is_dockers_file(&self) -> bool {
        matches!(self, Self::File(_, super::Flavour::Docker))
    }
}

/// The entry of a credential, as `docker login` writes it.
fn fields(key: &str, credential: &Credential) -> Edit {
    let encoded = |account: &str, password: &str| {
        let plain = Zeroizing::new(format!("{account}:{password}"));
        Some(base64::engine::general_purpose::STANDARD.encode(plain.as_bytes()))
    };
    let token = |secret: &Secret| Some(secret.expose().to_owned());
    let (auth, identity_token, registry_token) = match credential {
        Credential::Basic { username, password } => (encoded(username, password.expose()), None, None),
        Credential::IdentityToken { username, token: secret } => {
            (username.as_ref().and_then(|username| encoded(username, "")), token(secret), None)
        }
        Credential::RegistryToken(secret) => (None, None, token(secret)),
        Credential::Anonymous => (None, None, None),
    };
    let fields = vec![
        ("auth", auth),
        ("identitytoken", identity_token),
        ("registrytoken", registry_token),
        ("username", None),
        ("password", None),
    ];
    Edit::Fields { section: "auths", key: key.to_owned(), fields }
}

/// What can't be kept so that it is read back as it is.
fn check(registry: &Registry, credential: &Credential) -> Result<()> {
    let refused = |why: &str, hint: &str| Err(Error::new(Code::CredentialConfig, why).with_hint(hint));
    let odd = |text: &str| text.chars().any(char::is_control);
    if registry.is_unnamed() {
        return refused("there is no registry to sign in to", "Name one, such as `ghcr.io`");
    }
    match credential {
        Credential::Anonymous => refused("there is nothing to keep", "Give a user name and a password"),
        Credential::Basic { username, .. } if username.is_empty() => {
            refused("the user name is empty", "Give the account's name")
        }
        Credential::Basic { username, .. } if username.contains(':') => {
            refused("a user name can't hold a colon", "Give the account's name alone, without its password")
        }
        Credential::Basic { username, password } if odd(username) || odd(password.expose()) => refused(
            "the user name or the password holds a control character, such as a line break",
            "Type or copy it again, without what stands around it",
        ),
        Credential::IdentityToken { token, .. } if odd(token.expose()) => {
            refused("the token holds a control character", "Copy it again, without what stands around it")
        }
        _ => Ok(()),
    }
}

fn nowhere(why: &str) -> Error {
    Error::new(Code::CredentialConfig, format!("the account can't be kept there: {why}"))
        .with_hint("Keep it in another place, or for this session only")
}
