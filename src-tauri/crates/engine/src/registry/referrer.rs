//! What refers to an image: signatures, SBOMs, attestations (distribution spec, "Listing Referrers").
//!
//! They are kept in four ways, and all are looked at: the Referrers API; where there is none, the index under the tag
//! `sha256-<hex>` that clients keep instead; cosign's tags; and BuildKit's attestation manifests, entries of the index
//! itself, which are folded under the platform that they describe. What an index lists is looked at like the index.
//!
//! Deliberately absent: checking what they say. A list is no proof.

mod look;

use std::collections::HashSet;

use futures_util::StreamExt;
use futures_util::stream;
use oci::artifact::{self, COSIGN_ATTESTATION, COSIGN_SBOM, COSIGN_SIGNATURE, PREDICATE_TYPE};
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::Node;
use oci::index::Index;
use oci::manifest::Manifest;
use oci::name::RepositoryName;
use oci::platform::Platform;
use oci::reference::Tag;

use self::look::Direct;
use super::RegistryClient;
use crate::error::{Code, Error, Result};
use crate::job::Job;

/// Of an index's entries so many are asked about.
const CHILDREN: usize = 48;
/// Entries asked about at a time.
const AT_ONCE: usize = 6;
const CREATED: &str = "org.opencontainers.image.created";

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
    /// It is in the store and names the image as its subject.
    Store,
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
}

impl Referrer {
    pub(crate) fn listed(descriptor: Descriptor, subject: &Digest, via: Via) -> Self {
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

    /// Takes over what an attestation's manifest says that it states.
    pub(crate) fn read(&mut self, manifest: &Manifest) {
        let of = |layer: &Descriptor| layer.annotations.get(PREDICATE_TYPE).cloned();
        self.predicates = manifest.layers.iter().filter_map(of).collect();
    }

    /// Whether it is of this type, or states something of it.
    pub(crate) fn is_of(&self, wanted: &str) -> bool {
        self.artifact_type.as_deref() == Some(wanted) || self.predicates.iter().any(|it| it == wanted)
    }
}

/// The tag under which clients list the referrers of a digest (distribution spec, "Referrers Tag Schema").
pub fn fallback_tag(subject: &Digest) -> Tag {
    let hex = &subject.hex()[..64];
    format!("{}-{hex}", subject.algorithm().as_str()).parse().expect("algorithm and digits make a tag")
}

/// What a list of referrers says of a manifest: its descriptor, what kind it is, and its annotations.
pub(crate) fn list_entry(descriptor: &Descriptor, node: &Node) -> Descriptor {
    let annotations = match node {
        Node::Manifest(manifest) => &manifest.annotations,
        Node::Index(index) => &index.annotations,
    };
    let Descriptor { media_type, digest, size, .. } = descriptor.clone();
    let mut entry = Descriptor::new(media_type, digest, size);
    entry.artifact_type = node.artifact_type().map(str::to_owned);
    entry.annotations = annotations.clone();
    entry
}

/// cosign's tags of a digest, with the artifact type that each stands for. Of a sha512 the name is too long for a tag: then
/// cosign has none.
pub(crate) fn cosign_tags(subject: &Digest) -> impl Iterator<Item = (Tag, &'static str)> {
    let stem = format!("{}-{}", subject.algorithm().as_str(), subject.hex());
    let kinds = [("sig", COSIGN_SIGNATURE), ("att", COSIGN_ATTESTATION), ("sbom", COSIGN_SBOM)];
    kinds.into_iter().filter_map(move |(suffix, kind)| Some((format!("{stem}.{suffix}").parse().ok()?, kind)))
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
