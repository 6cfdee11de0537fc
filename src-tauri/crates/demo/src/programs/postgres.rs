//! What a PostgreSQL client meets: it logs in whoever comes, and answers every SELECT with a row, mostly its pod's name.
//! Enough for `psql -c 'select 1'`; nothing is stored.

mod message;

use std::io::Result;

use futures::{FutureExt, future::BoxFuture};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};

use crate::{
    network::{Inside, Program},
    socket::Socket,
};
use message::Out;

/// The longest message that is taken.
const LONGEST: usize = 1024 * 1024;

/// The longest startup packet: as PostgreSQL has it.
const LONGEST_STARTUP: usize = 10_000;

const SSL: i32 = 80_877_103;
const GSS: i32 = 80_877_104;
const CANCEL: i32 = 80_877_102;

/// Version 3.0 of the protocol. A later minor one is negotiated down to it.
const PROTOCOL: i32 = 3 << 16;

/// Types of columns: their numbers in every PostgreSQL.
const INT4: i32 = 23;
const TEXT: i32 = 25;

/// The program.
#[derive(Debug)]
pub(super) struct Postgres;

impl Program for Postgres {
    fn listens(&self, port: u16) -> bool {
        port == 5432
    }

    fn serve(&self, _: u16, socket: Socket, inside: Inside) -> BoxFuture<'static, ()> {
        async move {
            let mut socket = BufReader::new(socket);
            // A client that goes while it is served is nothing to tell.
            if let Ok(true) = start(&mut socket).await {
                let _ = serve(&mut socket, &inside).await;
            }
        }
        .boxed()
    }
}

/// What comes before the first query; whether there may be one.
async fn start(socket: &mut BufReader<Socket>) -> Result<bool> {
    let (code, packet) = loop {
        let length = usize::try_from(socket.read_i32().await?).unwrap_or_default();
        if !(8..=LONGEST_STARTUP).contains(&length) {
            return Ok(false);
        }
        let code = socket.read_i32().await?;
        let mut packet = vec![0; length - 8];
        socket.read_exact(&mut packet).await?;
        match code {
            SSL | GSS => socket.write_all(b"N").await?,
            CANCEL => return Ok(false),
            code => break (code, packet),
        }
    };
    let mut out = Out::default();
    if code >> 16 != PROTOCOL >> 16 {
        let (major, minor) = (code >> 16, code & 0xffff);
        let text = format!("unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.0");
        socket.write_all(&out.error("FATAL", "0A000", &text).0).await?;
        return Ok(false);
    }
    let mut words = packet.split(|byte| *byte == 0);
    if !std::iter::from_fn(|| Some((words.next()?, words.next()?)))
        .any(|(name, value)| name == b"user" && !value.is_empty())
    {
        let text = "no PostgreSQL user name specified in startup packet";
        socket.write_all(&out.error("FATAL", "28000", text).0).await?;
        return Ok(false);
    }
    if code > PROTOCOL {
        // Its newest minor version, and no option that it does not know.
        out.message(b'v', |body| body.extend([0; 8]));
    }
    out.message(b'R', |body| body.extend([0; 4]));
    for (name, value) in PARAMETERS {
        out.message(b'S', |body| body.extend([name.as_bytes(), b"\0", value.as_bytes(), b"\0"].concat()));
    }
    out.message(b'K', |body| body.extend([0, 0, 0, 1, 0, 0, 0, 1]));
    socket.write_all(&out.ready().0).await?;
    Ok(true)
}

const VERSION: &str = "16.4 (Portolan demo)";

const PARAMETERS: [(&str, &str); 7] = [
    ("server_version", VERSION),
    ("server_encoding", "UTF8"),
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO, MDY"),
    ("TimeZone", "UTC"),
    ("integer_datetimes", "on"),
    ("standard_conforming_strings", "on"),
];

async fn serve(socket: &mut BufReader<Socket>, inside: &Inside) -> Result<()> {
    // After an error in the extended protocol, all is skipped until the client asks to begin anew.
    let mut skipping = false;
    loop {
        let kind = socket.read_u8().await?;
        let length = usize::try_from(socket.read_i32().await?).unwrap_or_default();
        let mut out = Out::default();
        if !(4..=LONGEST).contains(&length) {
            return socket.write_all(&out.error("FATAL", "08P01", "invalid message length").0).await;
        }
        let mut body = Vec::new();
        AsyncReadExt::take(&mut *socket, length as u64 - 4).read_to_end(&mut body).await?;
        match kind {
            b'X' => return Ok(()),
            b'S' => {
                skipping = false;
                out.ready();
            }
            _ if skipping => {}
            b'Q' => {
                let text = String::from_utf8_lossy(body.strip_suffix(b"\0").unwrap_or(&body)).into_owned();
                query(&mut out, &text, inside).ready();
            }
            b'P' | b'B' | b'D' | b'E' | b'C' | b'F' => {
                skipping = true;
                out.error("ERROR", "0A000", "the demo takes simple queries only");
            }
            // A flush, or a password that nobody asked for.
            _ => {}
        }
        socket.write_all(&out.0).await?;
    }
}

/// Answers the statements of a simple query, until one fails.
fn query<'a>(out: &'a mut Out, text: &str, inside: &Inside) -> &'a mut Out {
    let statements = text.split(';').map(str::trim).filter(|statement| !statement.is_empty());
    let mut any = false;
    for statement in statements {
        any = true;
        if !self::statement(out, statement, inside) {
            return out;
        }
    }
    if !any {
        out.message(b'I', |_| {});
    }
    out
}

/// Answers one statement; whether it was one.
fn statement(out: &mut Out, statement: &str, inside: &Inside) -> bool {
    let lower = statement.to_lowercase();
    let (verb, rest) = lower.split_once(char::is_whitespace).unwrap_or((&lower, ""));
    let tag = verb.to_uppercase();
    match (verb, rest.trim()) {
        ("select", "version()") => {
            out.row("version", TEXT, &format!("PostgreSQL {VERSION}, on {}", inside.pod), "SELECT 1");
        }
        ("select", "current_database()") => out.row("current_database", TEXT, "shop", "SELECT 1"),
        ("select", number) if number.parse::<i32>().is_ok() => out.row("?column?", INT4, number, "SELECT 1"),
        ("select" | "table" | "values", _) => out.row("pod", TEXT, &inside.pod, "SELECT 1"),
        ("show", "server_version") => out.row("server_version", TEXT, VERSION, "SHOW"),
        ("begin" | "commit" | "rollback" | "set", _) => out.complete(&tag),
        _ => {
            let word: String = statement.split_whitespace().next().unwrap_or_default().chars().take(60).collect();
            out.error(
                "ERROR",
                "42601",
                &format!("syntax error at or near \"{word}\": the demo knows SELECT, and no tables"),
            );
            return false;
        }
    }
    true
}
