//! Credential helpers: programs named `docker-credential-NAME` that know the secrets of a keychain.
//!
//! The protocol is docker's (docker-credential-helpers, `credentials`): the server goes in on stdin, an account comes
//! out on stdout as JSON, and so does the text of an error. A helper is another's program, so nothing is trusted to
//! end, to be small, or to keep a secret out of its complaints.
//!
//! Deliberately absent: knowing whether a helper is fit to be written to; some only make credentials, and say so when
//! they are asked to keep one.

mod redact;
mod run;
pub mod search_path;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

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

/// What a helper takes for `store`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Stored<'a> {
    #[serde(rename = "ServerURL")]
    server_url: &'a str,
    username: &'a str,
    secret: &'a str,
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
    let question = Question::new(name, setting, "get", options).about(server)?;
    let Some(printed) = question.ask(server.as_bytes(), &[]).await? else { return Ok(None) };
    match serde_json::from_slice(&printed) {
        Ok(answer) => Ok(credential(answer)),
        // Neither the text nor the reader's complaint is shown: both may hold the secret.
        Err(_) => {
            Err(question.failed("printed something else than an account").with_hint(question.by_hand()))
        }
    }
}

/// Has `docker-credential-NAME` keep an account for a server, in place of what it has for it. An identity token is kept
/// under the user name `<token>`, as docker does.
///
/// # Errors
/// As [`get`]; also where the credential is none that a helper can keep, and where the helper only makes credentials
/// and keeps none.
pub async fn store(
    name: &str,
    setting: &str,
    server: &str,
    credential: &Credential,
    options: &HelperOptions,
) -> Result<()> {
    let question = Question::new(name, setting, "store", options).about(server)?;
    let (username, secret) = match credential {
        Credential::Basic { username, password } => (username.as_str(), password.expose()),
        Credential::IdentityToken { token, .. } => (TOKEN_USER, token.expose()),
        Credential::Anonymous | Credential::RegistryToken(_) => {
            return Err(
                question.failed("was not asked to keep what is neither an account nor an identity token")
            );
        }
    };
    let input = serde_json::to_vec(&Stored { server_url: server, username, secret }).map(Zeroizing::new);
    let input = input.map_err(|_| question.failed("was not asked: the account is no text"))?;
    match question.ask(&input, &[secret]).await? {
        Some(_) => Ok(()),
        None => Err(question.failed("answers a request to keep an account with the words for having none")),
    }
}

/// Has `docker-credential-NAME` forget a server's account. One that it does not have is no failure.
///
/// # Errors
/// As [`get`]; also where the helper only makes credentials and keeps none.
pub async fn erase(name: &str, setting: &str, server: &str, options: &HelperOptions) -> Result<()> {
    Question::new(name, setting, "erase", options).about(server)?.ask(server.as_bytes(), &[]).await.map(drop)
}

/// The servers that `docker-credential-NAME` has accounts for, each with its user name. Some helpers can't tell.
///
/// # Errors
/// As [`get`].
pub async fn list(name: &str, setting: &str, options: &HelperOptions) -> Result<BTreeMap<String, String>> {
    let question = Question::new(name, setting, "list", options);
    // Docker sends this word, which nobody reads.
    let Some(printed) = question.ask(b"unused", &[]).await? else { return Ok(BTreeMap::new()) };
    serde_json::from_slice(&printed)
        .map_err(|_| question.failed("printed something else than a list").with_hint(question.by_hand()))
}

/// One call of a helper.
struct Question<'a> {
    name: &'a str,
    program: String,
    setting: &'a str,
    verb: &'static str,
    server: &'a str,
    options: &'a HelperOptions,
}

impl<'a> Question<'a> {
    fn new(name: &'a str, setting: &'a str, verb: &'static str, options: &'a HelperOptions) -> Self {
        Self { name, program: format!("docker-credential-{name}"), setting, verb, server: "", options }
    }

