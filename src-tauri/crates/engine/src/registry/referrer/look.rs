//! The four places where referrers are kept, each asked about one digest.

use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::Node;
use oci::name::RepositoryName;
use oci::platform::Platform;
use serde::Deserialize;
use serde_json::Value;

use super::super::manifest::Head;
use super::super::page::{Pages, Step};
use super::super::{Answer, RegistryClient, Scope, refusal};
use super::{Referrer, Via, cosign_tags, fallback_tag};
use crate::error::{Code, Result};
use crate::exchange::Purpose;
use crate::job::Job;

const FILTERS: &str = "oci-filters-applied";

/// The answer about one digest.
pub(super) struct Direct {
    pub(super) found: Vec<Referrer>,
    pub(super) api: bool,
    pub(super) partial: bool,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    manifests: Option<Vec<Value>>,
}

impl RegistryClient {
    pub(super) async fn direct_referrers(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
        wanted: Option<&str>,
        job: Option<&Job>,
    ) -> Result<Direct> {
        let purpose = Purpose::new(
            "referrers",
            "Longshore asks what refers to this digest: signatures, SBOMs and attestations.",
        );
        let mut first = self.request(&format!("/v2/{}/referrers/{subject}", repository.path()), purpose)?;
        if let Some(wanted) = wanted {
            first.url.query_pairs_mut().append_pair("artifactType", wanted);
        }
        let what = format!("list of referrers of `{subject}`");
        let mut pages = Pages::new(self.clone(), first, vec![Scope::pull(repository)], what);
        let mut direct = Direct { found: Vec::new(), api: true, partial: false };
        loop {
            let (answer, body) = match pages.fetch::<Body>(job).await {
                Ok(Step::End) => break,
                Ok(Step::Page(answer, body)) => (answer, body),
                Ok(Step::Refused(answer)) if direct.found.is_empty() && has_no_api(&answer) => {
                    answer.body.note("no Referrers API here: the fallback tag is next");
                    return self.fallback(repository, subject, wanted, job).await;
                }
                Ok(Step::Refused(answer)) => {
                    let object = format!("list of referrers of `{subject}`");
                    return Err(refusal(answer, &object, pages.redactor()).await);
                }
                // A page for people, at an address that the registry does not know.
                Err(error) if error.code() == Code::NotARegistry => {
                    return self.fallback(repository, subject, wanted, job).await;
                }
                Err(error) => return Err(error),
            };
            let entries = body.manifests.unwrap_or_default();
            let applied = answer.headers.get(FILTERS).and_then(|value| value.to_str().ok());
            let applied = applied.is_some_and(|applied| {
                applied.split(',').any(|filter| filter.trim().eq_ignore_ascii_case("artifactType"))
            });
            let filter = wanted.filter(|_| !applied);
            let (known, before) = (pages.count(), direct.found.len());
            for entry in entries {
                let Ok(entry) = serde_json::from_value::<Descriptor>(entry) else { continue };
                if !pages.is_new(entry.digest.as_str()) {
                    continue;
                }
                let referrer = Referrer::listed(entry, subject, Via::Api);
                if filter.is_none_or(|wanted| referrer.is_of(wanted)) {
                    direct.found.push(referrer);
                }
            }
            answer.body.note(&format!("{} referrers", direct.found.len() - before));
            let new = pages.count() > known;
            pages.turn(&answer, new)?;
        }
        direct.partial = pages.is_partial();
        Ok(direct)
    }

    /// The index that clients keep where the registry keeps none.
    async fn fallback(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
        wanted: Option<&str>,
        job: Option<&Job>,
    ) -> Result<Direct> {
        let tag = fallback_tag(subject);
        let mut direct = Direct { found: Vec::new(), api: false, partial: false };
        let manifest = match self.manifest(repository, tag.as_str(), job).await {
            Ok(manifest) => manifest,
            Err(error) if error.code() == Code::NotFound => return Ok(direct),
            Err(error) => return Err(error),
        };
        if let Ok(Node::Index(index)) = Node::parse(&manifest.bytes, Some(&manifest.descriptor.media_type)) {
            let listed = index
                .manifests
                .into_iter()
                .map(|entry| Referrer::listed(entry, subject, Via::Tag(tag.clone())));
            direct.found = listed.filter(|it| wanted.is_none_or(|wanted| it.is_of(wanted))).collect();
        }
        Ok(direct)
    }

    /// cosign's tags of a digest.
    pub(super) async fn cosign(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
        wanted: Option<&str>,
        job: Option<&Job>,
    ) -> Result<Vec<Referrer>> {
        let mut found = Vec::new();
        for (tag, kind) in cosign_tags(subject) {
            if let Some(descriptor) = self.head(repository, tag.as_str(), job).await? {
                let mut referrer = Referrer::listed(descriptor, subject, Via::Cosign(tag));
                referrer.artifact_type = Some(kind.to_owned());
                found.push(referrer);
            }
        }
        found.retain(|it| wanted.is_none_or(|wanted| it.is_of(wanted)));
        Ok(found)
    }

    /// One of BuildKit's attestation manifests; its layers say what it states.
    pub(super) async fn attestation(
        &self,
        repository: &RepositoryName,
        entry: Descriptor,
        subject: Digest,
        platform: Option<Platform>,
        job: Option<&Job>,
    ) -> Result<Referrer> {
        let mut referrer = Referrer::listed(entry, &subject, Via::Attestation);
        referrer.platform = platform;
        match self.manifest(repository, referrer.descriptor.digest.as_str(), job).await {
            Ok(manifest) => {
                if let Ok(Node::Manifest(manifest)) = Node::parse(&manifest.bytes, None) {
                    referrer.read(&manifest);
                }
            }
            // It is listed all the same: the index says that it was there.
            Err(error) if error.code() == Code::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(referrer)
    }

    /// What the index lists; nothing for what is no index, or not there.
    pub(super) async fn entries(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
        job: Option<&Job>,
    ) -> Result<Vec<Descriptor>> {
        let manifest = match self.manifest(repository, subject.as_str(), job).await {
            Ok(manifest) => manifest,
            Err(error) if error.code() == Code::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        match Node::parse(&manifest.bytes, Some(&manifest.descriptor.media_type)) {
            Ok(Node::Index(index)) => Ok(index.manifests),
            _ => Ok(Vec::new()),
        }
    }

    /// Whether there is such a manifest, by a HEAD alone: what is not there costs one request.
    async fn head(
        &self,
        repository: &RepositoryName,
        selector: &str,
        job: Option<&Job>,
    ) -> Result<Option<Descriptor>> {
        let request = self.manifest_request(repository, selector)?;
        match self.head_manifest(request, &Scope::pull(repository), job).await? {
            Head::There(descriptor) => Ok(Some(*descriptor)),
            Head::Vague => Ok(Some(self.manifest(repository, selector, job).await?.descriptor)),
            Head::Absent => Ok(None),
            Head::Refused(answer) => {
                let object = format!("manifest `{selector}` of `{repository}`");
                Err(refusal(*answer, &object, self.http().log().redactor()).await)
            }
        }
    }
}

/// Registries from before the API say that there is no such address, in one way or another.
fn has_no_api(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 400 | 404 | 405 | 501)
}
