//! `gc`: deletes what no image needs any more.

use engine::store::GarbageReport;
use serde_json::json;

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;

/// Runs the verb.
pub fn run(args: &args::Gc, context: &Context) -> Result<(), Failure> {
    let report = match context.existing_store()? {
        Some(store) => store.gc(args.dry_run)?,
        None => GarbageReport::default(),
    };
    let GarbageReport { blobs, bytes } = report;
    if context.json() {
        return Ok(output::json(&json!({ "dry_run": args.dry_run, "blobs": blobs, "bytes": bytes }))?);
    }
    let what = output::count(blobs, "blob", "blobs");
    let size = output::size(bytes, 4);
    Ok(if args.dry_run {
        output::line(&format!("Would delete {what} that no image needs\nReclaimable space: {size}"))
    } else {
        output::line(&format!("Deleted {what} that no image needed\nTotal reclaimed space: {size}"))
    }?)
}
