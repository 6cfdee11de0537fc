//! To which endpoint a connection goes.

use crate::{forward::Balance, phase::Endpoint};

/// How a session spreads its connections, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Steer {
    balance: Balance,
    /// The pod that a sticky session is on, by its UID.
    stuck_to: Option<String>,
}

impl Steer {
    pub(crate) fn new(balance: Balance) -> Self {
        Steer { balance, stuck_to: None }
    }

    pub(crate) fn balance(&self) -> Balance {
        self.balance
    }

    /// Spreads otherwise from now on. A session that becomes sticky stays where it is, if it is anywhere.
    pub(crate) fn set_balance(&mut self, balance: Balance) {
        self.balance = balance;
    }

    /// Stays with this pod from now on.
    pub(crate) fn move_to(&mut self, uid: &str) {
        *self = Steer { balance: Balance::Sticky, stuck_to: Some(uid.to_owned()) };
    }

    /// One of `open`, which are best first: a random one, as kube-proxy does; or where it is, else the best. And whether
    /// that is a move from one pod to another.
    pub(crate) fn choose(&mut self, open: &[&Endpoint]) -> Option<(Endpoint, bool)> {
        match self.balance {
            Balance::Balanced => fastrand::choice(open).map(|endpoint| ((*endpoint).clone(), false)),
            Balance::Sticky => {
                let chosen = (*self.sticky(open)?).clone();
                let before = self.stuck_to.replace(chosen.uid.clone());
                let moved = before.is_some_and(|before| before != chosen.uid);
                Some((chosen, moved))
            }
        }
    }

    /// Those of `all` that the next connections may go to.
    pub(crate) fn candidates<'a>(&self, all: &[&'a Endpoint]) -> Vec<&'a Endpoint> {
        match self.balance {
            Balance::Balanced => all.to_vec(),
            // All ports of the one pod.
            Balance::Sticky => match self.sticky(all) {
                Some(chosen) => all.iter().copied().filter(|endpoint| endpoint.uid == chosen.uid).collect(),
                None => Vec::new(),
            },
        }
    }

    fn sticky<'a>(&self, open: &[&'a Endpoint]) -> Option<&'a Endpoint> {
        let stuck = open.iter().find(|endpoint| Some(&endpoint.uid) == self.stuck_to.as_ref());
        stuck.or(open.first()).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn endpoint(uid: &str) -> Endpoint {
        Endpoint { slot: 0, pod: format!("pod-{uid}"), uid: uid.into(), port: 80 }
    }

    fn chosen(steer: &mut Steer, open: &[&str]) -> Option<String> {
        let open: Vec<Endpoint> = open.iter().map(|uid| endpoint(uid)).collect();
        steer.choose(&open.iter().collect::<Vec<_>>()).map(|(endpoint, _)| endpoint.uid)
    }

    #[test]
    fn sticky_takes_the_best_and_stays_until_it_goes() {
        let mut steer = Steer::new(Balance::Sticky);
        assert_eq!(chosen(&mut steer, &[]), None);
        assert_eq!(chosen(&mut steer, &["a", "b"]).as_deref(), Some("a"));
        assert_eq!(chosen(&mut steer, &["b", "a"]).as_deref(), Some("a"));
        assert_eq!(chosen(&mut steer, &["b", "c"]).as_deref(), Some("b"));
        assert_eq!(chosen(&mut steer, &["a", "b"]).as_deref(), Some("b"), "it does not go back");
        let moved = |steer: &mut Steer, uid| steer.choose(&[&endpoint(uid)]).map(|(_, moved)| moved);
        assert_eq!((moved(&mut steer, "b"), moved(&mut steer, "c")), (Some(false), Some(true)));
    }

    #[test]
    fn balanced_goes_everywhere_and_a_move_makes_it_stay() {
        let mut steer = Steer::new(Balance::Balanced);
        let seen: HashSet<_> = (0..100).map(|_| chosen(&mut steer, &["a", "b", "c"])).collect();
        assert_eq!(seen.len(), 3);
        steer.move_to("b");
        assert_eq!(steer.balance(), Balance::Sticky);
        assert!((0..20).all(|_| chosen(&mut steer, &["a", "b", "c"]).as_deref() == Some("b")));
        steer.set_balance(Balance::Balanced);
        let seen: HashSet<_> = (0..100).map(|_| chosen(&mut steer, &["a", "b", "c"])).collect();
        assert_eq!(seen.len(), 3);
    }

    #[test]
    fn the_candidates_are_those_that_may_be_chosen() {
        let all = [endpoint("a"), endpoint("b"), Endpoint { slot: 1, ..endpoint("a") }];
        let all: Vec<&Endpoint> = all.iter().collect();
        let uids = |steer: &Steer| steer.candidates(&all).iter().map(|e| (e.uid.clone(), e.slot)).collect::<Vec<_>>();
        assert_eq!(uids(&Steer::new(Balance::Balanced)).len(), 3);
        let mut steer = Steer::new(Balance::Sticky);
        assert_eq!(uids(&steer), [("a".into(), 0), ("a".into(), 1)]);
        steer.move_to("b");
        assert_eq!(uids(&steer), [("b".into(), 0)]);
    }
}
