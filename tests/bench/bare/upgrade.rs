//! One upgraded connection to the API server, and the pairs of streams that follow one another on it.
//!
//! A pair is opened by the first byte that is sent or waited for, in one write with it; what the server has to say about that
//! is not awaited. A pair that is dropped is reset, and what still comes for it is skipped: the server goes on for a second.

use std::{
    io::{self, BufReader, Read, Write},
    net::TcpStream,
    sync::Arc,
};

use rustls::{ClientConnection, StreamOwned};

use super::{
    Bare,
    frame::{Frames, HEAD, Head},
};
use crate::line::{Line, Pipe, dial};

/// Between the two ids of a pair. The server hands frames to five workers by id, so that both go to the same; ids are odd.
pub(super) const PAIR: u32 = 10;

/// What is read from the socket at once. rustls by itself asks for 4 KiB.
const READ: usize = 256 << 10;

/// The payload of one DATA frame: four full TLS records, less the frame's head.
const PIECE: usize = (64 << 10) - HEAD;

/// An upgrade's answer is some 200 bytes; what is longer is none.
const LONGEST_ANSWER: usize = 16 << 10;

/// A connection that speaks SPDY.
pub(super) struct Upgrade {
    tls: StreamOwned<ClientConnection, Socket>,
    frames: Frames,
    next: u32,
    /// The DATA frame that is being read.
    inside: Option<Inside>,
    /// Where what nobody wants is read to.
    skipped: Vec<u8>,
}

struct Inside {
    stream: u32,
    left: usize,
    end: bool,
}

impl Upgrade {
    /// Connects, greets and upgrades.
    pub(super) fn dial(bare: &Bare) -> io::Result<Upgrade> {
        let socket = Socket(BufReader::with_capacity(READ, dial(bare.address)?));
        let mut tls = ClientConnection::new(Arc::clone(&bare.tls), bare.name.clone()).map_err(io::Error::other)?;
        // Nothing is held back: each write below is followed by its way to the socket.
        tls.set_buffer_limit(None);
        let mut tls = StreamOwned::new(tls, socket);
        tls.write_all(bare.request.as_bytes())?;
        let answer = answer(&mut tls)?;
        if !answer.starts_with("HTTP/1.1 101 ") {
            let status = answer.lines().next().unwrap_or_default();
            return Err(io::Error::other(format!("the API server refused the bare client's upgrade: {status}")));
        }
        Ok(Upgrade { tls, frames: Frames::default(), next: 1, inside: None, skipped: vec![0; PIECE] })
    }

    /// Writes all frames that are waiting, at once.
    fn flush(&mut self) -> io::Result<()> {
        self.tls.write_all(&self.frames.bytes)?;
        self.frames.bytes.clear();
        Ok(())
    }

    /// Reads on to the next byte or the end of `data`, the stream that is listened to; `error` is its error stream.
    fn advance(&mut self, data: u32, error: u32) -> io::Result<Inside> {
        loop {
            if let Some(inside) = self.inside.take() {
                if inside.stream == data && (inside.left > 0 || inside.end) {
                    return Ok(inside);
                }
                let text = self.take(inside.left)?;
                if inside.stream == error && !text.is_empty() {
                    return Err(io::Error::other(format!("the pod's node says: {}", String::from_utf8_lossy(&text))));
                }
            }
            let mut head = [0; HEAD];
            self.tls.read_exact(&mut head)?;
            match Head::read(head) {
                Head::Data { stream, size, end } => self.inside = Some(Inside { stream, left: size, end }),
                Head::Ping { size } => {
                    let number = self.take(size)?;
                    self.frames.pong(&number);
                    self.flush()?;
                }
                Head::Reset { size } => {
                    if self.take(size)?.starts_with(&data.to_be_bytes()) {
                        return Err(io::Error::new(io::ErrorKind::ConnectionReset, "the server reset the stream"));
                    }
                }
                Head::GoAway => return Err(io::Error::other("the server takes no more streams on this upgrade")),
                Head::Other { size } => {
                    self.take(size)?;
                }
            }
        }
    }

    /// Reads what is of no use as data; returns its beginning, which may be a message.
    fn take(&mut self, mut size: usize) -> io::Result<Vec<u8>> {
        let mut first = Vec::new();
        while size > 0 {
            let piece = size.min(self.skipped.len());
            self.tls.read_exact(&mut self.skipped[..piece])?;
            if first.is_empty() {
                first.extend_from_slice(&self.skipped[..piece.min(1024)]);
            }
            size -= piece;
        }
        Ok(first)
    }
}

impl Line for Upgrade {
    fn open(&mut self, port: u16) -> io::Result<Box<dyn Pipe + '_>> {
        let error = self.next;
        let data = error + PAIR;
        self.next = data + 2;
        self.frames.open(error, data, port);
        Ok(Box::new(Pair { upgrade: self, error, data, ended: false }))
    }
}

/// One connection into the pod.
struct Pair<'a> {
    upgrade: &'a mut Upgrade,
    error: u32,
    data: u32,
    ended: bool,
}

impl Pipe for Pair<'_> {}

impl Write for Pair<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = &bytes[..bytes.len().min(PIECE)];
        self.upgrade.frames.data(self.data, piece);
        self.upgrade.flush()?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.upgrade.flush()
    }
}

impl Read for Pair<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        if !self.upgrade.frames.bytes.is_empty() {
            self.upgrade.flush()?;
        }
        let mut inside = self.upgrade.advance(self.data, self.error)?;
        let size = inside.left.min(into.len());
        let size = if size == 0 { 0 } else { self.upgrade.tls.read(&mut into[..size])? };
        if size == 0 && inside.left > 0 && !into.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        inside.left -= size;
        self.ended = inside.left == 0 && inside.end;
        self.upgrade.inside = Some(inside);
        Ok(size)
    }
}

impl Drop for Pair<'_> {
    fn drop(&mut self) {
        self.upgrade.frames.reset(self.data);
        // An upgrade that cannot be written to fails its next pair, which says so.
        drop(self.upgrade.flush());
    }
}

/// The head of the server's answer, and no byte of what follows it.
fn answer(tls: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < LONGEST_ANSWER {
        let mut byte = [0];
        tls.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// A socket that is read in large pieces and written as it comes.
struct Socket(BufReader<TcpStream>);

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.get_mut().write(bytes)
    }

    fn write_vectored(&mut self, bufs: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.get_mut().write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
