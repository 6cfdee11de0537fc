//! Whether the desktop has a tray. On Linux that is a program on the session bus, which may come and go.

use tokio::sync::watch;

/// Whether there is one, as that changes.
#[cfg(target_os = "linux")]
pub(super) fn watch() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    // A thread of its own, which waits for the bus for as long as the app runs.
    std::thread::spawn(move || {
        if let Err(error) = follow(&sender) {
            tracing::info!(%error, "the desktop cannot be asked for a tray");
        }
    });
    receiver
}

#[cfg(target_os = "linux")]
fn follow(sender: &watch::Sender<bool>) -> zbus::Result<()> {
    use zbus::{
        blocking::{Connection, fdo::DBusProxy},
        names::BusName,
    };
    const WATCHER: &str = "org.kde.StatusNotifierWatcher";
    let connection = Connection::session()?;
    let bus = DBusProxy::new(&connection)?;
    // Before it is asked for, so that nothing is missed between.
    let changes = bus.receive_name_owner_changed_with_args(&[(0, WATCHER)])?;
    sender.send_replace(bus.name_has_owner(BusName::try_from(WATCHER)?)?);
    for change in changes {
        sender.send_replace(change.args()?.new_owner().is_some());
    }
    sender.send_replace(false);
    Ok(())
}

/// Elsewhere there always is one.
#[cfg(not(target_os = "linux"))]
pub(super) fn watch() -> watch::Receiver<bool> {
    watch::channel(true).1
}
