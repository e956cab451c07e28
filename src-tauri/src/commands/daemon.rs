//! Container engines on this computer.

use std::sync::Arc;

use engine::daemon::{Daemon, addresses, find};
use engine::job::Job;
use engine::store::ContentStore;
use engine::transfer::Platforms;
use engine::{Code, Error, Result};
use jiff::Timestamp;
use oci::Digest;

use crate::jobs::daemon::{Give, Take};
use crate::jobs::save::{From, Saved};
use crate::settings;
use crate::state::{Longshore, blocking, parse_reference};
use crate::wire::{DaemonImage, DaemonView, MovingName};

/// The engines that are there; none where there is none.
pub async fn list_daemons(app: &Arc<Longshore>) -> Result<Vec<DaemonView>> {
    let found = engines(app).await?;
    Ok(found
        .iter()
        .map(|daemon| DaemonView {
            id: id(daemon),
            name: daemon.name().to_owned(),
            version: daemon.version().map(str::to_owned),
            place: daemon.address().to_string(),
        })
        .collect())
}

/// The images of an engine.
pub async fn daemon_images(app: &Arc<Longshore>, daemon: String) -> Result<Vec<DaemonImage>> {
    let images = engine(app, &daemon).await?.images(&Job::silent()).await?;
    let opener = app.clone();
    blocking(move || {
        // A store that can't be opened has no names; taking says why.
        let store = opener.store().ok();
        let view = |image: engine::daemon::DaemonImage| DaemonImage {
            moves: image.names.iter().filter_map(|name| moving(store.as_ref()?, name, &image.id)).collect(),
            id: image.id,
            names: image.names,
            size: image.size,
            created: Timestamp::from_second(image.created).ok().map(|time| time.to_string()),
        };
        Ok(images.into_iter().map(view).collect())
    })
    .await
}

/// A name of an engine's image that stands for something else here. What is taken may get another digest than the engine
/// has, so the same name counts as moving where it is not certain that it does not.
fn moving(store: &ContentStore, name: &str, id: &str) -> Option<MovingName> {
    let known = store.resolve(&name.parse().ok()?).ok()??;
    let previous = known.digest.to_string();
    (previous != id).then(|| MovingName { name: name.to_owned(), previous })
}

/// Queues the taking over of an engine's image; names that stand for other images here move only with `replace`. The id of the job, or of the one that does the same already.
pub async fn start_take(app: &Arc<Longshore>, daemon: String, image: String, replace: bool) -> Result<u64> {
    let engine = engine(app, &daemon).await?;
    // A name or an ID that the engine itself gave: nothing else goes into the address of a request to it.
    let has = engine.images(&Job::silent()).await?;
    if !has.iter().any(|known| known.id == image || known.names.contains(&image)) {
        let why = format!("{} has no image `{image}`", engine.name());
        return Err(Error::new(Code::NotFound, why).with_hint("Look at its images again"));
    }
    let opener = app.clone();
    let store = blocking(move || opener.store()).await?;
    let take = Take { daemon: engine, image, store, replace };
    Ok(app.jobs().start(Arc::new(take)))
}

/// Queues the giving of an image of this computer to an engine.
pub async fn start_give(
    app: &Arc<Longshore>,
    daemon: String,
    input: String,
    platform: Option<String>,
) -> Result<u64> {
    let engine = engine(app, &daemon).await?;
    let reference = parse_reference(&input)?;
    let platforms = match &platform {
        Some(platform) => Platforms::These(vec![settings::parse_platform(platform)?]),
        None => Platforms::Present,
    };
    let opener = app.clone();
    let store = blocking(move || opener.store()).await?;
    let image = Saved { reference, from: From::Store(store), platforms };
    let give = Give { daemon: engine, image };
    Ok(app.jobs().start(Arc::new(give)))
}

async fn engines(app: &Arc<Longshore>) -> Result<Vec<Daemon>> {
    let environment = app.places().environment;
    let docker = app.docker_config().map(std::path::PathBuf::from);
    let places =
        blocking(move || Ok(addresses(environment, docker.as_deref().and_then(std::path::Path::parent))))
            .await?;
    Ok(find(places).await)
}

async fn engine(app: &Arc<Longshore>, wanted: &str) -> Result<Daemon> {
    let found = engines(app).await?.into_iter().find(|daemon| id(daemon) == wanted);
    found.ok_or_else(|| {
        Error::new(Code::NotFound, "this container engine is not there any more")
            .with_hint("Start Docker or Podman, then look again")
    })
}

/// Made of its address, which the page can't make one of.
fn id(daemon: &Daemon) -> String {
    Digest::sha256(daemon.address().to_string().as_bytes()).short().to_owned()
}
