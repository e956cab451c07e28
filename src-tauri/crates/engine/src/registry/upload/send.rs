//! One blob's way up: in one request where nothing is in the way, in the rest of one where it broke off, in chunks
//! where the registry or a proxy wants them.
//!
//! What the registry has is never guessed: after every interruption it is asked (fault 113), and where it can't say, the
//! upload begins again with a fresh session. Nothing is sent blindly twice. Whatever fails without progress, a question
//! included, counts against one number of tries.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use oci::descriptor::Descriptor;
use oci::name::RepositoryName;

mod stop;

use stop::Stop;

use super::{Progress, Session, content_range, is_transport, progress_of, with_digest};
use crate::endpoint::{Content, Proof};
use crate::error::{Code, Error, Result, Side};
use crate::exchange::Purpose;
use crate::job::{Job, TransferEvent};
use crate::registry::http::{Outgoing, Repeat};
use crate::registry::{Answer, RegistryClient, Request, Scope};

/// Tries without progress, the first counted.
const TRIES: u32 = 5;
/// As much counts as progress, bytes.
const PROGRESS: u64 = 256 * 1024;
/// Sessions that one blob may use up.
const SESSIONS: u32 = 4;
/// What a chunk has where nothing else is asked for, bytes.
const CHUNK: u64 = 16 << 20;
/// Below this a registry that still finds chunks too large is given up, bytes.
const SMALLEST_CHUNK: u64 = 256 << 10;

/// Uploads a blob into `repository`. `session` is told where the upload is, so that whoever cancels can end it; it may
/// be one that a mount began.
pub(in crate::registry) async fn send(
    client: &RegistryClient,
    repository: &RepositoryName,
    content: &Content,
    session: Option<Session>,
    note: impl Fn(&Session) + Send + Sync,
) -> Result<()> {
    let session = match session {
        Some(session) => session,
        None => client.begin_upload(repository, Some(content.descriptor()), Some(content.job())).await?,
    };
    note(&session);
    let chunk = session.min_chunk.map(|min| min.max(CHUNK));
    let blob = content.descriptor();
    let mut upload = Upload {
        client,
        repository,
        content,
        proof: content.proof(),
        session,
        note: &note,
        at: 0,
        unsure: false,
        chunk: chunk.filter(|chunk| *chunk < blob.size),
    };
    loop {
        let refused = match upload.run().await {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        if refused.code() != Code::ContentMismatch || !content.is_doubted() {
            return Err(content.blame(refused).await);
        }
        // The source has it from another place as well: from the beginning, with nothing of what was wrong.
        upload.tell_again(Duration::ZERO, format!("beginning again: {}", refused.message()));
        upload.begin_again().await?;
        upload.proof = content.proof();
    }
}

struct Upload<'a> {
    client: &'a RegistryClient,
    repository: &'a RepositoryName,
    content: &'a Content,
    proof: Proof,
    session: Session,
    note: &'a (dyn Fn(&Session) + Send + Sync),
    /// Bytes that the registry has.
    at: u64,
    /// Whether it has to be asked how many these are before anything else is sent.
    unsure: bool,
    /// In chunks of this many bytes; none for all of it at once.
    chunk: Option<u64>,
}

