//! Blobs: opened at any byte, with what the answer really is (from where, to where) checked against the descriptor.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderValue, RANGE};
use oci::descriptor::Descriptor;
use oci::name::RepositoryName;

use super::http::{Body, Repeat, host_of, says_html, web_page};
use super::{Answer, RegistryClient, Scope, refusal};
use crate::blob::{BlobReader, ByteRange, ChunkSource, RangeProblem};
use crate::error::{Code, Error, Result};
use crate::exchange::Purpose;
use crate::job::Job;

impl RegistryClient {
    /// Opens a blob at `range.from`. The reader says where it really begins: 0 where the registry ignores ranges. A
    /// connection that breaks off or falls silent is not tried again here.
    ///
    /// # Errors
    /// [`Code::NotFound`]; [`Code::ContentMismatch`] where the registry announces another size than the descriptor;
    /// [`Code::ProtocolViolation`] with [`RangeProblem`] as its cause where the answer to a range is unusable.
    pub async fn open_blob(
        &self,
        repository: &RepositoryName,
        blob: &Descriptor,
        range: ByteRange,
        job: Option<&Job>,
    ) -> Result<BlobReader> {
        let explanation = if range.from > 0 {
            format!(
                "Longshore asks for the rest of the blob, from byte {}: what is on disk is not fetched again.",
                range.from
            )
        } else {
            "Longshore asks for the blob by its digest; the registry may answer itself or point to a CDN."
                .to_owned()
        };
        let path = format!("/v2/{}/blobs/{}", repository.path(), blob.digest);
        let mut request = self.request(&path, Purpose::new("blob", explanation))?;
        if !range.is_whole() {
            let value = HeaderValue::from_str(&range.header()).expect("digits and a dash");
            request.headers.insert(RANGE, value);
        }
        request.digest = Some(blob.digest.clone());
        // Whoever reads a blob goes on by itself where it breaks off: tries within tries would take minutes.
        if request.repeat == Repeat::ByMethod {
            request.repeat = Repeat::AfterAnswer;
        }
        let mut answer = self.call(request, &[Scope::pull(repository)], job).await?;
        if answer.status.is_success() && is_web_page(&mut answer, blob).await {
            let why = web_page(&host_of(&answer.url), answer.status);
            answer.body.failed(why.message());
            return Err(why.at_digest(&blob.digest).at_exchange(answer.body.exchange()));
        }
        match answer.status {
            StatusCode::OK => whole(answer, blob),
            StatusCode::PARTIAL_CONTENT => partial(answer, blob, range),
            StatusCode::RANGE_NOT_SATISFIABLE => {
                Err(unusable(RangeProblem::NotSatisfiable, &answer.body, blob))
            }
            status if status.is_success() => {
                let why = format!("the registry answered {} to a GET of a blob", status.as_u16());
                Err(Error::new(Code::ProtocolViolation, why)
                    .at_digest(&blob.digest)
                    .at_exchange(answer.body.exchange()))
            }
            _ => Err(self.blob_refusal(answer, repository, blob).await),
        }
    }

    async fn blob_refusal(&self, answer: Answer, repository: &RepositoryName, blob: &Descriptor) -> Error {
        let object = format!("blob `{}` of `{repository}`", blob.digest);
        let error = refusal(answer, &object, self.http().log().redactor()).await.at_digest(&blob.digest);
        if error.code() == Code::NotFound && !blob.urls.is_empty() {
            let exchange = error.exchange();
            let foreign = Error::new(Code::NotFound, format!("layer `{}` is not in the registry: its publisher serves it from another site", blob.digest.short()))
                .with_hint("Longshore fetches nothing from other sites; a base image for Windows has such layers, pull it where its licence allows")
                .with_source(error)
                .at_digest(&blob.digest);
            return if let Some(exchange) = exchange { foreign.at_exchange(exchange) } else { foreign };
        }
        error
    }
}

/// A captive portal answers every request with its page. A blob may be one too: then its descriptor says so.
async fn is_web_page(answer: &mut Answer, blob: &Descriptor) -> bool {
    if !says_html(&answer.headers) || blob.media_type.starts_with("text/html") {
        return false;
    }
    let start = answer.body.peek_start(512).await;
    start.trim_ascii_start().starts_with(b"<")
}

fn whole(answer: Answer, blob: &Descriptor) -> Result<BlobReader> {
    let announced = announced(&answer);
    if announced.is_some_and(|length| length != blob.size) {
        let why = format!(
            "the registry announces {} bytes for blob `{}`, its descriptor says {}",
            announced.unwrap_or_default(),
            blob.digest.short(),
            blob.size
        );
        answer.body.failed(&why);
        return Err(Error::new(Code::ContentMismatch, why)
            .with_hint("The registry's copy is damaged; nothing of it was kept")
            .at_digest(&blob.digest)
            .at_exchange(answer.body.exchange()));
    }
    answer.body.note("the blob");
    Ok(BlobReader::new(0, blob.size, answer.body))
}

fn partial(answer: Answer, blob: &Descriptor, range: ByteRange) -> Result<BlobReader> {
    let end = range.until.unwrap_or(blob.size);
    let values: Vec<&HeaderValue> = answer.headers.get_all(CONTENT_RANGE).iter().collect();
    let told = match values.as_slice() {
        [value] => value.to_str().ok().and_then(content_range),
        _ => None,
    };
    let announced = announced(&answer);
    let fits = |(from, last, total): (u64, u64, Option<u64>)| {
        // A server may send less than was asked for, never something else.
        from == range.from
            && (from..end).contains(&last)
            && total.is_none_or(|total| total == blob.size)
            && announced.is_none_or(|length| length == last - from + 1)
    };
    let Some((from, last, _)) = told.filter(|told| fits(*told)) else {
        return Err(unusable(RangeProblem::Wrong, &answer.body, blob));
    };
    answer.body.note("the rest of the blob");
    Ok(BlobReader::new(from, last + 1, answer.body))
}

fn unusable(problem: RangeProblem, body: &Body, blob: &Descriptor) -> Error {
    body.failed(&problem.to_string());
    problem.error(blob).at_exchange(body.exchange())
}

impl ChunkSource for Body {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>>> {
        Box::pin(Self::chunk(self))
    }

    fn exchange(&self) -> Option<u64> {
        Some(Self::exchange(self))
    }

    fn failed(&self, why: &str) {
        Self::failed(self, why);
    }
}

fn announced(answer: &Answer) -> Option<u64> {
    answer.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// `bytes FROM-LAST/TOTAL` (RFC 9110, 14.4).
fn content_range(value: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (from, last) = range.split_once('-')?;
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    Some((from.parse().ok()?, last.parse().ok()?, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f009_content_range_is_read_strictly() {
        let rows = [
            ("usual", "bytes 5-9/10", Some((5, 9, Some(10)))),
            ("unknown total", "bytes 0-0/*", Some((0, 0, None))),
            ("no unit", "5-9/10", None),
            ("negative", "bytes -5-9/10", None),
            ("unsatisfied", "bytes */10", None),
            ("garbage", "bytes five-nine/ten", None),
        ];
        for (name, value, want) in rows {
            assert_eq!(content_range(value), want, "{name}");
        }
    }
}
