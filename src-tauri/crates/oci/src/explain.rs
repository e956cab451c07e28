//! A reference taken apart for a person: what each part is, whether it was typed or implied, and what surprises.

use crate::name::LIBRARY;
use crate::parse::{Parsed, parse};
use crate::reference::{Reference, ReferenceProblem};
use crate::{explain_text, traps};

/// What `input` means, or why it means nothing. Cheap enough for every key press; never fails.
pub fn explain(input: &str) -> Explanation {
    let parsed = parse(input);
    let traps = traps::traps(input, &parsed);
    let outcome = parsed.map(|parsed| break_down(input, parsed));
    Explanation { input: input.to_owned(), outcome, traps }
}

/// The answer of [`explain`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What was typed, unchanged.
    pub input: String,
    /// The parts, or what is wrong and where.
    pub outcome: Result<Breakdown, ReferenceProblem>,
    /// What surprises people about this input. There may be some where there is no breakdown.
    pub traps: Vec<Trap>,
}

/// A reference in five parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breakdown {
    /// The reference, normalised.
    pub reference: Reference,
    /// Always five, in the order of [`SegmentKind`].
    pub segments: Vec<Segment>,
    /// What to show in grey after the typed text: `:latest` where that tag is implied, else empty.
    pub ghost: String,
}

impl Breakdown {
    /// The kinds of the parts that were not typed but are meant.
    pub fn implied(&self) -> Vec<SegmentKind> {
        let implied = self.segments.iter().filter(|segment| segment.presence == Presence::Implied);
        implied.map(|segment| segment.kind).collect()
    }
}

/// One part of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Which part.
    pub kind: SegmentKind,
    /// Its text, normalised and without punctuation; empty where it is absent.
    pub text: String,
    /// Where it comes from.
    pub presence: Presence,
    /// What it is, in a few plain sentences; values in backticks.
    pub explanation: String,
}

/// The parts of a reference, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SegmentKind {
    /// The host that keeps the image.
    Registry,
    /// The path between registry and repository.
    Namespace,
    /// The last part of the path.
    Repository,
    /// The movable label.
    Tag,
    /// The hash of the manifest.
    Digest,
}

impl SegmentKind {
    /// `registry`, `namespace`, `repository`, `tag` or `digest`.
    pub fn as_str(self) -> &'static str {
        match self {
            SegmentKind::Registry => "registry",
            SegmentKind::Namespace => "namespace",
            SegmentKind::Repository => "repository",
            SegmentKind::Tag => "tag",
            SegmentKind::Digest => "digest",
        }
    }
}

/// Where a part of a reference comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// It was typed.
    Typed,
    /// It was not typed, but is meant.
    Implied,
    /// It is not there.
    Absent,
}

impl Presence {
    /// `typed`, `implied` or `absent`.
    pub fn as_str(self) -> &'static str {
        match self {
            Presence::Typed => "typed",
            Presence::Implied => "implied",
            Presence::Absent => "absent",
        }
    }
}

/// Something about the input that surprises people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// Which one.
    pub code: TrapCode,
    /// What it means here, values in backticks.
    pub message: String,
}

/// The traps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrapCode {
    /// The first part looks like a registry, or might be meant as one, and is a name on Docker Hub.
    HubNotRegistry,
    /// Upper case: refused in a path, and in a first part it makes a host of it.
    UpperCase,
    /// With both tag and digest the tag is not looked at.
    DigestWins,
    /// A tag that looks like a port.
    TagLikePort,
    /// A URL was typed.
    SchemeTyped,
    /// The tag `latest` moves.
    LatestMoves,
}

impl TrapCode {
    /// `hub_not_registry`, `upper_case`, `digest_wins`, `tag_like_port`, `scheme_typed` or `latest_moves`.
    pub fn as_str(self) -> &'static str {
        match self {
            TrapCode::HubNotRegistry => "hub_not_registry",
            TrapCode::UpperCase => "upper_case",
            TrapCode::DigestWins => "digest_wins",
            TrapCode::TagLikePort => "tag_like_port",
            TrapCode::SchemeTyped => "scheme_typed",
            TrapCode::LatestMoves => "latest_moves",
        }
    }
}

fn break_down(input: &str, parsed: Parsed) -> Breakdown {
    let tag_typed = parsed.tag.is_some();
    let library_implied = parsed.library_implied;
    let registry_presence = match () {
        () if parsed.registry_typed => Presence::Typed,
        () if parsed.repository.registry().is_unnamed() => Presence::Absent,
        () => Presence::Implied,
    };
    let reference = Reference::new(parsed.repository, parsed.tag, parsed.digest);
    let namespace_presence = match reference.repository().namespace() {
        "" => Presence::Absent,
        LIBRARY if library_implied => Presence::Implied,
        _ => Presence::Typed,
    };
    let tag_presence = match reference.tag() {
        Some(_) if tag_typed => Presence::Typed,
        Some(_) => Presence::Implied,
        None => Presence::Absent,
    };
    let digest_presence = if reference.digest().is_some() { Presence::Typed } else { Presence::Absent };

    let name = reference.repository();
    let segment = |kind, text: &str, presence, explanation| Segment {
        kind,
        text: text.to_owned(),
        presence,
        explanation,
    };
    let segments = vec![
        segment(
            SegmentKind::Registry,
            name.registry().as_str(),
            registry_presence,
            explain_text::registry(name, registry_presence),
        ),
        segment(
            SegmentKind::Namespace,
            name.namespace(),
            namespace_presence,
            explain_text::namespace(name, namespace_presence),
        ),
        segment(
            SegmentKind::Repository,
            name.repository(),
            Presence::Typed,
            explain_text::repository().to_owned(),
        ),
        segment(
            SegmentKind::Tag,
            reference.tag().map_or("", |tag| tag.as_str()),
            tag_presence,
            explain_text::tag(&reference, tag_presence),
        ),
        segment(
            SegmentKind::Digest,
            reference.digest().map_or("", |digest| digest.as_str()),
            digest_presence,
            explain_text::digest(&reference),
        ),
    ];
    let ghost = if tag_presence == Presence::Implied { ":latest".to_owned() } else { String::new() };
    debug_assert!(ghost.is_empty() || !input.contains('@'), "a digest leaves no tag to imply");
    Breakdown { reference, segments, ghost }
}
