//! What an answer, or the lack of one, means to the doctor. Pure.

use http::StatusCode;
use portolan_wire::{Failure, Kind};

use crate::{
    explain::{
        answer::{Answer, Unanswered, in_words},
        ask::Ask,
        doctor::probed::Heard,
    },
    probe::Missed,
};

const CONNECTED: &str = "connected";

/// What was heard of who was asked.
pub(super) fn of(ask: &Ask, answer: &Answer) -> Heard {
    match &answer.said {
        Ok(said) => Heard::Answers(in_words(said)),
        Err(Unanswered::Failed(failure)) => by_wire(failure),
        Err(Unanswered::ApiServer { code, message }) => by_api_server(*code, message),
        Err(Unanswered::Unasked(why)) => Heard::Unasked(why.clone()),
        Err(Unanswered::Missed(missed)) => match ask {
            Ask::Tunnel { .. } => in_tunnel(missed),
            Ask::Proxy { .. } => Heard::Silent(missed.to_string()),
            Ask::Socket { .. } | Ask::Front { .. } => at_node(missed),
        },
    }
}

/// A tunnel's connection that could not be made, or that the wire ended.
fn by_wire(failure: &Failure) -> Heard {
    match failure.kind {
        Kind::Refused => Heard::Refused("connection refused in the pod".into()),
        _ => Heard::Unasked(failure.to_string()),
    }
}

/// Whatever comes of a connection into the pod that stands, nobody has refused it.
fn in_tunnel(missed: &Missed) -> Heard {
    match missed {
        Missed::NoConnection(_) => Heard::Silent(missed.to_string()),
        Missed::NoAnswer(_) | Missed::NotHttp => Heard::Answers(CONNECTED.into()),
        Missed::Refused | Missed::Reset | Missed::Ended | Missed::Other(_) => {
            Heard::Answers("connected, and ended by the program".into())
        }
        Missed::BadPath(_) => Heard::Unasked(missed.to_string()),
    }
}

/// What stands before the pod there may take a connection without having one.
fn at_node(missed: &Missed) -> Heard {
    match missed {
        Missed::Refused => Heard::Refused("connection refused".into()),
        Missed::Reset => Heard::Refused("connection reset".into()),
        Missed::NoAnswer(_) | Missed::NotHttp => Heard::Answers(CONNECTED.into()),
        Missed::NoConnection(_) | Missed::Other(_) => Heard::Silent(missed.to_string()),
        Missed::Ended | Missed::BadPath(_) => Heard::Unasked(missed.to_string()),
    }
}

fn by_api_server(code: u16, message: &str) -> Heard {
    // Its texts are no API: each is known by the least that identifies it.
    if ["connection refused", "connection reset"].iter().any(|part| message.contains(part)) {
        return Heard::Refused(message.to_owned());
    }
    match StatusCode::from_u16(code) {
        Ok(StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT) => {
            Heard::Silent(message.to_owned())
        }
        _ => Heard::Unasked(message.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use portolan_wire::PodPort;

    use super::*;
    use crate::{explain::dial::How, probe::Said};

    /// One of each way.
    fn asks() -> [Ask; 3] {
        let to = PodPort { namespace: "shop".into(), pod: "web-1".into(), uid: "u1".into(), port: 80 };
        [
            Ask::Tunnel { to, how: How::Connect },
            Ask::Socket { host: "10.0.0.1".into(), port: 30080, how: How::Connect },
            Ask::Proxy { path: "/".into() },
        ]
    }

    fn meaning(heard: &Heard) -> &'static str {
        match heard {
            Heard::Refused(_) => "refused",
            Heard::Silent(_) => "silent",
            Heard::Unasked(_) => "unasked",
            Heard::Answers(_) => "answers",
        }
    }

    #[test]
    fn what_is_missed_means_something_else_on_each_way() {
        let after = Duration::from_secs(2);
        let table = [
            // tunnel, node, API server's proxy
            (Missed::Refused, ["answers", "refused", "silent"]),
            (Missed::Reset, ["answers", "refused", "silent"]),
            (Missed::Ended, ["answers", "unasked", "silent"]),
            (Missed::NoConnection(after), ["silent", "silent", "silent"]),
            (Missed::NoAnswer(after), ["answers", "answers", "silent"]),
            (Missed::NotHttp, ["answers", "answers", "silent"]),
            (Missed::Other("no way leads there".into()), ["answers", "silent", "silent"]),
        ];
        for (missed, expected) in table {
            let heard = asks().map(|ask| {
                let answer = Answer { took_us: 1, said: Err(missed.clone().into()) };
                meaning(&of(&ask, &answer))
            });
            assert_eq!(heard, expected, "{missed:?}");
        }
    }

    #[test]
    fn what_is_answered_and_what_the_wire_says_is_told_in_words() {
        let [tunnel, ..] = asks();
        let failed = |kind| Err(Unanswered::Failed(Failure { kind, text: "as it is said".into() }));
        let forbidden = Failure { kind: Kind::Forbidden, text: "as it is said".into() }.to_string();
        let page = Said::Http { status: 503, headers: Box::default(), body: Vec::new() };
        let table = [
            (Ok(page), Heard::Answers("503 Service Unavailable".into())),
            (Ok(Said::Accepted { first: Vec::new() }), Heard::Answers("connected".into())),
            (failed(Kind::Refused), Heard::Refused("connection refused in the pod".into())),
            (failed(Kind::Forbidden), Heard::Unasked(forbidden)),
        ];
        for (said, expected) in table {
            assert_eq!(of(&tunnel, &Answer { took_us: 1, said }), expected);
        }
    }

    #[test]
    fn what_the_api_server_says_of_a_pod() {
        let table = [
            (503, "error trying to reach service: dial tcp 10.0.0.1:80: connect: connection refused", "refused"),
            (503, "error trying to reach service: read tcp 10.0.0.1:80: read: connection reset by peer", "refused"),
            (503, "error trying to reach service: dial tcp 10.0.0.1:80: i/o timeout", "silent"),
            (503, "no endpoints available for service \"web\"", "silent"),
            (403, "services \"web\" is forbidden", "unasked"),
        ];
        for (status, message, expected) in table {
            assert_eq!(meaning(&by_api_server(status, message)), expected, "{message}");
        }
    }
}
