//! An image as it is looked at: what a name points to, the manifest of one platform, its config, and its history
//! with the layer of each step. Read from any source; the faces turn it into what they show.
//!
//! Odd content is flagged, not refused: an image with a broken config can still be looked at. Deliberately absent:
//! the files inside the layers.

mod link;

use std::time::Duration;

use oci::config::{History, ImageConfig};
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::{MAX_INDEX_DEPTH, Node};
use oci::index::Index;
use oci::manifest::Manifest;
use oci::media_type;
use oci::platform::Platform;

pub use link::Link;

use crate::blob::{ByteRange, Verified};
use crate::endpoint::{Document, ImageSource, Target};
use crate::error::{Code, Error, Result};
use crate::job::Job;
use crate::transfer::{choices, node_error};

/// A config larger than this is not read, bytes.
const CONFIG_CAP: u64 = 8 << 20;
/// How often a config is read whose body breaks off.
const READ_TRIES: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// An image, or whatever the name points to.
#[derive(Clone, Debug)]
pub struct Image {
    /// What the name points to.
    pub root: Document,
    /// The index, where the root is one.
    pub index: Option<Index>,
    /// The manifest that is looked at; none where nothing here can be understood as one.
    pub manifest: Option<ImageManifest>,
    /// What is odd, a sentence each.
    pub flags: Vec<String>,
}

/// One platform's image.
#[derive(Clone, Debug)]
pub struct ImageManifest {
    /// Its bytes.
    pub document: Document,
    /// What they say.
    pub manifest: Manifest,
    /// The platform, by the index or else by the config.
    pub platform: Option<Platform>,
    /// The config as bytes, where it could be read.
    pub config_document: Option<Document>,
    /// What they say, where it is an image's config.
    pub config: Option<ImageConfig>,
}

/// One step of an image's history, base first.
#[derive(Clone, Debug)]
pub struct Step {
    /// 1 is the base; none for a step without bytes.
    pub number: Option<usize>,
    /// The layer that the step made.
    pub layer: Option<Descriptor>,
    /// Digest of the layer unpacked.
    pub diff_id: Option<Digest>,
    /// What the history says of it; none where it says nothing.
    pub history: Option<History>,
}

impl ImageManifest {
    /// History and layers brought together: the history's steps in order, each that has bytes with its layer. Where
    /// the history does not fit, every layer is a step of its own.
    pub fn steps(&self) -> Vec<Step> {
        let layers = &self.manifest.layers;
        let diff_id = |at: usize| self.config.as_ref().and_then(|config| config.diff_ids.get(at).cloned());
        let history = self.config.as_ref().map_or(&[][..], |config| &config.history);
        let full = history.iter().filter(|step| !step.empty_layer).count();
        let mut next = 0;
        let mut with_layer = |history: Option<History>| {
            let layer = layers.get(next).cloned();
            next += 1;
            Step { number: Some(next), layer, diff_id: diff_id(next - 1), history }
        };
        if full != layers.len() {
            return layers.iter().map(|_| with_layer(None)).collect();
        }
        let step = |history: &History| match history.empty_layer {
            true => Step { number: None, layer: None, diff_id: None, history: Some(history.clone()) },
            false => with_layer(Some(history.clone())),
        };
        history.iter().map(step).collect()
    }

    /// Bytes to transfer: config and layers.
    pub fn transfer_size(&self) -> u64 {
        self.manifest.layers.iter().map(|layer| layer.size).sum::<u64>() + self.manifest.config.size
    }
}

/// Looks at an image.
///
/// `wanted` chooses among an index's platforms; without it the host's platform is looked at, or else the first that
/// the source can give.
///
/// # Errors
/// [`Code::PlatformMissing`] where `wanted` is not there; [`Code::ManifestInvalid`]; and what the source gives.
pub async fn inspect(
    source: &dyn ImageSource,
    target: &Target,
    wanted: Option<&Platform>,
    job: &Job,
) -> Result<Image> {
    let root = source.resolve(target, job).await?;
    let mut flags = Vec::new();
    let (index, document, platform) = match Node::parse(&root.bytes, Some(&root.descriptor.media_type)) {
        Err(problem) if problem.is_unsupported() => {
            flags.push(format!("It can only be shown as it is: {problem}"));
            return Ok(Image { root, index: None, manifest: None, flags });
        }
        Err(problem) => return Err(node_error(problem, &root.descriptor)),
        Ok(Node::Manifest(_)) => (None, Some(root.clone()), None),
        Ok(Node::Index(index)) => {
            let found = down(source, &index, wanted, job).await?;
            let platform = found.as_ref().and_then(|(_, platform)| platform.clone());
            (Some(index), found.map(|(document, _)| document), platform)
        }
    };
    let manifest = match document {
        Some(document) => manifest(source, document, platform, &mut flags, job).await?,
        None => {
            flags.push("The index lists no image that can be shown".to_owned());
            None
        }
    };
    Ok(Image { root, index, manifest, flags })
}

type Found = Option<(Document, Option<Platform>)>;

