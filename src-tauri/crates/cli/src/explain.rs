//! `explain`: a reference taken apart.

use oci::explain::{Breakdown, Explanation, explain};
use serde_json::{Map, Value, json};

use crate::args;
use crate::context::Context;
use crate::failure::{Failure, reference_text};
use crate::output::{self, shown};

/// Explanations are wrapped at this column.
const WIDTH: usize = 100;

/// Runs the verb.
pub fn run(args: &args::Explain, context: &Context) -> Result<(), Failure> {
    let explanation = explain(&args.input);
    if context.json() {
        output::json(&to_json(&explanation))?;
        return if explanation.outcome.is_ok() { Ok(()) } else { Err(Failure::Said) };
    }
    match &explanation.outcome {
        Ok(parts) => output::bytes(to_text(parts, &explanation).as_bytes())?,
        Err(problem) => {
            output::note(&reference_text(&args.input, problem));
            output::note(traps_text(&explanation).trim_end());
            return Err(Failure::Said);
        }
    }
    Ok(())
}

fn to_json(explanation: &Explanation) -> Value {
    let traps: Vec<Value> = explanation
        .traps
        .iter()
        .map(|trap| json!({ "code": trap.code.as_str(), "message": trap.message }))
        .collect();
    let mut object = match &explanation.outcome {
        Ok(parts) => parts_json(parts),
        Err(problem) => {
            let failure = Failure::reference(&explanation.input, problem.clone());
            Map::from_iter([("error".to_owned(), failure.to_json())])
        }
    };
    object.insert("input".to_owned(), json!(explanation.input));
    object.insert("traps".to_owned(), json!(traps));
    Value::Object(object)
}

fn parts_json(parts: &Breakdown) -> Map<String, Value> {
    let reference = &parts.reference;
    let name = reference.repository();
    let segments: Vec<Value> = parts
        .segments
        .iter()
        .map(|part| {
            json!({
                "kind": part.kind.as_str(),
                "text": part.text,
                "presence": part.presence.as_str(),
                "explanation": part.explanation,
            })
        })
        .collect();
    let Value::Object(object) = json!({
        "registry": reference.registry().as_str(),
        "api_host": reference.registry().api_host(),
        "path": name.path(),
        "namespace": name.namespace(),
        "repository": name.repository(),
        "tag": reference.tag().map(oci::Tag::as_str),
        "digest": reference.digest().map(oci::Digest::as_str),
        "canonical": reference.canonical(),
        "familiar": reference.familiar(),
        "implied": parts.implied().into_iter().map(oci::SegmentKind::as_str).collect::<Vec<_>>(),
        "segments": segments,
    }) else {
        unreachable!("it is written as an object")
    };
    object
}

fn to_text(parts: &Breakdown, explanation: &Explanation) -> String {
    let reference = &parts.reference;
    let mut text = format!("{}\n\n", reference.canonical());
    let longest = parts.segments.iter().map(|part| output::columns(&part.text)).max().unwrap_or(0);
    // A digest is longer than the rest of the line could bear.
    let column = longest.min(28);
    for part in &parts.segments {
        let shown = if part.text.is_empty() { "-" } else { &part.text };
        text += &format!("  {:<11} {shown:<column$}  ({})\n", part.kind.as_str(), part.presence.as_str());
        for line in wrap(&part.explanation, WIDTH - 14) {
            text += &format!("{:14}{line}\n", "");
        }
    }
    text += &format!("\n  {:<11} {}\n", "short form", reference.familiar());
    text += &format!("  {:<11} {}\n", "API host", reference.registry().api_host());
    let traps = traps_text(explanation);
    if !traps.is_empty() {
        text += &format!("\n{traps}");
    }
    text
}

fn traps_text(explanation: &Explanation) -> String {
    let mut text = String::new();
    for trap in &explanation.traps {
        for (at, line) in wrap(&shown(&trap.message), WIDTH - 6).iter().enumerate() {
            text += &format!("{} {line}\n", if at == 0 { "note:" } else { "     " });
        }
    }
    text
}

/// Breaks at spaces; a longer word stays whole.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if output::columns(line) + 1 + output::columns(word) <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
