//! Likely causes of a failure, and for each what can be done about it: what a button of the window, or a line of the
//! command line's JSON, offers.
//!
//! Pure: everything follows from the error (its code, its [`Detail`], what it was about) and from who is signed in. The
//! likeliest comes first. Causes are full sentences; labels are what stands on a button. Deliberately absent: doing it.

mod access;
mod docker;

pub use docker::docker_says;

use oci::name::Registry;

use crate::error::{Action, CertificateFlaw, Code, Detail, Error, Subject, lasting};

/// A likely cause, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// Why it may have failed, a sentence.
    pub cause: String,
    /// What can be done.
    pub action: RemedyAction,
    /// What stands on the button; empty where there is nothing to press.
    pub label: String,
    /// What the action is about: a host, a reference, or a command to copy.
    pub target: Option<String>,
}

/// What can be done about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemedyAction {
    /// Sign in to `target`, or with another account.
    SignIn,
    /// Mark `target` as plain HTTP.
    PlainHttp,
    /// Look at the certificates of `target`, and trust one.
    TrustCertificate,
    /// Create the repository first; `target` is a command that does it, where the vendor has one.
    CreateRepository,
    /// Wait, then try again.
    Wait {
        /// As long as the registry asks for, seconds.
        seconds: u64,
    },
    /// Choose one of the error's choices.
    ChoosePlatform,
    /// Correct what was typed.
    EditReference {
        /// What it could be instead; the known names nearest to it are for whoever knows them to offer.
        suggestion: Option<String>,
    },
    /// Do the same again.
    Retry,
    /// Look at the settings: of `target`, or of the proxy.
    OpenSettings,
    /// Make room on the disk.
    FreeSpace,
    /// Let this token server have the account.
    TrustRealm {
        /// Its `host[:port]`.
        host: String,
    },
    /// Nothing from here: the cause says who can.
    None,
}

impl RemedyAction {
    /// Every action's word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::PlainHttp => "plain_http",
            Self::TrustCertificate => "trust_certificate",
            Self::CreateRepository => "create_repository",
            Self::Wait { .. } => "wait",
            Self::ChoosePlatform => "choose_platform",
            Self::EditReference { .. } => "edit_reference",
            Self::Retry => "retry",
            Self::OpenSettings => "open_settings",
            Self::FreeSpace => "free_space",
            Self::TrustRealm { .. } => "trust_realm",
            Self::None => "none",
        }
    }

    /// How long to wait, seconds.
    pub fn seconds(&self) -> Option<u64> {
        if let Self::Wait { seconds } = self { Some(*seconds) } else { None }
    }
}

impl Remedy {
    fn new(action: RemedyAction, cause: impl Into<String>, label: impl Into<String>) -> Self {
        let target = match &action {
            RemedyAction::EditReference { suggestion } => suggestion.clone(),
            RemedyAction::TrustRealm { host } => Some(host.clone()),
            _ => None,
        };
        Self { cause: cause.into(), action, label: label.into(), target }
    }

