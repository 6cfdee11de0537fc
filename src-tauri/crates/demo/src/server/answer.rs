//! Answers requests: who asks, what for, and may they; then it is handed on.

use http::{Method, Request, Response, header};
use hyper::body::Incoming;

use super::{
    body::{self, Body},
    connect, discovery, list,
    path::Target,
    query::Query,
    reviews, rights, scale,
    shape::Shape,
    status::Status,
    users::Users,
    watch, write,
};
use crate::{Faults, Store, kind::Kind, network::Network, portforward::Upgrades};

/// All that answers come from.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) store: Store,
    pub(crate) faults: Faults,
    pub(crate) users: Users,
    pub(crate) network: Network,
    pub(crate) upgrades: Upgrades,
}

/// What was asked, as far as it has been found out.
pub(crate) struct Asked {
    pub(crate) target: Target,
    pub(crate) kind: &'static Kind,
    pub(crate) query: Query,
    pub(crate) shape: Shape,
    pub(crate) request: Request<Incoming>,
}

impl Api {
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = self.answer_to(request).await.unwrap_or_else(|status| status.answer());
        tracing::debug!(%method, path, code = answer.status().as_u16(), "answered");
        answer
    }

    async fn answer_to(&self, request: Request<Incoming>) -> Result<Response<Body>, Status> {
        let user = self.users.who(request.headers())?;
        if let Some(after) = self.faults.now().too_many {
            // In whole seconds: sooner than that nobody comes back.
            return Err(Status::too_many(after.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)));
        }
        let path = request.uri().path();
        let query = Query::parse(request.uri().query().unwrap_or_default());
        let Some(target) = Target::parse(path) else {
            rights::check_path(&user, path)?;
            return Ok(discovery::answer(path));
        };
        if target.group == discovery::AUTHORIZATION {
            return reviews::answer(self, &user, &target, request).await;
        }
        target.wish(request.method(), &query).check(&user, &self.store, &self.faults)?;
        let Some(kind) = target.kind() else {
            let known = discovery::knows(&target.group, &target.version);
            return if known { Err(Status::unknown()) } else { Ok(discovery::none()) };
        };
        let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        let shape = Shape::parse(accept.unwrap_or_default(), &query);
        let asked = Asked { target, kind, query, shape, request };
        self.hand_on(asked).await
    }

    async fn hand_on(&self, asked: Asked) -> Result<Response<Body>, Status> {
        let Target { namespace, name, sub, .. } = &asked.target;
        // What is in a namespace is named with it.
        if !name.is_empty() && asked.kind.namespaced && namespace.is_empty() {
            return Err(Status::unknown());
        }
        match (asked.request.method(), sub.as_str()) {
            (_, "portforward" | "proxy" | "log" | "exec" | "attach") => connect::answer(self, asked).await,
            (_, "scale") if scale::has(asked.kind) => scale::answer(self, asked).await,
            (_, "" | "status") => self.whole(asked).await,
            _ => Err(Status::unknown()),
        }
    }

    async fn whole(&self, asked: Asked) -> Result<Response<Body>, Status> {
        let one = !asked.target.name.is_empty();
        match *asked.request.method() {
            Method::GET if asked.query.is("watch") => watch::answer(self, &asked),
            Method::GET if one => self.get(&asked),
            Method::GET => list::answer(self, &asked).await,
            Method::POST if !one => write::create(self, asked).await,
            Method::PUT if one => write::put(self, asked).await,
            Method::PATCH if one => write::patch(self, asked).await,
            Method::DELETE if one => write::delete(self, asked).await,
            Method::DELETE if !asked.kind.namespaced || !asked.target.namespace.is_empty() => {
                write::delete_all(self, asked).await
            }
            _ => Err(Status::method()),
        }
    }

    fn get(&self, asked: &Asked) -> Result<Response<Body>, Status> {
        let (kind, name) = (asked.kind, asked.target.name.as_str());
        let object = self.store.get(kind, asked.namespace(), name).ok_or_else(|| Status::not_found(kind, name))?;
        Ok(body::written(http::StatusCode::OK, asked.shape.one(&object, self.store.clock())))
    }
}

impl Asked {
    /// The namespace that objects are in. That of a namespace itself is none, though rights to it are asked for there.
    pub(crate) fn namespace(&self) -> &str {
        if self.kind.namespaced { &self.target.namespace } else { "" }
    }
}
