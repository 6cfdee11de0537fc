//! A small desktop on the session bus of the test run: a tray and a notification service, as an app meets them. Each is
//! there until it is dropped; the other tests of the run are on a desktop without.

mod menu;
mod notifications;
mod tray;

pub(crate) use menu::Menu;
pub(crate) use notifications::{NAME as NOTIFICATIONS, Notifications};
pub(crate) use tray::Tray;

use portolan_tests::Result;
use zbus::{Connection, connection, object_server::Interface};

/// One of its programs: a connection of its own, a name, and an object.
struct Program {
    connection: Connection,
    name: &'static str,
}

impl Program {
    /// Starts it. Another of this name would make the test worthless, and is an error.
    async fn start(name: &'static str, path: &str, object: impl Interface) -> Result<Program> {
        let connection = connection::Builder::session()?.serve_at(path, object)?.build().await?;
        connection.request_name(name).await.map_err(|error| format!("{name} on the session bus: {error}"))?;
        Ok(Program { connection, name })
    }
}

impl Drop for Program {
    /// The name is free when this returns.
    fn drop(&mut self) {
        if let Err(error) = zbus::block_on(self.connection.release_name(self.name)) {
            eprintln!("{} was not released: {error}", self.name);
        }
    }
}

/// Whether a name can be had on the session bus though nobody has it: its program would be started.
pub(crate) async fn is_startable(name: &str) -> Result<bool> {
    let bus = Connection::session().await?;
    let bus = zbus::fdo::DBusProxy::new(&bus).await?;
    Ok(bus.list_activatable_names().await?.iter().any(|one| one.as_str() == name))
}
