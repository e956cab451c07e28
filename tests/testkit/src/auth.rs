//! Accounts in front of the fake registry, and the token server, which serves the real docker-registry too.

mod signer;
mod token_server;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::server::{Reply, Request};

pub use signer::Signer;
pub use token_server::{Issued, TokenServer, TokenServerBuilder};

/// What a [`Registry`](crate::registry::Registry) asks for before it answers.
#[derive(Clone)]
pub enum Guard {
    /// Nothing.
    Open,
    /// Basic credentials.
    Basic {
        /// Account.
        username: String,
        /// Password.
        password: String,
    },
    /// A token of this server with the scope that the request needs. The challenge names the scope.
    Bearer(Arc<TokenServer>),
    /// The guard inside, but with these `WWW-Authenticate` headers: several, garbage, another realm. `{scope}` in them
    /// stands for the scope needed.
    Challenging(Box<Guard>, Vec<String>),
}

impl Guard {
    /// [`Guard::Basic`] of borrowed text.
    pub fn basic(username: &str, password: &str) -> Self {
        Self::Basic { username: username.to_owned(), password: password.to_owned() }
    }

    /// Lets the request through, or gives the 401.
    pub(crate) fn admit(&self, request: &Request, scope: Option<&str>) -> Result<(), Reply> {
        let (admitted, challenges) = match self {
            Self::Open => return Ok(()),
            Self::Basic { username, password } => (
                basic(request) == Some((username.clone(), password.clone())),
                vec!["Basic realm=\"Registry Realm\"".to_owned()],
            ),
            Self::Bearer(server) => {
                let verdict = server.verdict(bearer(request), scope);
                (verdict.is_ok(), vec![server.challenge(scope, verdict.err().flatten())])
            }
            Self::Challenging(inner, challenges) => match inner.admit(request, scope) {
                Ok(()) => return Ok(()),
                Err(_) => {
                    let scope = scope.unwrap_or_default();
                    (false, challenges.iter().map(|it| it.replace("{scope}", scope)).collect())
                }
            },
        };
        if admitted {
            return Ok(());
        }
        let body = json!({ "errors": [{ "code": "UNAUTHORIZED", "message": "authentication required" }] });
        Err(challenges.iter().fold(Reply::json(401, &body), |reply, it| reply.with("WWW-Authenticate", it)))
    }
}

/// The Basic credentials of a request.
pub fn basic(request: &Request) -> Option<(String, String)> {
    let encoded = scheme(request, "basic")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    decoded.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

/// The Bearer token of a request.
pub fn bearer(request: &Request) -> Option<&str> {
    scheme(request, "bearer")
}

fn scheme<'a>(request: &'a Request, wanted: &str) -> Option<&'a str> {
    let (scheme, rest) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then(|| rest.trim())
}

#[cfg(test)]
mod tests;
