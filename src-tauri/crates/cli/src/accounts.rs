//! `accounts`: who is signed in where; of one registry, every place that was looked at, and what docker would choose.

use engine::credential::{Trail, TrailStep};
use engine::job::Job;
use serde_json::{Value, json};

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt::{self, Threads};
use crate::output::{self, shown};

/// Runs the verb.
pub fn run(args: &args::Accounts, context: &Context) -> Result<(), Failure> {
    let job = Job::new(|event| output::note_event(&event));
    let keyring = context.keyring();
    let Some(registry) = &args.registry else {
        let mut accounts = interrupt::run(Threads::One, &job, async { Ok(keyring.accounts().await) })?;
        accounts.sort_by(|one, other| one.registry.as_str().cmp(other.registry.as_str()));
        if context.json() {
            let object = |it: &engine::credential::Account| json!({ "registry": it.registry.as_str(), "account": it.account, "kept_in": it.place });
            return Ok(output::json(&accounts.iter().map(object).collect::<Vec<Value>>())?);
        }
        let mut rows = vec![["REGISTRY", "ACCOUNT", "KEPT IN"].map(str::to_owned).to_vec()];
        rows.extend(accounts.iter().map(|it| {
            let account = it.account.as_deref().unwrap_or("-");
            vec![it.registry.to_string(), shown(account).into_owned(), shown(&it.place).into_owned()]
        }));
        return Ok(output::table(&rows)?);
    };
    let trail = interrupt::run(Threads::Several, &job, async { Ok(keyring.trail(registry).await) })?;
    if context.json() {
        return Ok(output::json(&to_json(registry.as_str(), &trail))?);
    }
    let mut rows = vec![["", "PLACE", "KEY", "ACCOUNT", "WHY"].map(str::to_owned).to_vec()];
    rows.extend(trail.steps.iter().map(row));
    output::table(&rows)?;
    output::line("")?;
    let docker = &trail.docker;
    if !docker.differs {
        return Ok(output::line(&format!("docker would do the same: {}", shown(&docker.step.why)))?);
    }
    output::line("docker would do otherwise:")?;
    output::table(&[row(&docker.step)])?;
    docker.lesson.iter().for_each(|lesson| output::note(&format!("hint: {}", shown(lesson))));
    Ok(())
}

fn row(step: &TrailStep) -> Vec<String> {
    let or_dash =
        |text: Option<&String>| text.map_or_else(|| "-".to_owned(), |text| shown(text).into_owned());
    vec![
        step.outcome.as_str().to_owned(),
        shown(&step.place).into_owned(),
        or_dash(step.key.as_ref()),
        or_dash(step.account.as_ref()),
        shown(&step.why).into_owned(),
    ]
}

fn to_json(registry: &str, trail: &Trail) -> Value {
    let step = |step: &TrailStep| {
        json!({
            "place": step.place, "key": step.key, "account": step.account,
            "outcome": step.outcome.as_str(), "why": step.why,
        })
    };
    let mut docker = step(&trail.docker.step);
    docker["differs"] = trail.docker.differs.into();
    docker["lesson"] = json!(trail.docker.lesson);
    json!({
        "registry": registry,
        "steps": trail.steps.iter().map(step).collect::<Vec<Value>>(),
        "chosen": trail.chosen,
        "docker": docker,
    })
}
