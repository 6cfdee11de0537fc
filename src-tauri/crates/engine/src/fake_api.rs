//! An API server for tests, in memory: collections by path, lists, gets and live watches with selectors. What is in no
//! collection is forbidden; verbs can be forbidden, APIs be missing, and the server be away.

use std::{
    collections::{HashMap, HashSet},
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
pub(crate) const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices";
pub(crate) const ENDPOINTS: &str = "/api/v1/namespaces/shop/endpoints";

/// What is asked of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Verb {
    Get,
    List,
    Watch,
}

#[derive(Clone, Default)]
pub(crate) struct FakeApi(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    collections: HashMap<String, Vec<Value>>,
    /// What happened, in order; the place of an event, from 1, is its resource version.
    events: Vec<Event>,
    watches: Vec<(String, Selector, mpsc::UnboundedSender<Bytes>)>,
    forbidden: HashSet<(String, Verb)>,
    missing: HashSet<String>,
    broken: HashSet<String>,
    away: bool,
    requests: Vec<(Verb, String)>,
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

    /// Forbids a verb on a collection, or allows it again.
    pub(crate) fn forbid(&self, path: &str, verb: Verb, forbidden: bool) {
        let rule = (path.to_owned(), verb);
        let mut state = self.state();
        if forbidden {
            state.forbidden.insert(rule)
        } else {
            state.forbidden.remove(&rule)
        };
    }

    /// The API of this collection does not exist.
    pub(crate) fn lacks(&self, path: &str) {
        self.state().missing.insert(path.to_owned());
    }

    /// The server answers with an error of its own for this collection, and ends its watches; or it is mended.
    pub(crate) fn breaks(&self, path: &str, broken: bool) {
        let mut state = self.state();
        if broken {
            state.broken.insert(path.to_owned())
        } else {
            state.broken.remove(path)
        };
        state.watches.retain(|(watched, ..)| !broken || watched != path);
    }

    /// Nobody answers, and what is open ends; or the server is back.
    pub(crate) fn away(&self, away: bool) {
        let mut state = self.state();
        state.away = away;
        state.watches.clear();
    }

    /// How often a verb was asked of a collection, or of what is in it; what is asked of anything else counts as a list.
    pub(crate) fn asked(&self, verb: Verb, path: &str) -> usize {
        self.state().requests.iter().filter(|(v, p)| *v == verb && p == path).count()
    }

    /// Watches of a collection that are open.
    pub(crate) fn watching(&self, path: &str) -> usize {
        self.state().watches.iter().filter(|(p, _, events)| p == path && !events.is_closed()).count()
    }

    async fn answer(self, request: Request<Body>) -> Result<Response<Answer>, std::io::Error> {
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default();
        let mut state = self.state();
        let (collection, name) = match path.rsplit_once('/') {
            Some((parent, name)) if !state.knows(&path) && state.knows(parent) => (parent, Some(name)),
            _ => (path.as_str(), None),
        };
        let verb = match name {
            Some(_) => Verb::Get,
            None if query.contains("watch=true") => Verb::Watch,
            None => Verb::List,
        };
        state.requests.push((verb, collection.to_owned()));
        if state.away {
            return Err(std::io::ErrorKind::ConnectionRefused.into());
        }
        if state.missing.contains(collection) {
            return Ok(failure(404, "NotFound"));
        }
        if state.broken.contains(collection) {
            return Ok(failure(500, "InternalError"));
        }
        let asked = (collection.to_owned(), verb);
        let Some(objects) = state.collections.get(collection).filter(|_| !state.forbidden.contains(&asked)) else {
            return Ok(failure(403, "Forbidden"));
        };
        if let Some(name) = name {
            let found = objects.iter().find(|object| object["metadata"]["name"] == name);
            return Ok(found.map_or_else(|| failure(404, "NotFound"), |object| whole(200, object)));
        }
        let selector = Selector::of(query);
        if verb == Verb::Watch {
            return Ok(state.watch(path, selector, version(query)));
        }
        let items: Vec<&Value> = objects.iter().filter(|object| selector.matches(object)).collect();
        let list = json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": state.events.len().to_string()}, "items": items});
        Ok(whole(200, &list))
    }

    /// The cluster behind it, as [`context`].
    pub(crate) fn cluster(&self) -> Arc<Cluster> {
        let api = self.clone();
        let client = kube::Client::new(tower::service_fn(move |request| api.clone().answer(request)), "default");
        Arc::new(Cluster::new(context(), "https://test".into(), client.clone(), PortForward::new(client, None)))
    }
}

impl State {
    fn knows(&self, path: &str) -> bool {
        self.collections.contains_key(path) || self.missing.contains(path)
    }

    fn watch(&mut self, path: String, selector: Selector, since: usize) -> Response<Answer> {
        let (events, watch) = mpsc::unbounded();
        // What happened between the list and the watch is not lost.
        for event in self.events.iter().skip(since).filter(|e| e.path == path && selector.matches(&e.object)) {
            let _ = events.unbounded_send(event.line());
        }
        self.watches.push((path, selector, events));
        Response::new(StreamBody::new(watch.map(|line| Ok(Frame::data(line)))).boxed_unsync())
    }

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
            let value = value.replace("%3D", "=").replace("%2C", ",").replace("%2F", "/");
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

fn failure(code: u16, reason: &str) -> Response<Answer> {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": reason});
    whole(code, &status)
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

/// A slice as Kubernetes writes it for the Service `web`: these pods with their condition `ready`, at a port named http.
pub(crate) fn slice(name: &str, pods: &[(&str, bool)]) -> Value {
    let endpoint = |(pod, ready): &(&str, bool)| {
        json!({"addresses": ["10.1.0.1"], "conditions": {"ready": ready},
        "targetRef": {"kind": "Pod", "name": pod, "uid": format!("uid-{pod}"), "namespace": "shop"}})
    };
    json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": name, "namespace": "shop", "labels": {"kubernetes.io/service-name": "web",
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}},
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}], "endpoints": pods.iter().map(endpoint).collect::<Vec<_>>()})
}
