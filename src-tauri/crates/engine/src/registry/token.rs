//! Authorization for one registry: which scheme it wants, tokens by scope, one refresh in flight.
//!
//! Invariants: a token that was refused is asked for again once, then the registry's word counts; a stored credential
//! that was refused for a scope is not sent for it again, until it is another credential; what writes is never done
//! without the account that is stored for it.

mod issue;
mod refusal;

pub(super) use self::issue::{form, keep_secret};
use self::refusal::{is_refusal, not_allowed, refused, wants_account};

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex as StdMutex};
use std::time::{Duration, Instant};

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use oci::name::Registry;
use tokio::sync::Mutex;
use url::Url;

use super::challenge::{self, Challenge};
use super::http::{Answer, Http, Request};
use super::{Scope, basic, realm, sensitive};
use crate::credential::{Credential, Found, Keyring, Place, Secret};
use crate::error::{Code, Detail, Error, Result};
use crate::job::Job;

/// How long what has no end of its own is kept.
const NO_END: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) struct Authorizer {
    registry: Registry,
    http: Http,
    keyring: Keyring,
    purpose: Use,
    learned: StdMutex<Learned>,
    /// Held over a fetch: one refresh in flight, and whoever waits finds its result.
    refreshing: Mutex<()>,
    warnings: StdMutex<Vec<String>>,
}

/// What an [`Authorizer`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Requests: a credential that does not work is left out where that helps.
    Requests,
    /// Trying the credential itself: it works or it does not, and a refresh token is asked for with it.
    SignIn,
}

#[derive(Default)]
struct Learned {
    /// Of the keyring, when all this was learned.
    generation: u64,
    /// What a sign-in got to be kept in place of the password.
    refresh: Option<Secret>,
    basic: Option<Held>,
    tokens: HashMap<Vec<Scope>, Held>,
    /// Stored credentials that were refused, by what for.
    stale: HashMap<Vec<Scope>, Credential>,
    warned: HashSet<String>,
    /// Why no stored credential was sent, by what for: told where the registry does not go on without one.
    withheld: HashMap<Vec<Scope>, Error>,
}

/// An authorization in use.
pub(super) struct Token {
    header: HeaderValue,
    /// Monotonic: a changed clock does not matter.
    expires: Instant,
    /// Whose it is; none for one that anybody gets.
    account: Option<Found>,
    /// The scopes that were asked for.
    wanted: Vec<String>,
    /// The host of the token server that gave it out.
    from: Option<String>,
}

pub(super) type Held = Arc<Token>;

impl Token {
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}

/// What to do after a 401.
pub(super) enum Next {
    Try(Held),
    GiveUp(Box<Answer>),
}

impl Authorizer {
    pub(super) fn new(registry: Registry, http: Http, keyring: Keyring, purpose: Use) -> Self {
        Self {
            registry,
            http,
            keyring,
            purpose,
            learned: StdMutex::default(),
            refreshing: Mutex::default(),
            warnings: StdMutex::default(),
        }
    }

    /// The registry refused: where no stored credential was sent, the reason for that is the failure.
    pub(super) fn refused(&self, answer: Answer, scopes: &[Scope]) -> Result<Answer> {
        let withheld = self.withheld(scopes);
        withheld.map_or(Ok(()), |error| Err(error.at_exchange(answer.body.exchange()))).map(|()| answer)
    }

    /// The last try was refused as well. Where another request got the token meanwhile, nobody has said of it yet that
    /// it does not reach this far.
    pub(super) fn refused_last(
        &self,
        answer: Answer,
        scopes: &[Scope],
        held: Option<Held>,
    ) -> Result<Answer> {
        let account = held.and_then(|held| held.account.clone());
        match account.filter(|_| self.purpose == Use::Requests && answer.status == StatusCode::UNAUTHORIZED) {
            Some(account) if self.withheld(scopes).is_none() => {
                let challenges = challenges(&answer);
                let told = self.account_refused(&account, challenge::choose(&challenges).ok(), scopes);
                Err(told.at_exchange(answer.body.exchange()))
            }
            _ => self.refused(answer, scopes),
        }
    }

