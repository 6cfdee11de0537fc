//! The Role to ask for: rights that are missing, as `kubectl apply -f` takes them.

use crate::{
    error::{Code, Problem},
    explain::view::Snippet,
};

/// One thing that somebody may do, or may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Right {
    /// `get`, `list`, `create`.
    pub(crate) verb: &'static str,
    /// The API group; empty for the core's.
    pub(crate) group: &'static str,
    /// `services`, `pods/portforward`.
    pub(crate) resource: &'static str,
}

impl Right {
    /// A right to something of the core group.
    pub(crate) const fn core(verb: &'static str, resource: &'static str) -> Right {
        Right { verb, group: "", resource }
    }
}

/// The Role that gives `rights` in a namespace, and its binding; without a namespace a ClusterRole. `USER` stands for a user
/// whose name is not known.
///
/// It is named after what is in it, and the binding after the user, too: who applies this one takes away nothing that
/// another one gave, to this user or to the next.
pub(crate) fn role(namespace: Option<&str>, rights: &[Right], user: Option<&str>) -> Snippet {
    let kind = if namespace.is_some() { "Role" } else { "ClusterRole" };
    let rules = rules(rights);
    let name = rules.iter().fold("portolan".to_owned(), |name, Rule { right, verbs }| {
        format!("{name}-{}-{}", verbs.join("-"), plain(right.resource))
    });
    let binding = user.map_or_else(|| name.clone(), |user| format!("{name}-{}", plain(user)));
    // Namespaces and users may be called `1` or `true`, which without quotes is no text.
    let place = namespace.map_or_else(String::new, |namespace| format!(", namespace: {}", quoted(namespace)));
    let lines: Vec<String> = rules.iter().map(Rule::line).collect();
    let text = format!(
        "\
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}
metadata: {{name: {name}{place}}}
rules:
{lines}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}Binding
metadata: {{name: {binding}{place}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {name}}}
subjects:
- {{apiGroup: rbac.authorization.k8s.io, kind: User, name: {user}}}",
        lines = lines.join("\n"),
        user = quoted(user.unwrap_or("USER")),
    );
    Snippet { title: format!("The {kind} that is missing"), text }
}

/// What may be done to one resource.
struct Rule {
    right: Right,
    verbs: Vec<&'static str>,
}

impl Rule {
    fn line(&self) -> String {
        let Right { group, resource, .. } = self.right;
        format!("- {{apiGroups: [{}], resources: [{resource}], verbs: [{}]}}", quoted(group), self.verbs.join(", "))
    }
}

/// One rule for each resource, in the order in which they come.
fn rules(rights: &[Right]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for right in rights {
        let same = |rule: &&mut Rule| (rule.right.group, rule.right.resource) == (right.group, right.resource);
        match rules.iter_mut().find(same) {
            Some(rule) if rule.verbs.contains(&right.verb) => {}
            Some(rule) => rule.verbs.push(right.verb),
            None => rules.push(Rule { right: *right, verbs: vec![right.verb] }),
        }
    }
    rules
}

/// As a part of an object's name.
fn plain(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    text.chars().map(plain).collect::<String>().trim_matches('-').to_owned()
}

/// As a text between quotes, which YAML has from JSON.
fn quoted(text: &str) -> serde_json::Value {
    text.into()
}

