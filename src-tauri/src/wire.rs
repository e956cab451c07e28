//! What crosses to the page: data transfer objects and how they are made from the engine's types.
//!
//! The page's TypeScript types are generated from these (see [`crate::bindings`]). Nothing secret is in them: texts
//! that come from failures pass through the redactor once more on their way out. Deliberately absent: behaviour.

mod account;
mod app;
mod archive;
mod compare;
mod exchange;
mod explorer;
mod files;
mod image;
mod network;
mod push;
mod reference;
mod registry;
mod store;
mod transfer;

/// Every type that crosses, for the bindings.
#[cfg(test)]
pub mod all {
    pub use super::account::*;
    pub use super::app::*;
    pub use super::archive::*;
    pub use super::compare::*;
    pub use super::exchange::*;
    pub use super::explorer::*;
    pub use super::files::*;
    pub use super::image::*;
    pub use super::network::*;
    pub use super::push::*;
    pub use super::reference::*;
    pub use super::registry::*;
    pub use super::store::*;
    pub use super::transfer::*;
    pub use super::{Fault, FaultCode, KeyValue, Remedy, RemedyAction};
}

use engine::exchange::Redactor;
use engine::{Code, Error, Side};
use serde::Serialize;
use ts_rs::TS;

pub use account::{
    CredentialTrail, Keep, KeepOption, SignInForm, SignInRequest, SignInTest, SignedIn, SignedOut,
    TrailOutcome, TrailStep, Vendor,
};
pub use app::{AppInfo, Settings, Theme};
pub use archive::{
    ArchiveLayer, ArchiveView, DaemonImage, DaemonView, DragItem, ExportRequest, FilesEvent, GivenFile,
    ImportRequest, LoadImage, LoadRequest, MovingName, PlannedEntry, SaveFormat, SavePlan, SaveRequest,
    SaveSource, SavedItem, Squeeze,
};
pub use compare::{CompareSide, ComparedField, ComparedImage, ComparedLayer, ComparedSide, Comparison};
pub use exchange::{ExchangeDetail, ExchangeHead};
pub use explorer::{
    CatalogPage, DeleteItem, DeleteMode, DeletePlan, DeleteReport, DeleteRequest, DescribedTags, RateLimit,
    ReferrerList, ReferrerRow, RepositoryHead, TagFault, TagQuery, TagRow, TagRows, TagSort,
};
pub use files::{
    DiffLine, DifferentFile, DifferentFiles, DuplicateFile, DuplicateGroup, FileChange, FileComparison,
    FileDetail, FileDifference, FileFilter, FileKind, FilePreview, FileRow, FileRows, FileScope,
    FileVersionOf, FileViewHead, FoundFile, HexPage, IndexedBy, LayersOf, MapItem, OpenedTree, Package,
    TextDiff, TreeHead, TreeLayer, TreeProgress, WasteReport, WastedFile, shown_path,
};
pub use image::{Facts, Held, ImageDetail, LocalState, LookIn, Whence};
pub use network::{
    CertificateChain, CertificateView, HostSettings, NetworkSettings, ProxyMode, ProxySettings,
};
pub use push::{
    BlobFate, Origin, PlanAccount, PlanBlob, PlanPlatform, PushPlan, PushRequest, TagMove, TagState, Tagged,
};
pub use reference::{Breakdown, Explanation};
pub use registry::{Ping, PracticeImage, PracticeLayer, PracticeShelf, RegistryEntry, RegistryKind, SignIn};
pub use store::{GarbageReport, HashReport, LocalImage, RemoveReport};
pub use transfer::{
    JobEnd, JobHead, JobOutcome, JobState, JobUpdate, PullRequest, RowKind, RowState, TransferRow, Verb, Wait,
};

/// How a command fails. `code` is stable; the UI's table of codes is total.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    pub code: FaultCode,
    pub message: String,
    pub hint: Option<String>,
    pub causes: Vec<String>,
    /// Which side failed, where one did.
    #[ts(type = "\"source\" | \"sink\" | null")]
    pub side: Option<&'static str>,
    pub digest: Option<String>,
    /// Id of the exchange that shows it (see `read_exchange`).
    pub exchange: Option<u64>,
    /// Platforms to choose from, for `platform_missing`.
    pub choices: Vec<String>,
    /// Likely causes with what can be done about each, the likeliest first.
    pub remedies: Vec<Remedy>,
    /// What the Docker client would print, where it would fail in the same way.
    pub docker: Option<String>,
}

/// A likely cause of a failure, and what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Remedy {
    /// A sentence.
    pub cause: String,
    pub action: RemedyAction,
    /// What stands on the button.
    pub label: String,
    /// The host, the reference or the page that the action is about.
    pub target: Option<String>,
    /// How long to wait.
    pub seconds: Option<u64>,
}

/// What can be done about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RemedyAction {
    SignIn,
    PlainHttp,
    TrustCertificate,
    CreateRepository,
    Wait,
    ChoosePlatform,
    EditReference,
    Retry,
    OpenSettings,
    FreeSpace,
    TrustRealm,
    None,
}

