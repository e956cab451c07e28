//! What the page has open of registries: repositories with all their tags, half-read catalogs, plans of deletions.
//!
//! They stay here and the page gets windows of them: a repository may have a hundred thousand tags. What a page opened
//! goes with that page. Deliberately absent: what tags stand for is the engine's to find out.

mod order;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::job::Job;
use engine::registry::RegistryClient;
use engine::registry::catalog::CatalogPages;
use engine::registry::delete::DeletePlan;
use engine::registry::describe::TagFacts;
use engine::registry::tag::TagPages;
use engine::{Code, Error, Result};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use oci::reference::Tag;
use oci::{Digest, Platform, RepositoryName};
use tokio::sync::watch;

use crate::wire::{Fault, RateLimit, RepositoryHead, TagQuery, TagRow, TagRows};

pub use table::{Described, Table};

/// More open repositories than this, and the oldest closes: a page that forgets to close must not fill the memory.
const MOST_OPEN: usize = 8;
/// Half-read catalogs and plans that are kept.
const MOST_KEPT: usize = 32;

/// Everything that is open.
#[derive(Default)]
pub struct Explorer {
    next: AtomicU64,
    repositories: Mutex<BTreeMap<u64, Arc<OpenRepository>>>,
    catalogs: Mutex<BTreeMap<u64, CatalogPages>>,
    plans: Mutex<BTreeMap<u64, Arc<DeletePlan>>>,
}

impl Explorer {
    /// Keeps a repository open.
    pub fn open(
        &self,
        client: RegistryClient,
        repository: RepositoryName,
        wanted: Option<Platform>,
    ) -> Arc<OpenRepository> {
        let id = self.id();
        let open = Arc::new(OpenRepository {
            id,
            client,
            repository,
            wanted,
            listing: Job::silent(),
            describing: Mutex::new(Job::silent()),
            table: Mutex::default(),
            changed: watch::Sender::new(0),
        });
        let mut repositories = lock(&self.repositories);
        repositories.insert(id, open.clone());
        while repositories.len() > MOST_OPEN
            && let Some((_, oldest)) = repositories.pop_first()
        {
            oldest.close();
        }
        open
    }

    /// An open repository.
    ///
    /// # Errors
    /// [`Code::Internal`] where it was closed.
    pub fn repository(&self, id: u64) -> Result<Arc<OpenRepository>> {
        lock(&self.repositories).get(&id).cloned().ok_or_else(|| gone("repository", id))
    }

    /// Forgets a repository.
    pub fn close(&self, id: u64) {
        if let Some(open) = lock(&self.repositories).remove(&id) {
            open.close();
        }
    }

    /// Forgets everything: the page that opened it is gone.
    pub fn close_all(&self) {
        for open in std::mem::take(&mut *lock(&self.repositories)).into_values() {
            open.close();
        }
        lock(&self.catalogs).clear();
        lock(&self.plans).clear();
    }

    /// Keeps the rest of a catalog; what to ask for it with.
    pub fn keep_catalog(&self, pages: CatalogPages) -> String {
        self.keep(&self.catalogs, pages).to_string()
    }

    /// Takes the rest of a catalog back.
    ///
    /// # Errors
    /// [`Code::Internal`] where it is no longer kept.
    pub fn take_catalog(&self, after: &str) -> Result<CatalogPages> {
        let id = after.parse().unwrap_or_default();
        lock(&self.catalogs).remove(&id).ok_or_else(|| gone("list of repositories", id))
    }

    /// Keeps a plan that is shown; its id.
    pub fn keep_plan(&self, plan: DeletePlan) -> u64 {
        self.keep(&self.plans, Arc::new(plan))
    }

    /// A plan that was shown.
    ///
    /// # Errors
    /// [`Code::Internal`] where it is no longer kept.
    pub fn plan(&self, id: u64) -> Result<Arc<DeletePlan>> {
        lock(&self.plans).get(&id).cloned().ok_or_else(|| gone("plan", id))
    }

    fn keep<T>(&self, kept: &Mutex<BTreeMap<u64, T>>, value: T) -> u64 {
        let id = self.id();
        let mut kept = lock(kept);
        kept.insert(id, value);
        while kept.len() > MOST_KEPT {
            kept.pop_first();
        }
        id
    }

