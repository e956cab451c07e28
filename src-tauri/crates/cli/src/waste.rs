//! `waste`: what is stored and sent for nothing, and a gate for it.

use engine::job::Job;
use engine::layers::{Deed, Waste, shown};
use serde_json::{Value, json};

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::inside::Inside;
use crate::interrupt::{self, Threads};
use crate::output;

/// Files that are listed; `--json` has all of them.
const LISTED: usize = 20;

/// Runs the verb.
pub fn run(args: &args::Waste, context: &Context) -> Result<(), Failure> {
    let job = Job::new(|event| output::note_event(&event));
    let inside = interrupt::run(Threads::Several, &job, Inside::open(&args.look, context, &job))?;
    let found = &inside.waste;
    let failed = failed(args, found);
    if context.json() {
        output::json(&to_json(&inside, found, &failed))?;
    } else {
        print(&inside, found)?;
    }
    if failed.is_empty() {
        return Ok(());
    }
    for sentence in failed {
        output::note(&format!("error: {sentence}"));
    }
    Err(Failure::Said)
}

/// Which limits it is beyond, a sentence each.
fn failed(args: &args::Waste, found: &Waste) -> Vec<String> {
    let mut failed = Vec::new();
    if let Some(most) = args.max_bytes.filter(|most| found.wasted_bytes > *most) {
        failed.push(format!("{} bytes are wasted, more than {most}", found.wasted_bytes));
    }
    if let Some(least) = args.min_efficiency.filter(|least| found.efficiency < *least) {
        failed.push(format!("the efficiency is {:.4}, less than {least}", found.efficiency));
    }
    failed
}

fn print(inside: &Inside, found: &Waste) -> Result<(), Failure> {
    output::line(&format!("Efficiency: {:.2} %", found.efficiency * 100.0))?;
    let files = output::count(found.files.len() as u64, "file", "files");
    output::line(&format!("Wasted: {} in {files}", output::size(found.wasted_bytes, 3)))?;
    output::line(&format!("Hidden from every container: {}", output::size(found.hidden_bytes, 3)))?;
    output::line("")?;
    let heading = ["LAYER", "TRANSFER", "UNPACKED", "SEEN", "ADDED", "MODIFIED", "REMOVED"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for (at, (layer, descriptor)) in found.layers.iter().zip(inside.layers.descriptors()).enumerate() {
        rows.push(vec![
            (at + 1).to_string(),
            output::size(descriptor.size, 3),
            output::size(layer.unpacked, 3),
            output::size(layer.net, 3),
            layer.added.to_string(),
            layer.modified.to_string(),
            layer.removed.to_string(),
        ]);
    }
    output::table(&rows)?;
    if found.files.is_empty() {
        return Ok(());
    }
    output::line("")?;
    let mut rows = vec![["WASTED", "PATH", "HOW"].map(str::to_owned).to_vec()];
    for file in found.files.iter().take(LISTED) {
        let how: Vec<String> = file
            .layers
            .iter()
            .map(|(layer, deed)| {
                let verb = if *deed == Deed::Wrote { "written" } else { "removed" };
                format!("{verb} in {}", layer + 1)
            })
            .collect();
        let path = shown(&inside.stack.full_path(file.path)).into_owned();
        rows.push(vec![output::size(file.bytes, 3), path, how.join(", ")]);
    }
    output::table(&rows)?;
    if found.files.len() > LISTED {
        output::line(&format!("and {} more", found.files.len() - LISTED))?;
    }
    Ok(())
}

fn to_json(inside: &Inside, found: &Waste, failed: &[String]) -> Value {
    let files: Vec<Value> = found
        .files
        .iter()
        .map(|file| {
            let layers: Vec<Value> = file
                .layers
                .iter()
                .map(|(layer, deed)| json!({ "layer": layer + 1, "removed": *deed == Deed::Removed }))
                .collect();
            json!({
                "path": shown(&inside.stack.full_path(file.path)),
                "bytes": file.bytes,
                "count": file.layers.len(),
                "layers": layers,
                "visible": file.visible,
            })
        })
        .collect();
    let layers: Vec<Value> = found
        .layers
        .iter()
        .zip(inside.layers.descriptors())
        .enumerate()
        .map(|(at, (layer, descriptor))| {
            json!({
                "number": at + 1,
                "digest": descriptor.digest.as_str(),
                "transfer_bytes": descriptor.size,
                "unpacked_bytes": layer.unpacked,
                "net_bytes": layer.net,
                "added": layer.added,
                "modified": layer.modified,
                "removed": layer.removed,
            })
        })
        .collect();
    json!({
        "name": inside.found.name,
        "source": inside.found.place.as_str(),
        "digest": inside.found.image.root.descriptor.digest.as_str(),
        "efficiency": found.efficiency,
        "wasted_bytes": found.wasted_bytes,
        "hidden_bytes": found.hidden_bytes,
        "files": files,
        "layers": layers,
        "failed": failed,
    })
}
