//! Transfers.

use std::sync::Arc;

use engine::transfer::Platforms;
use engine::{Error, Result};

use super::Stream;
use crate::jobs::Task;
use crate::jobs::kept::{self, Kept};
use crate::jobs::pull::Pull;
use crate::settings;
use crate::state::{Longshore, blocking, parse_reference};
use crate::wire::{JobHead, JobOutcome, JobUpdate, PullRequest};

/// Queues a pull; the id of the job, or of the one that does the same already.
pub async fn start_pull(app: &Arc<Longshore>, request: PullRequest) -> Result<u64> {
    let pull = task(app, request).await?;
    Ok(app.jobs().start(Arc::new(pull)))
}

/// Takes up what was under way when the window was closed, paused, and keeps what is under way from now on.
pub async fn restore_jobs(app: &Arc<Longshore>) {
    let file = app.places().store.with_file_name("jobs.json");
    let reading = file.clone();
    let found = blocking(move || Ok(kept::read(&reading))).await.unwrap_or_default();
    for job in found {
        // What can't be begun any more is left out: a store that is gone, a setting that changed.
        let task: Result<Arc<dyn Task>> = match job {
            Kept::Pull(request) => task(app, request).await.map(|pull| Arc::new(pull) as _),
            Kept::Push(request) => super::push::task(app, &request).await.map(|push| Arc::new(push) as _),
        };
        if let Ok(task) = task {
            app.jobs().start_paused(task);
        }
    }
    app.jobs().keep_in(file);
}

async fn task(app: &Arc<Longshore>, request: PullRequest) -> Result<Pull> {
    let reference = parse_reference(&request.input)?;
    let named = request.platform.as_deref().map(settings::parse_platform).transpose()?;
    let platform_named = named.is_some();
    let platforms = match (request.all_platforms, named) {
        (true, _) => Platforms::All,
        (false, Some(platform)) => Platforms::Only(platform),
        (false, None) => Platforms::Only(settings::platform(&app.settings())?),
    };
    let opener = app.clone();
    let store = blocking(move || opener.store()).await?;
    Ok(Pull {
        registries: app.registries(),
        store,
        input: request.input,
        reference,
        platforms,
        platform_named,
        all_tags: request.all_tags,
        ahead: app.settings().list_pulled.then(|| app.ahead().clone()),
    })
}

/// Every job of this session, oldest first.
pub async fn list_jobs(app: &Arc<Longshore>) -> Result<Vec<JobHead>> {
    Ok(app.jobs().heads())
}

/// Streams a job to the page; the promise is the outcome.
pub async fn watch_job(app: &Arc<Longshore>, id: u64, on_update: Stream<JobUpdate>) -> Result<JobOutcome> {
    let page = app.page();
    let alive = move |update| !page.has_changed().unwrap_or(true) && on_update.send(update);
    // Nobody reads the answer where the page went.
    app.jobs().watch(id, alive).await?.ok_or_else(Error::cancelled)
}

/// Stops a job's bytes.
pub async fn pause_job(app: &Arc<Longshore>, id: u64) -> Result<()> {
    app.jobs().pause(id)
}

/// Goes on with a job, or takes it up again.
pub async fn resume_job(app: &Arc<Longshore>, id: u64) -> Result<()> {
    app.jobs().resume(id)
}

/// Ends a job.
pub async fn cancel_job(app: &Arc<Longshore>, id: u64) -> Result<()> {
    app.jobs().cancel(id)
}

/// Forgets a job.
pub async fn dismiss_job(app: &Arc<Longshore>, id: u64) -> Result<()> {
    app.jobs().dismiss(id)
}
