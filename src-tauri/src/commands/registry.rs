//! Registries, and the practice registry's shelf.

use std::sync::Arc;

use engine::job::Job;
use engine::{Code, Error, Result};
use oci::{Reference, Registry};

use crate::settings::{self, parse_host};
use crate::state::{Longshore, blocking};
use crate::wire::{Ping, PracticeShelf, RegistryEntry, RegistryKind, Settings, SignIn};

/// More hosts than this are no sidebar.
const MOST_HOSTS: usize = 40;

/// Docker Hub, GHCR, the practice registry, and whatever else the images, the settings and Docker's logins name.
pub async fn list_registries(app: &Arc<Longshore>) -> Result<Vec<RegistryEntry>> {
    let settings = app.settings();
    let practice = app.practice().await.ok().map(|practice| practice.host());
    let signed_in = app.keyring().signed_in().await;
    app.remember_accounts(signed_in.clone());
    let account = |host: &Registry| {
        signed_in
            .iter()
            .find(|(known, _)| known.identity() == host.identity())
            .map(|(_, account)| account.clone())
    };
    let entry = |host: &Registry, kind: RegistryKind| {
        let account = account(host);
        RegistryEntry {
            host: host.as_str().to_owned(),
            label: if kind == RegistryKind::Hub { "Docker Hub".to_owned() } else { host.as_str().to_owned() },
            kind,
            state: match &account {
                Some(_) => SignIn::Account,
                None if app.registries().http().is_plain(host) => SignIn::Plain,
                None => SignIn::Anonymous,
            },
            account: account.flatten(),
        }
    };
    let ghcr = Registry::parse("ghcr.io").expect("the name is a registry's");
    let mut entries =
        vec![entry(&Registry::docker_hub(), RegistryKind::Hub), entry(&ghcr, RegistryKind::Ghcr)];
    entries.push(RegistryEntry {
        host: practice.clone().unwrap_or_else(|| format!("127.0.0.1:{}", app.places().practice_port)),
        label: "Practice registry".to_owned(),
        kind: RegistryKind::Practice,
        state: if practice.is_some() { SignIn::Practice } else { SignIn::Stopped },
        account: None,
    });
    let named = hosts(app, &settings).await.into_iter().chain(signed_in.iter().map(|(host, _)| host.clone()));
    for host in named {
        let known = entries.iter().any(|entry| entry.host == host.as_str());
        if !known && !host.is_unnamed() && entries.len() < MOST_HOSTS {
            entries.push(entry(&host, RegistryKind::Other));
        }
    }
    Ok(entries)
}

/// Hosts that the settings name, and those of pinned and recent references and of images on this computer. A store that
/// can't be read names none: the page says so where it shows the images.
async fn hosts(app: &Arc<Longshore>, settings: &Settings) -> Vec<Registry> {
    let reader = app.clone();
    let local = blocking(move || {
        Ok(reader.store()?.images()?.into_iter().filter_map(|image| image.name).collect::<Vec<_>>())
    });
    let local = local.await.unwrap_or_default();
    let names = local.iter().chain(&settings.pinned).chain(&settings.recent);
    let named = names.filter_map(|name| Some(name.parse::<Reference>().ok()?.registry().clone()));
    let added = settings.registries.iter().chain(&settings.plain_http);
    let added = added.filter_map(|host| Registry::parse(host).ok());
    added.chain(named).collect()
}

/// Asks what answers at a host.
pub async fn ping_registry(app: &Arc<Longshore>, host: String) -> Result<Ping> {
    let registry = parse_host(&host)?;
    let client = app.registries().client(&registry);
    let job = Job::silent();
    let failed = client.ping(Some(&job)).await.err();
    let asked = app.last_exchange_of(job.id());
    Ok(Ping {
        plain_http: app.registries().http().is_plain(&registry),
        wants_sign_in: failed.as_ref().is_some_and(|error| error.code() == Code::AuthRequired),
        exchange: failed.as_ref().and_then(Error::exchange).or(asked),
        fault: failed.filter(|error| error.code() != Code::AuthRequired).map(|error| app.fault(&error)),
    })
}

/// The practice registry's images, compared with what is on this computer.
pub async fn practice_shelf(app: &Arc<Longshore>) -> Result<PracticeShelf> {
    let practice = app.practice().await?;
    let platform = settings::platform(&app.settings())?;
    let app = app.clone();
    // Without a store nothing is here, and the shelf can still be looked at.
    blocking(move || practice.shelf(app.store().ok().as_ref(), &platform)).await
}
