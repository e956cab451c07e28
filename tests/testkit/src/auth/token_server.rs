//! A token server: the Docker token specification's GET, and its OAuth2 POST.
//!
//! What a broken one answers (garbage, a redirect, more than 64 KiB, nothing) is a fault of the [`Server`] beneath.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::signer::Signer;
use super::{Guard, basic};
use crate::net::lock;
use crate::server::{Reply, Request, Server};
use crate::tls::ServerTls;

/// A token that was given out.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The token.
    pub token: String,
    /// Whom it was given; `None` for anonymous.
    pub account: Option<String>,
    /// What it grants, after narrowing.
    pub scopes: Vec<String>,
    until: Option<Instant>,
}

type Narrow = Arc<dyn Fn(Option<&str>, &str) -> Option<String> + Send + Sync>;

struct State {
    service: String,
    accounts: BTreeMap<String, String>,
    refresh_tokens: Mutex<BTreeMap<String, String>>,
    gives_refresh: bool,
    rotates: bool,
    anonymous: bool,
    post: bool,
    lifetime: Option<Duration>,
    expires_in: Value,
    field: &'static str,
    prefix: String,
    narrow: Narrow,
    signer: Option<Signer>,
    issued: Mutex<Vec<Issued>>,
}

/// A token server on a free loopback port. It stops when dropped.
pub struct TokenServer {
    server: Server,
    state: Arc<State>,
    realm: Option<String>,
}

/// Makes a [`TokenServer`]: see [`TokenServer::builder`].
pub struct TokenServerBuilder {
    state: State,
    realm: Option<String>,
}

impl TokenServer {
    /// A server that gives anybody tokens to pull, answers POST, and whose tokens live for 300 s.
    pub fn builder() -> TokenServerBuilder {
        TokenServerBuilder {
            state: State {
                service: "registry.test".to_owned(),
                accounts: BTreeMap::new(),
                refresh_tokens: Mutex::default(),
                gives_refresh: false,
                rotates: false,
                anonymous: true,
                post: true,
                lifetime: Some(Duration::from_secs(300)),
                expires_in: json!(300),
                field: "token",
                prefix: "opaque".to_owned(),
                narrow: Arc::new(|_, scope| Some(scope.to_owned())),
                signer: None,
                issued: Mutex::default(),
            },
            realm: None,
        }
    }

    /// A guard that asks for this server's tokens.
    pub fn guard(self: &Arc<Self>) -> Guard {
        Guard::Bearer(Arc::clone(self))
    }

    /// The realm of the challenge: `http://127.0.0.1:PORT/token` unless set.
    pub fn realm(&self) -> String {
        self.realm.clone().unwrap_or_else(|| self.server.url("/token"))
    }

    /// The service of the challenge.
    pub fn service(&self) -> &str {
        &self.state.service
    }

    /// Signs for the real docker-registry, where the server was made so.
    pub fn signer(&self) -> Option<&Signer> {
        self.state.signer.as_ref()
    }

    /// Every token given out so far.
    pub fn issued(&self) -> Vec<Issued> {
        lock(&self.state.issued).clone()
    }

    /// The refresh tokens that are good now.
    pub fn refresh_tokens(&self) -> Vec<String> {
        lock(&self.state.refresh_tokens).keys().cloned().collect()
    }

    /// Ends every token given out so far, as if its time had passed.
    pub fn revoke_all(&self) {
        for issued in lock(&self.state.issued).iter_mut() {
            issued.until = Some(Instant::now());
        }
    }

    /// Whether a token opens what needs `scope`; the error is the challenge's `error` parameter.
    pub(super) fn verdict(
        &self,
        token: Option<&str>,
        scope: Option<&str>,
    ) -> Result<(), Option<&'static str>> {
        let Some(token) = token else { return Err(None) };
        let issued = lock(&self.state.issued);
        let Some(issued) = issued.iter().find(|it| it.token == token) else {
            return Err(Some("invalid_token"));
        };
        if issued.until.is_some_and(|until| Instant::now() >= until) {
            return Err(Some("invalid_token"));
        }
        let granted = scope.is_none_or(|needed| issued.scopes.iter().any(|it| covers(it, needed)));
        if granted { Ok(()) } else { Err(Some("insufficient_scope")) }
    }

    pub(super) fn challenge(&self, scope: Option<&str>, error: Option<&str>) -> String {
        let mut challenge = format!("Bearer realm=\"{}\",service=\"{}\"", self.realm(), self.service());
        if let Some(scope) = scope {
            challenge.push_str(&format!(",scope=\"{scope}\""));
        }
        if let Some(error) = error {
            challenge.push_str(&format!(",error=\"{error}\""));
        }
        challenge
    }
}

