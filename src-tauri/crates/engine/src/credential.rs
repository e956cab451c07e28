//! Who we are to a registry: the credential that is stored for it, from wherever Docker and Podman keep theirs.
//!
//! The order is: signed in for this session, `DOCKER_AUTH_CONFIG`, what Longshore keeps in the system's keychain, Docker's
//! `config.json`, Podman's `auth.json`; within a file `credHelpers`, then `credsStore`, then `auths`. [`Keyring::trail`]
//! tells how that went, and what docker would have chosen. Invariant: a secret leaves this module only inside a
//! [`Secret`], which shows nothing when it is printed.
//!
//! Deliberately absent: any use of the network, and the decision to go on without an account, which is the registry
//! client's. A stale or unreadable credential must not block a public pull, so the client tries without one; what
//! it needs for the message is in [`Found::origin`] or in the error.

pub mod docker_config;
pub mod helper;
mod key;
mod keychain;
mod keyring;
mod memory;
pub mod preset;

use std::fmt;

use zeroize::Zeroizing;

pub use helper::HelperOptions;
pub use helper::search_path::SearchPath;
pub use keychain::Keychain;
pub use keyring::{
    Account, DockerConfigSource, DockerWouldChoose, Keep, KeepChoice, Kept, Keyring, Outcome, SignedOut,
    Trail, TrailStep,
};

/// What is sent to a registry, or to its token realm, to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Nothing: the request goes without an account.
    Anonymous,
    /// An account's name and its password or access token.
    Basic {
        /// The account.
        username: String,
        /// Its password, or a token in its place.
        password: Secret,
    },
    /// A refresh token: POSTed to the realm as `refresh_token`, never sent to the registry.
    IdentityToken {
        /// The account, where it is known.
        username: Option<String>,
        /// The refresh token.
        token: Secret,
    },
    /// A bearer token that is sent to the registry as it is.
    RegistryToken(Secret),
}

impl Credential {
    /// The account's name, where there is one.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Basic { username, .. } => Some(username),
            Self::IdentityToken { username, .. } => username.as_deref(),
            Self::Anonymous | Self::RegistryToken(_) => None,
        }
    }

    /// Whether there is nothing to send.
    pub fn is_anonymous(&self) -> bool {
        *self == Self::Anonymous
    }
}

/// A credential, and where it comes from.
#[derive(Clone, Debug)]
pub struct Found {
    /// What to send; [`Credential::Anonymous`] where nothing is stored.
    pub credential: Credential,
    /// Where it is kept, for people: ``credHelpers[ghcr.io] → docker-credential-x``, ``auths[ghcr.io] in `FILE` ``.
    pub origin: String,
    /// The same, for the program: where a refresh token that was replaced belongs.
    pub place: Place,
    /// What a person should know although it worked: whole sentences, no final period.
    pub warnings: Vec<String>,
}

/// A place where a credential was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere.
    Nowhere,
    /// Signed in for as long as the process lives.
    Session,
    /// The variable `DOCKER_AUTH_CONFIG`.
    Variable {
        /// The key in `auths`.
        key: String,
    },
    /// The system's keychain.
    Keychain,
    /// A credential helper.
    Helper {
        /// `NAME` of `docker-credential-NAME`.
        name: String,
        /// What names it: `credsStore`, `credHelpers[ghcr.io]`.
        setting: String,
        /// What it was asked for.
        server: String,
    },
    /// Docker's `config.json`.
    Docker {
        /// The key in `auths`.
        key: String,
    },
    /// Podman's `auth.json`.
    Podman {
        /// The file.
        file: String,
        /// The key in `auths`.
        key: String,
    },
}

/// A secret text. Printing shows a placeholder; the memory is overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a secret over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself: for the request that needs it, never for a message.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there are no characters at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f041_a_printed_credential_shows_no_secret() {
        let secret = Secret::new("canary");
        let credentials = [
            Credential::Basic { username: "ann".to_owned(), password: secret.clone() },
            Credential::IdentityToken { username: None, token: secret.clone() },
            Credential::RegistryToken(secret.clone()),
        ];
        for credential in credentials {
            let (origin, place) = ("x".to_owned(), Place::Nowhere);
            let found = Found { credential, origin, place, warnings: Vec::new() };
            let printed = format!("{found:?} {found:#?} {secret} {secret:?}");
            assert!(printed.contains("[redacted]") && !printed.contains("canary"), "{printed}");
        }
        assert_eq!(secret.expose(), "canary");
    }
}
