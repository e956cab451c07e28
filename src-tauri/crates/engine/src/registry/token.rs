//! Authorization for one registry: which scheme it wants, tokens by scope, one refresh in flight.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex as StdMutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use oci::name::Registry;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded::Serializer;

use super::challenge::{self, Challenge};
use super::http::{Answer, Http, Request};
use super::realm::{self, TokenEndpoint};
use super::{Scope, basic, sensitive};
use crate::credential::{Credential, Found, Keyring};
use crate::error::{Code, Error, Result};
use crate::exchange::{Purpose, Role};
use crate::job::Job;

/// A token server's answer is read no further than this, bytes.
const TOKEN_CAP: u64 = 64 * 1024;
/// What `expires_in` is where it is missing or odd (distribution token spec).
const DEFAULT_LIFE: u64 = 60;
const LONGEST_LIFE: u64 = 24 * 60 * 60;

pub(super) struct Authorizer {
    registry: Registry,
    http: Http,
    keyring: Keyring,
    learned: StdMutex<Learned>,
    /// Held over a fetch: one refresh in flight, and whoever waits finds its result.
    refreshing: Mutex<()>,
    warnings: StdMutex<Vec<String>>,
}

#[derive(Default)]
struct Learned {
    basic: Option<HeaderValue>,
    tokens: HashMap<Vec<Scope>, Token>,
    /// Scopes for which the stored credential turned out to be refused: it is not sent for them again.
    stale: HashSet<Vec<Scope>>,
    warned: Vec<String>,
    /// Why no stored credential could be read.
    withheld: Option<Error>,
}

#[derive(Clone)]
struct Token {
    header: HeaderValue,
    /// Monotonic: a changed clock does not matter.
    expires: Instant,
    anonymous: bool,
}

/// An authorization in use.
#[derive(Clone)]
pub(super) struct Held {
    header: HeaderValue,
    anonymous: bool,
}

impl Held {
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}

/// What a token is wanted for.
struct Asked<'a> {
    /// The registry's URL that answered 401.
    url: &'a Url,
    /// Whether the registry is at a private address.
    private: bool,
    realm: &'a str,
    service: Option<&'a str>,
    scopes: &'a [Scope],
}

/// What to do after a 401.
pub(super) enum Next {
    Try(Held),
    GiveUp(Box<Answer>),
}

impl Authorizer {
    pub(super) fn new(registry: Registry, http: Http, keyring: Keyring) -> Self {
        Self {
            registry,
            http,
            keyring,
            learned: StdMutex::default(),
            refreshing: Mutex::default(),
            warnings: StdMutex::default(),
        }
    }

    /// Why no stored credential could be read, for when the registry refuses to go on without one.
    pub(super) fn take_withheld(&self) -> Option<Error> {
        self.learned().withheld.take()
    }

