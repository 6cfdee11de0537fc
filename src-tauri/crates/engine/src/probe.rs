//! One probe: a question to one port, over a fresh connection, and nothing else.
//!
//! - [`probe`] is the whole of it. Who has to know the connection's own address before its answer takes the steps:
//!   [`Connected::to`], then [`Connected::ask`].
//! - `looks_like_http` says whether a port may be asked at all.
//!
//! What is sent is a plain `GET` or `HEAD` with `Host`, a `User-Agent` that says who asks, and `Connection: close`; or,
//! by [`Method::Connect`], not one byte.

mod http_by;
#[cfg(test)]
mod tests;

use std::{fmt, io, net::SocketAddr, time::Duration};

use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout},
};

use crate::compare::view::Method;
pub(crate) use http_by::looks_like_http;

/// Who asks, for whoever reads the log of what is probed.
pub const USER_AGENT: &str = concat!("portolan/", env!("CARGO_PKG_VERSION"), " (+probe)");

/// A connection that has not ended after this long was accepted.
pub const QUIET: Duration = Duration::from_millis(300);

/// So much of an answer's body is read.
const BODY: usize = 1024;

/// What came of a probe.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How long it took, in microseconds: from the first packet to the head of the answer, to the accepted connection
    /// where nothing was asked, or to the end of all hope.
    pub took_us: u64,
    /// What was answered, or why nothing was.
    pub said: Result<Said, Missed>,
}

/// What was answered.
#[derive(Clone, Debug)]
pub enum Said {
    /// The dial was accepted, and nothing ended it.
    Accepted {
        /// What it said by itself meanwhile: at most a KiB; empty for most.
        first: Vec<u8>,
    },
    /// By HTTP.
    Http {
        /// The status.
        status: u16,
        /// The headers.
        headers: Box<HeaderMap>,
        /// The body's first KiB.
        body: Vec<u8>,
    },
}

impl Said {
    /// HTTP's status; `None` for a bare connection.
    pub fn status(&self) -> Option<u16> {
        match self {
            Said::Accepted { .. } => None,
            Said::Http { status, .. } => Some(*status),
        }
    }

    /// Whether the answer is this name, or has a header that is: so a pod that says who it is can be told.
    pub fn is_named(&self, name: &str) -> bool {
        match self {
            Said::Accepted { .. } => false,
            Said::Http { headers, body, .. } => {
                body.trim_ascii() == name.as_bytes()
                    || headers.values().any(|value| value.as_bytes() == name.as_bytes())
            }
        }
    }
}

/// Why nothing was answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missed {
    /// Nobody listens at the address, or a firewall says so.
    #[error("the connection was refused")]
    Refused,
    /// There was no connection in time.
    #[error("no connection within {}", Span(*.0))]
    NoConnection(Duration),
    /// There was a connection, and no answer in time.
    #[error("no answer within {}", Span(*.0))]
    NoAnswer(Duration),
    /// It was reset.
    #[error("the connection was reset")]
    Reset,
    /// It was ended in good order, and without a whole answer.
    #[error("the connection was ended without an answer")]
    Ended,
    /// What was answered is no HTTP.
    #[error("the answer is no HTTP")]
    NotHttp,
    /// The path cannot be asked for.
    #[error("“{0}” is no path")]
    BadPath(String),
    /// Anything else, as the system says it.
    #[error("{0}")]
    Other(String),
}

/// `300 ms`, `5 s`.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            ms if ms % 1000 == 0 => write!(f, "{} s", ms / 1000),
            ms if ms > 1000 => write!(f, "{:.1} s", self.0.as_secs_f64()),
            ms => write!(f, "{ms} ms"),
        }
    }
}

/// Asks once. It ends within `limit`, and, where nothing is asked for, [`QUIET`] after that.
pub async fn probe(to: SocketAddr, method: Method, path: &str, limit: Duration) -> Answer {
    let began = Instant::now();
    match Connected::to(to, limit).await {
        Ok(connected) => connected.ask(method, path, limit.saturating_sub(began.elapsed())).await,
        Err(missed) => Answer { took_us: micros(began.elapsed()), said: Err(missed) },
    }
}

/// A fresh connection over which nothing was said yet.
#[derive(Debug)]
pub struct Connected {
    stream: TcpStream,
    /// What is asked for, as `Host` says it: the address, unless somebody knows better.
    host: String,
    local: SocketAddr,
    began: Instant,
    /// How long it took.
    accepted: Duration,
}

impl Connected {
    /// Connects.
    ///
    /// # Errors
    /// When that is refused, or takes longer than `limit`.
    pub async fn to(to: SocketAddr, limit: Duration) -> Result<Connected, Missed> {
        let began = Instant::now();
        let stream = match timeout(limit, TcpStream::connect(to)).await {
            Err(_) => return Err(Missed::NoConnection(limit)),
            Ok(Err(error)) => return Err(of_io(&error)),
            Ok(Ok(stream)) => stream,
        };
        let accepted = began.elapsed();
        // A failure costs the probe a few milliseconds, and nothing else.
        let _ = stream.set_nodelay(true);
        let local = stream.local_addr().map_err(|error| of_io(&error))?;
        Ok(Connected { stream, host: to.to_string(), local, began, accepted })
    }

