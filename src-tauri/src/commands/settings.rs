//! The settings.

use std::sync::Arc;

use engine::Result;

use crate::state::{Longshore, blocking};
use crate::wire::Settings;

/// What is kept.
pub async fn read_settings(app: &Arc<Longshore>) -> Result<Settings> {
    Ok(app.settings())
}

/// Keeps settings, and applies them at once.
pub async fn write_settings(app: &Arc<Longshore>, settings: Settings) -> Result<()> {
    let app = app.clone();
    blocking(move || app.change_settings(settings)).await
}
