//! From text to the parts of a reference: one pass forward, and a message for every way to fail.
//!
//! The order of decisions is that of distribution's `ParseNormalizedNamed`: the first part is a host or it is
//! not; then the path, the tag and the digest follow by the grammar. The verdict is distribution's; the messages
//! and hints are ours, and a hint that offers a text offers only one that parses.

use std::ops::Range;

use crate::digest::Digest;
use crate::grammar;
use crate::name::{LIBRARY, RepositoryName};
use crate::reference::{ReferenceProblem, ReferenceProblemKind as Kind, Tag};
use crate::registry::{HUB, Registry};

mod fault;

use fault::Fault;
pub(crate) use fault::shown;

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
        let message = format!("a registry's name has no `{}://` in front", shown(scheme));
        return Err(ReferenceProblem { kind: Kind::Scheme, message, hint, span: 0..scheme.len() + 3 });
    }
    check_host(input, input).map_err(Fault::explain)
}

/// Checks a path that stands alone.
pub(crate) fn parse_lone_path(path: &str, library_implied: bool) -> Result<(), ReferenceProblem> {
    check_path(path, 0..path.len(), library_implied).map_err(Fault::explain)
}

fn read(input: &str) -> Result<Parsed, Fault> {
    check_whole(input)?;
    let (host, path_start) = split(input);
    let (registry, path_start) = match host {
        Some(host) => match check_host(host, input) {
            Ok(()) => (Registry::from_reference(host), path_start),
            // A part such as `my_host.example` is no host but is a path, and then nothing says which registry.
            Err(_) if grammar::path_component(host).is_ok() => (Registry::from_reference(""), 0),
            // A slash after an `@` can only be in a digest, and the message about that one helps more.
            Err(_) if host.contains('@') => (Registry::docker_hub(), 0),
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
        let message = format!("a reference has no `{}://` in front", shown(scheme));
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
        return Err(fault::upper_case(input, fault::upper_case_span(host)));
    }
    Err(fault::host(fault, host))
}

/// Checks the path at `span` of `input`. `library_implied` counts `library/` into its length.
fn check_path(input: &str, span: Range<usize>, library_implied: bool) -> Result<(), Fault> {
    let path = &input[span.clone()];
    let mut start = span.start;
    for component in path.split('/') {
        if let Err(fault) = grammar::path_component(component) {
            return Err(fault::component(&fault, input, start, &span));
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
    grammar::tag(&input[span.clone()]).map_err(|fault| fault::tag(&fault, input, &span))
}

/// The digest after the `@` at `at`, if there is one.
fn read_digest(input: &str, at: usize) -> Result<Option<Digest>, Fault> {
    let Some(text) = input[at..].strip_prefix('@') else { return Ok(None) };
    let start = at + 1;
    text.parse().map(Some).map_err(|problem| fault::digest(&problem, input, start))
}
