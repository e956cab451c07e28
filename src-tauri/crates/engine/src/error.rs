//! How the engine fails: one error with a stable code, a message, one next action, and every cause.
//!
//! A code exists only where a consumer branches on it. Messages name what failed, values in backticks,
//! without a final period; nothing secret is ever put into one.

use std::error::Error as StdError;
use std::fmt;

use oci::digest::Digest;
use oci::name::{Registry, RepositoryName};

/// The engine's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident => $text:literal,)*) => {
        /// What kind of failure it is: stable, and the same word on the command line, in JSON and on the wire.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, for tables that must be total.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The code as JSON and the wire carry it.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }
        }
    };
}

codes! {
    /// The input is no reference by the grammar.
    ReferenceInvalid => "reference_invalid",
    /// A digest is malformed or of an unknown algorithm.
    DigestInvalid => "digest_invalid",
    /// A platform is malformed.
    PlatformInvalid => "platform_invalid",
    /// Nothing answers at the address, or the name does not resolve.
    Unreachable => "unreachable",
    /// The connection ended early, more often than is worth retrying.
    ConnectionLost => "connection_lost",
    /// No bytes for too long, or too few of them.
    Timeout => "timeout",
    /// TLS could not be agreed on; never retried, never downgraded.
    TlsFailed => "tls_failed",
    /// Something answers, but it does not speak the registry protocol.
    NotARegistry => "not_a_registry",
    /// Plain HTTP to a host that is neither loopback nor marked.
    PlainHttpRefused => "plain_http_refused",
    /// A redirect that must not be followed.
    RedirectRefused => "redirect_refused",
    /// The registry wants an account.
    AuthRequired => "auth_required",
    /// The account was refused, or lacks the permission.
    AuthRefused => "auth_refused",
    /// A token realm that credentials must not be sent to.
    RealmRefused => "realm_refused",
    /// The token endpoint's answer is unusable.
    TokenInvalid => "token_invalid",
    /// A credential helper failed.
    CredentialHelper => "credential_helper",
    /// `config.json` can't be used.
    CredentialConfig => "credential_config",
    /// The registry asks to wait.
    RateLimited => "rate_limited",
    /// The registry has no such repository, tag, manifest or blob.
    NotFound => "not_found",
    /// The registry has no list of its repositories, or not for this account.
    CatalogUnavailable => "catalog_unavailable",
    /// The registry deletes nothing, or not in this way.
    DeleteUnsupported => "delete_unsupported",
    /// What is there is not what it was when the plan was made.
    Changed => "changed",
    /// The registry refused the request for another reason.
    RegistryRefused => "registry_refused",
    /// The registry failed.
    RegistryFailed => "registry_failed",
    /// An answer breaks the protocol.
    ProtocolViolation => "protocol_violation",
    /// Bytes do not match their digest or size.
    ContentMismatch => "content_mismatch",
    /// An answer or an object is over its cap.
    TooLarge => "too_large",
    /// A manifest is malformed.
    ManifestInvalid => "manifest_invalid",
    /// A manifest is of a kind that can be looked at but not pulled as an image.
    ManifestUnsupported => "manifest_unsupported",
    /// No manifest for the platform; `choices` lists those there are.
    PlatformMissing => "platform_missing",
    /// The store has no such image.
    ImageMissing => "image_missing",
    /// No room on the disk, no inodes, or the file would be too large.
    StoreFull => "store_full",
    /// The store can't be written to.
    StoreReadOnly => "store_read_only",
    /// The store's own files are damaged or newer than this program.
    StoreCorrupt => "store_corrupt",
    /// Reading or writing the store failed otherwise.
    StoreFailed => "store_failed",
    /// A file is no archive of images, or a damaged one.
    ArchiveInvalid => "archive_invalid",
    /// A layer's bytes are no tar, or a damaged one.
    LayerInvalid => "layer_invalid",
    /// Compressed with something that can't be read here.
    CompressionUnsupported => "compression_unsupported",
    /// A setting or an option is unusable.
    ConfigInvalid => "config_invalid",
    /// The person cancelled.
    Cancelled => "cancelled",
    /// A broken invariant of ours.
    Internal => "internal",
}

/// Which end of a transfer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where the bytes come from.
    Source,
    /// Where they go.
    Sink,
}

/// What was to be done where it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Reading a manifest or a blob.
    Pull,
    /// Writing one.
    Push,
    /// Deleting one.
    Delete,
    /// Listing tags, repositories or referrers.
    List,
    /// Asking whether a registry answers, and takes the account.
    SignIn,
}

/// What a failed request was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The registry.
    pub registry: Registry,
    /// The repository, where the request was about one.
    pub repository: Option<RepositoryName>,
    /// The tag or digest, where it was about one.
    pub selector: Option<String>,
    /// What was to be done.
    pub action: Action,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFlaw {
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// It is for another host.
    OtherName,
    /// Nobody that is trusted signed it.
    UnknownAuthority,
    /// Anything else.
    Other,
}

/// What the code leaves open and a remedy depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The registry refused in words (distribution spec, error codes).
    Answer {
        /// The status.
        status: u16,
        /// The code of its first problem: `NAME_UNKNOWN`; none where it sent no such envelope.
        code: Option<String>,
        /// The problem's message, without secrets.
        message: Option<String>,
        /// How long it asks to wait, seconds.
        wait: Option<u64>,
    },
    /// A certificate can't be trusted.
    Certificate(CertificateFlaw),
    /// What answers, or hangs up, does not speak TLS.
    NoTls,
    /// Nothing listens there.
    NothingListens,
    /// The name does not resolve.
    NoSuchName,
    /// The proxy failed, not the registry.
    Proxy,
    /// The account was not sent to this token server.
    Realm(String),
}

