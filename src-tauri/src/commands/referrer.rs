//! What refers to an image.

use std::sync::Arc;

use engine::Result;
use engine::referrer::in_store;
use engine::registry::referrer::{Referrer, Referrers, Via};
use oci::Digest;

use super::image::resolve;
use crate::state::{Longshore, blocking, parse_reference};
use crate::wire::{KeyValue, LookIn, ReferrerList, ReferrerRow};

/// Signatures, SBOMs and the like of an image, as its registry lists them, or of those in the store. `from` says where its
/// name is looked up.
pub async fn list_referrers(app: &Arc<Longshore>, input: String, from: LookIn) -> Result<ReferrerList> {
    let reference = parse_reference(&input)?;
    let subject: Digest = resolve(app, &reference, from).await?.digest;
    if from == LookIn::Store {
        let app = app.clone();
        let found = blocking(move || in_store(&app.store()?, &subject, None)).await?;
        return Ok(listed(&found, "What is on this computer; the registry was not asked.".to_owned()));
    }
    let client = app.registries().client(reference.registry());
    let found = client.referrers(reference.repository(), &subject, None, None).await?;
    Ok(listed(&found, how(&found)))
}

fn listed(found: &Referrers, how: String) -> ReferrerList {
    let rows = found.list.iter().map(ReferrerRow::from).collect();
    ReferrerList { subject: found.subject.to_string(), how, rows }
}

/// How they were found, one sentence.
fn how(found: &Referrers) -> String {
    let mut how = if found.api {
        "The registry lists them itself (Referrers API)".to_owned()
    } else {
        "The registry has no Referrers API; tags that follow the convention were looked up instead".to_owned()
    };
    if found.unasked > 0 {
        how += &format!("; {} platforms were not asked about", found.unasked);
    }
    if found.partial {
        how += "; its list broke off, there may be more";
    }
    how + "."
}

impl From<&Referrer> for ReferrerRow {
    fn from(referrer: &Referrer) -> Self {
        let annotations = &referrer.descriptor.annotations;
        Self {
            digest: referrer.descriptor.digest.to_string(),
            artifact_type: referrer.artifact_type.clone(),
            label: referrer.label(),
            size: referrer.descriptor.size,
            created: referrer.created().map(str::to_owned),
            via: match &referrer.via {
                Via::Api => "Referrers API".to_owned(),
                Via::Tag(tag) => format!("Fallback tag {tag}"),
                Via::Cosign(tag) => format!("cosign tag {tag}"),
                Via::Attestation => "Entry of the index".to_owned(),
                Via::Store => "Subject".to_owned(),
            },
            platform: referrer.platform.as_ref().map(ToString::to_string),
            annotations: annotations.iter().map(|(key, value)| KeyValue::new(key, value)).collect(),
        }
    }
}
