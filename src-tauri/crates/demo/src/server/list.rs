//! Lists: all objects of a kind, or some, at once or page by page.
//!
//! Later pages are of the same version as the first, so that nothing is missed or told twice: what has changed meanwhile
//! is undone from the store's memory.

use std::{collections::BTreeMap, sync::Arc};

use http::{Response, StatusCode};
use serde_json::json;
use tokio::time::sleep;

use super::{
    answer::{Api, Asked},
    body::{self, Body},
    selector::Selector,
    status::Status,
};
use crate::{
    Store,
    kind::Kind,
    store::{Forgotten, Object},
};

/// What an old token is answered, in Kubernetes' words: clients look for none of it, people do.
const TOO_OLD: &str = "The provided continue parameter is too old to display a consistent list result. You can start a \
                       new list without the continue parameter, or use the continue token in this response to retrieve \
                       the remainder of the results. Continuing with the provided token results in an inconsistent list \
                       - objects that were created, modified, or deleted between the time the first chunk was returned \
                       and now may show up in the list.";

/// Where a list goes on: after which object, and as of which version. No version: as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    version: Option<u64>,
    namespace: String,
    name: String,
}

pub(crate) async fn answer(api: &Api, asked: &Asked) -> Result<Response<Body>, Status> {
    let faulty = api.faults.now();
    sleep(faulty.slow_lists).await;
    let selector = asked.selector()?;
    let token = asked.query.get("continue").map(Token::parse).transpose()?;
    if let Some(token) = token.as_ref().filter(|token| token.version.is_some() && faulty.forgetful) {
        return Err(Status::expired(TOO_OLD).resume(token.now().to_string()));
    }
    let (mut objects, version) = read(&api.store, asked, token.as_ref())?;
    if let Some(token) = &token {
        let after = (&token.namespace, &token.name);
        let seen = objects.partition_point(|object| (&object.namespace, &object.name) <= after);
        objects.drain(..seen);
    }
    let limit = asked.query.number("limit").and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let left = objects.len();
    // No further than to the first of the next page: all that comes after it is looked at there.
    let wanted = limit.map_or(usize::MAX, |limit| limit.saturating_add(1));
    let mut objects: Vec<_> = objects.into_iter().filter(|object| selector.matches(object)).take(wanted).collect();
    let mut meta = json!({"resourceVersion": version.to_string()});
    if let Some(limit) = limit.filter(|limit| *limit < objects.len()) {
        if selector.is_empty() {
            meta["remainingItemCount"] = json!(left - limit);
        }
        objects.truncate(limit);
        if let Some(last) = objects.last() {
            let (namespace, name) = (last.namespace.clone(), last.name.clone());
            meta["continue"] = json!(Token { version: Some(version), namespace, name }.to_string());
        }
    }
    Ok(body::written(StatusCode::OK, asked.shape.list(asked.kind, &objects, &meta, api.store.clock())))
}

/// The objects as of the version that is wanted, and that version.
fn read(store: &Store, asked: &Asked, token: Option<&Token>) -> Result<(Vec<Arc<Object>>, u64), Status> {
    let namespace = Some(asked.namespace()).filter(|namespace| !namespace.is_empty());
    let wanted = asked.version()?;
    let exact = asked.query.get("resourceVersionMatch") == Some("Exact");
    let at = match token {
        Some(token) => token.version,
        None => wanted.filter(|_| exact),
    };
    let latest = store.version();
    if let Some(wanted) = at.or(wanted).filter(|wanted| *wanted > latest) {
        return Err(Status::ahead(wanted, latest));
    }
    let Some(at) = at else { return Ok(store.list(asked.kind, namespace)) };
    match (as_of(store, asked.kind, namespace, at), token) {
        (Ok(objects), _) => Ok((objects, at)),
        (Err(_), Some(token)) => Err(Status::expired(TOO_OLD).resume(token.now().to_string())),
        (Err(forgotten), None) => Err(Status::expired(forgotten.to_string())),
    }
}

/// The objects as they were at a version.
fn as_of(
    store: &Store,
    kind: &'static Kind,
    namespace: Option<&str>,
    version: u64,
) -> Result<Vec<Arc<Object>>, Forgotten> {
    let key = |object: &Arc<Object>| (object.namespace.clone(), object.name.clone());
    let (objects, latest) = store.list(kind, namespace);
    let since = store.since(version)?;
    let of_list = since.iter().filter(|change| {
        change.object.version <= latest
            && change.object.kind == kind
            && namespace.is_none_or(|namespace| change.object.namespace == namespace)
    });
    let mut of_list = of_list.rev().peekable();
    if of_list.peek().is_none() {
        return Ok(objects);
    }
    let mut then: BTreeMap<_, _> = objects.into_iter().map(|object| (key(&object), object)).collect();
    for change in of_list {
        match &change.before {
            Some(before) => then.insert(key(before), before.clone()),
            None => then.remove(&key(&change.object)),
        };
    }
    Ok(then.into_values().collect())
}

impl Asked {
    pub(crate) fn selector(&self) -> Result<Selector, Status> {
        let said = |name| self.query.get(name).unwrap_or_default();
        let selector = Selector::parse(said("labelSelector"), said("fieldSelector"))?;
        selector.check(self.kind)?;
        Ok(selector)
    }

    /// The version that was asked for; `None` for any: nothing, and 0.
    pub(crate) fn version(&self) -> Result<Option<u64>, Status> {
        let Some(version) = self.query.get("resourceVersion") else { return Ok(None) };
        let number: u64 = version.parse().map_err(|_| {
            Status::bad_request(format!("resourceVersion: Invalid value: \"{version}\": it is no number"))
        })?;
        Ok((number > 0).then_some(number))
    }
}

impl Token {
    fn parse(said: &str) -> Result<Self, Status> {
        let mut parts = said.splitn(3, '/');
        let (version, namespace, name) = (parts.next(), parts.next(), parts.next());
        let version = match version {
            Some("now") => Some(None),
            version => version.and_then(|version| version.parse().ok()).map(Some),
        };
        let (Some(version), Some(namespace), Some(name)) = (version, namespace, name) else {
            return Err(Status::bad_request(format!("invalid continue token: \"{said}\" was not given out here")));
        };
        Ok(Token { version, namespace: namespace.into(), name: name.into() })
    }

    /// From the same object on, but as it is now.
    fn now(&self) -> Token {
        Token { version: None, ..self.clone() }
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.version {
            Some(version) => write!(f, "{version}/{}/{}", self.namespace, self.name),
            None => write!(f, "now/{}/{}", self.namespace, self.name),
        }
    }
}