    fn id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// A repository that a page shows.
pub struct OpenRepository {
    id: u64,
    client: RegistryClient,
    repository: RepositoryName,
    /// Whose size and date an index shows.
    wanted: Option<Platform>,
    listing: Job,
    /// The rows that are on screen; when others come there, this is cancelled.
    describing: Mutex<Job>,
    table: Mutex<Table>,
    changed: watch::Sender<u64>,
}

impl OpenRepository {
    /// What the page calls it.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Which one.
    pub fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// Reads the first page, and the others in the background; `fault` makes what a page may know of a failure.
    ///
    /// # Errors
    /// What the first page gives. A later failure is in the head.
    pub async fn list(self: &Arc<Self>, fault: impl Fn(&Error) -> Fault + Send + 'static) -> Result<()> {
        let mut pages = self.client.tag_pages(&self.repository)?;
        if self.next_page(&mut pages).await? {
            let this = self.clone();
            tokio::spawn(async move {
                loop {
                    match this.next_page(&mut pages).await {
                        Ok(true) => {}
                        Ok(false) => break,
                        Err(error) if error.code() == Code::Cancelled => break,
                        Err(error) => break this.change(|table| table.fail(fault(&error))),
                    }
                }
            });
        }
        Ok(())
    }

    /// Whether another one follows.
    async fn next_page(&self, pages: &mut TagPages) -> Result<bool> {
        let page = self.listing.run(pages.next(Some(&self.listing))).await?;
        Ok(self.change(|table| match page {
            Some(page) => table.append(page),
            None => table.finish(),
        }))
    }

    /// What is known of it.
    pub fn head(&self) -> RepositoryHead {
        lock(&self.table).head(self.id, &self.repository, self.rate_limit())
    }

    /// What the registry said last of how much it still gives.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.client.rate_limit().map(Into::into)
    }

    /// Wakes when more is known; the value is the revision.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// A window of the tags. `local` says what a tag stands for on this computer.
    pub fn query(&self, query: &TagQuery, local: &dyn Fn(&Tag) -> Option<Digest>) -> TagRows {
        lock(&self.table).query(query, local)
    }

    /// Finds out what tags stand for, and forgets about those that were asked for before and are not done: they are no
    /// longer on screen. Names that are no tags of the repository are left out.
    pub async fn describe(&self, names: &[String], fault: impl Fn(&Error) -> Fault) {
        let job = Job::silent();
        std::mem::replace(&mut *lock(&self.describing), job.clone()).cancel();
        let wanted = lock(&self.table).undescribed(names);
        // The engine lets six of them go at a time.
        let mut asked: FuturesUnordered<_> = wanted.iter().map(|tag| self.ask(tag, &job)).collect();
        while let Some((tag, facts)) = asked.next().await {
            let described = match facts {
                Ok(facts) => Described::Known(facts),
                // Others are on screen now; what was found until then is kept.
                Err(error) if error.code() == Code::Cancelled => return,
                Err(error) => Described::Failed(fault(&error)),
            };
            self.change(|table| table.describe(tag, described));
        }
    }

    async fn ask<'a>(&self, tag: &'a Tag, job: &Job) -> (&'a Tag, Result<TagFacts>) {
        (tag, self.client.describe(&self.repository, tag, self.wanted.as_ref(), Some(job)).await)
    }

    /// The rows of tags by name, as they are known now.
    pub fn rows(&self, names: &[String], local: &dyn Fn(&Tag) -> Option<Digest>) -> Vec<TagRow> {
        lock(&self.table).rows(names, local)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        let mut table = lock(&self.table);
        let outcome = change(&mut table);
        drop(table);
        self.changed.send_modify(|revision| *revision += 1);
        outcome
    }

    fn close(&self) {
        self.listing.cancel();
        lock(&self.describing).cancel();
        self.change(Table::close);
    }
}

fn gone(what: &str, id: u64) -> Error {
    Error::new(Code::Internal, format!("{what} `{id}` is no longer open")).with_hint("Open it again")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
