//! What an answer means for the way that was asked.

use crate::{
    explain::{
        answer::{Answer, Unanswered, in_words},
        ask::{Ask, LIMIT},
        view::Verdict,
    },
    probe::{Missed, Said},
};

/// So many characters of why nothing was answered are told.
const TOLD: usize = 160;

/// Whether the way answers.
pub(super) fn of(ask: &Ask, answer: &Answer) -> Verdict {
    match &answer.said {
        Ok(said) if matches!(ask, Ask::Front { .. }) && is_of_front(said) => Verdict::Silent { why: in_words(said) },
        Ok(said) => Verdict::Answers { took_us: answer.took_us, what: in_words(said) },
        Err(why) => Verdict::Silent { why: shortened(&words(why)) },
    }
}

/// Whether it says that it reaches nobody behind it.
fn is_of_front(said: &Said) -> bool {
    matches!(said.status(), Some(502..=504))
}

fn words(why: &Unanswered) -> String {
    match why {
        Unanswered::Missed(Missed::Refused) => "refused".into(),
        // What was left of the time is nobody's business.
        Unanswered::Missed(Missed::NoConnection(_) | Missed::NoAnswer(_)) => Missed::NoAnswer(LIMIT).to_string(),
        other => other.to_string(),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::explain::dial::How;

    #[test]
    fn what_answers_and_why_the_rest_does_not() {
        let socket = Ask::Socket { host: "h".into(), port: 80, how: How::Connect };
        let front = Ask::Front { host: "h".into(), port: 80, how: How::Connect };
        let page = |status| Ok(Said::Http { status, headers: Box::default(), body: Vec::new() });
        let missed = |missed: Missed| Err(Unanswered::Missed(missed));
        let table = [
            (&socket, page(200), Ok("200 OK")),
            (&socket, page(503), Ok("503 Service Unavailable")),
            (&front, page(404), Ok("404 Not Found")),
            (&front, page(503), Err("503 Service Unavailable")),
            (&socket, Ok(Said::Accepted { first: Vec::new() }), Ok("connected")),
            (&socket, missed(Missed::Refused), Err("refused")),
            (&socket, missed(Missed::NoAnswer(Duration::from_millis(1_877))), Err("no answer within 2 s")),
            (&socket, missed(Missed::NoConnection(LIMIT)), Err("no answer within 2 s")),
            (&socket, missed(Missed::NotHttp), Err("the answer is no HTTP")),
        ];
        for (ask, said, expected) in table {
            let answer = Answer { took_us: 7, said };
            let verdict = match expected {
                Ok(what) => Verdict::Answers { took_us: 7, what: what.into() },
                Err(why) => Verdict::Silent { why: why.into() },
            };
            assert_eq!(of(ask, &answer), verdict, "{ask:?} {answer:?}");
        }
        assert_eq!(shortened(&"é".repeat(200)).chars().count(), TOLD + 1);
    }
}
