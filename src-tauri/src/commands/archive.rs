//! Archives.

use std::sync::Arc;

use engine::{Code, Error, Result};

use super::Stream;
use crate::state::Longshore;
use crate::wire::{
    ArchiveView, DragItem, ExportRequest, FilesEvent, GivenFile, ImportRequest, LoadRequest, SavePlan,
    SaveRequest, SaveSource,
};

fn unbuilt() -> Error {
    Error::new(Code::Internal, "This is not built yet")
}

pub async fn watch_files(_app: &Arc<Longshore>, _on_event: Stream<FilesEvent>) -> Result<()> {
    Err(unbuilt())
}

pub async fn open_files(_app: &Arc<Longshore>, _folder: bool) -> Result<Vec<GivenFile>> {
    Err(unbuilt())
}

pub async fn identify_file(_app: &Arc<Longshore>, _file: u64) -> Result<ArchiveView> {
    Err(unbuilt())
}

pub async fn start_load(_app: &Arc<Longshore>, _request: LoadRequest) -> Result<u64> {
    Err(unbuilt())
}

pub async fn start_import(_app: &Arc<Longshore>, _request: ImportRequest) -> Result<u64> {
    Err(unbuilt())
}

pub async fn plan_save(_app: &Arc<Longshore>, _source: SaveSource) -> Result<SavePlan> {
    Err(unbuilt())
}

pub async fn start_save(_app: &Arc<Longshore>, _request: SaveRequest) -> Result<Option<u64>> {
    Err(unbuilt())
}

pub async fn start_export(_app: &Arc<Longshore>, _request: ExportRequest) -> Result<Option<u64>> {
    Err(unbuilt())
}

pub async fn drag_out(_app: &Arc<Longshore>, _item: DragItem) -> Result<bool> {
    Err(unbuilt())
}

pub async fn save_item(_app: &Arc<Longshore>, _item: DragItem) -> Result<Option<String>> {
    Err(unbuilt())
}

pub async fn show_saved(_app: &Arc<Longshore>, _job: u64) -> Result<()> {
    Err(unbuilt())
}
