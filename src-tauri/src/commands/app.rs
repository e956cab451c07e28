//! The application itself.

use std::sync::Arc;

use engine::Result;

use crate::settings;
use crate::state::Longshore;
use crate::wire::AppInfo;

/// What the window shows of itself. Waits for the practice registry, which is filled at the first start.
pub async fn app_info(app: &Arc<Longshore>) -> Result<AppInfo> {
    let practice = app.practice().await;
    Ok(AppInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        store_path: app.places().store.display().to_string(),
        platform: settings::platform(&app.settings())?.to_string(),
        practice_host: practice.as_ref().ok().map(|practice| practice.host()),
        practice_fault: practice.as_ref().err().map(|error| app.fault(error)),
        docker_config_path: app.docker_config(),
    })
}