    /// The server that it is about.
    fn about(self, server: &'a str) -> Result<Self> {
        check_name(self.name, self.setting)?;
        // A line break would be a second question, or an end of the first.
        if server.is_empty() || server.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(self
                .failed("was not asked: the server's name holds characters that no server has")
                .with_hint("Check the registry's name"));
        }
        Ok(Self { server, ..self })
    }

    fn failed(&self, reason: &str) -> Error {
        let Self { program, setting, .. } = self;
        Error::new(Code::CredentialHelper, format!("credential helper `{program}` ({setting}) {reason}"))
    }

    /// How to see for oneself. What is to be stored is a secret, which no command line should have.
    fn by_hand(&self) -> String {
        let Self { program, verb, server, .. } = self;
        match *verb {
            "store" => format!("Try by hand whether it works at all: `{program} list`"),
            "list" => format!("Try it by hand: `{program} list`"),
            _ => format!(
                "Try it by hand: `echo {server} | {program} {verb}`; public images can be pulled without it"
            ),
        }
    }

    /// Runs it; `None` where it knows no account. `secrets` are what the input holds: they are cut out of complaints.
    async fn ask(&self, input: &[u8], secrets: &[&str]) -> Result<Option<Zeroizing<Vec<u8>>>> {
        check_name(self.name, self.setting)?;
        let (options, program_name) = (self.options, &self.program);
        let Some(found) = options.search_path.find(program_name).await else {
            return Err(self.failed("is not installed")
                .with_hint(format!(
                    "Install `{program_name}`, or remove it from `{}` in Docker's `config.json`; public images can be pulled without it",
                    self.setting
                ))
                .with_source(format!("searched: {}", options.search_path.described().await)));
        };
        let program = Program {
            file: &found.file,
            arguments: &[self.verb],
            search_path: &found.search_path,
            input,
            timeout: options.timeout,
            output_cap: OUTPUT_CAP,
        };
        match program.run().await {
            Err(problem) => {
                Err(self.failed("could not be started").with_hint(self.by_hand()).with_source(problem))
            }
            Ok(Ending::TimedOut) => {
                let seconds = options.timeout.as_secs_f64();
                Err(self.failed(&format!("did not answer within {seconds} s and was stopped")).with_hint(
                    "Unlock your keychain and try again; it may be waiting for a prompt that nobody can see",
                ))
            }
            Ok(Ending::TooMuch) => Err(self
                .failed(&format!("printed more than {} KiB and was stopped", OUTPUT_CAP >> 10))
                .with_hint(self.by_hand())),
            Ok(Ending::Exited { success: true, stdout, .. }) => Ok(Some(Zeroizing::new(stdout))),
            Ok(Ending::Exited { status, stdout, stderr, .. }) => {
                let text = String::from_utf8_lossy(&stdout);
                if text.trim() == NOT_FOUND {
                    return Ok(None);
                }
                let text = if text.trim().is_empty() { String::from_utf8_lossy(&stderr) } else { text };
                let hidden = secrets.iter().filter(|secret| !secret.is_empty());
                let text =
                    hidden.fold(text.into_owned(), |text, secret| text.replace(secret, redact::LEFT_OUT));
                let complaint = redact::complaint(&text, &[self.server, program_name]);
                Err(self.refusal(&status.to_string(), complaint))
            }
        }
    }

    fn refusal(&self, status: &str, complaint: String) -> Error {
        let error = if self.verb != "get" && keeps_nothing(&complaint) {
            self.failed("makes credentials and keeps none").with_hint(format!(
                "It takes its credentials from elsewhere, so signing in and out is done there; without `{}` in Docker's `config.json` another place can be used",
                self.setting
            ))
        } else {
            self.failed(&format!("failed ({status})")).with_hint(self.by_hand())
        };
        if complaint.is_empty() { error } else { error.with_source(complaint) }
    }
}

/// Whether there is such a program.
pub(super) async fn is_installed(name: &str, options: &HelperOptions) -> bool {
    check_name(name, "").is_ok()
        && options.search_path.find(&format!("docker-credential-{name}")).await.is_some()
}

/// Helpers that make short-lived credentials from a cloud account, and so can't keep any, by name.
const MAKERS: [&str; 4] = ["ecr-login", "gcloud", "gcr", "acr-env"];

/// Why a helper can't be used to keep anything, where that is known without asking it.
pub fn why_read_only(name: &str) -> Option<String> {
    MAKERS.contains(&name).then(|| {
        format!("`docker-credential-{name}` makes short-lived credentials from the account of its cloud's command line, and keeps none")
    })
}

/// Whether a helper says that it has no such verb (`credentials.NewErr…`, "not implemented", by ecr-login and gcloud).
fn keeps_nothing(complaint: &str) -> bool {
    let said = complaint.to_lowercase();
    [
        "not implemented",
        "unimplemented",
        "not supported",
        "unsupported",
        "read-only",
        "read only",
        "unknown credential action",
    ]
    .iter()
    .any(|words| said.contains(words))
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