impl Upload<'_> {
    async fn run(&mut self) -> Result<()> {
        let job = self.content.job();
        let (mut tries, mut sessions, mut moves) = (0, 1, 0);
        loop {
            job.checkpoint().await?;
            let before = self.at;
            let stop = match self.step().await {
                Ok(()) => return Ok(()),
                Err(stop) => stop,
            };
            let gone = matches!(stop, Stop::Gone(_) | Stop::Forgotten);
            let error = match stop {
                Stop::More => {
                    tries = 0;
                    continue;
                }
                Stop::Failed(error) => return Err(self.error(error)),
                Stop::Moved if moves < TRIES => {
                    moves += 1;
                    continue;
                }
                Stop::Moved => return Err(self.error(self.lost("sends the upload round in circles"))),
                Stop::TooLarge(answer) => {
                    if !self.smaller_chunks() {
                        let object = format!("blob `{}`", self.content.descriptor().digest);
                        let refused = self.client.push_refusal(*answer, self.repository, Some(object)).await;
                        return Err(self.error(refused.with_hint(
                            "A proxy in front of the registry limits the size of requests; ask its operator to raise the limit",
                        )));
                    }
                    None
                }
                Stop::Paused => {
                    job.checkpoint().await?;
                    None
                }
                Stop::Forgotten => None,
                Stop::Misplaced => Some(self.lost("wants other bytes than those that come next")),
                Stop::Broke(error) | Stop::Gone(error) => Some(error),
                Stop::Busy(answer) => {
                    tries += 1;
                    let digest = &self.content.descriptor().digest;
                    if tries > TRIES
                        || !self.client.http().wait_after_answer(&answer, tries, digest, Some(job)).await?
                    {
                        let object = format!("blob `{digest}`");
                        let refused = self.client.push_refusal(*answer, self.repository, Some(object)).await;
                        return Err(self.error(refused));
                    }
                    None
                }
            };
            self.unsure = !gone;
            if let Some(error) = error {
                tries = if self.at >= before + PROGRESS { 1 } else { tries + 1 };
                if tries >= TRIES {
                    return Err(self.error(error));
                }
                // Twice in the same place in one piece: a proxy may not bear long requests.
                if tries > 2 {
                    self.smaller_chunks();
                }
                self.wait(&error, tries).await?;
            }
            if gone {
                if self.is_there().await {
                    return Ok(());
                }
                sessions += 1;
                if sessions > SESSIONS {
                    return Err(self.error(self.lost("forgets the upload again and again")));
                }
                self.begin_again().await?;
            }
        }
    }

    /// The next request.
    async fn step(&mut self) -> Result<(), Stop> {
        if self.unsure {
            self.find_place().await?;
        }
        let size = self.content.descriptor().size;
        match self.chunk {
            None if self.at == 0 => self.put(size).await,
            _ if self.at == size => self.put(0).await,
            chunk => {
                let length = chunk.unwrap_or(u64::MAX).min(size - self.at);
                self.patch(length).await?;
                Err(Stop::More)
            }
        }
    }

    /// Ends the upload: with the whole blob, or with nothing where all of it has arrived.
    async fn put(&mut self, length: u64) -> Result<(), Stop> {
        let Descriptor { digest, size, .. } = self.content.descriptor().clone();
        if size == 0 {
            self.proof.verdict().await.map_err(Stop::Failed)?;
        }
        let explanation = if length > 0 {
            "The whole blob goes up in one request, with its digest in the address: the registry compares them."
        } else {
            "All bytes are there: the digest ends the upload, and the registry compares it with what it has."
        };
        let mut request =
            Request::get(with_digest(&self.session.url, &digest), Purpose::new("upload", explanation));
        request.method = Method::PUT;
        let answer = self.exchange(&mut request, length).await?;
        match answer.status {
            // The spec's 201, and what old registries say for it.
            StatusCode::CREATED | StatusCode::NO_CONTENT | StatusCode::OK => {
                self.client.check_digest(&answer, &digest).map_err(Stop::Failed)?;
                answer.body.note("the registry has it");
                Ok(())
            }
            _ => Err(self.refused(answer, &request).await),
        }
    }

    async fn patch(&mut self, length: u64) -> Result<(), Stop> {
        let purpose = Purpose::new(
            "upload",
            format!("Bytes from {} on: the part of the blob that the registry does not have yet.", self.at),
        );
        let mut request = Request::get(self.session.url.clone(), purpose);
        request.method = Method::PATCH;
        request.headers.insert(CONTENT_RANGE, content_range(self.at, length));
        let answer = self.exchange(&mut request, length).await?;
        match answer.status {
            // ECR answers 201, old registries 204.
            StatusCode::ACCEPTED | StatusCode::CREATED | StatusCode::NO_CONTENT | StatusCode::OK => {
                self.client.go_on(&answer, &request, &mut self.session).map_err(Stop::Failed)?;
                (self.note)(&self.session);
                let end = self.at + length;
                match progress_of(&answer) {
                    // It took a part: the rest comes next.
                    Some(Progress::At(arrived)) if arrived > self.at && arrived < end => self.at = arrived,
                    Some(Progress::At(arrived)) if arrived != end => {
                        return Err(Stop::Gone(self.lost("does not count the bytes that it is sent")));
                    }
                    _ => self.at = end,
                }
                answer.body.note(&format!("{} bytes are there", self.at));
                Ok(())
            }
            _ => Err(self.refused(answer, &request).await),
        }
    }

    async fn exchange(&self, request: &mut Request, length: u64) -> Result<Answer, Stop> {
        request.follow = false;
        request.digest = Some(self.content.descriptor().digest.clone());
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        if length > 0 {
            request.stream = Some(self.body(length));
        } else {
            request.body = Some(Bytes::new());
            request.repeat = Repeat::AfterAnswer;
        }
        let job = self.content.job();
        let scopes = [Scope::push(self.repository)];
        tokio::select! {
            biased;
            () = job.cancelled() => Err(Stop::Failed(Error::cancelled())),
            () = job.paused(), if length > 0 => Err(Stop::Paused),
            answer = self.client.call(request.clone(), &scopes, Some(job)) => Ok(answer?),
        }
    }

    fn body(&self, length: u64) -> Outgoing {
        let job = self.content.job().clone();
        let blob = self.content.descriptor();
        let (from, size, digest) = (self.at, blob.size, blob.digest.clone());
        let teller = std::sync::Mutex::new(self.content.teller());
        Outgoing::new(length, self.content.feed(from, from + length, &self.proof), move |sent| {
            teller.lock().expect("nothing panics while it tells").done(from + sent);
            if from + sent == size {
                job.emit(TransferEvent::Verifying { digest: digest.clone() });
            }
        })
    }

    async fn refused(&mut self, answer: Answer, request: &Request) -> Stop {
        match answer.status {
            StatusCode::RANGE_NOT_SATISFIABLE => {
                answer.body.note("these are not the bytes that come next");
                Stop::Misplaced
            }
            StatusCode::PAYLOAD_TOO_LARGE => Stop::TooLarge(Box::new(answer)),
            StatusCode::NOT_FOUND => {
                answer.body.note("the upload is not known any more");
                Stop::Gone(self.lost("has forgotten the upload"))
            }
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => {
                let mut session = self.session.clone();
                match self.client.go_on(&answer, request, &mut session) {
                    Ok(()) if session.url != request.url => {
                        answer.body.note("the bytes go elsewhere");
                        self.session.url = without_digest(session.url);
                        (self.note)(&self.session);
                        Stop::Moved
                    }
                    Ok(()) => Stop::Failed(self.lost("redirects an upload to nowhere")),
                    Err(error) => Stop::Failed(error),
                }
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Stop::Busy(Box::new(answer)),
            status if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED => {
                Stop::Busy(Box::new(answer))
            }
            _ => {
                let object = format!("blob `{}` of `{}`", self.content.descriptor().digest, self.repository);
                Stop::Failed(self.client.push_refusal(answer, self.repository, Some(object)).await)
            }
        }
    }

    /// Asks how much has arrived.
    async fn find_place(&mut self) -> Result<(), Stop> {
        let (blob, job) = (self.content.descriptor(), self.content.job());
        let asked = self.client.upload_progress(self.repository, &mut self.session, blob, Some(job)).await;
        match asked {
            Ok(Some(Progress::At(bytes))) if bytes <= blob.size => {
                (self.at, self.unsure) = (bytes, false);
                (self.note)(&self.session);
                Ok(())
            }
            Err(error) if error.code() == Code::Cancelled || is_transport(&error) => Err(error.into()),
            _ => Err(Stop::Forgotten),
        }
    }

    /// Whether the upload ended well and only the answer was lost.
    async fn is_there(&self) -> bool {
        let (content, scope) = (self.content, Scope::push(self.repository));
        let job = Some(content.job());
        self.client.has_blob(self.repository, content.descriptor(), &scope, job).await.unwrap_or(false)
    }

    async fn begin_again(&mut self) -> Result<()> {
        let job = self.content.job();
        job.run(async {
            self.client.cancel_upload(self.repository, &self.session).await;
            Ok(())
        })
        .await?;
        let blob = Some(self.content.descriptor());
        self.session = self.client.begin_upload(self.repository, blob, Some(job)).await?;
        (self.at, self.unsure) = (0, false);
        (self.note)(&self.session);
        Ok(())
    }

    /// Halves the chunks, or begins with them; whether that is possible.
    fn smaller_chunks(&mut self) -> bool {
        let size = self.content.descriptor().size;
        let least = self.session.min_chunk.unwrap_or(0).max(SMALLEST_CHUNK);
        let next = self.chunk.map_or(CHUNK.min(size / 2), |chunk| chunk / 2);
        if next < least {
            return false;
        }
        self.chunk = Some(next);
        true
    }

    async fn wait(&self, error: &Error, tries: u32) -> Result<()> {
        let job: &Job = self.content.job();
        let wait = self.client.http().options().retry.backoff(tries);
        self.tell_again(wait, error.message().to_owned());
        job.run(async {
            tokio::time::sleep(wait).await;
            Ok(())
        })
        .await
    }

    fn tell_again(&self, wait: Duration, why: String) {
        let digest = Some(self.content.descriptor().digest.clone());
        self.content.job().emit(TransferEvent::Retrying { digest, wait, why });
    }

    fn lost(&self, what: &str) -> Error {
        Error::new(Code::ProtocolViolation, format!("`{}` {what}", self.repository.registry()))
            .with_hint("The registry or a proxy in front of it is in trouble; try again later")
    }

    fn error(&self, error: Error) -> Error {
        error.at_digest(&self.content.descriptor().digest).on_side(Side::Sink)
    }
}

/// The redirect of the request that ends an upload has the digest in its query already.
fn without_digest(mut url: url::Url) -> url::Url {
    let query = url.query().unwrap_or_default();
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("digest=")).collect();
    let kept = kept.join("&");
    url.set_query(Some(&kept).filter(|query| !query.is_empty()).map(String::as_str));
    url
}