impl Remedy {
    fn new(remedy: &engine::remedy::Remedy, redactor: &Redactor) -> Self {
        use engine::remedy::RemedyAction as Of;
        Self {
            cause: redactor.scrub(&remedy.cause),
            action: match remedy.action {
                Of::SignIn => RemedyAction::SignIn,
                Of::PlainHttp => RemedyAction::PlainHttp,
                Of::TrustCertificate => RemedyAction::TrustCertificate,
                Of::CreateRepository => RemedyAction::CreateRepository,
                Of::Wait { .. } => RemedyAction::Wait,
                Of::ChoosePlatform => RemedyAction::ChoosePlatform,
                Of::EditReference { .. } => RemedyAction::EditReference,
                Of::Retry => RemedyAction::Retry,
                Of::OpenSettings => RemedyAction::OpenSettings,
                Of::FreeSpace => RemedyAction::FreeSpace,
                Of::TrustRealm { .. } => RemedyAction::TrustRealm,
                Of::None => RemedyAction::None,
            },
            label: remedy.label.clone(),
            target: remedy.target.as_deref().map(|target| redactor.scrub(target)),
            seconds: remedy.action.seconds(),
        }
    }
}

impl Fault {
    /// What the page may know of a failure. `signed_in` is the account in use at the registry that it is about.
    pub fn new(error: &Error, redactor: &Redactor, signed_in: Option<&str>) -> Self {
        let scrub = |text: &str| redactor.scrub(text);
        Self {
            code: FaultCode(error.code()),
            message: scrub(error.message()),
            hint: error.hint().map(scrub),
            causes: error.causes().iter().map(|cause| scrub(cause)).collect(),
            side: error.side().map(|side| match side {
                Side::Source => "source",
                Side::Sink => "sink",
            }),
            digest: error.digest().map(ToString::to_string),
            exchange: error.exchange(),
            choices: error.choices().to_vec(),
            docker: engine::remedy::docker_says(error).map(|said| redactor.scrub(&said)),
            remedies: engine::remedy::remedies(error, signed_in)
                .iter()
                .map(|remedy| Remedy::new(remedy, redactor))
                .collect(),
        }
    }
}

/// The engine's codes, as they are written on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultCode(pub Code);

impl Serialize for FaultCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl TS for FaultCode {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn name(_: &ts_rs::Config) -> String {
        "FaultCode".to_owned()
    }

    fn inline(_: &ts_rs::Config) -> String {
        Code::ALL.iter().map(|code| format!("\"{}\"", code.as_str())).collect::<Vec<_>>().join(" | ")
    }

    fn decl(config: &ts_rs::Config) -> String {
        format!("type {} = {};", Self::name(config), Self::inline(config))
    }
}

/// A line of a two-column table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct KeyValue {
    pub key: String,
    pub value: String,
}

impl KeyValue {
    /// A line.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_carries_everything_but_secrets() {
        let redactor = Redactor::default();
        redactor.learn("hunter22");
        let cause = std::io::Error::other("hunter22 was refused");
        let error = Error::new(Code::AuthRefused, "`hunter22` is refused")
            .with_hint("Do not use hunter22")
            .with_source(cause)
            .on_side(Side::Source)
            .at_exchange(7)
            .with_choices(vec!["linux/amd64".into()]);
        let fault = serde_json::to_value(Fault::new(&error, &redactor, None)).expect("JSON");
        assert!(!fault.to_string().contains("hunter22"), "{fault}");
        assert_eq!(fault["code"], "auth_refused");
        assert_eq!(
            (&fault["side"], &fault["exchange"], &fault["digest"]),
            (&json!("source"), &json!(7), &json!(null))
        );
        assert_eq!(fault["causes"].as_array().map(Vec::len), Some(1));
        assert_eq!(fault["choices"], json!(["linux/amd64"]));
    }

    #[test]
    fn a_fault_says_what_can_be_done_about_it() {
        let redactor = Redactor::default();
        let first = |code: Code, signed_in: Option<&str>| {
            let error = Error::new(code, "no").at_exchange(7);
            serde_json::to_value(&Fault::new(&error, &redactor, signed_in).remedies[0]).expect("JSON")
        };
        for code in Code::ALL {
            let remedy = first(*code, None);
            assert!(remedy["cause"].as_str().is_some_and(|cause| !cause.is_empty()), "{code:?}: {remedy}");
        }
        let limited = Fault::new(&Error::new(Code::RateLimited, "no"), &redactor, None).remedies;
        let wait = limited.iter().find(|remedy| remedy.action == RemedyAction::Wait).expect("a wait");
        assert!(wait.seconds.is_some_and(|seconds| seconds > 0), "{wait:?}");
        let actions = |signed_in: Option<&str>| {
            let remedies = Fault::new(&Error::new(Code::AuthRequired, "no"), &redactor, signed_in).remedies;
            remedies
                .into_iter()
                .find(|remedy| remedy.action == RemedyAction::SignIn)
                .map(|remedy| remedy.label)
        };
        assert_eq!(actions(None).as_deref(), Some("Sign in…"));
        assert_eq!(actions(Some("ann")).as_deref(), Some("Switch account…"));
    }
}
