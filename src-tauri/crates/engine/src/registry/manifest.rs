//! Manifests and indexes: fetched as bytes, hashed, compared with what was asked for and with the header.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use oci::descriptor::Descriptor;
use oci::digest::{Algorithm, Digest};
use oci::graph::{MANIFEST_CAP, Node};
use oci::media_type;
use oci::name::RepositoryName;
use oci::reference::Reference;

use super::http::Request;
use super::{Answer, RegistryClient, Scope, refusal};
use crate::error::{Code, Error, Result};
use crate::exchange::Purpose;
use crate::job::Job;

const DIGEST_HEADER: &str = "docker-content-digest";

/// A manifest or an index as it was received.
#[derive(Clone, Debug)]
pub struct RawManifest {
    /// Media type, digest and size of the bytes.
    pub descriptor: Descriptor,
    /// The bytes; never re-serialised.
    pub bytes: Bytes,
}

impl RegistryClient {
    /// Fetches a manifest by tag or digest. Size is capped at [`MANIFEST_CAP`].
    ///
    /// # Errors
    /// [`Code::NotFound`]; [`Code::ContentMismatch`] where the bytes are not what the digest or the header says;
    /// [`Code::TooLarge`]; [`Code::NotARegistry`]; whatever authorization and transport give.
    pub async fn manifest(
        &self,
        repository: &RepositoryName,
        selector: &str,
        job: Option<&Job>,
    ) -> Result<RawManifest> {
        let request = self.manifest_request(repository, selector)?;
        let scopes = [Scope::pull(repository)];
        let read = self.call_and_read(request, &scopes, MANIFEST_CAP, job).await;
        let (answer, bytes) = read.map_err(|error| match (error.code(), error.exchange()) {
            (Code::TooLarge, Some(exchange)) => too_large(repository, selector).at_exchange(exchange),
            _ => error,
        })?;
        if !answer.status.is_success() {
            return Err(self.missing(answer, repository, selector).await);
        }
        let header = content_digest(&answer)?;
        let asked = selector.parse::<Digest>().ok();
        let exchange = answer.body.exchange();
        if super::http::looks_like_html(&answer, &bytes) {
            return Err(
                super::http::web_page(repository.registry().as_str(), answer.status).at_exchange(exchange)
            );
        }
        let algorithm = asked.as_ref().or(header.as_ref()).map_or(Algorithm::Sha256, Digest::algorithm);
        let digest = Digest::of(algorithm, &bytes);
        for (source, claimed) in [("asked for", &asked), ("announced", &header)] {
            let Some(claimed) = claimed else { continue };
            if Digest::of(claimed.algorithm(), &bytes) != *claimed {
                let why = format!(
                    "the manifest `{selector}` of `{repository}` hashes to `{digest}`, but `{claimed}` was {source}"
                );
                answer.body.failed(&why);
                return Err(Error::new(Code::ContentMismatch, why)
                    .with_hint("The registry or a proxy on the way changed it; nothing was kept")
                    .at_digest(claimed)
                    .at_exchange(exchange));
            }
        }
        let content_type = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.map(media_type::essence).unwrap_or_default();
        let node = Node::parse(&bytes, Some(content_type));
        answer.body.note(&summary(node.as_ref().ok()));
        // What the document says of itself has the specs' letter case, and is there where the header says nothing.
        let media_type = node.map_or_else(|_| content_type.to_owned(), |node| node.media_type().to_owned());
        Ok(RawManifest { descriptor: Descriptor::new(media_type, digest, bytes.len() as u64), bytes })
    }

    /// Asks what a tag or digest is without fetching it: a HEAD, or a GET where the registry leaves HEAD out or does
    /// not give the digest. On Docker Hub a HEAD does not count against the limit.
    pub async fn manifest_descriptor(&self, reference: &Reference, job: Option<&Job>) -> Result<Descriptor> {
        let (repository, selector) = (reference.repository(), reference.manifest_selector());
        let request = self.manifest_request(repository, &selector)?;
        match self.head_manifest(request, &Scope::pull(repository), job).await? {
            Head::There(descriptor) => Ok(*descriptor),
            _ => Ok(self.manifest(repository, &selector, job).await?.descriptor),
        }
    }

