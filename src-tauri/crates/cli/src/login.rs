//! `login`: tries an account by real requests, then keeps it.

use std::io::{self, IsTerminal, Read};

use engine::credential::preset::{Preset, preset};
use engine::credential::{Credential, Keep, KeepChoice, Keyring, Secret};
use engine::job::Job;
use engine::{Code, Error};
use oci::Registry;
use serde_json::json;

mod prompt;

use crate::args::{self, Place};
use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt::{self, Threads};
use crate::output::{self, shown};

/// Most that is read as a password, bytes: Google's key files have 2,400.
const PASSWORD_CAP: u64 = 64 << 10;

/// Runs the verb.
pub fn run(args: &args::Login, context: &Context) -> Result<(), Failure> {
    if args.password.is_some() {
        return Err(Failure::Usage {
            message: "a password on the command line can be seen by every program of this computer, and stays in the shell's history".to_owned(),
            hint: "Pipe it in with `--password-stdin`, or leave it out to be asked".to_owned(),
        });
    }
    let registry = args.registry.clone().unwrap_or_else(Registry::docker_hub);
    let keyring = context.keyring();
    let preset = preset(&registry);
    let job = Job::new(|event| output::note_event(&event));
    let known = interrupt::briefly(account(keyring, &registry))?;
    let credential = ask(args, &registry, &preset, known)?;
    interrupt::run(Threads::Several, &job, sign_in(args, context, &registry, credential, &job))
}

/// The account that somebody is signed in with already.
async fn account(keyring: &Keyring, registry: &Registry) -> Option<String> {
    keyring.signed_in().await.into_iter().find(|(known, _)| known == registry)?.1
}

/// The user name and the password, from the options, from stdin, or from the person.
fn ask(
    args: &args::Login,
    registry: &Registry,
    preset: &Preset,
    known: Option<String>,
) -> Result<Credential, Failure> {
    let usage = |message: &str, hint: String| Failure::Usage { message: message.to_owned(), hint };
    let given = args.username.clone().or_else(|| preset.user_fixed.clone());
    if args.password_stdin {
        let username = given.ok_or_else(|| {
            usage(
                "`--password-stdin` needs the account's name",
                format!("Add it: `longshore login {registry} -u USER --password-stdin`"),
            )
        })?;
        return Ok(Credential::Basic { username, password: from_stdin()? });
    }
    if !io::stdin().is_terminal() {
        return Err(usage(
            "there is no terminal to ask for the password on",
            format!("Pipe it in: `… | longshore login {registry} -u USER --password-stdin`"),
        ));
    }
    output::note(&shown(&preset.lead));
    output::note(&format!("{}: {}", preset.secret_label, shown(&preset.where_to_get)));
    for (what, text) in [("  see", &preset.url), ("  run", &preset.command), ("  note:", &preset.note)] {
        text.iter().for_each(|text| output::note(&format!("{what} {}", shown(text))));
    }
    let username = match given {
        Some(username) => username,
        None => {
            preset.user_hint.iter().for_each(|hint| output::note(&format!("  {}", shown(hint))));
            let label = known
                .as_ref()
                .map_or_else(|| "Username: ".to_owned(), |name| format!("Username ({}): ", shown(name)));
            Some(prompt::line(&label)?).filter(|name| !name.is_empty()).or(known).ok_or_else(|| {
                usage("a user name is needed", format!("Give it: `longshore login {registry} -u USER`"))
            })?
        }
    };
    let password = prompt::secret(&format!("{}: ", preset.secret_label))?;
    if password.is_empty() {
        return Err(usage("a password is needed", preset.where_to_get.clone()));
    }
    Ok(Credential::Basic { username, password })
}

