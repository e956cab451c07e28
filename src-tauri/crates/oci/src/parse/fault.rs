//! What is wrong with a text that is no reference: the words, the bytes to underline, and what to type instead.

use std::ops::Range;

use super::read;
use crate::digest::DigestProblem;
use crate::grammar::{self, ComponentFault, HostFault, TagFault};
use crate::reference::{ReferenceProblem, ReferenceProblemKind as Kind};

/// A problem whose hint is not yet checked.
pub(super) struct Fault {
    kind: Kind,
    message: String,
    hint: Hint,
    span: Range<usize>,
}

pub(super) enum Hint {
    None,
    Say(String),
    /// A text to offer if it is a reference.
    Try(String),
}

impl Fault {
    pub(super) fn new(kind: Kind, message: impl Into<String>, span: Range<usize>) -> Self {
        Fault { kind, message: message.into(), hint: Hint::None, span }
    }

    pub(super) fn say(self, hint: impl Into<String>) -> Self {
        Fault { hint: Hint::Say(hint.into()), ..self }
    }

    pub(super) fn try_instead(self, text: impl Into<String>) -> Self {
        Fault { hint: Hint::Try(text.into()), ..self }
    }

    pub(super) fn explain(self) -> ReferenceProblem {
        let hint = match self.hint {
            Hint::None => None,
            Hint::Say(hint) => Some(hint),
            // Nobody reads a suggestion longer than this.
            Hint::Try(text) => (text.len() <= 512 && read(&text).is_ok()).then(|| format!("try `{text}`")),
        };
        ReferenceProblem { kind: self.kind, message: self.message, hint, span: self.span }
    }
}

/// Says what is wrong with a host.
pub(super) fn host(fault: HostFault, host: &str) -> Fault {
    match fault {
        HostFault::Port(_) if host.matches(':').count() > 1 && !host.starts_with('[') => {
            let message = format!("`{}` is no host", shown(host));
            let hint = "put an IPv6 address in brackets, such as `[::1]:5000/app`";
            Fault::new(Kind::Host, message, 0..host.len()).say(hint)
        }
        HostFault::Port(span) if host[span.clone()].trim_start_matches(':').is_empty() => {
            let hint = format!("leave out the `:`, or type a number after it, such as `{}5000`", shown(host));
            Fault::new(Kind::Port, "the port after `:` is missing", span).say(hint)
        }
        HostFault::Port(span) => {
            let message = format!("`{}` is no port number", shown(&host[span.clone()]));
            let hint = "a tag stands after the last `/`; between host and path only a port may stand";
            Fault::new(Kind::Port, message, span).say(hint)
        }
        HostFault::Address(span) => {
            let message = "an IPv6 address is hexadecimal digits and colons between `[` and `]`";
            let fault = Fault::new(Kind::Host, message, span);
            if host.contains('%') { fault.say("leave out the zone, from `%` on") } else { fault }
        }
        HostFault::Host(span) => {
            let wrong = &host[span.clone()];
            let message = match wrong {
                "" => "the host is missing".to_owned(),
                _ if wrong.starts_with(':') => "the host in front of `:` is missing".to_owned(),
                _ => format!("`{}` is no host: `{}` can't stand there", shown(host), shown(wrong)),
            };
            let hint = "a host is letters, digits, `-` and `.`, with a port after `:` if need be";
            Fault::new(Kind::Host, message, span).say(hint)
        }
    }
}

/// Says what is wrong with the component of `path` that begins at `start`.
pub(super) fn component(fault: &ComponentFault, input: &str, start: usize, path: &Range<usize>) -> Fault {
    let moved = |span: &Range<usize>| start + span.start..start + span.end;
    match fault {
        ComponentFault::Empty => name_missing(input, start, path),
        ComponentFault::UpperCase(span) => upper_case(input, moved(span)),
        ComponentFault::Character(span) => {
            let span = moved(span);
            let wrong = &input[span.clone()];
            let hint = if wrong.starts_with('[') && span.start == 0 {
                "add a path after the host, such as `[::1]:5000/app`"
            } else {
                "a name is lower-case letters and digits, with `.`, `_`, `__` or `-` between them"
            };
            Fault::new(Kind::Name, format!("a repository's name can't hold `{}`", shown(wrong)), span)
                .say(hint)
        }
        ComponentFault::Separator(span) => {
            let span = moved(span);
            let wrong = shown(&input[span.clone()]);
            let at_edge = span.start == start
                || input.as_bytes().get(span.end).is_none_or(|b| matches!(b, b'/' | b':' | b'@'));
            let message = if at_edge {
                format!("a part of a name can't begin or end with `{wrong}`")
            } else {
                format!("`{wrong}` can't stand between two words of a name")
            };
            let hint = "between letters and digits one `.`, one or two `_`, or any number of `-` may stand";
            Fault::new(Kind::Name, message, span).say(hint)
        }
    }
}

