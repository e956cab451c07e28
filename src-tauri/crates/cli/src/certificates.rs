//! `certificates`: what a registry shows, and which of it is trusted for it.

use engine::Error;
use engine::job::Job;
use engine::registry::certificate::Certificate;
use serde_json::{Value, json};

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt::{self, Threads};
use crate::output::{self, shown};

/// Runs the verb.
pub fn run(args: &args::Certificates, context: &Context) -> Result<(), Failure> {
    let registries = context.registries();
    let failure = |error: Error| context.failure(error);
    if let Some(sha256) = &args.distrust {
        let removed = registries.distrust_certificate(&args.registry, sha256).map_err(failure)?;
        if context.json() {
            return Ok(output::json(&json!({ "registry": args.registry.as_str(), "removed": removed }))?);
        }
        let said = if removed { "No longer trusted" } else { "It was not trusted" };
        return Ok(output::line(&format!("{said} for {}: {sha256}", args.registry))?);
    }
    let job = Job::silent();
    let work = async {
        if let Some(sha256) = &args.trust {
            registries.trust_certificate(&args.registry, sha256).await.map_err(failure)?;
        }
        registries.read_certificates(&args.registry).await.map_err(failure)
    };
    let certificates = interrupt::run(Threads::One, &job, work)?;
    let trusted = registries.trusted_certificates(&args.registry).map_err(failure)?;
    let is_trusted = |certificate: &Certificate| trusted.iter().any(|it| it.sha256 == certificate.sha256);
    if context.json() {
        let all: Vec<Value> = certificates.iter().map(|it| to_json(it, is_trusted(it))).collect();
        return Ok(output::json(&json!({ "registry": args.registry.as_str(), "certificates": all }))?);
    }
    for certificate in &certificates {
        output::line(&to_text(certificate, is_trusted(certificate)))?;
    }
    Ok(())
}

fn to_json(certificate: &Certificate, trusted: bool) -> Value {
    json!({
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "names": certificate.names,
        "sha256": certificate.sha256,
        "is_ca": certificate.is_ca,
        "trusted": trusted,
    })
}

fn to_text(certificate: &Certificate, trusted: bool) -> String {
    let Certificate { subject, issuer, not_before, not_after, names, sha256, is_ca, .. } = certificate;
    let kind = if *is_ca { "an authority" } else { "a server" };
    let trusted = if trusted { "trusted for this registry" } else { "not trusted by itself" };
    let names = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
    // What a stranger wrote into it must not move the cursor.
    format!(
        "{}\n  signed by  {}\n  valid      {not_before} to {not_after}\n  for        {}\n  kind       {kind}, {trusted}\n  sha256     {sha256}",
        shown(subject),
        shown(issuer),
        shown(&names),
    )
}
