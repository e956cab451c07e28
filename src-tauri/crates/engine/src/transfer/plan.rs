//! What a transfer will move: the documents of the chosen platforms and every blob once.

use std::collections::HashMap;

use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::{MAX_CHILDREN, MAX_INDEX_DEPTH, Node, NodeProblem};
use oci::index::Index;
use oci::platform::Platform;

use super::{Platforms, Request};
use crate::endpoint::{Document, ImageSource};
use crate::error::{Code, Error, Result, Side};
use crate::job::{Job, NodeKind};

/// One blob to be at the sink.
#[derive(Clone, Debug)]
pub struct Blob {
    /// What it is.
    pub descriptor: Descriptor,
    /// Config or layer.
    pub kind: NodeKind,
}

/// Everything that an image's transfer consists of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the name points to.
    pub root: Descriptor,
    /// Indexes and manifests, children before their parents.
    pub documents: Vec<Document>,
    /// Every blob once, in the manifests' order: config first, then layers from the base up.
    pub blobs: Vec<Blob>,
}

impl Plan {
    /// Looks the target up and reads its manifests.
    ///
    /// # Errors
    /// [`Code::PlatformMissing`], [`Code::ManifestInvalid`], [`Code::ManifestUnsupported`], and what the source gives.
    pub async fn of(source: &dyn ImageSource, request: &Request, job: &Job) -> Result<Self> {
        let root = source.resolve(&request.target, job).await.map_err(|error| error.on_side(Side::Source))?;
        let mut plan = Self { root: root.descriptor.clone(), documents: Vec::new(), blobs: Vec::new() };
        plan.walk(source, root, &request.platforms, job).await?;
        Ok(plan)
    }

    /// Reads documents depth first without recursion; what is on the way down waits on a stack.
    async fn walk(
        &mut self,
        source: &dyn ImageSource,
        root: Document,
        platforms: &Platforms,
        job: &Job,
    ) -> Result<()> {
        enum Step {
            Read(Descriptor, usize),
            Keep(Document),
        }
        let mut first = Some(root);
        let root_descriptor =
            first.as_ref().map(|root| root.descriptor.clone()).expect("the root was just given");
        let mut stack = vec![Step::Read(root_descriptor, 0)];
        let (mut documents_seen, mut blobs_seen) = (Seen::default(), Seen::default());
        while let Some(step) = stack.pop() {
            let (descriptor, depth) = match step {
                Step::Keep(document) => {
                    self.documents.push(document);
                    continue;
                }
                Step::Read(descriptor, depth) => (descriptor, depth),
            };
            if !documents_seen.is_new(&descriptor)? {
                continue;
            }
            if documents_seen.0.len() > MAX_CHILDREN {
                return Err(unbuildable(&format!("lists more than {MAX_CHILDREN} manifests"), &self.root));
            }
            let document = match first.take() {
                Some(root) => root,
                None => {
                    source.document(&descriptor, job).await.map_err(|error| error.on_side(Side::Source))?
                }
            };
            let node = parse(&document)?;
            let children: Vec<Descriptor> = match &node {
                Node::Index(_) if depth >= MAX_INDEX_DEPTH => {
                    return Err(unbuildable(
                        &format!("nests indexes more than {MAX_INDEX_DEPTH} deep"),
                        &self.root,
                    ));
                }
                Node::Index(index) => match platforms {
                    Platforms::All => index.manifests.clone(),
                    Platforms::Only(wanted) => vec![choose(index, wanted, &document.descriptor)?],
                },
                Node::Manifest(_) => {
                    for (at, blob) in node.successors().into_iter().enumerate() {
                        if blobs_seen.is_new(blob)? {
                            let kind = if at == 0 { NodeKind::Config } else { NodeKind::Layer };
                            self.blobs.push(Blob { descriptor: blob.clone(), kind });
                        }
                    }
                    Vec::new()
                }
            };
            stack.push(Step::Keep(document));
            stack.extend(children.into_iter().rev().map(|child| Step::Read(child, depth + 1)));
        }
        Ok(())
    }

    /// Bytes of all blobs.
    pub fn total(&self) -> u64 {
        self.blobs.iter().map(|blob| blob.descriptor.size).sum()
    }
}

/// Objects by digest, with the size that was claimed first.
#[derive(Default)]
struct Seen(HashMap<Digest, u64>);

impl Seen {
    /// Whether it was not seen before. The same digest with another size is a lie, one way or the other.
    fn is_new(&mut self, descriptor: &Descriptor) -> Result<bool> {
        let Some(first) = self.0.insert(descriptor.digest.clone(), descriptor.size) else { return Ok(true) };
        if first == descriptor.size {
            return Ok(false);
        }
        let why =
            format!("`{}` is listed with {first} bytes and with {}", descriptor.digest, descriptor.size);
        Err(Error::new(Code::ContentMismatch, why)
            .with_hint("The image was put together wrongly; ask whoever pushed it")
            .at_digest(&descriptor.digest)
            .on_side(Side::Source))
    }
}

fn unbuildable(what: &str, root: &Descriptor) -> Error {
    Error::new(Code::ManifestInvalid, format!("the index `{}` {what}", root.digest.short()))
        .with_hint("No image is built like this; ask whoever pushed it")
        .at_digest(&root.digest)
        .on_side(Side::Source)
}

fn parse(document: &Document) -> Result<Node> {
    Node::parse(&document.bytes, Some(&document.descriptor.media_type))
        .map_err(|problem| node_error(problem, &document.descriptor))
}

/// The error for a manifest that can't be read.
pub(crate) fn node_error(problem: NodeProblem, descriptor: &Descriptor) -> Error {
    let digest = descriptor.digest.short();
    let error = if problem.is_unsupported() {
        Error::new(Code::ManifestUnsupported, format!("`{digest}` is no image that can be pulled: {problem}"))
            .with_hint("It can be looked at as it is: `longshore inspect`")
    } else {
        Error::new(Code::ManifestInvalid, format!("the manifest `{digest}` is malformed: {problem}"))
            .with_hint("The registry serves something that no client can use; ask whoever pushed it")
    };
    error.with_source(problem).at_digest(&descriptor.digest).on_side(Side::Source)
}

fn choose(index: &Index, wanted: &Platform, descriptor: &Descriptor) -> Result<Descriptor> {
    if let Some(chosen) = index.choose(wanted) {
        return Ok(chosen.clone());
    }
    let choices = choices(index);
    let hint = match choices.first() {
        Some(first) => format!("Choose one with `--platform`, for example `--platform {first}`"),
        None => "The index names no platforms; pull one of its manifests by digest".to_owned(),
    };
    Err(Error::new(
        Code::PlatformMissing,
        format!("the image has no manifest for `{wanted}`; it has {}", list(&choices)),
    )
    .with_hint(hint)
    .with_choices(choices)
    .at_digest(&descriptor.digest)
    .on_side(Side::Source))
}

/// The platforms that an index offers, each once, in its order.
pub(crate) fn choices(index: &Index) -> Vec<String> {
    let mut choices = Vec::new();
    let known = index.platforms().into_iter().filter_map(|(_, platform)| platform);
    for platform in known.filter(|platform| !platform.is_unknown()) {
        let text = platform.to_string();
        if !choices.contains(&text) {
            choices.push(text);
        }
    }
    choices
}

fn list(choices: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut text: Vec<String> = choices.iter().take(SHOWN).map(|choice| format!("`{choice}`")).collect();
    if choices.len() > SHOWN {
        text.push(format!("{} more", choices.len() - SHOWN));
    }
    if text.is_empty() { "none that is named".into() } else { text.join(", ") }
}
