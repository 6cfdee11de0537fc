//! What became of one probe: what was answered, put beside what Portolan did with it. Pure.

use super::view::Outcome;
use crate::{
    probe::{Missed, Said},
    session::tale::Step,
};

/// `tale` is what the tunnel tells of the connection; none on a way that is not ours.
pub(super) fn outcome(said: &Result<Said, Missed>, tale: Option<&Step>) -> Outcome {
    let missed = match said {
        Ok(said) => {
            let status = said.status();
            return match tale {
                Some(Step::Given { held: true, .. }) => Outcome::Held { status },
                Some(Step::Given { again: 1.., .. }) => Outcome::Again { status },
                _ => Outcome::Answered { status },
            };
        }
        Err(missed) => missed,
    };
    let why = match tale {
        // Portolan knows better than the connection that it has reset.
        Some(Step::Ended { why }) => why.clone(),
        Some(Step::Given { to, .. }) => format!("{}: {missed}", to.pod),
        None => missed.to_string(),
    };
    Outcome::Lost { why }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::phase::Endpoint;

    #[test]
    fn an_answer_that_portolan_helped_along_is_told_as_such() {
        let given = |held, again| {
            let to = Endpoint { slot: 0, pod: "web-1".into(), uid: "u".into(), port: 80 };
            Some(Step::Given { to, held, again, after: Duration::ZERO })
        };
        let ended = || Some(Step::Ended { why: "its pods refuse it".into() });
        let said = || Ok(Said::Http { status: 503, headers: Box::default(), body: Vec::new() });
        let bare = || Ok(Said::Accepted { first: Vec::new() });
        let status = Some(503);
        let lost = |why: &str| Outcome::Lost { why: why.into() };
        let table = [
            (said(), None, Outcome::Answered { status }),
            (said(), given(false, 0), Outcome::Answered { status }),
            (said(), given(true, 0), Outcome::Held { status }),
            (said(), given(false, 2), Outcome::Again { status }),
            (said(), given(true, 2), Outcome::Held { status }),
            (bare(), given(false, 0), Outcome::Answered { status: None }),
            // It was answered before it was cut.
            (said(), ended(), Outcome::Answered { status }),
            (Err(Missed::Reset), ended(), lost("its pods refuse it")),
            (Err(Missed::Ended), given(false, 0), lost("web-1: the connection was ended without an answer")),
            (Err(Missed::Refused), None, lost("the connection was refused")),
        ];
        for (said, tale, expected) in table {
            assert_eq!(outcome(&said, tale.as_ref()), expected, "{said:?} {tale:?}");
        }
    }
}