    pub(super) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.warnings.lock().expect("no code panics while it holds the warnings"))
    }

    /// What is known to work for these scopes, without asking anyone.
    pub(super) fn held(&self, scopes: &[Scope], _url: &Url) -> Option<Held> {
        let learned = self.learned();
        if let Some(header) = &learned.basic {
            return Some(Held { header: header.clone(), anonymous: false });
        }
        let token = learned.tokens.get(scopes)?;
        (token.expires > Instant::now())
            .then(|| Held { header: token.header.clone(), anonymous: token.anonymous })
    }

    /// Answers a 401: a fresh authorization, or the 401 itself where there is nothing more to try.
    pub(super) async fn answer(
        &self,
        answer: Answer,
        scopes: &[Scope],
        rejected: Option<&Held>,
        fresh: bool,
        request: &Request,
        job: Option<&Job>,
    ) -> Result<Next> {
        let challenges =
            challenge::parse(answer.headers.get_all(WWW_AUTHENTICATE).iter().map(HeaderValue::as_bytes));
        if challenges.is_empty() {
            // Nothing says how to sign in: the refusal itself says the most.
            return Ok(Next::GiveUp(Box::new(answer)));
        }
        let chosen = challenge::choose(&challenges).map_err(|error| {
            answer.body.failed(error.message());
            error.at_exchange(answer.body.exchange())
        })?;
        let bearer = matches!(chosen, Challenge::Bearer { .. });
        answer.body.note(if bearer { "where to get a token" } else { "wants a user name and password" });
        match chosen {
            Challenge::Bearer { realm, service, scope, .. } => {
                let _one_in_flight = self.refreshing.lock().await;
                if let Some(held) = self
                    .held(scopes, &request.url)
                    .filter(|held| rejected.is_none_or(|r| r.header != held.header))
                {
                    return Ok(Next::Try(held));
                }
                // A token that was made for this very request and refused: only leaving a stale account out is left.
                if let Some(held) = rejected.filter(|_| fresh) {
                    if held.anonymous {
                        return Ok(Next::GiveUp(Box::new(answer)));
                    }
                    self.learned().stale.insert(scopes.to_vec());
                }
                let wanted = union(scopes, scope.as_deref());
                let asked = Asked {
                    url: &request.url,
                    private: request.from_private,
                    realm,
                    service: service.as_deref(),
                    scopes,
                };
                let token = self.fetch(&asked, &wanted, job).await?;
                let held = Held { header: token.header.clone(), anonymous: token.anonymous };
                self.learned().tokens.insert(scopes.to_vec(), token);
                Ok(Next::Try(held))
            }
            _ => match self.basic_for(&answer, rejected, request).await? {
                Some(held) => Ok(Next::Try(held)),
                None => Ok(Next::GiveUp(Box::new(answer))),
            },
        }
    }

    async fn basic_for(
        &self,
        answer: &Answer,
        rejected: Option<&Held>,
        request: &Request,
    ) -> Result<Option<Held>> {
        let found = self.find(request).await?;
        let Credential::Basic { username, password } = &found.credential else { return Ok(None) };
        let header = basic(username, password.expose())?;
        self.remember_secret(password.expose(), Some(&header));
        if rejected.is_some_and(|held| held.header == header) {
            self.learned().basic = None;
            let why = format!(
                "`{}` refuses the stored user name and password ({})",
                self.registry.as_str(),
                found.origin
            );
            answer.body.failed(&why);
            return Err(Error::new(Code::AuthRefused, why)
                .with_hint(format!("Sign in again: `longshore login {}`", self.registry.as_str()))
                .at_exchange(answer.body.exchange()));
        }
        self.learned().basic = Some(header.clone());
        Ok(Some(Held { header, anonymous: false }))
    }

    async fn find(&self, request: &Request) -> Result<Found> {
        let path = request.url.path().strip_prefix("/v2/");
        let repository = path.and_then(|path| {
            let cut = ["/manifests/", "/blobs/", "/tags/", "/referrers/"]
                .iter()
                .filter_map(|part| path.rfind(part))
                .max()?;
            Some(&path[..cut])
        });
        let found = match self.keyring.credential(&self.registry, repository).await {
            Ok(found) => found,
            // A broken helper must not block a public image: its error is told only if the registry refuses.
            Err(error) if matches!(error.code(), Code::CredentialHelper | Code::CredentialConfig) => {
                self.warn(format!("{}: going on without an account", error.message()));
                self.learned().withheld = Some(error);
                let origin = "no credential could be read".to_owned();
                return Ok(Found { credential: Credential::Anonymous, origin, warnings: Vec::new() });
            }
            Err(error) => return Err(error),
        };
        let mut learned = self.learned();
        for warning in &found.warnings {
            if !learned.warned.contains(warning) {
                learned.warned.push(warning.clone());
                self.warn(warning.clone());
            }
        }
        Ok(found)
    }

    async fn fetch(&self, asked: &Asked<'_>, wanted: &[String], job: Option<&Job>) -> Result<Token> {
        let endpoint = realm::token_url(asked.url, asked.private, asked.realm, asked.service, wanted)?;
        let host = super::http::host_of(&endpoint.base);
        if !asked.private && self.http.options().network.is_private(&endpoint.base).await {
            let why = format!("`{}` sends sign-ins to the private address `{host}`", self.registry.as_str());
            return Err(Error::new(Code::RealmRefused, why)
                .with_hint("A public registry has no business there; Longshore does not go"));
        }
        let ask = async |credential: &Credential| self.ask(&endpoint, asked, wanted, credential, job).await;
        let stale = self.learned().stale.contains(asked.scopes);
        let found = if stale { None } else { Some(self.find_for_token(asked.url).await?) };
        let Some(found) = found.filter(|found| !matches!(found.credential, Credential::Anonymous)) else {
            return ask(&Credential::Anonymous).await;
        };
        if let Credential::RegistryToken(token) = &found.credential {
            self.remember_secret(token.expose(), None);
            let header = sensitive(&format!("Bearer {}", token.expose()))?;
            return Ok(Token { header, expires: far(), anonymous: false });
        }
        let trusted = self.http.options().trusted_realms.contains(&host);
        if !endpoint.may_send_credentials && !trusted {
            // Public images stay reachable; the account goes nowhere that was not agreed to.
            let elsewhere = endpoint.credentials_withheld(asked.url);
            self.warn(format!("{}: going on without an account", elsewhere.message()));
            return ask(&Credential::Anonymous).await.map_err(|error| {
                elsewhere
                    .with_hint(format!("If you trust `{host}` with this account: `--trust-realm {host}`"))
                    .with_source(error)
            });
        }
        match ask(&found.credential).await {
            Err(error) if matches!(error.code(), Code::AuthRequired | Code::AuthRefused) => {
                // A stale account must not block a public pull.
                self.learned().stale.insert(asked.scopes.to_vec());
                let anonymous = ask(&Credential::Anonymous).await;
                if anonymous.is_ok() {
                    self.warn(format!(
                        "the stored credential ({}) was refused: going on without an account",
                        found.origin
                    ));
                }
                anonymous.map_err(|_| refused(&self.registry, &found.origin, error))
            }
            other => other,
        }
    }

    async fn find_for_token(&self, registry_url: &Url) -> Result<Found> {
        self.find(&Request::get(registry_url.clone(), Purpose::new("token", ""))).await
    }

    async fn ask(
        &self,
        endpoint: &TokenEndpoint,
        asked: &Asked<'_>,
        wanted: &[String],
        credential: &Credential,
        job: Option<&Job>,
    ) -> Result<Token> {
        let mut request = Request::get(endpoint.url.clone(), purpose(credential));
        request.role = Role::Auth;
        // A redirect of the token endpoint would carry the account along: never followed.
        request.follow = false;
        request.from_private = asked.private;
        match credential {
            Credential::Basic { username, password } => {
                let header = basic(username, password.expose())?;
                self.remember_secret(password.expose(), Some(&header));
                request.authorization = Some(header);
            }
            Credential::IdentityToken { token, .. } => {
                self.remember_secret(token.expose(), None);
                let form = Serializer::new(String::new())
                    .append_pair("grant_type", "refresh_token")
                    .append_pair("service", asked.service.unwrap_or_default())
                    .append_pair("client_id", "longshore")
                    .append_pair("scope", &wanted.join(" "))
                    .append_pair("refresh_token", token.expose())
                    .finish();
                request.method = Method::POST;
                request.url = endpoint.base.clone();
                request
                    .headers
                    .insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
                request.body = Some(Bytes::from(form));
            }
            Credential::Anonymous | Credential::RegistryToken(_) => {}
        }
        let mut answer = self.http.send(&request, job).await?;
        let exchange = answer.body.exchange();
        if answer.status.is_redirection() {
            let why = format!(
                "the token server `{}` redirects, which is not followed",
                super::http::host_of(&endpoint.base)
            );
            answer.body.failed(&why);
            return Err(Error::new(Code::TokenInvalid, why)
                .with_hint("The registry's token server is misconfigured; ask its operator")
                .at_exchange(exchange));
        }
        if !answer.status.is_success() {
            let refused = matches!(
                answer.status,
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST
            );
            let error = super::refusal(answer, "token", self.http.log().redactor()).await;
            if refused && !matches!(credential, Credential::Anonymous) {
                return Err(refused_token(&self.registry, error));
            }
            return Err(error);
        }
        let body = answer.body.read(TOKEN_CAP).await?;
        let token = self.parse(&body, matches!(credential, Credential::Anonymous)).map_err(|why| {
            answer.body.failed(&why);
            Error::new(
                Code::TokenInvalid,
                format!(
                    "the token server `{}` gives no usable token: {why}",
                    super::http::host_of(&endpoint.base)
                ),
            )
            .with_hint("The registry's token server is misconfigured; ask its operator")
            .at_exchange(exchange)
        })?;
        answer.body.note("a token for this pull");
        Ok(token)
    }

    fn parse(&self, body: &[u8], anonymous: bool) -> Result<Token, String> {
        let parsed: TokenAnswer =
            serde_json::from_slice(body).map_err(|_| "the answer is not the JSON of a token".to_owned())?;
        let text = [parsed.token, parsed.access_token].into_iter().flatten().find(|token| !token.is_empty());
        let text = text.ok_or_else(|| "the answer has neither `token` nor `access_token`".to_owned())?;
        self.remember_secret(&text, None);
        let header = sensitive(&format!("Bearer {text}"))
            .map_err(|_| "the token has characters that no header can carry".to_owned())?;
        let life = parsed
            .expires_in
            .and_then(|life| life.as_f64())
            .filter(|life| *life >= 1.0)
            .map_or(DEFAULT_LIFE, |life| life as u64);
        let life = life.min(LONGEST_LIFE);
        // A tenth early, so that it does not expire on the way.
        let expires = Instant::now() + Duration::from_secs(life) * 9 / 10;
        Ok(Token { header, expires, anonymous })
    }

    fn remember_secret(&self, secret: &str, header: Option<&HeaderValue>) {
        let redactor = self.http.log().redactor();
        redactor.learn(secret);
        if let Some(encoded) =
            header.and_then(|header| header.to_str().ok()).and_then(|text| text.split_once(' '))
        {
            redactor.learn(encoded.1);
        }
    }

    fn warn(&self, warning: String) {
        self.warnings.lock().expect("no code panics while it holds the warnings").push(warning);
    }

    fn learned(&self) -> std::sync::MutexGuard<'_, Learned> {
        self.learned.lock().expect("no code panics while it holds what was learned")
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<serde_json::Value>,
}

