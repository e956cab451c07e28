//! From text to the parts of a reference: one pass forward, and a message for every way to fail.
//!
//! The order of decisions is that of distribution's `ParseNormalizedNamed`: the first part is a host or it is
//! not; then the path, the tag and the digest follow by the grammar. The verdict is distribution's; the messages
//! and hints are ours, and a hint that offers a text offers only one that parses.

use std::ops::Range;

use crate::digest::{Digest, DigestProblem};
use crate::grammar::{self, ComponentFault, HostFault, TagFault};
use crate::name::{HUB, LIBRARY, Registry, RepositoryName};
use crate::reference::{ReferenceProblem, ReferenceProblemKind as Kind, Tag};

/// The parts of a reference as they were typed; tag and digest are not filled in.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) repository: RepositoryName,
    pub(crate) tag: Option<Tag>,
    pub(crate) digest: Option<Digest>,
    /// Whether the registry was typed; otherwise Docker Hub is implied (or the name has no registry).
    pub(crate) registry_typed: bool,
    /// Whether `library/` was added.
    pub(crate) library_implied: bool,
    /// Where the name ends in the input, and `:tag` or `@digest` or nothing follows.
    pub(crate) suffix: usize,
}

/// Parses `input` as `ParseNormalizedNamed` does.
pub(crate) fn parse(input: &str) -> Result<Parsed, ReferenceProblem> {
    read(input).map_err(Fault::explain)
}

/// Checks a tag that stands alone.
pub(crate) fn parse_lone_tag(input: &str) -> Result<Tag, ReferenceProblem> {
    check_tag(input, 0..input.len()).map(|()| Tag::checked(input)).map_err(Fault::explain)
}

/// Checks a `host[:port]` that stands alone.
pub(crate) fn parse_lone_host(input: &str) -> Result<(), ReferenceProblem> {
    if let Some((scheme, rest)) = split_scheme(input) {
        let host = rest.split('/').next().unwrap_or_default();
        let hint = grammar::host_and_port(host).is_ok().then(|| format!("try `{host}`"));
        let message = format!("a registry's name has no `{scheme}://` in front");
        return Err(ReferenceProblem { kind: Kind::Scheme, message, hint, span: 0..scheme.len() + 3 });
    }
    check_host(input, input).map_err(Fault::explain)
}

/// Checks a path that stands alone.
pub(crate) fn parse_lone_path(path: &str, library_implied: bool) -> Result<(), ReferenceProblem> {
    check_path(path, 0..path.len(), library_implied).map_err(Fault::explain)
}

/// A problem whose hint is not yet checked.
struct Fault {
    kind: Kind,
    message: String,
    hint: Hint,
    span: Range<usize>,
}

enum Hint {
    None,
    Say(String),
    /// A text to offer if it is a reference.
    Try(String),
}

impl Fault {
    fn new(kind: Kind, message: impl Into<String>, span: Range<usize>) -> Self {
        Fault { kind, message: message.into(), hint: Hint::None, span }
    }

    fn say(self, hint: impl Into<String>) -> Self {
        Fault { hint: Hint::Say(hint.into()), ..self }
    }

    fn try_instead(self, text: impl Into<String>) -> Self {
        Fault { hint: Hint::Try(text.into()), ..self }
    }

    fn explain(self) -> ReferenceProblem {
        let hint = match self.hint {
            Hint::None => None,
            Hint::Say(hint) => Some(hint),
            // Nobody reads a suggestion longer than this.
            Hint::Try(text) => (text.len() <= 512 && read(&text).is_ok()).then(|| format!("try `{text}`")),
        };
        ReferenceProblem { kind: self.kind, message: self.message, hint, span: self.span }
    }
}

