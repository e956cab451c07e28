//! The graph of an image: which documents there are and what each points to. The only switch on what a fetched
//! manifest is.
//!
//! [`Node::parse`] is strict, because what it returns decides what is fetched and run: one JSON reader, one
//! meaning, bounded counts (fault rows 60 to 64, 68). What it refuses as [`NodeProblem::is_unsupported`] may still
//! be shown as text.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::descriptor::Descriptor;
use crate::index::Index;
use crate::manifest::Manifest;
use crate::media_type::{self, OCI_INDEX, OCI_MANIFEST};
use crate::strict_json;

/// The largest manifest or index, bytes (distribution-spec asks registries to take at least this much).
pub const MANIFEST_CAP: u64 = 4 * 1024 * 1024;
/// How many indexes may stand above one another, the outermost counted.
pub const MAX_INDEX_DEPTH: usize = 4;
/// The most layers of a manifest, and the most entries of an index.
pub const MAX_CHILDREN: usize = 10_000;

/// A manifest or an index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and a box would only be in the way of matching"
)]
pub enum Node {
    /// One config and its layers.
    Manifest(Manifest),
    /// Entries, each a manifest or another index.
    Index(Index),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Manifest,
    Index,
}

impl Node {
    /// Reads a manifest or an index. `content_type` is what the transport says it is (an HTTP header, a
    /// descriptor), if it says so; a general type such as `application/json` says nothing.
    ///
    /// # Errors
    /// Whatever is ambiguous, malformed, too large, or not one of the two.
    pub fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Node, NodeProblem> {
        if bytes.len() as u64 > MANIFEST_CAP {
            return Err(NodeProblem::TooLarge { size: bytes.len() as u64 });
        }
        let header = content_type.map(media_type::essence).filter(|media_type| says_something(media_type));
        let Value::Object(mut document) = strict_json::read(bytes)? else {
            return Err(NodeProblem::Invalid("it is no JSON object".to_owned()));
        };
        refuse_lookalikes(&document, FIELDS)?;
        let own = match document.get("mediaType") {
            None | Some(Value::Null) => None,
            Some(Value::String(own)) if own.is_empty() => None,
            Some(Value::String(own)) => Some(own.clone()),
            Some(_) => return Err(NodeProblem::Invalid("its `mediaType` is no text".to_owned())),
        };
        refuse_schema1(&document, own.as_deref(), header)?;
        if let (Some(own), Some(header)) = (&own, header)
            && !media_type::same(own, header)
        {
            return Err(NodeProblem::TypeMismatch { header: header.to_owned(), body: own.clone() });
        }
        let (shape, media_type) = shape(&document, own.as_deref(), header)?;
        check_version(&document)?;
        document.insert("mediaType".to_owned(), Value::String(media_type));
        match shape {
            Shape::Manifest => {
                check_children(&document, "layers")?;
                typed(document).map(Node::Manifest)
            }
            Shape::Index => {
                check_children(&document, "manifests")?;
                typed(document).map(Node::Index)
            }
        }
    }

    /// What the document is, by its own word or, where it has none, the transport's.
    pub fn media_type(&self) -> &str {
        match self {
            Node::Manifest(manifest) => &manifest.media_type,
            Node::Index(index) => &index.media_type,
        }
    }

    /// What the document needs: config and layers, or the entries. Not the subject, which is needed by nothing.
    pub fn successors(&self) -> Vec<&Descriptor> {
        match self {
            Node::Manifest(manifest) => std::iter::once(&manifest.config).chain(&manifest.layers).collect(),
            Node::Index(index) => index.manifests.iter().collect(),
        }
    }

    /// What the document is about.
    pub fn subject(&self) -> Option<&Descriptor> {
        match self {
            Node::Manifest(manifest) => manifest.subject.as_ref(),
            Node::Index(index) => index.subject.as_ref(),
        }
    }

    /// What kind of artifact it is; `None` for an image and for an index of images.
    pub fn artifact_type(&self) -> Option<&str> {
        match self {
            Node::Manifest(manifest) => manifest.artifact_type(),
            Node::Index(index) => index.artifact_type.as_deref().filter(|own| !own.is_empty()),
        }
    }
}

/// Why bytes are no manifest and no index that this crate takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeProblem {
    /// Over [`MANIFEST_CAP`].
    #[error("the manifest has {size} bytes; at most {MANIFEST_CAP} are read")]
    TooLarge {
        /// Its size, bytes.
        size: u64,
    },
    /// Not text.
    #[error("the manifest is not UTF-8 from byte {at} on")]
    NotUtf8 {
        /// The first byte that is none.
        at: usize,
    },
    /// Not JSON; the text says where.
    #[error("the manifest is not JSON: {0}")]
    NotJson(String),
    /// Arrays and objects nested more than 128 deep.
    #[error("the manifest nests more than {} levels deep", strict_json::MAX_DEPTH)]
    TooDeep,
    /// A key twice in one object: readers would disagree on which counts.
    #[error("the manifest has the key `{}` twice in one object", shown(key))]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// More after the document.
    #[error("the manifest goes on after its end")]
    TrailingData,
    /// Both kinds in one: readers would disagree on which it is.
    #[error(
        "the manifest has `manifests` and also `{field}`: it would be an index to some and an image to others"
    )]
    Both {
        /// The field that an index has not.
        field: &'static str,
    },
    /// The transport says one thing, the document another.
    #[error("the manifest was sent as `{}` but is `{}`", shown(header), shown(body))]
    TypeMismatch {
        /// What the header or the descriptor says.
        header: String,
        /// What the document says, or what its fields show.
        body: String,
    },
    /// Docker's first format.
    #[error("the manifest is in Docker's schema 1, which registries and clients gave up")]
    Schema1,
    /// Neither a manifest nor an index.
    #[error("`{}` is neither an image nor an index of images", shown(media_type))]
    Unsupported {
        /// What it says it is.
        media_type: String,
    },
    /// More layers or entries than [`MAX_CHILDREN`].
    #[error("the manifest lists {found} {what}; at most {MAX_CHILDREN} are read")]
    TooMany {
        /// `layers` or `manifests`.
        what: &'static str,
        /// How many there are.
        found: usize,
    },
    /// A field is missing or has a value that it can't have.
    #[error("the manifest is malformed: {0}")]
    Invalid(String),
}

