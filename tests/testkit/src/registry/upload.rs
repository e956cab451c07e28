//! Pushing to the fake registry: sessions, mounts and manifests, with the habits that real registries have.

use std::collections::BTreeMap;

use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::Node;
use oci::media_type::is_foreign_layer;
use serde_json::json;

use super::{Content, problem};
use crate::image::Object;
use crate::server::{Reply, Request};

/// What registries do differently.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    /// Every Location begins with this origin; else they are relative.
    pub uploads_at: Option<String>,
    /// `OCI-Chunk-Min-Length` of every session; a shorter chunk that is not the last is refused with 416.
    pub min_chunk: Option<u64>,
    /// Answers every mount with 202 and a session.
    pub no_mounts: bool,
    /// Enters manifests among their subject's referrers, and says so.
    pub referrers: bool,
    /// Takes manifests whose foreign layers are not there.
    pub foreign_layers: bool,
    /// Answers a PATCH with 201, as ECR does.
    pub patch_created: bool,
    /// Says after every PATCH that the upload stands where it stood before; the number says for how many of them.
    pub stuck: usize,
}

/// Uploads under way, and the habits.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    sessions: BTreeMap<String, Session>,
    begun: u64,
    pub(super) habits: Habits,
}

#[derive(Debug)]
struct Session {
    repository: String,
    bytes: Vec<u8>,
}

impl Uploads {
    /// Sessions that were begun and neither finished nor ended.
    pub(super) fn open(&self) -> usize {
        self.sessions.len()
    }

    fn session(&self, id: &str, status: u16) -> Reply {
        let session = &self.sessions[id];
        let last = session.bytes.len().saturating_sub(1);
        let origin = self.habits.uploads_at.clone().unwrap_or_default();
        let location = format!("{origin}/v2/{}/blobs/uploads/{id}?_state=a%2Bb%3D", session.repository);
        let reply = Reply::status(status).with("Location", &location).with("Range", &format!("0-{last}"));
        match self.habits.min_chunk {
            Some(min) => reply.with("OCI-Chunk-Min-Length", &min.to_string()),
            None => reply,
        }
    }

    fn begin(&mut self, repository: &str) -> Reply {
        self.begun += 1;
        let id = format!("session-{}", self.begun);
        self.sessions.insert(id.clone(), Session { repository: repository.to_owned(), bytes: Vec::new() });
        self.session(&id, 202)
    }
}

/// Everything that writes to `repository`; `rest` is what follows `/blobs/uploads/`.
pub(super) fn upload(
    request: &Request,
    content: &mut Content,
    uploads: &mut Uploads,
    name: &str,
    rest: &str,
) -> Reply {
    let parameter = |name: &str| request.query_values(name).into_iter().next();
    if request.method == "POST" {
        if let (Some(mount), Some(from)) = (parameter("mount"), parameter("from")) {
            let found =
                mount.parse().ok().and_then(|digest: Digest| content.get(&from)?.blobs.get(&digest).cloned());
            if let Some(blob) = found.filter(|_| !uploads.habits.no_mounts) {
                let digest = blob.digest.clone();
                content.entry(name.to_owned()).or_default().blobs.insert(digest.clone(), blob);
                return created(name, &digest);
            }
        }
        return uploads.begin(name);
    }
    if uploads.sessions.get(rest).is_none_or(|session| session.repository != name) {
        return problem(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
    }
    match request.method.as_str() {
        "GET" => uploads.session(rest, 204),
        "DELETE" => {
            uploads.sessions.remove(rest);
            Reply::status(204)
        }
        "PATCH" => patch(request, uploads, rest),
        "PUT" => finish(request, content, uploads, name, rest),
        _ => problem(405, "UNSUPPORTED", "the operation is unsupported"),
    }
}

fn patch(request: &Request, uploads: &mut Uploads, id: &str) -> Reply {
    let session = uploads.sessions.get_mut(id).expect("it was looked for");
    let first =
        request.header("content-range").map(|range| range.split('-').next().unwrap_or_default().parse());
    if first.is_some_and(|first| first != Ok(session.bytes.len())) {
        return uploads.session(id, 416);
    }
    if uploads.habits.stuck > 0 && !request.partial {
        uploads.habits.stuck -= 1;
        let stands = session.bytes.len().saturating_sub(1);
        return uploads.session(id, 202).with("Range", &format!("0-{stands}"));
    }
    session.bytes.extend_from_slice(&request.body);
    uploads.session(id, if uploads.habits.patch_created { 201 } else { 202 })
}

fn finish(request: &Request, content: &mut Content, uploads: &mut Uploads, name: &str, id: &str) -> Reply {
    let session = uploads.sessions.get_mut(id).expect("it was looked for");
    session.bytes.extend_from_slice(&request.body);
    if request.partial {
        return uploads.session(id, 202);
    }
    let wanted =
        request.query_values("digest").into_iter().next().and_then(|text| text.parse::<Digest>().ok());
    let state = request.query_values("_state");
    let Some(wanted) = wanted.filter(|_| state == ["a+b="]) else {
        return problem(400, "DIGEST_INVALID", "the query is not what it should be");
    };
    if Digest::of(wanted.algorithm(), &session.bytes) != wanted {
        return problem(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    let session = uploads.sessions.remove(id).expect("it was looked for");
    let blob = Object::misnamed("application/octet-stream", wanted.clone(), session.bytes);
    content.entry(name.to_owned()).or_default().blobs.insert(wanted.clone(), blob);
    created(name, &wanted)
}

fn created(name: &str, digest: &Digest) -> Reply {
    Reply::status(201)
        .with("Location", &format!("/v2/{name}/blobs/{digest}"))
        .with("Docker-Content-Digest", digest.as_str())
}

/// PUT of a manifest: refused where something that it lists is missing.
pub(super) fn manifest(
    request: &Request,
    content: &mut Content,
    habits: &Habits,
    name: &str,
    selector: &str,
) -> Reply {
    let media_type = request.header("content-type").unwrap_or_default();
    let Ok(node) = Node::parse(&request.body, Some(media_type)) else {
        return problem(400, "MANIFEST_INVALID", "manifest invalid");
    };
    let repository = content.entry(name.to_owned()).or_default();
    let is_elsewhere = |child: &Descriptor| {
        habits.foreign_layers && is_foreign_layer(&child.media_type) && !child.urls.is_empty()
    };
    let is_there = |child: &Descriptor| match &node {
        Node::Index(_) => repository.manifests.contains_key(&child.digest),
        Node::Manifest(_) => repository.blobs.contains_key(&child.digest) || is_elsewhere(child),
    };
    if let Some(missing) = node.successors().into_iter().find(|child| !is_there(child)) {
        return problem(400, "MANIFEST_BLOB_UNKNOWN", &format!("blob unknown: {}", missing.digest));
    }
    let asked: Option<Digest> = selector.parse().ok();
    let algorithm = asked.as_ref().map_or(oci::digest::Algorithm::Sha256, Digest::algorithm);
    let object = Object::with_algorithm(algorithm, media_type, request.body.clone());
    let digest = object.digest.clone();
    match asked {
        Some(asked) if asked != digest => return problem(400, "DIGEST_INVALID", "another digest"),
        Some(_) => {}
        None => {
            repository.tags.insert(selector.to_owned(), digest.clone());
        }
    }
    repository.manifests.insert(digest.clone(), object);
    let reply = Reply::json(201, &json!({})).with("Docker-Content-Digest", digest.as_str());
    match node.subject() {
        Some(subject) if habits.referrers => reply.with("OCI-Subject", subject.digest.as_str()),
        _ => reply,
    }
}
