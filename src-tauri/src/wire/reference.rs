//! References taken apart.

use oci::explain;
use serde::Serialize;
use ts_rs::TS;

/// A part of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum SegmentKind {
    Registry,
    Namespace,
    Repository,
    Tag,
    Digest,
}

impl From<explain::SegmentKind> for SegmentKind {
    fn from(kind: explain::SegmentKind) -> Self {
        match kind {
            explain::SegmentKind::Registry => Self::Registry,
            explain::SegmentKind::Namespace => Self::Namespace,
            explain::SegmentKind::Repository => Self::Repository,
            explain::SegmentKind::Tag => Self::Tag,
            explain::SegmentKind::Digest => Self::Digest,
        }
    }
}

/// Where a part comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    Typed,
    Implied,
    Absent,
}

impl From<explain::Presence> for Presence {
    fn from(presence: explain::Presence) -> Self {
        match presence {
            explain::Presence::Typed => Self::Typed,
            explain::Presence::Implied => Self::Implied,
            explain::Presence::Absent => Self::Absent,
        }
    }
}

/// One bracket of the breakdown. `text` has no punctuation; for an absent segment it is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Segment {
    pub kind: SegmentKind,
    pub text: String,
    pub presence: Presence,
    pub explanation: String,
}

/// Which surprise it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TrapCode {
    HubNotRegistry,
    UpperCase,
    DigestWins,
    TagLikePort,
    SchemeTyped,
    LatestMoves,
}

impl From<explain::TrapCode> for TrapCode {
    fn from(code: explain::TrapCode) -> Self {
        match code {
            explain::TrapCode::HubNotRegistry => Self::HubNotRegistry,
            explain::TrapCode::UpperCase => Self::UpperCase,
            explain::TrapCode::DigestWins => Self::DigestWins,
            explain::TrapCode::TagLikePort => Self::TagLikePort,
            explain::TrapCode::SchemeTyped => Self::SchemeTyped,
            explain::TrapCode::LatestMoves => Self::LatestMoves,
        }
    }
}

/// Something about the input that surprises people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Trap {
    pub code: TrapCode,
    pub message: String,
}

/// A reference in five parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Breakdown {
    pub registry: String,
    /// namespace and repository
    pub path: String,
    pub namespace: String,
    pub repository: String,
    pub tag: Option<String>,
    pub digest: Option<String>,
    pub canonical: String,
    pub familiar: String,
    pub api_host: String,
    pub implied: Vec<SegmentKind>,
    pub segments: Vec<Segment>,
    /// What to append to the typed text as a grey ghost, e.g. `:latest`; empty if none.
    pub ghost: String,
}

/// Why a text is no reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Problem {
    pub message: String,
    pub hint: Option<String>,
    /// Byte offset into the input where the underline begins.
    pub from: usize,
    /// And where it ends.
    pub to: usize,
}

/// What an input means, or why it means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Explanation {
    pub input: String,
    pub breakdown: Option<Breakdown>,
    pub problem: Option<Problem>,
    pub traps: Vec<Trap>,
}

impl From<explain::Explanation> for Explanation {
    fn from(found: explain::Explanation) -> Self {
        let traps =
            found.traps.into_iter().map(|trap| Trap { code: trap.code.into(), message: trap.message });
        let (breakdown, problem) = match found.outcome {
            Ok(breakdown) => (Some(breakdown.into()), None),
            Err(problem) => {
                let (from, to) = (problem.span.start, problem.span.end);
                (None, Some(Problem { message: problem.message, hint: problem.hint, from, to }))
            }
        };
        Self { input: found.input, breakdown, problem, traps: traps.collect() }
    }
}

impl From<explain::Breakdown> for Breakdown {
    fn from(found: explain::Breakdown) -> Self {
        let reference = &found.reference;
        let name = reference.repository();
        Self {
            registry: reference.registry().as_str().to_owned(),
            path: name.path().to_owned(),
            namespace: name.namespace().to_owned(),
            repository: name.repository().to_owned(),
            tag: reference.tag().map(ToString::to_string),
            digest: reference.digest().map(ToString::to_string),
            canonical: reference.canonical(),
            familiar: reference.familiar(),
            api_host: reference.registry().api_host().to_owned(),
            implied: found.implied().into_iter().map(SegmentKind::from).collect(),
            segments: found.segments.into_iter().map(Segment::from).collect(),
            ghost: found.ghost,
        }
    }
}

impl From<explain::Segment> for Segment {
    fn from(found: explain::Segment) -> Self {
        Self {
            kind: found.kind.into(),
            text: found.text,
            presence: found.presence.into(),
            explanation: found.explanation,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wire(input: &str) -> serde_json::Value {
        serde_json::to_value(Explanation::from(explain::explain(input))).expect("JSON")
    }

    #[test]
    fn a_breakdown_crosses_whole() {
        let shown = wire("nginx");
        let parts = &shown["breakdown"];
        assert_eq!(parts["canonical"], "docker.io/library/nginx:latest");
        assert_eq!(parts["apiHost"], "registry-1.docker.io");
        assert_eq!(parts["implied"], json!(["registry", "namespace", "tag"]));
        assert_eq!(parts["ghost"], ":latest");
        let kinds: Vec<_> =
            parts["segments"].as_array().expect("five").iter().map(|it| &it["kind"]).collect();
        assert_eq!(kinds, ["registry", "namespace", "repository", "tag", "digest"]);
        assert_eq!(parts["segments"][4]["presence"], "absent");
        assert_eq!(shown["problem"], json!(null));
    }

    #[test]
    fn f057_a_problem_says_where() {
        let shown = wire("https://nginx");
        assert_eq!(shown["breakdown"], json!(null));
        assert_eq!((&shown["problem"]["from"], &shown["problem"]["to"]), (&json!(0), &json!(8)));
        assert_eq!(shown["traps"][0]["code"], "scheme_typed");
    }
}
