//! The API server: HTTP over the store.
//!
//! The map, as a request goes:
//! - `listener` takes connections, which `carried` carries as well or badly as the network does, under `tls`.
//! - `answer` finds out who asks (`users`), what for (`path`, [`query`]) and whether they may (`rights`).
//! - `discovery` and `reviews` tell what there is, and what one may do.
//! - `list` and `watch` read the store, some of it (`selector`), as objects or as `shape` has them: parts of them,
//!   or a `table`.
//! - `write` creates and changes ([`defaults`], `validate`, `patch`, `scale`); [`deletion`] deletes.
//! - `connect` leads into pods: port-forwards, and through `proxy`.
//! - What is refused is a [`status`].

mod answer;
mod body;
mod carried;
mod connect;
pub mod defaults;
pub mod deletion;
mod discovery;
mod list;
mod listener;
mod patch;
mod path;
mod protobuf;
mod proxy;
pub mod query;
mod reviews;
mod rights;
mod scale;
mod selector;
mod shape;
pub mod status;
mod table;
#[cfg(test)]
mod tests;
mod tls;
mod users;
mod validate;
mod watch;
mod write;

use std::{io, path::Path, sync::Arc};

use tokio::net::TcpListener;

use crate::{
    Error, Faults, Options, Store,
    network::{Network, Task},
    portforward::Upgrades,
};
use answer::Api;
use users::Users;

/// The API server, running. It ends, with all its connections, when this is dropped.
#[derive(Debug)]
pub struct Server {
    url: String,
    users: Users,
    _serving: Task,
}

impl Server {
    pub(crate) async fn start(
        store: &Store,
        network: &Network,
        faults: &Faults,
        options: &Options,
    ) -> Result<Self, Error> {
        let listen = |error| Error::Io("listen on 127.0.0.1", error);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(listen)?;
        let at = listener.local_addr().map_err(listen)?;
        let url = format!("https://{at}");
        let (tls, authority) =
            tls::acceptor().map_err(|error| Error::Io("make a certificate", io::Error::other(error)))?;
        let users = Users::new(url.clone(), &authority).map_err(|error| Error::Io("write the kubeconfig", error))?;
        let api = Arc::new(Api {
            store: store.clone(),
            faults: faults.clone(),
            users: users.clone(),
            upgrades: Upgrades::new(network.clone(), faults.clone(), options.quirks),
            network: network.clone(),
        });
        let serving = Task::new(tokio::spawn(listener::serve(listener, at, tls, api)));
        Ok(Server { url, users, _serving: serving })
    }

    /// Where it listens: `https://127.0.0.1:40001`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The administrator's kubeconfig, which is there as long as the server is.
    pub fn kubeconfig(&self) -> &Path {
        self.users.file()
    }

    /// The administrator's token.
    pub fn token(&self) -> String {
        self.users.token(users::ADMINISTRATOR)
    }

    /// The kubeconfig of a user, who may do what Roles in the store say. Any name is a user.
    pub fn kubeconfig_of(&self, user: &str) -> String {
        self.users.kubeconfig(user)
    }

    /// Expires tokens, whoever holds it.
    pub(crate) fn expiry(&self) -> impl Fn() -> io::Result<()> + Send + 'static {
        let users = self.users.clone();
        move || users.expire()
    }

    /// From now on no token is known that was given out before. The administrator's kubeconfig has a new one.
    ///
    /// # Errors
    /// When the kubeconfig cannot be written.
    pub fn expire_tokens(&self) -> Result<(), Error> {
        self.users.expire().map_err(|error| Error::Io("write the kubeconfig", error))
    }
}
