//! Uploads: in one request, in one stream or in chunks, and mounts (distribution-spec, "Pushing blobs").
//!
//! Bytes go to a temporary file of the store as they come, hashed on the way, so memory stays flat. What arrived before
//! a connection broke counts: the client asks for the session's state and goes on from there.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher as _, RandomState};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use engine::store::{hash_file, io_error, io_error_needing};
use futures_util::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use oci::digest::{Algorithm, Digest, Hasher};
use tokio::sync::{OwnedMutexGuard, mpsc};

use crate::fault::{Code, Fault};
use crate::repositories::{RepositoryPath, lock};
use crate::respond::{Answer, CONTENT_DIGEST, Shared, blocking, empty, query, value};
use crate::route::digest;

const UPLOAD_ID: HeaderName = HeaderName::from_static("docker-upload-uuid");
/// More at once are a client's mistake: the oldest then gives way.
const MOST_SESSIONS: usize = 1000;
/// Frames of a body that wait for the disk.
const WAITING_FRAMES: usize = 4;

/// The uploads that were begun and not finished.
#[derive(Default)]
pub(crate) struct Uploads {
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    begun: AtomicU64,
    random: RandomState,
}

struct Session {
    repository: RepositoryPath,
    id: String,
    /// In the order in which they began.
    number: u64,
    /// Bytes on disk; grows while a request writes.
    received: AtomicU64,
    content: Arc<tokio::sync::Mutex<Content>>,
}

/// The file of a session, deleted with it unless it became a blob.
struct Content {
    file: File,
    path: PathBuf,
    hasher: Hasher,
    size: u64,
}

impl Drop for Content {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Uploads {
    fn begin(
        &self,
        registry: &crate::respond::Registry,
        repository: RepositoryPath,
    ) -> Result<Arc<Session>, Fault> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let mut random = self.random.build_hasher();
        random.write_u64(number);
        let id = format!("{:016x}-{number}", random.finish());
        let path = registry.repositories.store().ingest_dir().join(format!("upload-{id}"));
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(|error| io_error(&path, "create", error))?;
        let content = Content { file, path, hasher: Hasher::new(Algorithm::Sha256), size: 0 };
        let content = Arc::new(tokio::sync::Mutex::new(content));
        let session = Arc::new(Session { repository, id, number, received: AtomicU64::new(0), content });
        let mut sessions = lock(&self.sessions);
        if sessions.len() >= MOST_SESSIONS
            && let Some(oldest) =
                sessions.values().min_by_key(|session| session.number).map(|oldest| oldest.id.clone())
        {
            sessions.remove(&oldest);
        }
        sessions.insert(session.id.clone(), session.clone());
        Ok(session)
    }

    fn find(&self, repository: &RepositoryPath, id: &str) -> Result<Arc<Session>, Fault> {
        let found = lock(&self.sessions).get(id).filter(|session| session.repository == *repository).cloned();
        found.ok_or_else(|| {
            Fault::new(Code::BlobUploadUnknown, "there is no such upload: it ended, or never began")
        })
    }

    fn end(&self, session: &Session) {
        lock(&self.sessions).remove(&session.id);
    }
}

impl Session {
    fn location(&self) -> HeaderValue {
        value(&format!("/v2/{}/blobs/uploads/{}", self.repository, self.id))
    }

    /// How far the upload is: the range so far, both ends included; `0-0` before the first byte as well.
    fn state(&self, status: StatusCode) -> Response {
        let last = self.received.load(Ordering::Acquire).saturating_sub(1);
        empty(
            status,
            [
                (header::LOCATION, self.location()),
                (header::RANGE, value(&format!("0-{last}"))),
                (UPLOAD_ID, value(&self.id)),
            ],
        )
    }

    fn gap(&self, message: String) -> Fault {
        let last = self.received.load(Ordering::Acquire).saturating_sub(1);
        Fault::new(Code::BlobUploadInvalid, message)
            .with_status(StatusCode::RANGE_NOT_SATISFIABLE)
            .with_header(header::LOCATION, self.location())
            .with_header(header::RANGE, value(&format!("0-{last}")))
    }
}