/// How the API server calls the user: it says so where it refuses something, and nowhere else on old ones.
pub(crate) fn refused_user<'a>(refusals: impl IntoIterator<Item = &'a Problem>) -> Option<&'a str> {
    let forbidden = refusals.into_iter().filter(|problem| problem.code == Code::Forbidden);
    forbidden
        .filter_map(|problem| problem.message.split_once("User \"")?.1.split_once('"'))
        .map(|(user, _)| user)
        .next()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
    use serde::de::DeserializeOwned;

    use super::*;

    /// The two documents of a snippet, as the API server would read them.
    fn read<R: DeserializeOwned, B: DeserializeOwned>(snippet: &Snippet) -> (R, B) {
        let (role, binding) = snippet.text.split_once("---\n").unwrap();
        (serde_saphyr::from_str(role).unwrap(), serde_saphyr::from_str(binding).unwrap())
    }

    const LIST: [Right; 4] = [
        Right::core("list", "services"),
        Right::core("watch", "services"),
        Right { verb: "list", group: "apps", resource: "deployments" },
        Right::core("list", "services"),
    ];

    #[test]
    fn a_role_gives_what_is_missing_in_one_namespace() {
        let snippet = role(Some("shop"), &LIST, Some("jane"));
        let (role, binding): (Role, RoleBinding) = read(&snippet);
        assert_eq!(snippet.title, "The Role that is missing");
        assert_eq!(role.metadata.namespace.as_deref(), Some("shop"));
        let rules = role.rules.unwrap();
        let told: Vec<_> = rules
            .iter()
            .map(|r| (r.api_groups.clone().unwrap(), r.resources.clone().unwrap(), r.verbs.clone()))
            .collect();
        let of = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            told,
            [
                (of(&[""]), of(&["services"]), of(&["list", "watch"])),
                (of(&["apps"]), of(&["deployments"]), of(&["list"]))
            ]
        );
        assert_eq!(binding.metadata.namespace.as_deref(), Some("shop"));
        assert_eq!((binding.role_ref.kind.as_str(), Some(binding.role_ref.name)), ("Role", role.metadata.name));
        assert_eq!(binding.subjects.unwrap()[0].name, "jane");
    }

    #[test]
    fn without_a_namespace_it_is_a_cluster_role() {
        let snippet = role(None, &[Right::core("list", "namespaces")], None);
        let (role, binding): (ClusterRole, ClusterRoleBinding) = read(&snippet);
        assert_eq!(snippet.title, "The ClusterRole that is missing");
        assert_eq!(role.metadata.name.as_deref(), Some("portolan-list-namespaces"));
        assert_eq!(
            (binding.role_ref.kind.as_str(), binding.role_ref.name.as_str()),
            ("ClusterRole", "portolan-list-namespaces")
        );
        assert_eq!(binding.subjects.unwrap()[0].name, "USER");
    }

    #[test]
    fn names_that_yaml_reads_otherwise_stay_as_they_are() {
        for user in ["true", "1", "Jane: {x}, \"y\"", "https://issuer/#jane", "system:serviceaccount:shop:dev"] {
            let (_, binding): (Role, RoleBinding) = read(&role(Some("1"), &LIST[..1], Some(user)));
            assert_eq!(binding.subjects.unwrap()[0].name, user);
            assert_eq!(binding.metadata.namespace.as_deref(), Some("1"));
            let name = binding.metadata.name.unwrap();
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{name}");
        }
    }

    #[test]
    fn another_role_and_another_user_have_names_of_their_own() {
        let names = |rights, user| {
            let (role, binding): (Role, RoleBinding) = read(&role(Some("shop"), rights, Some(user)));
            (role.metadata.name.unwrap(), binding.metadata.name.unwrap())
        };
        let (role, binding) = names(&LIST[..1], "jane");
        assert_eq!((role.as_str(), binding.as_str()), ("portolan-list-services", "portolan-list-services-jane"));
        assert_eq!(names(&LIST[..1], "joe").0, role);
        assert_ne!(names(&LIST[..1], "joe").1, binding);
        assert_ne!(names(&LIST[..2], "jane").0, role);
    }

    #[test]
    fn the_user_is_the_one_that_the_api_server_names() {
        let told = |code, message: &str| Problem { code, message: message.into(), next: String::new() };
        let refused = told(Code::Forbidden, "pods is forbidden: User \"jane\" cannot list resource \"pods\"");
        let other = told(Code::Server, "User \"joe\" is away");
        assert_eq!(refused_user([&other, &refused]), Some("jane"));
        assert_eq!(refused_user([&other]), None);
    }
}
