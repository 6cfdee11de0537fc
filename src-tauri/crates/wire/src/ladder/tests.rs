//! Which wires are tried, in which order, for how long, and what is said in the end.

use futures::FutureExt;

use super::*;
use Wire::{Spdy, Tunnel, WebSocket};

const REFUSED: Kind = Kind::Unreachable;

/// Climbs over all wires but those left out, where each answers as `answers` has it: `Ok`, or a failure of its kind. What
/// came of it, and what was tried with how many seconds.
async fn climb(
    ladder: &Ladder,
    namespace: &str,
    choice: impl Fn(Wire) -> bool,
    answers: [Result<(), Refusal>; 3],
) -> (Result<Wire, Refusal>, Vec<(Wire, u64)>) {
    let tried = Mutex::new(Vec::new());
    let attempt = |wire: Wire, patience: Duration| {
        tried.lock().unwrap().push((wire, patience.as_secs()));
        let at = Wire::ALL.iter().position(|one| *one == wire).unwrap();
        let answer = answers[at].clone().map(|()| wire);
        async { answer }.boxed()
    };
    let climbed = ladder.climb(namespace, choice, attempt).await;
    (climbed, tried.into_inner().unwrap())
}

fn this(kind: Kind, text: &str) -> Result<(), Refusal> {
    Err(Refusal::ThisWire(Failure { kind, text: text.into() }))
}

fn any(kind: Kind) -> Result<(), Refusal> {
    Err(Refusal::Any(Failure { kind, text: "any".into() }))
}

fn all(_: Wire) -> bool {
    true
}

#[tokio::test]
async fn the_best_comes_first_and_what_works_is_remembered() {
    let ladder = Ladder::new(None);
    assert_eq!(ladder.known("shop"), None);
    let (climbed, tried) = climb(&ladder, "shop", all, [Ok(()), Ok(()), Ok(())]).await;
    assert_eq!((climbed.unwrap(), tried), (Spdy, vec![(Spdy, 5)]));
    let (_, tried) = climb(&ladder, "shop", all, [Ok(()), Ok(()), Ok(())]).await;
    assert_eq!(tried, [(Spdy, 10)], "it is known, and has more time");
}

#[tokio::test]
async fn forbidden_on_one_is_no_verdict_on_the_next() {
    let ladder = Ladder::new(None);
    let answers = [this(Kind::Forbidden, "create"), this(REFUSED, "what?"), Ok(())];
    let (climbed, tried) = climb(&ladder, "shop", all, answers).await;
    assert_eq!((climbed.unwrap(), tried), (WebSocket, vec![(Spdy, 5), (Tunnel, 5), (WebSocket, 5)]));
    assert_eq!(ladder.known("shop"), Some(WebSocket));
}

#[tokio::test]
async fn while_a_wire_was_not_answered_it_is_not_forbidden() {
    let silent = || Err(Refusal::Silent(Failure { kind: REFUSED, text: "silent".into() }));
    for answers in [
        [this(Kind::Forbidden, "create"), this(REFUSED, "what?"), silent()],
        [silent(), this(REFUSED, "what?"), this(Kind::Forbidden, "get")],
    ] {
        let refusal = climb(&Ladder::new(None), "shop", all, answers).await.0.unwrap_err();
        assert!(matches!(&refusal, Refusal::Silent(failure) if failure.text == "silent"), "{refusal:?}");
    }
    // The two halves of a connection's attempt are weighed likewise.
    let forbidden = Refusal::ThisWire(Failure { kind: Kind::Forbidden, text: "create".into() });
    let said = more_telling(Some(forbidden), silent().unwrap_err()).failure();
    assert_eq!(said.kind, Kind::Unreachable);
}