/// POST: a mount, a whole blob, or the begin of a session.
pub(crate) async fn begin(registry: Shared, name: RepositoryPath, request: Request) -> Answer {
    if let Some(mount) = query(&request, "mount") {
        let mount = digest(&mount)?;
        let from = query(&request, "from").and_then(|from| RepositoryPath::parse(&from));
        let (registry, name) = (registry.clone(), name.clone());
        if let Some(answer) = blocking(move || mount_blob(&registry, &name, from.as_ref(), &mount)).await? {
            return Ok(answer);
        }
    }
    let whole = query(&request, "digest").map(|text| digest(&text)).transpose()?;
    let beginning = registry.clone();
    let session = blocking(move || beginning.uploads.begin(&beginning, name)).await?;
    match whole {
        None => {
            let mut answer = session.state(StatusCode::ACCEPTED);
            answer.headers_mut().insert(header::RANGE, HeaderValue::from_static("0-0"));
            Ok(answer)
        }
        Some(digest) => {
            let outcome = async {
                let content = append(&session, request.into_body(), None).await?;
                commit(registry.clone(), session.clone(), content, digest).await
            };
            let outcome = outcome.await;
            registry.uploads.end(&session);
            outcome
        }
    }
}

/// None where the other repository does not have the blob: then the client uploads it.
fn mount_blob(
    registry: &Shared,
    name: &RepositoryPath,
    from: Option<&RepositoryPath>,
    digest: &Digest,
) -> Result<Option<Response>, Fault> {
    let repositories = &registry.repositories;
    let Some(from) = from else { return Ok(None) };
    if repositories.blob(from, digest)?.is_none() {
        return Ok(None);
    }
    repositories.link(name, digest);
    Ok(Some(created(name, digest)))
}

fn created(name: &RepositoryPath, digest: &Digest) -> Response {
    empty(
        StatusCode::CREATED,
        [
            (header::LOCATION, value(&format!("/v2/{name}/blobs/{digest}"))),
            (CONTENT_DIGEST, value(digest.as_str())),
        ],
    )
}

pub(crate) fn status(registry: &Shared, name: &RepositoryPath, id: &str) -> Answer {
    Ok(registry.uploads.find(name, id)?.state(StatusCode::NO_CONTENT))
}

pub(crate) fn cancel(registry: &Shared, name: &RepositoryPath, id: &str) -> Answer {
    registry.uploads.end(&*registry.uploads.find(name, id)?);
    Ok(empty(StatusCode::NO_CONTENT, []))
}

/// PATCH: the next chunk, or all of it in one stream.
pub(crate) async fn patch(registry: Shared, name: RepositoryPath, id: String, request: Request) -> Answer {
    let session = registry.uploads.find(&name, &id)?;
    let range = content_range(request.headers())?;
    append(&session, request.into_body(), range).await?;
    Ok(session.state(StatusCode::ACCEPTED))
}

/// PUT: the last chunk, if any, and the digest that the whole must have.
pub(crate) async fn finish(registry: Shared, name: RepositoryPath, id: String, request: Request) -> Answer {
    let session = registry.uploads.find(&name, &id)?;
    let Some(wanted) = query(&request, "digest") else {
        return Err(Fault::new(Code::DigestInvalid, "the end of an upload names its digest: `?digest=`"));
    };
    let wanted = digest(&wanted)?;
    let range = content_range(request.headers())?;
    let content = append(&session, request.into_body(), range).await?;
    let outcome = commit(registry.clone(), session.clone(), content, wanted).await;
    registry.uploads.end(&session);
    outcome
}

/// A chunk's place, both ends included: `a-b`, without a unit (distribution-spec, "Pushing a blob in chunks").
fn content_range(headers: &HeaderMap) -> Result<Option<(u64, u64)>, Fault> {
    let Some(text) = headers.get(header::CONTENT_RANGE) else { return Ok(None) };
    let range = text.to_str().ok().and_then(|text| {
        let text = text.strip_prefix("bytes ").unwrap_or(text);
        let (first, last) = text.split_once('/').map_or(text, |(range, _)| range).split_once('-')?;
        Some((first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?))
    });
    match range {
        Some((first, last)) if first <= last => Ok(Some((first, last))),
        _ => Err(Fault::new(Code::BlobUploadInvalid, "Content-Range is two numbers, `first-last`")),
    }
}

