//! An API server for tests, in memory: collections by path, lists, gets and live watches with selectors. What is in no
//! collection is forbidden.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, channel::mpsc, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use kube::client::Body;
use portolan_wire::portforward::PortForward;
use serde_json::{Value, json};

use crate::{cluster::Cluster, context::ContextId};

pub(crate) const NAMESPACES: &str = "/api/v1/namespaces";
pub(crate) const SERVICES: &str = "/api/v1/namespaces/shop/services";
pub(crate) const PODS: &str = "/api/v1/namespaces/shop/pods";

#[derive(Clone, Default)]
pub(crate) struct FakeApi(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    collections: HashMap<String, Vec<Value>>,
    /// What happened, in order; the place of an event, from 1, is its resource version.
    events: Vec<Event>,
    watches: Vec<(String, Selector, mpsc::UnboundedSender<Bytes>)>,
}

struct Event {
    path: String,
    kind: &'static str,
    object: Value,
}

impl Event {
    fn line(&self) -> Bytes {
        format!("{}\n", json!({"type": self.kind, "object": self.object})).into()
    }
}

type Answer = UnsyncBoxBody<Bytes, std::io::Error>;

impl FakeApi {
    /// One that has these collections, empty as yet.
    pub(crate) fn with(paths: &[&str]) -> Self {
        let api = FakeApi::default();
        api.state().collections.extend(paths.iter().map(|path| ((*path).to_owned(), Vec::new())));
        api
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Adds or replaces an object, by its name.
    pub(crate) fn put(&self, path: &str, mut object: Value) {
        let mut state = self.state();
        object["metadata"]["resourceVersion"] = json!((state.events.len() + 1).to_string());
        let collection = state.collections.entry(path.to_owned()).or_default();
        let before = collection.len();
        collection.retain(|there| there["metadata"]["name"] != object["metadata"]["name"]);
        let kind = if collection.len() == before { "ADDED" } else { "MODIFIED" };
        collection.push(object.clone());
        state.happen(Event { path: path.to_owned(), kind, object });
    }

    /// Removes an object.
    pub(crate) fn delete(&self, path: &str, name: &str) {
        let mut state = self.state();
        let collection = state.collections.get_mut(path).expect("a collection");
        let at = collection.iter().position(|there| there["metadata"]["name"] == name).expect("an object to delete");
        let mut object = collection.remove(at);
        object["metadata"]["resourceVersion"] = json!((state.events.len() + 1).to_string());
        state.happen(Event { path: path.to_owned(), kind: "DELETED", object });
    }

    async fn answer(self, request: Request<Body>) -> Result<Response<Answer>, std::io::Error> {
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default();
        let selector = Selector::of(query);
        let mut state = self.state();
        if let Some(collection) = state.collections.get(&path) {
            if query.contains("watch=true") {
                let (events, watch) = mpsc::unbounded();
                // What happened between the list and the watch is not lost.
                let since = version(query);
                for event in state.events.iter().skip(since).filter(|e| e.path == path && selector.matches(&e.object)) {
                    let _ = events.unbounded_send(event.line());
                }
                state.watches.push((path, selector, events));
                return Ok(Response::new(StreamBody::new(watch.map(|line| Ok(Frame::data(line)))).boxed_unsync()));
            }
            let items: Vec<&Value> = collection.iter().filter(|object| selector.matches(object)).collect();
            let list = json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": state.events.len().to_string()}, "items": items});
            return Ok(whole(200, &list));
        }
        let found = path.rsplit_once('/').and_then(|(parent, name)| {
            let collection = state.collections.get(parent)?;
            Some(collection.iter().find(|object| object["metadata"]["name"] == name))
        });
        let status = |code: u16, reason| json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": reason});
        Ok(match found {
            None => whole(403, &status(403, "Forbidden")),
            Some(None) => whole(404, &status(404, "NotFound")),
            Some(Some(object)) => whole(200, object),
        })
    }

    /// The cluster behind it, as [`context`].
    pub(crate) fn cluster(&self) -> Arc<Cluster> {
        let api = self.clone();
        let client = kube::Client::new(tower::service_fn(move |request| api.clone().answer(request)), "default");
        Arc::new(Cluster::new(context(), "https://test".into(), client.clone(), PortForward::new(client, None)))
    }
}

impl State {
    fn happen(&mut self, event: Event) {
        for (_, _, events) in self.watches.iter().filter(|(p, s, _)| *p == event.path && s.matches(&event.object)) {
            // A watch that nobody reads any more is no loss.
            let _ = events.unbounded_send(event.line());
        }
        self.events.push(event);
    }
}

/// The version that a watch is to go on from.
fn version(query: &str) -> usize {
    let given = query.split('&').find_map(|pair| pair.strip_prefix("resourceVersion="));
    given.and_then(|version| version.parse().ok()).unwrap_or_default()
}

/// `metadata.name=web` and `app=web,tier=front`: equality is all that the tests need.
#[derive(Default)]
struct Selector {
    name: Option<String>,
    labels: Vec<(String, String)>,
}

impl Selector {
    fn of(query: &str) -> Self {
        let mut selector = Selector::default();
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = value.replace("%3D", "=").replace("%2C", ",");
            let pairs = value.split(',').filter_map(|pair| pair.split_once('='));
            match key {
                "fieldSelector" => selector.name = pairs.map(|(_, name)| name.to_owned()).next(),
                "labelSelector" => selector.labels = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
                _ => {}
            }
        }
        selector
    }

    fn matches(&self, object: &Value) -> bool {
        let metadata = &object["metadata"];
        self.name.as_ref().is_none_or(|name| metadata["name"] == *name)
            && self.labels.iter().all(|(key, value)| metadata["labels"][key] == *value)
    }
}

fn whole(code: u16, answer: &Value) -> Response<Answer> {
    let bytes: Bytes = answer.to_string().into();
    let body = StreamBody::new(stream::iter([Ok(bytes)]).map_ok(Frame::data)).boxed_unsync();
    Response::builder().status(code).body(body).unwrap()
}

/// The one context of the tests.
pub(crate) fn context() -> ContextId {
    ContextId { source: ContextId::DEFAULT_SOURCE.into(), name: "test".into() }
}

/// A running pod in the namespace `shop`, with a container port http 80.
pub(crate) fn pod(name: &str, labels: Value, ready: bool) -> Value {
    let state = if ready { "True" } else { "False" };
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "uid": format!("uid-{name}"), "namespace": "shop", "labels": labels},
        "spec": {"nodeName": "node1", "containers": [{"name": "c", "ports": [{"name": "http", "containerPort": 80}]}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": state}],
            "containerStatuses": [{"name": "c", "ready": ready, "restartCount": 2, "image": "", "imageID": "", "state": {"running": {}}}]}})
}

/// A Service in the namespace `shop`.
pub(crate) fn service(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": spec})
}
