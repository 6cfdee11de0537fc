//! What a node says of itself.

use k8s_openapi::api::core::v1::Node;

/// Its addresses, each with its kind: `InternalIP`, `ExternalIP`, `Hostname` …
pub(crate) fn addresses(node: &Node) -> impl Iterator<Item = (&str, &str)> {
    let all = node.status.iter().flat_map(|status| status.addresses.iter().flatten());
    all.map(|at| (at.type_.as_str(), at.address.as_str()))
}
