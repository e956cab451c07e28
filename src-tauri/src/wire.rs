//! What crosses to the page: data transfer objects and how they are made from the engine's types.
//!
//! The page's TypeScript types are generated from these (see [`crate::bindings`]). Nothing secret is in them: texts
//! that come from failures pass through the redactor once more on their way out. Deliberately absent: behaviour.

mod account;
mod app;
mod compare;
mod exchange;
mod explorer;
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
    pub use super::compare::*;
    pub use super::exchange::*;
    pub use super::explorer::*;
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
pub use exchange::{ExchangeDetail, ExchangeHead};
pub use explorer::{
    CatalogPage, DeleteItem, DeleteMode, DeletePlan, DeleteReport, DeleteRequest, RateLimit, ReferrerList,
    ReferrerRow, RepositoryHead, TagFault, TagQuery, TagRow, TagRows, TagSort,
};
pub use image::{Facts, Held, ImageDetail, LocalState, LookIn, Whence};
pub use network::{
    CertificateChain, CertificateView, HostSettings, NetworkSettings, ProxyMode, ProxySettings,
};
pub use reference::Explanation;
pub use registry::{Ping, PracticeImage, PracticeLayer, PracticeShelf, RegistryEntry, RegistryKind, SignIn};
pub use store::{GarbageReport, HashReport, LocalImage, RemoveReport};
pub use transfer::{
    JobEnd, JobHead, JobOutcome, JobState, JobUpdate, PullRequest, RowKind, RowState, TransferRow, Verb,
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
#[allow(dead_code, reason = "the commands that give it land with the engine's parts")]
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

impl Fault {
    /// What the page may know of a failure.
    pub fn new(error: &Error, redactor: &Redactor) -> Self {
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
            remedies: Vec::new(),
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
        let fault = serde_json::to_value(Fault::new(&error, &redactor)).expect("JSON");
        assert!(!fault.to_string().contains("hunter22"), "{fault}");
        assert_eq!(fault["code"], "auth_refused");
        assert_eq!(
            (&fault["side"], &fault["exchange"], &fault["digest"]),
            (&json!("source"), &json!(7), &json!(null))
        );
        assert_eq!(fault["causes"].as_array().map(Vec::len), Some(1));
        assert_eq!(fault["choices"], json!(["linux/amd64"]));
    }
}
