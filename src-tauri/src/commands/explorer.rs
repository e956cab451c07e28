//! What registries hold: repositories and their tags.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use engine::Result;
use engine::registry::catalog::CatalogPages;
use oci::reference::Tag;
use oci::{Digest, Reference, RepositoryName};

use super::Stream;
use crate::explorer::OpenRepository;
use crate::settings::{self, parse_host};
use crate::state::{Longshore, blocking, parse_reference};
use crate::wire::{CatalogPage, DescribedTags, RateLimit, RepositoryHead, TagQuery, TagRow, TagRows};

/// The shortest time between two messages: twenty a second.
const BETWEEN: Duration = Duration::from_millis(50);
/// More tags than this are on no screen.
const MOST_DESCRIBED: usize = 500;

/// A page of the repositories of a registry: the first, or what comes after the one that gave `after`.
pub async fn list_catalog(app: &Arc<Longshore>, host: String, after: Option<String>) -> Result<CatalogPage> {
    let registry = parse_host(&host)?;
    let mut pages: CatalogPages = match after {
        Some(after) => app.explorer().take_catalog(&after)?,
        None => app.registries().client(&registry).catalog_pages()?,
    };
    let Some(page) = pages.next(None).await? else { return Ok(CatalogPage::default()) };
    Ok(CatalogPage {
        repositories: page.repositories.iter().map(|repository| repository.path().to_owned()).collect(),
        next: page.has_more.then(|| app.explorer().keep_catalog(pages)),
        partial: page.partial,
    })
}

/// Opens a repository: its first tags are there when this answers, the others come in the background.
pub async fn open_repository(app: &Arc<Longshore>, input: String) -> Result<RepositoryHead> {
    let reference = parse_reference(&input)?;
    let wanted = settings::platform(&app.settings()).ok();
    let client = app.registries().client(reference.registry());
    let open = app.explorer().open(client, reference.repository().clone(), wanted);
    let faults = app.clone();
    match open.list(move |error| faults.fault(error)).await {
        Ok(()) => Ok(open.head()),
        Err(error) => {
            app.explorer().close(open.id());
            Err(error)
        }
    }
}

/// Streams what is known of an open repository until nothing more will come.
pub async fn watch_repository(
    app: &Arc<Longshore>,
    id: u64,
    on_update: Stream<RepositoryHead>,
) -> Result<()> {
    let open = app.explorer().repository(id)?;
    let mut page = app.page();
    page.mark_unchanged();
    let mut changed = open.watch();
    loop {
        changed.mark_unchanged();
        let head = open.head();
        let finished = head.finished;
        if page.has_changed().unwrap_or(true) || !on_update.send(head) || finished {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN).await;
        tokio::select! {
            _ = changed.changed() => {}
            _ = page.changed() => return Ok(()),
        }
    }
}

/// A window of the tags of an open repository.
pub async fn query_tags(app: &Arc<Longshore>, query: TagQuery) -> Result<TagRows> {
    let open = app.explorer().repository(query.id)?;
    let app = app.clone();
    blocking(move || {
        let local = local_tags(&app, open.repository());
        Ok(open.query(&query, &|tag| local.get(tag).cloned()))
    })
    .await
}

/// Finds out what tags stand for; the rows as they are known then. Asked again for other tags, it gives up on these.
pub async fn describe_tags(app: &Arc<Longshore>, id: u64, tags: Vec<String>) -> Result<DescribedTags> {
    let open = app.explorer().repository(id)?;
    let tags: Vec<_> = tags.into_iter().take(MOST_DESCRIBED).collect();
    open.describe(&tags, |error| app.fault(error)).await;
    let rate_limit = open.rate_limit();
    Ok(DescribedTags { rows: rows(app, open, tags).await?, rate_limit })
}

async fn rows(app: &Arc<Longshore>, open: Arc<OpenRepository>, tags: Vec<String>) -> Result<Vec<TagRow>> {
    let app = app.clone();
    blocking(move || {
        let local = local_tags(&app, open.repository());
        Ok(open.rows(&tags, &|tag| local.get(tag).cloned()))
    })
    .await
}

/// Forgets an open repository.
pub async fn close_repository(app: &Arc<Longshore>, id: u64) -> Result<()> {
    app.explorer().close(id);
    Ok(())
}

/// How many pulls a registry still allows, where it says so. Asking counts as none.
pub async fn rate_limit(app: &Arc<Longshore>, host: String) -> Result<Option<RateLimit>> {
    let client = app.registries().client(&parse_host(&host)?);
    Ok(client.ask_rate_limit(None).await?.map(RateLimit::from))
}

/// What tags of a repository stand for on this computer. A store that can't be read has none. Blocks.
fn local_tags(app: &Longshore, repository: &RepositoryName) -> HashMap<Tag, Digest> {
    let inventory = app.inventory().unwrap_or_default();
    let named = inventory.iter().filter_map(|holding| {
        let name: Reference = holding.image.name.as_deref()?.parse().ok()?;
        let tag = name.tag().filter(|_| name.repository() == repository)?.clone();
        Some((tag, holding.image.descriptor.digest.clone()))
    });
    named.collect()
}
