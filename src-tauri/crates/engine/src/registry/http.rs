//! The one place through which every exchange with a registry goes: redirects, retries, limits, redaction, the
//! origin rule for credentials, and the record that the Wire view shows.
//!
//! Invariants: an authorization header reaches the origin that it was made for and no other; https never becomes
//! http; what answers from a public address never sends us to a private one; every answer is read up to a bound.

mod body;
mod clients;
mod failure;
mod network;
mod options;
mod outgoing;
mod proxy;
mod redirect;
mod retry;
mod tls;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use oci::digest::Digest;
use url::Url;

pub use body::{Body, Pace};
pub(crate) use failure::{is_garbled, looks_like_html, says_html, web_page};
pub use failure::{refusal, wants_https};
pub use network::{Network, same_origin};
pub use options::HttpOptions;
pub use outgoing::Outgoing;
pub use proxy::{ProxyMode, ProxyRoutes, ProxySettings};
pub use retry::{Repeat, RetryPolicy};
pub use tls::{ClientCertificate, Fingerprint, TlsIdentity};
pub(super) use tls::{certificates, fingerprint};

use self::network::ClientKey;
use super::host::Hosts;
use crate::error::{Code, Error, Result, Subject};
use crate::exchange::{ExchangeHandle, ExchangeLog, Purpose, Role};
use crate::job::{Job, TransferEvent};

/// An error body is read no further than this, bytes.
pub const ERROR_BODY_CAP: u64 = 64 * 1024;

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Headers beside those that every request has.
    pub headers: HeaderMap,
    /// Sent to the URL's own origin only.
    pub authorization: Option<HeaderValue>,
    /// A small body.
    pub body: Option<Bytes>,
    /// A large body, in place of a small one: it is sent once.
    pub stream: Option<Outgoing>,
    /// What may be tried again.
    pub repeat: Repeat,
    /// The object that it is for, which a wait before another try then names.
    pub digest: Option<Digest>,
    /// Whom it is to.
    pub role: Role,
    /// Why it is made.
    pub purpose: Purpose,
    /// Whether a redirect may be followed.
    pub follow: bool,
    /// Whether the answer comes from an address that may be private (the registry itself is).
    pub from_private: bool,
}

impl Request {
    /// A GET of a registry's URL.
    pub fn get(url: Url, purpose: Purpose) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            authorization: None,
            body: None,
            stream: None,
            repeat: Repeat::ByMethod,
            digest: None,
            role: Role::Registry,
            purpose,
            follow: true,
            from_private: true,
        }
    }
}

/// An answer whose body is still to be read.
pub struct Answer {
    /// The status; 2xx, 3xx that was not followed, 4xx or 5xx.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Where it came from, after redirects.
    pub url: Url,
    /// What was asked for, where a [`super::RegistryClient`] asked.
    pub subject: Option<Subject>,
    /// The body.
    pub body: Body,
}

/// The client: clones share connections, the record and what they learned.
#[derive(Clone)]
pub struct Http(Arc<Inner>);

struct Inner {
    options: HttpOptions,
    log: ExchangeLog,
    hosts: Hosts,
    /// Made when they are first needed, one for each [`ClientKey`].
    clients: Mutex<HashMap<ClientKey, Result<reqwest::Client, String>>>,
    roots: OnceLock<Result<rustls::RootCertStore, String>>,
}

impl Http {
    /// A client; nothing is loaded or opened until the first request (root certificates only for https).
    pub fn new(options: HttpOptions, log: ExchangeLog) -> Self {
        for secret in options.proxies.secrets() {
            log.redactor().learn(&secret);
        }
        let hosts = Hosts::new(&options.hosts, options.certificates.clone());
        let (clients, roots) = (Mutex::default(), OnceLock::new());
        Self(Arc::new(Inner { options, log, hosts, clients, roots }))
    }

    /// Its options.
    pub fn options(&self) -> &HttpOptions {
        &self.0.options
    }

    /// The record.
    pub fn log(&self) -> &ExchangeLog {
        &self.0.log
    }

