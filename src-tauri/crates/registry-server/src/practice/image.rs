//! From layers to images: configs, manifests, the index.

use std::collections::HashMap;

use engine::store::ContentStore;
use engine::{Code, Error, Result};
use oci::descriptor::Descriptor;
use oci::media_type::{OCI_CONFIG, OCI_INDEX, OCI_MANIFEST};
use oci::platform::Platform;
use serde::Serialize;

use super::config::{self, Config};
use super::layer::Layer;

/// The layers by title, ready to be put together.
pub(super) struct Recipe {
    layers: HashMap<&'static str, Layer>,
}

/// An image in the store.
pub(super) struct Image {
    pub(super) root: Descriptor,
    /// The manifests that an index lists.
    pub(super) children: Vec<Descriptor>,
}

impl Recipe {
    pub(super) fn new(layers: HashMap<&'static str, Layer>) -> Self {
        Self { layers }
    }

    fn layer(&self, title: &str) -> &Layer {
        &self.layers[title]
    }

    /// Makes and stores the manifests of a sample.
    pub(super) fn image(&self, store: &ContentStore, repository: &str, tag: &str) -> Result<Image> {
        let base = self.layer("base");
        let single = |config: &Config, layers: &[&Layer]| {
            Ok(Image { root: manifest(store, config, layers)?, children: Vec::new() })
        };
        match repository {
            "hello" => {
                let layers = [base, self.layer(&format!("hello {tag}"))];
                single(&config::hello(tag, &layers), &layers)
            }
            "web" => {
                let layers = [base, self.layer("runtime"), self.layer(&format!("web {tag}"))];
                single(&config::web(tag, &layers), &layers)
            }
            "files" => {
                let layers = [base, self.layer("notes"), self.layer("changes")];
                single(&config::files(&layers), &layers)
            }
            "multi" => self.multi(store),
            other => Err(Error::new(Code::Internal, format!("there is no sample `{other}`"))),
        }
    }

    fn multi(&self, store: &ContentStore) -> Result<Image> {
        let mut children = Vec::new();
        for (title, architecture, variant) in
            [("amd64", "amd64", None), ("arm64", "arm64", None), ("arm/v7", "arm", Some("v7"))]
        {
            let mut platform = Platform::new("linux", architecture);
            platform.variant = variant.map(str::to_owned);
            let layers = [self.layer(title)];
            let mut child = manifest(store, &config::multi(&platform, &layers), &layers)?;
            child.platform = Some(platform);
            children.push(child);
        }
        let index = Index { schema_version: 2, media_type: OCI_INDEX, manifests: &children };
        Ok(Image { root: put(store, OCI_INDEX, &index)?, children })
    }
}

/// In the order in which people read it; so is the index.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    schema_version: u32,
    media_type: &'a str,
    config: &'a Descriptor,
    layers: Vec<&'a Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Index<'a> {
    schema_version: u32,
    media_type: &'a str,
    manifests: &'a [Descriptor],
}

fn manifest(store: &ContentStore, config: &Config, layers: &[&Layer]) -> Result<Descriptor> {
    let config = put(store, OCI_CONFIG, config)?;
    let layers = layers.iter().map(|layer| &layer.descriptor).collect();
    let manifest = Manifest { schema_version: 2, media_type: OCI_MANIFEST, config: &config, layers };
    put(store, OCI_MANIFEST, &manifest)
}

/// Indented, because these documents are there to be read.
fn put(store: &ContentStore, media_type: &str, document: &impl Serialize) -> Result<Descriptor> {
    let text = serde_json::to_vec_pretty(document).expect("our documents have JSON");
    Ok(Descriptor::new(media_type, store.put(&text)?, text.len() as u64))
}
