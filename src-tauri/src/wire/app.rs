//! The application itself and its settings.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Fault;

/// What the window shows of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AppInfo {
    pub version: String,
    pub store_path: String,
    /// The platform pulled when none is chosen, e.g. `linux/amd64`.
    pub platform: String,
    /// `127.0.0.1:5055`; null when the practice registry could not start.
    pub practice_host: Option<String>,
    pub practice_fault: Option<Fault>,
    pub docker_config_path: Option<String>,
}

/// Light, dark, or what the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// What the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// What is kept between sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    pub theme: Theme,
    /// The platform pulled when none is chosen; null is this computer's.
    pub platform: Option<String>,
    /// Hosts spoken to in plain HTTP; loopback hosts are so anyway.
    pub plain_http: Vec<String>,
    /// References opened or pulled, newest first.
    pub recent: Vec<String>,
    /// Repositories that are pinned to the sidebar.
    pub pinned: Vec<String>,
    /// Hosts that were added to the sidebar by hand, the newest last.
    pub registries: Vec<String>,
    pub wire_open: bool,
    /// Whether the files of what was pulled are listed before anybody looks.
    pub list_pulled: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            platform: None,
            plain_http: Vec::new(),
            recent: Vec::new(),
            pinned: Vec::new(),
            registries: Vec::new(),
            wire_open: false,
            list_pulled: true,
        }
    }
}
