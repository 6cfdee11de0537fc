//! Pods' addresses: 10.42.0.0/16, cut in two halves for the nodes, none given twice at a time.

use std::{
    collections::{HashMap, HashSet},
    net::Ipv4Addr,
};

/// What of the third byte a node has.
const NETS: u32 = 128;
/// Addresses of one third byte: neither .0 nor .255.
const IN_NET: u32 = 254;

/// The addresses that are given.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    taken: HashSet<Ipv4Addr>,
    nodes: HashMap<String, Node>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    number: u32,
    /// How many it has given. A given back one is not given soon again: who still dials it reaches nobody else.
    given: u32,
}

impl Addresses {
    /// An address on a node that no other pod has.
    pub(super) fn give(&mut self, node: &str) -> Ipv4Addr {
        let next = u32::try_from(self.nodes.len()).unwrap_or(0);
        let node = self.nodes.entry(node.to_owned()).or_insert(Node { number: next, given: 0 });
        for _ in 0..NETS * IN_NET {
            let of_node = node.given % (NETS * IN_NET);
            node.given = node.given.wrapping_add(1);
            let third = (node.number * NETS + of_node / IN_NET) % 256;
            let address = Ipv4Addr::from(0x0a2a_0000 | third << 8 | (1 + of_node % IN_NET));
            if self.taken.insert(address) {
                return address;
            }
        }
        // 65,000 pods: more than this can run.
        Ipv4Addr::UNSPECIFIED
    }

    /// The pod is gone.
    pub(super) fn take_back(&mut self, address: Ipv4Addr) {
        self.taken.remove(&address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_is_given_twice_and_each_node_has_its_own() {
        let mut addresses = Addresses::default();
        assert_eq!(addresses.give("a"), Ipv4Addr::new(10, 42, 0, 1));
        assert_eq!(addresses.give("b"), Ipv4Addr::new(10, 42, 128, 1));
        let mut given = HashSet::new();
        for _ in 0..10_000 {
            let address = addresses.give("a");
            assert!(given.insert(address) && address.octets()[2] < 128, "{address}");
        }
        addresses.take_back(Ipv4Addr::new(10, 42, 0, 2));
        assert!(!given.contains(&addresses.give("a")));
    }
}
