//! How a credential was found: every place that was looked at, in order, and what came of it. Never a secret.

use oci::Registry;

use super::docker::DockerWouldChoose;
use super::{Keyring, Source};
use crate::credential::docker_config::{Candidate, DockerConfig, Flavour};
use crate::credential::key::identity;
use crate::credential::keychain::{self, Keychain};
use crate::credential::{Credential, Found, Place, helper};
use crate::error::Error;

/// The places that were looked at for a registry.
#[derive(Clone, Debug)]
pub struct Trail {
    /// In the order in which they count.
    pub steps: Vec<TrailStep>,
    /// The step whose account is used; none where every place was without.
    pub chosen: Option<usize>,
    /// What the docker command line would have used.
    pub docker: DockerWouldChoose,
}

/// One place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailStep {
    /// The place, for people: a file, a helper, the keychain, this session.
    pub place: String,
    /// What in it names the registry: `auths[ghcr.io]`, `credsStore`.
    pub key: Option<String>,
    /// The account, where it is known.
    pub account: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// Why, a sentence without a final period.
    pub why: String,
}

/// What came of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its account is used.
    Chosen,
    /// It has nothing for the registry.
    Empty,
    /// It is meant for the registry, and has no account.
    Passed,
    /// It could not be used.
    Failed,
    /// It has an account, or may have one, but an earlier place goes first.
    Overridden,
}

impl Outcome {
    /// One word, stable: `chosen`, `empty`, `passed`, `failed`, `overridden`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chosen => "chosen",
            Self::Empty => "empty",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Overridden => "overridden",
        }
    }
}

/// A look through the places under way.
#[derive(Default)]
pub(super) struct Walk {
    pub(super) found: Option<Found>,
    pub(super) failures: Vec<Error>,
    pub(super) warnings: Vec<String>,
    pub(super) steps: Vec<TrailStep>,
    pub(super) chosen: Option<usize>,
}

/// What is signed in for as long as the process lives, for people.
pub(super) const SESSION: &str = "this session";

const EARLIER: &str = "an earlier place has an account, so this one is not used";
const NOT_ASKED: &str = "an earlier place has an account, so this one is not asked";

impl Keyring {
    /// Every place that is looked at for a registry, which one wins, and what docker would choose. A helper or a keychain is
    /// asked only where every place before it has no account, as for a pull.
    pub async fn trail(&self, registry: &Registry) -> Trail {
        let walk = self.walk(registry, None, true).await;
        let docker = self.docker_would_choose(registry, &walk).await;
        Trail { steps: walk.steps, chosen: walk.chosen, docker }
    }

    /// Looks through the places: to the first account, or, where the `whole` way is asked for, to the end.
    pub(super) async fn walk(&self, registry: &Registry, repository: Option<&str>, whole: bool) -> Walk {
        let mut walk = Walk::default();
        walk.session(registry, self.session.get(registry));
        for place in self.source.iter().flat_map(super::DockerConfigSource::places) {
            if walk.found.is_some() && !whole {
                break;
            }
            if let Source::Keychain(keychain) = &place {
                walk.keychain(registry, keychain).await;
                continue;
            }
            let name = match &place {
                Source::Variable(_) => "the variable `DOCKER_AUTH_CONFIG`".to_owned(),
                _ => format!("`{}`", place.name()),
            };
            let (flavour, is_variable) = (place.flavour(), matches!(place, Source::Variable(_)));
            match place.load().await {
                Ok(Some(config)) => {
                    let file = InFile { name, config, flavour, is_variable };
                    self.walk_file(&mut walk, registry, repository, &file, whole).await;
                }
                Ok(None) => {
                    walk.step(name, None, None, Outcome::Empty, "there is no such file, or nothing in it");
                }
                Err(failure) => walk.failed(name, None, failure),
            }
        }
        walk
    }

    async fn walk_file(
        &self,
        walk: &mut Walk,
        registry: &Registry,
        repository: Option<&str>,
        file: &InFile,
        whole: bool,
    ) {
        let candidates = file.config.candidates(registry, repository, file.flavour);
        if candidates.is_empty() {
            walk.step(
                file.name.clone(),
                None,
                None,
                Outcome::Empty,
                &format!("it has nothing for {registry}"),
            );
        }
        for candidate in candidates {
            if walk.found.is_some() && !whole {
                break;
            }
            match candidate {
                Candidate::Helper { name, setting, warning } => {
                    // Each client stores Docker Hub under its own name for it.
                    let server = match file.flavour {
                        Flavour::Docker => registry.config_key(),
                        Flavour::Podman => registry.identity().to_owned(),
                    };
                    self.walk_helper(walk, name, setting, server, warning).await;
                }
                Candidate::Entry { key } => walk.entry(file, key),
            }
        }
    }

