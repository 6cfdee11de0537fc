//! What a tunnel must carry, as a client of its local port sees it. The other end is podserver.
//!
//! Each takes a fresh connection, checks all that comes back, and says in words what was expected and what came.

use std::{future::Future, io, time::Duration};

use futures::future::{join_all, try_join};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::noise;

/// Longer than a new pod takes to start, as a request may be held for one.
const REQUEST: Duration = Duration::from_secs(20);

/// For what takes as long as the machine is slow.
const BULK: Duration = Duration::from_secs(120);

/// GETs `/` and returns the name of the pod that answered.
///
/// # Errors
/// When the answer is not whole, or is not podserver's.
pub async fn http_get(port: u16) -> Result<String, String> {
    get(port, "/", REQUEST).await
}

/// Sends `bytes` pseudo-random bytes to an echo port while it reads them back, and compares each.
///
/// # Errors
/// At the first byte that is not what was sent, or does not come.
pub async fn echo(port: u16, bytes: usize) -> Result<(), String> {
    within(BULK, "echo", async {
        let mut tunnel = connect(port).await?;
        echo_over(&mut tunnel, u64::from(port), bytes).await
    })
    .await
}

/// Connects, and waits for the greeting of a server that speaks first; then echoes. Returns the pod's name.
///
/// # Errors
/// When the greeting does not come unasked, or the echo fails.
pub async fn banner(port: u16) -> Result<String, String> {
    within(REQUEST, "banner", async {
        let mut tunnel = connect(port).await?;
        let line = line(&mut tunnel).await?;
        let pod = line.strip_prefix("220 ").and_then(|rest| rest.strip_suffix(" ready\r\n"));
        let pod = pod.ok_or_else(|| format!("expected the greeting “220 POD ready”, got {line:?}"))?;
        echo_over(&mut tunnel, u64::from(port), 10_000).await?;
        Ok(pod.to_owned())
    })
    .await
}

/// [`many`], with a hundred.
///
/// # Errors
/// As there.
pub async fn hundred(port: u16) -> Result<(), String> {
    many(port, 100).await
}

/// Opens so many connections to an echo port; then each, while all are open, gets back its own bytes, twice.
///
/// # Errors
/// Of the connections that fail: how many, and why the first.
pub async fn many(port: u16, connections: u64) -> Result<(), String> {
    within(BULK, &format!("{connections} connections"), async {
        let mut tunnels = Vec::new();
        for number in 0..connections {
            tunnels.push((number, connect(port).await.map_err(|error| format!("connection {number}: {error}"))?));
        }
        // Only after the first round is it known that each reaches the pod; the second finds all of them there at once.
        for round in 0..2 {
            let echoes =
                tunnels.iter_mut().map(|(number, tunnel)| {
                    let seed = round * connections + *number;
                    async move {
                        echo_over(tunnel, seed, 10_000).await.map_err(|error| format!("connection {number}: {error}"))
                    }
                });
            let failed: Vec<String> = join_all(echoes).await.into_iter().filter_map(Result::err).collect();
            if let Some(first) = failed.first() {
                return Err(format!("{} of {connections} connections failed, {first}", failed.len()));
            }
        }
        Ok(())
    })
    .await
}

/// GETs `/` and reads on until the server ends the connection, as `curl` does after `Connection: close`.
///
/// # Errors
/// When the connection does not end in good order after the answer.
pub async fn http_get_to_the_end(port: u16) -> Result<String, String> {
    within(REQUEST, "GET / and its end", async {
        let mut tunnel = connect(port).await?;
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        tunnel.write_all(request).await.map_err(|error| format!("cannot send GET /: {error}"))?;
        let pod = response(&mut tunnel).await?;
        let mut rest = Vec::new();
        match tunnel.read_to_end(&mut rest).await {
            Ok(0) => Ok(pod),
            Ok(_) => Err(format!("expected nothing after the answer, got {:?}", String::from_utf8_lossy(&rest))),
            Err(error) => Err(format!("expected the end of the connection after the answer, got: {error}")),
        }
    })
    .await
}

/// Connects to the port on 127.0.0.1.
///
/// # Errors
/// When nothing listens there.
pub async fn connect(port: u16) -> Result<TcpStream, String> {
    TcpStream::connect(("127.0.0.1", port))
        .await
        .map_err(|error| format!("cannot connect to 127.0.0.1:{port}: {error}"))
}

/// Sends the `bytes` that `seed` stands for and reads them back at the same time.
///
/// # Errors
/// As [`echo`].
pub async fn echo_over(tunnel: &mut TcpStream, seed: u64, bytes: usize) -> Result<(), String> {
    let (from, to) = tunnel.split();
    try_join(noise::send(to, seed, bytes), noise::compare(from, seed, bytes)).await.map(|_| ())
}

