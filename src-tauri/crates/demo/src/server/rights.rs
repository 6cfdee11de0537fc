//! Who may do what: the administrator everything, others what Roles, ClusterRoles and their bindings in the store say.

#[cfg(test)]
mod tests;

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};

use super::{status::Status, users::ADMINISTRATOR};
use crate::{Faults, Store};

/// What somebody wants to do to something.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub(crate) verb: String,
    pub(crate) group: String,
    pub(crate) resource: String,
    /// `portforward`, `status`; empty for the object itself.
    pub(crate) sub: String,
    /// Empty for all, and for what is in none.
    pub(crate) namespace: String,
    /// Empty for none in particular.
    pub(crate) name: String,
}

impl Wish {
    /// The resource as Roles say it: `pods/portforward`.
    fn full(&self) -> String {
        if self.sub.is_empty() { self.resource.clone() } else { format!("{}/{}", self.resource, self.sub) }
    }

    /// Refuses who may not.
    pub(crate) fn check(&self, user: &str, store: &Store, faults: &Faults) -> Result<(), Status> {
        if self.granted(user, store, faults) {
            return Ok(());
        }
        let place = match self.namespace.as_str() {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace \"{namespace}\""),
        };
        let why = format!(
            "User \"{user}\" cannot {} resource \"{}\" in API group \"{}\" {place}",
            self.verb,
            self.full(),
            self.group
        );
        Err(Status::forbidden(&self.group, &self.resource, &self.name, &why))
    }

    /// Whether that user may.
    pub(crate) fn granted(&self, user: &str, store: &Store, faults: &Faults) -> bool {
        let (verb, resource) = (self.verb.as_str(), self.full());
        let same = |said: &str, wanted: &str| said == "*" || said == wanted;
        let taken = |(of, what): &(String, String)| same(of, verb) && same(what, &resource);
        if faults.now().forbidden.iter().any(taken) {
            return false;
        }
        user == ADMINISTRATOR || rules(user, &self.namespace, store).iter().any(|rule| self.by(rule))
    }

    fn by(&self, rule: &PolicyRule) -> bool {
        let has = |all: &[String], wanted: &str| all.iter().any(|said| said == "*" || said == wanted);
        let full = self.full();
        let any = format!("*/{}", self.sub);
        let resources = rule.resources.as_deref().unwrap_or_default();
        let resource = has(resources, &full) || !self.sub.is_empty() && resources.contains(&any);
        let names = rule.resource_names.as_deref().unwrap_or_default();
        has(&rule.verbs, &self.verb)
            && has(rule.api_groups.as_deref().unwrap_or_default(), &self.group)
            && resource
            && (names.is_empty() || names.contains(&self.name))
    }
}

/// What that user may do in a namespace; with none, at the cluster's scope.
pub(crate) fn rules(user: &str, namespace: &str, store: &Store) -> Vec<PolicyRule> {
    let bound = |subjects: &Option<Vec<Subject>>| subjects.iter().flatten().any(|subject| is(subject, user));
    let everywhere = store.all::<ClusterRoleBinding>(None).into_iter().filter(|binding| bound(&binding.subjects));
    let everywhere = everywhere.map(|binding| binding.role_ref);
    let bindings = if namespace.is_empty() { Vec::new() } else { store.all::<RoleBinding>(Some(namespace)) };
    let here = bindings.into_iter().filter(|binding| bound(&binding.subjects)).map(|binding| binding.role_ref);
    everywhere
        .chain(here)
        .filter_map(|RoleRef { kind, name, .. }| match kind.as_str() {
            "Role" => store.read::<Role>(namespace, &name)?.rules,
            "ClusterRole" => store.read::<ClusterRole>("", &name)?.rules,
            _ => None,
        })
        .flatten()
        .collect()
}

fn is(subject: &Subject, user: &str) -> bool {
    match subject.kind.as_str() {
        "User" => subject.name == user,
        "Group" => subject.name == "system:authenticated",
        _ => false,
    }
}

/// Refuses the paths that not everybody may see.
pub(crate) fn check_path(user: &str, path: &str) -> Result<(), Status> {
    const OPEN: [&str; 7] = ["/version", "/api", "/apis", "/openapi", "/healthz", "/livez", "/readyz"];
    let open =
        OPEN.iter().any(|open| path.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    if open || user == ADMINISTRATOR {
        return Ok(());
    }
    Err(Status::forbidden_path(&format!("User \"{user}\" cannot get path \"{path}\"")))
}
