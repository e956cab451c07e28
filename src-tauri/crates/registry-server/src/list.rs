//! The lists: repositories, tags, referrers (distribution-spec, "Content Discovery").

use axum::extract::Request;
use http::{HeaderName, HeaderValue, StatusCode, header};
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::Node;
use oci::media_type::OCI_INDEX;
use serde_json::{Value, json};

use crate::fault::{Code, Fault};
use crate::repositories::{Repositories, RepositoryPath};
use crate::respond::{Answer, Shared, blocking, json_response, query, value};
use crate::route::{encode, shown};

/// Which part of a list is asked for.
pub(crate) struct Page {
    /// How many at most.
    n: Option<usize>,
    /// The entry after which to go on.
    last: Option<String>,
}

impl Page {
    pub(crate) fn of(request: &Request) -> Result<Self, Fault> {
        let n = query(request, "n").map(|text| {
            let bad = || {
                Fault::new(Code::PaginationNumberInvalid, format!("`{}` is no number for `n`", shown(&text)))
            };
            text.parse().map_err(|_| bad())
        });
        Ok(Self { n: n.transpose()?, last: query(request, "last") })
    }

    /// The part of `names`, which are in order, and whether more follow.
    fn cut<'a>(&self, names: impl Iterator<Item = &'a str>) -> (Vec<&'a str>, bool) {
        let after = |name: &&str| self.last.as_deref().is_none_or(|last| *name > last);
        let mut rest = names.filter(after);
        match self.n {
            None => (rest.collect(), false),
            Some(n) => {
                let page: Vec<_> = rest.by_ref().take(n).collect();
                let more = n > 0 && rest.next().is_some();
                (page, more)
            }
        }
    }

    fn answer(&self, path: &str, page: &[&str], more: bool, body: &Value) -> axum::response::Response {
        let mut response = json_response(body);
        if let (true, Some(n), Some(last)) = (more, self.n, page.last()) {
            let link = format!("<{path}?n={n}&last={}>; rel=\"next\"", encode(last));
            response.headers_mut().insert(header::LINK, value(&link));
        }
        response
    }
}

pub(crate) async fn catalog(registry: Shared, page: Page) -> Answer {
    blocking(move || {
        let catalog = registry.repositories.catalog()?;
        let (names, more) = page.cut(catalog.repositories.keys().map(RepositoryPath::as_str));
        Ok(page.answer("/v2/_catalog", &names, more, &json!({"repositories": names})))
    })
    .await
}

pub(crate) async fn tags(registry: Shared, name: RepositoryPath, page: Page) -> Answer {
    blocking(move || {
        let catalog = registry.repositories.catalog()?;
        let Some(repository) = catalog.repositories.get(&name) else { return Err(unknown(&name)) };
        let (tags, more) = page.cut(repository.tags.keys().map(String::as_str));
        let path = format!("/v2/{name}/tags/list");
        Ok(page.answer(&path, &tags, more, &json!({"name": name.as_str(), "tags": tags})))
    })
    .await
}

pub(crate) fn unknown(name: &RepositoryPath) -> Fault {
    Fault::new(Code::NameUnknown, format!("there is no repository `{name}` here"))
}

/// What refers to `subject`, of one artifact type if that is wanted: an index, empty where there is nothing, the
/// repository included.
pub(crate) async fn referrers(
    registry: Shared,
    name: RepositoryPath,
    subject: Digest,
    wanted: Option<String>,
) -> Answer {
    blocking(move || {
        let mut manifests = referring(&registry.repositories, &name, &subject)?;
        if let Some(wanted) = &wanted {
            manifests.retain(|referrer| referrer.artifact_type.as_ref() == Some(wanted));
        }
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests});
        let mut response = json_response(&index);
        *response.status_mut() = StatusCode::OK;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(OCI_INDEX));
        if wanted.is_some() {
            let applied = HeaderName::from_static("oci-filters-applied");
            response.headers_mut().insert(applied, HeaderValue::from_static("artifactType"));
        }
        Ok(response)
    })
    .await
}

/// Descriptors as the spec's "Listing Referrers" wants them: with the manifest's annotations and its artifact type,
/// which for an image is its config's media type.
fn referring(
    repositories: &Repositories,
    name: &RepositoryPath,
    subject: &Digest,
) -> Result<Vec<Descriptor>, Fault> {
    let catalog = repositories.catalog()?;
    let Some(repository) = catalog.repositories.get(name) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (digest, entry) in &repository.manifests {
        let Ok(node) = repositories.node(digest) else { continue };
        if node.subject().map(|subject| &subject.digest) != Some(subject) {
            continue;
        }
        let mut referrer = Descriptor::new(&entry.media_type, digest.clone(), entry.size);
        let (annotations, config) = match &*node {
            Node::Manifest(manifest) => (&manifest.annotations, Some(manifest.config.media_type.as_str())),
            Node::Index(index) => (&index.annotations, None),
        };
        referrer.annotations.clone_from(annotations);
        referrer.artifact_type = node.artifact_type().or(config).map(str::to_owned);
        found.push(referrer);
    }
    Ok(found)
}