/// GETs `/once/N`, which podserver has noted elsewhere before it answers; returns the name of the pod that did.
///
/// # Errors
/// As [`http_get`].
pub async fn http_once(port: u16, number: u64, limit: Duration) -> Result<String, String> {
    get(port, &format!("/once/{number}"), limit).await
}

/// [`http_get`] for who may have to wait longer.
///
/// # Errors
/// As there.
pub async fn http_get_within(port: u16, limit: Duration) -> Result<String, String> {
    get(port, "/", limit).await
}

async fn get(port: u16, path: &str, limit: Duration) -> Result<String, String> {
    within(limit, &format!("GET {path}"), async {
        let mut tunnel = connect(port).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let sent = tunnel.write_all(request.as_bytes()).await;
        sent.map_err(|error| format!("cannot send GET {path}: {error}"))?;
        response(&mut tunnel).await
    })
    .await
}

/// Reads podserver's answer, as long as it says it is, and nothing after it.
async fn response(tunnel: &mut TcpStream) -> Result<String, String> {
    let status = line(tunnel).await?;
    if status != "HTTP/1.1 200 OK\r\n" {
        return Err(format!("expected “HTTP/1.1 200 OK”, got {status:?}"));
    }
    let (mut pod, mut length) = (None, None);
    loop {
        let header = line(tunnel).await?;
        match header.trim_end().split_once(": ") {
            Some(("X-Pod", name)) => pod = Some(name.to_owned()),
            Some(("Content-Length", number)) => length = number.parse::<usize>().ok(),
            Some(_) => {}
            None if header == "\r\n" => break,
            None => return Err(format!("expected a header, got {header:?}")),
        }
    }
    let (Some(pod), Some(length)) = (pod, length) else {
        return Err("expected the headers X-Pod and Content-Length, and one of them did not come".into());
    };
    let mut body = vec![0; length];
    tunnel
        .read_exact(&mut body)
        .await
        .map_err(|error| format!("expected {length} bytes of body: {}", ended(&error)))?;
    if body != format!("{pod}\n").as_bytes() {
        return Err(format!("expected the pod's name “{pod}” as body, got {:?}", String::from_utf8_lossy(&body)));
    }
    Ok(pod)
}

/// One line with its end, read byte by byte: nothing of what follows it is taken.
async fn line(tunnel: &mut TcpStream) -> Result<String, String> {
    const LONGEST: usize = 1024;
    let mut line = Vec::new();
    while !line.ends_with(b"\n") && line.len() < LONGEST {
        let byte = tunnel.read_u8().await;
        line.push(byte.map_err(|error| {
            let got = String::from_utf8_lossy(&line);
            format!("expected a line, got {got:?}, then: {}", ended(&error))
        })?);
    }
    String::from_utf8(line).map_err(|error| format!("expected a line of text: {error}"))
}

/// Waits until a connection ends that is to be cut: its client must not take that for the end of an answer.
///
/// # Errors
/// When it ends in good order, stays, or more comes.
pub async fn is_reset(tunnel: &mut TcpStream) -> Result<(), String> {
    within(REQUEST, "the reset", async {
        match tunnel.read(&mut [0; 1]).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(()),
            Err(error) => Err(format!("expected a reset, got: {error}")),
            Ok(0) => Err("expected a reset, got the end of the stream".into()),
            Ok(_) => Err("expected a reset, got a byte".into()),
        }
    })
    .await
}

/// What an end of a connection is called where more was expected.
pub(crate) fn ended(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the connection ended".into(),
        _ => error.to_string(),
    }
}

async fn within<T>(limit: Duration, what: &str, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(format!("{what} took longer than {} s", limit.as_secs())))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A server that changes what it echoes: `spoil` gets each byte's place and value.
    async fn echoing(spoil: fn(usize, u8) -> u8) -> io::Result<u16> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut at, mut piece) = (0, vec![0; 50_000]);
                    while let Ok(size @ 1..) = client.read(&mut piece).await {
                        piece[..size].iter_mut().enumerate().for_each(|(n, byte)| *byte = spoil(at + n, *byte));
                        at += size;
                        if client.write_all(&piece[..size]).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Ok(port)
    }

    #[tokio::test]
    async fn one_spoiled_byte_is_found() -> Result<(), Box<dyn std::error::Error>> {
        let honest = echoing(|_, byte| byte).await?;
        echo(honest, 1_000_000).await?;
        hundred(honest).await?;
        let liar = echoing(|at, byte| if at == 654_321 { !byte } else { byte }).await?;
        let error = echo(liar, 1_000_000).await.expect_err("a byte was changed");
        assert!(error.starts_with("byte 654321 is 0x"), "{error}");
        Ok(())
    }

    #[tokio::test]
    async fn a_closed_port_is_said_to_be_closed() -> Result<(), Box<dyn std::error::Error>> {
        let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
        let error = http_get(port).await.expect_err("nothing listens there");
        assert!(error.contains("cannot connect to 127.0.0.1"), "{error}");
        Ok(())
    }
}
