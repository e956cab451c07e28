//! A registry as a client sees it: one [`RegistryClient`] for each host, over the one [`http::Http`].
//!
//! The client answers challenges by itself: anonymous first where nothing is stored, one fresh token on a 401, one
//! more try without a stored credential that turns out to be stale (never to write), and then it stops. Deliberately
//! absent: prompts.

pub mod blob;
pub mod catalog;
pub mod certificate;
pub mod challenge;
pub mod delete;
pub mod describe;
pub mod host;
pub mod http;
pub mod login;
pub mod manifest;
mod mirror;
mod page;
pub mod publish;
pub mod rate_limit;
pub mod realm;
pub mod referrer;
pub mod retag;
pub mod sink;
pub mod source;
mod subject;
pub mod tag;
mod token;
pub mod upload;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use ::http::{HeaderValue, StatusCode};
use bytes::Bytes;
use oci::name::{Registry, RepositoryName};
use tokio::sync::OnceCell;
use url::Url;

pub use self::http::{Answer, Http, HttpOptions, Request, refusal};
pub use self::login::Tested;
pub use self::rate_limit::RateLimit;
pub use self::sink::RegistrySink;
pub use self::source::RegistrySource;
use self::token::{Authorizer, Token, Use};
use crate::credential::Keyring;
use crate::error::{Code, Error, Result};
use crate::exchange::{Purpose, Role};
use crate::job::Job;

/// What a token is asked for: `repository:NAME:ACTIONS`, in the distribution spec's token syntax.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(String);

impl Scope {
    /// Reading from one repository.
    pub fn pull(repository: &RepositoryName) -> Self {
        Self(format!("repository:{}:pull", repository.path()))
    }

    /// Reading from one repository, and writing to it.
    pub fn push(repository: &RepositoryName) -> Self {
        Self(format!("repository:{}:pull,push", repository.path()))
    }

    /// Deleting from one repository. What else the registry's challenge asks for is added to it.
    pub fn delete(repository: &RepositoryName) -> Self {
        Self(format!("repository:{}:delete", repository.path()))
    }

    /// Listing the repositories.
    pub fn catalog() -> Self {
        Self("registry:catalog:*".to_owned())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it lets something be changed.
    pub(crate) fn writes(&self) -> bool {
        let actions = self.0.rsplit(':').next().unwrap_or_default();
        actions.split(',').any(|action| matches!(action, "push" | "delete"))
    }
}

/// The clients of one engine, a client for each registry host.
#[derive(Clone)]
pub struct Registries(Arc<RegistriesInner>);

struct RegistriesInner {
    http: Http,
    keyring: Keyring,
    clients: Mutex<HashMap<Registry, RegistryClient>>,
}

impl Registries {
    /// No client is made and nothing is read until it is asked for.
    pub fn new(http: Http, keyring: Keyring) -> Self {
        Self(Arc::new(RegistriesInner { http, keyring, clients: Mutex::default() }))
    }

    /// The client of a registry: the same one each time, with the tokens and what it learned of the host.
    pub fn client(&self, registry: &Registry) -> RegistryClient {
        let mut clients = self.0.clients.lock().expect("no code panics while it holds the clients");
        let make = || {
            RegistryClient::new(registry.clone(), self.0.http.clone(), self.0.keyring.clone(), Use::Requests)
        };
        clients.entry(registry.clone()).or_insert_with(make).clone()
    }

    /// The HTTP client beneath.
    pub fn http(&self) -> &Http {
        &self.0.http
    }
}

/// The client of one registry; clones are the same client.
#[derive(Clone)]
pub struct RegistryClient(Arc<ClientInner>);

struct ClientInner {
    registry: Registry,
    http: Http,
    authorizer: Authorizer,
    /// Plain HTTP is spoken, until a loopback registry turns out to speak TLS.
    plain: AtomicBool,
    private: OnceCell<bool>,
    mirrors: mirror::Mirrors,
    /// Held while a list of referrers is read, changed and written.
    referrers: tokio::sync::Mutex<()>,
    /// What it said last.
    rate_limit: Mutex<Option<(Instant, RateLimit)>>,
    /// Whether it can delete a tag alone, once that was tried.
    can_untag: Mutex<Option<bool>>,
    /// It said of a manifest that it is not there to a HEAD and to a GET.
    head_is_true: AtomicBool,
    facts: describe::Facts,
    /// What there is to say of the host was said.
    host_told: AtomicBool,
}

impl RegistryClient {
    fn new(registry: Registry, http: Http, keyring: Keyring, purpose: Use) -> Self {
        let plain = AtomicBool::new(http.is_plain(&registry));
        let mirrors = mirror::Mirrors::new(keyring.clone());
        let authorizer = Authorizer::new(registry.clone(), http.clone(), keyring, purpose);
        Self(Arc::new(ClientInner {
            registry,
            http,
            authorizer,
            plain,
            private: OnceCell::new(),
            mirrors,
            referrers: tokio::sync::Mutex::default(),
            rate_limit: Mutex::default(),
            can_untag: Mutex::default(),
            head_is_true: AtomicBool::new(false),
            facts: describe::Facts::default(),
            host_told: AtomicBool::new(false),
        }))
    }