fn purpose(credential: &Credential) -> Purpose {
    let explanation = match credential {
        Credential::Anonymous => {
            "No account is stored for this registry, so Longshore asks for a token that anyone may have."
        }
        Credential::IdentityToken { .. } => {
            "The stored sign-in token is exchanged for a short-lived one for this repository."
        }
        _ => {
            "The stored account is exchanged for a short-lived token for this repository; the registry itself never sees the password."
        }
    };
    Purpose::new("token", explanation)
}

fn union(scopes: &[Scope], challenged: Option<&str>) -> Vec<String> {
    let mut wanted: Vec<String> = scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
    for scope in challenged.unwrap_or_default().split_whitespace() {
        if !wanted.iter().any(|known| known == scope) {
            wanted.push(scope.to_owned());
        }
    }
    wanted
}

fn refused(registry: &Registry, origin: &str, cause: Error) -> Error {
    Error::new(Code::AuthRefused, format!("`{}` refuses the stored credential ({origin})", registry.as_str()))
        .with_hint(format!("Sign in again: `longshore login {}`", registry.as_str()))
        .with_source(cause)
}

fn refused_token(registry: &Registry, cause: Error) -> Error {
    let exchange = cause.exchange();
    let error = Error::new(
        Code::AuthRefused,
        format!("the token server of `{}` refuses the account", registry.as_str()),
    )
    .with_hint(format!("Sign in again: `longshore login {}`", registry.as_str()))
    .with_source(cause);
    if let Some(exchange) = exchange { error.at_exchange(exchange) } else { error }
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(LONGEST_LIFE)
}
