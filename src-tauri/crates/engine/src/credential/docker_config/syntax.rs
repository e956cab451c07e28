//! Why a `config.json` is no JSON, in words that lead to the repair.

use crate::error::{Code, Error};

/// The error for a text that the JSON reader refused: it has the line, and quotes nothing, since the text has secrets.
pub(super) fn error(text: &[u8], name: &str, problem: &serde_json::Error) -> Error {
    let (reason, hint) = match text {
        [0xef, 0xbb, 0xbf, ..] => (
            "it begins with a byte order mark".to_owned(),
            "Save the file as UTF-8 without a byte order mark",
        ),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ("it is UTF-16".to_owned(), "Save the file as UTF-8"),
        _ => described(text, problem),
    };
    let message = format!("`{name}` is not valid JSON at line {}: {reason}", problem.line().max(1));
    // A syntax error's own text has a position and no content.
    Error::new(Code::CredentialConfig, message).with_hint(hint).with_source(problem.to_string())
}

fn described(text: &[u8], problem: &serde_json::Error) -> (String, &'static str) {
    let line = text.split(|byte| *byte == b'\n').nth(problem.line().saturating_sub(1)).unwrap_or_default();
    let at = &line[problem.column().saturating_sub(1).min(line.len())..];
    let column = problem.column();
    if at.starts_with(b"//") || at.starts_with(b"/*") || at.starts_with(b"#") {
        return (format!("a comment at column {column}"), "Remove the comment: JSON has none");
    }
    if problem.to_string().contains("trailing comma") {
        return ("a comma before the closing bracket".to_owned(), "Remove the comma after the last item");
    }
    if problem.is_eof() {
        return ("it ends too early".to_owned(), "Close what is open, or restore the file from a copy");
    }
    (format!("unexpected text at column {column}"), "Correct the line")
}
