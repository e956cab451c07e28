//! Manifests and indexes on their way up: the exact bytes under their media type, by tag or by digest (distribution-spec,
//! "Pushing manifests").
//!
//! Where the registry does not know referrers, what is about another manifest is listed in that one's fallback tag: see
//! [`fallback`].

mod fallback;

use std::sync::atomic::Ordering;

use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Method, StatusCode};
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::Node;
use oci::name::RepositoryName;
use oci::reference::{Reference, Tag};

use super::http::Repeat;
use super::manifest::Head;
use super::{RegistryClient, Scope};
use crate::endpoint::Document;
use crate::error::{Code, Error, Result};
use crate::exchange::Purpose;
use crate::job::Job;

/// Says that the registry has entered the manifest among its subject's referrers.
const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");

impl RegistryClient {
    /// Puts a manifest or an index under its digest, or under `tag`; the bytes as they are.
    ///
    /// # Errors
    /// [`Code::AuthRequired`], [`Code::AuthRefused`]; [`Code::ContentMismatch`] where the registry says that it got
    /// something else; [`Code::RegistryRefused`] with the registry's words, where a blob is missing, say.
    pub async fn put_manifest(
        &self,
        repository: &RepositoryName,
        document: &Document,
        tag: Option<&Tag>,
        job: Option<&Job>,
    ) -> Result<()> {
        let digest = &document.descriptor.digest;
        let (selector, explanation) = match tag {
            Some(tag) => (
                tag.to_string(),
                "All that the image needs is there: its manifest goes up under the tag, and with it the image appears.",
            ),
            None => (
                digest.to_string(),
                "All that this manifest needs is there: it goes up under its digest, byte for byte.",
            ),
        };
        let path = format!("/v2/{}/manifests/{selector}", repository.path());
        let mut request = self.request(&path, Purpose::new("manifest", explanation))?;
        request.method = Method::PUT;
        request.repeat = Repeat::Always;
        request.digest = Some(digest.clone());
        let media_type = HeaderValue::from_str(&document.descriptor.media_type).map_err(|_| {
            Error::new(Code::ManifestInvalid, format!("the media type of `{digest}` is no media type"))
                .at_digest(digest)
        })?;
        request.headers.insert(CONTENT_TYPE, media_type);
        request.body = Some(document.bytes.clone());
        let answer = self.call(request, &[Scope::push(repository)], job).await?;
        if !answer.status.is_success() {
            let object = format!("manifest `{selector}` of `{repository}`");
            return Err(self.push_refusal(answer, repository, Some(object)).await.at_digest(digest));
        }
        self.check_digest(&answer, digest)?;
        answer.body.note(if tag.is_some() { "the image is there" } else { "the manifest is there" });
        let knows_referrers = answer.headers.contains_key(SUBJECT);
        drop(answer);
        match Node::parse(&document.bytes, Some(&document.descriptor.media_type)) {
            Ok(node) if node.subject().is_some() && !knows_referrers => {
                self.list_referrer(repository, document, &node, job).await
            }
            _ => Ok(()),
        }
    }

    /// Whether a repository is there; none where the registry does not say.
    ///
    /// # Errors
    /// [`Code::AuthRequired`], [`Code::AuthRefused`], and what the transport gives.
    pub async fn repository_exists(
        &self,
        repository: &RepositoryName,
        job: Option<&Job>,
    ) -> Result<Option<bool>> {
        let purpose = Purpose::new("tags", "Longshore asks whether the repository is there already.");
        let request = self.request(&format!("/v2/{}/tags/list?n=1", repository.path()), purpose)?;
        let answer = self.call(request, &[Scope::push(repository)], job).await?;
        match answer.status {
            status if status.is_success() => {
                answer.body.note("it is there");
                Ok(Some(true))
            }
            StatusCode::NOT_FOUND => {
                answer.body.note("it is not there yet");
                Ok(Some(false))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(self.push_refusal(answer, repository, None).await)
            }
            _ => Ok(None),
        }
    }

    /// The digest that a tag stands for; none where there is no such tag, or no such repository yet.
    ///
    /// # Errors
    /// [`Code::AuthRequired`], [`Code::AuthRefused`], and what the transport gives.
    pub async fn tag_digest(&self, name: &Reference, job: Option<&Job>) -> Result<Option<Digest>> {
        Ok(self.tag_descriptor(name, job).await?.map(|descriptor| descriptor.digest))
    }

    /// As [`Self::tag_digest`], with media type and size.
    ///
    /// # Errors
    /// As [`Self::tag_digest`].
    pub async fn tag_descriptor(&self, name: &Reference, job: Option<&Job>) -> Result<Option<Descriptor>> {
        let repository = name.repository();
        let Some(tag) = name.tag() else { return Ok(None) };
        let mut request = self.manifest_request(repository, tag.as_str())?;
        request.purpose = Purpose::new(
            "manifest",
            "Longshore asks what the tag stands for now: a push that moves it should be meant.",
        );
        match self.head_manifest(request, &Scope::push(repository), job).await? {
            Head::There(descriptor) => Ok(Some(*descriptor)),
            Head::Absent if self.0.head_is_true.load(Ordering::Relaxed) => Ok(None),
            Head::Refused(answer)
                if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) =>
            {
                Err(self.push_refusal(*answer, repository, None).await)
            }
            // A registry without HEAD: what it says to a GET counts. Whoever says no to both is believed from then on.
            head => match self.manifest(repository, tag.as_str(), job).await {
                Ok(manifest) => Ok(Some(manifest.descriptor)),
                Err(error) if error.code() == Code::NotFound => {
                    self.0.head_is_true.fetch_or(matches!(head, Head::Absent), Ordering::Relaxed);
                    Ok(None)
                }
                Err(error) => Err(error),
            },
        }
    }
}
