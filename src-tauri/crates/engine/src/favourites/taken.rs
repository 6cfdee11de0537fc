//! Local ports that are asked for and that somebody else has: who, and what can be done about it. All are tried at once,
//! before any is opened, and by listening on them: nothing else tells.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};
use socket2::Socket;
use ts_rs::TS;

use crate::{
    error::{Error, Problem},
    forward::{Forward, LocalPort, PortRef},
    local_port::{Holder, NEXT_FREE, bind_all},
    session::view::{SessionId, SessionView},
};

/// A local port that cannot be listened on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Taken {
    /// Which of the forwards wants it.
    pub forward: usize,
    /// Which of that forward's ports.
    pub slot: usize,
    /// The port.
    pub port: u16,
    /// Why not, and who has it where the system tells.
    pub problem: Problem,
    /// What can be done about it, best first. Each is known to work now.
    pub remedies: Vec<Remedy>,
}

/// What can be done about a port that is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[ts(export)]
pub enum Remedy {
    /// Listen on another port.
    Port {
        /// Which.
        port: u16,
    },
    /// Listen on another address of this machine alone.
    Address {
        /// Which.
        address: IpAddr,
    },
    /// Stop the session of ours that has it.
    Stop {
        /// Which.
        session: SessionId,
    },
}

impl Remedy {
    /// The forward with what this changes of it.
    pub(crate) fn apply(&self, mut forward: Forward, slot: usize) -> Forward {
        match self {
            Remedy::Port { port } => {
                if let Some(map) = forward.ports.get_mut(slot) {
                    map.local = LocalPort::Fixed { port: *port };
                }
            }
            Remedy::Address { address } => forward.bind = vec![*address],
            Remedy::Stop { .. } => {}
        }
        forward
    }
}

/// The last of the addresses that are offered: 127.0.0.2 to 127.0.0.9. On macOS none of them is there, and none offered.
const LAST_ADDRESS: u8 = 9;

/// Which of the ports that these forwards ask for by number are taken. Blocks: it listens on each of them for a moment, and
/// may read who holds one. What sessions of ours have claimed counts also where they do not listen yet.
pub(crate) fn taken(forwards: &[Forward], ours: &[SessionView]) -> Vec<Taken> {
    // Kept until all are tried, so that none of them is offered for another.
    let mut kept: Vec<Socket> = Vec::new();
    let mut found = Vec::new();
    for (n, forward) in forwards.iter().enumerate() {
        for slot in 0..forward.ports.len() {
            let Some(port) = number(forward, slot) else { continue };
            let addresses = forward.addresses();
            let session = holder_among(ours, &addresses, port);
            let problem = match session {
                Some(_) => {
                    let address = addresses.first().copied().unwrap_or(Ipv4Addr::LOCALHOST.into());
                    Error::PortTaken { address, port, holder: Some(Holder::OurSession) }.problem()
                }
                None => match bind_all(&addresses, port) {
                    Ok(sockets) => {
                        kept.extend(sockets);
                        continue;
                    }
                    Err(error) => error.problem(),
                },
            };
            found.push((Taken { forward: n, slot, port, problem, remedies: Vec::new() }, session));
        }
    }
    // Offers come last: by now all that the others need is kept.
    let offer = |(taken, session): (Taken, Option<SessionId>)| {
        let forward = &forwards[taken.forward];
        let port = another_port(forward, taken.port, ours).map(|port| Remedy::Port { port });
        let address = another_address(forward, ours).map(|address| Remedy::Address { address });
        let stop = session.map(|session| Remedy::Stop { session });
        Taken { remedies: [port, address, stop].into_iter().flatten().collect(), ..taken }
    };
    found.into_iter().map(offer).collect()
}

/// The number that a local port must have; `None` where it may have any, or where it is not known yet.
fn number(forward: &Forward, slot: usize) -> Option<u16> {
    let map = forward.ports.get(slot)?;
    match (map.local, &map.remote) {
        (LocalPort::Same, PortRef::Number(port)) => Some(*port),
        (local, _) => local.fixed(),
    }
}

/// The session that has a port on one of these addresses, or will have it.
fn holder_among(ours: &[SessionView], addresses: &[IpAddr], port: u16) -> Option<SessionId> {
    let overlap = |one: &IpAddr| {
        addresses.iter().any(|other| {
            let everywhere = one.is_unspecified() || other.is_unspecified();
            one == other || everywhere && one.is_ipv4() == other.is_ipv4()
        })
    };
    let has = |session: &&SessionView| {
        let forward = &session.forward;
        let listens = session.listeners.iter().any(|listener| listener.port == port);
        let will = (0..forward.ports.len()).any(|slot| number(forward, slot) == Some(port));
        !session.phase.is_final() && (listens || will) && forward.addresses().iter().any(overlap)
    };
    ours.iter().find(has).map(|session| session.id)
}

/// The next port that is free on all of the forward's addresses.
fn another_port(forward: &Forward, port: u16, ours: &[SessionView]) -> Option<u16> {
    let addresses = forward.addresses();
    let asked: Vec<u16> = (0..forward.ports.len()).filter_map(|slot| number(forward, slot)).collect();
    let next = port.saturating_add(1)..=port.saturating_add(NEXT_FREE);
    let free = |port: &u16| {
        !asked.contains(port) && holder_among(ours, &addresses, *port).is_none() && bind_all(&addresses, *port).is_ok()
    };
    next.filter(|next| *next != port).find(free)
}

