//! What `docker save` wrote before Docker 1.10: `repositories`, and a folder for each layer with `json`, `VERSION` and
//! `layer.tar`.
//!
//! Each layer names the one below it, the uppermost says how the image runs. The config is put together as Docker does
//! when it loads such an archive (moby `image/tarexport/load.go`, `legacyLoadImage`; `image/v1/imagev1.go`), so its image
//! ID is Docker's too.

use std::collections::BTreeMap;

use oci::config::ImageConfig;
use oci::digest::Digest;
use oci::media_type;
use oci::platform::Platform;
use serde_json::{Map, Value, json};

use super::docker::{CAP, DockerImage, Effort, Made, digest_of, document, malformed};
use super::open::Archive;
use super::{Missing, Piece, Variant};
use crate::compression::Compression;
use crate::error::{Code, Error, Result};

/// Layers that one image may have.
const LAYERS: usize = 1024;
/// What a layer's `json` says that a config does not.
const OF_THE_LAYER: [&str; 6] = ["id", "parent", "Size", "parent_id", "layer_id", "throwaway"];

/// Reads them all.
///
/// # Errors
/// [`Code::ArchiveInvalid`] naming what is malformed. What is missing is no error here.
pub(super) fn images(archive: &Archive, effort: Effort<'_>) -> Result<Vec<DockerImage>> {
    let Some(bytes) = archive.bytes("repositories", CAP)? else { return Ok(Vec::new()) };
    let repositories: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_slice(&bytes).map_err(|problem| malformed("repositories", archive, problem))?;
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (repository, tags) in repositories {
        for (tag, id) in tags {
            names.entry(id).or_default().push(format!("{repository}:{tag}"));
        }
    }
    names.into_iter().map(|(id, names)| image(archive, &id, names, effort)).collect()
}

fn image(archive: &Archive, top: &str, names: Vec<String>, effort: Effort<'_>) -> Result<DockerImage> {
    let mut chain = Vec::new();
    let mut next = Some(top.to_owned());
    while let Some(id) = next {
        if chain.len() >= LAYERS || chain.iter().any(|(known, _)| *known == id) {
            let why = format!("the layers of `{top}` in `{}` go in circles", archive.name());
            return Err(Error::new(Code::ArchiveInvalid, why).with_hint("Save the image again"));
        }
        let path = format!("{id}/json");
        let Some(bytes) = archive.bytes(&path, CAP)? else {
            let missing = vec![Missing { piece: Piece::Config, entry: path, digest: None }];
            let variant = Variant::unknown(None);
            return Ok(DockerImage {
                names,
                manifest: None,
                blobs: Vec::new(),
                config: None,
                variant,
                missing,
            });
        };
        let layer: Map<String, Value> =
            serde_json::from_slice(&bytes).map_err(|problem| malformed(&path, archive, problem))?;
        let text = |key: &str| layer.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        next = text("parent_id").or(text("parent")).map(|parent| {
            // The parent's ID was a digest for a while.
            parent.strip_prefix("sha256:").unwrap_or(parent).to_owned()
        });
        chain.push((id, layer));
    }
    chain.reverse();
    put_together(archive, &chain, names, effort)
}

fn put_together(
    archive: &Archive,
    chain: &[(String, Map<String, Value>)],
    names: Vec<String>,
    effort: Effort<'_>,
) -> Result<DockerImage> {
    let mut diff_ids = Vec::new();
    for (id, layer) in chain {
        if !is_empty(layer) {
            diff_ids.push(diff_id(archive, &format!("{id}/layer.tar"), effort)?);
        }
    }
    let known: Option<Vec<&Digest>> = diff_ids.iter().map(Option::as_ref).collect();
    let (_, last) = chain.last().expect("a chain has the layer that it was asked for");
    let mut config = last.clone();
    for key in OF_THE_LAYER {
        config.remove(key);
    }
    config.insert("history".to_owned(), chain.iter().map(|(_, layer)| history(layer)).collect());
    config.insert(
        "rootfs".to_owned(),
        json!({ "type": "layers", "diff_ids": known.clone().unwrap_or_default() }),
    );
    let config = document(media_type::OCI_CONFIG, &Value::Object(config));
    let platform = ImageConfig::parse(&config.bytes)
        .map_or_else(|_| Platform::new("", ""), |(config, _)| config.platform());
    let mut made = Made::new(config.descriptor.clone());
    let mut at = diff_ids.iter();
    for (id, _) in chain.iter().filter(|(_, layer)| !is_empty(layer)) {
        let diff_id = at.next().and_then(Option::as_ref);
        made.layer(archive, format!("{id}/layer.tar"), diff_id, effort)?;
    }
    let mut image = made.finish(names, platform);
    match known {
        Some(_) => image.config = Some(config),
        // Without the diff IDs the config is not the one that it will be.
        None => (image.variant.config, image.manifest, image.variant.manifest) = (None, None, None),
    }
    Ok(image)
}

fn is_empty(layer: &Map<String, Value>) -> bool {
    layer.get("throwaway").and_then(Value::as_bool).unwrap_or(false)
}

/// The digest of a layer; none where it is missing, or not to be read.
fn diff_id(archive: &Archive, path: &str, effort: Effort<'_>) -> Result<Option<Digest>> {
    let Some(part) = archive.part(path)? else { return Ok(None) };
    let start = part.start().map_err(|error| super::open::unreadable(archive.name(), error))?;
    match Compression::of(&start) {
        Compression::None => digest_of(archive, &part, effort),
        other => {
            let why = format!("the layer `{path}` of `{}` is compressed with {other}", archive.name());
            Err(Error::new(Code::ArchiveInvalid, why)
                .with_hint("No Docker wrote such an archive; save the image again"))
        }
    }
}

/// A step of the history, as Docker makes it of a layer's `json`.
fn history(layer: &Map<String, Value>) -> Value {
    let mut step = Map::new();
    for key in ["created", "author", "comment"] {
        if let Some(value) =
            layer.get(key).filter(|value| value.as_str().is_some_and(|text| !text.is_empty()))
        {
            step.insert(key.to_owned(), value.clone());
        }
    }
    let command = layer.get("container_config").and_then(|config| config.get("Cmd")?.as_array());
    let words: Vec<&str> = command.into_iter().flatten().filter_map(Value::as_str).collect();
    if !words.is_empty() {
        step.insert("created_by".to_owned(), words.join(" ").into());
    }
    if is_empty(layer) {
        step.insert("empty_layer".to_owned(), true.into());
    }
    Value::Object(step)
}
