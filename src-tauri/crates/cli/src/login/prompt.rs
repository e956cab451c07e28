//! Asking a person on the terminal.

use std::io::{self, BufRead};

use engine::credential::Secret;
use engine::{Code, Error};

use crate::failure::Failure;
use crate::output;

/// A line that is shown while it is typed, without blanks around it.
pub fn line(label: &str) -> Result<String, Failure> {
    output::prompt(label);
    let mut text = String::new();
    io::stdin().lock().read_line(&mut text).map_err(unanswered)?;
    Ok(text.trim().to_owned())
}

/// A line that is not shown.
pub fn secret(label: &str) -> Result<Secret, Failure> {
    // The prompt goes where the others go; the crate reads from the terminal itself, with its echo off.
    output::prompt(label);
    let quiet = rpassword::ConfigBuilder::new().output_discard().build();
    let text = rpassword::read_password_with_config(quiet).map_err(unanswered)?;
    output::note("");
    Ok(Secret::new(text))
}

fn unanswered(problem: io::Error) -> Failure {
    let error = Error::new(Code::ConfigInvalid, "the terminal gave no answer").with_source(problem);
    error.with_hint("Pipe the password in: `… | longshore login REGISTRY -u USER --password-stdin`").into()
}
