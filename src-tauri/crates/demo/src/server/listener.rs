//! The port: takes connections while the server is there, and refuses them while it is away.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::{Accept, TlsAcceptor};
use tokio_util::sync::CancellationToken;

use super::{answer::Api, carried::Carried, tls::Ending};

/// How long until a port is tried again that somebody else has taken meanwhile.
const AGAIN: Duration = Duration::from_millis(100);

/// How long a handshake may take: as long as Go's servers allow, of whom nothing else is known.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves until it is dropped.
pub(crate) async fn serve(listener: TcpListener, at: SocketAddr, tls: TlsAcceptor, api: Arc<Api>) {
    let mut faults = api.faults.watch();
    let mut listener = Some(listener);
    loop {
        if faults.wait_for(|faulty| !faulty.away).await.is_err() {
            return;
        }
        let there = match listener.take() {
            Some(listener) => listener,
            None => bound(at).await,
        };
        let cut = CancellationToken::new();
        // Upgrades outlive what accepted them: they are cut by the token, also when all of this is dropped.
        let _guard = cut.clone().drop_guard();
        tokio::select! {
            gone = faults.wait_for(|faulty| faulty.away) => if gone.is_err() { return },
            () = accept(&there, &tls, &api, &cut) => {}
        }
    }
}

async fn bound(at: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(at).await {
            Ok(listener) => return listener,
            Err(error) => tracing::warn!(%at, %error, "the API server cannot come back"),
        }
        sleep(AGAIN).await;
    }
}

async fn accept(listener: &TcpListener, tls: &TlsAcceptor, api: &Arc<Api>, cut: &CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Without it, what is written in two parts waits for the other side's delayed acknowledgement. A
                    // failure costs only that.
                    let _ = stream.set_nodelay(true);
                    let carried = Carried::new(stream, &api.faults, cut.clone());
                    connections.spawn(connection(tls.accept(carried), api.clone()));
                },
                // Out of file descriptors, say: those that end free some.
                Err(error) => {
                    tracing::warn!(%error, "the API server cannot accept a connection");
                    sleep(AGAIN).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(handshake: Accept<Carried>, api: Arc<Api>) {
    let carried = match timeout(HANDSHAKE, handshake).await {
        Ok(Ok(carried)) => Ending(carried),
        failed => return tracing::debug!(error = ?failed.err(), "no TLS"),
    };
    let answer = service_fn(move |request: http::Request<Incoming>| {
        let api = api.clone();
        async move { Ok::<_, Infallible>(api.answer(request).await) }
    });
    let served = http1::Builder::new().serve_connection(TokioIo::new(carried), answer).with_upgrades().await;
    // Clients that go in the middle of a watch end with an error; that is how watches end.
    tracing::debug!(?served, "a connection has ended");
}