    async fn walk_helper(
        &self,
        walk: &mut Walk,
        name: String,
        setting: String,
        server: String,
        warning: Option<String>,
    ) {
        let place = format!("docker-credential-{name}");
        let key = Some(setting.clone());
        if walk.found.is_some() {
            return walk.step(place, key, None, Outcome::Overridden, NOT_ASKED);
        }
        walk.warnings.extend(warning);
        let Some(source) = &self.source else { return };
        match helper::get(&name, &setting, &server, &source.helpers).await {
            Ok(Some(credential)) => {
                let origin = format!("{setting} → docker-credential-{name}");
                let why =
                    format!("`config.json` names this helper for it, and it has an account for `{server}`");
                let found = (credential, origin, Place::Helper { name, setting, server });
                walk.choose(place, key, found, &why);
            }
            Ok(None) => {
                let why = format!("the helper has no account for `{server}`");
                walk.step(place, key, None, Outcome::Passed, &why);
            }
            Err(failure) => walk.failed(place, key, failure),
        }
    }
}

struct InFile {
    name: String,
    config: DockerConfig,
    flavour: Flavour,
    is_variable: bool,
}

impl Walk {
    fn session(&mut self, registry: &Registry, credential: Option<Credential>) {
        let place = SESSION.to_owned();
        match credential {
            None => {
                let why = format!("nobody signed in to {registry} in it");
                self.step(place, None, None, Outcome::Empty, &why);
            }
            Some(credential) => {
                let found = (credential, "signed in for this session".to_owned(), Place::Session);
                self.choose(
                    place,
                    None,
                    found,
                    "what is signed in for the session goes before all that is stored",
                );
            }
        }
    }

    async fn keychain(&mut self, registry: &Registry, keychain: &Keychain) {
        let place = keychain::name().to_owned();
        let account = match keychain.known().await {
            Ok(mut known) => known.remove(&identity(registry)),
            Err(failure) => return self.failed(place, None, failure),
        };
        let Some(account) = account else {
            let why = format!("Longshore keeps nothing for {registry} there");
            return self.step(place, None, None, Outcome::Empty, &why);
        };
        let account = Some(account).filter(|account| !account.is_empty());
        let key = Some(format!("Longshore: {}", identity(registry)));
        if self.found.is_some() {
            return self.step(place, key, account, Outcome::Overridden, NOT_ASKED);
        }
        match keychain.get(registry).await {
            Ok(Some(credential)) => {
                let found = (credential, place.clone(), Place::Keychain);
                self.choose(place, key, found, "Longshore keeps the account there; docker does not read it");
            }
            Ok(None) => {
                let why = "Longshore kept an account there, and it is gone";
                self.step(place, key, account, Outcome::Passed, why);
            }
            Err(failure) => self.failed(place, key, failure),
        }
    }

    fn entry(&mut self, file: &InFile, key: String) {
        let place = file.name.clone();
        let shown = Some(format!("auths[{key}]"));
        match file.config.entry(&key) {
            Ok(Some(credential)) if self.found.is_some() => {
                let account = credential.account().map(str::to_owned);
                self.step(place, shown, account, Outcome::Overridden, EARLIER);
            }
            Ok(Some(credential)) => {
                self.warnings.extend(file.config.loose_mode_warning());
                let origin = file.config.entry_origin(&key);
                let kept_in = match file.flavour {
                    _ if file.is_variable => Place::Variable { key },
                    Flavour::Docker => Place::Docker { key },
                    Flavour::Podman => Place::Podman { file: file.name.trim_matches('`').to_owned(), key },
                };
                self.choose(place, shown, (credential, origin, kept_in), "the entry has an account");
            }
            Ok(None) => {
                let why = "an entry without an account, as `docker login` leaves it beside a helper's";
                self.step(place, shown, None, Outcome::Passed, why);
            }
            Err(failure) => self.failed(place, shown, failure),
        }
    }

    fn choose(&mut self, at: String, key: Option<String>, found: (Credential, String, Place), why: &str) {
        let (credential, origin, place) = found;
        let account = credential.account().map(str::to_owned);
        self.chosen = Some(self.steps.len());
        self.step(at, key, account, Outcome::Chosen, why);
        self.found = Some(Found { credential, origin, place, warnings: Vec::new() });
    }

    fn failed(&mut self, place: String, key: Option<String>, failure: Error) {
        self.step(place, key, None, Outcome::Failed, failure.message());
        // After the choice it hides nothing.
        if self.found.is_none() {
            self.failures.push(failure);
        }
    }

    fn step(
        &mut self,
        place: String,
        key: Option<String>,
        account: Option<String>,
        outcome: Outcome,
        why: &str,
    ) {
        self.steps.push(TrailStep { place, key, account, outcome, why: why.to_owned() });
    }
}
