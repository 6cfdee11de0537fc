//! The connection that a lane keeps open: what no Service saves.
//!
//! It asks once, so that a pod has answered on it and Portolan may not give it to another, and is then left alone.

use std::{net::SocketAddr, time::Duration};

use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout};

use super::view::Kept;
use crate::probe::{Connected, Missed, Said, of_hyper, plain};

/// A longer answer is not read for the sake of the connection.
const BODY: usize = 64 * 1024;

/// Whether a connection that ended in good order ended with its pod is known only after a while: watches lag.
const JUDGED_AFTER: Duration = Duration::from_secs(2);

/// Servers end idle connections by themselves. Another one is opened this long after the last one was at the soonest.
const PACE: Duration = Duration::from_secs(10);

/// The same after one was cut: its end is to be seen first.
const AFTER_CUT: Duration = Duration::from_secs(3);

/// A connection that is open.
#[derive(Debug)]
pub(super) struct Opened {
    /// Its local address.
    pub(super) local: SocketAddr,
    /// What was answered on it.
    pub(super) said: Said,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was not to be had, or cannot be kept.
    Never,
    /// In good order: the server was tired of it, or its process ended.
    InOrder,
    /// It was reset.
    Reset,
}

/// Opens one, tells of it, and stays until it ends.
pub(super) async fn keep(
    to: SocketAddr,
    method: http::Method,
    path: String,
    limit: Duration,
    opened: impl FnOnce(Opened),
) -> End {
    let Ok(Ok((connected, request))) = timeout(limit, connect(to, method, &path)).await else { return End::Never };
    let local = connected.local();
    let Ok((mut sender, connection)) = http1::handshake(TokioIo::new(connected.into_stream())).await else {
        return End::Never;
    };
    tokio::pin!(connection);
    let answer = async {
        let (head, mut body) = sender.send_request(request).await?.into_parts();
        let mut all = Vec::new();
        while let Some(frame) = body.frame().await {
            all.extend_from_slice(frame?.data_ref().map(AsRef::as_ref).unwrap_or_default());
            if all.len() > BODY {
                return Ok(None);
            }
        }
        Ok::<_, hyper::Error>(Some(Said::Http {
            status: head.status.as_u16(),
            headers: Box::new(head.headers),
            body: all,
        }))
    };
    let said = tokio::select! {
        answer = timeout(limit, answer) => answer,
        _ = &mut connection => return End::Never,
    };
    let Ok(Ok(Some(said))) = said else { return End::Never };
    opened(Opened { local, said });
    let end = connection.await;
    drop(sender);
    match end.map_err(|error| of_hyper(&error)) {
        Err(Missed::Reset | Missed::Other(_)) => End::Reset,
        _ => End::InOrder,
    }
}

async fn connect(
    to: SocketAddr,
    method: http::Method,
    path: &str,
) -> Result<(Connected, http::Request<http_body_util::Empty<hyper::body::Bytes>>), Missed> {
    let request = plain(method, path, to, false)?;
    Ok((Connected::to(to, Duration::MAX).await?, request))
}

/// Where a lane's kept connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    /// There is none; when the next one is opened.
    None { next: Instant },
    /// It is being opened.
    Opening { since: Instant },
    /// It is open.
    Open { since: Instant, at: u64, pod: Option<u32> },
    /// It has ended in good order; whether with its pod is judged later.
    Ended { since: Instant, ended: Instant, at: u64, pod: Option<u32> },
    /// It was cut; when the next one is opened.
    Cut { at: u64, pod: Option<u32>, next: Instant },
}

/// What an end was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) pod: Option<u32>,
    /// How long it had been open.
    pub(super) lasted: Duration,
}

impl Keeping {
    /// As the window shows it.
    pub(super) fn shown(&self) -> Kept {
        match self {
            Keeping::None { .. } | Keeping::Opening { .. } | Keeping::Ended { .. } => Kept::None,
            Keeping::Open { at, pod, .. } => Kept::Open { since: *at, pod: *pod },
            Keeping::Cut { at, pod, .. } => Kept::Cut { at: *at, pod: *pod },
        }
    }

    /// Whether another one is to be opened now.
    pub(super) fn wants_one(&self, now: Instant) -> bool {
        matches!(self, Keeping::None { next } | Keeping::Cut { next, .. } if *next <= now)
    }

    /// It was answered on.
    pub(super) fn opened(&mut self, at: u64, pod: Option<u32>) {
        if let Keeping::Opening { since } = self {
            *self = Keeping::Open { since: *since, at, pod };
        }
    }

