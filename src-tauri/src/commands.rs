//! The commands: adapters between the page and the engine. Each parses what it is given, asks, and converts.
//!
//! The page names things by reference, digest or id; no path, URL or process is in its reach (faults.md row 121).
//! Whatever fails becomes a [`Fault`] here and nowhere else.

mod account;
mod app;
mod archive;
mod compare;
mod daemon;
mod delete;
mod exchange;
mod explorer;
mod files;
mod image;
mod network;
mod push;
mod push_plan;
mod reference;
mod referrer;
mod registry;
mod settings;
mod store;
mod stream;
#[cfg(test)]
mod tests;
mod transfer;

use std::sync::Arc;

use tauri::ipc::Invoke;

use crate::state::Longshore;
use crate::wire::{
    AppInfo, ArchiveView, CatalogPage, CertificateChain, CompareSide, Comparison, CredentialTrail,
    DaemonImage, DaemonView, DeletePlan, DeleteReport, DeleteRequest, DescribedTags, DifferentFiles,
    DragItem, DuplicateGroup, ExchangeDetail, ExchangeHead, Explanation, ExportRequest, Fault,
    FileComparison, FileDetail, FileDifference, FileFilter, FilePreview, FileRows, FileScope, FileVersionOf,
    FileViewHead, FilesEvent, FoundFile, GarbageReport, GivenFile, HashReport, HexPage, HostSettings,
    ImageDetail, ImportRequest, JobHead, JobOutcome, JobUpdate, LayersOf, LoadRequest, LocalImage, LookIn,
    MapItem, NetworkSettings, OpenedTree, Ping, PracticeShelf, ProxySettings, PullRequest, PushPlan,
    PushRequest, RateLimit, ReferrerList, RegistryEntry, RemoveReport, RepositoryHead, SavePlan, SaveRequest,
    SaveSource, SavedItem, Settings, SignInForm, SignInRequest, SignInTest, SignedIn, SignedOut, TagQuery,
    TagRows, Tagged, TextDiff, TreeProgress, WasteReport,
};
pub use image::find as find_image;
pub use stream::Stream;
pub use transfer::restore_jobs;

macro_rules! commands {
    ($($module:ident::$name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        mod handlers {
            use super::*;
            $(
                #[tauri::command]
                pub async fn $name(
                    app: tauri::State<'_, Arc<Longshore>>,
                    $($argument: $type),*
                ) -> Result<$answer, Fault> {
                    super::$module::$name(&app, $($argument),*).await.map_err(|error| app.fault(&error))
                }
            )*
        }

        /// Answers the page.
        pub fn handler<R: tauri::Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$(handlers::$name),*]
        }

        /// Every command as the page sees it.
        #[cfg(test)]
        pub fn signatures(config: &ts_rs::Config) -> Vec<Signature> {
            use ts_rs::TS;
            vec![$(Signature {
                name: stringify!($name),
                arguments: vec![$((stringify!($argument), <$type as TS>::name(config))),*],
                answer: <$answer as TS>::name(config),
            }),*]
        }
    };
}

include!("commands/list.rs");

/// A command: its name, its arguments' names and types, and what it answers, in TypeScript.
#[cfg(test)]
pub struct Signature {
    /// As it is invoked.
    pub name: &'static str,
    /// In order, in snake case.
    pub arguments: Vec<(&'static str, String)>,
    /// The type of the promise.
    pub answer: String,
}
