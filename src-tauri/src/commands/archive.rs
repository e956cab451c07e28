//! Archives: files that a person gave, what they are, and what is made of them or of an image.

mod item;
mod save;

use std::sync::Arc;
use std::time::Instant;

use engine::archive::identify;
use engine::job::Job;
use engine::rootfs::import::{Changes, Options};
use engine::{Code, Error, Result};
use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;

use super::Stream;
use crate::given::shown_name;
use crate::jobs::import::Import;
use crate::jobs::load::{Load, To};
use crate::settings;
use crate::state::{Longshore, blocking, parse_reference};
use crate::wire::{ArchiveView, FilesEvent, GivenFile, ImportRequest, LoadRequest};

pub use item::{drag_out, save_item};
pub use save::{plan_save, show_saved, start_export, start_save};

/// Tells the page of files, until another page comes.
pub async fn watch_files(app: &Arc<Longshore>, on_event: Stream<FilesEvent>) -> Result<()> {
    let mut page = app.page();
    page.mark_unchanged();
    let (untold, mut events) = app.given().subscribe();
    let mut alive = untold.is_none_or(|event| on_event.send(event));
    while alive {
        alive = tokio::select! {
            _ = page.changed() => false,
            event = events.recv() => match event {
                Ok(event) => on_event.send(event),
                Err(RecvError::Lagged(_)) => true,
                Err(RecvError::Closed) => false,
            },
        };
    }
    Ok(())
}

/// Asks the person for files or a folder.
pub async fn open_files(app: &Arc<Longshore>, folder: bool) -> Result<Vec<GivenFile>> {
    let chosen = app.frame().choose(folder).await;
    let app = app.clone();
    blocking(move || Ok(app.given().take(chosen))).await
}

/// What a file is and what can be done with it. A page that goes away ends the reading.
pub async fn identify_file(app: &Arc<Longshore>, file: u64) -> Result<ArchiveView> {
    let path = app.given().path(file)?;
    let mut page = app.page();
    page.mark_unchanged();
    let (app, job) = (app.clone(), Job::silent());
    let reading = job.clone();
    let view = blocking(move || {
        let begun = Instant::now();
        let found = identify(&path, &reading)?;
        let size = found.file_size.unwrap_or_else(|| size_of(&path));
        // What can't be opened has nothing, and the sheet says so when it is loaded.
        let store = app.store().ok();
        let name = shown_name(&path);
        Ok(ArchiveView::assemble(file, &name, size, &found, store.as_ref(), begun.elapsed()))
    });
    tokio::select! {
        view = view => view,
        _ = page.changed() => {
            job.cancel();
            Err(Error::cancelled())
        }
    }
}

/// Bytes of all files of a layout folder.
fn size_of(folder: &std::path::Path) -> u64 {
    let mut size = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) => size += metadata.len(),
                Err(_) => {}
            }
        }
    }
    size
}

/// Queues a load; the id of the job, or of the one that does the same already.
pub async fn start_load(app: &Arc<Longshore>, request: LoadRequest) -> Result<u64> {
    let path = app.given().path(request.file)?;
    let opener = app.clone();
    let spool = blocking(move || Ok(opener.spool())).await?;
    let to = match &request.destination {
        Some(name) => {
            let name = parse_reference(name)?;
            if name.digest().is_some() {
                let error = Error::new(Code::ReferenceInvalid, format!("`{name}` names a digest, not a tag"));
                return Err(error.with_hint("Give it a tag: the digest follows from the image"));
            }
            To::Registry(app.registries(), name)
        }
        None => {
            let opener = app.clone();
            To::Store(blocking(move || opener.store()).await?, request.replace)
        }
    };
    let file = shown_name(&path);
    let load = Load { path, file, images: request.images, to, spool };
    Ok(app.jobs().start(Arc::new(load)))
}

/// Queues an import; the id of the job, or of the one that does the same already.
pub async fn start_import(app: &Arc<Longshore>, request: ImportRequest) -> Result<u64> {
    let path = app.given().path(request.file)?;
    let name = parse_reference(&request.name)?;
    if name.digest().is_some() {
        let error = Error::new(Code::ReferenceInvalid, format!("`{name}` names a digest, not a tag"));
        return Err(error.with_hint("Write it as `team/app:imported`"));
    }
    let platform = match &request.platform {
        Some(platform) => settings::parse_platform(platform)?,
        None => settings::platform(&app.settings())?,
    };
    let created = (app.places().environment)("SOURCE_DATE_EPOCH")
        .and_then(|seconds| Timestamp::from_second(seconds.to_str()?.parse().ok()?).ok());
    let message = request.message.filter(|message| !message.trim().is_empty());
    let options = Options { platform, changes: Changes::parse(&request.changes)?, message, created };
    let opener = app.clone();
    let (store, spool) = blocking(move || Ok((opener.store()?, opener.spool()))).await?;
    let import = Import {
        file: shown_name(&path),
        path,
        name,
        options,
        changes: request.changes,
        replace: request.replace,
        store,
        spool,
    };
    Ok(app.jobs().start(Arc::new(import)))
}
