//! What a request's path names.

#[cfg(test)]
mod tests;

use http::Method;
use percent_encoding::percent_decode_str;

use super::{query::Query, rights::Wish, selector::Selector};
use crate::kind::Kind;

/// A resource, or one part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) group: String,
    pub(crate) version: String,
    /// Empty where the path names none.
    pub(crate) namespace: String,
    /// As the path says it: `pods`.
    pub(crate) resource: String,
    /// Empty for the collection.
    pub(crate) name: String,
    /// `portforward`, `status`; empty for the object itself.
    pub(crate) sub: String,
    /// What comes after that, with the slash that it begins with.
    pub(crate) rest: String,
}

impl Target {
    /// `None` for what names no resource: `/version`, `/apis/apps/v1`.
    pub(crate) fn parse(path: &str) -> Option<Target> {
        let (group, version, rest) = match path.strip_prefix("/api/") {
            Some(rest) => {
                let (version, rest) = rest.split_once('/')?;
                ("", version, rest)
            }
            None => {
                let (group, rest) = path.strip_prefix("/apis/")?.split_once('/')?;
                let (version, rest) = rest.split_once('/')?;
                (group, version, rest)
            }
        };
        let mut target = Target { group: group.into(), version: version.into(), ..Target::default() };
        let parts: Vec<_> = rest.split('/').collect();
        let part = |at: usize| parts.get(at).map(|part| decoded(part)).unwrap_or_default();
        (target.resource, target.name, target.sub) = (part(0), part(1), part(2));
        let mut after = 3;
        if target.resource == "namespaces" {
            // A namespace is itself in it, as far as rights go.
            target.namespace = target.name.clone();
            if !matches!(target.sub.as_str(), "" | "status" | "finalize") {
                (target.resource, target.name, target.sub) = (part(2), part(3), part(4));
                after = 5;
            }
        }
        if let Some(rest) = parts.get(after..).filter(|rest| !rest.is_empty()) {
            target.rest = format!("/{}", rest.join("/"));
        }
        (!target.resource.is_empty()).then_some(target)
    }

    /// The kind of what is named; `None` if there is no such kind here.
    pub(crate) fn kind(&self) -> Option<&'static Kind> {
        Kind::at(&self.group, &self.version, &self.resource)
    }

    /// What it takes to do that to it.
    pub(crate) fn wish(&self, method: &Method, query: &Query) -> Wish {
        let one = !self.name.is_empty();
        let watch = query.is("watch");
        let verb = match *method {
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE if one => "delete",
            Method::DELETE => "deletecollection",
            _ if one && (!watch || !self.sub.is_empty()) => "get",
            _ if watch => "watch",
            _ => "list",
        };
        let mut name = self.name.clone();
        if name.is_empty() && matches!(verb, "list" | "watch" | "deletecollection") {
            // Who lists a single one may do so where it may get at that one.
            let fields = query.get("fieldSelector").and_then(|fields| Selector::parse("", fields).ok());
            name = fields.and_then(|fields| fields.name().map(str::to_owned)).unwrap_or_default();
        }
        Wish {
            verb: verb.into(),
            group: self.group.clone(),
            resource: self.resource.clone(),
            sub: self.sub.clone(),
            namespace: self.namespace.clone(),
            name,
        }
    }
}

fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}
