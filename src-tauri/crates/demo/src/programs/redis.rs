//! What a Redis client meets: a store of strings, each pod's its own, as far as `redis-cli` needs it.

mod commands;
mod request;

use futures::{FutureExt, future::BoxFuture};
use tokio::io::{AsyncWriteExt, BufReader};

use crate::{
    network::{Inside, Program},
    socket::Socket,
};
use commands::{Reply, Store};
use request::Asked;

/// The program.
#[derive(Debug)]
pub(super) struct Redis;

impl Program for Redis {
    fn listens(&self, port: u16) -> bool {
        port == 6379
    }

    fn serve(&self, _: u16, socket: Socket, inside: Inside) -> BoxFuture<'static, ()> {
        async move {
            let store = inside.state::<Store>();
            let mut socket = BufReader::new(socket);
            loop {
                let reply = match request::read(&mut socket).await {
                    Ok(Asked::Nothing) => continue,
                    Ok(Asked::Command(words)) => store.answer(&words, &inside),
                    Ok(Asked::Wrong(why)) => Reply::Last(format!("-ERR Protocol error: {why}\r\n").into_bytes()),
                    // The client is done, or gone.
                    Err(_) => return,
                };
                let (Reply::Next(bytes) | Reply::Last(bytes)) = &reply;
                if socket.write_all(bytes).await.is_err() || matches!(reply, Reply::Last(_)) {
                    return;
                }
            }
        }
        .boxed()
    }
}
