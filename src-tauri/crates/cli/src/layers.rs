//! `layers`: an image's stack, the newest on top.

use engine::image::Step;
use engine::job::Job;
use oci::Digest;
use oci::instruction::instruction;
use serde_json::{Value, json};

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::find::{self, Found};
use crate::interrupt::{self, Threads};
use crate::output::{self, shown};

/// An instruction longer than this many characters is cut; `--json` has all of it.
const INSTRUCTION: usize = 160;

/// Runs the verb.
pub fn run(args: &args::Layers, context: &Context) -> Result<(), Failure> {
    let job = Job::new(|event| output::note_event(&event));
    let found = interrupt::run(Threads::One, &job, find::look(&args.look, context, &job))?;
    // What is odd about it belongs to what is shown.
    if !context.json() {
        found.image.flags.iter().for_each(|flag| output::warning(flag));
    }
    let steps = found.image.manifest.as_ref().map(engine::image::ImageManifest::steps).unwrap_or_default();
    if context.json() {
        return Ok(output::json(&to_json(&found, &steps))?);
    }
    let mut rows = vec![["LAYER", "SIZE", "DIGEST", "INSTRUCTION"].map(str::to_owned).to_vec()];
    rows.extend(steps.iter().rev().map(row));
    Ok(output::table(&rows)?)
}

fn row(step: &Step) -> Vec<String> {
    let dash = || "-".to_owned();
    vec![
        step.number.map_or_else(dash, |number| number.to_string()),
        step.layer.as_ref().map_or_else(|| output::size(0, 3), |layer| output::size(layer.size, 3)),
        step.layer.as_ref().map_or_else(dash, |layer| layer.digest.short().to_owned()),
        command(step),
    ]
}

fn command(step: &Step) -> String {
    let Some(history) = &step.history else { return String::new() };
    let (word, rest) = instruction(&history.created_by);
    let line = format!("{word} {rest}");
    let line: Vec<&str> = line.split_whitespace().collect();
    output::cut(&shown(&line.join(" ")), INSTRUCTION)
}

fn to_json(found: &Found, steps: &[Step]) -> Value {
    let manifest = found.image.manifest.as_ref();
    let layers: Vec<Value> = steps.iter().rev().map(step_json).collect();
    json!({
        "name": found.name,
        "source": found.place.as_str(),
        "digest": found.image.root.descriptor.digest.as_str(),
        "manifest_digest": manifest.map(|manifest| manifest.document.descriptor.digest.as_str()),
        "platform": manifest.and_then(|manifest| manifest.platform.as_ref()).map(ToString::to_string),
        "layers": layers,
        "flags": found.image.flags,
        "warnings": found.warnings,
    })
}

fn step_json(step: &Step) -> Value {
    let history = step.history.as_ref();
    let (word, rest) = history.map(|history| instruction(&history.created_by)).unzip();
    json!({
        "number": step.number,
        "digest": step.layer.as_ref().map(|layer| layer.digest.as_str()),
        "size": step.layer.as_ref().map_or(0, |layer| layer.size),
        "media_type": step.layer.as_ref().map(|layer| layer.media_type.as_str()),
        "diff_id": step.diff_id.as_ref().map(Digest::as_str),
        "instruction": word,
        "arguments": rest,
        "created_by": history.map(|history| history.created_by.as_str()),
        "created": history.and_then(|history| history.created.as_deref()),
        "comment": history.and_then(|history| history.comment.as_deref()),
    })
}
