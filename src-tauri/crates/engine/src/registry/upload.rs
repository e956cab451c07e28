//! Uploading a blob, one request at a time: is it there, can it be mounted, where does an upload go, how far is it
//! (distribution-spec, "Pushing blobs"). The way from one to the next is in [`send`].
//!
//! Deliberately absent: the single POST with the whole blob, which most registries answer with 202 and begin again.

mod send;

use http::header::{CONTENT_LENGTH, RANGE};
use http::{HeaderValue, Method, StatusCode};
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::name::RepositoryName;
use url::Url;

use super::http::Repeat;
use super::manifest::content_digest;
use super::{Answer, RegistryClient, Request, Scope, refusal};
use crate::error::{Code, Error, Result, Side};
use crate::exchange::Purpose;
use crate::job::Job;

pub(super) use send::send;

/// Says how short a chunk may be, bytes (distribution-spec, "Pushing a blob in chunks").
const MIN_CHUNK: &str = "oci-chunk-min-length";
/// A registry that wants chunks of more than this wants none, bytes.
const LARGEST_MIN_CHUNK: u64 = 1 << 30;

/// An upload that the registry has begun: where its next bytes go.
#[derive(Clone, Debug)]
pub struct Session {
    pub(super) url: Url,
    /// The registry wants chunks, and none shorter than this but the last.
    pub(super) min_chunk: Option<u64>,
}

/// What came of a mount.
#[derive(Debug)]
pub enum Mounting {
    /// The repository has the blob now.
    Done,
    /// The registry wants it uploaded instead, here (202).
    Upload(Session),
    /// It does not mount, or not from there.
    Refused,
}

/// How far an upload is, as the registry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// So many bytes have arrived.
    At(u64),
    /// Nothing, or it can't be told: `0-0` is said of no byte and of one.
    Unclear,
}

