//! The connections of one client that wait to be used again, and a way to leave them alone: after a sleep, or on another
//! network, each may be dead, and a request on a dead one learns it after many seconds only.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::Request;
use hyper_util::{
    client::legacy::{self, ResponseFuture},
    rt::{TokioExecutor, TokioTimer},
};
use kube::client::Body;

use super::connect::Connector;

type Http = legacy::Client<Connector, Body>;

/// A client's connections. Its clones are the same.
#[derive(Clone)]
pub struct Connections(Arc<Pool>);

struct Pool {
    connector: Connector,
    http: Mutex<Http>,
}

impl Connections {
    pub(super) fn new(connector: Connector) -> Self {
        let http = Mutex::new(over(connector.clone()));
        Connections(Arc::new(Pool { connector, http }))
    }

    /// From now on, requests take new connections, with new TLS sessions. Requests, watches and upgrades that are under
    /// way go on.
    pub fn renew(&self) {
        let fresh = over(self.0.connector.anew());
        // What was there is dropped here: its idle connections are closed, the others when they end.
        *self.http() = fresh;
    }

    pub(super) fn request(&self, request: Request<Body>) -> ResponseFuture {
        self.http().request(request)
    }

    fn http(&self) -> MutexGuard<'_, Http> {
        self.0.http.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn over(connector: Connector) -> Http {
    legacy::Builder::new(TokioExecutor::new())
        // With a timer, connections that nobody uses are closed in time, and not when the next one is looked for.
        .pool_timer(TokioTimer::new())
        .build(connector)
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections")
    }
}
