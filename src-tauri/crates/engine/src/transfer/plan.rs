//! What a transfer will move: the documents of the chosen platforms and every blob once.

use std::collections::{HashMap, HashSet};

use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::{MAX_CHILDREN, MAX_INDEX_DEPTH, Node, NodeProblem};
use oci::index::Index;
use oci::platform::Platform;

use super::choice::{self, Choice};
use super::{Platforms, Request};
use crate::endpoint::{Document, ImageSink, ImageSource};
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
    /// What the name will point to at the sink.
    pub root: Descriptor,
    /// Indexes and manifests, children before their parents: the root is the last.
    pub documents: Vec<Document>,
    /// Every blob once, in the manifests' order: config first, then layers from the base up.
    pub blobs: Vec<Blob>,
    /// Layers that stay with their publisher: moved only where the sink insists.
    pub foreign: Vec<Blob>,
    /// Platforms of the index at the source that the root does not have.
    pub lost: Vec<Platform>,
    /// What of it should be said before anything is moved, a sentence each.
    pub warnings: Vec<String>,
}

impl Plan {
    /// Looks the target up and reads its manifests. What the sink has may be listed by an index although the source can't
    /// give it.
    ///
    /// # Errors
    /// [`Code::PlatformMissing`], [`Code::ManifestInvalid`], [`Code::ManifestUnsupported`], and what the source gives.
    pub async fn of(
        source: &dyn ImageSource,
        sink: Option<&dyn ImageSink>,
        request: &Request,
        job: &Job,
    ) -> Result<Self> {
        let root = source.resolve(&request.target, job).await.map_err(|error| error.on_side(Side::Source))?;
        let choice = choice::choose(source, sink, root, &request.platforms, job).await?;
        let Choice { root, elsewhere, lost, warning } = choice;
        let mut plan = Self {
            root: root.descriptor.clone(),
            documents: Vec::new(),
            blobs: Vec::new(),
            foreign: Vec::new(),
            lost,
            warnings: warning.into_iter().collect(),
        };
        plan.walk(source, root, &request.platforms, &elsewhere, job).await?;
        if let Some(sink) = sink {
            plan.leave_foreign(sink);
        }
        Ok(plan)
    }

    fn leave_foreign(&mut self, sink: &dyn ImageSink) {
        self.foreign = self.blobs.extract_if(.., |blob| !sink.takes(&blob.descriptor)).collect();
        for Blob { descriptor, .. } in &self.foreign {
            let from = descriptor.urls.first().map_or("", String::as_str);
            self.warnings.push(format!(
                "layer `{}` is not pushed: its publisher alone distributes it, from `{from}`",
                descriptor.digest.short()
            ));
        }
    }

    /// The document that the name will point to.
    pub fn root_document(&self) -> &Document {
        self.documents.last().expect("a plan has its root")
    }

    /// Reads documents depth first without recursion; what is on the way down waits on a stack.
    async fn walk(
        &mut self,
        source: &dyn ImageSource,
        root: Document,
        platforms: &Platforms,
        elsewhere: &HashSet<Digest>,
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
            if elsewhere.contains(&descriptor.digest) || !documents_seen.is_new(&descriptor)? {
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
                    Platforms::All | Platforms::Present | Platforms::These(_) => index.manifests.clone(),
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

pub(super) fn parse(document: &Document) -> Result<Node> {
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
    Err(missing_platform(wanted, choices(index), descriptor))
}

/// The error for a platform that is not among `choices`.
pub(super) fn missing_platform(wanted: &Platform, choices: Vec<String>, descriptor: &Descriptor) -> Error {
    let hint = match choices.first() {
        Some(first) => format!("Choose one with `--platform`, for example `--platform {first}`"),
        None => "The index names no platforms; pull one of its manifests by digest".to_owned(),
    };
    Error::new(
        Code::PlatformMissing,
        format!("the image has no manifest for `{wanted}`; it has {}", list(&choices)),
    )
    .with_hint(hint)
    .with_choices(choices)
    .at_digest(&descriptor.digest)
    .on_side(Side::Source)
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

pub(super) fn list(choices: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut text: Vec<String> = choices.iter().take(SHOWN).map(|choice| format!("`{choice}`")).collect();
    if choices.len() > SHOWN {
        text.push(format!("{} more", choices.len() - SHOWN));
    }
    if text.is_empty() { "none that is named".into() } else { text.join(", ") }
}
