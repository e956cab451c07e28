//! What refers to an image: signatures, SBOMs, attestations (distribution spec, "Listing Referrers").
//!
//! They are kept in four ways, and all are looked at: the Referrers API; where there is none, the index under the tag
//! `sha256-<hex>` that clients keep instead; cosign's tags; and BuildKit's attestation manifests, entries of the index
//! itself, which are folded under the platform that they describe. What an index lists is looked at like the index.
//!
//! Deliberately absent: checking what they say. A list is no proof.

use std::collections::HashSet;

use futures_util::StreamExt;
use futures_util::stream;
use http::Method;
use oci::artifact::{self, COSIGN_ATTESTATION, COSIGN_SBOM, COSIGN_SIGNATURE, PREDICATE_TYPE};
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::Node;
use oci::index::Index;
use oci::name::RepositoryName;
use oci::platform::Platform;
use oci::reference::Tag;
use serde::Deserialize;
use serde_json::Value;

use super::page::{Pages, Step};
use super::{Answer, RegistryClient, Scope, refusal};
use crate::error::{Code, Error, Result};
use crate::exchange::Purpose;
use crate::job::Job;

/// Of an index's entries so many are asked about.
const CHILDREN: usize = 48;
/// Entries asked about at a time.
const AT_ONCE: usize = 6;
const CREATED: &str = "org.opencontainers.image.created";
const FILTERS: &str = "oci-filters-applied";

/// Where a referrer was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// The Referrers API.
    Api,
    /// The index under the fallback tag.
    Tag(Tag),
    /// One of cosign's tags.
    Cosign(Tag),
    /// An entry of the image's own index.
    Attestation,
}

/// One thing that refers to an image.
#[derive(Clone, Debug)]
pub struct Referrer {
    /// What it is, with the annotations that the list gives it.
    pub descriptor: Descriptor,
    /// Its artifact type; none where the list does not say.
    pub artifact_type: Option<String>,
    /// What it is about: the image that was asked for, or an entry of it.
    pub subject: Digest,
    /// The platform of that entry.
    pub platform: Option<Platform>,
    /// Where it was found.
    pub via: Via,
    /// What an attestation states: its predicate types, `https://slsa.dev/provenance/v1`.
    pub predicates: Vec<String>,
}

impl Referrer {
    /// What it is, as people know it: `SBOM (SPDX)`. May hold a stranger's text.
    pub fn label(&self) -> String {
        let mut told: Vec<&str> = self.predicates.iter().map(|kind| artifact::label(kind)).collect();
        told.dedup();
        match &told[..] {
            [] => artifact::label(self.artifact_type.as_deref().unwrap_or_default()).to_owned(),
            _ => told.join(", "),
        }
    }