    fn on(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    fn nothing(cause: impl Into<String>) -> Self {
        Self::new(RemedyAction::None, cause, "")
    }

    fn retry(cause: impl Into<String>) -> Self {
        Self::new(RemedyAction::Retry, cause, "Try again")
    }

    fn edit(cause: impl Into<String>) -> Self {
        Self::new(RemedyAction::EditReference { suggestion: None }, cause, "Edit reference")
    }

    fn sign_in(registry: Option<&Registry>, signed_in: Option<&str>, cause: impl Into<String>) -> Self {
        let label = if signed_in.is_some() { "Switch account…" } else { "Sign in…" };
        let remedy = Self::new(RemedyAction::SignIn, cause, label);
        match registry {
            Some(registry) => remedy.on(registry.as_str()),
            None => remedy,
        }
    }

    fn settings(cause: impl Into<String>, registry: Option<&Registry>) -> Self {
        let remedy = Self::new(RemedyAction::OpenSettings, cause, "Open settings");
        match registry {
            Some(registry) => remedy.on(registry.as_str()),
            None => remedy,
        }
    }
}

/// What can be done about a failure, the likeliest first; never empty. `signed_in` is the account in use at the
/// registry that the error is about.
pub fn remedies(error: &Error, signed_in: Option<&str>) -> Vec<Remedy> {
    let subject = error.subject();
    let registry = subject.map(|subject| &subject.registry);
    match error.code() {
        Code::ReferenceInvalid | Code::DigestInvalid => {
            vec![Remedy::edit("It is not written as a reference is")]
        }
        Code::PlatformInvalid | Code::PlatformMissing => vec![Remedy::new(
            RemedyAction::ChoosePlatform,
            "The image has other platforms",
            "Choose a platform",
        )],
        Code::Unreachable => unreachable(error, registry),
        Code::ConnectionLost | Code::Timeout => {
            vec![Remedy::retry("The line is bad or the registry is busy; what has arrived is kept")]
        }
        Code::TlsFailed => certificate(error, registry),
        Code::NotARegistry => vec![
            Remedy::retry("A guest network shows its page until you have signed in to it in a browser"),
            Remedy::edit("Another program answers there: the host or the port may be another"),
        ],
        Code::PlainHttpRefused => vec![plain_http(registry)],
        Code::RedirectRefused => {
            vec![Remedy::nothing(
                "The registry, or a proxy in front of it, sends requests where they must not go: its operator can correct it",
            )]
        }
        Code::AuthRequired | Code::AuthRefused => access::denied(error, subject, signed_in),
        Code::RealmRefused => realm(error),
        Code::TokenInvalid => {
            vec![Remedy::retry("The registry's token server is in trouble, or misconfigured")]
        }
        Code::CredentialHelper => vec![
            Remedy::sign_in(registry, None, "Without the helper, an account can be kept in another place"),
            Remedy::retry("The helper may have been locked, or missing from the PATH"),
        ],
        Code::CredentialConfig => {
            vec![Remedy::settings(
                "The file with the accounts must be put right first; Longshore does not overwrite it",
                registry,
            )]
        }
        Code::RateLimited => limited(error, registry, signed_in),
        Code::NotFound => access::missing(error, subject, signed_in),
        Code::CatalogUnavailable => access::no_catalog(registry, signed_in),
        Code::DeleteUnsupported => vec![Remedy::nothing(
            "Deleting is off at this registry: its operator can allow it (docker-registry: `REGISTRY_STORAGE_DELETE_ENABLED=true`), or its own page can do it",
        )],
        Code::Changed => vec![Remedy::retry("Somebody else changed it meanwhile: look at it again")],
        Code::RegistryRefused => refused(error, subject),
        Code::RegistryFailed => vec![Remedy::retry("The registry is in trouble; this mostly passes")],
        Code::ProtocolViolation => {
            vec![Remedy::retry("The registry is broken, or a proxy on the way changes what it says")]
        }
        Code::ContentMismatch => {
            vec![Remedy::retry(
                "What came is not what was asked for; a proxy or a mirror may have a damaged copy",
            )]
        }
        Code::TooLarge => {
            vec![Remedy::nothing("No image has an object of this size; whoever made it can say why")]
        }
        Code::ManifestInvalid => {
            vec![Remedy::nothing("The image was put together wrongly; whoever pushed it can push it again")]
        }
        Code::ManifestUnsupported => {
            vec![Remedy::nothing(
                "It is no image that can be pulled; its manifest can be looked at all the same",
            )]
        }
        Code::ImageMissing => vec![Remedy::edit("It is not on this computer; pull it, or choose another")],
        Code::StoreFull => vec![
            Remedy::new(RemedyAction::FreeSpace, "The disk is full", "Free space…"),
            Remedy::retry("Once there is room, what has arrived is used"),
        ],
        Code::StoreReadOnly => vec![Remedy::settings("The folder of the images can't be written to", None)],
        Code::StoreCorrupt => vec![
            Remedy::retry("What is damaged was put aside and is fetched again"),
            Remedy::settings("Another folder can hold the images", None),
        ],
        Code::StoreFailed => vec![Remedy::retry("The disk, or the folder of the images, is in trouble")],
        Code::ArchiveInvalid => {
            vec![Remedy::retry(
                "The file may have been cut on its way, or is still being written: copy it again",
            )]
        }
        Code::LayerInvalid => {
            vec![Remedy::retry("The layer may have been damaged on its way: pull the image again")]
        }
        Code::CompressionUnsupported => {
            vec![Remedy::nothing("Longshore reads gzip, zstd, bzip2 and xz; it has to be packed anew")]
        }
        Code::ConfigInvalid => vec![Remedy::settings("A setting can't be used as it is", registry)],
        Code::Cancelled => {
            vec![Remedy::new(RemedyAction::Retry, "You stopped it; what has arrived is kept", "Go on")]
        }
        Code::Internal => vec![Remedy::retry("This is a fault of Longshore itself")],
    }
}

fn host(registry: Option<&Registry>) -> String {
    registry.map_or_else(|| "the registry".to_owned(), |registry| format!("`{registry}`"))
}

fn plain_http(registry: Option<&Registry>) -> Remedy {
    let cause = format!(
        "{} does not speak TLS; a registry on an inner network may be meant to speak plain HTTP",
        host(registry)
    );
    let remedy = Remedy::new(RemedyAction::PlainHttp, cause, "Use plain HTTP");
    if let Some(registry) = registry { remedy.on(registry.as_str()) } else { remedy }
}

fn unreachable(error: &Error, registry: Option<&Registry>) -> Vec<Remedy> {
    match error.detail() {
        Some(Detail::Proxy) => vec![
            Remedy::settings("The proxy is the one of the environment or of the settings", None),
            Remedy::retry("The proxy may be down for a moment"),
        ],
        Some(Detail::NoTls) => vec![plain_http(registry), Remedy::retry("The registry may be starting")],
        Some(Detail::NoSuchName) => vec![
            Remedy::edit("The host may be misspelled"),
            Remedy::retry("The network may be away; what is on this computer still works"),
        ],
        Some(Detail::NothingListens) => vec![
            Remedy::retry("The registry may not be running"),
            Remedy::edit("It may listen at another port"),
        ],
        _ => vec![
            Remedy::retry("The network may be away; what is on this computer still works"),
            Remedy::settings("The registry may be reached by a proxy alone", None),
        ],
    }
}

fn certificate(error: &Error, registry: Option<&Registry>) -> Vec<Remedy> {
    let trust = |cause: &str| {
        let remedy = Remedy::new(RemedyAction::TrustCertificate, cause, "Look at its certificate…");
        if let Some(registry) = registry { remedy.on(registry.as_str()) } else { remedy }
    };
    let flaw = match error.detail() {
        Some(Detail::Certificate(flaw)) => *flaw,
        _ => {
            return vec![Remedy::retry(
                "The two could not agree on a secure connection; a proxy may stand between them",
            )];
        }
    };
    match flaw {
        CertificateFlaw::UnknownAuthority => {
            vec![trust(
                "Its certificate is signed by an authority of its own, as on an inner network: look at it, and trust it if it is the right one",
            )]
        }
        CertificateFlaw::Expired => vec![
            Remedy::retry("This computer's clock may be wrong"),
            trust("The operator has not renewed the certificate"),
        ],
        CertificateFlaw::NotYetValid => vec![
            Remedy::retry("This computer's clock is probably behind"),
            trust("The certificate is meant for later"),
        ],
        CertificateFlaw::OtherName => vec![
            Remedy::edit("The registry may have another name, the one in its certificate"),
            trust("The certificate is for another name"),
        ],
        CertificateFlaw::Other => vec![trust("The certificate can't be verified")],
    }
}

fn realm(error: &Error) -> Vec<Remedy> {
    match error.detail() {
        Some(Detail::Realm(host)) => {
            let cause = format!(
                "The registry takes tokens of `{host}`, which is not known to belong to it; your password was not sent there"
            );
            vec![Remedy::new(RemedyAction::TrustRealm { host: host.clone() }, cause, format!("Trust {host}"))]
        }
        _ => vec![Remedy::nothing(
            "The registry names a token server that must not be asked: its operator can correct it",
        )],
    }
}

/// Seconds that are waited where a registry does not say.
const WAIT: u64 = 60;

fn limited(error: &Error, registry: Option<&Registry>, signed_in: Option<&str>) -> Vec<Remedy> {
    let asked = match error.detail() {
        Some(Detail::Answer { wait, .. }) => *wait,
        _ => None,
    };
    let seconds = asked.unwrap_or(WAIT);
    let wait = Remedy::new(
        RemedyAction::Wait { seconds },
        "The registry counts requests, and this was one too many",
        format!("Wait {}, then try again", lasting(seconds)),
    );
    let account = match signed_in {
        None => Remedy::sign_in(registry, None, "Who is signed in may ask more often"),
        Some(account) => Remedy::sign_in(
            registry,
            signed_in,
            format!("The limit is that of `{account}`; another account has its own"),
        ),
    };
    // Where it says how long, that is the shorter way.
    if asked.is_some() { vec![wait, account] } else { vec![account, wait] }
}

fn refused(error: &Error, subject: Option<&Subject>) -> Vec<Remedy> {
    let (status, code) = match error.detail() {
        Some(Detail::Answer { status, code, .. }) => (*status, code.as_deref()),
        _ => (0, None),
    };
    let pushing = subject.is_some_and(|subject| subject.action == Action::Push);
    vec![match (status, code) {
        (413, _) => Remedy::nothing(
            "A proxy in front of the registry limits the size of a request: its operator can lift that (nginx: `client_max_body_size 0`)",
        ),
        (405, _) if pushing => {
            Remedy::nothing("The registry takes no pushes: it may be a mirror, or read-only")
        }
        (_, Some("NAME_INVALID")) => Remedy::edit("The registry does not allow this name"),
        (_, Some("TAG_INVALID")) => {
            Remedy::edit("The registry does not allow this tag, or it may not be changed there")
        }
        (_, Some("MANIFEST_INVALID" | "MANIFEST_BLOB_UNKNOWN" | "SIZE_INVALID" | "DIGEST_INVALID")) => {
            Remedy::retry("The registry says that something of the image is missing there")
        }
        (_, Some("UNSUPPORTED")) => Remedy::nothing("The registry can't do that"),
        _ => Remedy::nothing("Why it refused is in what the registry says; its operator knows more"),
    }]
}

#[cfg(test)]
mod tests;