type Open = OwnedMutexGuard<Content>;

/// Writes a body to the end of the session's file, alone among the requests for it. What was written stays when the
/// body breaks off or the disk is full.
async fn append(session: &Arc<Session>, body: Body, range: Option<(u64, u64)>) -> Result<Open, Fault> {
    let mut content = session.content.clone().lock_owned().await;
    let start = content.size;
    if let Some((first, _)) = range
        && first != start
    {
        return Err(session.gap(format!("the chunk begins at byte {first}, the upload is at byte {start}")));
    }
    let mut frames = body.into_data_stream();
    let Some(first) = frames.next().await else {
        return match range {
            Some(_) => Err(Fault::new(Code::SizeInvalid, "the chunk is empty, its Content-Range is not")),
            None => Ok(content),
        };
    };
    let (sender, mut waiting) = mpsc::channel::<Bytes>(WAITING_FRAMES);
    let progress = session.clone();
    let writing = tokio::task::spawn_blocking(move || {
        let mut outcome = Ok(());
        while let Some(frame) = waiting.blocking_recv() {
            outcome = content.write(&frame);
            if outcome.is_err() {
                break;
            }
            progress.received.store(content.size, Ordering::Release);
        }
        (content, outcome)
    });
    let mut next = Some(first);
    let mut broken = false;
    while let Some(frame) = next {
        let Ok(frame) = frame else {
            broken = true;
            break;
        };
        if sender.send(frame).await.is_err() {
            // The writer failed; it says how.
            break;
        }
        next = frames.next().await;
    }
    drop(sender);
    let Ok((content, outcome)) = writing.await else {
        return Err(Fault::new(Code::Unknown, "the registry failed"));
    };
    outcome?;
    if broken {
        let message =
            format!("the connection broke off after byte {}: ask for the state and go on", content.size);
        return Err(Fault::new(Code::BlobUploadInvalid, message));
    }
    if let Some((first, last)) = range
        && content.size - start != last - first + 1
    {
        let message = format!(
            "the chunk has {} bytes, its Content-Range says {}",
            content.size - start,
            last - first + 1
        );
        return Err(Fault::new(Code::SizeInvalid, message));
    }
    Ok(content)
}

impl Content {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let written = self.file.write_all_at(bytes, self.size);
        written.map_err(|error| io_error_needing(&self.path, "write", bytes.len() as u64, error))?;
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// The digest of what was written. SHA-256 is known; another is read again.
    fn digest(&self, algorithm: Algorithm) -> engine::Result<Digest> {
        if algorithm == Algorithm::Sha256 {
            return Ok(self.hasher.clone().finish());
        }
        let again = File::open(&self.path).and_then(|file| hash_file(&file, algorithm));
        again.map_err(|error| io_error(&self.path, "read", error))
    }
}

/// Makes the session's file the blob `wanted`, if it is that.
async fn commit(registry: Shared, session: Arc<Session>, content: Open, wanted: Digest) -> Answer {
    blocking(move || {
        // A failed write may have left bytes after the end.
        let cut = content.file.set_len(content.size);
        cut.map_err(|error| io_error(&content.path, "write", error))?;
        let found = content.digest(wanted.algorithm())?;
        if found != wanted {
            let message = format!("the {} bytes that arrived are `{found}`, not `{wanted}`", content.size);
            return Err(Fault::new(Code::DigestInvalid, message));
        }
        content.file.sync_data().map_err(|error| io_error(&content.path, "save", error))?;
        registry.repositories.store().commit(&content.path, &wanted)?;
        registry.repositories.link(&session.repository, &wanted);
        Ok(created(&session.repository, &wanted))
    })
    .await
}