fn read(input: &str) -> Result<Parsed, Fault> {
    check_whole(input)?;
    let (host, path_start) = split(input);
    let (registry, path_start) = match host {
        Some(host) => match check_host(host, input) {
            Ok(()) => (Registry::from_reference(host), path_start),
            // A part such as `my_host.example` is no host but is a path, and then nothing says which registry.
            Err(_) if grammar::path_component(host).is_ok() => (Registry::from_reference(""), 0),
            Err(fault) => return Err(fault),
        },
        None => (Registry::docker_hub(), 0),
    };
    let suffix = input[path_start..].find([':', '@']).map_or(input.len(), |at| path_start + at);
    let path = &input[path_start..suffix];
    let library_implied = registry.as_str() == HUB && !input[path_start..].contains('/');
    check_path(input, path_start..suffix, library_implied)?;
    let (tag, digest_start) = read_tag(input, suffix)?;
    let digest = read_digest(input, digest_start)?;

    let registry_typed = host.is_some() && !registry.is_unnamed();
    let path = if library_implied { format!("{LIBRARY}/{path}") } else { path.to_owned() };
    let repository = RepositoryName::checked(registry, path);
    Ok(Parsed { repository, tag, digest, registry_typed, library_implied, suffix })
}

/// The host in front and where the path begins, by distribution's `splitDockerDomain`: a first part that is
/// `localhost`, has a dot or a colon, or an upper-case letter.
fn split(input: &str) -> (Option<&str>, usize) {
    match input.split_once('/') {
        Some((first, _)) if is_host_like(first) => (Some(first), first.len() + 1),
        _ => (None, 0),
    }
}

fn is_host_like(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || has_upper_case(first)
}

fn has_upper_case(text: &str) -> bool {
    text.chars().any(char::is_uppercase)
}

/// What is wrong with the text as a whole, whatever its parts.
fn check_whole(input: &str) -> Result<(), Fault> {
    if input.is_empty() {
        let fault = Fault::new(Kind::Empty, "the reference is empty", 0..0);
        return Err(fault.say("type an image's name, such as `nginx`"));
    }
    let blank = |c: char| c.is_whitespace() || c.is_control();
    if let Some(start) = input.find(blank) {
        let rest = &input[start..];
        let end = start + rest.find(|c| !blank(c)).unwrap_or(rest.len());
        let fault =
            Fault::new(Kind::Space, "a reference has no spaces and no control characters", start..end);
        // `docker pull nginx`, or space around a pasted name.
        return Err(fault.try_instead(input.split(blank).rfind(|word| !word.is_empty()).unwrap_or_default()));
    }
    if let Some((scheme, rest)) = split_scheme(input) {
        let message = format!("a reference has no `{scheme}://` in front");
        let fault = Fault::new(Kind::Scheme, message, 0..scheme.len() + 3);
        return Err(fault.try_instead(rest.trim_end_matches('/')));
    }
    if grammar::is_identifier(input) {
        let message = "64 hexadecimal digits alone read as an image's ID, not as a name";
        let hint = format!("to pin a digest, write the repository in front: `NAME@sha256:{}…`", &input[..12]);
        return Err(Fault::new(Kind::ImageId, message, 0..input.len()).say(hint));
    }
    Ok(())
}

/// `https://…` → `https` and the rest.
pub(crate) fn split_scheme(input: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = input.split_once("://")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    is_scheme.then_some((scheme, rest))
}

/// Checks a host that is the beginning of `input`, or all of it.
fn check_host(host: &str, input: &str) -> Result<(), Fault> {
    let Err(fault) = grammar::host_and_port(host) else { return Ok(()) };
    let lower = host.to_lowercase();
    if lower != host && !host.contains(['.', ':']) && grammar::path_component(&lower).is_ok() {
        // Only its upper case made it a host.
        return Err(upper_case(input, upper_case_span(host)));
    }
    Err(host_fault(fault, host))
}

