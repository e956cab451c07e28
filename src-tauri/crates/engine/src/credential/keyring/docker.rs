//! What the docker command line would choose, by its own rules, and where they differ from Longshore's.
//!
//! Source: docker/cli, `cli/config/configfile/file.go` (`GetCredentialsStore`, `getConfiguredCredentialStore`) and
//! `cli/config/credentials/file_store.go`: one key for a registry, matched exactly; `credHelpers` in place of
//! `credsStore`, whose helper alone is asked; only without a helper `auths`, by the key, else by a key that is the host
//! with a scheme or a path. No wildcard, no keychain but through a helper, no file of Podman's.

use oci::Registry;

use super::trail::{Outcome, TrailStep, Walk};
use super::{Keyring, Source};
use crate::credential::Place;
use crate::credential::docker_config::{DockerConfig, DockersOwn};

/// Docker's choice for the same registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerWouldChoose {
    /// The place, as a step of the trail has it; its account is told where it is known without asking anyone.
    pub step: TrailStep,
    /// Whether it is another place than Longshore's.
    pub differs: bool,
    /// What is to be learned where they differ, or what docker would need to come to the same.
    pub lesson: Option<String>,
}

impl Keyring {
    pub(super) async fn docker_would_choose(&self, registry: &Registry, walk: &Walk) -> DockerWouldChoose {
        let ours = walk.found.as_ref().map(|found| &found.place);
        let (step, place) = self.dockers_place(registry, walk).await;
        let same = match (&place, ours) {
            (None, None) => true,
            // A helper that has no account is where docker's way ends.
            (Some(_), None) => step.outcome != Outcome::Chosen,
            (Some(theirs), Some(ours)) => theirs == ours,
            (None, Some(_)) => false,
        };
        let lesson = (!same).then(|| lesson(registry, ours, place.as_ref(), walk));
        DockerWouldChoose { step, differs: !same, lesson }
    }

    async fn dockers_place(&self, registry: &Registry, walk: &Walk) -> (TrailStep, Option<Place>) {
        let key = registry.config_key();
        let sources = self.source.iter().flat_map(super::DockerConfigSource::places);
        let mut file = "config.json".to_owned();
        for source in sources {
            if matches!(source, Source::Keychain(_)) || source.flavour() != super::Flavour::Docker {
                continue;
            }
            let (name, is_variable) = (source.name(), matches!(source, Source::Variable(_)));
            // Of a file that it can't read, docker says so and goes on without an account.
            let Ok(Some(config)) = source.load().await else { continue };
            file.clone_from(&name);
            if is_variable {
                if let DockersOwn::Entry(entry) = config.dockers_entry(&key)
                    && let Some((step, place)) =
                        chosen_entry(&config, &name, entry, |key| Place::Variable { key })
                {
                    return (step, Some(place));
                }
                continue;
            }
            return match config.dockers_own(&key) {
                DockersOwn::Helper { name, setting } => asked_helper(name, setting, key, walk),
                DockersOwn::Entry(entry) => chosen_entry(&config, &name, entry, |key| Place::Docker { key })
                    .map_or_else(|| (nothing(&name, &key), None), |(step, place)| (step, Some(place))),
                DockersOwn::Nothing => (nothing(&name, &key), None),
            };
        }
        (nothing(&file, &key), None)
    }
}

fn asked_helper(name: String, setting: String, server: String, walk: &Walk) -> (TrailStep, Option<Place>) {
    let (place, key) = (format!("docker-credential-{name}"), Some(setting.clone()));
    // The same helper for the same setting was asked on the way, or it was not and is not asked for this alone.
    let asked = walk.steps.iter().find(|step| step.place == place && step.key == key);
    let (outcome, account, why) = match asked.map(|step| step.outcome) {
        Some(Outcome::Chosen) => {
            (Outcome::Chosen, asked.and_then(|step| step.account.clone()), "docker asks this helper alone")
        }
        Some(Outcome::Passed) => (
            Outcome::Passed,
            None,
            "docker asks this helper alone, which has no account: it goes on without one",
        ),
        Some(Outcome::Failed) => (Outcome::Failed, None, "docker asks this helper alone, which fails"),
        _ => (Outcome::Chosen, None, "docker would ask this helper alone; it was not asked here"),
    };
    (
        TrailStep { place, key, account, outcome, why: why.to_owned() },
        Some(Place::Helper { name, setting, server }),
    )
}

fn chosen_entry(
    config: &DockerConfig,
    name: &str,
    entry: String,
    place: impl FnOnce(String) -> Place,
) -> Option<(TrailStep, Place)> {
    let credential = config.entry(&entry).ok().flatten()?;
    let step = TrailStep {
        place: format!("`{name}`"),
        key: Some(format!("auths[{entry}]")),
        account: credential.account().map(str::to_owned),
        outcome: Outcome::Chosen,
        why: "docker finds the entry by its key".to_owned(),
    };
    Some((step, place(entry)))
}

fn nothing(file: &str, key: &str) -> TrailStep {
    TrailStep {
        place: format!("`{file}`"),
        key: None,
        account: None,
        outcome: Outcome::Empty,
        why: format!("docker looks for exactly `{key}`, finds no account, and goes on without one"),
    }
}

fn lesson(registry: &Registry, ours: Option<&Place>, theirs: Option<&Place>, walk: &Walk) -> String {
    let key = registry.config_key();
    match (ours, theirs) {
        (Some(Place::Session), _) => "docker knows nothing of what is signed in for this session".to_owned(),
        (Some(Place::Keychain), _) => format!(
            "docker does not read what Longshore keeps in the keychain: for both, keep the account in a credential helper, or `docker login {registry}`"
        ),
        (Some(Place::Helper { setting, .. }), _) if setting.contains('*') => format!(
            "docker matches the keys of `credHelpers` exactly and passes over the wildcard `{setting}`: add `{key}` for docker"
        ),
        (Some(Place::Helper { setting, .. }), _) => {
            format!("docker looks for exactly `{key}` in `credHelpers`, which `{setting}` is not")
        }
        (Some(Place::Podman { file, .. }), _) => format!("docker does not read Podman's file `{file}`"),
        (Some(Place::Docker { .. }), Some(Place::Helper { name, .. })) => format!(
            "docker asks `docker-credential-{name}` alone and does not look into `auths` after it; Longshore does"
        ),
        (Some(Place::Docker { key: ours } | Place::Variable { key: ours }), _) => {
            format!("docker looks for exactly `{key}`, which `auths[{ours}]` is not")
        }
        (None | Some(Place::Nowhere), _) => {
            let failed = walk.steps.iter().find(|step| step.outcome == Outcome::Failed);
            failed.map_or_else(
                || "docker finds an account where Longshore finds none".to_owned(),
                |step| format!("docker finds an account, although {} failed here", step.place),
            )
        }
    }
}
