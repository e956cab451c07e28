//! The lines of a terminal that change in place: `a803e7c4b030: Downloading [====>    ]  12.3MB/41.4MB`.

use std::cell::Cell;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::output;

/// How often the screen is written, times a second; indicatif allows a burst at the start.
const REFRESH: u8 = 10;
/// A line's bytes are told no more often than this.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// Docker's bar, columns between its brackets without the tip.
const WIDEST: usize = 50;
/// A bar shorter than this says nothing.
const NARROWEST: usize = 8;
/// What the rest of the line takes: ID, word, brackets, both sizes.
const AROUND: usize = 14 + 12 + 4 + 20;
/// Where the terminal does not say how large it is: columns and rows.
const ASSUMED: (usize, usize) = (80, 24);

/// One line for each layer. Where there are more than the terminal has rows, a layer that is done leaves its place to
/// those that wait, and its line goes up and out.
pub struct Bars {
    screen: MultiProgress,
    lines: Vec<Line>,
    columns: usize,
    crowded: bool,
}

struct Line {
    id: String,
    bar: ProgressBar,
    told: Cell<Option<Instant>>,
}

impl Bars {
    pub fn new(ids: impl Iterator<Item = String>) -> Self {
        let screen = MultiProgress::with_draw_target(ProgressDrawTarget::stdout_with_hz(REFRESH));
        let style = ProgressStyle::with_template("{wide_msg}").expect("the template is fixed");
        let line = |id: String| {
            let bar = ProgressBar::no_length().with_style(style.clone()).with_finish(ProgressFinish::Abandon);
            Line { id, bar: screen.add(bar), told: Cell::new(None) }
        };
        let lines: Vec<Line> = ids.map(line).collect();
        let (columns, rows) = terminal_size();
        // One row stays free for what comes below.
        Self { crowded: lines.len() >= rows, lines, columns, screen }
    }

    /// Rewrites one line.
    pub fn say(&self, at: usize, what: &str) {
        if let Some(Line { id, bar, .. }) = self.lines.get(at) {
            bar.set_message(format!("{id}: {what}"));
        }
    }

    /// Rewrites one line for the last time but one: only the whole image being there may follow.
    pub fn done(&self, at: usize, what: &str, when_crowded: &str) {
        match self.lines.get(at) {
            Some(Line { id, bar, .. }) if self.crowded => {
                bar.finish_and_clear();
                self.aside(|| {
                    // A terminal that is gone shows when the result is printed.
                    let _ = output::line(&format!("{id}: {when_crowded}"));
                });
            }
            _ => self.say(at, what),
        }
    }

    /// The image is whole: says so on every line that is there still.
    pub fn complete(&self, at: usize, what: &str) {
        if !self.crowded {
            self.say(at, what);
        }
    }

    /// Rewrites one line with a bar of bytes, unless that was done a moment ago.
    pub fn moving(&self, at: usize, word: &str, done: u64, size: u64) {
        let Some(line) = self.lines.get(at) else { return };
        if line.told.get().is_some_and(|told| told.elapsed() < TELL_EVERY) {
            return;
        }
        line.told.set(Some(Instant::now()));
        self.say(at, &format!("{word} {}", bar(done, size, self.columns)));
    }

    /// Prints something else above the lines.
    pub fn aside(&self, print: impl FnOnce()) {
        self.screen.suspend(print);
    }

    /// Takes the lines away: what they said is of no interest any more.
    pub fn clear(&self) {
        for line in &self.lines {
            line.bar.finish_and_clear();
        }
    }

    /// Leaves the lines as they are.
    pub fn end(&self) {
        for line in &self.lines {
            if !line.bar.is_finished() {
                line.bar.abandon();
            }
        }
    }
}

/// Columns and rows.
fn terminal_size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(std::io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => ASSUMED,
    }
}

/// `[====>    ]  12.3MB/41.4MB`; on a narrow terminal with a shorter bar, or without.
fn bar(done: u64, size: u64, columns: usize) -> String {
    let numbers = format!("{:>8}/{}", output::size(done, 4), output::size(size, 4));
    let width = columns.saturating_sub(AROUND).min(WIDEST);
    if width < NARROWEST {
        return numbers.trim_start().to_owned();
    }
    let share = if size == 0 { 1.0 } else { done as f64 / size as f64 };
    let full = ((share * width as f64) as usize).min(width);
    format!("[{}>{}] {numbers}", "=".repeat(full), " ".repeat(width - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_dockers_and_fits_the_terminal() {
        let half = format!("[{}>{}]   12.5MB/25MB", "=".repeat(25), " ".repeat(25));
        assert_eq!(bar(12_500_000, 25_000_000, 120), half);
        assert_eq!(bar(12_500_000, 25_000_000, 60), "[=====>     ]   12.5MB/25MB");
        assert_eq!(bar(12_500_000, 25_000_000, 40), "12.5MB/25MB");
        assert_eq!(bar(0, 0, 120), format!("[{}>]       0B/0B", "=".repeat(50)));
        for columns in 0..200 {
            let line = format!("a803e7c4b030: Downloading {}", bar(999_900_000, 999_900_000, columns));
            assert!(columns < 50 || line.len() <= columns, "{columns}: {}", line.len());
        }
    }
}
