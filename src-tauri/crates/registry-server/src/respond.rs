//! From a request to its endpoint, and what all answers have in common.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

use crate::fault::{Code, Fault};
use crate::list::Page;
use crate::repositories::Repositories;
use crate::route::{Route, Selector, shown};
use crate::upload::Uploads;
use crate::{blob, list, manifest, upload};

pub(crate) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// What every request shares.
pub(crate) struct Registry {
    pub(crate) repositories: Repositories,
    pub(crate) uploads: Uploads,
    pub(crate) read_only: bool,
}

pub(crate) type Shared = Arc<Registry>;
pub(crate) type Answer = Result<Response, Fault>;

pub(crate) async fn respond(State(registry): State<Shared>, request: Request) -> Response {
    let answer = match is_for_us(&request) {
        true => endpoint(registry, request).await,
        false => {
            Err(Fault::new(Code::Denied, "this registry answers to a loopback address or `localhost` only")
                .with_status(StatusCode::MISDIRECTED_REQUEST))
        }
    };
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    response.headers_mut().insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
    response
}

async fn endpoint(registry: Shared, request: Request) -> Answer {
    let Some(route) = Route::parse(request.uri().path())? else {
        let message = format!("there is no endpoint `{}`", shown(request.uri().path()));
        return Err(Fault::new(Code::NameInvalid, message).with_status(StatusCode::NOT_FOUND));
    };
    let method = request.method().clone();
    let reads = matches!(method, Method::GET | Method::HEAD);
    if registry.read_only && !reads {
        return Err(Fault::new(Code::Unsupported, "this registry is read-only"));
    }
    let head = method == Method::HEAD;
    match (route, method) {
        (Route::Base, _) if reads => Ok(json_response(&serde_json::json!({}))),
        (Route::Catalog, Method::GET) => list::catalog(registry, Page::of(&request)?).await,
        (Route::Tags(name), Method::GET) => list::tags(registry, name, Page::of(&request)?).await,
        (Route::Referrers(name, digest), Method::GET) => {
            let wanted = query(&request, "artifactType").filter(|wanted| !wanted.is_empty());
            list::referrers(registry, name, digest, wanted).await
        }
        (Route::Manifest(name, selector), _) if reads => manifest::get(registry, name, selector).await,
        (Route::Manifest(name, selector), Method::PUT) => {
            manifest::put(registry, name, selector, request).await
        }
        (Route::Manifest(name, selector), Method::DELETE) => manifest::delete(registry, name, selector).await,
        (Route::Blob(name, digest), _) if reads => {
            blob::get(registry, name, digest, request.headers(), head).await
        }
        (Route::Blob(name, digest), Method::DELETE) => blob::delete(registry, name, digest).await,
        (Route::Uploads(name), Method::POST) => upload::begin(registry, name, request).await,
        (Route::Upload(name, id), Method::GET) => upload::status(&registry, &name, &id),
        (Route::Upload(name, id), Method::PATCH) => upload::patch(registry, name, id, request).await,
        (Route::Upload(name, id), Method::PUT) => upload::finish(registry, name, id, request).await,
        (Route::Upload(name, id), Method::DELETE) => upload::cancel(&registry, &name, &id),
        (route, method) => {
            let message = format!("`{}` is not possible here", shown(method.as_str()));
            let allowed = HeaderValue::from_static(allowed(&route));
            Err(Fault::new(Code::Unsupported, message).with_header(header::ALLOW, allowed))
        }
    }
}

fn allowed(route: &Route) -> &'static str {
    match route {
        Route::Base => "GET, HEAD",
        Route::Catalog | Route::Tags(_) | Route::Referrers(..) => "GET",
        Route::Manifest(..) => "GET, HEAD, PUT, DELETE",
        Route::Blob(..) => "GET, HEAD, DELETE",
        Route::Uploads(_) => "POST",
        Route::Upload(..) => "GET, PATCH, PUT, DELETE",
    }
}

/// A page of the web can have its own host name resolve to this computer and so reach the port with the person's
/// browser; the Host header tells (DNS rebinding).
fn is_for_us(request: &Request) -> bool {
    let host = request.headers().get(header::HOST).map(HeaderValue::to_str);
    match host {
        None => true,
        Some(Err(_)) => false,
        Some(Ok(host)) => oci::name::Registry::parse(host).is_ok_and(|host| host.is_loopback()),
    }
}

/// Runs what waits for the disk where waiting is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Fault::new(Code::Unknown, "the registry failed")),
    }
}

pub(crate) fn json_response(body: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A header's value of our own making.
pub(crate) fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("names, digests and numbers are visible ASCII")
}

pub(crate) fn empty(
    status: StatusCode,
    headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().extend(headers);
    response
}

/// The query's values by name, decoded; the first of each.
pub(crate) fn query(request: &Request, wanted: &str) -> Option<String> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(request.uri()).ok()?;
    pairs.into_iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
}

/// The digest or the tag as text, for messages.
pub(crate) fn selector_text(selector: &Selector) -> String {
    match selector {
        Selector::Tag(tag) => tag.as_str().to_owned(),
        Selector::Digest(digest) => digest.as_str().to_owned(),
        Selector::Impossible(text) => shown(text),
    }
}