/// The document for a platform, through the indexes that an index may list.
async fn down(
    source: &dyn ImageSource,
    index: &Index,
    wanted: Option<&Platform>,
    job: &Job,
) -> Result<Found> {
    let mut found = one_of(source, index, wanted, job).await?;
    for _ in 1..MAX_INDEX_DEPTH {
        let Some((document, _)) = &found else { break };
        let node = Node::parse(&document.bytes, Some(&document.descriptor.media_type));
        let Ok(Node::Index(inner)) = node else { break };
        found = one_of(source, &inner, wanted, job).await?;
    }
    Ok(found)
}

async fn one_of(
    source: &dyn ImageSource,
    index: &Index,
    wanted: Option<&Platform>,
    job: &Job,
) -> Result<Found> {
    if let Some(wanted) = wanted {
        let Some(chosen) = index.choose(wanted) else {
            return Err(Error::new(
                Code::PlatformMissing,
                format!("the image has no manifest for `{wanted}`"),
            )
            .with_hint("Choose one of its platforms")
            .with_choices(choices(index)));
        };
        let document = source.document(chosen, job).await?;
        return Ok(Some((document, chosen.platform.clone())));
    }
    let mut candidates: Vec<&Descriptor> = index.choose(&Platform::host()).into_iter().collect();
    candidates.extend(index.platforms().into_iter().map(|(descriptor, _)| descriptor));
    let mut missing = None;
    for candidate in candidates {
        match source.document(candidate, job).await {
            Ok(document) => return Ok(Some((document, candidate.platform.clone()))),
            // In the store an index may have only some of its platforms.
            Err(error) if error.code() == Code::ImageMissing => missing = Some(error),
            Err(error) => return Err(error),
        }
    }
    missing.map_or(Ok(None), Err)
}

async fn manifest(
    source: &dyn ImageSource,
    document: Document,
    platform: Option<Platform>,
    flags: &mut Vec<String>,
    job: &Job,
) -> Result<Option<ImageManifest>> {
    let manifest = match Node::parse(&document.bytes, Some(&document.descriptor.media_type)) {
        Ok(Node::Manifest(manifest)) => manifest,
        Ok(Node::Index(_)) => {
            flags.push(format!("The index nests more than {MAX_INDEX_DEPTH} deep"));
            return Ok(None);
        }
        Err(problem) if problem.is_unsupported() => {
            flags.push(format!("It can only be shown as it is: {problem}"));
            return Ok(None);
        }
        Err(problem) => return Err(node_error(problem, &document.descriptor)),
    };
    let mut shown = ImageManifest { document, manifest, platform, config_document: None, config: None };
    if !media_type::is_config(&shown.manifest.config.media_type) {
        flags.push(format!(
            "It is an artifact of type `{}`, not an image to run",
            shown.manifest.artifact_type.as_deref().unwrap_or(&shown.manifest.config.media_type)
        ));
        return Ok(Some(shown));
    }
    match config_bytes(source, &shown.manifest.config, job).await {
        Ok(config) => shown.config_document = Some(config),
        // The rest of the image can be looked at without it.
        Err(error)
            if matches!(
                error.code(),
                Code::ImageMissing | Code::NotFound | Code::ContentMismatch | Code::TooLarge
            ) =>
        {
            flags.push(format!("The config can't be read: {}", error.message()));
            return Ok(Some(shown));
        }
        Err(error) => return Err(error),
    }
    let bytes = shown.config_document.as_ref().map(|config| config.bytes.clone()).unwrap_or_default();
    match ImageConfig::parse(&bytes) {
        Ok((config, odd)) => {
            flags.extend(odd);
            flags.extend(config.flags_against(&shown.manifest));
            shown.platform.get_or_insert_with(|| config.platform());
            shown.config = Some(config);
        }
        Err(why) => flags.push(format!("The config is not valid: {why}")),
    }
    Ok(Some(shown))
}

async fn config_bytes(source: &dyn ImageSource, descriptor: &Descriptor, job: &Job) -> Result<Document> {
    if descriptor.size > CONFIG_CAP {
        return Err(Error::new(Code::TooLarge, format!("the config has {} bytes", descriptor.size)));
    }
    let mut attempt = 0;
    let bytes = loop {
        attempt += 1;
        match job.run(read_whole(source, descriptor, job)).await {
            Ok(bytes) => break bytes,
            Err(error)
                if attempt < READ_TRIES && matches!(error.code(), Code::ConnectionLost | Code::Timeout) =>
            {
                let wait = FIRST_WAIT * (1 << (attempt - 1));
                job.run(async {
                    tokio::time::sleep(wait).await;
                    Ok(())
                })
                .await?;
            }
            Err(error) => return Err(error),
        }
    };
    Ok(Document { descriptor: descriptor.clone(), bytes: bytes.into() })
}

async fn read_whole(source: &dyn ImageSource, descriptor: &Descriptor, job: &Job) -> Result<Vec<u8>> {
    let reader = source.open(descriptor, ByteRange::WHOLE, job).await?;
    let mut verified = Verified::new(descriptor.clone(), reader)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = verified.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
