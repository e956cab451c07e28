//! One image, from a registry or from this computer.

use std::collections::HashMap;
use std::sync::Arc;

use engine::endpoint::{ImageSource, Target};
use engine::image::{Image, inspect};
use engine::job::Job;
use engine::registry::RegistrySource;
use engine::store::{ContentStore, Holding};
use engine::{Code, Error, Result};
use oci::descriptor::Descriptor;
use oci::graph::{MANIFEST_CAP, Node};
use oci::{Digest, Platform, Reference};

use crate::settings;
use crate::state::{Longshore, blocking, parse_reference};
use crate::wire::{Facts, Held, ImageDetail, LookIn, Whence};

/// Looks an image up and puts its page together.
pub async fn inspect_image(
    app: &Arc<Longshore>,
    input: String,
    from: LookIn,
    platform: Option<String>,
) -> Result<ImageDetail> {
    let reference = parse_reference(&input)?;
    let wanted = platform.as_deref().map(settings::parse_platform).transpose()?;
    let (image, whence) = find(app, &reference, from, wanted.as_ref()).await?;
    let app = app.clone();
    blocking(move || {
        let facts = StoreFacts::read(&app, &reference);
        Ok(ImageDetail::assemble(&reference, whence, &image, &facts))
    })
    .await
}

/// Opens a link of an image in the browser: the one of this label or annotation that leads to `host`, which a person was told.
/// No address comes from the page.
pub async fn open_link(
    app: &Arc<Longshore>,
    input: String,
    from: LookIn,
    platform: Option<String>,
    key: String,
    host: String,
) -> Result<()> {
    let reference = parse_reference(&input)?;
    let wanted = platform.as_deref().map(settings::parse_platform).transpose()?;
    let (image, _) = find(app, &reference, from, wanted.as_ref()).await?;
    let link = image.links().into_iter().find(|link| link.key == key && link.host == host);
    let link = link.ok_or_else(|| {
        Error::new(Code::NotFound, format!("the image has no link to `{host}` any more"))
            .with_hint("Look at the image again")
    })?;
    let app = app.clone();
    blocking(move || app.frame().open(&link.url)).await
}

/// What a name stands for, without looking at what that holds.
pub async fn resolve(app: &Arc<Longshore>, reference: &Reference, from: LookIn) -> Result<Descriptor> {
    let target = Target::Named(reference.clone());
    if from != LookIn::Registry {
        let opener = app.clone();
        let found = match blocking(move || opener.store()).await {
            Ok(store) => ImageSource::resolve(&store, &target, &Job::silent()).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(root) => return Ok(root.descriptor),
            Err(_) if from == LookIn::Auto => {}
            Err(error) => return Err(error),
        }
    }
    let client = app.registries().client(reference.registry());
    client.manifest_descriptor(reference, None).await
}

/// Looks an image up, where it was asked for.
///
/// # Errors
/// What the store or the registry gives.
pub async fn find(
    app: &Arc<Longshore>,
    reference: &Reference,
    from: LookIn,
    wanted: Option<&Platform>,
) -> Result<(Image, Whence)> {
    let target = Target::Named(reference.clone());
    if from != LookIn::Registry {
        let opener = app.clone();
        let found = match blocking(move || opener.store()).await {
            Ok(store) => inspect(&store, &target, wanted, &Job::silent()).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(image) => return Ok((image, Whence::Store)),
            // What is not here, or not whole here, is looked for where it came from.
            Err(_) if from == LookIn::Auto => {}
            Err(error) => return Err(error),
        }
    }
    let client = app.registries().client(reference.registry());
    let source = RegistrySource::new(client, reference.repository().clone());
    // Where no platform is asked for, the settings' own is looked at if the image has it, and else any.
    let preferred = settings::platform(&app.settings()).ok();
    let first = wanted.or(preferred.as_ref());
    match inspect(&source, &target, first, &Job::silent()).await {
        Err(error) if wanted.is_none() && error.code() == Code::PlatformMissing => {
            Ok((inspect(&source, &target, None, &Job::silent()).await?, Whence::Registry))
        }
        found => Ok((found?, Whence::Registry)),
    }
}

/// What the store knows, for one page. A store that can't be read knows nothing.
struct StoreFacts {
    store: Option<ContentStore>,
    local: Option<Digest>,
    also_in: HashMap<Digest, Vec<String>>,
}

impl StoreFacts {
    fn read(app: &Longshore, reference: &Reference) -> Self {
        let store = app.store().ok();
        let local = store.as_ref().and_then(|store| store.resolve(reference).ok()?).map(|root| root.digest);
        let inventory = app.inventory().unwrap_or_default();
        let mut also_in: HashMap<Digest, Vec<String>> = HashMap::new();
        let canonical = reference.canonical();
        for holding in inventory.iter() {
            let Some(name) = familiar(holding).filter(|(canonical_name, _)| *canonical_name != canonical)
            else {
                continue;
            };
            for layer in &holding.layers {
                also_in.entry(layer.clone()).or_default().push(name.1.clone());
            }
        }
        Self { store, local, also_in }
    }
}

/// Canonical and familiar name.
fn familiar(holding: &Holding) -> Option<(String, String)> {
    let name: Reference = holding.image.name.as_deref()?.parse().ok()?;
    Some((name.canonical(), name.familiar()))
}

impl Facts for StoreFacts {
    fn has(&self, blob: &Descriptor) -> bool {
        let size = self.store.as_ref().and_then(|store| store.blob_size(&blob.digest).ok()?);
        size == Some(blob.size)
    }

    fn held(&self, entry: &Descriptor) -> Held {
        let Some(store) = &self.store else { return Held::default() };
        let Ok(bytes) = store.read(&entry.digest, MANIFEST_CAP) else { return Held::default() };
        let size = match Node::parse(&bytes, Some(&entry.media_type)) {
            Ok(Node::Manifest(manifest)) => Some(manifest.transfer_size()),
            _ => None,
        };
        Held { size, complete: store.is_complete(entry) }
    }

    fn also_in(&self, layer: &Descriptor) -> Vec<String> {
        self.also_in.get(&layer.digest).cloned().unwrap_or_default()
    }

    fn local_digest(&self) -> Option<String> {
        self.local.as_ref().map(ToString::to_string)
    }
}