    /// What a HEAD says, in place of the GET that `request` would be.
    pub(super) async fn head_manifest(
        &self,
        mut request: Request,
        scope: &Scope,
        job: Option<&Job>,
    ) -> Result<Head> {
        request.method = Method::HEAD;
        let answer = self.call(request, std::slice::from_ref(scope), job).await?;
        Ok(match answer.status {
            StatusCode::NOT_FOUND => {
                answer.body.note("there is none");
                Head::Absent
            }
            status if status.is_success() => match descriptor_of(&answer)? {
                Some(descriptor) => Head::There(Box::new(descriptor)),
                None => Head::Vague,
            },
            _ => Head::Refused(Box::new(answer)),
        })
    }

    pub(super) fn manifest_request(&self, repository: &RepositoryName, selector: &str) -> Result<Request> {
        let by = if selector.contains(':') { "by its digest" } else { "by its tag" };
        let purpose = Purpose::new(
            "manifest",
            format!("Longshore asks for the manifest {by}: the list of what the image is made of."),
        );
        let mut request =
            self.request(&format!("/v2/{}/manifests/{selector}", repository.path()), purpose)?;
        let accept = media_type::MANIFEST_ACCEPT.join(", ");
        request.headers.insert(ACCEPT, HeaderValue::from_str(&accept).expect("media types are plain text"));
        Ok(request)
    }

    async fn missing(&self, answer: Answer, repository: &RepositoryName, selector: &str) -> Error {
        let status = answer.status;
        let object = format!("manifest `{selector}` of `{repository}`");
        let error = refusal(answer, &object, self.http().log().redactor()).await;
        if status == StatusCode::UNAUTHORIZED && repository.registry().is_docker_hub() {
            let exchange = error.exchange();
            let told = Error::new(
                Code::AuthRequired,
                format!("Docker Hub will not say whether `{}` exists", repository.familiar()),
            )
            .with_hint("Check the spelling; if it is private, sign in with `longshore login`")
            .with_source(error);
            return if let Some(exchange) = exchange { told.at_exchange(exchange) } else { told };
        }
        error
    }
}

/// What a HEAD says of a manifest.
pub(super) enum Head {
    /// It is there, and this is what it is.
    There(Box<Descriptor>),
    /// It is there; what it is, a GET says.
    Vague,
    /// It is not there, or the registry leaves HEAD out (Nexus).
    Absent,
    /// Something else.
    Refused(Box<Answer>),
}

/// What the answer to a HEAD says of the manifest, where it says all of it.
fn descriptor_of(answer: &Answer) -> Result<Option<Descriptor>> {
    let size = answer.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let kind = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.filter(|kind| media_type::is_manifest(kind) || media_type::is_index(kind));
    let (Some(digest), Some(size), Some(kind)) = (content_digest(answer)?, size, kind) else {
        return Ok(None);
    };
    answer.body.note("the digest of the tag");
    Ok(Some(Descriptor::new(media_type::essence(kind), digest, size)))
}

pub(super) fn content_digest(answer: &Answer) -> Result<Option<Digest>> {
    let Some(value) = answer.headers.get(DIGEST_HEADER) else { return Ok(None) };
    let text = String::from_utf8_lossy(value.as_bytes());
    text.parse().map(Some).map_err(|problem| {
        let why = format!("the registry announces `{text}` as a digest");
        answer.body.failed(&why);
        Error::new(Code::ProtocolViolation, why)
            .with_hint("The registry or a proxy in front of it is broken; ask its operator")
            .with_source(problem)
            .at_exchange(answer.body.exchange())
    })
}

fn too_large(repository: &RepositoryName, selector: &str) -> Error {
    Error::new(
        Code::TooLarge,
        format!("the manifest `{selector}` of `{repository}` is over {} MiB", MANIFEST_CAP >> 20),
    )
    .with_hint("No image has a manifest of this size; the registry is not to be trusted with it")
}

fn summary(node: Option<&Node>) -> String {
    match node {
        Some(Node::Index(index)) => format!("index, {} platforms", index.platforms().len()),
        Some(Node::Manifest(manifest)) => format!("manifest, {} layers", manifest.layers.len()),
        None => "a document".into(),
    }
}
