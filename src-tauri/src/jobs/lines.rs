//! A transfer as the Docker client prints it, line by line.
//!
//! Source: moby `distribution/pull_v2.go`, `push_v2.go` and docker/cli `jsonmessage`: the layers' short digests and
//! states, and what comes before and after them. The bar is left out; the window draws one. Docker knows no copy from
//! registry to registry, and its `save` prints nothing: both are told as skopeo tells them. An import has no layers until
//! it is done, and prints its digest then.

use std::collections::HashMap;

use engine::job::NodeKind;
use oci::digest::Digest;

use crate::wire::{RowKind, RowState, TransferRow, Verb};

/// All tags of a repository may be thousands of images: older ones leave, lines.
const KEPT: usize = 2_000;

/// What was printed, and of the image under way which layers have a line.
#[derive(Debug)]
pub struct Lines {
    verb: Verb,
    done: Vec<String>,
    left_out: usize,
    layers: Vec<Digest>,
}

impl Lines {
    /// Nothing was printed yet.
    pub fn new(verb: Verb) -> Self {
        Self { verb, done: Vec::new(), left_out: 0, layers: Vec::new() }
    }

    /// The image under way has this blob. Docker shows layers alone, skopeo configs too.
    pub fn row(&mut self, digest: Digest, kind: NodeKind) {
        let shown = kind == NodeKind::Layer || matches!(self.verb, Verb::Copy | Verb::Save);
        if shown && !self.layers.contains(&digest) {
            self.layers.push(digest);
        }
    }

    /// The image under way is over: its lines stay as they are, and what is said now follows them.
    pub fn settle<'a>(&mut self, rows: &HashMap<Digest, usize>, row: impl Fn(usize) -> &'a TransferRow) {
        let layers = std::mem::take(&mut self.layers);
        self.done.extend(
            layers.iter().filter_map(|digest| Some(line(self.verb, digest, row(*rows.get(digest)?)))),
        );
    }

    /// A line of its own, after the others.
    pub fn say(&mut self, line: String) {
        self.done.push(line);
        if self.done.len() > KEPT {
            let surplus = self.done.len() - KEPT;
            self.done.drain(..surplus);
            self.left_out += surplus;
        }
    }

    /// Every line as it is now.
    pub fn print<'a>(
        &self,
        rows: &HashMap<Digest, usize>,
        row: impl Fn(usize) -> &'a TransferRow,
    ) -> Vec<String> {
        let left_out = (self.left_out > 0).then(|| format!("({} lines before these)", self.left_out));
        let moving =
            self.layers.iter().filter_map(|digest| Some(line(self.verb, digest, row(*rows.get(digest)?))));
        left_out.into_iter().chain(self.done.iter().cloned()).chain(moving).collect()
    }
}

fn line(verb: Verb, digest: &Digest, row: &TransferRow) -> String {
    match verb {
        Verb::Copy | Verb::Save => copied(digest, row),
        Verb::Pull | Verb::Push | Verb::Load | Verb::Import | Verb::Export => {
            format!("{}: {}", digest.short(), moved(verb, row))
        }
    }
}

/// As the Docker client tells a layer's state.
fn moved(verb: Verb, row: &TransferRow) -> String {
    let pushed = verb == Verb::Push;
    let noted = |word: &str| row.note.clone().unwrap_or_else(|| word.to_owned());
    match row.state {
        RowState::Preparing => "Preparing".to_owned(),
        RowState::Waiting => "Waiting".to_owned(),
        RowState::Exists if pushed => "Layer already exists".to_owned(),
        RowState::Exists => "Already exists".to_owned(),
        RowState::Mounted => noted("Mounted"),
        RowState::Moving => {
            let word = match verb {
                Verb::Push => "Pushing",
                Verb::Load => "Loading layer",
                Verb::Import | Verb::Export => "Reading",
                Verb::Pull | Verb::Copy | Verb::Save => "Downloading",
            };
            format!("{word}  {}/{}", bytes(row.done), bytes(row.size))
        }
        RowState::Retrying => noted("Retrying"),
        RowState::Verifying => "Verifying Checksum".to_owned(),
        RowState::Complete => match verb {
            Verb::Push => "Pushed".to_owned(),
            // The line of a layer that was loaded stays as it was last.
            Verb::Load => format!("Loading layer  {}/{}", bytes(row.size), bytes(row.size)),
            Verb::Import | Verb::Export => "Complete".to_owned(),
            Verb::Pull | Verb::Copy | Verb::Save => "Pull complete".to_owned(),
        },
        RowState::Paused => format!("Stopped at  {}/{}", bytes(row.done), bytes(row.size)),
        RowState::Failed => "Failed".to_owned(),
    }
}

/// As skopeo tells it (containers/image, `copy/progress_bars.go`).
fn copied(digest: &Digest, row: &TransferRow) -> String {
    let what = if row.kind == RowKind::Config { "config" } else { "blob" };
    let how = match row.state {
        RowState::Exists | RowState::Mounted => "skipped: already exists".to_owned(),
        RowState::Complete => "done".to_owned(),
        RowState::Moving | RowState::Paused | RowState::Verifying => {
            format!("{} / {}", bytes(row.done), bytes(row.size))
        }
        RowState::Preparing | RowState::Waiting => String::new(),
        RowState::Retrying | RowState::Failed => row.note.clone().unwrap_or_default(),
    };
    format!("Copying {what} {} {how}", digest.short()).trim_end().to_owned()
}

/// `12.3MB`, as go-units prints sizes: decimal, four significant digits, no space.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    #[expect(clippy::cast_precision_loss, reason = "four digits are shown")]
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = if value >= 1000.0 {
        0
    } else if value >= 100.0 {
        1
    } else if value >= 10.0 {
        2
    } else {
        3
    };
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_docker_writes_them() {
        // From go-units' own tests of HumanSize, without the space.
        for (count, expected) in [
            (0, "0B"),
            (1_000, "1kB"),
            (1_024, "1.024kB"),
            (1_000_000, "1MB"),
            (1_048_576, "1.049MB"),
            (2_000_000, "2MB"),
            (3_420_000_000, "3.42GB"),
            (5_372_000_000_000, "5.372TB"),
            (12_345_678, "12.35MB"),
        ] {
            assert_eq!(bytes(count), expected);
        }
    }

    #[test]
    fn thousands_of_tags_leave_a_bounded_text() {
        let mut lines = Lines::new(Verb::Pull);
        for tag in 0..5_000 {
            lines.say(format!("{tag}: Pulling from team/app"));
            lines.say("Digest: sha256:0".to_owned());
        }
        let printed = lines.print(&HashMap::new(), |_| unreachable!("there are no rows"));
        assert_eq!(printed.len(), KEPT + 1);
        assert_eq!(printed[0], "(8000 lines before these)");
        assert_eq!(printed[KEPT], "Digest: sha256:0");
    }
}
