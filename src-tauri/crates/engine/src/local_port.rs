//! Local ports: which one to listen on, and who has it if it is taken.
//!
//! A port is never checked first: it is bound, on all its addresses, or the next one is tried. Taken on either address
//! is taken, since a client that resolves `localhost` may use either.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use ts_rs::TS;

use crate::{error::Error, forward::LocalPort, session::view::TakenPort};

/// How many ports after the suggested one are tried before any free one is taken.
pub(crate) const NEXT_FREE: u16 = 50;

/// Connections that the system keeps for us until they are accepted. Far more than a browser opens at once.
const BACKLOG: i32 = 1024;

/// Whoever listens on a local port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[ts(export)]
pub enum Holder {
    /// Another session of this very process.
    OurSession,
    /// Another process.
    Process {
        /// The process's name.
        name: String,
        /// The process's id.
        pid: u32,
    },
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::OurSession => f.write_str("another session of Portolan"),
            Holder::Process { name, pid } => write!(f, "{name} (pid {pid})"),
        }
    }
}

impl Holder {
    /// Whoever listens on the port, where the system tells: only processes of the same user, without root.
    fn of(port: u16) -> Option<Holder> {
        let process = listeners::get_process_by_port(port, listeners::Protocol::TCP).ok()?;
        Some(match process.pid == std::process::id() {
            true => Holder::OurSession,
            false => Holder::Process { name: process.name, pid: process.pid },
        })
    }
}

/// A port that is listened on.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) listeners: Vec<Arc<TcpListener>>,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) port: u16,
    pub(crate) instead_of: Option<TakenPort>,
}

/// Listens on one port of all `addresses`. `remote` is the number of the remote port, for the choices that follow it.
///
/// # Errors
/// When the port is taken, or no port of these addresses can be listened on.
pub(crate) async fn bind(addresses: Vec<IpAddr>, choice: LocalPort, remote: u16) -> Result<Bound, Error> {
    // Looking for a port's holder reads all of /proc on Linux.
    let sockets = tokio::task::spawn_blocking(move || choose(&addresses, choice, remote));
    let (sockets, instead_of) = match sockets.await {
        Ok(found) => found?,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    let cannot = |source| Error::CannotListen { address: IpAddr::from([127, 0, 0, 1]), port: remote, source };
    let mut bound = Bound { listeners: Vec::new(), addresses: Vec::new(), port: 0, instead_of };
    for socket in sockets {
        let listener = TcpListener::from_std(socket.into()).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        bound.port = address.port();
        bound.addresses.push(address);
        bound.listeners.push(Arc::new(listener));
    }
    Ok(bound)
}

fn choose(addresses: &[IpAddr], choice: LocalPort, remote: u16) -> Result<(Vec<Socket>, Option<TakenPort>), Error> {
    match choice {
        LocalPort::Fixed { port } => Ok((bind_all(addresses, port)?, None)),
        LocalPort::Same => Ok((bind_all(addresses, remote)?, None)),
        LocalPort::Any => Ok((bind_any(addresses)?, None)),
        LocalPort::Suggested { before } => suggested(addresses, before, suggestion(remote)),
    }
}

/// The local port that is easiest to remember for a remote one: its own number, or, as ports below 1024 belong to the
/// system, 8080 for 80, 8443 for 443 and 8000 more for the rest.
pub(crate) fn suggestion(remote: u16) -> u16 {
    match remote {
        80 => 8080,
        443 => 8443,
        ..1024 => remote + 8000,
        _ => remote,
    }
}

fn suggested(addresses: &[IpAddr], before: Option<u16>, first: u16) -> Result<(Vec<Socket>, Option<TakenPort>), Error> {
    let mut instead_of = None;
    for port in before.into_iter().chain(first..=first.saturating_add(NEXT_FREE)) {
        match bind_all(addresses, port) {
            Ok(sockets) => return Ok((sockets, instead_of)),
            Err(Error::PortTaken { port, holder, .. }) => {
                instead_of.get_or_insert(TakenPort { port, holder });
            }
            Err(other) => return Err(other),
        }
    }
    Ok((bind_any(addresses)?, instead_of))
}

/// Any port that is free on all the addresses: the system chooses one on the first of them.
fn bind_any(addresses: &[IpAddr]) -> Result<Vec<Socket>, Error> {
    const TRIES: usize = 16;
    let mut last = None;
    for _ in 0..TRIES {
        let first = bind_all(&addresses[..1], 0)?;
        let port = first.first().and_then(|s| s.local_addr().ok()?.as_socket()).map_or(0, |a| a.port());
        match bind_all(&addresses[1..], port) {
            Ok(rest) => return Ok(first.into_iter().chain(rest).collect()),
            Err(error @ Error::PortTaken { .. }) => last = Some(error),
            Err(other) => return Err(other),
        }
    }
    Err(last.unwrap_or(Error::BadPort { text: String::new(), why: "no local address was given".into() }))
}

/// Listens on one port of all addresses, for as long as the sockets are kept.
///
/// # Errors
/// When it is taken on one of them, or cannot be listened on.
pub(crate) fn bind_all(addresses: &[IpAddr], port: u16) -> Result<Vec<Socket>, Error> {
    let mut sockets = Vec::with_capacity(addresses.len());
    for &address in addresses {
        match bind_one(SocketAddr::new(address, port)) {
            Ok(socket) => sockets.push(socket),
            // A machine without IPv6 still has 127.0.0.1.
            Err(error) if address.is_ipv6() && address.is_loopback() && addresses.len() > 1 && has_no_ipv6(&error) => {}
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                // Or this process would be found to hold the port.
                drop(sockets);
                return Err(Error::PortTaken { address, port, holder: Holder::of(port) });
            }
            Err(source) => return Err(Error::CannotListen { address, port, source }),
        }
    }
    Ok(sockets)
}

