//! `referrers`: signatures, SBOMs and attestations of an image.

use engine::Error;
use engine::endpoint::{ImageSource, Target};
use engine::job::Job;
use engine::registry::referrer::{Referrer, Referrers, Via};
use serde_json::{Value, json};

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::find;
use crate::images::age;
use crate::interrupt::{self, Threads};
use crate::output::{self, shown};

/// Runs the verb.
pub fn run(args: &args::Referrers, context: &Context) -> Result<(), Failure> {
    match args.input.strip_prefix("store:") {
        Some(input) => in_store(args, input, context),
        None => at_registry(args, context),
    }
}

/// What is on this computer, without asking anyone.
fn in_store(args: &args::Referrers, input: &str, context: &Context) -> Result<(), Failure> {
    let store = context.store()?;
    let job = Job::silent();
    let found = interrupt::run(Threads::One, &job, async {
        let wanted = find::Wanted::parse(input)?;
        let target = match find::in_store(&store, input, &wanted)? {
            Some(target) => target,
            None => Target::Named(find::reference(input)?),
        };
        let subject = ImageSource::resolve(&store, &target, &job).await?.descriptor.digest;
        Ok(engine::referrer::in_store(&store, &subject, args.artifact_type.as_deref())?)
    })?;
    tell(&found, input, input, Vec::new(), context)
}

fn at_registry(args: &args::Referrers, context: &Context) -> Result<(), Failure> {
    let reference = find::reference(&args.input)?;
    let client = context.client(reference.registry());
    let job = Job::new(|event| output::note_event(&event));
    let work = async {
        let failure = |error: Error| context.failure(error);
        let digest = match reference.digest() {
            Some(digest) => digest.clone(),
            None => client.manifest_descriptor(&reference, Some(&job)).await.map_err(failure)?.digest,
        };
        let wanted = args.artifact_type.as_deref();
        client.referrers(reference.repository(), &digest, wanted, Some(&job)).await.map_err(failure)
    };
    let found = interrupt::run(Threads::One, &job, work);
    let warnings = context.warn(&client);
    tell(&found?, &reference.canonical(), &reference.familiar(), warnings, context)
}

fn tell(
    found: &Referrers,
    canonical: &str,
    familiar: &str,
    mut warnings: Vec<String>,
    context: &Context,
) -> Result<(), Failure> {
    for warning in odd(found) {
        output::warning(&warning);
        warnings.push(warning);
    }
    if context.json() {
        return Ok(output::json(&json!({
            "reference": canonical,
            "subject": found.subject.as_str(),
            "api": found.api,
            "referrers": found.list.iter().map(to_json).collect::<Vec<_>>(),
            "partial": found.partial,
            "unasked": found.unasked,
            "warnings": warnings,
        }))?);
    }
    if found.list.is_empty() {
        output::note(&format!("Nothing refers to {familiar}."));
        return Ok(());
    }
    let mut rows =
        vec![["TYPE", "DIGEST", "SIZE", "PLATFORM", "CREATED", "FOUND BY"].map(str::to_owned).to_vec()];
    rows.extend(found.list.iter().map(row));
    Ok(output::table(&rows)?)
}

fn odd(found: &Referrers) -> Vec<String> {
    let mut odd = Vec::new();
    if found.partial {
        odd.push("the registry's paging leads nowhere: there may be more than these".to_owned());
    }
    if found.unasked > 0 {
        let entries = output::count(found.unasked as u64, "entry", "entries");
        odd.push(format!("left out of the index: {entries}"));
    }
    odd
}

fn row(referrer: &Referrer) -> Vec<String> {
    let dash = || "-".to_owned();
    vec![
        output::cut(&shown(&referrer.label()), 80),
        referrer.descriptor.digest.short().to_owned(),
        output::size(referrer.descriptor.size, 3),
        referrer.platform.as_ref().map_or_else(dash, |platform| shown(&platform.to_string()).into_owned()),
        referrer.created().map_or_else(dash, age),
        match &referrer.via {
            Via::Api => "the Referrers API".to_owned(),
            Via::Tag(_) => "the fallback tag".to_owned(),
            Via::Cosign(_) => "cosign's tag".to_owned(),
            Via::Attestation => "the image's index".to_owned(),
            Via::Store => "its subject".to_owned(),
        },
    ]
}

fn to_json(referrer: &Referrer) -> Value {
    let (via, tag) = match &referrer.via {
        Via::Api => ("api", None),
        Via::Tag(tag) => ("tag", Some(tag.as_str())),
        Via::Cosign(tag) => ("cosign", Some(tag.as_str())),
        Via::Attestation => ("index", None),
        Via::Store => ("store", None),
    };
    json!({
        "digest": referrer.descriptor.digest.as_str(),
        "media_type": referrer.descriptor.media_type,
        "size": referrer.descriptor.size,
        "artifact_type": referrer.artifact_type,
        "predicates": referrer.predicates,
        "label": referrer.label(),
        "created": referrer.created(),
        "subject": referrer.subject.as_str(),
        "platform": referrer.platform.as_ref().map(ToString::to_string),
        "via": via,
        "tag": tag,
        "annotations": referrer.descriptor.annotations,
    })
}
