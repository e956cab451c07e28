//! Image configs: how an image runs and how it was built (image-spec `config.md`; Docker's is the same shape).
//!
//! Lenient on purpose, unlike manifests: nothing is fetched or trusted by a config, it is only shown, and configs in
//! the wild have odd fields. What can't be read is left out and named in a flag; the image stays viewable.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::digest::Digest;
use crate::manifest::Manifest;
use crate::platform::Platform;

mod fields;

use fields::Fields;

/// An image's config. A field that the document lacks is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// When the image was made, as written (RFC 3339, as a rule).
    pub created: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// `amd64`, …
    pub architecture: String,
    /// `linux`, …
    pub os: String,
    /// `v7`, …
    pub variant: Option<String>,
    /// `10.0.17763.1`, …
    pub os_version: Option<String>,
    /// Features of the system that the image needs.
    pub os_features: Vec<String>,
    /// How a container is started.
    pub config: ContainerConfig,
    /// The digests of the layers' uncompressed tars, base first.
    pub diff_ids: Vec<Digest>,
    /// The steps that built it, first step first.
    pub history: Vec<History>,
}

/// How a container is started from the image. A field that the document lacks is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerConfig {
    /// `user`, `uid`, `user:group`, `uid:gid`.
    pub user: Option<String>,
    /// `80/tcp`, sorted.
    pub exposed_ports: Vec<String>,
    /// `NAME=value`, in order.
    pub env: Vec<String>,
    /// What runs; `cmd` is its arguments, if there is one.
    pub entrypoint: Vec<String>,
    /// What runs, or the arguments of `entrypoint`.
    pub cmd: Vec<String>,
    /// Paths that get a volume of their own, sorted.
    pub volumes: Vec<String>,
    /// Where it runs.
    pub working_dir: Option<String>,
    /// Free text by key.
    pub labels: BTreeMap<String, String>,
    /// `SIGTERM`, …
    pub stop_signal: Option<String>,
    /// Docker's health check, as written.
    pub healthcheck: Option<Value>,
    /// The shell of `RUN` and of commands in shell form.
    pub shell: Vec<String>,
    /// Instructions for images built on this one.
    pub on_build: Vec<String>,
}

/// One step of the build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// When, as written.
    pub created: Option<String>,
    /// The command; see [`instruction`](crate::instruction::instruction).
    pub created_by: String,
    /// Who.
    pub author: Option<String>,
    /// A note: `buildkit.dockerfile.v0`, as a rule.
    pub comment: Option<String>,
    /// Whether the step made no layer.
    pub empty_layer: bool,
}

impl ImageConfig {
    /// Reads a config, and names each field that was invalid and is left out (`created: not text`).
    ///
    /// # Errors
    /// The bytes are no JSON object: then there is nothing to show but the bytes.
    pub fn parse(bytes: &[u8]) -> Result<(ImageConfig, Vec<String>), String> {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let document = match serde_json::from_slice::<Value>(text) {
            Ok(Value::Object(document)) => document,
            Ok(_) => return Err("the config is no JSON object".to_owned()),
            Err(problem) => return Err(format!("the config is not JSON: {problem}")),
        };
        let mut flags = Vec::new();
        let config = {
            let mut top = Fields { object: &document, path: "", flags: &mut flags };
            let mut config = ImageConfig {
                created: top.text("created"),
                author: top.text("author"),
                architecture: top.text("architecture").unwrap_or_default(),
                os: top.text("os").unwrap_or_default(),
                variant: top.text("variant"),
                os_version: top.text("os.version"),
                os_features: top.texts("os.features"),
                ..ImageConfig::default()
            };
            if let Some(mut run) = top.object("config") {
                config.config = container_config(&mut run);
            }
            if let Some(mut rootfs) = top.object("rootfs") {
                config.diff_ids = diff_ids(&mut rootfs);
            }
            config.history = history(&mut top);
            config
        };
        Ok((config, flags))
    }

    /// What does not agree with the manifest (fault row 66): layer by layer, the image can't be rebuilt from it.
    pub fn flags_against(&self, manifest: &Manifest) -> Vec<String> {
        let layers = manifest.layers.len();
        let mut flags = Vec::new();
        if self.diff_ids.len() != layers {
            let ids = counted(self.diff_ids.len(), "diff ID", "diff IDs");
            flags.push(format!("The config lists {ids} for {}", counted(layers, "layer", "layers")));
        }
        let steps = self.history.iter().filter(|step| !step.empty_layer).count();
        if !self.history.is_empty() && steps != layers {
            let steps = counted(steps, "step that makes a layer", "steps that make a layer");
            flags.push(format!(
                "The history has {steps}, the manifest {}",
                counted(layers, "layer", "layers")
            ));
        }
        flags
    }

    /// What the image runs on.
    pub fn platform(&self) -> Platform {
        Platform {
            os: self.os.clone(),
            architecture: self.architecture.clone(),
            variant: self.variant.clone().filter(|variant| !variant.is_empty()),
            os_version: self.os_version.clone().filter(|version| !version.is_empty()),
            os_features: self.os_features.clone(),
        }
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn container_config(run: &mut Fields<'_, '_>) -> ContainerConfig {
    ContainerConfig {
        user: run.text("User").filter(|user| !user.is_empty()),
        exposed_ports: run.keys("ExposedPorts"),
        env: run.texts("Env"),
        entrypoint: run.command("Entrypoint"),
        cmd: run.command("Cmd"),
        volumes: run.keys("Volumes"),
        working_dir: run.text("WorkingDir").filter(|dir| !dir.is_empty()),
        labels: run.labels("Labels"),
        stop_signal: run.text("StopSignal").filter(|signal| !signal.is_empty()),
        healthcheck: run.get("Healthcheck").cloned(),
        shell: run.texts("Shell"),
        on_build: run.texts("OnBuild"),
    }
}

/// All or none: a list with a hole would put every later digest at the wrong layer.
fn diff_ids(rootfs: &mut Fields<'_, '_>) -> Vec<Digest> {
    let texts = rootfs.texts("diff_ids");
    let parsed: Result<Vec<Digest>, _> = texts.iter().map(|text| text.parse()).collect();
    parsed.unwrap_or_else(|problem| {
        rootfs.flag("diff_ids", &problem.to_string());
        Vec::new()
    })
}

fn history(top: &mut Fields<'_, '_>) -> Vec<History> {
    let Some(steps) = top.list("history") else { return Vec::new() };
    let mut history = Vec::with_capacity(steps.len());
    for (at, step) in steps.iter().enumerate() {
        let path = format!("history[{at}].");
        // A step that can't be read keeps its place, so that the others stay at their layers.
        let Value::Object(object) = step else {
            top.flag(&format!("history[{at}]"), "not an object");
            history.push(History::default());
            continue;
        };
        let mut step = Fields { object, path: &path, flags: &mut *top.flags };
        history.push(History {
            created: step.text("created"),
            created_by: step.text("created_by").unwrap_or_default(),
            author: step.text("author"),
            comment: step.text("comment").filter(|comment| !comment.is_empty()),
            empty_layer: step.boolean("empty_layer"),
        });
    }
    history
}
