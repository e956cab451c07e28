//! Trying a credential before it is kept: the requests that `docker login` makes, and what the registry said.
//!
//! `GET /v2/`, and where that is challenged the answer: Basic, or a token from the realm. A token server that gives out
//! refresh tokens is asked for one (POST, `grant_type=password`, `access_type=offline`): that is what is worth keeping, in
//! place of the password. One that knows only GET gets the account by Basic, and the password is what is kept. Source:
//! distribution's token and OAuth2 specs; for Azure, its `AAD-OAuth.md`.
//!
//! Unlike a pull, it never goes on without the account: a refusal is a refusal.

use base64::Engine as _;
use http::StatusCode;
use oci::Registry;
use serde::Deserialize;

use super::http::{Request, host_of};
use super::token::{Use, form, keep_secret};
use super::{Registries, RegistryClient};
use crate::credential::preset::{ACR_TOKEN_USER, Vendor, preset};
use crate::credential::{Credential, Keyring, Secret};
use crate::error::{Code, Error, Result};
use crate::exchange::{Purpose, Role};
use crate::job::Job;

/// An answer with a token in it is read no further than this, bytes.
const TOKEN_CAP: u64 = 64 * 1024;

/// A credential that the registry accepted.
#[derive(Clone, Debug)]
pub struct Tested {
    /// What to keep: the refresh token that came of it, else the credential itself.
    pub credential: Credential,
    /// The account, where it has a name.
    pub account: Option<String>,
    /// Whether the registry asked for an account at all. Where not, it was not tried.
    pub asked: bool,
    /// What the registry said, a sentence without a final period.
    pub said: String,
    /// The exchange that shows it.
    pub exchange: u64,
    /// The status of that.
    pub status: u16,
}

impl Registries {
    /// As [`RegistryClient::test_credential`].
    ///
    /// # Errors
    /// As there.
    pub async fn test_credential(
        &self,
        registry: &Registry,
        credential: &Credential,
        job: Option<&Job>,
    ) -> Result<Tested> {
        self.client(registry).test_credential(credential, job).await
    }
}

impl RegistryClient {
    /// Signs in with a credential that is kept nowhere yet, by real requests.
    ///
    /// # Errors
    /// [`Code::AuthRefused`] where the registry or its token server does not take it; [`Code::RealmRefused`] where it must
    /// not be sent to the token server that the registry names; [`Code::NotARegistry`], and what the transport gives.
    pub async fn test_credential(&self, credential: &Credential, job: Option<&Job>) -> Result<Tested> {
        let registry = self.registry();
        let credential = match self.exchanged(credential, job).await? {
            Some(exchanged) => exchanged,
            None => credential.clone(),
        };
        let account = credential.account().map(str::to_owned);
        let keyring = Keyring::in_memory([(registry.clone(), credential.clone())]);
        let client = Self::new(registry.clone(), self.http().clone(), keyring, Use::SignIn);
        let purpose = Purpose::new("sign-in", "Longshore asks whether the registry lets this account in.");
        let answer = client.call(client.request("/v2/", purpose)?, &[], job).await;
        let answer = answer.map_err(|error| self.refused(account.as_deref(), error))?;
        let (exchange, status) = (answer.body.exchange(), answer.status);
        client.check_ping(answer).await.map_err(|error| self.refused(account.as_deref(), error))?;

        let authorizer = &client.0.authorizer;
        let by = authorizer.signed_in_at();
        let whom =
            account.as_deref().map_or_else(|| "the token".to_owned(), |name| format!("the account `{name}`"));
        let said = match &by {
            Some(host) if host == registry.as_str() => format!("`{registry}` accepts {whom}"),
            Some(host) => format!("`{host}` gives {whom} a token, and `{registry}` accepts that"),
            None => format!("`{registry}` lets anybody in and asked for no account, so {whom} was not tried"),
        };
        let kept = match (authorizer.refresh_token(), &credential) {
            (Some(token), Credential::Basic { username, .. }) => {
                Credential::IdentityToken { username: Some(username.clone()), token }
            }
            (Some(token), Credential::IdentityToken { username, .. }) => {
                Credential::IdentityToken { username: username.clone(), token }
            }
            _ => credential,
        };
        Ok(Tested { credential: kept, account, asked: by.is_some(), said, exchange, status: status.as_u16() })
    }