    pub(super) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.warnings.lock().expect("no code panics while it holds the warnings"))
    }

    /// The refresh token that a sign-in got.
    pub(super) fn refresh_token(&self) -> Option<Secret> {
        self.learned().refresh.clone()
    }

    /// The host that gave a token out, where the registry asked for one; its own where it asked for a password. None where
    /// it asked for nothing.
    pub(super) fn signed_in_at(&self) -> Option<String> {
        let learned = self.learned();
        let token = || learned.tokens.values().find_map(|token| token.from.clone());
        learned.basic.as_ref().map(|_| self.registry.as_str().to_owned()).or_else(token)
    }

    /// What is known to work for these scopes, without asking anyone. Nothing of it outlives a sign-in or a sign-out.
    pub(super) fn held(&self, scopes: &[Scope]) -> Option<Held> {
        let generation = self.keyring.generation();
        let mut learned = self.learned();
        if learned.generation != generation {
            *learned = Learned { generation, ..Learned::default() };
        }
        let held = learned.basic.as_ref().or_else(|| learned.tokens.get(scopes))?;
        (held.expires > Instant::now()).then(|| held.clone())
    }

    /// Answers a 401: a fresh authorization, or the 401 itself where there is nothing more to try. `fresh` says that
    /// what was rejected had been got for this very request.
    pub(super) async fn answer(
        &self,
        answer: Answer,
        scopes: &[Scope],
        rejected: Option<&Held>,
        fresh: bool,
        request: &Request,
        job: Option<&Job>,
    ) -> Result<Next> {
        let exchange = answer.body.exchange();
        let next = self.next(answer, scopes, rejected, fresh, request, job).await;
        next.map_err(|error| error.at_exchange(exchange))
    }

    async fn next(
        &self,
        answer: Answer,
        scopes: &[Scope],
        rejected: Option<&Held>,
        fresh: bool,
        request: &Request,
        job: Option<&Job>,
    ) -> Result<Next> {
        let challenges = challenges(&answer);
        if challenges.is_empty() {
            // Nothing says how to sign in: the refusal itself says the most.
            return Ok(Next::GiveUp(Box::new(answer)));
        }
        let chosen =
            challenge::choose(&challenges).inspect_err(|error| answer.body.failed(error.message()))?;
        let Challenge::Bearer { realm, service, scope, .. } = chosen else {
            answer.body.note("wants a user name and password");
            let held = self.basic_for(&answer, scopes, rejected, &request.url).await?;
            return Ok(held.map_or_else(|| Next::GiveUp(Box::new(answer)), Next::Try));
        };
        answer.body.note("where to get a token");
        let _one_in_flight = self.refreshing.lock().await;
        self.learned().basic = None;
        let is_other = |held: &Held| rejected.is_none_or(|rejected| rejected.header != held.header);
        if let Some(held) = self.held(scopes).filter(is_other) {
            return Ok(Next::Try(held));
        }
        let wanted = issue::union(scopes, scope.as_deref());
        // Made for this very request, for all that is wanted, and refused: the same again would go in circles. Only
        // leaving the account out is left.
        if let Some(held) =
            rejected.filter(|held| fresh && wanted.iter().all(|one| held.wanted.contains(one)))
        {
            let Some(account) = held.account.as_ref().filter(|_| self.purpose == Use::Requests) else {
                return Ok(Next::GiveUp(Box::new(answer)));
            };
            self.leave_out(scopes, account, self.account_refused(account, Some(chosen), scopes));
            if scopes.iter().any(Scope::writes) {
                return Ok(Next::GiveUp(Box::new(answer)));
            }
        }
        let endpoint =
            realm::token_url(&request.url, request.from_private, realm, service.as_deref(), &wanted)?;
        let asked = issue::Asked {
            registry: &self.registry,
            endpoint: &endpoint,
            service: service.as_deref().unwrap_or_default(),
            wanted: &wanted,
            from_private: request.from_private,
            offline: self.purpose == Use::SignIn,
        };
        let token = Held::new(self.fetch(&asked, scopes, &request.url, job).await?);
        self.learned().tokens.insert(scopes.to_vec(), token.clone());
        Ok(Next::Try(token))
    }

    async fn basic_for(
        &self,
        answer: &Answer,
        scopes: &[Scope],
        rejected: Option<&Held>,
        url: &Url,
    ) -> Result<Option<Held>> {
        let found = self.find(scopes, url).await?;
        let Credential::Basic { username, password } = &found.credential else { return Ok(None) };
        let header = basic(username, password.expose())?;
        keep_secret(&self.http, password.expose(), Some(&header));
        if rejected.is_some_and(|held| held.header == header) {
            self.learned().basic = None;
            let error = refused(&self.registry, &found);
            answer.body.failed(error.message());
            return Err(error);
        }
        let expires = Instant::now() + NO_END;
        let held = Held::new(Token { header, expires, account: Some(found), wanted: Vec::new(), from: None });
        self.learned().basic = Some(held.clone());
        Ok(Some(held))
    }

    /// The stored credential. Where it can't be read there is none: a broken helper must not block a public image, and
    /// its failure is told if the registry refuses.
    async fn find(&self, scopes: &[Scope], url: &Url) -> Result<Found> {
        let path = url.path().strip_prefix("/v2/");
        let repository = path.and_then(|path| {
            let cut = ["/manifests/", "/blobs/", "/tags/", "/referrers/"]
                .iter()
                .filter_map(|part| path.rfind(part))
                .max()?;
            Some(&path[..cut])
        });
        match self.keyring.credential(&self.registry, repository).await {
            Ok(found) => {
                let mut learned = self.learned();
                if learned.stale.get(scopes) != Some(&found.credential) {
                    learned.withheld.remove(scopes);
                }
                drop(learned);
                found.warnings.iter().for_each(|warning| self.warn(warning.clone()));
                Ok(found)
            }
            Err(error) if matches!(error.code(), Code::CredentialHelper | Code::CredentialConfig) => {
                self.warn(format!("{}: going on without an account", error.message()));
                self.learned().withheld.insert(scopes.to_vec(), error);
                let origin = "no credential could be read".to_owned();
                let (credential, place) = (Credential::Anonymous, Place::Nowhere);
                Ok(Found { credential, origin, place, warnings: Vec::new() })
            }
            Err(error) => Err(error),
        }
    }

    async fn fetch(
        &self,
        asked: &issue::Asked<'_>,
        scopes: &[Scope],
        registry_url: &Url,
        job: Option<&Job>,
    ) -> Result<Token> {
        let base = &asked.endpoint.base;
        let host = super::http::host_of(base);
        if !asked.from_private && self.http.options().network.is_private(base).await {
            let why = format!("`{}` sends sign-ins to the private address `{host}`", self.registry);
            return Err(Error::new(Code::RealmRefused, why)
                .with_hint("A public registry has no business there; Longshore does not go"));
        }
        let found = self.find(scopes, registry_url).await?;
        let is_stale = self.learned().stale.get(scopes) == Some(&found.credential);
        let writes = scopes.iter().any(Scope::writes);
        let trusted =
            asked.endpoint.may_send_credentials || self.http.options().trusted_realms.contains(&host);
        match &found.credential {
            Credential::Anonymous => {}
            _ if is_stale && writes => {
                return Err(self.withheld(scopes).unwrap_or_else(|| refused(&self.registry, &found)));
            }
            _ if is_stale => {}
            Credential::RegistryToken(token) => {
                keep_secret(&self.http, token.expose(), None);
                let header = sensitive(&format!("Bearer {}", token.expose()))?;
                let (expires, wanted) = (Instant::now() + NO_END, asked.wanted.to_vec());
                return Ok(Token { header, expires, account: Some(found), wanted, from: None });
            }
            _ if !trusted => {
                // Public images stay reachable; the account goes nowhere that was not agreed to.
                let elsewhere = asked
                    .endpoint
                    .credentials_withheld(registry_url)
                    .with_hint(format!("If you trust `{host}` with this account: `--trust-realm {host}`"))
                    .with_detail(Detail::Realm(host.clone()));
                if writes || self.purpose == Use::SignIn {
                    return Err(elsewhere);
                }
                self.warn(format!("{}: going on without an account", elsewhere.message()));
                self.learned().withheld.insert(scopes.to_vec(), elsewhere);
            }
            credential => match issue::issue(&self.http, asked, credential, job).await {
                Ok(issued) => {
                    self.take_refresh_token(&found, issued.refresh.clone()).await;
                    return Ok(issued.token(asked, Some(found)));
                }
                Err(error) if is_refusal(&error) && self.purpose == Use::Requests => {
                    let told = refused(&self.registry, &found).in_place_of(error);
                    self.leave_out(scopes, &found, told.copy());
                    if writes {
                        return Err(told);
                    }
                }
                Err(error) => return Err(error),
            },
        }
        match issue::issue(&self.http, asked, &Credential::Anonymous, job).await {
            Ok(issued) => {
                if self.learned().stale.get(scopes) == Some(&found.credential) {
                    self.warn(format!(
                        "the stored credential ({}) was refused: going on without an account, where docker would stop",
                        found.origin
                    ));
                }
                Ok(issued.token(asked, None))
            }
            Err(error) if is_refusal(&error) => {
                Err(self.withheld(scopes).unwrap_or_else(|| wants_account(&self.registry, error)))
            }
            Err(error) => Err(error),
        }
    }

    /// A refresh token came along: of a sign-in it is what to keep; a new one in place of the one that was sent is kept
    /// where that was.
    async fn take_refresh_token(&self, found: &Found, refresh: Option<Secret>) {
        let Some(refresh) = refresh else { return };
        match &found.credential {
            _ if self.purpose == Use::SignIn => self.learned().refresh = Some(refresh),
            Credential::IdentityToken { token, .. } if *token != refresh => {
                if let Some(warning) = self.keyring.replace_token(&self.registry, found, refresh).await {
                    self.warn(warning);
                }
            }
            _ => {}
        }
    }

    /// What there is to say of an account whose token the registry refuses with this challenge.
    fn account_refused(&self, account: &Found, challenge: Option<&Challenge>, scopes: &[Scope]) -> Error {
        match challenge {
            // Whoever is given a token is known: it is the right that is missing.
            Some(Challenge::Bearer { error: Some(error), .. }) if error == "insufficient_scope" => {
                not_allowed(&self.registry, account, scopes.iter().any(Scope::writes))
            }
            _ => refused(&self.registry, account),
        }
    }

    /// A stored credential was refused: it is not sent for these scopes again. `told` is what there is to say of it.
    fn leave_out(&self, scopes: &[Scope], account: &Found, told: Error) {
        let mut learned = self.learned();
        learned.stale.insert(scopes.to_vec(), account.credential.clone());
        learned.withheld.insert(scopes.to_vec(), told);
    }

    fn withheld(&self, scopes: &[Scope]) -> Option<Error> {
        self.learned().withheld.get(scopes).map(Error::copy)
    }

    /// Says it once.
    fn warn(&self, warning: String) {
        if self.learned().warned.insert(warning.clone()) {
            self.warnings.lock().expect("no code panics while it holds the warnings").push(warning);
        }
    }

    fn learned(&self) -> std::sync::MutexGuard<'_, Learned> {
        self.learned.lock().expect("no code panics while it holds what was learned")
    }
}

fn challenges(answer: &Answer) -> Vec<Challenge> {
    challenge::parse(answer.headers.get_all(WWW_AUTHENTICATE).iter().map(HeaderValue::as_bytes))
}
