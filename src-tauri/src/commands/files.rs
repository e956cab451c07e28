//! What is inside layers.

use std::sync::Arc;

use engine::{Code, Error, Result};

use super::Stream;
use crate::state::Longshore;
use crate::wire::{
    DifferentFiles, DuplicateGroup, FileComparison, FileDetail, FileDifference, FileFilter, FilePreview,
    FileRows, FileScope, FileViewHead, FoundFile, HexPage, LayersOf, MapItem, TextDiff, TreeHead,
    TreeProgress, WasteReport,
};

fn unbuilt() -> Error {
    Error::new(Code::Internal, "This is not built yet")
}

pub async fn open_tree(
    _app: &Arc<Longshore>,
    _of: LayersOf,
    _on_progress: Stream<TreeProgress>,
) -> Result<TreeHead> {
    Err(unbuilt())
}

pub async fn close_tree(_app: &Arc<Longshore>, _tree: u64) -> Result<()> {
    Err(unbuilt())
}

pub async fn open_view(
    _app: &Arc<Longshore>,
    _tree: u64,
    _scope: FileScope,
    _filter: FileFilter,
) -> Result<FileViewHead> {
    Err(unbuilt())
}

pub async fn close_view(_app: &Arc<Longshore>, _view: u64) -> Result<()> {
    Err(unbuilt())
}

pub async fn fold_files(
    _app: &Arc<Longshore>,
    _view: u64,
    _node: u32,
    _open: bool,
    _deep: bool,
) -> Result<FileViewHead> {
    Err(unbuilt())
}

pub async fn file_rows(_app: &Arc<Longshore>, _view: u64, _offset: u64, _limit: u32) -> Result<FileRows> {
    Err(unbuilt())
}

pub async fn find_file(
    _app: &Arc<Longshore>,
    _view: u64,
    _text: String,
    _from: Option<u64>,
    _backwards: bool,
) -> Result<Option<FoundFile>> {
    Err(unbuilt())
}

pub async fn reveal_file(_app: &Arc<Longshore>, _view: u64, _node: u32) -> Result<Option<FoundFile>> {
    Err(unbuilt())
}

pub async fn file_detail(_app: &Arc<Longshore>, _tree: u64, _node: u32) -> Result<FileDetail> {
    Err(unbuilt())
}

pub async fn preview_file(
    _app: &Arc<Longshore>,
    _tree: u64,
    _node: u32,
    _layer: Option<u32>,
) -> Result<FilePreview> {
    Err(unbuilt())
}

pub async fn file_bytes(
    _app: &Arc<Longshore>,
    _tree: u64,
    _node: u32,
    _layer: Option<u32>,
    _offset: u64,
) -> Result<HexPage> {
    Err(unbuilt())
}

pub async fn waste(_app: &Arc<Longshore>, _tree: u64) -> Result<WasteReport> {
    Err(unbuilt())
}

pub async fn find_duplicates(
    _app: &Arc<Longshore>,
    _tree: u64,
    _on_progress: Stream<TreeProgress>,
) -> Result<Vec<DuplicateGroup>> {
    Err(unbuilt())
}

pub async fn file_map(
    _app: &Arc<Longshore>,
    _tree: u64,
    _node: Option<u32>,
    _items: u32,
) -> Result<Vec<MapItem>> {
    Err(unbuilt())
}

pub async fn compare_trees(_app: &Arc<Longshore>, _a: u64, _b: u64) -> Result<FileComparison> {
    Err(unbuilt())
}

pub async fn different_files(
    _app: &Arc<Longshore>,
    _comparison: u64,
    _only: Option<FileDifference>,
    _offset: u64,
    _limit: u32,
) -> Result<DifferentFiles> {
    Err(unbuilt())
}

pub async fn text_diff(_app: &Arc<Longshore>, _comparison: u64, _path: String) -> Result<TextDiff> {
    Err(unbuilt())
}
