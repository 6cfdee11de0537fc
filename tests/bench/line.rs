//! What the load is put on, whoever carries it: a [`Carrier`] gives each worker a [`Line`] of its own, and a line opens one
//! connection into the pod after another, each a [`Pipe`].
//!
//! For a forwarder a line is nothing, and a pipe a TCP connection to its local port. For the bare client a line is a warm
//! upgrade, and a pipe a pair of streams on it.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// podserver's ports, which every forwarder forwards: see `tests/cluster/podserver.c`.
pub(crate) const PORTS: [u16; 3] = [ECHO, SOURCE, COUNT];

/// Sends back what it gets.
pub(crate) const ECHO: u16 = 7;

/// Writes zeros until the client goes.
pub(crate) const SOURCE: u16 = 19;

/// Reads a number of bytes that is told first, and answers how many came.
pub(crate) const COUNT: u16 = 7777;

/// How long nothing may come, or be taken, until a connection counts as failed. Far more than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody who carries connections into the pod.
pub(crate) trait Carrier: Sync {
    /// What one worker opens its connections on, warm.
    fn line(&self) -> io::Result<Box<dyn Line>>;
}

/// One worker's way into the pod. It has one connection at a time.
pub(crate) trait Line: Send {
    /// A fresh connection to a port of [`PORTS`]. Dropping it ends it.
    fn open(&mut self, port: u16) -> io::Result<Box<dyn Pipe + '_>>;
}

/// A connection into the pod.
pub(crate) trait Pipe: Read + Write {}

impl Pipe for TcpStream {}

/// The local ports of a forwarder, in the order of [`PORTS`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalPorts(pub(crate) [u16; PORTS.len()]);

impl LocalPorts {
    /// Connects to the local port that stands for `port` in the pod.
    pub(crate) fn connect(&self, port: u16) -> io::Result<TcpStream> {
        let at = PORTS.iter().position(|forwarded| *forwarded == port);
        let local = at.map(|at| self.0[at]).ok_or_else(|| io::Error::other(format!("port {port} is not forwarded")))?;
        dial(SocketAddr::from((Ipv4Addr::LOCALHOST, local)))
    }
}

impl Line for LocalPorts {
    fn open(&mut self, port: u16) -> io::Result<Box<dyn Pipe + '_>> {
        Ok(Box::new(self.connect(port)?))
    }
}

/// Connects as every connection of the bench does: small writes leave at once, and nothing waits for ever.
pub(crate) fn dial(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}
