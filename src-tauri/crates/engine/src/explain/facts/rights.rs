//! What the user may do: the API server is asked, and nothing is tried.

use futures::future::try_join_all;

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
pub(super) const ASKED: [(&str, &str); 6] = [
    ("get", "services"),
    ("get", "pods"),
    ("list", "pods"),
    ("create", "pods/portforward"),
    ("get", "pods/portforward"),
    ("get", "services/proxy"),
];

/// All of them, or why not even one: a server that does not answer one answers none.
pub(super) async fn ask(reader: &Reader<'_>) -> Result<Vec<Right>, Problem> {
    try_join_all(ASKED.map(|(verb, resource)| one(reader, verb, resource))).await
}

async fn one(reader: &Reader<'_>, verb: &'static str, resource: &'static str) -> Result<Right, Problem> {
    let answer = reader.ask("ask what you may do", reader.cluster.may(verb, resource, reader.namespace)).await;
    let allowed = answer.map_err(|error| error.problem())?;
    Ok(Right { verb, resource, allowed: allowed.unwrap_or(false) })
}