    /// When it was made, as its annotation says.
    pub fn created(&self) -> Option<&str> {
        self.descriptor.annotations.get(CREATED).map(String::as_str)
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Referrers {
    /// What was asked about.
    pub subject: Digest,
    /// Each referrer once: those of the image, then those of its entries in the index's order.
    pub list: Vec<Referrer>,
    /// Whether the registry answers the Referrers API.
    pub api: bool,
    /// A list went in circles or nowhere: there may be more.
    pub partial: bool,
    /// How many entries of the index were left out, because there are so many.
    pub unasked: usize,
}

/// The answer about one digest.
struct Direct {
    found: Vec<Referrer>,
    api: bool,
    partial: bool,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    manifests: Option<Vec<Value>>,
}

impl RegistryClient {
    /// Everything that refers to a manifest or an index, and to what the index lists; only what is of the artifact type
    /// `wanted`, where one is given.
    ///
    /// # Errors
    /// Whatever authorization and transport give. Nothing found is no error, nor is a subject that is not there.
    pub async fn referrers(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
        wanted: Option<&str>,
        job: Option<&Job>,
    ) -> Result<Referrers> {
        let children = self.entries(repository, subject, job).await?;
        let about = |entry: &Descriptor| (entry.digest.clone(), entry.platform.clone());
        let (attestations, images): (Vec<_>, Vec<_>) = children.into_iter().partition(Index::is_attestation);
        let mut subjects = vec![(subject.clone(), None)];
        subjects.extend(images.iter().take(CHILDREN).map(about));
        let unasked = images.len().saturating_sub(CHILDREN);
        let asked = subjects.into_iter().map(|(digest, platform)| async move {
            let mut direct = self.direct_referrers(repository, &digest, wanted, job).await?;
            direct.found.extend(self.cosign(repository, &digest, wanted, job).await?);
            direct.found.iter_mut().for_each(|found| found.platform.clone_from(&platform));
            Ok(direct)
        });
        let answers: Vec<Result<Direct>> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut all =
            Referrers { subject: subject.clone(), list: Vec::new(), api: false, partial: false, unasked };
        for (at, direct) in answers.into_iter().enumerate() {
            let direct = direct?;
            all.api |= at == 0 && direct.api;
            all.partial |= direct.partial;
            all.list.extend(direct.found);
        }
        let folded = attestations.into_iter().take(CHILDREN).map(|entry| {
            let image = Index::attested(&entry);
            let platform = images.iter().find(|it| Some(&it.digest) == image.as_ref());
            let platform = platform.and_then(|image| image.platform.clone());
            self.attestation(repository, entry, image.unwrap_or_else(|| subject.clone()), platform, job)
        });
        let folded: Vec<Result<Referrer>> = stream::iter(folded).buffered(AT_ONCE).collect().await;
        for attestation in folded {
            let attestation = attestation?;
            if wanted.is_none_or(|wanted| attestation.is_of(wanted)) {
                all.list.push(attestation);
            }
        }
        let mut seen = HashSet::new();
        all.list.retain(|it| seen.insert((it.descriptor.digest.clone(), it.subject.clone())));
        Ok(all)
    }

    /// What refers to this very digest by the Referrers API or the fallback tag.
    ///
    /// # Errors
    /// As [`RegistryClient::referrers`].
    pub(super) async fn referring_manifests(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
        job: Option<&Job>,
    ) -> Result<Vec<Referrer>> {
        let mut direct = self.direct_referrers(repository, subject, None, job).await?;
        direct.found.extend(self.cosign(repository, subject, None, job).await?);
        Ok(direct.found)
    }

    async fn direct_referrers(
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
    async fn cosign(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
        wanted: Option<&str>,
        job: Option<&Job>,
    ) -> Result<Vec<Referrer>> {
        let mut found = Vec::new();
        for (suffix, kind) in [("sig", COSIGN_SIGNATURE), ("att", COSIGN_ATTESTATION), ("sbom", COSIGN_SBOM)]
        {
            let text = format!("{}-{}.{suffix}", subject.algorithm().as_str(), subject.hex());
            // Of a sha512 the name is too long for a tag: then cosign has none.
            let Ok(tag) = text.parse::<Tag>() else { continue };
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
    async fn attestation(
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
                    let of = |layer: Descriptor| layer.annotations.get(PREDICATE_TYPE).cloned();
                    referrer.predicates = manifest.layers.into_iter().filter_map(of).collect();
                }
            }
            // It is listed all the same: the index says that it was there.
            Err(error) if error.code() == Code::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(referrer)
    }

    /// What the index lists; nothing for what is no index, or not there.
    async fn entries(
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
        let mut request = self.manifest_request(repository, selector)?;
        request.method = Method::HEAD;
        let answer = self.call(request, &[Scope::pull(repository)], job).await?;
        match answer.status.as_u16() {
            200..=299 => {}
            404 => {
                answer.body.note("there is none");
                return Ok(None);
            }
            _ => {
                let object = format!("manifest `{selector}` of `{repository}`");
                return Err(refusal(answer, &object, self.http().log().redactor()).await);
            }
        }
        match super::manifest::descriptor_of(&answer)? {
            Some(descriptor) => Ok(Some(descriptor)),
            None => Ok(Some(self.manifest(repository, selector, job).await?.descriptor)),
        }
    }
}

impl Referrer {
    fn listed(descriptor: Descriptor, subject: &Digest, via: Via) -> Self {
        let artifact_type = artifact::entry_type(&descriptor).map(str::to_owned);
        Self {
            descriptor,
            artifact_type,
            subject: subject.clone(),
            platform: None,
            via,
            predicates: Vec::new(),
        }
    }

    /// Whether it is of this type, or states something of it.
    fn is_of(&self, wanted: &str) -> bool {
        self.artifact_type.as_deref() == Some(wanted) || self.predicates.iter().any(|it| it == wanted)
    }
}

/// The tag under which clients list the referrers of a digest (distribution spec, "Referrers Tag Schema").
pub fn fallback_tag(subject: &Digest) -> Tag {
    let hex = &subject.hex()[..64];
    format!("{}-{hex}", subject.algorithm().as_str()).parse().expect("algorithm and digits make a tag")
}

/// Registries from before the API say that there is no such address, in one way or another.
fn has_no_api(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 400 | 404 | 405 | 501)
}

/// The failure of a referrers' list that can be done without: the deletion it warns of is planned all the same.
pub(super) fn is_optional(error: &Error) -> bool {
    !matches!(error.code(), Code::Cancelled | Code::AuthRequired | Code::AuthRefused | Code::RateLimited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fallback_tag_is_the_specs() {
        let digest = Digest::sha256(b"x");
        assert_eq!(fallback_tag(&digest).as_str(), format!("sha256-{}", digest.hex()));
        let wide = Digest::of(oci::Algorithm::Sha512, b"x");
        assert_eq!(fallback_tag(&wide).as_str(), format!("sha512-{}", &wide.hex()[..64]));
    }

    #[test]
    fn a_label_says_what_an_attestation_states() {
        let entry = Descriptor::new(oci::media_type::OCI_MANIFEST, Digest::sha256(b"x"), 1);
        let mut referrer = Referrer::listed(entry, &Digest::sha256(b"y"), Via::Attestation);
        assert_eq!(referrer.label(), "Artifact");
        referrer.predicates =
            vec!["https://slsa.dev/provenance/v1".into(), "https://spdx.dev/Document".into()];
        assert_eq!(referrer.label(), "Provenance (SLSA), SBOM (SPDX)");
    }
}
