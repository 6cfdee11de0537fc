//! The local ports that targets had: a tunnel that is opened again listens where it did the last time.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::{
    context::ContextId,
    forward::{Forward, LocalPort, PortRef, Target},
    session::view::SessionView,
};

type Remote = (ContextId, String, Target, PortRef);

/// What suggested ports became, for as long as the engine runs.
#[derive(Debug, Default)]
pub(crate) struct Habits(Mutex<HashMap<Remote, u16>>);

impl Habits {
    /// Fills in what the forward's suggested ports were the last time, where it does not say so itself.
    pub(crate) fn fill(&self, mut forward: Forward) -> Forward {
        let habits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let remotes: Vec<Remote> = (0..forward.ports.len()).map(|slot| remote(&forward, slot)).collect();
        for (map, remote) in forward.ports.iter_mut().zip(remotes) {
            if let LocalPort::Suggested { before } = &mut map.local {
                *before = before.or_else(|| habits.get(&remote).copied());
            }
        }
        forward
    }

    /// Takes note of where a session listens.
    pub(crate) fn note(&self, view: &SessionView) {
        for listener in &view.listeners {
            if let LocalPort::Suggested { .. } = view.forward.ports[listener.slot].local {
                let mut habits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                habits.insert(remote(&view.forward, listener.slot), listener.port);
            }
        }
    }
}

fn remote(forward: &Forward, slot: usize) -> Remote {
    let Forward { context, namespace, target, ports, .. } = forward;
    (context.clone(), namespace.clone(), target.clone(), ports[slot].remote.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        forward::PortMap,
        session::{
            first_view,
            view::{ListenerView, SessionId},
        },
    };

    fn forward(name: &str, local: LocalPort) -> Forward {
        Forward {
            context: ContextId { source: "default".into(), name: "test".into() },
            namespace: "shop".into(),
            target: Target::Service { name: name.into() },
            ports: vec![PortMap { local, remote: PortRef::Number(80) }],
            bind: Vec::new(),
            balance: None,
            hold_seconds: 30,
            wait_for_name: false,
        }
    }

    #[test]
    fn a_target_gets_the_port_that_it_had() {
        let habits = Habits::default();
        let suggested = || forward("web", LocalPort::Suggested { before: None });
        assert_eq!(habits.fill(suggested()), suggested(), "nothing is known yet");
        let mut view = first_view(SessionId(1), &suggested());
        view.listeners.push(ListenerView {
            slot: 0,
            address: "127.0.0.1:8081".into(),
            addresses: Vec::new(),
            port: 8081,
            remote: PortRef::Number(80),
            instead_of: None,
        });
        habits.note(&view);
        assert_eq!(habits.fill(suggested()).ports[0].local, LocalPort::Suggested { before: Some(8081) });
        // One that goes on for another session knows better.
        let heir = forward("web", LocalPort::Suggested { before: Some(7000) });
        assert_eq!(habits.fill(heir.clone()), heir);
        // Others, and those that were asked for by number, are left alone.
        let other = forward("api", LocalPort::Suggested { before: None });
        assert_eq!(habits.fill(other.clone()), other);
        let fixed = forward("web", LocalPort::Fixed { port: 9000 });
        assert_eq!(habits.fill(fixed.clone()), fixed);
    }
}