/// The log, the faults and the address are the server's.
impl Deref for TokenServer {
    type Target = Server;
    fn deref(&self) -> &Server {
        &self.server
    }
}

impl TokenServerBuilder {
    /// Adds an account.
    #[must_use]
    pub fn account(mut self, username: &str, password: &str) -> Self {
        self.state.accounts.insert(username.to_owned(), password.to_owned());
        self
    }
    /// Accepts this identity token as that account's, by `grant_type=refresh_token`.
    #[must_use]
    pub fn identity_token(self, username: &str, token: &str) -> Self {
        lock(&self.state.refresh_tokens).insert(token.to_owned(), username.to_owned());
        self
    }
    /// Gives an account that asks for offline access (`access_type=offline`, `offline_token=true`) a refresh token.
    #[must_use]
    pub fn gives_refresh_tokens(mut self) -> Self {
        self.state.gives_refresh = true;
        self
    }
    /// Replaces a refresh token whenever it is used: the old one is worth nothing afterwards.
    #[must_use]
    pub fn rotates_refresh_tokens(mut self) -> Self {
        self.state.rotates = true;
        self
    }
    /// Refuses requests without an account.
    #[must_use]
    pub fn no_anonymous(mut self) -> Self {
        self.state.anonymous = false;
        self
    }
    /// Answers POST with 404, as older token servers do.
    #[must_use]
    pub fn no_post(mut self) -> Self {
        self.state.post = false;
        self
    }
    /// Ends tokens after `lifetime`, and says so in `expires_in`, in whole seconds.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.state.lifetime = Some(lifetime);
        self.state.expires_in = json!(lifetime.as_secs());
        self
    }
    /// Says this in `expires_in`, whatever is true; `null` leaves it out.
    #[must_use]
    pub fn claim_expires_in(mut self, value: Value) -> Self {
        self.state.expires_in = value;
        self
    }
    /// Puts the token into this member: `token` (the default) or `access_token`.
    #[must_use]
    pub fn field(mut self, field: &'static str) -> Self {
        self.state.field = field;
        self
    }
    /// Begins every opaque token with this: a canary to search for.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.state.prefix);
        self
    }
    /// Sets the service of the challenge.
    #[must_use]
    pub fn service(mut self, service: &str) -> Self {
        service.clone_into(&mut self.state.service);
        self
    }
    /// Names another realm in the challenge.
    #[must_use]
    pub fn realm(mut self, realm: &str) -> Self {
        self.realm = Some(realm.to_owned());
        self
    }
    /// Decides what is granted of each scope asked for, by account: less, or nothing.
    #[must_use]
    pub fn grant(
        mut self,
        narrow: impl Fn(Option<&str>, &str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.state.narrow = Arc::new(narrow);
        self
    }
    /// Gives out signed JWTs, which the real docker-registry accepts with the signer's certificate.
    #[must_use]
    pub fn signed(mut self, signer: Signer) -> Self {
        self.state.signer = Some(signer);
        self
    }
    /// Starts it over plain HTTP.
    pub fn start(self) -> Arc<TokenServer> {
        self.start_with(Ipv4Addr::LOCALHOST, None)
    }
    /// Starts it over HTTPS.
    pub fn start_tls(self, tls: &ServerTls) -> Arc<TokenServer> {
        self.start_with(Ipv4Addr::LOCALHOST, Some(tls))
    }

    pub(crate) fn start_with(self, address: Ipv4Addr, tls: Option<&ServerTls>) -> Arc<TokenServer> {
        let state = Arc::new(self.state);
        let shared = Arc::clone(&state);
        let handler = Arc::new(move |request: &Request| shared.answer(request));
        Arc::new(TokenServer { server: Server::start_with(address, tls, handler), state, realm: self.realm })
    }
}