/// A failure of the engine. Cheap to move; made with [`Error::new`] and its `with_` and `at_` methods.
pub struct Error(Box<Inner>);

struct Inner {
    code: Code,
    message: String,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    side: Option<Side>,
    digest: Option<Digest>,
    exchange: Option<u64>,
    choices: Vec<String>,
    subject: Option<Subject>,
    detail: Option<Detail>,
}

impl Error {
    /// An error that says what failed: `message` has its values in backticks and no final period.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            hint: None,
            source: None,
            side: None,
            digest: None,
            exchange: None,
            choices: Vec::new(),
            subject: None,
            detail: None,
        }))
    }

    /// A copy for one more caller who waits for the same thing; its causes are texts from here on.
    pub(crate) fn copy(&self) -> Self {
        let causes = self.causes().into_iter().rev();
        let chain = causes.fold(None, |inner, text| Some(CopiedCause { text, inner: inner.map(Box::new) }));
        let mut inner = Inner {
            code: self.0.code,
            message: self.0.message.clone(),
            hint: self.0.hint.clone(),
            source: None,
            side: self.0.side,
            digest: self.0.digest.clone(),
            exchange: self.0.exchange,
            choices: self.0.choices.clone(),
            subject: self.subject().cloned(),
            detail: self.detail().cloned(),
        };
        inner.source = chain.map(|chain| Box::new(chain) as _);
        Self(Box::new(inner))
    }

    /// The person cancelled the job.
    pub fn cancelled() -> Self {
        Self::new(Code::Cancelled, "cancelled")
    }

    /// Adds the one next action.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says which end of a transfer failed, unless that is known already.
    #[must_use]
    pub fn on_side(mut self, side: Side) -> Self {
        self.0.side.get_or_insert(side);
        self
    }

    /// Says at which object it failed, unless that is known already.
    #[must_use]
    pub fn at_digest(mut self, digest: &Digest) -> Self {
        self.0.digest.get_or_insert_with(|| digest.clone());
        self
    }

    /// Points at the exchange that shows the failure, unless one is named already.
    #[must_use]
    pub fn at_exchange(mut self, id: u64) -> Self {
        self.0.exchange.get_or_insert(id);
        self
    }

    /// Says what the request was about, unless that is known already.
    #[must_use]
    pub fn about(mut self, subject: Subject) -> Self {
        self.0.subject.get_or_insert(subject);
        self
    }

    /// This error in place of another, which becomes its cause and whose exchange shows it.
    #[must_use]
    pub fn in_place_of(mut self, cause: Self) -> Self {
        self.0.exchange = self.0.exchange.or(cause.0.exchange);
        self.with_source(cause)
    }

    /// Says what the code leaves open.
    #[must_use]
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.0.detail = Some(detail);
        self
    }

    /// Lists what can be chosen instead: platforms, for [`Code::PlatformMissing`].
    #[must_use]
    pub fn with_choices(mut self, choices: Vec<String>) -> Self {
        self.0.choices = choices;
        self
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.0.code
    }
    /// What failed.
    pub fn message(&self) -> &str {
        &self.0.message
    }
    /// One next action.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
    /// The end of the transfer that failed.
    pub fn side(&self) -> Option<Side> {
        self.0.side
    }
    /// The object at which it failed.
    pub fn digest(&self) -> Option<&Digest> {
        self.0.digest.as_ref()
    }
    /// Id of the exchange that shows the failure.
    pub fn exchange(&self) -> Option<u64> {
        self.0.exchange
    }
    /// What can be chosen instead.
    pub fn choices(&self) -> &[String] {
        &self.0.choices
    }
    /// What the request was about; what a cause knows counts too.
    pub fn subject(&self) -> Option<&Subject> {
        self.0.subject.as_ref().or_else(|| self.inner()?.subject())
    }
    /// What the code leaves open; what a cause knows counts too.
    pub fn detail(&self) -> Option<&Detail> {
        self.0.detail.as_ref().or_else(|| self.inner()?.detail())
    }
    fn inner(&self) -> Option<&Error> {
        self.source()?.downcast_ref()
    }
    /// The messages of all causes, outermost first.
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut next = self.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            if causes.last() != Some(&text) {
                causes.push(text);
            }
            next = cause.source();
        }
        causes
    }
}

/// What is left of a cause in a copy.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct CopiedCause {
    text: String,
    #[source]
    inner: Option<Box<CopiedCause>>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Error");
        shown.field("code", &self.0.code.as_str()).field("message", &self.0.message);
        if let Some(hint) = &self.0.hint {
            shown.field("hint", hint);
        }
        if let Some(digest) = &self.0.digest {
            shown.field("digest", digest);
        }
        shown.field("causes", &self.causes()).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// A wait in words: `90 s`, `12 min`, `6 h`; never less than it is.
pub(crate) fn lasting(seconds: u64) -> String {
    match seconds {
        0..=120 => format!("{seconds} s"),
        121..=7200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_in_words() {
        let words = [0, 90, 121, 7200, 7201, 21_600].map(lasting);
        assert_eq!(words, ["0 s", "90 s", "3 min", "120 min", "3 h", "6 h"]);
    }
}