fn has_no_ipv6(error: &io::Error) -> bool {
    // EAFNOSUPPORT of Linux, macOS and Windows: it has no kind of its own in std.
    const NO_SUCH_FAMILY: [i32; 3] = [97, 47, 10047];
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error().is_some_and(|n| NO_SUCH_FAMILY.contains(&n))
}

fn bind_one(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // `::` must not take 0.0.0.0 along, which is bound apart.
        socket.set_only_v6(true)?;
    }
    // On Unix this only skips TIME_WAIT; on Windows it would let two processes share the port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    fn loopback() -> Vec<IpAddr> {
        vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
    }

    #[test]
    fn suggestions_are_easy_to_remember() {
        let table = [(80, 8080), (443, 8443), (22, 8022), (1023, 9023), (1024, 1024), (5432, 5432), (65535, 65535)];
        for (remote, local) in table {
            assert_eq!(suggestion(remote), local);
        }
    }

    #[tokio::test]
    async fn a_fixed_port_that_is_taken_names_its_holder() {
        let first = bind(loopback(), LocalPort::Any, 80).await.unwrap();
        let error = bind(loopback(), LocalPort::Fixed { port: first.port }, 80).await.unwrap_err();
        let Error::PortTaken { port, holder, .. } = &error else { panic!("{error}") };
        assert_eq!((*port, holder), (first.port, &Some(Holder::OurSession)));
    }

    #[tokio::test]
    async fn taken_on_one_address_is_taken() {
        let v6 = bind(vec![Ipv6Addr::LOCALHOST.into()], LocalPort::Any, 80).await.unwrap();
        let error = bind(loopback(), LocalPort::Fixed { port: v6.port }, 80).await.unwrap_err();
        assert!(matches!(error, Error::PortTaken { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_suggested_port_moves_on_and_says_so() {
        let first = bind(loopback(), LocalPort::Any, 80).await.unwrap();
        let suggested = |before| bind(loopback(), LocalPort::Suggested { before }, first.port);
        let second = suggested(None).await.unwrap();
        assert_ne!(second.port, first.port);
        assert_eq!(second.instead_of.as_ref().map(|taken| taken.port), Some(first.port));
        // What it was before is no surprise.
        let port = second.port;
        drop(second);
        let again = suggested(Some(port)).await.unwrap();
        assert_eq!((again.port, again.instead_of), (port, None));
    }

    #[tokio::test]
    async fn any_port_is_the_same_on_both_addresses_and_free_again_after() {
        let bound = bind(loopback(), LocalPort::Any, 80).await.unwrap();
        assert!(bound.addresses.iter().all(|a| a.port() == bound.port));
        let port = bound.port;
        drop(bound);
        assert_eq!(bind(loopback(), LocalPort::Same, port).await.unwrap().port, port);
    }
}
