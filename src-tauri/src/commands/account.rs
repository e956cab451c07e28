//! Signing in and out, and where an account comes from.
//!
//! What is typed is tried at the registry, and only what that accepts is kept. A secret comes in once, in a
//! [`SignInRequest`]; none goes out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::credential::preset::{self, preset};
use engine::credential::{self, Credential, KeepChoice, Outcome};
use engine::job::Job;
use engine::registry::Tested;
use engine::{Code, Error, Result};
use oci::Registry;

use crate::settings::parse_host;
use crate::state::Longshore;
use crate::wire::{
    CredentialTrail, Keep, KeepOption, KeyValue, SignInForm, SignInRequest, SignInTest, SignedIn, SignedOut,
    TrailOutcome, TrailStep, Vendor,
};

/// A keychain that is locked may ask for its password first: the form does not wait for that.
const FORM_WAITS: Duration = Duration::from_secs(4);
/// The longest user name and secret that are taken, bytes: a key file has some 2.5 kB.
const LONGEST: usize = 64 * 1024;

/// What to type to sign in to a registry, and where it can be kept.
pub async fn sign_in_form(app: &Arc<Longshore>, host: String) -> Result<SignInForm> {
    let registry = parse_host(&host)?;
    let preset = preset(&registry);
    let keeps = app.keyring().keep_choices(&registry).await;
    let known = app.keyring().signed_in().await;
    let known = known.into_iter().find(|(known, _)| known.identity() == registry.identity());
    let (account, kept_in) = match known {
        None => (None, None),
        Some((_, account)) => {
            let found = tokio::time::timeout(FORM_WAITS, app.keyring().credential(&registry, None)).await;
            match found {
                Ok(Ok(found)) if !found.credential.is_anonymous() => {
                    let account = found.credential.account().map(str::to_owned).or(account);
                    (Some(account.unwrap_or_else(|| "a token".to_owned())), Some(found.origin))
                }
                _ => (account, None),
            }
        }
    };
    Ok(SignInForm {
        host: registry.as_str().to_owned(),
        vendor: vendor(preset.vendor),
        title: preset.title,
        lead: preset.lead,
        user_label: preset.user_label.to_owned(),
        user_hint: preset.user_hint,
        user_fixed: preset.user_fixed,
        secret_label: preset.secret_label.to_owned(),
        secret_hint: match preset.note {
            Some(note) => format!("{}. {note}", preset.where_to_get),
            None => preset.where_to_get,
        },
        secret_link: preset.url,
        secret_command: preset.command,
        keeps: keeps.into_iter().map(keep_option).collect(),
        account,
        kept_in,
        config_path: app.docker_config(),
    })
}

/// Tries what was typed, or, where no secret was, what is kept. Nothing changes.
pub async fn test_sign_in(app: &Arc<Longshore>, request: SignInRequest) -> Result<SignInTest> {
    let registry = parse_host(&request.host)?;
    let credential = match typed(&request)? {
        Some(credential) => credential,
        None => stored(app, &registry).await?,
    };
    let job = Job::silent();
    let began = Instant::now();
    let tested = app.registries().test_credential(&registry, &credential, Some(&job)).await;
    let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(match tested {
        Ok(tested) => SignInTest {
            accepted: true,
            account: tested.account,
            said: tested.said,
            exchange: Some(tested.exchange),
            status: Some(tested.status),
            milliseconds,
            fault: None,
        },
        Err(error) => {
            let fault = app.fault(&error);
            let exchange = fault.exchange.or_else(|| app.last_exchange_of(job.id()));
            SignInTest {
                accepted: false,
                account: None,
                said: fault.message.clone(),
                exchange,
                status: exchange.and_then(|id| app.log().get(id)?.status),
                milliseconds,
                fault: Some(fault),
            }
        }
    })
}

/// Tries what was typed and keeps what the registry accepts: the account, or the refresh token that came of it.
pub async fn sign_in(app: &Arc<Longshore>, request: SignInRequest) -> Result<SignedIn> {
    let registry = parse_host(&request.host)?;
    let keep = place(&request)?;
    let credential = typed(&request)?.ok_or_else(|| {
        Error::new(Code::ConfigInvalid, "there is no secret to sign in with").with_hint("Type one")
    })?;
    let job = Job::silent();
    let Tested { credential, account, asked, said, .. } =
        app.registries().test_credential(&registry, &credential, Some(&job)).await?;
    let kept = app.keyring().keep(&registry, credential, keep).await?;
    let mut warnings = kept.warnings;
    if !asked {
        warnings.insert(0, said);
    }
    Ok(SignedIn {
        host: registry.as_str().to_owned(),
        account: account.unwrap_or(request.username),
        kept_in: kept.place,
        warnings,
    })
}

