//! Signing in and out, and which stored entry is used.
//!
//! A secret crosses once, from the page, in a [`SignInRequest`]; none ever crosses to the page.

use std::fmt;

use engine::credential::Secret;
use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

use super::{Fault, KeyValue};

/// Whose registry it is: which icon and which words a form gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    Hub,
    Ghcr,
    Ecr,
    Acr,
    Google,
    Quay,
    Other,
}

/// Where a credential is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// The system's own.
    Keychain,
    /// A program of Docker's kind.
    Helper,
    /// Docker's `config.json`, encoded and not encrypted.
    File,
    /// Nowhere: until the window closes.
    Session,
}

/// A place that a credential could be kept in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KeepOption {
    pub keep: Keep,
    /// `secretservice`, for a helper
    pub helper: Option<String>,
    pub label: String,
    pub about: String,
    pub available: bool,
    pub recommended: bool,
    /// Why it is not available.
    pub why_not: Option<String>,
}

/// What to type to sign in to a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SignInForm {
    pub host: String,
    pub vendor: Vendor,
    pub title: String,
    /// One sentence.
    pub lead: String,
    pub user_label: String,
    pub user_hint: Option<String>,
    /// The only user name that works.
    pub user_fixed: Option<String>,
    pub secret_label: String,
    pub secret_hint: String,
    /// https; shown, and opened once that is confirmed
    pub secret_link: Option<String>,
    /// `aws ecr get-login-password`
    pub secret_command: Option<String>,
    pub keeps: Vec<KeepOption>,
    /// Who is signed in now.
    pub account: Option<String>,
    /// Where that is kept, for people.
    pub kept_in: Option<String>,
    pub config_path: Option<String>,
}

/// A secret as the page sends it. It is overwritten when it is dropped, and printing shows a placeholder.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedSecret(pub Secret);

impl<'de> Deserialize<'de> for TypedSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

impl fmt::Debug for TypedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TS for TypedSecret {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn name(config: &ts_rs::Config) -> String {
        String::name(config)
    }

    fn inline(config: &ts_rs::Config) -> String {
        String::inline(config)
    }
}

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SignInRequest {
    pub host: String,
    pub username: String,
    pub secret: TypedSecret,
    pub keep: Keep,
    /// Which helper, for `keep: "helper"`.
    pub helper: Option<String>,
}

/// What a registry said to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SignInTest {
    pub accepted: bool,
    pub account: Option<String>,
    /// One sentence.
    pub said: String,
    /// Id of the exchange that shows it (see `read_exchange`).
    pub exchange: Option<u64>,
    pub status: Option<u16>,
    pub milliseconds: u64,
    pub fault: Option<Fault>,
}

/// Signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    pub host: String,
    pub account: String,
    /// For people.
    pub kept_in: String,
    /// Whole sentences, no final period.
    pub warnings: Vec<String>,
}

/// Signed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SignedOut {
    /// Places that it was removed from, for people.
    pub removed: Vec<String>,
    /// Places where it still is, and why.
    pub left: Vec<KeyValue>,
}

/// What came of a place that was looked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum TrailOutcome {
    /// It is used.
    Chosen,
    /// There is nothing.
    Empty,
    /// There is something, which is not for this registry.
    Passed,
    /// It could not be asked.
    Failed,
    /// There is something, and an earlier place comes first.
    Overridden,
}

/// One place that was looked in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TrailStep {
    /// For people.
    pub place: String,
    /// The key of the entry there.
    pub key: Option<String>,
    pub account: Option<String>,
    pub outcome: TrailOutcome,
    /// One sentence.
    pub why: String,
}

/// Which entry is used for a registry, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CredentialTrail {
    pub host: String,
    /// In the order they are looked in.
    pub steps: Vec<TrailStep>,
    /// What the Docker CLI would use.
    pub docker: Option<TrailStep>,
    pub differs: bool,
    /// What is to be learned from it.
    pub lesson: Option<String>,
}
