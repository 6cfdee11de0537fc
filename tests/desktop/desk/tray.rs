//! The tray: what apps register their items with, and the host that would show them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portolan_tests::Result;
use zbus::{Connection, interface, message::Header, object_server::SignalEmitter, proxy, zvariant::OwnedObjectPath};

use super::{Menu, Program};
use crate::window::eventually;

const NAME: &str = "org.kde.StatusNotifierWatcher";
const PATH: &str = "/StatusNotifierWatcher";

/// A tray that is shown.
pub(crate) struct Tray {
    program: Program,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    /// The sender and the object of each item, in the order they came.
    items: Vec<(String, String)>,
    hosts: bool,
}

struct Watcher(Arc<Mutex<Known>>);

impl Watcher {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    /// Items name themselves by their path or by their bus name.
    async fn register_status_notifier_item(
        &self,
        service: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        let sender = header.sender().map(|sender| sender.to_string()).unwrap_or_default();
        let path = if service.starts_with('/') { service } else { "/StatusNotifierItem" };
        self.known().items.push((sender.clone(), path.to_owned()));
        Ok(Watcher::status_notifier_item_registered(&emitter, &format!("{sender}{path}")).await?)
    }

    async fn register_status_notifier_host(
        &self,
        _service: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        self.known().hosts = true;
        Ok(Watcher::status_notifier_host_registered(&emitter).await?)
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.known().items.iter().map(|(sender, path)| format!("{sender}{path}")).collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        self.known().hosts
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(signal)]
    async fn status_notifier_item_registered(emitter: &SignalEmitter<'_>, service: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn status_notifier_item_unregistered(emitter: &SignalEmitter<'_>, service: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn status_notifier_host_registered(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn status_notifier_host_unregistered(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
}

#[proxy(interface = "org.kde.StatusNotifierItem")]
trait Item {
    #[zbus(property(emits_changed_signal = "false"))]
    fn menu(&self) -> zbus::Result<OwnedObjectPath>;
    #[zbus(property(emits_changed_signal = "false"))]
    fn status(&self) -> zbus::Result<String>;
    #[zbus(property(emits_changed_signal = "false"))]
    fn icon_name(&self) -> zbus::Result<String>;
}

impl Tray {
    /// Puts it up, with a host.
    pub(crate) async fn put_up() -> Result<Tray> {
        let tray = Tray::without_a_host().await?;
        tray.have_a_host(true).await?;
        Ok(tray)
    }

    /// Puts up what knows items and has nothing that shows them.
    pub(crate) async fn without_a_host() -> Result<Tray> {
        let known = Arc::<Mutex<Known>>::default();
        let program = Program::start(NAME, PATH, Watcher(known.clone())).await?;
        Ok(Tray { program, known })
    }

    /// Has the host come or go.
    pub(crate) async fn have_a_host(&self, there: bool) -> Result<()> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).hosts = there;
        let emitter = SignalEmitter::new(&self.program.connection, PATH)?;
        match there {
            true => Watcher::status_notifier_host_registered(&emitter).await?,
            false => Watcher::status_notifier_host_unregistered(&emitter).await?,
        }
        Ok(())
    }

    /// How many items were ever registered.
    pub(crate) fn registered(&self) -> usize {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).items.len()
    }

    fn connection(&self) -> &Connection {
        &self.program.connection
    }

    async fn item(&self) -> Result<ItemProxy<'static>> {
        let newest = eventually("an item is registered", async || {
            Ok(self.known.lock().unwrap_or_else(PoisonError::into_inner).items.last().cloned())
        })
        .await?;
        let (sender, path) = newest;
        Ok(ItemProxy::builder(self.connection()).destination(sender)?.path(path)?.build().await?)
    }

    /// The file of the newest item's icon, once it is shown.
    pub(crate) async fn icon(&self) -> Result<String> {
        let item = self.item().await?;
        eventually("the item is active", async || Ok((item.status().await? == "Active").then_some(()))).await?;
        Ok(item.icon_name().await?)
    }

    /// The newest item's menu.
    pub(crate) async fn menu(&self) -> Result<Menu> {
        let item = self.item().await?;
        // An item is there a moment before its menu is.
        let path = eventually("the item has a menu", async || {
            Ok(item.menu().await.ok().filter(|path| path.as_str() != "/" && !path.as_str().ends_with("NO_DBUSMENU")))
        })
        .await?;
        Menu::of(self.connection(), item.inner().destination().to_owned().into(), path).await
    }
}
