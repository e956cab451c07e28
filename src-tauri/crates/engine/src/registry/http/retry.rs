//! Which failures are tried again, and when.

use std::time::{Duration, SystemTime};

use http::Method;
use http::header::RETRY_AFTER;

use super::{Answer, Request};
use crate::error::{Code, Error};

/// How often and how patiently.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Tries beside the first.
    pub retries: u32,
    /// The first wait; it doubles with each try, with jitter.
    pub first_wait: Duration,
    /// No wait is longer, whatever the registry asks for.
    pub longest_wait: Duration,
    /// Where nobody is told of a wait, nobody is kept waiting longer than this: the refusal says how long it would be.
    pub longest_silence: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            retries: 3,
            first_wait: Duration::from_millis(300),
            longest_wait: Duration::from_secs(60),
            longest_silence: Duration::from_secs(3),
        }
    }
}

/// What of a request may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// As its method says: a GET and a HEAD may, another one only where the registry did nothing.
    ByMethod,
    /// It may: doing it twice does no more than doing it once.
    Always,
    /// After an answer alone; whoever sends it goes on by itself where the connection breaks off or falls silent.
    AfterAnswer,
    /// Nothing may: its body can't be sent again.
    Never,
}

impl Repeat {
    /// What a request really means.
    pub(super) fn of(request: &Request) -> Self {
        match request.repeat {
            _ if request.stream.is_some() => Self::Never,
            Self::ByMethod if matches!(request.method, Method::GET | Method::HEAD) => Self::Always,
            other => other,
        }
    }
}

/// One more try.
pub(super) struct Again {
    pub wait: Duration,
    pub retry_after: Option<Duration>,
    pub why: String,
}

/// Connections that can't be made are tried this often in all.
const CONNECT_TRIES: u32 = 3;

/// How long one try to connect may take, and until when another may begin, so that all of them keep within
/// `all`. Refusals come at once and leave time for more tries; a name server that is slow needs the most of it.
pub(super) fn connect_times(all: Duration) -> (Duration, Duration) {
    (all * 4 / 5, all / 5)
}

impl RetryPolicy {
    pub(super) fn after_answer(&self, answer: &Answer, attempt: u32, repeat: Repeat) -> Option<Again> {
        let status = answer.status.as_u16();
        let retried = match repeat {
            Repeat::Never => false,
            Repeat::ByMethod => status == 429,
            Repeat::Always | Repeat::AfterAnswer => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
        };
        if !retried || attempt > self.retries {
            return None;
        }
        let asked = retry_after(&answer.headers);
        let asked = asked.map(|wait| wait.min(self.longest_wait));
        let wait = asked.unwrap_or_else(|| self.backoff(attempt));
        Some(Again { wait, retry_after: asked, why: format!("the registry answered {status}") })
    }

    /// `connecting` is the time for a connection to be made, over all tries.
    pub(super) fn after_error(
        &self,
        error: &Error,
        attempt: u32,
        repeat: Repeat,
        elapsed: Duration,
        connecting: Duration,
    ) -> Option<Again> {
        let wait = self.backoff(attempt);
        let again = match error.code() {
            // A stream may have begun to be read before the connection failed.
            Code::Unreachable => {
                repeat != Repeat::Never
                    && attempt < CONNECT_TRIES
                    && elapsed + wait <= connect_times(connecting).1
            }
            Code::ConnectionLost | Code::Timeout => repeat == Repeat::Always && attempt <= self.retries,
            _ => false,
        };
        again.then(|| Again { wait, retry_after: None, why: error.message().to_owned() })
    }

    /// The wait before try `attempt + 1`: doubled each time, half of it at random.
    pub fn backoff(&self, attempt: u32) -> Duration {
        let full =
            self.first_wait.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(self.longest_wait);
        let mut seed = [0; 1];
        // Without randomness the wait is merely not spread.
        let _ = getrandom::fill(&mut seed);
        full / 2 + full / 2 * u32::from(seed[0]) / 255
    }
}

/// What an answer asks to wait: seconds or an HTTP date (RFC 9110, 10.2.3); anything else is as if it were not there.
pub(super) fn retry_after(headers: &http::HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f012_retry_after_in_every_form() {
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(30));
        let past = httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(30));
        let rows = [
            ("seconds", "7", Some(7..=7)),
            ("enormous", "1000000000", Some(1_000_000_000..=1_000_000_000)),
            ("date", &soon, Some(28..=30)),
            ("date gone by", &past, Some(0..=0)),
            ("garbage", "soon, please", None),
            ("negative", "-3", None),
        ];
        for (name, value, want) in rows {
            let headers = http::HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            let got = retry_after(&headers).map(|wait| wait.as_secs());
            match want {
                Some(range) => assert!(range.contains(&got.unwrap()), "{name}: {got:?}"),
                None => assert_eq!(got, None, "{name}"),
            }
        }
    }

    #[test]
    fn backoff_doubles_is_spread_and_is_capped() {
        let policy = RetryPolicy {
            retries: 3,
            first_wait: Duration::from_millis(100),
            longest_wait: Duration::from_millis(350),
            ..RetryPolicy::default()
        };
        for (attempt, least, most) in [(1, 50, 100), (2, 100, 200), (3, 175, 350), (30, 175, 350)] {
            let wait = policy.backoff(attempt).as_millis();
            assert!((least..=most).contains(&wait), "attempt {attempt}: {wait} ms");
        }
    }
}