#[tokio::test]
async fn the_memory_is_by_namespace_and_a_new_one_begins_with_what_worked_last() {
    let ladder = Ladder::new(None);
    climb(&ladder, "a", all, [this(Kind::Forbidden, ""), Ok(()), Ok(())]).await.0.unwrap();
    climb(&ladder, "b", all, [Ok(()), this(Kind::Forbidden, ""), Ok(())]).await.0.unwrap();
    assert_eq!((ladder.known("a"), ladder.known("b")), (Some(Tunnel), Some(Spdy)));
    assert_eq!(ladder.known("new"), Some(Spdy), "the last that worked anywhere");
    // A right that was taken away is looked for elsewhere, from the top.
    let (climbed, tried) = climb(&ladder, "a", all, [Ok(()), this(Kind::Forbidden, ""), Ok(())]).await;
    assert_eq!((climbed.unwrap(), tried), (Spdy, vec![(Tunnel, 10), (Spdy, 5)]));
    assert_eq!(ladder.known("a"), Some(Spdy));
}

#[tokio::test]
async fn a_wire_that_has_worked_has_the_last_word() {
    let ladder = Ladder::new(None);
    climb(&ladder, "shop", all, [Ok(()), Ok(()), Ok(())]).await.0.unwrap();
    let (climbed, tried) = climb(&ladder, "shop", all, [this(REFUSED, "busy"), Ok(()), Ok(())]).await;
    let refusal = climbed.unwrap_err();
    assert!(matches!(&refusal, Refusal::Any(failure) if failure.text == "busy"), "{refusal:?}");
    assert_eq!(tried, [(Spdy, 10)]);
    assert_eq!(ladder.known("shop"), Some(Spdy), "it is not forgotten");
}

#[tokio::test]
async fn what_no_wire_can_help_ends_the_climb() {
    let ladder = Ladder::new(None);
    let (climbed, tried) = climb(&ladder, "shop", all, [this(REFUSED, ""), any(Kind::Login), Ok(())]).await;
    assert!(matches!(climbed, Err(Refusal::Any(failure)) if failure.kind == Kind::Login));
    assert_eq!(tried, [(Spdy, 5), (Tunnel, 5)]);
    assert_eq!(ladder.known("shop"), None);
}

#[tokio::test]
async fn one_that_is_forced_is_the_only_one() {
    let ladder = Ladder::new(Some(Tunnel));
    assert_eq!(ladder.known("any"), Some(Tunnel));
    for kind in [REFUSED, Kind::Forbidden] {
        let (climbed, tried) = climb(&ladder, "shop", all, [Ok(()), this(kind, "no"), Ok(())]).await;
        assert!(matches!(climbed, Err(Refusal::ThisWire(failure)) if failure.text == "no"));
        assert_eq!(tried, [(Tunnel, 10)]);
    }
    // It is not among those asked for.
    let (climbed, tried) = climb(&ladder, "shop", |wire| wire == WebSocket, [Ok(()), Ok(()), Ok(())]).await;
    assert!(matches!(climbed, Err(Refusal::ThisWire(_))));
    assert_eq!(tried, []);
}

#[tokio::test]
async fn only_the_chosen_are_tried() {
    let ladder = Ladder::new(None);
    let choice = |wire| wire != WebSocket;
    let (climbed, tried) = climb(&ladder, "shop", choice, [this(REFUSED, ""), this(REFUSED, ""), Ok(())]).await;
    assert!(matches!(climbed, Err(Refusal::ThisWire(_))), "the third might work");
    assert_eq!(tried, [(Spdy, 5), (Tunnel, 5)]);
}

#[tokio::test]
async fn of_many_failures_the_most_telling_is_told() {
    let (no, what) = (Kind::Forbidden, REFUSED);
    let table = [
        ([(what, "1"), (what, "2"), (what, "3")], "1"),
        ([(what, "1"), (no, "2"), (what, "3")], "2"),
        ([(no, "1"), (what, "2"), (no, "3")], "1"),
        ([(what, "1"), (what, "2"), (no, "3")], "3"),
    ];
    for (said, told) in table {
        let answers = said.map(|(kind, text)| this(kind, text));
        let (climbed, _) = climb(&Ladder::new(None), "shop", all, answers).await;
        assert!(matches!(climbed, Err(Refusal::ThisWire(failure)) if failure.text == told), "{said:?}");
    }
}
