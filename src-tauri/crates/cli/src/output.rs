//! Printing: results to stdout, notes to stderr, and text from elsewhere made harmless.

use std::borrow::Cow;
use std::io::{self, Write};

use engine::job::TransferEvent;
use serde::Serialize;

/// Prints one line of the result.
///
/// # Errors
/// As [`bytes`].
pub fn line(text: &str) -> io::Result<()> {
    bytes(format!("{text}\n").as_bytes())
}

/// `1 layer`, `2 layers`.
pub fn count(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Prints a value as JSON, indented, with a newline at the end.
///
/// # Errors
/// Stdout's.
pub fn json(value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    bytes(&text)
}

/// Prints bytes as they are.
///
/// A closed pipe is no failure: whoever read had enough of it, as `| head` does, and the work goes on.
///
/// # Errors
/// Stdout's, a full disk say.
pub fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints a line on stderr. Nobody is left to tell where that fails.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints the label of a question on stderr, where the answer is typed behind it.
pub fn prompt(label: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{label}");
    let _ = stderr.flush();
}

/// Prints a warning on stderr.
pub fn warning(text: &str) {
    note(&format!("warning: {}", shown(text)));
}

/// What a job says that is no progress.
pub fn note_event(event: &TransferEvent) {
    match event {
        TransferEvent::Warned { message } => warning(message),
        TransferEvent::Retrying { wait, why, .. } if wait.as_millis() >= 1000 => {
            note(&format!("Retrying in {} seconds: {}", wait.as_secs(), shown(why)));
        }
        _ => {}
    }
}

/// Text from a registry or an image, for a terminal: what would move the cursor, colour, hide or reorder text is
/// spelled out instead.
pub fn shown(text: &str) -> Cow<'_, str> {
    let hostile = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if !text.contains(hostile) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hostile(c) { safe.extend(c.escape_default()) } else { safe.push(c) }
    }
    Cow::Owned(safe)
}

/// How many columns a harmless text takes, each character counted as one.
pub fn columns(text: &str) -> usize {
    text.chars().count()
}

/// A text of at most so many columns, the last of them `…` where it was cut.
pub fn cut(text: &str, columns: usize) -> String {
    if self::columns(text) <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// A size as Docker prints it: decimal units, this many significant digits, `12.34MB`.
pub fn size(bytes: u64, digits: usize) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    loop {
        let whole = if value < 1.0 { 1 } else { value.log10().floor() as usize + 1 };
        let decimals = digits.saturating_sub(whole);
        let text = format!("{value:.decimals$}");
        // 999.96 rounds to the next unit's 1.
        if (value < 1000.0 && !text.starts_with("1000")) || unit + 1 == UNITS.len() {
            let text = if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
            return format!("{text}{}", UNITS[unit]);
        }
        value /= 1000.0;
        unit += 1;
    }
}

/// Prints rows in columns, left-aligned and three spaces apart, as Docker does; the first row is the heading.
///
/// # Errors
/// Stdout's.
pub fn table(rows: &[Vec<String>]) -> io::Result<()> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| columns(cell)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line += cell;
            line += &" ".repeat(width - columns(cell) + 3);
        }
        text += line.trim_end();
        text.push('\n');
    }
    bytes(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_dockers() {
        let rows = [
            (0, 4, "0B"),
            (999, 4, "999B"),
            (1_000, 4, "1kB"),
            (1_024, 4, "1.024kB"),
            (12_345_678, 4, "12.35MB"),
            (41_400_000, 4, "41.4MB"),
            (187_432_111, 3, "187MB"),
            (999_960, 3, "1MB"),
            (1_166_000_000, 3, "1.17GB"),
            (u64::MAX, 3, "18.4EB"),
        ];
        for (bytes, digits, want) in rows {
            assert_eq!(size(bytes, digits), want, "{bytes}");
        }
    }

    #[test]
    fn hostile_text_is_spelled_out() {
        let rows = [
            ("colour", "\u{1b}[31mred", "\\u{1b}[31mred"),
            ("newline", "a\nb", "a\\nb"),
            ("right to left", "a\u{202e}b", "a\\u{202e}b"),
            ("zero width", "a\u{200b}b", "a\\u{200b}b"),
            ("C1 control", "a\u{9b}b", "a\\u{9b}b"),
            ("plain", "é 漢", "é 漢"),
        ];
        for (name, text, want) in rows {
            assert_eq!(shown(text), want, "{name}");
        }
    }

    #[test]
    fn a_cut_text_says_so() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
    }
}
