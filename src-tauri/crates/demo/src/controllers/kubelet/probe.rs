//! Readiness probes: how a pod is asked whether it serves, and what its answers make of it.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use tokio::time::{sleep, timeout};

use crate::{controllers::Pace, network::Network, socket::Socket};

/// How a container is asked.
#[derive(Clone, Debug)]
pub(super) struct Probing {
    pub(super) ask: Ask,
    /// From its start to the first time.
    pub(super) delay: Duration,
    pub(super) period: Duration,
    pub(super) timeout: Duration,
    /// So many good answers one after another make it ready.
    pub(super) successes: u32,
    /// So many bad ones make it unready.
    pub(super) failures: u32,
}

/// What is asked. A port is `None` where its name names none.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    Http { port: Option<u16>, path: String },
    Tcp { port: Option<u16> },
    Nothing,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is ready, or not, from now on.
    Ready(bool),
    /// A bad answer, in words.
    Failed(String),
}

impl Probing {
    /// Asks for ever, and tells what changes; it begins as not ready.
    pub(super) async fn run(&self, network: &Network, uid: &str, pace: Pace, mut tell: impl FnMut(Told)) {
        let (mut ready, mut same) = (false, 0);
        sleep(pace.of(self.delay)).await;
        loop {
            let answer = self.ask(network, uid).await;
            if answer.is_ok() == ready {
                same = 0;
            } else {
                same += 1;
            }
            let enough = if ready { self.failures } else { self.successes };
            let turned = same >= enough;
            if let Err(message) = answer {
                tell(Told::Failed(message));
            }
            if turned {
                (ready, same) = (!ready, 0);
                tell(Told::Ready(ready));
            }
            // Even where nothing takes time, this must not take all of it.
            sleep(pace.of(self.period).max(Duration::from_millis(10))).await;
        }
    }

    async fn ask(&self, network: &Network, uid: &str) -> Result<(), String> {
        match &self.ask {
            Ask::Nothing => Ok(()),
            Ask::Tcp { port } => reach(network, uid, *port).map(drop),
            Ask::Http { port, path } => {
                let socket = reach(network, uid, *port)?;
                match timeout(self.timeout, get(socket, path)).await {
                    Ok(Ok(status)) if (200..400).contains(&status.as_u16()) => Ok(()),
                    Ok(Ok(status)) => Err(format!("HTTP probe failed with statuscode: {}", status.as_u16())),
                    Ok(Err(error)) => Err(format!("Get \"{path}\": {error}")),
                    Err(_) => Err(format!("Get \"{path}\": context deadline exceeded")),
                }
            }
        }
    }
}

fn reach(network: &Network, uid: &str, port: Option<u16>) -> Result<Socket, String> {
    let port = port.ok_or("the probe names a port that the container does not have")?;
    network.reach(uid, port).map_err(|unreached| format!("dial tcp :{port}: connect: {unreached}"))
}

async fn get(socket: Socket, path: &str) -> Result<StatusCode, String> {
    let text = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.map_err(text)?;
    let request = Request::get(path)
        .header(header::HOST, "localhost")
        .header(header::USER_AGENT, "kube-probe/1.33")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let mut response = std::pin::pin!(sender.send_request(request));
    tokio::select! {
        biased;
        answer = &mut response => return answer.map(|answer| answer.status()).map_err(text),
        ended = connection => ended.map_err(text)?,
    }
    // It may have ended with the answer.
    response.await.map(|answer| answer.status()).map_err(text)
}
