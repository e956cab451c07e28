//! Two images side by side: layers that they share, layers that one has alone, and every field of their configs.
//!
//! Pure: it looks at images that were read, wherever they came from. Layers are the same where their digests are;
//! what is in them is not looked at.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use oci::config::{ContainerConfig, ImageConfig};
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::instruction::instruction;

use crate::image::{Image, ImageManifest, Step};

/// What two images have in common, and what one of them has alone.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Both names stand for the same manifest.
    pub same: bool,
    /// Base first: `a`'s order, what `b` has alone where it lies in `b`.
    pub layers: Vec<ComparedLayer>,
    /// Bytes of layers that both have, each digest once.
    pub shared_bytes: u64,
    /// Bytes of layers that `a` has alone.
    pub only_a_bytes: u64,
    /// Bytes of layers that `b` has alone.
    pub only_b_bytes: u64,
    /// Every field of the config that one of them has, by group.
    pub config: Vec<ComparedField>,
    /// Digests by platform, where one of them is an index.
    pub platforms: Vec<ComparedField>,
}

/// Who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Both.
    Both,
    /// The first alone.
    A,
    /// The second alone.
    B,
}

impl Side {
    /// `both`, `a` or `b`.
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Both => "both",
            Side::A => "a",
            Side::B => "b",
        }
    }
}

/// One layer of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedLayer {
    /// The layer.
    pub descriptor: Descriptor,
    /// Who has it.
    pub side: Side,
    /// Its number in `a`; 1 is the base.
    pub number_a: Option<usize>,
    /// Its number in `b`.
    pub number_b: Option<usize>,
    /// What made it, `RUN npm ci`; empty where the history does not say. A stranger's text.
    pub instruction: String,
}

/// One field of a comparison. The texts are a stranger's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedField {
    /// What it belongs to: `Image`, `Run`, `Environment`, `Ports`, `Volumes`, `Labels`, `Platforms`.
    pub group: &'static str,
    /// `Entrypoint`, or the name of a variable, a label, a platform.
    pub name: String,
    /// What `a` has; none where it has nothing.
    pub a: Option<String>,
    /// What `b` has.
    pub b: Option<String>,
}

impl ComparedField {
    /// Whether the two differ.
    pub fn differs(&self) -> bool {
        self.a != self.b
    }
}

/// Compares two images as they were read, each with the platform that was looked at.
pub fn compare(a: &Image, b: &Image) -> Comparison {
    let layers = layers(a.manifest.as_ref(), b.manifest.as_ref());
    let (shared_bytes, only_a_bytes, only_b_bytes) = bytes(&layers);
    let digest = |image: &Image| image.manifest.as_ref().map(|it| it.document.descriptor.digest.clone());
    let same_manifest = digest(a).is_some() && digest(a) == digest(b);
    Comparison {
        same: same_manifest || a.root.descriptor.digest == b.root.descriptor.digest,
        shared_bytes,
        only_a_bytes,
        only_b_bytes,
        layers,
        config: fields(&config_of(a), &config_of(b)),
        platforms: platforms(a, b),
    }
}

/// Bytes of both, of `a` alone and of `b` alone, each digest once: what one image has twice is stored once.
fn bytes(layers: &[ComparedLayer]) -> (u64, u64, u64) {
    let mut seen = HashSet::new();
    let mut of = |side: Side| {
        let of_side = layers.iter().filter(|layer| layer.side == side).map(|layer| &layer.descriptor);
        of_side.filter(|layer| seen.insert(&layer.digest)).map(|layer| layer.size).sum()
    };
    (of(Side::Both), of(Side::A), of(Side::B))
}

/// The layers of an image with what made each.
fn made(image: Option<&ImageManifest>) -> Vec<(Descriptor, String)> {
    let command = |step: &Step| {
        let history = step.history.as_ref()?;
        let (word, rest) = instruction(&history.created_by);
        Some(format!("{word} {rest}").trim().to_owned())
    };
    let steps = image.map(ImageManifest::steps).unwrap_or_default();
    steps
        .into_iter()
        .filter_map(|step| {
            let told = command(&step).unwrap_or_default();
            Some((step.layer?, told))
        })
        .collect()
}

fn layers(a: Option<&ImageManifest>, b: Option<&ImageManifest>) -> Vec<ComparedLayer> {
    let (of_a, of_b) = (made(a), made(b));
    // A layer may stand twice in one image: the first of one goes with the first of the other.
    let mut places: HashMap<&Digest, VecDeque<usize>> = HashMap::new();
    for (at, (layer, _)) in of_b.iter().enumerate() {
        places.entry(&layer.digest).or_default().push_back(at);
    }
    let partners: Vec<Option<usize>> =
        of_a.iter().map(|(layer, _)| places.get_mut(&layer.digest)?.pop_front()).collect();
    let paired: HashSet<usize> = partners.iter().flatten().copied().collect();
    let mut told = Vec::with_capacity(of_a.len() + of_b.len());
    let mut next = 0;
    let mut alone_until = |end: usize, told: &mut Vec<ComparedLayer>| {
        while next < end {
            if !paired.contains(&next) {
                told.push(layer(&of_b[next], Side::B, None, Some(next)));
            }
            next += 1;
        }
    };
    for (at, (made, partner)) in of_a.iter().zip(&partners).enumerate() {
        match partner {
            Some(partner) => {
                alone_until(*partner, &mut told);
                told.push(layer(made, Side::Both, Some(at), Some(*partner)));
            }
            None => told.push(layer(made, Side::A, Some(at), None)),
        }
    }
    alone_until(of_b.len(), &mut told);
    told
}

