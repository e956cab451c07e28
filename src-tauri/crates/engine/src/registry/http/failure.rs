//! What a failed exchange means: transport errors by their cause, refusals by the spec's error envelope.

use std::error::Error as StdError;

use http::StatusCode;
use oci::problem::Problem;
use url::Url;

use super::network::PrivateAddress;
use super::proxy::shown;
use super::retry::retry_after;
use super::{Answer, ERROR_BODY_CAP, host_of};
use crate::error::{CertificateFlaw, Code, Detail, Error, lasting};
use crate::exchange::Redactor;

/// The meaning of a transport failure. The URL is left out of the message but for the host: it may carry secrets.
/// `proxy` is the proxy that it went through.
pub(super) fn classify(error: reqwest::Error, url: &Url, proxy: Option<&Url>) -> Error {
    let host = host_of(url);
    let error = error.without_url();
    if let Some(proxy) = proxy
        && let Some(failed) = proxy_failure(&error, &host, proxy)
    {
        return failed.with_source(error);
    }
    let code_and_text = cause_of::<PrivateAddress>(&error)
        .map(|private| (Code::RedirectRefused, format!("`{host}` is not followed: {private}")))
        .or_else(|| tls_failure(&error, &host))
        .or_else(|| protocol_failure(&error, &host));
    if let Some((code, text)) = code_and_text {
        let hint = hint_of(code, &text, &host);
        let mut made = Error::new(code, text);
        if let Some(detail) = tls_detail(&error, code) {
            made = made.with_detail(detail);
        }
        let made = made.with_source(error);
        return if let Some(hint) = hint { made.with_hint(hint) } else { made };
    }
    if error.is_connect() {
        return unreachable(error, &host);
    }
    if error.is_timeout() {
        return Error::new(Code::Timeout, format!("`{host}` did not answer in time")).with_source(error);
    }
    Error::new(Code::ConnectionLost, format!("the connection to `{host}` broke off"))
        .with_hint("Check the connection, then try again; what has arrived is kept")
        .with_source(error)
}

/// What failed between here and the proxy, or because of it. The proxy's own TLS and HTTP are the registry's otherwise.
fn proxy_failure(error: &reqwest::Error, host: &str, proxy: &Url) -> Option<Error> {
    if !error.is_connect() || cause_of::<rustls::Error>(error).is_some() {
        return None;
    }
    let (text, shown) = (chain(error), shown(proxy));
    let (message, hint) = if text.contains("proxy authorization required") {
        (
            format!("the proxy `{shown}` wants an account"),
            "Put the account into the proxy's address: `http://USER:PASSWORD@HOST:PORT`",
        )
    } else if text.contains("tunnel error: unsuccessful") || text.contains("tunnel error: unexpected end") {
        (
            format!("the proxy `{shown}` does not connect to `{host}`"),
            "Ask whoever runs the proxy, or name the host in NO_PROXY if it is reached without one",
        )
    } else {
        (
            format!("`{host}` is behind the proxy `{shown}`, which can't be reached"),
            "Check the proxy's address in HTTPS_PROXY, HTTP_PROXY or the settings, or name the host in NO_PROXY",
        )
    };
    Some(Error::new(Code::Unreachable, message).with_hint(hint).with_detail(Detail::Proxy))
}

/// A public registry sends us, by way of a proxy, to what is private or looks so.
pub(super) fn inner(url: &Url) -> Error {
    let host = host_of(url);
    Error::new(
        Code::RedirectRefused,
        format!("`{host}` is not followed: it is, or may be, a private address"),
    )
    .with_hint("A public registry has no business at a private address")
}

fn unreachable(error: reqwest::Error, host: &str) -> Error {
    let refused = cause_of::<std::io::Error>(&error)
        .is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused);
    let text = chain(&error);
    // The TLS library has no type for it.
    if text.contains("tls handshake eof") {
        return Error::new(
            Code::Unreachable,
            format!("`{host}` ends the connection instead of speaking TLS"),
        )
        .with_hint(plain_http_hint(host))
        .with_detail(Detail::NoTls)
        .with_source(error);
    }
    let unknown =
        ["dns error", "failed to lookup", "invalid dns name"].iter().any(|said| text.contains(said));
    let (message, hint, detail) = if unknown {
        (
            format!("the name `{host}` does not resolve"),
            "Check the spelling of the host, and the network connection",
            Some(Detail::NoSuchName),
        )
    } else if refused {
        (
            format!("nothing listens at `{host}`"),
            "Check that the registry is running and that the port is right",
            Some(Detail::NothingListens),
        )
    } else {
        (
            format!("`{host}` can't be reached"),
            "Check the network connection; images on this computer still work",
            None,
        )
    };
    let made = Error::new(Code::Unreachable, message).with_hint(hint).with_source(error);
    if let Some(detail) = detail { made.with_detail(detail) } else { made }
}

