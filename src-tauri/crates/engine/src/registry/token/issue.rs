//! Asking a token server for one token, and reading its answer.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use oci::name::Registry;
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;

use super::super::http::{Answer, Http, Request, host_of, refusal};
use super::super::realm::TokenEndpoint;
use super::super::{Scope, basic, sensitive};
use super::Token;
use crate::credential::{Credential, Found, Secret};
use crate::error::{Code, Error, Result};
use crate::exchange::{Purpose, Role};
use crate::job::Job;

/// A token server's answer is read no further than this, bytes.
const TOKEN_CAP: u64 = 64 * 1024;
/// What `expires_in` is where it is missing or odd, seconds (distribution token spec).
const DEFAULT_LIFE: u64 = 60;
const LONGEST_LIFE: u64 = 24 * 60 * 60;
/// How Longshore calls itself to token servers; it need not be registered (distribution token spec).
const CLIENT_ID: &str = "longshore";

/// What a token is wanted for.
pub(super) struct Asked<'a> {
    pub registry: &'a Registry,
    pub endpoint: &'a TokenEndpoint,
    pub service: &'a str,
    pub wanted: &'a [String],
    /// Whether the registry is at a private address.
    pub from_private: bool,
    /// Whether somebody signs in: then a refresh token is asked for as well, to be kept in place of the password.
    pub offline: bool,
}

/// A token as it was given out.
pub(super) struct Issued {
    header: HeaderValue,
    life: Duration,
    /// A refresh token that came with it.
    pub refresh: Option<Secret>,
}

impl Issued {
    pub(super) fn token(self, asked: &Asked<'_>, account: Option<Found>) -> Token {
        // A tenth early, so that it does not expire on the way.
        let expires = Instant::now() + self.life * 9 / 10;
        let from = Some(host_of(&asked.endpoint.base));
        Token { header: self.header, expires, account, wanted: asked.wanted.to_vec(), from }
    }
}

/// Asks once.
///
/// # Errors
/// [`Code::AuthRequired`] or [`Code::AuthRefused`] where the credential is not taken, [`Code::TokenInvalid`] where the
/// answer can't be used, and what the transport gives.
pub(super) async fn issue(
    http: &Http,
    asked: &Asked<'_>,
    credential: &Credential,
    job: Option<&Job>,
) -> Result<Issued> {
    if let (true, Credential::Basic { username, password }) = (asked.offline, credential) {
        let answer = http.send(&password_grant(http, asked, username, password)?, job).await?;
        // 404 and 405 are right for a server that knows only GET; Artifactory says 401 to any POST, Azure 400. The
        // account itself is judged by the GET then, and no refresh token is asked for, which only a POST could use.
        if !matches!(answer.status.as_u16(), 400 | 401 | 404 | 405) {
            return taken(http, asked, credential, answer).await;
        }
        answer.body.note("takes no sign-in by POST, so it is asked by GET");
    }
    let answer = http.send(&request(http, asked, credential)?, job).await?;
    taken(http, asked, credential, answer).await
}

/// Reads an answer.
async fn taken(
    http: &Http,
    asked: &Asked<'_>,
    credential: &Credential,
    mut answer: Answer,
) -> Result<Issued> {
    let exchange = answer.body.exchange();
    let host = host_of(&asked.endpoint.base);
    let invalid = |why: String| {
        Error::new(Code::TokenInvalid, why)
            .with_hint("The registry's token server is misconfigured; ask its operator")
            .at_exchange(exchange)
    };
    if answer.status.is_redirection() {
        let why = format!("the token server `{host}` redirects, which is not followed");
        answer.body.failed(&why);
        return Err(invalid(why));
    }
    if !answer.status.is_success() {
        let error = not_issued(http, asked, credential, answer).await;
        return Err(match error.code() {
            Code::NotFound | Code::RegistryRefused | Code::NotARegistry => {
                invalid(format!("the token server `{host}` gives no token")).with_source(error)
            }
            _ => error,
        });
    }
    let body = answer.body.read(TOKEN_CAP).await.map_err(|error| match error.code() {
        Code::TooLarge => invalid(format!(
            "the token server `{host}` gives no usable token: the answer is over {} KiB",
            TOKEN_CAP >> 10
        )),
        _ => error,
    })?;
    let issued = parse(http, &body).map_err(|why| {
        answer.body.failed(&why);
        invalid(format!("the token server `{host}` gives no usable token: {why}"))
    })?;
    answer.body.note("a token for this pull");
    Ok(issued)
}

fn to_token_server(asked: &Asked<'_>, url: &Url, purpose: Purpose) -> Request {
    let mut request = Request::get(url.clone(), purpose);
    request.role = Role::Auth;
    // A redirect of the token endpoint would carry the account along: never followed.
    request.follow = false;
    request.from_private = asked.from_private;
    request
}

/// A form that is POSTed (OAuth2 of distribution's token server).
pub(in crate::registry) fn form(request: &mut Request, fields: &[(&str, &str)]) {
    let form = Serializer::new(String::new()).extend_pairs(fields).finish();
    request.method = Method::POST;
    request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    request.body = Some(Bytes::from(form));
}

