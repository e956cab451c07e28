//! Registries in the sidebar, and the practice registry's shelf.

use serde::Serialize;
use ts_rs::TS;

use super::Fault;

/// Which icon and which words a registry gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum RegistryKind {
    Hub,
    Ghcr,
    Practice,
    Other,
}

/// How one is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum SignIn {
    Anonymous,
    Account,
    Practice,
    Stopped,
    Plain,
}

/// A row of the sidebar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct RegistryEntry {
    pub host: String,
    pub label: String,
    pub kind: RegistryKind,
    /// Second line of the row: `Anonymous`, `username`, `Running in Longshore`, `No sign-in, plain HTTP`.
    pub state: SignIn,
    /// The account, where it is known without asking a credential helper.
    pub account: Option<String>,
}

/// A slab on the quay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PracticeLayer {
    pub digest: String,
    pub size: u64,
    pub label: String,
    pub present_locally: bool,
}

/// An image of the practice registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct PracticeImage {
    /// full reference, e.g. `127.0.0.1:5055/web:2.0`
    pub reference: String,
    pub repository: String,
    pub tag: String,
    pub about: String,
    pub platforms: Vec<String>,
    /// bottom (base) first; for a multi-platform image one layer a platform, labelled with it
    pub layers: Vec<PracticeLayer>,
    /// bytes of every config and layer
    pub size: u64,
    /// bytes still to fetch
    pub missing: u64,
    pub local: bool,
}

/// What the practice registry holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct PracticeShelf {
    pub host: String,
    pub images: Vec<PracticeImage>,
}

/// What answers at a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Ping {
    /// Whether it is spoken to without TLS.
    pub plain_http: bool,
    /// It is a registry, and lets nobody in without an account.
    pub wants_sign_in: bool,
    /// Id of the exchange that shows it (see `read_exchange`).
    pub exchange: Option<u64>,
    /// Why it is no registry, or can't be reached.
    pub fault: Option<Fault>,
}
