//! Whether the desktop has a tray. On Linux that is two on the session bus, which may come and go: a watcher, which knows
//! the items, and a host, which shows them. Some desktops run the one without the other.

use std::{convert::Infallible, future::pending};

use tokio::sync::watch;

/// Says whether there is one, as that changes, until it is dropped.
#[cfg(target_os = "linux")]
pub(super) async fn follow(there: &watch::Sender<bool>) -> Infallible {
    match on_the_bus(there).await {
        Ok(()) => tracing::info!("the desktop's bus has ended"),
        Err(error) => tracing::info!(%error, "the desktop cannot be asked for a tray"),
    }
    // Nobody would tell that it went.
    there.send_replace(false);
    pending().await
}

#[cfg(target_os = "linux")]
async fn on_the_bus(there: &watch::Sender<bool>) -> zbus::Result<()> {
    use futures::{StreamExt, stream::select};
    use zbus::{Connection, MatchRule, MessageStream, fdo::DBusProxy, message::Type};
    let connection = Connection::session().await?;
    let bus = DBusProxy::new(&connection).await?;
    let hosts = MatchRule::builder().msg_type(Type::Signal).interface(WATCHER)?.build();
    // Before they are asked for, so that nothing is missed between.
    let watchers = bus.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?.map(drop);
    let hosts = MessageStream::for_match_rule(hosts, &connection, None).await?.map(drop);
    let mut changes = select(watchers, hosts);
    loop {
        there.send_replace(is_shown(&connection, &bus).await?);
        if changes.next().await.is_none() {
            return Ok(());
        }
    }
}

#[cfg(target_os = "linux")]
const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// Whether a watcher knows of a host. One that does not say so is none to hide a window in.
#[cfg(target_os = "linux")]
async fn is_shown(connection: &zbus::Connection, bus: &zbus::fdo::DBusProxy<'_>) -> zbus::Result<bool> {
    use zbus::{Proxy, names::BusName, proxy::CacheProperties};
    /// A desktop that is busy for longer has no tray to speak of.
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
    // Asked of a name that nobody has, the bus might start a program.
    if !bus.name_has_owner(BusName::try_from(WATCHER)?).await? {
        return Ok(false);
    }
    let watcher: Proxy = zbus::proxy::Builder::new(connection)
        .destination(WATCHER)?
        .path("/StatusNotifierWatcher")?
        .interface(WATCHER)?
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    match tokio::time::timeout(PATIENCE, watcher.get_property("IsStatusNotifierHostRegistered")).await {
        Ok(Ok(shown)) => Ok(shown),
        Ok(Err(error)) => {
            tracing::info!(%error, "the tray's watcher does not say whether it has a host");
            Ok(false)
        }
        Err(_) => {
            tracing::info!("the tray's watcher does not answer");
            Ok(false)
        }
    }
}

/// Elsewhere there always is one.
#[cfg(not(target_os = "linux"))]
pub(super) async fn follow(there: &watch::Sender<bool>) -> Infallible {
    there.send_replace(true);
    pending().await
}