    /// Whose client it is.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// The HTTP client beneath.
    pub fn http(&self) -> &Http {
        &self.0.http
    }

    pub(crate) async fn alone_with_referrers(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.referrers.lock().await
    }

    /// What there is to say of the account and of the connection, once each: a stale entry that was passed over, a loose
    /// file mode, certificates that are not checked.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.0.authorizer.take_warnings();
        if !self.0.plain.load(Ordering::Relaxed) && !self.0.host_told.swap(true, Ordering::Relaxed) {
            warnings.extend(self.0.http.host(self.0.registry.api_host()).warnings());
        }
        warnings
    }

    /// Asks the registry whether it speaks the protocol (`GET /v2/`), signing in as far as it can.
    ///
    /// # Errors
    /// [`Code::NotARegistry`] where something else answers.
    pub async fn ping(&self, job: Option<&Job>) -> Result<()> {
        let purpose =
            Purpose::new("ping", "Longshore asks whether a registry answers here, and how to sign in.");
        self.check_ping(self.call(self.request("/v2/", purpose)?, &[], job).await?).await
    }

    /// Whether an answer to `GET /v2/` is a registry's, and a success.
    async fn check_ping(&self, mut answer: Answer) -> Result<()> {
        if !answer.status.is_success() {
            return Err(refusal(answer, "registry API", self.0.http.log().redactor()).await);
        }
        let body = answer.body.read_start(http::ERROR_BODY_CAP).await;
        if http::looks_like_html(&answer, &body) {
            return Err(
                http::web_page(self.0.registry.as_str(), answer.status).at_exchange(answer.body.exchange())
            );
        }
        Ok(())
    }

    /// A GET of a path of this registry.
    pub(crate) fn request(&self, path: &str, purpose: Purpose) -> Result<Request> {
        Ok(self.0.mirrors.mark(Request::get(self.url(path)?, purpose)))
    }

    fn url(&self, path: &str) -> Result<Url> {
        if self.0.registry.is_unnamed() {
            return Err(Error::new(
                Code::ReferenceInvalid,
                "the reference names no registry: its first part has both `.` and `_`, so it is no host",
            )
            .with_hint("Write the registry in front, such as `docker.io/`, or correct the host's name"));
        }
        if let Some(url) = self.0.mirrors.own_url(path) {
            return Ok(url);
        }
        let scheme = if self.0.plain.load(Ordering::Relaxed) { "http" } else { "https" };
        let api_host = self.0.registry.api_host();
        Url::parse(&format!("{scheme}://{api_host}{path}")).map_err(|error| {
            Error::new(Code::ReferenceInvalid, format!("`{api_host}` is no host that can be reached"))
                .with_source(error)
        })
    }

    /// Sends a request with the authorization that the scopes need; see the module's doc for what it does on a 401.
    /// The answer may still be a refusal.
    pub(crate) async fn call(&self, request: Request, scopes: &[Scope], job: Option<&Job>) -> Result<Answer> {
        // Names are resolved and helpers asked on the way: neither may hold a cancelled job up.
        let subject = self.subject(&request, scopes);
        // On the heap: it is large, and whoever calls would carry it in every frame of the stack.
        match Job::run_if_any(job, Box::pin(self.call_to_the_end(request, scopes, job))).await {
            Ok(answer) => Ok(Answer { subject: Some(subject), ..answer }),
            Err(error) => Err(error.about(subject)),
        }
    }

