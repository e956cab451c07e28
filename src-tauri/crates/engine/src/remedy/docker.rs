//! What the Docker client would print for the same failure, so that a person finds their way from one to the other.
//!
//! Sources: moby's `distribution/errors.go`, distribution's `registry/api/errcode`, and Go's net, net/http and crypto/x509,
//! whose texts pass through.

use oci::name::RepositoryName;

use crate::error::{Action, CertificateFlaw, Code, Detail, Error, Subject};

/// The line that `docker pull` or `docker push` ends with; `None` where Docker would do something else altogether.
pub fn docker_says(error: &Error) -> Option<String> {
    let subject = error.subject()?;
    let said = match error.code() {
        Code::AuthRequired | Code::AuthRefused | Code::NotFound => refused(error, subject)?,
        Code::RateLimited => format!("toomanyrequests: {}", answer(error).1.unwrap_or("too many requests")),
        Code::Unreachable => at(subject, unreachable(error, subject)?),
        Code::Timeout => at(
            subject,
            "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
        ),
        Code::ConnectionLost => "unexpected EOF".to_owned(),
        Code::TlsFailed => at(subject, certificate(error, subject)?),
        Code::PlainHttpRefused => at(subject, "http: server gave HTTP response to HTTPS client"),
        Code::RegistryFailed => format!("received unexpected HTTP status: {}", status(error)?),
        Code::StoreFull => "write /var/lib/docker/tmp/GetImageBlob: no space left on device".to_owned(),
        _ => return None,
    };
    // A push reports in the stream of its progress, without the daemon's prefix.
    Some(if subject.action == Action::Push { said } else { format!("Error response from daemon: {said}") })
}

/// moby turns three codes into sentences of its own; the rest it shows as they are.
fn refused(error: &Error, subject: &Subject) -> Option<String> {
    let (code, message) = answer(error);
    let repository = subject.repository.as_ref()?;
    let denied = "denied: requested access to the resource is denied";
    if subject.action == Action::Push {
        return Some(match (error.code(), code, message) {
            (Code::NotFound, Some(code), Some(message)) => in_errcode(code, message),
            (Code::NotFound, ..) => "name unknown: repository name not known to registry".to_owned(),
            _ => denied.to_owned(),
        });
    }
    if !matches!(subject.action, Action::Pull | Action::List) {
        return None;
    }
    let name = familiar(repository);
    Some(match (error.code(), code) {
        (Code::NotFound, Some("NAME_UNKNOWN")) => {
            let message = message.unwrap_or("repository name not known to registry");
            format!("repository {name} not found: {}", in_errcode("NAME_UNKNOWN", message))
        }
        (Code::NotFound, _) => {
            let separator =
                if subject.selector.as_deref().is_some_and(|it| it.contains(':')) { '@' } else { ':' };
            let selector = subject.selector.as_deref().unwrap_or("latest");
            let message = message.unwrap_or("manifest unknown");
            format!(
                "manifest for {name}{separator}{selector} not found: {}",
                in_errcode("MANIFEST_UNKNOWN", message)
            )
        }
        _ => format!(
            "pull access denied for {name}, repository does not exist or may require 'docker login': {denied}"
        ),
    })
}

fn unreachable(error: &Error, subject: &Subject) -> Option<String> {
    let host = subject.registry.api_host();
    Some(match error.detail()? {
        Detail::NothingListens => format!("dial tcp {}: connect: connection refused", with_port(subject)),
        Detail::NoSuchName => {
            format!("dial tcp: lookup {}: no such host", host.split(':').next().unwrap_or(host))
        }
        Detail::NoTls => "EOF".to_owned(),
        Detail::Proxy => "proxyconnect tcp: dial tcp: connect: connection refused".to_owned(),
        _ => return None,
    })
}

fn certificate(error: &Error, subject: &Subject) -> Option<String> {
    let Some(Detail::Certificate(flaw)) = error.detail() else { return None };
    let what = match flaw {
        CertificateFlaw::UnknownAuthority => "certificate signed by unknown authority".to_owned(),
        CertificateFlaw::Expired | CertificateFlaw::NotYetValid => {
            "certificate has expired or is not yet valid".to_owned()
        }
        CertificateFlaw::OtherName => {
            format!("certificate is not valid for any names, but wanted to match {}", subject.registry.host())
        }
        CertificateFlaw::Other => return None,
    };
    Some(format!("tls: failed to verify certificate: x509: {what}"))
}

/// Go's `Get "URL": …`, for the ping that the daemon begins with.
fn at(subject: &Subject, what: impl AsRef<str>) -> String {
    format!("Get \"https://{}/v2/\": {}", subject.registry.api_host(), what.as_ref())
}

fn with_port(subject: &Subject) -> String {
    let host = subject.registry.api_host();
    if subject.registry.port().is_some() { host.to_owned() } else { format!("{host}:443") }
}

/// distribution's way to print a code with its message.
fn in_errcode(code: &str, message: &str) -> String {
    format!("{}: {message}", code.to_ascii_lowercase().replace('_', " "))
}

fn familiar(repository: &RepositoryName) -> String {
    repository.familiar().to_string()
}

fn answer(error: &Error) -> (Option<&str>, Option<&str>) {
    match error.detail() {
        Some(Detail::Answer { code, message, .. }) => (code.as_deref(), message.as_deref()),
        _ => (None, None),
    }
}

fn status(error: &Error) -> Option<String> {
    let Some(Detail::Answer { status, .. }) = error.detail() else { return None };
    let status = http::StatusCode::from_u16(*status).ok()?;
    Some(
        format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default())
            .trim_end()
            .to_owned(),
    )
}
