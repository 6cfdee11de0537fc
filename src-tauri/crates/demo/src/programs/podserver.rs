//! What runs in every pod of the tests: each port behaves in one way that a tunnel has to carry. The bytes are those of
//! `tests/cluster/podserver.c`, which says what each port is for.

use std::{
    collections::BTreeMap,
    fmt::Write,
    io::{Error, Result},
    sync::{Mutex, PoisonError, atomic::Ordering::Relaxed},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::sleep,
};

use crate::{
    network::{Inside, Program},
    socket::Socket,
};

/// What is read and written at once.
const CHUNK: usize = 64 * 1024;

/// The program.
#[derive(Debug)]
pub(super) struct Podserver;

const PORTS: [u16; 16] = [6, 7, 9, 11, 19, 80, 86, 100, 101, 1900, 1901, 2525, NOTE, NOTED, 7777, 7778];

/// Where numbers are noted, and read.
const NOTE: u16 = 4711;
const NOTED: u16 = 4712;

/// No number of this or more is noted.
const NOTES: u64 = 1 << 20;

/// How often each number was noted in a container.
#[derive(Default)]
struct Notes(Mutex<BTreeMap<u64, u32>>);

impl Program for Podserver {
    fn listens(&self, port: u16) -> bool {
        PORTS.contains(&port)
    }

    fn serve(&self, port: u16, socket: Socket, inside: Inside) -> BoxFuture<'static, ()> {
        async move {
            // A client that goes while it is served is nothing to tell.
            let _ = serve(port, socket, &inside).await;
        }
        .boxed()
    }

    fn serves_on(&self, inside: &Inside) -> Duration {
        let said = inside.variable("SERVE_ON").and_then(|said| said.parse().ok());
        Duration::from_millis(said.unwrap_or(0))
    }
}

async fn serve(port: u16, mut socket: Socket, inside: &Inside) -> Result<()> {
    match port {
        6 => deaf(&socket).await,
        7 => echo(&mut socket).await?,
        9 => sink(&mut socket).await?,
        11 => users(&mut socket, inside).await?,
        19 => source(&mut socket).await?,
        80 => http(&mut socket, inside).await?,
        86 => {
            // As for a process that ends, the connection ends with the container.
            inside.exit(1);
            std::future::pending::<()>().await;
        }
        100 => tenfold(&mut socket).await?,
        101 => unasked(&mut socket).await?,
        1900 => noise(&mut socket).await?,
        1901 => {
            noise(&mut socket).await?;
            socket.read_u8().await?;
            socket.reset();
        }
        2525 => banner(&mut socket, &inside.pod).await?,
        NOTE => note(&mut socket, inside).await?,
        NOTED => noted(&mut socket, inside).await?,
        7777 => count(&mut socket).await?,
        7778 => slow(&mut socket).await?,
        // Nobody is let in there.
        _ => {}
    }
    Ok(())
}

/// Whether anything is read tells nothing of the client here; that its end has come does.
async fn deaf(socket: &Socket) {
    socket.peer().done().await;
}

/// Sends back what it gets.
pub(super) async fn echo(socket: &mut Socket) -> Result<()> {
    let mut data = Vec::new();
    loop {
        data.clear();
        data.reserve(CHUNK);
        if (&mut *socket).take(CHUNK as u64).read_buf(&mut data).await? == 0 {
            return Ok(());
        }
        socket.write_all(&data).await?;
        if data.len() < CHUNK {
            // Most connections are idle most of the time.
            data = Vec::new();
        }
    }
}

async fn sink(socket: &mut Socket) -> Result<()> {
    let mut data = vec![0; CHUNK];
    while socket.read(&mut data).await? > 0 {}
    Ok(())
}

async fn users(socket: &mut Socket, inside: &Inside) -> Result<()> {
    let others = inside.open.load(Relaxed).saturating_sub(1);
    socket.write_all(format!("{others}\n").as_bytes()).await
}

async fn source(socket: &mut Socket) -> Result<()> {
    static ZEROS: [u8; CHUNK] = [0; CHUNK];
    loop {
        socket.write_all(&ZEROS).await?;
    }
}

/// Speaks first.
pub(super) async fn banner(socket: &mut Socket, pod: &str) -> Result<()> {
    socket.write_all(format!("220 {pod} ready\r\n").as_bytes()).await?;
    echo(socket).await
}

async fn note(socket: &mut Socket, inside: &Inside) -> Result<()> {
    let number = socket.read_u64_le().await?;
    if number >= NOTES {
        return Ok(());
    }
    let times = {
        let notes = inside.state::<Notes>();
        let mut notes = notes.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = notes.entry(number).or_default();
        *times += 1;
        *times
    };
    socket.write_all(format!("{times}\n").as_bytes()).await
}