/// What of it a remedy depends on.
fn tls_detail(error: &reqwest::Error, code: Code) -> Option<Detail> {
    use rustls::CertificateError as Bad;
    if code == Code::PlainHttpRefused {
        return Some(Detail::NoTls);
    }
    let rustls::Error::InvalidCertificate(problem) = cause_of::<rustls::Error>(error)? else { return None };
    Some(Detail::Certificate(match problem {
        Bad::Expired | Bad::ExpiredContext { .. } => CertificateFlaw::Expired,
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => CertificateFlaw::NotYetValid,
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => CertificateFlaw::OtherName,
        Bad::UnknownIssuer => CertificateFlaw::UnknownAuthority,
        _ => CertificateFlaw::Other,
    }))
}

fn tls_failure(error: &reqwest::Error, host: &str) -> Option<(Code, String)> {
    let tls = cause_of::<rustls::Error>(error)?;
    Some(match tls {
        rustls::Error::InvalidCertificate(problem) => {
            use rustls::CertificateError as Bad;
            let what = match problem {
                Bad::Expired | Bad::ExpiredContext { .. } => "has expired",
                Bad::NotValidYet | Bad::NotValidYetContext { .. } => "is not valid yet",
                Bad::NotValidForName | Bad::NotValidForNameContext { .. } => "is for another name",
                Bad::UnknownIssuer => "is signed by an authority that this computer does not trust",
                Bad::Revoked => "was revoked",
                _ => "can't be verified",
            };
            (Code::TlsFailed, format!("the certificate of `{host}` {what}"))
        }
        // What answers in plain HTTP is no TLS record at all.
        rustls::Error::InvalidMessage(_) => (Code::PlainHttpRefused, format!("`{host}` does not speak TLS")),
        other => (Code::TlsFailed, format!("no secure connection to `{host}`: {other}")),
    })
}

fn protocol_failure(error: &reqwest::Error, host: &str) -> Option<(Code, String)> {
    let hyper = cause_of::<hyper::Error>(error)?;
    hyper.is_parse().then(|| {
        (
            Code::ProtocolViolation,
            format!("the answer of `{host}` is not HTTP that can be read: {}", root(hyper)),
        )
    })
}

/// Whether what answered spoke no HTTP.
pub(crate) fn is_garbled(error: &Error) -> bool {
    cause_of::<hyper::Error>(error).is_some_and(hyper::Error::is_parse)
}

fn hint_of(code: Code, text: &str, host: &str) -> Option<String> {
    let hint = match code {
        Code::PlainHttpRefused => plain_http_hint(host),
        Code::TlsFailed if text.contains("expired") || text.contains("not valid yet") => {
            "Check the clock of this computer; if it is right, the registry's operator must renew the certificate".into()
        }
        Code::TlsFailed if text.contains("does not trust") => format!(
            "Look at it: `longshore certificates {host}`; if it is the right one, trust it there, or put its authority into ~/.docker/certs.d/{host}/ca.crt"
        ),
        Code::TlsFailed => "Check the host's name; Longshore never falls back to an insecure connection".into(),
        Code::RedirectRefused => "A public registry has no business at a private address".into(),
        Code::ProtocolViolation => "Something other than a registry answers there, or a proxy is broken".into(),
        _ => return None,
    };
    Some(hint)
}

fn plain_http_hint(host: &str) -> String {
    format!(
        "If it is meant to be plain HTTP, mark it: `--plain-http {host}`, or in Settings under plain HTTP hosts"
    )
}

/// Whether a plain HTTP request reached a TLS port: Go's servers say so, others break off.
pub fn wants_https(status: StatusCode, body: &[u8]) -> bool {
    let said = String::from_utf8_lossy(&body[..body.len().min(1024)]).to_ascii_lowercase();
    status == StatusCode::BAD_REQUEST
        && (said.contains("https server") || said.contains("sent to https port"))
}

