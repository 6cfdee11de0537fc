//! Many connections that are held open and carry nothing.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::Duration,
};

use super::{Failures, panicked, told};
use crate::{
    clock,
    line::{ECHO, LocalPorts},
};

/// Opened at a time.
const AT_ONCE: usize = 16;

/// From the last connection to the look at the forwarder's memory: whatever it did to open them is over by then.
const SETTLE: Duration = Duration::from_secs(2);

/// Opens `count` connections, each of which echoes a byte; takes the `look` while they are idle; and has each echo another,
/// since a connection that has gone costs no memory.
///
/// # Errors
/// When the `look` fails.
pub(crate) fn run<T>(
    ports: LocalPorts,
    count: usize,
    look: impl FnOnce() -> io::Result<T>,
) -> io::Result<(T, Failures)> {
    let (failures, made) = (Failures::default(), AtomicUsize::new(0));
    let open = || {
        let mut held = Vec::new();
        while made.fetch_add(1, Relaxed) < count {
            match ports.connect(ECHO).and_then(echoing) {
                Ok(connection) => held.push(connection),
                Err(error) => failures.add(told(&error)),
            }
        }
        held
    };
    let held: Vec<TcpStream> = thread::scope(|scope| {
        let opening: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(open)).collect();
        let held: Result<Vec<_>, _> = opening.into_iter().map(thread::ScopedJoinHandle::join).collect();
        held.map(|held| held.into_iter().flatten().collect()).map_err(|_| panicked())
    })?;
    clock::pause(SETTLE);
    let seen = look()?;
    for connection in held {
        if let Err(error) = echoing(connection) {
            failures.add(format!("after having been idle: {}", told(&error)));
        }
    }
    Ok((seen, failures))
}

/// The connection, if it echoes.
fn echoing(mut connection: TcpStream) -> io::Result<TcpStream> {
    connection.write_all(b"i")?;
    let mut byte = [0];
    connection.read_exact(&mut byte)?;
    if byte == *b"i" { Ok(connection) } else { Err(io::Error::other(format!("the echo of “i” was {byte:?}"))) }
}