    /// Sends it and follows redirects; tries again what may be tried again, after a wait that the job's
    /// observer is told of, or that is short enough to need no word. The answer may be a refusal (4xx, 5xx):
    /// see [`refusal`].
    pub async fn send(&self, request: &Request, job: Option<&Job>) -> Result<Answer> {
        let repeat = Repeat::of(request);
        let begun = Instant::now();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let outcome = Job::run_if_any(job, self.follow(request, job)).await;
            let HttpOptions { retry: policy, connect_timeout, .. } = &self.0.options;
            let again = match &outcome {
                Ok(answer) => policy.after_answer(answer, attempt, repeat),
                Err(error) => policy.after_error(error, attempt, repeat, begun.elapsed(), *connect_timeout),
            };
            let is_watched = job.is_some_and(Job::is_watched);
            let again = again.filter(|again| is_watched || again.wait <= policy.longest_silence);
            let Some(again) = again else { return outcome };
            if let (Ok(answer), Some(wait)) = (&outcome, again.retry_after) {
                answer.body.note(&format!("asked to wait {} s", wait.as_secs()));
            }
            drop(outcome);
            self.wait(again, request.digest.as_ref(), job).await?;
        }
    }

    /// Waits before an answer is asked for again whose body broke off after `attempt` tries.
    ///
    /// # Errors
    /// The failure itself, where it is not to be tried again; [`Code::Cancelled`].
    pub(crate) async fn wait_after(&self, error: Error, attempt: u32, job: Option<&Job>) -> Result<()> {
        let broke_off = matches!(error.code(), Code::ConnectionLost | Code::Timeout);
        let policy = &self.0.options.retry;
        let again = policy.after_error(&error, attempt, Repeat::Always, Duration::ZERO, Duration::ZERO);
        match again {
            Some(again) if broke_off => self.wait(again, None, job).await,
            _ => Err(error),
        }
    }

    /// Waits before something else is tried in place of an upload that was answered like this, the `attempt`th time;
    /// whether it is worth trying.
    ///
    /// # Errors
    /// [`Code::Cancelled`].
    pub(crate) async fn wait_after_answer(
        &self,
        answer: &Answer,
        attempt: u32,
        digest: &Digest,
        job: Option<&Job>,
    ) -> Result<bool> {
        match self.0.options.retry.after_answer(answer, attempt, Repeat::Always) {
            Some(again) => self.wait(again, Some(digest), job).await.map(|()| true),
            None => Ok(false),
        }
    }

    async fn wait(&self, again: retry::Again, digest: Option<&Digest>, job: Option<&Job>) -> Result<()> {
        if let Some(job) = job {
            let digest = digest.cloned();
            job.emit(TransferEvent::Retrying { digest, wait: again.wait, why: again.why });
        }
        let sleep = async {
            tokio::time::sleep(again.wait).await;
            Ok(())
        };
        Job::run_if_any(job, sleep).await
    }

    async fn once(
        &self,
        request: &Request,
        url: &Url,
        role: Role,
        authorization: Option<&HeaderValue>,
        job: Option<&Job>,
    ) -> Result<Answer> {
        let mut headers = request.headers.clone();
        headers
            .insert(USER_AGENT, HeaderValue::from_static(concat!("longshore/", env!("CARGO_PKG_VERSION"))));
        // Bytes must arrive as they hash: no transport compression.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(value) = authorization {
            let mut value = value.clone();
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let exchange =
            self.0.log.begin(&request.method, url, role, request.purpose.clone(), job.map(Job::id), &headers);
        // On a public registry's word only the guarded client goes anywhere: it resolves no name to a private address.
        let guarded = !request.from_private && role != Role::Registry;
        let sent = self.transmit(request, url, headers, guarded, &exchange).await;
        let response = match sent {
            Ok(response) => response,
            Err(error) => {
                exchange.failed(error.message());
                return Err(error.at_exchange(exchange.id()));
            }
        };
        self.receive(request, url, response, exchange)
    }

    async fn transmit(
        &self,
        request: &Request,
        url: &Url,
        headers: HeaderMap,
        guarded: bool,
        exchange: &ExchangeHandle,
    ) -> Result<reqwest::Response> {
        let mut outgoing = reqwest::Request::new(request.method.clone(), url.clone());
        *outgoing.headers_mut() = headers;
        let proxy = self.0.options.proxies.to(url).cloned();
        if guarded && proxy.is_some() && self.0.options.network.is_inner(url).await {
            return Err(failure::inner(url));
        }
        let tls = (url.scheme() == "https").then(|| self.host(&host_of(url)).tls.clone());
        if tls.as_ref().is_some_and(|tls| tls.skip_verification) {
            exchange.unverified();
        }
        let client = self.client(&ClientKey { tls, guarded, proxy: proxy.clone() })?;
        let stall = self.0.options.pace.stall;
        if let Some(stream) = &request.stream {
            outgoing.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(stream.length()));
            *outgoing.body_mut() = Some(stream.take()?);
            let sending = client.execute(outgoing);
            let sent = stream.watch(sending, stall, &host_of(url), exchange).await?;
            return sent.map_err(|error| failure::classify(error, url, proxy.as_ref()));
        }
        let may_have_body = matches!(request.method, Method::POST | Method::PUT | Method::PATCH);
        if may_have_body {
            let length = request.body.as_ref().map_or(0, Bytes::len);
            outgoing.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        *outgoing.body_mut() = request.body.clone().map(Into::into);
        match tokio::time::timeout(stall, client.execute(outgoing)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(failure::classify(error, url, proxy.as_ref())),
            Err(_) => Err(Error::new(
                Code::Timeout,
                format!("`{}` did not answer for {} s", host_of(url), stall.as_secs()),
            )
            .with_hint("Check the connection, then try again; what has arrived is kept")),
        }
    }

    fn receive(
        &self,
        request: &Request,
        url: &Url,
        response: reqwest::Response,
        exchange: ExchangeHandle,
    ) -> Result<Answer> {
        let status = response.status();
        let headers = response.headers().clone();
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        exchange.answered(
            status.as_u16(),
            &headers,
            if request.method == Method::HEAD { Some(0) } else { announced },
        );
        let encoding =
            headers.get(CONTENT_ENCODING).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        if let Some(encoding) =
            encoding.filter(|encoding| !encoding.eq_ignore_ascii_case("identity") && status.is_success())
        {
            let why = format!(
                "`{}` sends the body with content encoding `{encoding}`, which was not asked for",
                host_of(url)
            );
            exchange.failed(&why);
            return Err(Error::new(Code::ProtocolViolation, why)
                .with_hint("A proxy on the way changes the bytes, so no digest can match; go around it")
                .at_exchange(exchange.id()));
        }
        let body = Body::new(response, exchange, self.0.options.pace, host_of(url));
        Ok(Answer { status, headers, url: url.clone(), subject: None, body })
    }
}

/// Host and port of a URL for a message.
pub(crate) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
