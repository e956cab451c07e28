//! Why a request did not end an upload.

use crate::error::{Code, Error, Side};
use crate::registry::Answer;

/// Why a request did not end the upload.
pub(super) enum Stop {
    /// It went well, and there is more to do.
    More,
    /// The job is paused.
    Paused,
    /// The connection broke off, or the registry had no time.
    Broke(Error),
    /// The same, after an answer that may say how long to wait.
    Busy(Box<Answer>),
    /// The bytes were not those that come next (416).
    Misplaced,
    /// Another address wants the same bytes.
    Moved,
    /// The body is too large for whatever stands in front.
    TooLarge(Box<Answer>),
    /// The session is gone, or stuck.
    Gone(Error),
    /// The registry was asked, and knows nothing of the session or nothing of use.
    Forgotten,
    /// Nothing helps.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match error.code() {
            Code::ConnectionLost | Code::Timeout | Code::Unreachable
                if error.side() != Some(Side::Source) =>
            {
                Self::Broke(error)
            }
            _ => Self::Failed(error),
        }
    }
}
