//! How much a registry still allows: the limits that it announces, remembered.
//!
//! Docker Hub counts GETs of manifests and says so in `ratelimit-limit` and `ratelimit-remaining` (`100;w=21600`) and
//! `docker-ratelimit-source`; a HEAD is answered with them and does not count (docs.docker.com, "Docker Hub pull usage and
//! limits").

use std::time::{Duration, Instant};

use http::{HeaderMap, Method};
use oci::reference::Reference;

use super::{RegistryClient, Scope};
use crate::error::Result;
use crate::job::Job;

/// The image whose manifest Docker keeps for this question.
const PREVIEW: &str = "ratelimitpreview/test:latest";

/// What a registry said last of its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// How many there are in a window.
    pub limit: u64,
    /// How many are left of them.
    pub remaining: u64,
    /// How long the window is.
    pub window: Option<Duration>,
    /// Whom it is counted for: an address, or an account's id.
    pub source: Option<String>,
}

impl RateLimit {
    /// Reads it from an answer's headers; none where they don't give both numbers.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let (limit, window) = counted(text("ratelimit-limit")?)?;
        let (remaining, _) = counted(text("ratelimit-remaining")?)?;
        let source = text("docker-ratelimit-source").map(|source| source.chars().take(128).collect());
        Some(Self { limit, remaining, window, source })
    }
}

/// Answers that were asked for at once come in any order. What is left only shrinks within a window.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Whether an answer is older than the one that came so long before it.
fn is_overtaken(told: &RateLimit, known: &RateLimit, since: Duration) -> bool {
    let same = (told.limit, told.window, &told.source) == (known.limit, known.window, &known.source);
    same && told.remaining > known.remaining && since < AT_ONCE
}

/// `100;w=21600`: a number, and the seconds for which it counts.
fn counted(value: &str) -> Option<(u64, Option<Duration>)> {
    let mut parts = value.split(';').map(str::trim);
    let number = parts.next()?.parse().ok()?;
    let window = parts.find_map(|part| part.strip_prefix("w=")?.parse().ok()).map(Duration::from_secs);
    Some((number, window))
}

impl RegistryClient {
    /// What the registry said of its limit last, without asking it.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        let known = self.0.rate_limit.lock().expect("no code panics while it holds the limit");
        known.as_ref().map(|(_, limit)| limit.clone())
    }

    /// Asks for the limit where asking is free: Docker Hub, by a HEAD of a manifest that is kept for that. Of another
    /// registry it is what was said last.
    ///
    /// # Errors
    /// Whatever authorization and transport give; a refusal is none.
    pub async fn ask_rate_limit(&self, job: Option<&Job>) -> Result<Option<RateLimit>> {
        if self.registry().is_docker_hub() {
            let preview: Reference = PREVIEW.parse().expect("the name is a reference");
            let mut request = self.manifest_request(preview.repository(), &preview.manifest_selector())?;
            request.method = Method::HEAD;
            request.purpose.noun = "limit";
            request.purpose.explanation =
                "Longshore asks how many pulls are left; asking in this way does not count as one."
                    .to_owned();
            self.call(request, &[Scope::pull(preview.repository())], job).await?;
        }
        Ok(self.rate_limit())
    }

    pub(super) fn note_limit(&self, headers: &HeaderMap) {
        if let Some(told) = RateLimit::of(headers) {
            let mut known = self.0.rate_limit.lock().expect("no code panics while it holds the limit");
            let now = Instant::now();
            if !known.as_ref().is_some_and(|(at, known)| is_overtaken(&told, known, now - *at)) {
                *known = Some((now, told));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_was_overtaken_says_nothing_new() {
        let left = |remaining| RateLimit { limit: 5, remaining, window: None, source: None };
        let soon = Duration::from_millis(10);
        assert!(is_overtaken(&left(2), &left(1), soon));
        assert!(!is_overtaken(&left(0), &left(1), soon));
        assert!(!is_overtaken(&left(5), &left(1), AT_ONCE), "a new window has begun");
        let account = RateLimit { source: Some("ann".into()), ..left(2) };
        assert!(!is_overtaken(&account, &left(1), soon), "it is counted for somebody else");
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn limits_are_read_as_docker_hub_writes_them() {
        let told = RateLimit::of(&headers(&[
            ("ratelimit-limit", "100;w=21600"),
            ("ratelimit-remaining", "76;w=21600"),
            ("docker-ratelimit-source", "192.0.2.7"),
        ]));
        let want = RateLimit {
            limit: 100,
            remaining: 76,
            window: Some(Duration::from_secs(21600)),
            source: Some("192.0.2.7".to_owned()),
        };
        assert_eq!(told, Some(want));
        let plain = RateLimit::of(&headers(&[("ratelimit-limit", "10"), ("ratelimit-remaining", "0 ; w=x")]));
        assert_eq!(plain, Some(RateLimit { limit: 10, remaining: 0, window: None, source: None }));
        for odd in [
            &[("ratelimit-limit", "100;w=21600")][..],
            &[("ratelimit-limit", "many"), ("ratelimit-remaining", "1")],
            &[("ratelimit-limit", "-1"), ("ratelimit-remaining", "1")],
            &[],
        ] {
            assert_eq!(RateLimit::of(&headers(odd)), None, "{odd:?}");
        }
    }
}