/// Whether a granted scope (`repository:a/b:pull,push`) covers a needed one with one action.
fn covers(granted: &str, needed: &str) -> bool {
    let (Some((resource, actions)), Some((wanted, action))) =
        (granted.rsplit_once(':'), needed.rsplit_once(':'))
    else {
        return false;
    };
    resource == wanted && actions.split(',').any(|it| it == action || it == "*")
}

impl State {
    fn answer(&self, request: &Request) -> Reply {
        if request.path != "/token" {
            return Reply::status(404);
        }
        let form: BTreeMap<String, String> = request.form().into_iter().collect();
        let (asked, offline) = match request.method.as_str() {
            "GET" => (self.asked_by_get(request), request.query_values("offline_token") == ["true"]),
            "POST" if self.post => {
                (self.asked_by_post(&form), form.get("access_type").is_some_and(|it| it == "offline"))
            }
            _ => return Reply::status(404),
        };
        let used = form.get("refresh_token").filter(|_| self.rotates);
        match asked {
            Ok((account, scopes)) => {
                let refresh = account.as_ref().filter(|_| (self.gives_refresh && offline) || used.is_some());
                let refresh = refresh.map(|account| self.new_refresh_token(account, used));
                self.issue(account, &scopes, refresh)
            }
            Err(details) => Reply::json(401, &json!({ "details": details }))
                .with("WWW-Authenticate", "Basic realm=\"token server\""),
        }
    }

    fn asked_by_get(&self, request: &Request) -> Result<(Option<String>, Vec<String>), &'static str> {
        // Several values in one parameter are as valid as several parameters.
        let scopes = request.query_values("scope");
        let scopes = scopes.iter().flat_map(|it| it.split(' ')).filter(|it| !it.is_empty());
        let account = match basic(request) {
            Some((user, password)) => Some(self.account(&user, &password)?),
            None if request.header("authorization").is_some() => return Err("not Basic"),
            None if self.anonymous => None,
            None => return Err("no account"),
        };
        Ok((account, scopes.map(str::to_owned).collect()))
    }

    fn new_refresh_token(&self, account: &str, used: Option<&String>) -> String {
        let mut tokens = lock(&self.refresh_tokens);
        used.into_iter().for_each(|used| drop(tokens.remove(used)));
        let token = format!("{}-refresh-{:04}", self.prefix, lock(&self.issued).len() + 1);
        tokens.insert(token.clone(), account.to_owned());
        token
    }

    fn asked_by_post(
        &self,
        form: &BTreeMap<String, String>,
    ) -> Result<(Option<String>, Vec<String>), &'static str> {
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        if field("client_id").is_empty() || field("service").is_empty() {
            return Err("client_id and service are required");
        }
        let account = match field("grant_type") {
            "password" => self.account(field("username"), field("password"))?,
            "refresh_token" => {
                let known = lock(&self.refresh_tokens).get(field("refresh_token")).cloned();
                known.ok_or("unknown refresh token")?
            }
            _ => return Err("unknown grant type"),
        };
        let scopes = field("scope").split(' ').filter(|it| !it.is_empty()).map(str::to_owned).collect();
        Ok((Some(account), scopes))
    }

    fn account(&self, user: &str, password: &str) -> Result<String, &'static str> {
        let right = self.accounts.get(user).is_some_and(|it| it == password);
        if right { Ok(user.to_owned()) } else { Err("incorrect username or password") }
    }

    fn issue(&self, account: Option<String>, asked: &[String], refresh: Option<String>) -> Reply {
        let scopes: Vec<String> =
            asked.iter().filter_map(|scope| (self.narrow)(account.as_deref(), scope)).collect();
        let mut issued = lock(&self.issued);
        let token = match &self.signer {
            Some(signer) => {
                let lifetime = self.lifetime.unwrap_or(Duration::from_secs(300));
                signer.token(account.as_deref().unwrap_or(""), &self.service, &scopes, lifetime, issued.len())
            }
            None => format!("{}-{:04}", self.prefix, issued.len() + 1),
        };
        let until = self.lifetime.map(|lifetime| Instant::now() + lifetime);
        issued.push(Issued { token: token.clone(), account, scopes, until });
        let mut body = json!({ self.field: token });
        if !self.expires_in.is_null() {
            body["expires_in"] = self.expires_in.clone();
        }
        if let Some(refresh) = refresh {
            body["refresh_token"] = json!(refresh);
        }
        Reply::json(200, &body)
    }
}
