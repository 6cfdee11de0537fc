//! A TCP relay on this machine that passes on what it gets, unread, as soon as it gets it. The bare client through it shows
//! what a local port costs by itself: no forwarder can do less than take bytes from one socket and give them to another.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
};

/// Read at once: more makes it no faster.
const PIECE: usize = 256 << 10;

/// Starts one on a free local port; it lasts as long as this process. Returns where it listens.
pub(crate) fn start(server: SocketAddr) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // Whoever was connected sees the connection end; a word of it is the load generator's to say.
            thread::spawn(move || drop(pass_on(client, server)));
        }
    });
    Ok(address)
}

fn pass_on(client: TcpStream, server: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (client_too, server_too) = (client.try_clone()?, server.try_clone()?);
    let back = thread::spawn(move || one_way(&server_too, &client_too));
    one_way(&client, &server);
    drop(back.join());
    Ok(())
}

/// Carries one direction to its end, and passes the end on.
fn one_way(mut from: &TcpStream, mut to: &TcpStream) {
    let mut piece = vec![0; PIECE];
    while let Ok(size @ 1..) = from.read(&mut piece) {
        if to.write_all(&piece[..size]).is_err() {
            // Nobody takes it any more, so that nobody is to send more of it.
            drop(from.shutdown(Shutdown::Both));
            return;
        }
    }
    drop(to.shutdown(Shutdown::Write));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_what_was_sent() -> io::Result<()> {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let mut client = TcpStream::connect(start(server.local_addr()?)?)?;
        let (mut accepted, _) = server.accept()?;
        let echo = thread::spawn(move || {
            let mut said = Vec::new();
            accepted.read_to_end(&mut said).and_then(|_| accepted.write_all(&said))
        });
        let sent: Vec<u8> = (0..3 * PIECE).map(|n| n as u8).collect();
        let mut writing = client.try_clone()?;
        let told = sent.clone();
        thread::spawn(move || writing.write_all(&told).and_then(|()| writing.shutdown(Shutdown::Write)));
        let mut answer = Vec::new();
        client.read_to_end(&mut answer)?;
        assert!(answer == sent, "{} of {} bytes came back", answer.len(), sent.len());
        echo.join().expect("the echo ends")
    }
}