fn password_grant(http: &Http, asked: &Asked<'_>, username: &str, password: &Secret) -> Result<Request> {
    // Its other form is what a server that echoes its requests would show.
    keep_secret(http, password.expose(), Some(&basic(username, password.expose())?));
    let purpose = Purpose::new(
        "token",
        "The account is exchanged for a short-lived token and, where the server has them, a refresh token that is kept in place of the password.",
    );
    let mut request = to_token_server(asked, &asked.endpoint.base, purpose);
    let scope = asked.wanted.join(" ");
    let mut fields = vec![
        ("grant_type", "password"),
        ("service", asked.service),
        ("client_id", CLIENT_ID),
        ("access_type", "offline"),
        ("username", username),
        ("password", password.expose()),
    ];
    fields.extend((!scope.is_empty()).then_some(("scope", scope.as_str())));
    form(&mut request, &fields);
    Ok(request)
}

fn request(http: &Http, asked: &Asked<'_>, credential: &Credential) -> Result<Request> {
    let mut request = to_token_server(asked, &asked.endpoint.url, purpose(credential));
    match credential {
        Credential::Basic { username, password } => {
            let header = basic(username, password.expose())?;
            keep_secret(http, password.expose(), Some(&header));
            request.authorization = Some(header);
        }
        Credential::IdentityToken { token, .. } => {
            keep_secret(http, token.expose(), None);
            request.url = asked.endpoint.base.clone();
            let fields = [
                ("grant_type", "refresh_token"),
                ("service", asked.service),
                ("client_id", CLIENT_ID),
                ("scope", &asked.wanted.join(" ")),
                ("refresh_token", token.expose()),
            ];
            form(&mut request, &fields);
        }
        Credential::Anonymous | Credential::RegistryToken(_) => {}
    }
    Ok(request)
}

async fn not_issued(http: &Http, asked: &Asked<'_>, credential: &Credential, answer: Answer) -> Error {
    let refused = match answer.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST => true,
        // Old token servers know no POST, and so no identity tokens.
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            matches!(credential, Credential::IdentityToken { .. })
        }
        _ => false,
    };
    let object = format!("token for `{}`", asked.wanted.join(" "));
    let error = refusal(answer, &object, http.log().redactor()).await;
    if !refused || credential.is_anonymous() {
        return error;
    }
    let registry = asked.registry;
    let exchange = error.exchange();
    let refused =
        Error::new(Code::AuthRefused, format!("the token server of `{registry}` refuses the account"))
            .with_hint(format!("Sign in again: `longshore login {registry}`"))
            .with_source(error);
    if let Some(exchange) = exchange { refused.at_exchange(exchange) } else { refused }
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<serde_json::Value>,
}

fn parse(http: &Http, body: &[u8]) -> Result<Issued, String> {
    let parsed: TokenAnswer =
        serde_json::from_slice(body).map_err(|_| "the answer is not the JSON of a token".to_owned())?;
    let text = [parsed.token, parsed.access_token].into_iter().flatten().find(|token| !token.is_empty());
    let text = text.ok_or_else(|| "the answer has neither `token` nor `access_token`".to_owned())?;
    http.log().redactor().learn_passing(&text);
    let header = sensitive(&format!("Bearer {text}"))
        .map_err(|_| "the token has characters that no header can carry".to_owned())?;
    let refresh = parsed.refresh_token.filter(|token| !token.is_empty()).map(Secret::new);
    refresh.iter().for_each(|token| http.log().redactor().learn(token.expose()));
    Ok(Issued { header, life: life(parsed.expires_in.as_ref()), refresh })
}

fn life(expires_in: Option<&serde_json::Value>) -> Duration {
    let seconds = expires_in.and_then(serde_json::Value::as_f64).filter(|life| *life >= 1.0);
    let seconds = seconds.map_or(DEFAULT_LIFE, |life| life as u64);
    Duration::from_secs(seconds.min(LONGEST_LIFE))
}

/// No record and no message shows it from now on, nor the header that carries it.
pub(in crate::registry) fn keep_secret(http: &Http, secret: &str, header: Option<&HeaderValue>) {
    let redactor = http.log().redactor();
    redactor.learn(secret);
    let encoded = header.and_then(|header| header.to_str().ok()).and_then(|text| text.split_once(' '));
    if let Some((_, encoded)) = encoded {
        redactor.learn(encoded);
    }
}

/// The scopes that are needed and those that the challenge names, each once.
pub(super) fn union(scopes: &[Scope], challenged: Option<&str>) -> Vec<String> {
    let mut wanted: Vec<String> = scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
    for scope in challenged.unwrap_or_default().split_whitespace() {
        if !wanted.iter().any(|known| known == scope) {
            wanted.push(scope.to_owned());
        }
    }
    wanted
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn f034_odd_lives_are_clamped() {
        let rows = [
            ("usual", json!(300), 300),
            ("fraction", json!(90.5), 90),
            ("zero", json!(0), 60),
            ("negative", json!(-5), 60),
            ("text", json!("300"), 60),
            ("null", json!(null), 60),
            ("list", json!([300]), 60),
            ("huge", json!(u64::MAX), 86_400),
            ("beyond numbers", json!(1e300), 86_400),
        ];
        for (name, value, want) in rows {
            assert_eq!(life(Some(&value)), Duration::from_secs(want), "{name}");
        }
        assert_eq!(life(None), Duration::from_secs(60), "missing");
    }

    #[test]
    fn scopes_are_united_without_repeats() {
        let repository = "r.test:5000/team/app".parse().unwrap();
        let own = [Scope::pull(&repository)];
        let rows = [
            ("none named", None, vec!["repository:team/app:pull"]),
            ("the same", Some("repository:team/app:pull"), vec!["repository:team/app:pull"]),
            ("one more", Some("a:b:pull  a:b:pull"), vec!["repository:team/app:pull", "a:b:pull"]),
        ];
        for (name, challenged, want) in rows {
            assert_eq!(union(&own, challenged), want, "{name}");
        }
    }
}