/// The next address of this machine alone on which all of the forward's ports are free. Only for one that listens on such
/// addresses: another one is what its user wanted.
fn another_address(forward: &Forward, ours: &[SessionView]) -> Option<IpAddr> {
    let now = forward.addresses();
    if !now.iter().all(IpAddr::is_loopback) {
        return None;
    }
    let ports: Vec<u16> = (0..forward.ports.len()).filter_map(|slot| number(forward, slot)).collect();
    let free = |address: &IpAddr| {
        let address = &[*address];
        // Held while the others are tried: two of its ports may be the same number only by mistake.
        let held: Option<Vec<_>> = ports
            .iter()
            .map(|port| holder_among(ours, address, *port).is_none().then(|| bind_all(address, *port).ok()).flatten())
            .collect();
        held.is_some()
    };
    let addresses = (2..=LAST_ADDRESS).map(|last| IpAddr::from([127, 0, 0, last]));
    addresses.filter(|address| !now.contains(address)).find(free)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::{
        context::ContextId,
        error::Code,
        forward::{PortMap, Target},
        phase::Phase,
        session::first_view,
    };

    fn forward(ports: &[(LocalPort, u16)]) -> Forward {
        Forward {
            context: ContextId { source: "default".into(), name: "kind".into() },
            namespace: "shop".into(),
            target: Target::Service { name: "web".into() },
            ports: ports.iter().map(|(local, n)| PortMap { local: *local, remote: PortRef::Number(*n) }).collect(),
            bind: vec![Ipv4Addr::LOCALHOST.into()],
            balance: None,
            hold_seconds: 30,
            wait_for_name: false,
        }
    }

    fn fixed(port: u16) -> LocalPort {
        LocalPort::Fixed { port }
    }

    fn held() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    #[test]
    fn all_taken_ports_are_told_at_once_with_what_can_be_done() {
        let ((_one, first), (_other, second)) = (held(), held());
        let (free, free_port) = held();
        drop(free);
        let wanted = [forward(&[(fixed(free_port), 80), (fixed(first), 81)]), forward(&[(LocalPort::Same, second)])];
        let found = taken(&wanted, &[]);
        let places: Vec<_> = found.iter().map(|taken| (taken.forward, taken.slot, taken.port)).collect();
        assert_eq!(places, [(0, 1, first), (1, 0, second)]);
        for taken in &found {
            assert_eq!(taken.problem.code, Code::PortTaken);
            let changed = taken.remedies.iter().map(|remedy| remedy.apply(wanted[taken.forward].clone(), taken.slot));
            for forward in changed {
                assert_eq!(super::taken(&[forward], &[]), [], "what is offered works");
            }
            assert!(taken.remedies.iter().any(|remedy| matches!(remedy, Remedy::Port { .. })), "{taken:?}");
            #[cfg(target_os = "linux")]
            assert!(taken.remedies.iter().any(|remedy| matches!(remedy, Remedy::Address { .. })), "{taken:?}");
        }
        // Nothing is listened on any more.
        TcpListener::bind(("127.0.0.1", free_port)).unwrap();
    }

    #[test]
    fn a_port_that_may_be_any_is_never_taken() {
        let (_held, port) = held();
        for local in [LocalPort::Any, LocalPort::Suggested { before: Some(port) }] {
            assert_eq!(taken(&[forward(&[(local, port)])], &[]), []);
        }
        let named = PortMap { local: LocalPort::Same, remote: PortRef::Name("http".into()) };
        assert_eq!(taken(&[Forward { ports: vec![named], ..forward(&[]) }], &[]), []);
    }

    #[test]
    fn a_session_of_ours_has_its_port_before_it_listens_and_not_after_its_end() {
        let (listener, port) = held();
        drop(listener);
        let mut session = first_view(SessionId(7), &forward(&[(fixed(port), 80)]));
        let wanted = [forward(&[(fixed(port), 81)])];
        let found = taken(&wanted, std::slice::from_ref(&session));
        assert_eq!(found[0].remedies.last(), Some(&Remedy::Stop { session: SessionId(7) }));
        assert!(found[0].problem.message.contains("another session of Portolan"), "{:?}", found[0]);

        let elsewhere = [Forward { bind: vec![[127, 0, 0, 3].into()], ..wanted[0].clone() }];
        #[cfg(target_os = "linux")]
        assert_eq!(taken(&elsewhere, std::slice::from_ref(&session)), [], "another address");
        session.forward.bind = vec![Ipv4Addr::UNSPECIFIED.into()];
        assert_eq!(taken(&elsewhere, std::slice::from_ref(&session)).len(), 1, "it has all addresses");
        session.phase = Phase::Stopped;
        assert_eq!(taken(&wanted, &[session]), []);
    }

    #[test]
    fn no_address_is_offered_to_what_others_may_reach() {
        let (_held, port) = held();
        let wanted = Forward { bind: vec![Ipv4Addr::UNSPECIFIED.into()], ..forward(&[(fixed(port), 80)]) };
        let found = taken(&[wanted], &[]);
        assert_eq!(found.len(), 1);
        assert!(!found[0].remedies.iter().any(|remedy| matches!(remedy, Remedy::Address { .. })), "{found:?}");
    }
}