impl NodeProblem {
    /// Whether the document is sound but of a kind that is not taken: worth showing as text.
    pub fn is_unsupported(&self) -> bool {
        matches!(self, NodeProblem::Schema1 | NodeProblem::Unsupported { .. })
    }

    /// One next action.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            NodeProblem::Schema1 => Some("build or push the image again with a Docker of this decade"),
            NodeProblem::Unsupported { .. } => Some("open it as text"),
            _ => None,
        }
    }
}

/// The fields whose meaning must not depend on how a reader takes letter case: Go's takes `Layers` for `layers`.
const FIELDS: &[&str] = &[
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "subject",
    "annotations",
    "fsLayers",
];
const DESCRIPTOR_FIELDS: &[&str] =
    &["mediaType", "digest", "size", "urls", "annotations", "data", "platform", "artifactType"];

fn refuse_lookalikes(object: &Map<String, Value>, fields: &[&str]) -> Result<(), NodeProblem> {
    for key in object.keys() {
        if let Some(field) = fields.iter().find(|field| key.eq_ignore_ascii_case(field) && key != *field) {
            return Err(NodeProblem::Invalid(format!("`{key}` would be `{field}` to some readers")));
        }
    }
    Ok(())
}

fn says_something(media_type: &str) -> bool {
    const GENERAL: &[&str] = &["", "application/json", "application/octet-stream", "text/plain", "text/json"];
    !GENERAL.iter().any(|general| media_type.eq_ignore_ascii_case(general))
}

/// By the content too: schema 1 also travels as plain `application/json`.
fn refuse_schema1(
    document: &Map<String, Value>,
    own: Option<&str>,
    header: Option<&str>,
) -> Result<(), NodeProblem> {
    let by_type = own.is_some_and(media_type::is_schema1) || header.is_some_and(media_type::is_schema1);
    let by_content = document.contains_key("fsLayers")
        || document.get("schemaVersion").and_then(Value::as_u64).is_some_and(|version| version == 1);
    if by_type || by_content { Err(NodeProblem::Schema1) } else { Ok(()) }
}

/// What the document is, by its fields, checked against what it and the transport say.
fn shape(
    document: &Map<String, Value>,
    own: Option<&str>,
    header: Option<&str>,
) -> Result<(Shape, String), NodeProblem> {
    let has = |field: &str| document.contains_key(field);
    if has("manifests")
        && let Some(field) = ["layers", "config"].into_iter().find(|field| has(field))
    {
        return Err(NodeProblem::Both { field });
    }
    let said = match own.or(header) {
        Some(said) if media_type::is_manifest(said) => Some(Shape::Manifest),
        Some(said) if media_type::is_index(said) => Some(Shape::Index),
        Some(said) => return Err(NodeProblem::Unsupported { media_type: said.to_owned() }),
        None => None,
    };
    let shown = if has("manifests") {
        Some(Shape::Index)
    } else if has("layers") || has("config") {
        Some(Shape::Manifest)
    } else {
        None
    };
    let by_fields = |shape| if shape == Shape::Index { OCI_INDEX } else { OCI_MANIFEST };
    match (said, shown) {
        (Some(said), Some(shown)) if said != shown => Err(NodeProblem::TypeMismatch {
            header: own.or(header).unwrap_or_default().to_owned(),
            body: by_fields(shown).to_owned(),
        }),
        (Some(shape), Some(_)) => Ok((shape, own.or(header).unwrap_or_default().to_owned())),
        (None, Some(shape)) => Ok((shape, by_fields(shape).to_owned())),
        (Some(_), None) => Err(NodeProblem::Invalid("it has neither `config` nor `manifests`".to_owned())),
        (None, None) => Err(NodeProblem::Unsupported { media_type: "application/json".to_owned() }),
    }
}

/// image-spec asks for 2. Its absence is harmless and seen in the wild; another number is another format.
fn check_version(document: &Map<String, Value>) -> Result<(), NodeProblem> {
    match document.get("schemaVersion") {
        None => Ok(()),
        Some(version) if version.as_u64() == Some(2) => Ok(()),
        Some(version) => Err(NodeProblem::Invalid(format!(
            "its `schemaVersion` is `{}`, not `2`",
            shown(&version.to_string())
        ))),
    }
}

fn check_children(document: &Map<String, Value>, what: &'static str) -> Result<(), NodeProblem> {
    let children = document.get(what).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if children.len() > MAX_CHILDREN {
        return Err(NodeProblem::TooMany { what, found: children.len() });
    }
    let others = ["config", "subject"].into_iter().filter_map(|field| document.get(field));
    for descriptor in children.iter().chain(others).filter_map(Value::as_object) {
        refuse_lookalikes(descriptor, DESCRIPTOR_FIELDS)?;
    }
    Ok(())
}

fn typed<T: DeserializeOwned>(document: Map<String, Value>) -> Result<T, NodeProblem> {
    serde_json::from_value(Value::Object(document))
        .map_err(|problem| NodeProblem::Invalid(problem.to_string()))
}

/// At most 80 characters of a stranger's text.
fn shown(text: &str) -> String {
    match text.char_indices().nth(80) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}
