//! The traps of [`explain`](crate::explain::explain): inputs that mean something else than people expect.

use crate::explain::{Trap, TrapCode};
use crate::name::LIBRARY;
use crate::parse::{Parsed, shown, split_scheme};
use crate::reference::{ReferenceProblem, ReferenceProblemKind};
use crate::registry::{HUB, Registry};

/// Every trap in `input`, the most surprising first.
pub(crate) fn traps(input: &str, parsed: &Result<Parsed, ReferenceProblem>) -> Vec<Trap> {
    let found = match parsed {
        Ok(parsed) => [
            tag_like_port(parsed),
            hub_not_registry(parsed),
            upper_case_host(parsed.repository.registry()),
            digest_wins(parsed),
            latest_moves(parsed),
        ],
        Err(problem) => [scheme_typed(input), upper_case_name(problem), None, None, None],
    };
    found.into_iter().flatten().collect()
}

fn trap(code: TrapCode, message: String) -> Option<Trap> {
    Some(Trap { code, message })
}

/// `myregistry/myapp`, `registry.example.com`: on Docker Hub, both.
fn hub_not_registry(parsed: &Parsed) -> Option<Trap> {
    if parsed.registry_typed || parsed.repository.registry().as_str() != HUB {
        return None;
    }
    let name = &parsed.repository;
    if parsed.library_implied {
        let alone = name.repository();
        let looks_like_host = alone == "localhost" || Registry::parse(alone).is_ok() && alone.contains('.');
        return if looks_like_host && !is_port(parsed) {
            let message = format!(
                "`{alone}` is read as an image on Docker Hub, not as a registry: a registry needs a `/` and a \
                 name after it, such as `{alone}/app`"
            );
            trap(TrapCode::HubNotRegistry, message)
        } else {
            None
        };
    }
    let first = name.path().split('/').next().unwrap_or_default();
    if first == LIBRARY {
        return None;
    }
    let message = format!(
        "`{}` is on Docker Hub: `{first}` is read as an account there, not as a registry. A registry has a dot or \
         a port, or is `localhost`",
        name.path()
    );
    trap(TrapCode::HubNotRegistry, message)
}

/// `localhost:5000`: the image `localhost` with the tag `5000`.
fn tag_like_port(parsed: &Parsed) -> Option<Trap> {
    if !is_port(parsed) {
        return None;
    }
    let name = parsed.repository.repository();
    let tag = parsed.tag.as_ref()?;
    let message = format!(
        "`{tag}` is read as a tag of the image `{name}` on Docker Hub, not as a port: a registry needs a `/` and a \
         name after it, such as `{name}:{tag}/app`"
    );
    trap(TrapCode::TagLikePort, message)
}

/// Whether the tag may well be meant as a port. `postgres:16` and `ubuntu:2204` are not.
fn is_port(parsed: &Parsed) -> bool {
    const USUAL: &[u16] =
        &[80, 443, 3000, 5000, 5001, 5005, 5050, 5443, 8000, 8080, 8081, 8082, 8083, 8443, 9000];
    let Some(tag) = parsed.tag.as_ref().filter(|_| parsed.library_implied && !parsed.registry_typed) else {
        return false;
    };
    let all_digits = tag.as_str().bytes().all(|b| b.is_ascii_digit());
    let Some(port) = tag.as_str().parse::<u16>().ok().filter(|_| all_digits) else { return false };
    let name = parsed.repository.repository();
    let host = name == "localhost" || name.contains('.');
    Registry::parse(name).is_ok() && (host || USUAL.contains(&port))
}

fn upper_case_host(registry: &Registry) -> Option<Trap> {
    let text = registry.as_str();
    if text.contains(['.', ':']) || text.to_lowercase() == text {
        return None;
    }
    let message = format!(
        "`{text}` has an upper-case letter, so it is read as a registry's host. As an account on Docker Hub it would \
         be `{}`",
        text.to_lowercase()
    );
    trap(TrapCode::UpperCase, message)
}

fn upper_case_name(problem: &ReferenceProblem) -> Option<Trap> {
    if problem.kind != ReferenceProblemKind::UpperCase {
        return None;
    }
    let message =
        "Only a tag and a host may have upper case; the name between them is lower case in every registry";
    trap(TrapCode::UpperCase, message.to_owned())
}

fn digest_wins(parsed: &Parsed) -> Option<Trap> {
    let (tag, digest) = (parsed.tag.as_ref()?, parsed.digest.as_ref()?);
    let message = format!(
        "The digest wins: `{}` is fetched, wherever the tag `{tag}` points now",
        format_args!("{}:{}…", digest.algorithm().as_str(), digest.short())
    );
    trap(TrapCode::DigestWins, message)
}

fn scheme_typed(input: &str) -> Option<Trap> {
    let (scheme, _) = split_scheme(input)?;
    let message = format!(
        "A reference is no web address: `{}://` is never typed. Longshore picks the protocol by the host",
        shown(scheme)
    );
    trap(TrapCode::SchemeTyped, message)
}

fn latest_moves(parsed: &Parsed) -> Option<Trap> {
    let latest = parsed.digest.is_none() && parsed.tag.as_ref().is_none_or(|tag| tag.as_str() == "latest");
    let message = "`latest` moves: what it points to today may be another image tomorrow. A version or a digest says \
                   which one you mean";
    if latest { trap(TrapCode::LatestMoves, message.to_owned()) } else { None }
}
