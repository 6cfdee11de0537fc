//! The kinds of objects that the demo cluster has.

/// One kind, and under which names it is known.
#[derive(Debug)]
pub struct Kind {
    /// The API group; empty for the oldest.
    pub group: &'static str,
    /// The group's version.
    pub version: &'static str,
    /// As objects say: `Pod`.
    pub kind: &'static str,
    /// As paths say: `pods`.
    pub plural: &'static str,
    /// As kubectl's users say.
    pub short: &'static [&'static str],
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
}

impl Kind {
    /// As objects say: `apps/v1`, or `v1`.
    pub fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// The kind of that name in that group: `Pod` in `v1`, `Deployment` in `apps/v1`.
    pub fn named(api_version: &str, kind: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|known| known.kind == kind && known.api_version() == api_version)
    }

    /// The kind of a type, for constants: a type that the demo cluster has no objects of does not compile.
    pub(crate) const fn of_type(group: &str, version: &str, kind: &str) -> &'static Kind {
        let mut at = 0;
        while at < KINDS.len() {
            let known = &KINDS[at];
            if same(known.group, group) && same(known.version, version) && same(known.kind, kind) {
                return known;
            }
            at += 1;
        }
        panic!("the demo cluster has no objects of this type")
    }

    /// The kind that a path names by its plural.
    pub fn at(group: &str, version: &str, plural: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|known| known.group == group && known.version == version && known.plural == plural)
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Kind {}

/// `==`, which constants cannot have.
const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len()
}

const fn kind(
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
    namespaced: bool,
) -> Kind {
    Kind { group, version: "v1", kind, plural, short, namespaced }
}

const RBAC: &str = "rbac.authorization.k8s.io";

/// All of them.
pub static KINDS: [Kind; 18] = [
    kind("", "Namespace", "namespaces", &["ns"], false),
    kind("", "Node", "nodes", &["no"], false),
    kind("", "Pod", "pods", &["po"], true),
    kind("", "Service", "services", &["svc"], true),
    kind("", "Endpoints", "endpoints", &["ep"], true),
    kind("", "ReplicationController", "replicationcontrollers", &["rc"], true),
    kind("", "Event", "events", &["ev"], true),
    kind("", "ServiceAccount", "serviceaccounts", &["sa"], true),
    kind("apps", "Deployment", "deployments", &["deploy"], true),
    kind("apps", "ReplicaSet", "replicasets", &["rs"], true),
    kind("apps", "StatefulSet", "statefulsets", &["sts"], true),
    kind("apps", "DaemonSet", "daemonsets", &["ds"], true),
    kind("batch", "Job", "jobs", &[], true),
    kind("discovery.k8s.io", "EndpointSlice", "endpointslices", &[], true),
    kind(RBAC, "Role", "roles", &[], true),
    kind(RBAC, "RoleBinding", "rolebindings", &[], true),
    kind(RBAC, "ClusterRole", "clusterroles", &[], false),
    kind(RBAC, "ClusterRoleBinding", "clusterrolebindings", &[], false),
];
