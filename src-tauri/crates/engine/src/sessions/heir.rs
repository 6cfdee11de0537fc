//! What one session hands on to another that goes on in its place: its local ports, which clients know by now.

use std::collections::BTreeMap;

use crate::{
    forward::{Forward, LocalPort},
    session::view::SessionView,
};

/// Where a session listens, or listened last: the local port of each slot.
#[derive(Debug, Default)]
pub(crate) struct Ports(BTreeMap<usize, u16>);

impl Ports {
    /// Takes note of where it listens.
    pub(crate) fn note(&mut self, view: &SessionView) {
        self.0.extend(view.listeners.iter().map(|listener| (listener.slot, listener.port)));
    }

    /// The same forward, with these ports as suggestions. One that was asked for by number stays so, and one that never
    /// listened keeps its wish.
    pub(crate) fn hand_on(&self, mut forward: Forward) -> Forward {
        for (slot, map) in forward.ports.iter_mut().enumerate() {
            if let (false, Some(port)) = (matches!(map.local, LocalPort::Fixed { .. }), self.0.get(&slot)) {
                map.local = LocalPort::Suggested { before: Some(*port) };
            }
        }
        forward
    }

    /// The same forward on exactly these ports: what a saved one asks for. One that never listened keeps its wish.
    pub(crate) fn fix(&self, mut forward: Forward) -> Forward {
        for (slot, map) in forward.ports.iter_mut().enumerate() {
            if let Some(port) = self.0.get(&slot) {
                map.local = LocalPort::Fixed { port: *port };
            }
        }
        forward
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        context::ContextId,
        forward::{PortMap, PortRef, Target},
        session::{
            first_view,
            view::{ListenerView, SessionId},
        },
    };

    fn forward(locals: &[LocalPort]) -> Forward {
        let map = |local: &LocalPort| PortMap { local: *local, remote: PortRef::Number(80) };
        Forward {
            context: ContextId { source: "default".into(), name: "test".into() },
            namespace: "shop".into(),
            target: Target::Pod { name: "db-0".into() },
            ports: locals.iter().map(map).collect(),
            bind: Vec::new(),
            balance: None,
            hold_seconds: 30,
            wait_for_name: false,
        }
    }

    fn listener(slot: usize, port: u16) -> ListenerView {
        let remote = PortRef::Number(80);
        ListenerView { slot, address: String::new(), addresses: Vec::new(), port, remote, instead_of: None }
    }

    #[test]
    fn the_ports_that_a_session_had_are_suggested_to_the_next_one_also_after_its_end() {
        let suggested = |port| LocalPort::Suggested { before: port };
        let fixed = LocalPort::Fixed { port: 9000 };
        let asked = forward(&[suggested(None), fixed, LocalPort::Any, LocalPort::Same]);
        let mut ports = Ports::default();
        let mut view = first_view(SessionId(1), &asked);
        view.listeners = vec![listener(0, 8080), listener(1, 9000), listener(2, 40_000)];
        ports.note(&view);
        view.listeners.clear();
        ports.note(&view);
        let fix = |port| LocalPort::Fixed { port };
        assert_eq!(ports.fix(asked.clone()), forward(&[fix(8080), fixed, fix(40_000), LocalPort::Same]));
        let handed = [suggested(Some(8080)), fixed, suggested(Some(40_000)), LocalPort::Same];
        assert_eq!(ports.hand_on(asked), forward(&handed));
    }
}
