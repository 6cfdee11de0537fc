//! What is asked of a way to see whether it answers from here: a `GET /`, or a bare connection.

use std::{collections::HashMap, io, net::SocketAddr, time::Duration};

use portolan_wire::PodPort;
use tokio::{
    net::lookup_host,
    time::{Instant, timeout},
};

use super::{
    answer::{Answer, Unanswered},
    api_proxy,
    dial::{How, dial},
    port::{Port, Speaks},
    view::ProbePorts,
};
use crate::{
    cluster::Cluster,
    compare::view::Method,
    probe::{Connected, micros},
};

/// For each question: somebody looks at the table and waits.
pub(crate) const LIMIT: Duration = Duration::from_secs(2);

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ask {
    /// A connection to a pod, through the API server.
    Tunnel { to: PodPort, how: How },
    /// A `GET` of this path of the API server.
    Proxy { path: String },
    /// A connection to a host and a port.
    Socket { host: String, port: u16, how: How },
    /// As [`Ask::Socket`], where somebody stands before the Service who answers for it: a failure of his is not the
    /// Service's answer.
    Front { host: String, port: u16, how: How },
}

/// What was asked, and what came of it: who has the same question later need not ask it again.
pub(crate) type Answered = HashMap<Ask, Answer>;

/// As the port looks: only what speaks HTTP, and without TLS, is sent something.
pub(crate) fn how_to_ask(port: &Port, host: &str) -> How {
    match port.speaks {
        Speaks::Http => How::Get { host: host.to_owned() },
        Speaks::Https | Speaks::Something => How::Connect,
    }
}

impl Ask {
    /// Whether it may be asked.
    pub(crate) fn is_allowed(&self, ports: ProbePorts) -> bool {
        match (ports, self) {
            (ProbePorts::None, _) => false,
            (ProbePorts::All, _) | (_, Ask::Proxy { .. }) => true,
            (ProbePorts::Http, Ask::Tunnel { how, .. } | Ask::Socket { how, .. } | Ask::Front { how, .. }) => {
                matches!(how, How::Get { .. })
            }
        }
    }

    /// Asks once.
    pub(crate) async fn answer(&self, cluster: &Cluster) -> Answer {
        match self {
            Ask::Tunnel { to, how } => dial(&*cluster.connector, to, how, LIMIT).await,
            Ask::Proxy { path } => api_proxy::get(&cluster.client, path, LIMIT).await,
            Ask::Socket { host, port, how } | Ask::Front { host, port, how } => socket(host, *port, how).await,
        }
    }
}

/// A connection to the first address of a host, all of it within [`LIMIT`]. How long it took without the name's lookup.
async fn socket(host: &str, port: u16, how: &How) -> Answer {
    let began = Instant::now();
    let left = || LIMIT.saturating_sub(began.elapsed());
    let failed = |why| Answer { took_us: micros(began.elapsed()), said: Err(why) };
    let to = match timeout(LIMIT, address(host, port)).await {
        Ok(Ok(to)) => to,
        Ok(Err(why)) => return failed(Unanswered::Unasked(why)),
        Err(_) => return failed(Unanswered::Unasked(format!("the name {host} was not looked up in time"))),
    };
    let connected = match Connected::to(to, left()).await {
        Ok(connected) => connected,
        Err(missed) => return failed(missed.into()),
    };
    let answer = match how {
        How::Get { host } => connected.named(host).ask(Method::Get, "/", left()).await,
        How::Connect => connected.ask(Method::Connect, "/", left()).await,
    };
    Answer { took_us: answer.took_us, said: answer.said.map_err(Unanswered::from) }
}

async fn address(host: &str, port: u16) -> Result<SocketAddr, String> {
    let unknown = |error: io::Error| format!("this machine does not know the name {host} ({error})");
    let found = lookup_host((host, port)).await.map_err(unknown)?.next();
    found.ok_or_else(|| format!("the name {host} has no address"))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::probe::Missed;

    #[test]
    fn only_on_demand_is_anything_asked_that_is_not_http() {
        let get = || How::Get { host: "x".into() };
        let socket = |how| Ask::Socket { host: "x".into(), port: 1, how };
        let front = |how| Ask::Front { host: "x".into(), port: 1, how };
        let proxy = Ask::Proxy { path: "/".into() };
        for (ask, http) in [
            (socket(get()), true),
            (front(get()), true),
            (proxy, true),
            (socket(How::Connect), false),
            (front(How::Connect), false),
        ] {
            assert!(!ask.is_allowed(ProbePorts::None), "{ask:?}");
            assert_eq!(ask.is_allowed(ProbePorts::Http), http, "{ask:?}");
            assert!(ask.is_allowed(ProbePorts::All), "{ask:?}");
        }
    }

    #[tokio::test]
    async fn a_socket_is_asked_as_it_is_to_be() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = socket("127.0.0.1", port, &How::Connect).await;
        assert_eq!(answer.said.unwrap().status(), None);
        drop(listener);
        let refused = socket("127.0.0.1", port, &How::Get { host: "x".into() }).await;
        assert!(matches!(refused.said, Err(Unanswered::Missed(Missed::Refused))), "{refused:?}");
        // No label is so long: nobody has to be asked.
        let name = "x".repeat(64);
        let unknown = socket(&name, 80, &How::Connect).await;
        assert!(matches!(&unknown.said, Err(Unanswered::Unasked(why)) if why.contains(&name)), "{unknown:?}");
    }
}