    /// The failure of a sign-in: where the credential itself was refused, with what the registry would take instead.
    fn refused(&self, account: Option<&str>, error: Error) -> Error {
        if !matches!(error.code(), Code::AuthRefused | Code::AuthRequired) {
            return error;
        }
        let registry = self.registry();
        let whom =
            account.map_or_else(|| "the token".to_owned(), |account| format!("the account `{account}`"));
        let preset = preset(registry);
        let hint = match (preset.vendor, &preset.command) {
            (Vendor::Other, None) => "Check the user name and the password".to_owned(),
            (_, Some(command)) => format!("{} `{command}` prints one", preset.lead),
            (_, None) => preset.lead,
        };
        let refused = Error::new(Code::AuthRefused, format!("`{registry}` refuses {whom}"))
            .with_hint(hint.trim_end_matches('.'));
        match error.exchange() {
            Some(exchange) => refused.at_exchange(exchange).with_source(error),
            None => refused.with_source(error),
        }
    }

    /// What Azure gives for a token of its directory: `POST /oauth2/exchange`, a refresh token of the registry, from which
    /// `/oauth2/token` makes the rest. `None` where the credential is none of that kind.
    async fn exchanged(&self, credential: &Credential, job: Option<&Job>) -> Result<Option<Credential>> {
        let Credential::Basic { username, password } = credential else { return Ok(None) };
        let is_azure = Vendor::of(self.registry()) == Vendor::Acr && username == ACR_TOKEN_USER;
        if !is_azure || !is_of_azures_directory(password.expose()) {
            return Ok(None);
        }
        keep_secret(self.http(), password.expose(), None);
        let purpose = Purpose::new(
            "token",
            "A token of Azure's directory is exchanged for a refresh token of this registry, which is what is kept.",
        );
        let mut request = self.request("/oauth2/exchange", purpose)?;
        request.role = Role::Auth;
        request.follow = false;
        request.from_private = self.is_private().await?;
        let service = self.registry().host();
        let fields =
            [("grant_type", "access_token"), ("service", service), ("access_token", password.expose())];
        form(&mut request, &fields);
        self.exchange_for_refresh_token(&request, job).await.map(Some)
    }

    async fn exchange_for_refresh_token(&self, request: &Request, job: Option<&Job>) -> Result<Credential> {
        #[derive(Deserialize)]
        struct Exchanged {
            refresh_token: String,
        }
        let mut answer = self.http().send(request, job).await?;
        let (exchange, host) = (answer.body.exchange(), host_of(&answer.url));
        if answer.status != StatusCode::OK {
            let error =
                super::refusal(answer, "the token of Azure's directory", self.http().log().redactor()).await;
            return Err(match error.code() {
                Code::RegistryRefused => {
                    self.refused(None, Error::new(Code::AuthRefused, error.message().to_owned()))
                }
                _ => self.refused(None, error),
            }
            .at_exchange(exchange));
        }
        let body = answer.body.read(TOKEN_CAP).await?;
        let token = serde_json::from_slice::<Exchanged>(&body).ok().filter(|it| !it.refresh_token.is_empty());
        let Some(Exchanged { refresh_token }) = token else {
            let why = format!("`{host}` exchanges the token for nothing that can be used");
            answer.body.failed(&why);
            return Err(Error::new(Code::TokenInvalid, why)
                .with_hint("Use the token that `az acr login --expose-token` prints")
                .at_exchange(exchange));
        };
        self.http().log().redactor().learn(&refresh_token);
        answer.body.note("a refresh token");
        let username = Some(ACR_TOKEN_USER.to_owned());
        Ok(Credential::IdentityToken { username, token: Secret::new(refresh_token) })
    }
}

/// Whether a token was given out by Azure's directory: a JWT whose issuer says so. It is not verified here: it only
/// decides which of the registry's own endpoints it is sent to.
fn is_of_azures_directory(token: &str) -> bool {
    #[derive(Deserialize)]
    struct Claims {
        iss: String,
    }
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let decoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims.trim_end_matches('='));
    let claims = decoded.ok().and_then(|bytes| serde_json::from_slice::<Claims>(&bytes).ok());
    claims.is_some_and(|claims| {
        ["https://sts.windows.net/", "https://login.microsoftonline.", "https://sts.chinacloudapi.cn/"]
            .iter()
            .any(|issuer| claims.iss.starts_with(issuer))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_azures_directory_is_told_from_the_registrys_own() {
        let token = |claims: &str| {
            let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
            format!("e30.{claims}.c2lnbmF0dXJl")
        };
        let rows = [
            ("the directory's", token(r#"{"iss":"https://sts.windows.net/tenant/","aud":"x"}"#), true),
            ("the registry's", token(r#"{"iss":"Azure Container Registry"}"#), false),
            ("another's", token(r#"{"iss":"https://sts.windows.net.example.com/"}"#), false),
            ("no issuer", token("{}"), false),
            ("no JSON", token("x"), false),
            ("a password", "pa.ss.word".to_owned(), false),
            ("too many parts", token(r#"{"iss":"https://sts.windows.net/t/"}"#) + ".x", false),
        ];
        for (name, token, expected) in rows {
            assert_eq!(is_of_azures_directory(&token), expected, "{name}");
        }
    }
}
