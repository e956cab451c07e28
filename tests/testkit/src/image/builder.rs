//! Images of one platform.

use std::sync::Arc;

use oci::digest::Algorithm;
use serde_json::{Value, json};

use super::{Family, Image, Layer, Object, platform_json, push_new, to_bytes};

type Edit = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// Makes an image of one platform: see [`Image::builder`].
#[derive(Clone)]
pub struct ImageBuilder {
    family: Family,
    algorithm: Algorithm,
    platform: String,
    layers: Vec<Layer>,
    config: Value,
    edit_config: Option<Edit>,
    edit_manifest: Option<Edit>,
}

impl ImageBuilder {
    pub(super) fn new(family: Family) -> Self {
        Self {
            family,
            algorithm: Algorithm::Sha256,
            platform: "linux/amd64".to_owned(),
            layers: Vec::new(),
            config: json!({ "Env": ["PATH=/usr/bin:/bin"], "Cmd": ["/bin/sh"] }),
            edit_config: None,
            edit_manifest: None,
        }
    }

    /// The platform, as `os/architecture[/variant]`, written into the config.
    #[must_use]
    pub fn platform(mut self, platform: &str) -> Self {
        platform.clone_into(&mut self.platform);
        self
    }

    /// Adds a layer on top.
    #[must_use]
    pub fn layer(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// Adds layers on top, in this order.
    #[must_use]
    pub fn layers(mut self, layers: impl IntoIterator<Item = Layer>) -> Self {
        self.layers.extend(layers);
        self
    }

    /// Names the config and the layers by this algorithm. The manifest's own digest follows it too.
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Replaces the `config` member of the image config (Env, Cmd, Labels, …).
    #[must_use]
    pub fn container_config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// Changes the config's JSON before it is hashed: the manifest still points at what results.
    #[must_use]
    pub fn edit_config(mut self, edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        self.edit_config = Some(Arc::new(edit));
        self
    }

    /// Changes the manifest's JSON before it is hashed.
    #[must_use]
    pub fn edit_manifest(mut self, edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        self.edit_manifest = Some(Arc::new(edit));
        self
    }

    /// Makes the image.
    pub fn build(self) -> Image {
        let mut config = platform_json(&self.platform);
        config["created"] = json!("2024-01-01T00:00:00Z");
        config["config"] = self.config;
        config["rootfs"] = json!({
            "type": "layers",
            "diff_ids": self.layers.iter().map(|layer| layer.diff_id.as_str()).collect::<Vec<_>>(),
        });
        let mut history: Vec<Value> = self
            .layers
            .iter()
            .map(|layer| json!({ "created": "2024-01-01T00:00:00Z", "created_by": layer.created_by }))
            .collect();
        history.push(json!({
            "created": "2024-01-01T00:00:00Z",
            "created_by": "/bin/sh -c #(nop)  CMD [\"/bin/sh\"]",
            "empty_layer": true,
        }));
        config["history"] = Value::Array(history);
        if let Some(edit) = &self.edit_config {
            edit(&mut config);
        }
        let config = Object::with_algorithm(self.algorithm, self.family.config(), to_bytes(&config));

        let layers: Vec<Object> = self
            .layers
            .iter()
            .map(|layer| {
                let media_type = self.family.layer(layer.compression);
                Object::with_algorithm(self.algorithm, media_type, layer.bytes.clone())
            })
            .collect();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": self.family.manifest(),
            "config": config.descriptor_json(),
            "layers": layers.iter().map(Object::descriptor_json).collect::<Vec<_>>(),
        });
        if let Some(edit) = &self.edit_manifest {
            edit(&mut manifest);
        }
        let root = Object::with_algorithm(self.algorithm, self.family.manifest(), to_bytes(&manifest));
        let mut blobs = Vec::new();
        push_new(&mut blobs, std::slice::from_ref(&config));
        push_new(&mut blobs, &layers);
        Image { root, manifests: Vec::new(), blobs, platform: Some(self.platform) }
    }
}
