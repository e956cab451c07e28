//! Credential helpers: programs named `docker-credential-NAME` that know the secrets of a keychain.
//!
//! The protocol is docker's (docker-credential-helpers, `credentials`): the server goes in on stdin, an account comes
//! out on stdout as JSON, and so does the text of an error. A helper is another's program, so nothing is trusted to
//! end, to be small, or to keep a secret out of its complaints.
//!
//! Deliberately absent: `store`, `erase` and `list`.

mod redact;
mod run;
pub mod search_path;

use std::time::Duration;

use serde::Deserialize;

use super::{Credential, Secret};
use crate::error::{Code, Error, Result};
use run::{Ending, Program};
use search_path::SearchPath;

/// Most that a helper may print, bytes.
const OUTPUT_CAP: usize = 64 << 10;

/// What a helper prints when it knows no account for the server (docker-credential-helpers, `credentials/error.go`).
const NOT_FOUND: &str = "credentials not found in native keychain";

/// The user name that stands for "the secret is an identity token".
const TOKEN_USER: &str = "<token>";

/// How helpers are found and run.
#[derive(Clone, Debug)]
pub struct HelperOptions {
    /// Where their programs are.
    pub search_path: SearchPath,
    /// How long one may take, in which a person may have to unlock a keychain. Then it is killed, with all its children.
    pub timeout: Duration,
}

impl HelperOptions {
    /// The `PATH` of this process, with that of the user's login shell as a second place, and 30 seconds.
    pub fn of_environment() -> Self {
        Self::new(SearchPath::of_environment())
    }

    /// A given search path, and 30 seconds.
    pub fn new(search_path: SearchPath) -> Self {
        Self { search_path, timeout: Duration::from_secs(30) }
    }
}

/// What a helper prints for `get`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: String,
}

/// Asks `docker-credential-NAME` for a server's account; `None` where it has none.
///
/// `setting` is what names the helper, for messages, e.g. `credsStore`.
///
/// # Errors
/// [`Code::CredentialHelper`] where the name can't be one, the program is missing, fails, takes too long, prints too much
/// or prints something else. What it printed is shown only of an error text, with all that may be a secret left out.
pub async fn get(
    name: &str,
    setting: &str,
    server: &str,
    options: &HelperOptions,
) -> Result<Option<Credential>> {
    check_name(name, setting)?;
    let program_name = format!("docker-credential-{name}");
    let failed = |reason: &str| {
        Error::new(Code::CredentialHelper, format!("credential helper `{program_name}` ({setting}) {reason}"))
    };
    // A line break would be a second question, or an end of the first.
    if server.is_empty() || server.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(failed("was not asked: the server's name holds characters that no server has")
            .with_hint("Check the registry's name"));
    }
    let Some(found) = options.search_path.find(&program_name).await else {
        return Err(failed("is not installed")
            .with_hint(format!(
                "Install `{program_name}`, or remove it from `{setting}` in Docker's `config.json`; public images can be pulled without it"
            ))
            .with_source(format!("searched: {}", options.search_path.described().await)));
    };

    let program = Program {
        file: &found.file,
        arguments: &["get"],
        search_path: &found.search_path,
        input: server.as_bytes(),
        timeout: options.timeout,
        output_cap: OUTPUT_CAP,
    };
    let by_hand = format!(
        "Try it by hand: `echo {server} | {program_name} get`; public images can be pulled without it"
    );
    match program.run().await {
        Err(problem) => Err(failed("could not be started").with_hint(by_hand).with_source(problem)),
        Ok(Ending::TimedOut) => {
            let seconds = options.timeout.as_secs_f64();
            Err(failed(&format!("did not answer within {seconds} s and was stopped")).with_hint(
                "Unlock your keychain and try again; it may be waiting for a prompt that nobody can see",
            ))
        }
        Ok(Ending::TooMuch) => {
            Err(failed(&format!("printed more than {} KiB and was stopped", OUTPUT_CAP >> 10))
                .with_hint(by_hand))
        }
        Ok(Ending::Exited { success: true, stdout, .. }) => match serde_json::from_slice(&stdout) {
            Ok(answer) => Ok(credential(answer)),
            // Neither the text nor the reader's complaint is shown: both may hold the secret.
            Err(_) => Err(failed("printed something else than an account").with_hint(by_hand)),
        },
        Ok(Ending::Exited { status, stdout, stderr, .. }) => {
            let text = String::from_utf8_lossy(&stdout);
            if text.trim() == NOT_FOUND {
                return Ok(None);
            }
            let text = if text.trim().is_empty() { String::from_utf8_lossy(&stderr) } else { text };
            let complaint = redact::complaint(&text, &[server, &program_name]);
            let error = failed(&format!("failed ({status})")).with_hint(by_hand);
            Err(if complaint.is_empty() { error } else { error.with_source(complaint) })
        }
    }
}

/// A name becomes part of a file's name, so it must not lead elsewhere.
fn check_name(name: &str, setting: &str) -> Result<()> {
    let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    if !name.is_empty() && name.len() <= 200 && name.chars().all(harmless) {
        return Ok(());
    }
    let shown: String = name.chars().take(60).flat_map(char::escape_debug).collect();
    Err(Error::new(
        Code::CredentialHelper,
        format!("`{shown}` in `{setting}` can't be the name of a credential helper"),
    )
    .with_hint("Write only what follows `docker-credential-`: letters, digits, `-`, `_` and `.`"))
}

fn credential(answer: Answer) -> Option<Credential> {
    let Answer { username, secret } = answer;
    if username.is_empty() && secret.is_empty() {
        return None;
    }
    let secret = Secret::new(secret);
    Some(if username == TOKEN_USER {
        Credential::IdentityToken { username: None, token: secret }
    } else {
        Credential::Basic { username, password: secret }
    })
}

#[cfg(test)]
mod tests;