fn host_fault(fault: HostFault, host: &str) -> Fault {
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

/// Checks the path at `span` of `input`. `library_implied` counts `library/` into its length.
fn check_path(input: &str, span: Range<usize>, library_implied: bool) -> Result<(), Fault> {
    let path = &input[span.clone()];
    let mut start = span.start;
    for component in path.split('/') {
        if let Err(fault) = grammar::path_component(component) {
            return Err(component_fault(&fault, input, start, &span));
        }
        start += component.len() + 1;
    }
    let length = path.len() + if library_implied { LIBRARY.len() + 1 } else { 0 };
    if length > grammar::PATH_MAX {
        let message = format!(
            "a repository's path has at most {} characters; this one has {length}",
            grammar::PATH_MAX
        );
        return Err(Fault::new(Kind::NameTooLong, message, span));
    }
    Ok(())
}

/// Says what is wrong with the component of `path` that begins at `start`.
fn component_fault(fault: &ComponentFault, input: &str, start: usize, path: &Range<usize>) -> Fault {
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
fn upper_case(input: &str, span: Range<usize>) -> Fault {
    let before_digest = input.find('@').unwrap_or(input.len());
    let last_part = input[..before_digest].rfind('/').map_or(0, |at| at + 1);
    let name_end = input[last_part..].find([':', '@']).map_or(input.len(), |at| last_part + at);
    // Hosts have no letter case, and a tag keeps its own.
    let lower = format!("{}{}", input[..name_end].to_lowercase(), &input[name_end..]);
    Fault::new(Kind::UpperCase, "repository name must be lower case", span).try_instead(lower)
}

fn upper_case_span(text: &str) -> Range<usize> {
    let start = text.find(char::is_uppercase).unwrap_or(0);
    let rest = &text[start..];
    start..start + rest.find(|c: char| !c.is_uppercase()).unwrap_or(rest.len())
}

/// The tag after `at`, and where the digest's `@` or the end is.
fn read_tag(input: &str, at: usize) -> Result<(Option<Tag>, usize), Fault> {
    if !input[at..].starts_with(':') {
        return Ok((None, at));
    }
    let start = at + 1;
    let end = input[start..].find('@').map_or(input.len(), |found| start + found);
    check_tag(input, start..end)?;
    Ok((Some(Tag::checked(&input[start..end])), end))
}

/// Checks the tag at `span` of `input`.
fn check_tag(input: &str, span: Range<usize>) -> Result<(), Fault> {
    let Err(fault) = grammar::tag(&input[span.clone()]) else { return Ok(()) };
    let moved = |inner: &Range<usize>| span.start + inner.start..span.start + inner.end;
    Err(match fault {
        TagFault::Empty => Fault::new(
            Kind::Tag,
            if span.start == 0 { "the tag is empty" } else { "the tag after `:` is missing" },
            span.start.saturating_sub(1)..span.start,
        )
        .say("type a tag, such as `latest`"),
        TagFault::Start(inner) => {
            let message = format!("a tag can't begin with `{}`", &input[moved(&inner)]);
            Fault::new(Kind::Tag, message, moved(&inner)).say("a tag begins with a letter, a digit or `_`")
        }
        TagFault::Character(inner) => {
            let message = format!("a tag can't hold `{}`", shown(&input[moved(&inner)]));
            let hint = "a tag is letters, digits, `_`, `.` and `-`";
            Fault::new(Kind::Tag, message, moved(&inner)).say(hint)
        }
        TagFault::TooLong => {
            let message =
                format!("a tag has at most {} characters; this one has {}", grammar::TAG_MAX, span.len());
            Fault::new(Kind::Tag, message, span)
        }
    })
}

/// The digest after the `@` at `at`, if there is one.
fn read_digest(input: &str, at: usize) -> Result<Option<Digest>, Fault> {
    let Some(text) = input[at..].strip_prefix('@') else { return Ok(None) };
    let start = at + 1;
    text.parse().map(Some).map_err(|problem| digest_fault(problem, input, start))
}

/// Says what is wrong with the digest that begins at `start` and takes the rest of the input.
fn digest_fault(problem: DigestProblem, input: &str, start: usize) -> Fault {
    let text = &input[start..];
    let colon = text.find(':').map_or(input.len(), |found| start + found);
    let hex = (colon + 1).min(input.len())..input.len();
    let span = match &problem {
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
fn shown(text: &str) -> String {
    match text.char_indices().nth(40) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}