    /// As [`Self::call`], with the body of a success, at most `cap` bytes; a refusal's is left to be read. A body that
    /// breaks off is asked for again, like a request without an answer.
    pub(crate) async fn call_and_read(
        &self,
        request: Request,
        scopes: &[Scope],
        cap: u64,
        job: Option<&Job>,
    ) -> Result<(Answer, Bytes)> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut answer = self.call(request.clone(), scopes, job).await?;
            if !answer.status.is_success() {
                return Ok((answer, Bytes::new()));
            }
            match Job::run_if_any(job, answer.body.read(cap)).await {
                Ok(bytes) => return Ok((answer, bytes)),
                Err(error) => self.0.http.wait_after(error, attempt, job).await?,
            }
        }
    }

    async fn call_to_the_end(
        &self,
        mut request: Request,
        scopes: &[Scope],
        job: Option<&Job>,
    ) -> Result<Answer> {
        request.from_private = self.is_private().await?;
        if !self.is_own(&request.url)? {
            // Where an upload goes on elsewhere, no account of this registry goes along.
            request.role = Role::Cdn;
            return self.0.http.send(&request, job).await;
        }
        let answer = self.exchange(&mut request, scopes, job).await;
        if !self.may_speak_tls() || request.stream.is_some() {
            return answer;
        }
        match answer {
            Err(first) if http::is_garbled(&first) => {
                let no_tls_either = |error: &Error| {
                    let codes =
                        [Code::PlainHttpRefused, Code::Unreachable, Code::ConnectionLost, Code::Timeout];
                    codes.contains(&error.code())
                };
                match self.upgrade(request, scopes, job).await {
                    Err(error) if no_tls_either(&error) => Err(first),
                    other => other,
                }
            }
            Ok(mut answer) if answer.status == StatusCode::BAD_REQUEST => {
                let body = answer.body.peek_start(1024).await;
                if http::wants_https(answer.status, &body) {
                    return self.upgrade(request, scopes, job).await;
                }
                Ok(answer)
            }
            other => other,
        }
    }

    /// Whether a URL is of this registry, so that its account may go there.
    fn is_own(&self, url: &Url) -> Result<bool> {
        let own = self.url("/")?;
        // Requests to a loopback registry that just turned out to speak TLS may still say otherwise.
        let same_place = || url.host() == own.host() && url.port() == own.port();
        Ok(http::same_origin(url, &own) || (self.0.registry.is_loopback() && same_place()))
    }

    /// A loopback registry is spoken to in plain HTTP; where it answers in TLS, or says that it wants TLS, that is
    /// what it gets from then on. Never the other way round.
    fn may_speak_tls(&self) -> bool {
        self.0.plain.load(Ordering::Relaxed) && self.0.registry.is_loopback()
    }

    async fn upgrade(&self, mut request: Request, scopes: &[Scope], job: Option<&Job>) -> Result<Answer> {
        let _ = request.url.set_scheme("https");
        request.authorization = None;
        let answer = self.exchange(&mut request, scopes, job).await?;
        self.0.plain.store(false, Ordering::Relaxed);
        Ok(answer)
    }

    async fn exchange(&self, request: &mut Request, scopes: &[Scope], job: Option<&Job>) -> Result<Answer> {
        let authorizer = &self.0.authorizer;
        let mut held = authorizer.held(scopes);
        // A held token may have expired, a stored credential may be stale: at most two more tries.
        for fresh in [false, true] {
            request.authorization = held.as_deref().map(Token::header);
            let answer = self.send(request, job).await?;
            let refused = refuses(&answer, request);
            if !refused || answer.status == StatusCode::FORBIDDEN {
                return if refused { authorizer.refused(answer, scopes) } else { Ok(answer) };
            }
            match authorizer.answer(answer, scopes, held.as_ref(), fresh, request, job).await? {
                // What was sent of a stream is gone: whoever made it finds the fresh token with the next one.
                token::Next::Try(_) if request.stream.is_some() => return Err(self.interrupted()),
                token::Next::Try(fresh) => held = Some(fresh),
                token::Next::GiveUp(answer) => return authorizer.refused(*answer, scopes),
            }
        }
        request.authorization = held.as_deref().map(Token::header);
        let answer = self.send(request, job).await?;
        if refuses(&answer, request) { authorizer.refused_last(answer, scopes, held) } else { Ok(answer) }
    }

    fn interrupted(&self) -> Error {
        let why = format!("`{}` wants a fresh authorization in the middle of an upload", self.0.registry);
        Error::new(Code::ConnectionLost, why).with_hint("Try again; what the registry has is not sent twice")
    }

    async fn send(&self, request: &Request, job: Option<&Job>) -> Result<Answer> {
        let answer = self.0.http.send(request, job).await?;
        if http::same_origin(&answer.url, &request.url) {
            self.note_limit(&answer.headers);
        }
        Ok(answer)
    }

    async fn is_private(&self) -> Result<bool> {
        let url = self.url("/")?;
        Ok(*self
            .0
            .private
            .get_or_init(|| async { self.0.http.options().network.is_private(&url).await })
            .await)
    }
}

/// Whether the registry itself, not what it redirected to, wants another authorization.
fn refuses(answer: &Answer, request: &Request) -> bool {
    matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        && http::same_origin(&answer.url, &request.url)
}

fn basic(username: &str, password: &str) -> Result<HeaderValue> {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"));
    sensitive(&format!("Basic {text}"))
}

fn sensitive(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Error::new(Code::CredentialConfig, "a credential has characters that no header can carry")
    })?;
    value.set_sensitive(true);
    Ok(value)
}
