//! Container engines on this computer.

use std::sync::Arc;

use engine::{Code, Error, Result};

use crate::state::Longshore;
use crate::wire::{DaemonImage, DaemonView};

fn unbuilt() -> Error {
    Error::new(Code::Internal, "This is not built yet")
}

pub async fn list_daemons(_app: &Arc<Longshore>) -> Result<Vec<DaemonView>> {
    Err(unbuilt())
}

pub async fn daemon_images(_app: &Arc<Longshore>, _daemon: String) -> Result<Vec<DaemonImage>> {
    Err(unbuilt())
}

pub async fn start_take(_app: &Arc<Longshore>, _daemon: String, _image: String) -> Result<u64> {
    Err(unbuilt())
}

pub async fn start_give(
    _app: &Arc<Longshore>,
    _daemon: String,
    _input: String,
    _platform: Option<String>,
) -> Result<u64> {
    Err(unbuilt())
}
