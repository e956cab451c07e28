//! What went over the wire.

use std::sync::Arc;
use std::time::Duration;

use engine::{Code, Error, Result};

use super::Stream;
use crate::state::Longshore;
use crate::wire::{ExchangeDetail, ExchangeHead};

/// The shortest time between two messages: ten a second, as often as a page draws progress.
const BETWEEN: Duration = Duration::from_millis(100);
/// How often somebody looks whether the page still lives, where nothing happens.
const LOOK: Duration = Duration::from_secs(2);

/// Exchanges after the one with this id, oldest first.
pub async fn list_exchanges(app: &Arc<Longshore>, after: u64) -> Result<Vec<ExchangeHead>> {
    let (kept, _) = app.log().changed_since(0);
    let later = kept.iter().filter(|exchange| exchange.id > after);
    Ok(later.map(|exchange| ExchangeHead::new(exchange, app.job_of(exchange))).collect())
}

/// Everything of one exchange.
pub async fn read_exchange(app: &Arc<Longshore>, id: u64) -> Result<ExchangeDetail> {
    let exchange = app.log().get(id).ok_or_else(|| {
        Error::new(Code::Internal, format!("exchange `{id}` is no longer kept"))
            .with_hint("Only the last few thousand are; do it once more to see it")
    })?;
    Ok(ExchangeDetail::new(&exchange, app.job_of(&exchange)))
}

/// Streams heads as exchanges begin, move and end, until the page goes.
pub async fn watch_exchanges(app: &Arc<Longshore>, on_exchanges: Stream<Vec<ExchangeHead>>) -> Result<()> {
    let mut page = app.page();
    page.mark_unchanged();
    let mut log = app.log().watch();
    let mut seen = 0;
    loop {
        log.mark_unchanged();
        let (changed, revision) = app.log().changed_since(seen);
        seen = revision;
        let heads: Vec<_> =
            changed.iter().map(|exchange| ExchangeHead::new(exchange, app.job_of(exchange))).collect();
        let gone = page.has_changed().unwrap_or(true);
        if gone || (!heads.is_empty() && !on_exchanges.send(heads)) {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN).await;
        tokio::select! {
            _ = log.changed() => {}
            _ = page.changed() => return Ok(()),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
