//! What the user may do: the API server is asked, and nothing is tried.

use futures::future::try_join_all;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::{Api, api::PostParams};

use super::Reader;
use crate::error::Problem;

/// One thing that the user may or may not do in the Service's namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Right {
    /// `get`, `list`, `create`.
    pub(crate) verb: &'static str,
    /// `pods`, `pods/portforward`; all of the core group.
    pub(crate) resource: &'static str,
    /// Whether the user may.
    pub(crate) allowed: bool,
}

/// What is asked: what a tunnel takes, on any of the wires, and what the API server's proxy takes.
pub(super) const ASKED: [(&str, &str); 7] = [
    ("get", "services"),
    ("get", "pods"),
    ("list", "pods"),
    ("create", "pods/portforward"),
    ("get", "pods/portforward"),
    ("get", "services/proxy"),
    ("delete", "pods"),
];

/// All of them, or why not even one: a server that does not answer one answers none.
pub(super) async fn ask(reader: &Reader<'_>) -> Result<Vec<Right>, Problem> {
    try_join_all(ASKED.map(|(verb, resource)| one(reader, verb, resource))).await
}

async fn one(reader: &Reader<'_>, verb: &'static str, resource: &'static str) -> Result<Right, Problem> {
    let (plural, sub) = resource.split_once('/').unwrap_or((resource, ""));
    let attributes = ResourceAttributes {
        namespace: Some(reader.namespace.to_owned()),
        verb: Some(verb.to_owned()),
        resource: Some(plural.to_owned()),
        subresource: Some(sub.to_owned()).filter(|sub| !sub.is_empty()),
        ..ResourceAttributes::default()
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), non_resource_attributes: None },
        ..SelfSubjectAccessReview::default()
    };
    let api: Api<SelfSubjectAccessReview> = Api::all(reader.cluster.client.clone());
    let params = PostParams::default();
    let answer = reader.ask("ask what you may do", api.create(&params, &review)).await;
    let status = answer.map_err(|error| error.problem())?.status;
    Ok(Right { verb, resource, allowed: status.is_some_and(|status| status.allowed) })
}
