//! Manifests: pulled by tag or digest, pushed when all that they need is here, deleted
//! (distribution-spec, "Pulling manifests", "Pushing Manifests", "Deleting tags").

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderName, StatusCode, header};
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::{MANIFEST_CAP, Node};
use oci::media_type;
use oci::reference::Tag;

use crate::fault::{Code, Fault};
use crate::list::unknown;
use crate::repositories::{Repositories, RepositoryPath, is_document};
use crate::respond::{Answer, CONTENT_DIGEST, Shared, blocking, empty, selector_text, value};
use crate::route::Selector;

fn no_manifest(name: &RepositoryPath, selector: &Selector) -> Fault {
    Fault::new(Code::ManifestUnknown, format!("`{name}` has no manifest `{}`", selector_text(selector)))
}

fn find(
    repositories: &Repositories,
    name: &RepositoryPath,
    selector: &Selector,
) -> Result<Descriptor, Fault> {
    let catalog = repositories.catalog()?;
    let repository = catalog.repositories.get(name).ok_or_else(|| unknown(name))?;
    let found = match selector {
        Selector::Tag(tag) => repository.tags.get(tag.as_str()),
        Selector::Digest(digest) => repository.manifests.get(digest),
        Selector::Impossible(_) => None,
    };
    found.cloned().ok_or_else(|| no_manifest(name, selector))
}

/// The bytes as they were pushed, whatever the client accepts: they are what the digest is of. HEAD is answered alike,
/// and the connection leaves the body out.
pub(crate) async fn get(registry: Shared, name: RepositoryPath, selector: Selector) -> Answer {
    blocking(move || {
        let found = find(&registry.repositories, &name, &selector)?;
        let bytes = registry.repositories.store().read(&found.digest, MANIFEST_CAP)?;
        let mut response = Response::new(Body::from(bytes));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, value(&found.media_type));
        headers.insert(CONTENT_DIGEST, value(found.digest.as_str()));
        headers.insert(header::ETAG, value(&format!("\"{}\"", found.digest)));
        Ok(response)
    })
    .await
}

pub(crate) async fn put(
    registry: Shared,
    name: RepositoryPath,
    selector: Selector,
    request: Request,
) -> Answer {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|text| text.to_str().ok());
    let content_type = content_type.map(str::to_owned);
    let bytes = body(request.into_body()).await?;
    blocking(move || {
        let (tag, digest) = match selector {
            Selector::Tag(tag) => (Some(tag), Digest::sha256(&bytes)),
            Selector::Digest(digest) if Digest::of(digest.algorithm(), &bytes) == digest => (None, digest),
            Selector::Digest(digest) => {
                let message = format!("the manifest is not `{digest}`, as it was announced");
                return Err(Fault::new(Code::DigestInvalid, message));
            }
            Selector::Impossible(_) => {
                let message = format!("`{}` is no tag", selector_text(&selector));
                return Err(Fault::new(Code::ManifestInvalid, message));
            }
        };
        accept(&registry.repositories, &name, tag.as_ref(), digest, &bytes, content_type.as_deref())
    })
    .await
}

async fn body(body: Body) -> Result<Vec<u8>, Fault> {
    let too_large = || {
        Fault::new(Code::ManifestInvalid, format!("a manifest is at most {MANIFEST_CAP} bytes"))
            .with_status(StatusCode::PAYLOAD_TOO_LARGE)
    };
    if body.size_hint().lower() > MANIFEST_CAP {
        return Err(too_large());
    }
    // Over the limit or cut short: the first is by far the likelier, and nothing was stored either way.
    let bytes = to_bytes(body, MANIFEST_CAP as usize).await.map_err(|_| too_large())?;
    Ok(bytes.into())
}

fn accept(
    repositories: &Repositories,
    name: &RepositoryPath,
    tag: Option<&Tag>,
    digest: Digest,
    bytes: &[u8],
    content_type: Option<&str>,
) -> Answer {
    let node = Node::parse(bytes, content_type)
        .map_err(|problem| Fault::new(Code::ManifestInvalid, problem.to_string()))?;
    check_complete(repositories, name, &node)?;
    repositories.store().put_as(&digest, bytes)?;
    let root = Descriptor::new(node.media_type(), digest, bytes.len() as u64);
    repositories.publish(name, tag, &root)?;
    let mut response = empty(
        StatusCode::CREATED,
        [
            (header::LOCATION, value(&format!("/v2/{name}/manifests/{}", root.digest))),
            (CONTENT_DIGEST, value(root.digest.as_str())),
        ],
    );
    if let Some(subject) = node.subject() {
        let header = HeaderName::from_static("oci-subject");
        response.headers_mut().insert(header, value(subject.digest.as_str()));
    }
    Ok(response)
}

/// No tag ever stands for an incomplete image: what the manifest lists must be in the repository, with the size that it
/// says. Foreign layers may be elsewhere.
fn check_complete(repositories: &Repositories, name: &RepositoryPath, node: &Node) -> Result<(), Fault> {
    let catalog = repositories.catalog()?;
    let repository = catalog.repositories.get(name);
    for part in node.successors() {
        let size = if is_document(part) {
            repository.and_then(|repository| repository.manifests.get(&part.digest)).map(|found| found.size)
        } else if media_type::is_foreign_layer(&part.media_type) || !part.urls.is_empty() {
            continue;
        } else {
            repositories.blob(name, &part.digest)?
        };
        match size {
            Some(size) if size == part.size => {}
            Some(size) => {
                let message =
                    format!("`{}` has {size} bytes here, the manifest says {}", part.digest, part.size);
                return Err(Fault::new(Code::SizeInvalid, message));
            }
            None => {
                let message =
                    format!("`{name}` has no `{}`, which the manifest needs: push it first", part.digest);
                return Err(Fault::new(Code::ManifestBlobUnknown, message));
            }
        }
    }
    Ok(())
}

pub(crate) async fn delete(registry: Shared, name: RepositoryPath, selector: Selector) -> Answer {
    blocking(move || {
        let repositories = &registry.repositories;
        find(repositories, &name, &selector)?;
        let removed = match &selector {
            Selector::Tag(tag) => repositories.remove_tag(&name, tag)?,
            Selector::Digest(digest) => repositories.remove_manifest(&name, digest)?,
            Selector::Impossible(_) => false,
        };
        if removed { Ok(empty(StatusCode::ACCEPTED, [])) } else { Err(no_manifest(&name, &selector)) }
    })
    .await
}