fn layer(
    (descriptor, told): &(Descriptor, String),
    side: Side,
    a: Option<usize>,
    b: Option<usize>,
) -> ComparedLayer {
    ComparedLayer {
        descriptor: descriptor.clone(),
        side,
        number_a: a.map(|at| at + 1),
        number_b: b.map(|at| at + 1),
        instruction: told.clone(),
    }
}

fn config_of(image: &Image) -> ImageConfig {
    image.manifest.as_ref().and_then(|manifest| manifest.config.clone()).unwrap_or_default()
}

/// Name and value of one group, in the order in which they are shown.
type Group = (&'static str, fn(&ImageConfig) -> Vec<(String, String)>);

const GROUPS: &[Group] = &[
    ("Image", |config| {
        let platform = Some(config.platform()).filter(|platform| !platform.is_unknown());
        told([
            ("Created", config.created.clone()),
            ("Author", config.author.clone()),
            ("Platform", platform.map(|platform| platform.to_string())),
        ])
    }),
    ("Run", |config| run(&config.config)),
    ("Environment", |config| {
        let pairs = config.config.env.iter().map(|entry| entry.split_once('=').unwrap_or((entry, "")));
        // The last of a name counts, as for a container.
        let last: BTreeMap<&str, &str> = pairs.collect();
        last.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }),
    ("Ports", |config| present(&config.config.exposed_ports)),
    ("Volumes", |config| present(&config.config.volumes)),
    ("Labels", |config| {
        config.config.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }),
];

fn run(config: &ContainerConfig) -> Vec<(String, String)> {
    told([
        ("Entrypoint", words(&config.entrypoint)),
        ("Cmd", words(&config.cmd)),
        ("User", config.user.clone()),
        ("WorkingDir", config.working_dir.clone()),
        ("StopSignal", config.stop_signal.clone()),
        ("Shell", words(&config.shell)),
        ("Healthcheck", config.healthcheck.as_ref().map(ToString::to_string)),
        ("OnBuild", words(&config.on_build)),
    ])
}

fn told<const N: usize>(fields: [(&str, Option<String>); N]) -> Vec<(String, String)> {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// In exec form, as a Dockerfile has it.
fn words(words: &[String]) -> Option<String> {
    if words.is_empty() { None } else { serde_json::to_string(words).ok() }
}

/// What is only there or not.
fn present(names: &[String]) -> Vec<(String, String)> {
    names.iter().map(|name| (name.clone(), name.clone())).collect()
}

fn fields(a: &ImageConfig, b: &ImageConfig) -> Vec<ComparedField> {
    GROUPS.iter().flat_map(|(group, read)| side_by_side(group, read(a), read(b))).collect()
}

/// Names in `a`'s order, then those that `b` has alone.
fn side_by_side(
    group: &'static str,
    a: Vec<(String, String)>,
    b: Vec<(String, String)>,
) -> Vec<ComparedField> {
    let mut of_b: HashMap<String, String> = b.iter().cloned().collect();
    let mut fields: Vec<ComparedField> = a
        .into_iter()
        .map(|(name, value)| {
            let other = of_b.remove(&name);
            ComparedField { group, name, a: Some(value), b: other }
        })
        .collect();
    for (name, _) in b {
        if let Some(value) = of_b.remove(&name) {
            fields.push(ComparedField { group, name, a: None, b: Some(value) });
        }
    }
    fields
}

fn platforms(a: &Image, b: &Image) -> Vec<ComparedField> {
    if a.index.is_none() && b.index.is_none() {
        return Vec::new();
    }
    side_by_side("Platforms", platforms_of(a), platforms_of(b))
}

fn platforms_of(image: &Image) -> Vec<(String, String)> {
    let entries: Vec<(String, &Digest)> = match (&image.index, &image.manifest) {
        (Some(index), _) => {
            let known = index.platforms().into_iter();
            known.map(|(entry, platform)| (name_of(platform), &entry.digest)).collect()
        }
        (None, Some(manifest)) => {
            vec![(name_of(manifest.platform.as_ref()), &manifest.document.descriptor.digest)]
        }
        (None, None) => Vec::new(),
    };
    let mut told: Vec<(String, String)> = Vec::new();
    for (platform, digest) in entries {
        // One platform twice: both digests are its value.
        match told.iter_mut().find(|(name, _)| *name == platform) {
            Some((_, value)) => *value += &format!(", {digest}"),
            None => told.push((platform, digest.to_string())),
        }
    }
    told
}

fn name_of(platform: Option<&oci::Platform>) -> String {
    platform.map_or_else(|| "unnamed".to_owned(), ToString::to_string)
}