/// The meaning of a 4xx or 5xx answer. `object` says in words what was asked for: `` manifest `1.25` of `docker.io/library/nginx` ``.
/// The body is read up to [`ERROR_BODY_CAP`]; its texts are scrubbed of secrets.
pub async fn refusal(mut answer: Answer, object: &str, redactor: &Redactor) -> Error {
    let body = answer.body.read_start(ERROR_BODY_CAP).await;
    let problems = Problem::parse_all(&body);
    let host = host_of(&answer.url);
    let status = answer.status;
    let said = problems.first().map(|problem| redactor.scrub(&said_by(problem)));
    let html = problems.is_empty() && looks_like_html(&answer, &body);
    let wait = retry_after(&answer.headers).map(|wait| wait.as_secs());
    let problem = problems.first().map(|problem| problem.code.as_str());
    let (code, message, hint) = meaning(status, problem, object, &host, wait, html);
    answer.body.failed(said.as_deref().unwrap_or(&message));
    let detail = Detail::Answer {
        status: status.as_u16(),
        code: problems.first().map(|problem| problem.code.clone()),
        message: problems.first().map(|problem| redactor.scrub(&problem.message).chars().take(400).collect()),
        wait,
    };
    let mut error = Error::new(code, message).at_exchange(answer.body.exchange()).with_detail(detail);
    if let Some(subject) = answer.subject {
        error = error.about(subject);
    }
    if let Some(hint) = hint {
        error = error.with_hint(hint);
    }
    if let Some(said) = said {
        error = error.with_source(Said(format!("the registry says: {said}")));
    }
    error
}

fn meaning(
    status: StatusCode,
    problem: Option<&str>,
    object: &str,
    host: &str,
    wait: Option<u64>,
    html: bool,
) -> (Code, String, Option<String>) {
    let sign_in = Some(format!("Sign in: `longshore login {host}`, or check the spelling of the name"));
    match status.as_u16() {
        413 => (
            Code::RegistryRefused,
            format!("`{host}` takes no body as large as {object}"),
            Some(format!(
                "A proxy in front of `{host}` sets the limit: with nginx `client_max_body_size 0` lifts it"
            )),
        ),
        _ if html && status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error() => {
            not_a_registry(host, status)
        }
        401 => (Code::AuthRequired, format!("`{host}` wants an account for {object}"), sign_in),
        403 if matches!(problem, Some("TOOMANYREQUESTS")) => rate_limited(host, wait),
        403 => (Code::AuthRefused, format!("`{host}` refuses access to {object}"), sign_in),
        404 => (
            Code::NotFound,
            format!("`{host}` has no {object}"),
            Some("Check the spelling; a private repository may also look missing until you sign in".into()),
        ),
        429 => rate_limited(host, wait),
        511 => not_a_registry(host, status),
        400..=499 => (
            Code::RegistryRefused,
            format!("`{host}` refused the request for {object} with status {}", status.as_u16()),
            Some(format!("Ask the operator of `{host}` why; the exchange shows what was sent and answered")),
        ),
        _ => (
            Code::RegistryFailed,
            format!("`{host}` failed with status {} at {object}", status.as_u16()),
            Some("The registry is in trouble; try again later".into()),
        ),
    }
}

fn rate_limited(host: &str, wait: Option<u64>) -> (Code, String, Option<String>) {
    let how_long = wait.filter(|wait| *wait > 0).map(|wait| format!(" {}", lasting(wait)));
    (
        Code::RateLimited,
        format!("`{host}` asks you to wait{}", how_long.unwrap_or_default()),
        Some("Signing in raises the limit on most registries; otherwise try again later".into()),
    )
}

fn not_a_registry(host: &str, status: StatusCode) -> (Code, String, Option<String>) {
    (
        Code::NotARegistry,
        format!("`{host}` answered with a web page (status {}), not as a registry", status.as_u16()),
        Some("Check the host and port; on a guest network, sign in to it in a browser first".into()),
    )
}

/// The error for a web page where a registry's answer was expected.
pub(crate) fn web_page(host: &str, status: StatusCode) -> Error {
    let (code, message, hint) = not_a_registry(host, status);
    Error::new(code, message).with_hint(hint.expect("always given"))
}

/// Whether an answer is a web page.
pub(crate) fn looks_like_html(answer: &Answer, body: &[u8]) -> bool {
    says_html(&answer.headers)
        || body
            .trim_ascii_start()
            .get(..5)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"<html") || start.eq_ignore_ascii_case(b"<!doc"))
}

/// Whether the headers announce a web page.
pub(crate) fn says_html(headers: &http::HeaderMap) -> bool {
    let is_html = |value: &http::HeaderValue| {
        value.to_str().is_ok_and(|text| text.to_ascii_lowercase().starts_with("text/html"))
    };
    headers.get(http::header::CONTENT_TYPE).is_some_and(is_html)
}

fn said_by(problem: &Problem) -> String {
    let text = if problem.message.is_empty() {
        problem.code.clone()
    } else {
        format!("{}: {}", problem.code, problem.message)
    };
    text.chars().take(400).collect()
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

fn cause_of<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        // An io::Error hides its payload from source(): look inside.
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| cause_of::<T>(inner)) {
            return Some(found);
        }
        next = cause.source();
    }
    None
}

fn root(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
