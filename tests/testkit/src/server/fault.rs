//! How replies go wrong.

use std::time::Duration;

use bytes::Bytes;

/// How a reply goes wrong. An empty fault changes nothing; its methods add up.
///
/// N bytes are bytes of the body, after the head and without the framing of chunks, counted in this reply.
#[derive(Clone, Debug, Default)]
pub struct Fault {
    pub(super) delay: Option<Duration>,
    pub(super) silence: Option<Silence>,
    pub(super) raw: Option<Bytes>,
    pub(super) status: Option<u16>,
    pub(super) content: Option<Bytes>,
    pub(super) extra: usize,
    pub(super) zeros: Option<u64>,
    pub(super) ignore_range: bool,
    pub(super) truncated: Option<u64>,
    pub(super) framing: Option<Framing>,
    pub(super) set: Vec<(String, String)>,
    pub(super) added: Vec<(String, String)>,
    pub(super) removed: Vec<String>,
    pub(super) stop: Option<(u64, Stop)>,
    pub(super) rate: Option<u64>,
    pub(super) close: bool,
    pub(super) intake: Option<(u64, Stop)>,
    pub(super) unread: bool,
    pub(super) lost: bool,
}

/// Instead of any reply.
#[derive(Clone, Copy, Debug)]
pub(super) enum Silence {
    Reset,
    End,
    Hang,
}

/// How a body that is not sent to its end stops.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stop {
    Reset,
    End,
    Stall,
}

/// How the length of a body is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Framing {
    Chunked,
    UntilClose,
    Claimed(u64),
}

impl Fault {
    /// Nothing wrong yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// Another status, an empty body, none of the usual headers.
    pub fn status(status: u16) -> Self {
        Self { status: Some(status), content: Some(Bytes::new()), ..Self::default() }
    }
    /// 302 to `location`, in which `{last}` stands for the last segment of the request's path: one fault redirects
    /// every blob to its own address at another [`Server`](super::Server).
    pub fn redirect(location: &str) -> Self {
        Self::status(302).header("Location", location)
    }
    /// 200 with a page of HTML: a captive portal.
    pub fn captive_portal() -> Self {
        let page = "<!DOCTYPE html><html><title>Sign in to the network</title><form></form></html>";
        Self::status(200).header("Content-Type", "text/html; charset=utf-8").body(page)
    }
    /// These bytes in place of head and body, then the end of the connection.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self { raw: Some(bytes.into()), ..Self::default() }
    }
    /// The request is read, and the connection reset.
    pub fn reset() -> Self {
        Self { silence: Some(Silence::Reset), ..Self::default() }
    }
    /// The request is read, and the connection closed: what a client sees that reuses a connection which the
    /// server has just given up.
    pub fn hang_up() -> Self {
        Self { silence: Some(Silence::End), ..Self::default() }
    }
    /// The request is read and never answered.
    pub fn silent() -> Self {
        Self { silence: Some(Silence::Hang), ..Self::default() }
    }

    /// Waits before the status line.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }
    /// Sets a header, in place of every one of that name: `Retry-After`, a wrong `Content-Range`, `Content-Encoding`,
    /// a lying `Docker-Content-Digest`.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.set.push((name.to_owned(), value.to_owned()));
        self
    }
    /// Adds a header beside those of that name: a second `Content-Range` or `WWW-Authenticate`.
    #[must_use]
    pub fn second_header(mut self, name: &str, value: &str) -> Self {
        self.added.push((name.to_owned(), value.to_owned()));
        self
    }
    /// Leaves a header out.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.removed.push(name.to_owned());
        self
    }
    /// Replaces the content, of which ranges are still served: content that changes between two requests.
    #[must_use]
    pub fn body(mut self, content: impl Into<Bytes>) -> Self {
        self.content = Some(content.into());
        self
    }
    /// Lengthens the content by `n` bytes, and Content-Length with it: longer than its descriptor.
    #[must_use]
    pub fn longer_by(mut self, n: usize) -> Self {
        self.extra = n;
        self
    }
    /// Replaces the content with `n` zeros that are made while they are sent: a 1 GiB error page.
    #[must_use]
    pub fn endless(mut self, n: u64) -> Self {
        self.zeros = Some(n);
        self
    }
    /// Answers a range with 200 and the whole content.
    #[must_use]
    pub fn ignore_range(mut self) -> Self {
        self.ignore_range = true;
        self
    }
    /// Ends the body after `n` bytes with a Content-Length (or a last chunk) that agrees: an early end that HTTP
    /// finds nothing wrong with.
    #[must_use]
    pub fn truncate(mut self, n: u64) -> Self {
        self.truncated = Some(n);
        self
    }
    /// Sends chunks, without a Content-Length.
    #[must_use]
    pub fn chunked(mut self) -> Self {
        self.framing = Some(Framing::Chunked);
        self
    }
    /// Sends neither Content-Length nor chunks: the body ends with the connection.
    #[must_use]
    pub fn until_close(mut self) -> Self {
        self.framing = Some(Framing::UntilClose);
        self
    }
    /// Claims another Content-Length than is sent, and closes at the end.
    #[must_use]
    pub fn claim_length(mut self, n: u64) -> Self {
        self.framing = Some(Framing::Claimed(n));
        self
    }
    /// Resets the connection once exactly `n` bytes have arrived.
    #[must_use]
    pub fn reset_after(mut self, n: u64) -> Self {
        self.stop = Some((n, Stop::Reset));
        self
    }
    /// Closes the connection after `n` bytes, against its Content-Length.
    #[must_use]
    pub fn end_after(mut self, n: u64) -> Self {
        self.stop = Some((n, Stop::End));
        self
    }
    /// Sends `n` bytes and then nothing, the connection staying open.
    #[must_use]
    pub fn stall_after(mut self, n: u64) -> Self {
        self.stop = Some((n, Stop::Stall));
        self
    }
    /// Sends this many bytes a second, one piece at a time; 1 is the slowest drip.
    #[must_use]
    pub fn drip(mut self, bytes_per_second: u64) -> Self {
        self.rate = Some(bytes_per_second.max(1));
        self
    }
    /// Closes the connection after the reply, without `Connection: close`.
    #[must_use]
    pub fn close_after(mut self) -> Self {
        self.close = true;
        self
    }

    /// Takes `n` bytes of the request's body, which count, and resets the connection.
    #[must_use]
    pub fn reset_upload_after(mut self, n: u64) -> Self {
        self.intake = Some((n, Stop::Reset));
        self
    }
    /// Takes `n` bytes of the request's body, which count, and then no more, the connection staying open.
    #[must_use]
    pub fn stall_upload_after(mut self, n: u64) -> Self {
        self.intake = Some((n, Stop::Stall));
        self
    }
    /// Does what was asked and resets the connection instead of saying so.
    #[must_use]
    pub fn lose_answer(mut self) -> Self {
        self.lost = true;
        self
    }
    /// Answers without reading the request's body, and closes: a proxy that finds it too large.
    #[must_use]
    pub fn unread(mut self) -> Self {
        self.unread = true;
        self
    }

    /// Whether the handler's reply is not needed.
    pub(super) fn replaces_reply(&self) -> bool {
        self.status.is_some() || self.raw.is_some() || self.silence.is_some()
    }
}
