//! `logout`: removes an account wherever it is.

use engine::job::Job;
use engine::{Code, Error};
use oci::Registry;
use serde_json::{Value, json};

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt::{self, Threads};
use crate::output::{self, shown};

/// Runs the verb.
pub fn run(args: &args::Logout, context: &Context) -> Result<(), Failure> {
    let registry = args.registry.clone().unwrap_or_else(Registry::docker_hub);
    let job = Job::new(|event| output::note_event(&event));
    let done =
        interrupt::run(Threads::One, &job, async { Ok(context.keyring().sign_out(&registry).await?) })?;
    if context.json() {
        let left: Vec<Value> =
            done.left.iter().map(|(place, why)| json!({ "place": place, "why": why })).collect();
        output::json(&json!({ "registry": registry.as_str(), "removed": done.removed, "left": left }))?;
    } else if done.removed.is_empty() && done.left.is_empty() {
        output::line(&format!("Not logged in to {registry}"))?;
    } else if !done.removed.is_empty() {
        output::line(&format!("Removing login credentials for {registry}"))?;
        done.removed.iter().for_each(|place| output::note(&format!("  removed from {}", shown(place))));
    }
    let Some((first, why)) = done.left.first() else { return Ok(()) };
    done.left
        .iter()
        .skip(1)
        .for_each(|(place, why)| output::warning(&format!("an account is left in {place}: {why}")));
    Err(Error::new(Code::CredentialConfig, format!("an account for `{registry}` is left in {first}"))
        .with_hint(format!("Put that right, then `longshore logout {registry}` again"))
        .with_source(why.clone())
        .into())
}
