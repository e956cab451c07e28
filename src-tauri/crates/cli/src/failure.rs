//! How a verb fails, and how that is said: text or JSON on stderr, and the exit status.

use std::io;
use std::process::ExitCode;

use engine::Code;
use engine::exchange::Exchange;
use engine::remedy::{Remedy, docker_says, remedies};
use oci::ReferenceProblem;
use serde_json::{Value, json};

use crate::output::{self, shown};

const FAILED: u8 = 1;
const USAGE: u8 = 2;
/// 128 + SIGINT, as a shell reports a program that Ctrl-C ended.
pub const CANCELLED: u8 = 130;

/// Why a verb failed.
#[derive(Debug)]
pub enum Failure {
    /// The engine failed; with the exchange that shows it.
    Engine(Box<engine::Error>, Option<Box<Exchange>>),
    /// An input is no reference.
    Reference { input: String, problem: Box<ReferenceProblem> },
    /// Options that don't go together, or not with this input.
    Usage { message: String, hint: String },
    /// Stdout can't be written to.
    Output(io::Error),
    /// It failed and has said so already.
    Said,
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        Self::Engine(Box::new(error), None)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    /// An input that is no reference.
    pub fn reference(input: &str, problem: ReferenceProblem) -> Self {
        Self::Reference { input: input.to_owned(), problem: Box::new(problem) }
    }

    /// Whether the person cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Engine(error, _) if error.code() == Code::Cancelled)
    }

    /// Says on stderr what failed; the exit status.
    pub fn report(&self, as_json: bool) -> ExitCode {
        match self {
            Self::Said => {}
            _ if as_json => output::note(&json!({ "error": self.to_json() }).to_string()),
            _ => output::note(&self.to_text()),
        }
        ExitCode::from(match self {
            Self::Usage { .. } => USAGE,
            _ if self.is_cancelled() => CANCELLED,
            _ => FAILED,
        })
    }

    /// `error: …`, the causes indented below it, and `hint: …`.
    pub fn to_text(&self) -> String {
        match self {
            Self::Engine(error, exchange) => engine_text(error, exchange.as_deref()),
            Self::Reference { input, problem } => reference_text(input, problem),
            Self::Usage { message, hint } => format!("error: {}\nhint: {}", shown(message), shown(hint)),
            Self::Output(error) => format!("error: stdout can't be written to\n  {error}"),
            Self::Said => String::new(),
        }
    }

    /// The object behind `"error"`.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Engine(error, exchange) => json!({
                "code": error.code().as_str(),
                "message": error.message(),
                "hint": error.hint(),
                "causes": error.causes(),
                "digest": error.digest().map(oci::Digest::as_str),
                "choices": error.choices(),
                "exchange": exchange.as_deref().map(exchange_json),
                "remedies": remedies(error, None).iter().map(remedy_json).collect::<Vec<_>>(),
                "docker": docker_says(error),
            }),
            Self::Reference { problem, .. } => {
                let mut error =
                    plain(Code::ReferenceInvalid.as_str(), &problem.message, problem.hint.as_deref());
                error["span"] = json!({ "start": problem.span.start, "end": problem.span.end });
                error
            }
            Self::Usage { message, hint } => plain("usage", message, Some(hint)),
            Self::Output(error) => {
                plain("output_failed", &format!("stdout can't be written to: {error}"), None)
            }
            Self::Said => Value::Null,
        }
    }
}

/// What clap says: help and version on stdout, anything else on stderr with status 2.
pub fn usage(error: &clap::Error) -> ExitCode {
    // Nobody is left to tell where even this can't be printed.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { USAGE } else { 0 })
}

fn plain(code: &str, message: &str, hint: Option<&str>) -> Value {
    json!({
        "code": code, "message": message, "hint": hint,
        "causes": [], "digest": null, "choices": [], "exchange": null, "remedies": [], "docker": null,
    })
}

fn engine_text(error: &engine::Error, exchange: Option<&Exchange>) -> String {
    let mut lines = vec![format!("error: {}", shown(error.message()))];
    lines.extend(error.causes().iter().map(|cause| format!("  {}", shown(cause))));
    if let Some(exchange) = exchange {
        let status = exchange.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let Exchange { method, host, path, .. } = exchange;
        lines.push(shown(&format!("  in: {method} {host}{path} → {status}")).into_owned());
    }
    if let Some(hint) = error.hint() {
        lines.push(format!("hint: {}", shown(hint)));
    }
    lines.join("\n")
}

/// One cause and what can be done about it.
fn remedy_json(remedy: &Remedy) -> Value {
    json!({
        "cause": remedy.cause,
        "action": remedy.action.as_str(),
        "target": remedy.target,
        "seconds": remedy.action.seconds(),
    })
}

/// One exchange, without its headers and body.
fn exchange_json(exchange: &Exchange) -> Value {
    json!({
        "method": exchange.method,
        "host": exchange.host,
        "path": exchange.path,
        "status": exchange.status,
        "purpose": exchange.purpose.noun,
        "summary": exchange.summary,
    })
}

/// The message with the input below it, carets under the bytes that are wrong.
pub fn reference_text(input: &str, problem: &ReferenceProblem) -> String {
    const INDENT: &str = "  ";
    let before = shown(&input[..problem.span.start]);
    let wrong = shown(&input[problem.span.clone()]);
    let after = shown(&input[problem.span.end..]);
    let width = output::columns(&wrong).max(1);
    let mut text = format!("error: {}\n", shown(&problem.message));
    text += &format!("{INDENT}{before}{wrong}{after}\n");
    text += &format!("{INDENT}{}{}", " ".repeat(output::columns(&before)), "^".repeat(width));
    if let Some(hint) = &problem.hint {
        text += &format!("\nhint: {}", shown(hint));
    }
    text
}

#[cfg(test)]
mod tests {
    use oci::ReferenceProblemKind;

    use super::*;

    #[test]
    fn the_carets_stand_below_what_is_wrong() {
        let text = |input: &str, span| {
            let problem = ReferenceProblem {
                kind: ReferenceProblemKind::Name,
                message: "wrong".to_owned(),
                hint: None,
                span,
            };
            reference_text(input, &problem)
        };
        assert_eq!(text("abXYc", 2..4), "error: wrong\n  abXYc\n    ^^");
        assert_eq!(text("ab", 2..2), "error: wrong\n  ab\n    ^", "something is missing at the end");
        assert_eq!(text("éé-x", 5..6), "error: wrong\n  éé-x\n     ^", "characters, not bytes");
        assert_eq!(text("a\tb", 2..3), "error: wrong\n  a\\tb\n     ^", "what is spelled out is wider");
    }
}
