//! What came of a question, whichever way it went: paths make a verdict of it, the doctor what he sets against each other.

use http::StatusCode;
use portolan_wire::Failure;

use crate::probe::{Missed, Said};

/// What came of a question.
#[derive(Debug)]
pub(crate) struct Answer {
    /// How long it took, in microseconds: to the head of the answer, to the open connection where nothing was asked, or to
    /// the end of all hope.
    pub(crate) took_us: u64,
    /// What was answered.
    pub(crate) said: Result<Said, Unanswered>,
}

/// Why nothing was answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    /// The wire says why.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// There was a connection, and nothing came of it that is an answer; or there was none.
    #[error(transparent)]
    Missed(#[from] Missed),
    /// The API server says itself why nobody behind its proxy does.
    #[error("{}: {message}", status(*.code))]
    ApiServer {
        /// The answer's status.
        code: u16,
        /// Its words.
        message: String,
    },
    /// It could not be asked, for this reason.
    #[error("{0}")]
    Unasked(String),
}

/// `200 OK`, `connected`.
pub(crate) fn in_words(said: &Said) -> String {
    said.status().map_or_else(|| "connected".into(), status)
}

fn status(code: u16) -> String {
    let reason = StatusCode::from_u16(code).ok().and_then(|code| code.canonical_reason());
    reason.map_or_else(|| code.to_string(), |reason| format!("{code} {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_in_words() {
        assert_eq!(status(503), "503 Service Unavailable");
        assert_eq!(status(799), "799");
        assert_eq!(in_words(&Said::Accepted { first: Vec::new() }), "connected");
        let none = Unanswered::ApiServer { code: 503, message: "no endpoints".into() };
        assert_eq!(none.to_string(), "503 Service Unavailable: no endpoints");
    }
}
