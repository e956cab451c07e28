//! Pushes and copies, and names that are given without moving bytes.

use std::sync::Arc;

use engine::transfer::Platforms;
use engine::{Code, Error, Result};
use oci::{Platform, Reference, Tag};

use super::image::resolve;
use crate::jobs::push::{From, Push};
use crate::settings;
use crate::state::{Longshore, blocking, parse_reference};
use crate::wire::{LookIn, Origin, PushRequest, Tagged};

/// Queues a push or a copy; the id of the job, or of the one that does the same already.
pub async fn start_push(app: &Arc<Longshore>, request: PushRequest) -> Result<u64> {
    let push = task(app, &request).await?;
    Ok(app.jobs().start(Arc::new(push)))
}

/// The task that a request describes.
pub async fn task(app: &Arc<Longshore>, request: &PushRequest) -> Result<Push> {
    let source = parse_reference(&request.input)?;
    let destination = parse_reference(&request.destination)?;
    if destination.digest().is_some() {
        let error = Error::new(Code::ReferenceInvalid, format!("`{destination}` names a digest, not a tag"));
        return Err(error.with_hint("Give it a tag: the digest follows from the image"));
    }
    let named: Vec<Platform> =
        request.platforms.iter().map(|name| settings::parse_platform(name)).collect::<Result<_>>()?;
    let platforms = match (request.from, named.is_empty()) {
        (_, false) => Platforms::These(named),
        (Origin::Store, true) => Platforms::Present,
        (Origin::Registry, true) => Platforms::All,
    };
    let from = match request.from {
        Origin::Registry => From::Registry,
        Origin::Store => {
            let opener = app.clone();
            let (store, holdings) = blocking(move || Ok((opener.store()?, opener.inventory()?))).await?;
            From::Store(store, holdings)
        }
    };
    Ok(Push {
        registries: app.registries(),
        from,
        source,
        destination,
        platforms,
        all_tags: request.all_tags,
    })
}

/// Gives an image of this computer another name. A name that stands for something else is moved only where `replace`
/// says so; else nothing changes, and the answer says what it stands for.
pub async fn tag_image(
    app: &Arc<Longshore>,
    reference: String,
    name: String,
    replace: bool,
) -> Result<Tagged> {
    let source = parse_reference(&reference)?;
    let name = parse_name(&name)?;
    let root = resolve(app, &source, LookIn::Store).await?;
    let app = app.clone();
    blocking(move || {
        let store = app.store()?;
        let other = |digest: &oci::Digest| *digest != root.digest;
        let previous = store.resolve(&name)?.map(|there| there.digest).filter(other);
        let done = previous.is_none() || replace;
        if done {
            store.publish(Some(&name), &root)?;
        }
        Ok(Tagged {
            name: name.canonical(),
            digest: root.digest.to_string(),
            previous: previous.map(|digest| digest.to_string()),
            done,
        })
    })
    .await
}

/// A name that something can be given: with a tag, and no digest.
fn parse_name(name: &str) -> Result<Reference> {
    let name = parse_reference(name)?;
    if name.digest().is_some() || name.tag().is_none() {
        let error = Error::new(Code::ReferenceInvalid, format!("`{name}` is not a name with a tag"));
        return Err(error.with_hint("Write it as `team/app:1.0`"));
    }
    Ok(name)
}

/// Puts a tag on what another name of the same repository stands for, in the registry; no layer moves.
pub async fn retag(app: &Arc<Longshore>, reference: String, tag: String, replace: bool) -> Result<Tagged> {
    let from = parse_reference(&reference)?;
    let tag: Tag = tag.parse().map_err(|problem: oci::ReferenceProblem| {
        Error::new(Code::ReferenceInvalid, problem.message).with_hint("A tag is like `1.0` or `stable`")
    })?;
    let client = app.registries().client(from.registry());
    let told = client.retag(&from, &tag, replace, None).await?;
    let previous = told.previous.filter(|digest| *digest != told.descriptor.digest);
    Ok(Tagged {
        name: from.with_tag(tag).canonical(),
        digest: told.descriptor.digest.to_string(),
        previous: previous.map(|digest| digest.to_string()),
        done: told.done,
    })
}