/// Removes the account of a registry from wherever it is kept.
pub async fn sign_out(app: &Arc<Longshore>, host: String) -> Result<SignedOut> {
    let registry = parse_host(&host)?;
    let credential::SignedOut { removed, left } = app.keyring().sign_out(&registry).await?;
    let scrub = |text: &str| app.log().redactor().scrub(text);
    let left = left.iter().map(|(place, why)| KeyValue::new(scrub(place), scrub(why))).collect();
    Ok(SignedOut { removed, left })
}

/// Which entry is used for a registry, and what the docker command line would use.
pub async fn credential_trail(app: &Arc<Longshore>, host: String) -> Result<CredentialTrail> {
    let registry = parse_host(&host)?;
    let trail = app.keyring().trail(&registry).await;
    let step = |step: credential::TrailStep| TrailStep {
        place: step.place,
        key: step.key,
        account: step.account,
        outcome: outcome(step.outcome),
        why: app.log().redactor().scrub(&step.why),
    };
    Ok(CredentialTrail {
        host: registry.as_str().to_owned(),
        steps: trail.steps.into_iter().map(step).collect(),
        docker: Some(step(trail.docker.step)),
        differs: trail.docker.differs,
        lesson: trail.docker.lesson,
    })
}

/// What was typed as a credential; none where there is no secret.
fn typed(request: &SignInRequest) -> Result<Option<Credential>> {
    let SignInRequest { username, secret, .. } = request;
    if username.len() > LONGEST || secret.0.expose().len() > LONGEST {
        return Err(Error::new(Code::ConfigInvalid, format!("more than {LONGEST} bytes are no account"))
            .with_hint("Type the user name and the secret alone"));
    }
    let basic = || Credential::Basic { username: username.clone(), password: secret.0.clone() };
    Ok((!secret.0.is_empty()).then(basic))
}

/// What is kept for a registry.
async fn stored(app: &Arc<Longshore>, registry: &Registry) -> Result<Credential> {
    let found = app.keyring().credential(registry, None).await?;
    if found.credential.is_anonymous() {
        return Err(Error::new(Code::AuthRequired, format!("no account is kept for `{registry}`"))
            .with_hint("Type a user name and a secret"));
    }
    Ok(found.credential)
}

/// Where it shall be kept.
fn place(request: &SignInRequest) -> Result<credential::Keep> {
    Ok(match (request.keep, &request.helper) {
        (Keep::Keychain, _) => credential::Keep::Keychain,
        (Keep::Helper, Some(name)) => credential::Keep::Helper(name.clone()),
        (Keep::Helper, None) => {
            return Err(Error::new(Code::ConfigInvalid, "no credential helper is named")
                .with_hint("Choose another place to keep the account in"));
        }
        (Keep::File, _) => credential::Keep::File,
        (Keep::Session, _) => credential::Keep::Session,
    })
}

fn keep_option(choice: KeepChoice) -> KeepOption {
    let KeepChoice { keep, available, recommended, why, docker_reads: _ } = choice;
    let (keep, helper, label) = match keep {
        credential::Keep::Keychain => (Keep::Keychain, None, "Keychain"),
        credential::Keep::Helper(name) => (Keep::Helper, Some(name), "Credential helper"),
        credential::Keep::File => (Keep::File, None, "config.json"),
        credential::Keep::Session => (Keep::Session, None, "This session only"),
    };
    let about = match &helper {
        Some(name) => format!("`{name}`: {why}"),
        None => why.clone(),
    };
    let why_not = (!available).then_some(why);
    KeepOption { keep, helper, label: label.to_owned(), about, available, recommended, why_not }
}

fn vendor(vendor: preset::Vendor) -> Vendor {
    match vendor {
        preset::Vendor::Hub => Vendor::Hub,
        preset::Vendor::Ghcr => Vendor::Ghcr,
        preset::Vendor::Ecr => Vendor::Ecr,
        preset::Vendor::Acr => Vendor::Acr,
        preset::Vendor::Google => Vendor::Google,
        preset::Vendor::Quay => Vendor::Quay,
        preset::Vendor::Other => Vendor::Other,
    }
}

fn outcome(outcome: Outcome) -> TrailOutcome {
    match outcome {
        Outcome::Chosen => TrailOutcome::Chosen,
        Outcome::Empty => TrailOutcome::Empty,
        Outcome::Passed => TrailOutcome::Passed,
        Outcome::Failed => TrailOutcome::Failed,
        Outcome::Overridden => TrailOutcome::Overridden,
    }
}