impl RegistryClient {
    /// Whether a repository has a blob, of the size that its descriptor says.
    ///
    /// # Errors
    /// [`Code::AuthRequired`], [`Code::AuthRefused`], and what the transport gives.
    pub async fn has_blob(
        &self,
        repository: &RepositoryName,
        blob: &Descriptor,
        scope: &Scope,
        job: Option<&Job>,
    ) -> Result<bool> {
        let explanation =
            "Longshore asks whether the repository has this blob already: then it is not sent again.";
        let path = format!("/v2/{}/blobs/{}", repository.path(), blob.digest);
        let mut request = self.request(&path, Purpose::new("blob", explanation))?;
        request.method = Method::HEAD;
        request.digest = Some(blob.digest.clone());
        let answer = self.call(request, std::slice::from_ref(scope), job).await?;
        match answer.status {
            status if status.is_success() => {
                let size =
                    answer.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
                let fits = size.is_none_or(|size: u64| size == blob.size);
                answer.body.note(if fits { "it is there" } else { "it is there with another size" });
                Ok(fits)
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if self.is_own(&answer.url)? => {
                let object = format!("repository `{repository}`");
                Err(refusal(answer, &object, self.http().log().redactor()).await.at_digest(&blob.digest))
            }
            // Whatever else it says: what is not known to be there is sent.
            status if status.is_client_error() => {
                answer.body.note("it is not there");
                Ok(false)
            }
            _ => {
                let object = format!("blob `{}` of `{repository}`", blob.digest);
                Err(refusal(answer, &object, self.http().log().redactor()).await.at_digest(&blob.digest))
            }
        }
    }

    /// Asks the registry to take a blob over from another repository of its own. What it does not do is no error.
    ///
    /// # Errors
    /// What the transport gives; [`Code::ContentMismatch`] where it mounted another blob.
    pub async fn mount_blob(
        &self,
        repository: &RepositoryName,
        blob: &Descriptor,
        from: &RepositoryName,
        job: Option<&Job>,
    ) -> Result<Mounting> {
        let explanation = format!(
            "`{from}` has this blob and is in the same registry: Longshore asks to mount it, so that no byte is sent."
        );
        let query = format!("?mount={}&from={}", blob.digest, from.path());
        let mut request = self.upload_request(repository, &query, Purpose::new("mount", explanation))?;
        request.digest = Some(blob.digest.clone());
        let scopes = [Scope::push(repository), Scope::pull(from)];
        let answer = match self.call(request.clone(), &scopes, job).await {
            Ok(answer) => answer,
            // The account may not read there, say: then it is uploaded.
            Err(error) if !is_transport(&error) && error.code() != Code::Cancelled => {
                return Ok(Mounting::Refused);
            }
            Err(error) => return Err(error),
        };
        match answer.status {
            StatusCode::CREATED => {
                self.check_digest(&answer, &blob.digest)?;
                answer.body.note("mounted");
                Ok(Mounting::Done)
            }
            StatusCode::ACCEPTED => {
                let session = self.session(&answer, &request)?;
                answer.body.note("not mounted: to be uploaded");
                Ok(Mounting::Upload(session))
            }
            _ => {
                answer.body.note("not mounted");
                Ok(Mounting::Refused)
            }
        }
    }

    /// Begins an upload, of `blob` where it is for one.
    ///
    /// # Errors
    /// [`Code::AuthRequired`], [`Code::AuthRefused`]; [`Code::NotFound`] where the registry makes no repositories by
    /// itself; [`Code::ProtocolViolation`] where it does not say where the bytes go.
    pub async fn begin_upload(
        &self,
        repository: &RepositoryName,
        blob: Option<&Descriptor>,
        job: Option<&Job>,
    ) -> Result<Session> {
        let purpose = Purpose::new(
            "upload",
            "Longshore begins an upload; the registry answers where the bytes are to be sent.",
        );
        let mut request = self.upload_request(repository, "", purpose)?;
        request.digest = blob.map(|blob| blob.digest.clone());
        let answer = self.call(request.clone(), &[Scope::push(repository)], job).await?;
        if answer.status != StatusCode::ACCEPTED && answer.status != StatusCode::CREATED {
            return Err(self.push_refusal(answer, repository, None).await);
        }
        let session = self.session(&answer, &request)?;
        answer.body.note("where the bytes go");
        Ok(session)
    }

    /// Ends an upload that is not wanted any more. That it is gone already is fine.
    pub async fn cancel_upload(&self, repository: &RepositoryName, session: &Session) {
        let purpose = Purpose::new(
            "cancel",
            "The upload is not wanted any more: the registry may throw away what it has of it.",
        );
        let mut request = Request::get(session.url.clone(), purpose);
        request.method = Method::DELETE;
        request.repeat = Repeat::Never;
        // Nothing depends on it: a registry clears forgotten uploads away by itself.
        let _ = self.call(request, &[Scope::push(repository)], None).await;
    }

    /// Asks how much of an upload has arrived; none where the registry knows nothing of it any more.
    pub(super) async fn upload_progress(
        &self,
        repository: &RepositoryName,
        session: &mut Session,
        blob: &Descriptor,
        job: Option<&Job>,
    ) -> Result<Option<Progress>> {
        let purpose = Purpose::new(
            "progress",
            "The upload was interrupted: Longshore asks how much has arrived, and sends the rest.",
        );
        let mut request = Request::get(session.url.clone(), purpose);
        request.follow = false;
        request.digest = Some(blob.digest.clone());
        request.repeat = Repeat::AfterAnswer;
        let answer = self.call(request.clone(), &[Scope::push(repository)], job).await?;
        if !answer.status.is_success() {
            answer.body.note("it is not known any more");
            return Ok(None);
        }
        let progress = progress_of(&answer);
        match progress {
            Some(Progress::At(bytes)) => answer.body.note(&format!("{bytes} bytes have arrived")),
            _ => answer.body.note("nothing has arrived"),
        }
        self.go_on(&answer, &request, session)?;
        Ok(Some(progress.unwrap_or(Progress::Unclear)))
    }

    /// Takes over where the next request goes, if the answer says so.
    pub(super) fn go_on(&self, answer: &Answer, request: &Request, session: &mut Session) -> Result<()> {
        if let Some(url) = self.http().upload_location(answer, request)? {
            session.url = url;
        }
        Ok(())
    }

    fn upload_request(&self, repository: &RepositoryName, query: &str, purpose: Purpose) -> Result<Request> {
        let path = format!("/v2/{}/blobs/uploads/{query}", repository.path());
        let mut request = self.request(&path, purpose)?;
        request.method = Method::POST;
        // Begun twice is no harm: the registry forgets the one that is not used.
        request.repeat = Repeat::Always;
        Ok(request)
    }

    fn session(&self, answer: &Answer, request: &Request) -> Result<Session> {
        let Some(url) = self.http().upload_location(answer, request)? else {
            let why = format!("`{}` begins an upload but does not say where to", self.registry());
            answer.body.failed(&why);
            return Err(Error::new(Code::ProtocolViolation, why)
                .with_hint("The registry or a proxy in front of it is broken; ask its operator")
                .at_exchange(answer.body.exchange()));
        };
        let min_chunk =
            answer.headers.get(MIN_CHUNK).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Ok(Session { url, min_chunk: min_chunk.filter(|min| *min <= LARGEST_MIN_CHUNK) })
    }

    /// What a 4xx or 5xx means to someone who pushes; the object is the repository, or one blob or manifest of it.
    pub(super) async fn push_refusal(
        &self,
        answer: Answer,
        repository: &RepositoryName,
        object: Option<String>,
    ) -> Error {
        let status = answer.status;
        let object = object.unwrap_or_else(|| format!("an upload to `{repository}`"));
        let error = refusal(answer, &object, self.http().log().redactor()).await;
        let host = repository.registry();
        let (code, message, hint) = match status {
            StatusCode::UNAUTHORIZED => (
                Code::AuthRequired,
                format!("`{host}` wants an account for a push to `{repository}`"),
                format!("Sign in: `longshore login {host}`"),
            ),
            StatusCode::FORBIDDEN if error.code() == Code::AuthRefused => (
                Code::AuthRefused,
                format!("`{host}` does not let this account push to `{repository}`"),
                format!("Sign in with an account that may: `longshore login {host}`, or push under a name of your own"),
            ),
            StatusCode::NOT_FOUND => (
                Code::NotFound,
                format!("`{host}` takes no push to `{repository}`"),
                "Create the repository there first, or correct its name; some registries make none by themselves"
                    .to_owned(),
            ),
            StatusCode::METHOD_NOT_ALLOWED => (
                Code::RegistryRefused,
                format!("`{host}` takes no pushes"),
                "It is read-only, a mirror perhaps: push to the registry behind it".to_owned(),
            ),
            _ => return error.on_side(Side::Sink),
        };
        let exchange = error.exchange();
        let told = Error::new(code, message).with_hint(hint).with_source(error).on_side(Side::Sink);
        if let Some(exchange) = exchange { told.at_exchange(exchange) } else { told }
    }

    /// Compares the digest that the registry says it has with what it was sent (fault 115). One of another algorithm
    /// says nothing: registries name what they keep as they like.
    pub(super) fn check_digest(&self, answer: &Answer, sent: &Digest) -> Result<()> {
        let Some(said) = content_digest(answer)? else { return Ok(()) };
        if said == *sent || said.algorithm() != sent.algorithm() {
            return Ok(());
        }
        let why = format!("`{}` was sent `{sent}` and says that it has `{said}`", self.registry());
        answer.body.failed(&why);
        Err(Error::new(Code::ContentMismatch, why)
            .with_hint("The registry or a proxy on the way changed it; nothing was published")
            .at_digest(sent)
            .at_exchange(answer.body.exchange())
            .on_side(Side::Sink))
    }
}

/// A session's URL with the digest that ends it; what the query has already is kept as it is.
pub(super) fn with_digest(url: &Url, digest: &Digest) -> Url {
    let mut url = url.clone();
    let query = match url.query() {
        Some(query) if !query.is_empty() => format!("{query}&digest={digest}"),
        _ => format!("digest={digest}"),
    };
    url.set_query(Some(&query));
    url
}

/// `0-LAST`, both ends included; some say `bytes=0-LAST`.
fn progress_of(answer: &Answer) -> Option<Progress> {
    let value = answer.headers.get(RANGE)?.to_str().ok()?.trim();
    progress(value)
}

fn progress(value: &str) -> Option<Progress> {
    let value = value.strip_prefix("bytes=").or_else(|| value.strip_prefix("bytes ")).unwrap_or(value);
    let last: u64 = value.strip_prefix("0-")?.parse().ok()?;
    Some(if last == 0 { Progress::Unclear } else { Progress::At(last.checked_add(1)?) })
}

fn is_transport(error: &Error) -> bool {
    matches!(error.code(), Code::Unreachable | Code::ConnectionLost | Code::Timeout | Code::TlsFailed)
}

/// `FIRST-LAST`, both ends included, without a unit (distribution-spec).
fn content_range(from: u64, length: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("{from}-{}", (from + length).saturating_sub(1)))
        .expect("digits and a dash")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_uploads_range_is_read_in_every_form() {
        let rows = [
            ("usual", "0-99", Some(Progress::At(100))),
            ("with a unit", "bytes=0-99", Some(Progress::At(100))),
            ("none or one byte", "0-0", Some(Progress::Unclear)),
            ("not from the start", "5-99", None),
            ("garbage", "everything", None),
            ("enormous", "0-18446744073709551615", None),
        ];
        for (name, value, want) in rows {
            assert_eq!(progress(value), want, "{name}");
        }
    }

    #[test]
    fn a_digest_is_added_to_whatever_query_there_is() {
        let digest = Digest::sha256(b"");
        let rows = [
            ("none", "https://r.test/u/1", format!("https://r.test/u/1?digest={digest}")),
            ("empty", "https://r.test/u/1?", format!("https://r.test/u/1?digest={digest}")),
            (
                "a state that must not change",
                "https://r.test/u/1?_state=a%2Bb%3D%3D&x",
                format!("https://r.test/u/1?_state=a%2Bb%3D%3D&x&digest={digest}"),
            ),
        ];
        for (name, url, want) in rows {
            assert_eq!(with_digest(&Url::parse(url).unwrap(), &digest).as_str(), want, "{name}");
        }
    }

    #[test]
    fn a_chunks_range_has_no_unit() {
        assert_eq!(content_range(0, 5), "0-4");
        assert_eq!(content_range(5, 1), "5-5");
    }
}