fn name_missing(input: &str, start: usize, path: &Range<usize>) -> Fault {
    let next = input[start..].chars().next();
    let (message, span) = match next {
        _ if path.is_empty() && path.start > 0 => {
            ("the repository's name after the host is missing", start - 1..start)
        }
        _ if path.is_empty() => ("the repository's name is missing", 0..next.map_or(0, char::len_utf8)),
        Some('/') if start == 0 => ("a name can't begin with `/`", 0..1),
        Some('/') => ("there is nothing between two slashes", start - 1..start + 1),
        _ => ("there is nothing after the last `/`", start - 1..start),
    };
    let squeezed = input.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let fault = Fault::new(Kind::NameMissing, message, span);
    if path.is_empty() { fault } else { fault.try_instead(squeezed) }
}

/// Docker's own words for the most common refusal.
pub(super) fn upper_case(input: &str, span: Range<usize>) -> Fault {
    let before_digest = input.find('@').unwrap_or(input.len());
    let last_part = input[..before_digest].rfind('/').map_or(0, |at| at + 1);
    let name_end = input[last_part..].find([':', '@']).map_or(input.len(), |at| last_part + at);
    // Hosts have no letter case, and a tag keeps its own.
    let lower = format!("{}{}", input[..name_end].to_lowercase(), &input[name_end..]);
    Fault::new(Kind::UpperCase, "repository name must be lower case", span).try_instead(lower)
}

pub(super) fn upper_case_span(text: &str) -> Range<usize> {
    let start = text.find(char::is_uppercase).unwrap_or(0);
    let rest = &text[start..];
    start..start + rest.find(|c: char| !c.is_uppercase()).unwrap_or(rest.len())
}

/// Says what is wrong with the tag at `span` of `input`.
pub(super) fn tag(fault: &TagFault, input: &str, span: &Range<usize>) -> Fault {
    let moved = |inner: &Range<usize>| span.start + inner.start..span.start + inner.end;
    match fault {
        TagFault::Empty => Fault::new(
            Kind::Tag,
            if span.start == 0 { "the tag is empty" } else { "the tag after `:` is missing" },
            span.start.saturating_sub(1)..span.start,
        )
        .say("type a tag, such as `latest`"),
        TagFault::Start(inner) => {
            let message = format!("a tag can't begin with `{}`", &input[moved(inner)]);
            Fault::new(Kind::Tag, message, moved(inner)).say("a tag begins with a letter, a digit or `_`")
        }
        TagFault::Character(inner) => {
            let message = format!("a tag can't hold `{}`", shown(&input[moved(inner)]));
            let hint = "a tag is letters, digits, `_`, `.` and `-`";
            Fault::new(Kind::Tag, message, moved(inner)).say(hint)
        }
        TagFault::TooLong => {
            let message =
                format!("a tag has at most {} characters; this one has {}", grammar::TAG_MAX, span.len());
            Fault::new(Kind::Tag, message, span.clone())
        }
    }
}

/// Says what is wrong with the digest that begins at `start` and takes the rest of the input.
pub(super) fn digest(problem: &DigestProblem, input: &str, start: usize) -> Fault {
    let text = &input[start..];
    let colon = text.find(':').map_or(input.len(), |found| start + found);
    let hex = (colon + 1).min(input.len())..input.len();
    let span = match problem {
        DigestProblem::NoColon if text.is_empty() => start - 1..start,
        DigestProblem::NoColon => start..input.len(),
        DigestProblem::Algorithm(_) if colon == start => colon..colon + 1,
        DigestProblem::Algorithm(_) => start..colon,
        DigestProblem::Length { .. } if hex.is_empty() => colon..colon + 1,
        DigestProblem::UpperCase | DigestProblem::Length { .. } => hex,
        DigestProblem::NotHex { found } => {
            let wrong = input[hex.clone()].find(*found).map_or(hex.start, |at| hex.start + at);
            wrong..wrong + found.len_utf8()
        }
    };
    let fault = Fault::new(Kind::Digest(problem.clone()), problem.to_string(), span);
    match problem {
        DigestProblem::NoColon => fault.try_instead(format!("{}sha256:{text}", &input[..start])),
        DigestProblem::Algorithm(_) | DigestProblem::UpperCase => {
            fault.try_instead(format!("{}{}", &input[..start], text.to_lowercase()))
        }
        DigestProblem::Length { .. } => fault.say("copy the digest whole"),
        DigestProblem::NotHex { .. } => fault,
    }
}

/// At most 40 characters of `text`, so that a message stays readable whatever the input was.
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().nth(40) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}