async fn noted(socket: &mut Socket, inside: &Inside) -> Result<()> {
    let lines = {
        let notes = inside.state::<Notes>();
        let notes = notes.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.iter().fold(String::new(), |mut lines, (number, times)| {
            // A String takes whatever is written to it.
            let _ = writeln!(lines, "{number} {times}");
            lines
        })
    };
    socket.write_all(lines.as_bytes()).await
}

/// Has the number noted in the pod that `NOTES_AT` names.
async fn note_elsewhere(number: u64, inside: &Inside) -> Result<()> {
    let address = inside.variable("NOTES_AT").and_then(|address| address.parse().ok());
    let address = address.ok_or_else(|| Error::other("NOTES_AT is no address"))?;
    let mut notebook = inside.dial(address, NOTE).map_err(Error::other)?;
    notebook.write_u64_le(number).await?;
    notebook.read_u8().await?;
    Ok(())
}

async fn count(socket: &mut Socket) -> Result<()> {
    let announced = socket.read_u64_le().await?;
    let (mut data, mut left) = (vec![0; CHUNK], announced);
    while left > 0 {
        let room = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        match socket.read(&mut data[..room]).await? {
            0 => return Ok(()),
            got => left -= got as u64,
        }
    }
    socket.write_all(format!("{announced}\n").as_bytes()).await
}

/// Reads a trickle first, then nothing for a while: whoever sends is far ahead by then.
async fn slow(socket: &mut Socket) -> Result<()> {
    const PAUSES: u32 = 20;
    const PAUSE: Duration = Duration::from_millis(100);
    const LONG_PAUSE: Duration = Duration::from_secs(1);
    let announced = socket.read_u64_le().await?;
    let mut expected = Noise(announced);
    let (mut came, mut wanted) = (vec![0; CHUNK], vec![0; CHUNK]);
    let (mut got, mut piece) = (0, 0);
    while got < announced {
        let size = usize::try_from(announced - got).unwrap_or(CHUNK).min(CHUNK);
        match piece {
            0..PAUSES => sleep(PAUSE).await,
            PAUSES => sleep(LONG_PAUSE).await,
            _ => {}
        }
        socket.read_exact(&mut came[..size]).await?;
        expected.fill(&mut wanted[..size.next_multiple_of(8)]);
        if came[..size] != wanted[..size] {
            return socket.write_all(format!("wrong after {got}\n").as_bytes()).await;
        }
        (got, piece) = (got + size as u64, piece + 1);
    }
    socket.write_all(format!("{announced}\n").as_bytes()).await
}

/// The tests know the same noise: SplitMix64, little-endian.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn fill(&mut self, words: &mut [u8]) {
        for word in words.chunks_exact_mut(8) {
            word.copy_from_slice(&self.next().to_le_bytes());
        }
    }
}

async fn noise(socket: &mut Socket) -> Result<()> {
    let announced = socket.read_u64_le().await?;
    let (mut noise, mut data, mut left) = (Noise(announced), vec![0; CHUNK], announced);
    while left > 0 {
        let size = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        noise.fill(&mut data);
        socket.write_all(&data[..size]).await?;
        left -= size as u64;
    }
    Ok(())
}

async fn unasked(socket: &mut Socket) -> Result<()> {
    for _ in 0..10 {
        socket.write_all(b"xxxxxxxxxx").await?;
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

async fn tenfold(socket: &mut Socket) -> Result<()> {
    let mut asked = [0; 3];
    socket.read_exact(&mut asked).await?;
    if &asked == b"abc" { unasked(socket).await } else { Ok(()) }
}

/// The number of a request for `/once/N`.
fn once(head: &str) -> Option<u64> {
    let rest = head.strip_prefix("GET /once/")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Any request without a body: 200. `/once/N` has N noted before. Keeps the connection unless told otherwise.
pub(super) async fn http(socket: &mut Socket, inside: &Inside) -> Result<()> {
    let pod = &inside.pod;
    let mut requests = Vec::new();
    while (&mut *socket).take((CHUNK - 1 - requests.len()) as u64).read_buf(&mut requests).await? > 0 {
        // Requests may come in pieces, or several in one.
        while let Some(end) = requests.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&requests[..end + 2]);
            let last = head.to_ascii_lowercase().contains("\r\nconnection: close\r\n");
            let done = match once(&head) {
                Some(number) => note_elsewhere(number, inside).await.is_ok(),
                None => true,
            };
            let status = if done { "200 OK" } else { "503 Not Noted" };
            let close = if last { "Connection: close\r\n" } else { "" };
            let length = pod.len() + 1;
            let reply = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nX-Pod: {pod}\r\nContent-Length: {length}\r\n{close}\r\n{pod}\n"
            );
            socket.write_all(reply.as_bytes()).await?;
            if last {
                return Ok(());
            }
            requests.drain(..end + 4);
        }
    }
    Ok(())
}
