//! `diff --files`: what containers see of two images, or after two layers, file by file.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use engine::layers::diff::{Difference, Differing, Side, diff};
use engine::layers::{Scope, State, Version, shown};
use serde_json::{Value, json};

use crate::args;
use crate::failure::Failure;
use crate::inside::Inside;
use crate::output;

/// Prints what differs.
pub fn run(args: &args::Diff, a: &Inside, b: &Inside, as_json: bool) -> Result<(), Failure> {
    let (seen_a, seen_b) = (state(a, args.layer_a)?, state(b, args.layer_b)?);
    let (side_a, side_b) = (Side::after(&a.stack, &seen_a), Side::after(&b.stack, &seen_b));
    let found = diff(side_a, side_b);
    let files = Files { a, b, side_a, side_b };
    let count = |wanted| found.iter().filter(|file| file.difference == wanted).count();
    if as_json {
        return Ok(output::json(&json!({
            "a": super::side_json(&a.found),
            "b": super::side_json(&b.found),
            "layer_a": args.layer_a,
            "layer_b": args.layer_b,
            "added": count(Difference::Added),
            "removed": count(Difference::Removed),
            "changed": count(Difference::Changed),
            "moved": count(Difference::Moved),
            "files": found.iter().map(|file| files.json(file)).collect::<Vec<_>>(),
        }))?);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let written = found.iter().try_for_each(|file| writeln!(out, "{}", files.line(file)));
    match written.and_then(|()| out.flush()) {
        // Whoever read had enough of it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
        other => other?,
    }
    output::note(&match found.len() {
        0 => "They have the same files".to_owned(),
        _ => format!(
            "{} added, {} removed, {} changed, {} moved",
            count(Difference::Added),
            count(Difference::Removed),
            count(Difference::Changed),
            count(Difference::Moved)
        ),
    });
    Ok(())
}

/// What a container sees of a side, or would see after a layer.
fn state(inside: &Inside, layer: Option<u32>) -> Result<Arc<State>, Failure> {
    Ok(match layer {
        Some(_) => Arc::new(State::new(&inside.stack, Scope::Upto(inside.count(layer)? - 1))?),
        None => inside.merged.clone(),
    })
}

struct Files<'a> {
    a: &'a Inside,
    b: &'a Inside,
    side_a: Side<'a>,
    side_b: Side<'a>,
}

impl Files<'_> {
    fn versions(&self, file: &Differing) -> (Option<Version<'_>>, Option<Version<'_>>) {
        (file.a.and_then(|path| self.side_a.at(path)), file.b.and_then(|path| self.side_b.at(path)))
    }

    fn paths(&self, file: &Differing) -> (Option<String>, Option<String>) {
        let path = |inside: &Inside, path: u32| shown(&inside.stack.full_path(path)).into_owned();
        (file.a.map(|at| path(self.a, at)), file.b.map(|at| path(self.b, at)))
    }

    /// What of it differs; of a moved one nothing but its place.
    fn words(&self, file: &Differing) -> Vec<String> {
        match self.versions(file) {
            (Some(old), Some(new)) if file.difference == Difference::Changed => file.what.words(&old, &new),
            _ => Vec::new(),
        }
    }

    fn line(&self, file: &Differing) -> String {
        let (was, path) = self.paths(file);
        let (old, new) = self.versions(file);
        let mark = match file.difference {
            Difference::Added => '+',
            Difference::Removed => '-',
            Difference::Changed => '~',
            Difference::Moved => '>',
        };
        let size = |version: Option<Version<'_>>| {
            version.map_or_else(|| "-".to_owned(), |version| version.node.size().to_string())
        };
        let more = match file.difference {
            Difference::Moved => format!("  was {}", was.as_deref().unwrap_or_default()),
            Difference::Changed => format!("  {}", self.words(file).join(", ")),
            _ => String::new(),
        };
        let path = path.or(was).unwrap_or_default();
        format!("{mark} {:>12} {:>12} {path}{more}", size(old), size(new))
    }

    fn json(&self, file: &Differing) -> Value {
        let (was, path) = self.paths(file);
        let (old, new) = self.versions(file);
        let is_moved = file.difference == Difference::Moved;
        json!({
            "path": path.or_else(|| was.clone()),
            "was": was.filter(|_| is_moved),
            "difference": match file.difference {
                Difference::Added => "added",
                Difference::Removed => "removed",
                Difference::Changed => "changed",
                Difference::Moved => "moved",
            },
            "type": new.or(old).map(|version| crate::files::kind_word(version.node.kind())),
            "size_a": old.map(|version| version.node.size()),
            "size_b": new.map(|version| version.node.size()),
            "what": self.words(file),
        })
    }
}
