//! A TCP relay that makes a near server far: each direction is held back by half a round trip, and a connection's start by
//! one more, as its handshake would be. It limits no throughput.
//!
//! Threads, not tasks: tokio's timer counts in whole milliseconds, and a relay of 50 ms may not be one of 52.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use crate::clock;

/// Read at once. A TLS record is 16 KiB, and more than a few of them seldom wait together.
const PIECE: usize = 64 << 10;

/// Pieces on their way in one direction: 64 MiB at most, so that 25 ms of any rate that loopback reaches fit in.
const ON_THE_WAY: usize = 1024;

/// Starts a relay on a free local port; it lasts as long as this process. Returns where it listens.
pub(crate) fn start(server: SocketAddr, round_trip: Duration) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || {
                // Whoever was connected sees the connection end; a word of it is the load generator's to say.
                drop(relay(client, server, round_trip));
            });
        }
    });
    Ok(address)
}

fn relay(client: TcpStream, server: SocketAddr, round_trip: Duration) -> io::Result<()> {
    client.set_nodelay(true)?;
    clock::pause(round_trip);
    let server = TcpStream::connect(server)?;
    server.set_nodelay(true)?;
    let (client_too, server_too) = (client.try_clone()?, server.try_clone()?);
    let back = thread::spawn(move || one_way(server_too, client_too, round_trip / 2));
    one_way(client, server, round_trip / 2);
    drop(back.join());
    Ok(())
}

/// Carries one direction to its end, and passes the end on.
fn one_way(from: TcpStream, to: TcpStream, late: Duration) {
    let (sender, receiver) = sync_channel(ON_THE_WAY);
    let Ok(source) = from.try_clone() else { return };
    let reading = thread::spawn(move || receive(source, &sender, late));
    if deliver(&to, &receiver).is_err() {
        // Nobody takes it any more: the reader above must not wait for more of it.
        drop(from.shutdown(Shutdown::Both));
    }
    drop(receiver);
    drop(to.shutdown(Shutdown::Write));
    drop(reading.join());
}

fn receive(mut from: TcpStream, line: &SyncSender<(Instant, Vec<u8>)>, late: Duration) {
    let mut piece = vec![0; PIECE];
    while let Ok(size @ 1..) = from.read(&mut piece) {
        if line.send((clock::now() + late, piece[..size].to_vec())).is_err() {
            return;
        }
    }
    // The end is as late as everything else; the sender, dropped, is what tells of it.
    clock::pause(late);
}

fn deliver(mut to: &TcpStream, line: &Receiver<(Instant, Vec<u8>)>) -> io::Result<()> {
    while let Ok((due, piece)) = line.recv() {
        clock::pause(due.saturating_duration_since(clock::now()));
        to.write_all(&piece)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_what_was_sent_and_late() -> io::Result<()> {
        const ROUND_TRIP: Duration = Duration::from_millis(20);
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let mut client = TcpStream::connect(start(server.local_addr()?, ROUND_TRIP)?)?;
        let (mut accepted, _) = server.accept()?;
        let echo = thread::spawn(move || {
            let mut said = [0; 5];
            accepted.read_exact(&mut said).and_then(|()| accepted.write_all(&said))
        });
        let began = clock::now();
        client.write_all(b"hello")?;
        let mut answer = Vec::new();
        client.read_to_end(&mut answer)?;
        assert_eq!(answer, b"hello");
        assert!(began.elapsed() >= ROUND_TRIP, "{:?}", began.elapsed());
        echo.join().expect("the echo ends")
    }
}
