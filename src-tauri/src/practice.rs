//! The practice registry of this window, and its shelf: the samples, and whatever was pushed beside them.

use std::collections::HashSet;
use std::path::Path;

use engine::Result;
use engine::store::ContentStore;
use oci::Reference;
use oci::config::ImageConfig;
use oci::descriptor::Descriptor;
use oci::graph::Node;
use oci::manifest::Manifest;
use oci::platform::Platform;
use registry_server::RegistryServer;
use registry_server::practice;
use registry_server::repositories::Repositories;

use crate::wire::{PracticeImage, PracticeLayer, PracticeShelf};

/// A config larger than this is not read for the shelf, bytes.
const CONFIG_CAP: u64 = 1 << 20;

/// The registry while it runs.
pub struct Practice {
    server: RegistryServer,
    repositories: Repositories,
}

impl Practice {
    /// Starts it over the store in `dir`, with the samples.
    ///
    /// # Errors
    /// As [`practice::start`].
    pub async fn start(dir: &Path, port: u16) -> Result<Self> {
        let server = practice::start(dir, port).await?;
        let repositories = Repositories::new(server.store().clone());
        Ok(Self { server, repositories })
    }

    /// `127.0.0.1:5055`
    pub fn host(&self) -> String {
        self.server.address().to_string()
    }

    /// Everything that can be pulled from it, compared with `local`, where `platform` would be pulled. Blocks.
    ///
    /// # Errors
    /// Where the practice registry's own store can't be read. An image that can't is left out.
    pub fn shelf(&self, local: Option<&ContentStore>, platform: &Platform) -> Result<PracticeShelf> {
        let host = self.host();
        let catalog = self.repositories.catalog()?;
        let tags = catalog.repositories.iter().flat_map(|(path, repository)| {
            repository.tags.iter().map(move |(tag, root)| (path.as_str(), tag.as_str(), root))
        });
        let mut images: Vec<(usize, PracticeImage)> = tags
            .filter_map(|(path, tag, root)| {
                let at = practice::shelf()
                    .iter()
                    .position(|sample| (sample.repository, sample.tag) == (path, tag));
                let about = at.map_or("Pushed here", |at| practice::shelf()[at].about);
                let image = self.image(&host, (path, tag, about), root, local, platform)?;
                Some((at.unwrap_or(usize::MAX), image))
            })
            .collect();
        // The samples in their order, then what was pushed, by name.
        images.sort_by_key(|(at, _)| *at);
        Ok(PracticeShelf { host, images: images.into_iter().map(|(_, image)| image).collect() })
    }

    fn image(
        &self,
        host: &str,
        (path, tag, about): (&str, &str, &str),
        root: &Descriptor,
        local: Option<&ContentStore>,
        wanted: &Platform,
    ) -> Option<PracticeImage> {
        let reference: Reference = format!("{host}/{path}:{tag}").parse().ok()?;
        let has = |blob: &Descriptor| {
            local.is_some_and(
                |store| matches!(store.blob_size(&blob.digest), Ok(Some(size)) if size == blob.size),
            )
        };
        let variants = self.variants(root)?;
        let chosen = self.chosen(root, wanted);
        let mut layers = Vec::new();
        let (mut size, mut missing) = (0, 0);
        let (mut seen, mut seen_missing) = (HashSet::new(), HashSet::new());
        for (platform, descriptor, manifest) in &variants {
            for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
                if seen.insert(blob.digest.clone()) {
                    size += blob.size;
                }
                let pulled = chosen.as_ref().is_none_or(|chosen| *chosen == *descriptor);
                if pulled && !has(blob) && seen_missing.insert(blob.digest.clone()) {
                    missing += blob.size;
                }
            }
            let of_platform = (variants.len() > 1).then_some(platform.as_str());
            let slabs = manifest.layers.iter().enumerate();
            layers.extend(slabs.map(|(at, layer)| PracticeLayer {
                digest: layer.digest.to_string(),
                size: layer.size,
                label: label(layer, at, of_platform),
                present_locally: has(layer),
            }));
        }
        let here = local.and_then(|store| Some((store, store.resolve(&reference).ok()??)));
        Some(PracticeImage {
            reference: reference.canonical(),
            repository: path.to_owned(),
            tag: tag.to_owned(),
            about: about.to_owned(),
            platforms: variants.into_iter().map(|(platform, ..)| platform).collect(),
            layers,
            size,
            missing,
            local: here.is_some_and(|(store, descriptor)| {
                descriptor.digest == root.digest && store.is_complete(&descriptor)
            }),
        })
    }

    /// The manifests of an image with their platforms, as the index has them.
    fn variants(&self, root: &Descriptor) -> Option<Vec<(String, Descriptor, Manifest)>> {
        let manifest = |descriptor: &Descriptor| match &*self.repositories.node(&descriptor.digest).ok()? {
            Node::Manifest(manifest) => Some(manifest.clone()),
            Node::Index(_) => None,
        };
        match &*self.repositories.node(&root.digest).ok()? {
            Node::Manifest(manifest) => {
                Some(vec![(self.platform_of(manifest), root.clone(), manifest.clone())])
            }
            Node::Index(index) => {
                let entries = index.platforms().into_iter();
                let entries = entries.filter_map(|(entry, platform)| {
                    let platform = platform.map(ToString::to_string).unwrap_or_default();
                    Some((platform, entry.clone(), manifest(entry)?))
                });
                Some(entries.collect())
            }
        }
    }

    fn platform_of(&self, manifest: &Manifest) -> String {
        let bytes = self.repositories.store().read(&manifest.config.digest, CONFIG_CAP);
        let config = bytes.ok().and_then(|bytes| Some(ImageConfig::parse(&bytes).ok()?.0));
        config.map(|config| config.platform().to_string()).unwrap_or_default()
    }

    /// The entry that a pull for `wanted` takes; none where the image has no index, or nothing for it.
    fn chosen(&self, root: &Descriptor, wanted: &Platform) -> Option<Descriptor> {
        match &*self.repositories.node(&root.digest).ok()? {
            Node::Index(index) => index.choose(wanted).cloned(),
            Node::Manifest(_) => None,
        }
    }
}

/// The samples' layers have titles; of others the platform or the place in the stack is said.
fn label(layer: &Descriptor, at: usize, platform: Option<&str>) -> String {
    let title = layer.annotations.get("org.opencontainers.image.title").filter(|title| !title.is_empty());
    match (platform, title) {
        (Some(platform), _) => platform.strip_prefix("linux/").unwrap_or(platform).to_owned(),
        (None, Some(title)) => title.chars().take(40).collect(),
        (None, None) if at == 0 => "base".to_owned(),
        (None, None) => format!("layer {}", at + 1),
    }
}