/// All of stdin, without the line break that `echo` adds.
fn from_stdin() -> Result<Secret, Failure> {
    let mut text = String::new();
    let unreadable = |problem: io::Error| {
        Failure::from(
            Error::new(Code::ConfigInvalid, "the password can't be read from stdin")
                .with_hint("Pipe it in as text: `… | longshore login REGISTRY -u USER --password-stdin`")
                .with_source(problem),
        )
    };
    io::stdin().lock().take(PASSWORD_CAP + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > PASSWORD_CAP {
        return Err(unreadable(io::Error::other("it is longer than 64 KiB")));
    }
    let bare = text.strip_suffix('\n').unwrap_or(&text);
    let secret = Secret::new(bare.strip_suffix('\r').unwrap_or(bare));
    if secret.is_empty() {
        return Err(unreadable(io::Error::other("it is empty")));
    }
    Ok(secret)
}

async fn sign_in(
    args: &args::Login,
    context: &Context,
    registry: &Registry,
    credential: Credential,
    job: &Job,
) -> Result<(), Failure> {
    let keyring = context.keyring();
    let keep = place(args, keyring, registry).await?;
    let tested = context.registries().test_credential(registry, &credential, Some(job)).await;
    let tested = tested.map_err(|error| context.failure(error))?;
    let kept = keyring
        .keep(registry, tested.credential, keep.clone())
        .await
        .map_err(|error| context.failure(error))?;
    if kept.keep != keep {
        // A command line has no session in which it could be kept.
        keyring.forget(registry);
        let why = kept
            .warnings
            .first()
            .map_or_else(String::new, |why| why.replace(": the account is kept for this session only", ""));
        return Err(Error::new(
            Code::CredentialConfig,
            format!("the account is right, but it is not kept: {why}"),
        )
        .with_hint(
            "Make the folder writable, name another with `--docker-config DIR`, or use `--keep keychain`",
        )
        .into());
    }
    let mut warnings = kept.warnings;
    if kept.keep == Keep::File {
        warnings.push(format!(
            "the password in {} is encoded, not encrypted: whoever can read the file has it (`--keep keychain` or a credential helper encrypts it)",
            kept.place
        ));
    }
    if !tested.asked {
        warnings.push(tested.said.clone());
    }
    warnings.iter().for_each(|warning| output::warning(warning));
    if context.json() {
        let (word, helper) = words(&kept.keep);
        return Ok(output::json(&json!({
            "registry": registry.as_str(), "account": tested.account, "keep": word, "helper": helper,
            "kept_in": kept.place, "said": tested.said, "warnings": warnings,
        }))?);
    }
    output::note(&format!("Kept in {}", shown(&kept.place)));
    Ok(output::line("Login Succeeded")?)
}

/// A place as JSON has it.
fn words(keep: &Keep) -> (&'static str, Option<&str>) {
    match keep {
        Keep::Keychain => ("keychain", None),
        Keep::Helper(name) => ("helper", Some(name)),
        Keep::File => ("file", None),
        Keep::Session => ("session", None),
    }
}

/// Where to keep it: as the options say, else where docker keeps it, else the best place that works here.
async fn place(args: &args::Login, keyring: &Keyring, registry: &Registry) -> Result<Keep, Failure> {
    if let Some(name) = &args.helper {
        return Ok(Keep::Helper(name.clone()));
    }
    match args.keep {
        Some(Place::Keychain) => return Ok(Keep::Keychain),
        Some(Place::File) => return Ok(Keep::File),
        Some(Place::Helper) | None => {}
    }
    let choices = keyring.keep_choices(registry).await;
    let is_helper = |choice: &&KeepChoice| matches!(choice.keep, Keep::Helper(_)) && choice.available;
    if args.keep == Some(Place::Helper) {
        let first = choices.iter().filter(is_helper).max_by_key(|choice| choice.recommended);
        return first.map(|choice| choice.keep.clone()).ok_or_else(|| {
            let why = choices.iter().find(|choice| matches!(choice.keep, Keep::Helper(_)));
            let message = "there is no credential helper that could keep it".to_owned();
            let hint = why.map_or_else(
                || "Install one, such as `docker-credential-secretservice` or `docker-credential-pass`, or use `--keep keychain`".to_owned(),
                |choice| choice.why.clone(),
            );
            Failure::from(Error::new(Code::CredentialHelper, message).with_hint(hint))
        });
    }
    let best = choices.into_iter().find(|choice| choice.recommended);
    best.map(|choice| choice.keep).ok_or_else(|| {
        Error::new(Code::CredentialConfig, "there is no place to keep an account in")
            .with_hint("Name a folder with `--docker-config DIR`")
            .into()
    })
}