    /// It has ended. What is sure already to have been cut.
    pub(super) fn ended(&mut self, end: End, at: u64, now: Instant) -> Option<Cut> {
        let next = now + PACE;
        match (&*self, end) {
            (Keeping::Open { since, pod, .. }, End::Reset) => {
                let cut = Cut { pod: *pod, lasted: now - *since };
                *self = Keeping::Cut { at, pod: *pod, next: now + AFTER_CUT };
                return Some(cut);
            }
            (Keeping::Open { since, pod, .. }, _) => {
                *self = Keeping::Ended { since: *since, ended: now, at, pod: *pod };
            }
            _ => *self = Keeping::None { next },
        }
        None
    }

    /// When an end is to be judged.
    pub(super) fn judged_at(&self) -> Option<Instant> {
        match self {
            Keeping::Ended { ended, .. } => Some(*ended + JUDGED_AFTER),
            _ => None,
        }
    }

    /// Judges an end in good order, when that is due: it is the pod's where `gone` says that the pod went.
    pub(super) fn judge(&mut self, now: Instant, gone: impl FnOnce(Option<u32>) -> bool) -> Option<Cut> {
        let Keeping::Ended { since, ended, at, pod } = *self else { return None };
        if now < ended + JUDGED_AFTER {
            return None;
        }
        if gone(pod) {
            *self = Keeping::Cut { at, pod, next: ended + AFTER_CUT };
            return Some(Cut { pod, lasted: ended - since });
        }
        *self = Keeping::None { next: since + PACE };
        None
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
        sync::oneshot,
    };

    use super::*;

    /// Keeps a connection to a server that answers once; the server's end of it.
    async fn kept() -> (tokio::task::JoinHandle<End>, TcpStream, Opened, String) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (tell, opened) = oneshot::channel();
        let limit = Duration::from_secs(5);
        let keeping =
            tokio::spawn(keep(listener.local_addr().unwrap(), http::Method::GET, "/".into(), limit, |opened| {
                tell.send(opened).unwrap()
            }));
        let (mut server, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            assert_ne!(server.read_buf(&mut head).await.unwrap(), 0);
        }
        server.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nweb-1").await.unwrap();
        let opened = opened.await.unwrap();
        (keeping, server, opened, String::from_utf8(head).unwrap())
    }

    #[tokio::test]
    async fn it_asks_once_and_stays_until_it_is_ended() {
        let (keeping, server, opened, head) = kept().await;
        assert!(head.starts_with("GET / HTTP/1.1\r\n") && !head.contains("close"), "{head}");
        assert!(opened.said.is_named("web-1"));
        assert_eq!(opened.local, server.peer_addr().unwrap());
        drop(server);
        assert_eq!(keeping.await.unwrap(), End::InOrder);
        let (keeping, server, ..) = kept().await;
        server.set_zero_linger().unwrap();
        drop(server);
        assert_eq!(keeping.await.unwrap(), End::Reset);
        let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
        let limit = Duration::from_secs(5);
        assert_eq!(keep(closed, http::Method::GET, "/".into(), limit, drop).await, End::Never);
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_in_good_order_is_the_pods_only_where_the_pod_went() {
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let open = Keeping::Open { since: began, at: 1, pod: Some(3) };
        // The server was tired of it.
        let mut keeping = open.clone();
        assert_eq!(keeping.ended(End::InOrder, 7, at(5)), None);
        assert_eq!((keeping.shown(), keeping.judged_at()), (Kept::None, Some(at(7))));
        assert_eq!(keeping.judge(at(6), |_| true), None, "too early to tell");
        assert_eq!(keeping.judge(at(7), |_| false), None);
        assert!(!keeping.wants_one(at(9)) && keeping.wants_one(at(10)), "no more than one in ten seconds");
        // Its pod went.
        let mut keeping = open.clone();
        keeping.ended(End::InOrder, 7, at(5));
        let cut = Cut { pod: Some(3), lasted: Duration::from_secs(5) };
        assert_eq!(keeping.judge(at(7), |pod| pod == Some(3)), Some(cut));
        assert_eq!(keeping.shown(), Kept::Cut { at: 7, pod: Some(3) });
        assert!(keeping.wants_one(at(8)));
        // It was reset.
        let mut keeping = open;
        assert_eq!(keeping.ended(End::Reset, 7, at(5)), Some(cut));
        assert!(!keeping.wants_one(at(7)) && keeping.wants_one(at(8)));
        // It never was.
        let mut keeping = Keeping::Opening { since: began };
        assert_eq!(keeping.ended(End::Reset, 7, at(0)), None);
        assert_eq!(keeping, Keeping::None { next: at(10) });
    }
}