    /// This end's address: what the other end knows the connection by.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// To be asked for this host, where several live at one address.
    pub fn named(self, host: &str) -> Connected {
        Connected { host: host.to_owned(), ..self }
    }

    /// The connection itself.
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Asks by it and ends it. `limit` is for the answer; a connection over which nothing is asked has [`QUIET`].
    pub async fn ask(mut self, method: Method, path: &str, limit: Duration) -> Answer {
        let (began, accepted) = (self.began, self.accepted);
        let method = match method {
            Method::Get => http::Method::GET,
            Method::Head => http::Method::HEAD,
            Method::Connect => {
                let said = self.stays().await;
                let took = if said.is_ok() { accepted } else { began.elapsed() };
                return Answer { took_us: micros(took), said };
            }
        };
        match timeout(limit, request(self.stream, &self.host, (method, path), began)).await {
            Ok((took, said)) => Answer { took_us: micros(took), said },
            Err(_) => Answer { took_us: micros(began.elapsed()), said: Err(Missed::NoAnswer(limit)) },
        }
    }

    /// Whether it stays open for [`QUIET`] though nothing is said.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) async fn stays(&mut self) -> Result<Said, Missed> {
        let mut first = vec![0; BODY];
        match timeout(QUIET, self.stream.read(&mut first)).await {
            Err(_) => Ok(Said::Accepted { first: Vec::new() }),
            Ok(Ok(0)) => Err(Missed::Ended),
            Ok(Ok(n)) => {
                first.truncate(n);
                Ok(Said::Accepted { first })
            }
            Ok(Err(error)) => Err(of_io(&error)),
        }
    }
}

/// Asks over whatever is connected. How long it took since `began` to the head of the answer, or to the end of all hope.
pub(crate) async fn request(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    host: &str,
    (method, path): (http::Method, &str),
    began: Instant,
) -> (Duration, Result<Said, Missed>) {
    let request = match plain(method, path, host, true) {
        Ok(request) => request,
        Err(missed) => return (began.elapsed(), Err(missed)),
    };
    let (mut sender, connection) = match http1::handshake(TokioIo::new(stream)).await {
        Ok(ready) => ready,
        Err(error) => return (began.elapsed(), Err(of_hyper(&error))),
    };
    let asking = async {
        let answer = sender.send_request(request).await;
        let took = began.elapsed();
        let said = match answer {
            Err(error) => Err(of_hyper(&error)),
            Ok(answer) => {
                let (head, body) = answer.into_parts();
                let body = beginning(body).await;
                Ok(Said::Http { status: head.status.as_u16(), headers: Box::new(head.headers), body })
            }
        };
        (took, said)
    };
    tokio::pin!(asking, connection);
    tokio::select! {
        answer = &mut asking => answer,
        // The connection's end is told to whoever asks by it; what had arrived before is still read.
        _ = &mut connection => asking.await,
    }
}

/// A request with nothing in it but what has to be. `last`: the connection is to end with its answer.
///
/// # Errors
/// When the path is none.
pub(crate) fn plain(
    method: http::Method,
    path: &str,
    host: impl fmt::Display,
    last: bool,
) -> Result<Request<Empty<Bytes>>, Missed> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, host.to_string())
        .header(header::USER_AGENT, USER_AGENT);
    if last {
        request = request.header(header::CONNECTION, "close");
    }
    let request = request.body(Empty::new()).ok().filter(|_| is_path(path));
    request.ok_or_else(|| Missed::BadPath(path.to_owned()))
}

/// Whether this can be asked of a port: a URL or a host's name cannot.
pub(crate) fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.parse::<http::Uri>().is_ok()
}

/// The first KiB of a body, or what came of it: an answer that breaks off was an answer.
async fn beginning(mut body: hyper::body::Incoming) -> Vec<u8> {
    let mut beginning = Vec::new();
    let reading = async {
        while beginning.len() < BODY {
            let Some(Ok(frame)) = body.frame().await else { break };
            beginning.extend_from_slice(frame.data_ref().map(|data| data.as_ref()).unwrap_or_default());
        }
    };
    // Neither does one that goes on slowly, or stalls, undo the answer: its head was in time.
    let _ = timeout(QUIET, reading).await;
    beginning.truncate(BODY);
    beginning
}

pub(crate) fn of_hyper(error: &hyper::Error) -> Missed {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return of_io(io);
        }
        source = cause.source();
    }
    match error {
        error if error.is_parse() => Missed::NotHttp,
        error if error.is_incomplete_message() || error.is_canceled() || error.is_closed() => Missed::Ended,
        error => Missed::Other(error.to_string()),
    }
}

fn of_io(error: &io::Error) -> Missed {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Missed::Refused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => Missed::Reset,
        io::ErrorKind::TimedOut => Missed::Other("the system gave up connecting".into()),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            Missed::Other("no way leads there".into())
        }
        _ => Missed::Other(error.to_string()),
    }
}

pub(crate) fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}
