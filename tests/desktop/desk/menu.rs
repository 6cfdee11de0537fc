//! An item's menu, as a tray shows it.

use std::collections::HashMap;

use portolan_tests::Result;
use zbus::{
    Connection,
    names::OwnedBusName,
    proxy,
    zvariant::{OwnedObjectPath, OwnedValue, Value},
};

use crate::window::eventually;

/// An entry of a layout: its number, its properties and the entries under it.
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

#[proxy(interface = "com.canonical.dbusmenu")]
trait DbusMenu {
    fn about_to_show(&self, id: i32) -> zbus::Result<bool>;
    fn get_layout(&self, parent: i32, depth: i32, properties: &[&str]) -> zbus::Result<(u32, Layout)>;
    fn event(&self, id: i32, event: &str, data: &Value<'_>, timestamp: u32) -> zbus::Result<()>;
}

/// The menu.
pub(crate) struct Menu(DbusMenuProxy<'static>);

/// A line of it.
#[derive(Clone, Debug)]
struct Line {
    id: i32,
    text: String,
    enabled: bool,
}

impl Menu {
    pub(super) async fn of(connection: &Connection, owner: OwnedBusName, path: OwnedObjectPath) -> Result<Menu> {
        Ok(Menu(DbusMenuProxy::builder(connection).destination(owner)?.path(path)?.build().await?))
    }

    async fn read(&self) -> Result<Vec<Line>> {
        let (_, (_, _, entries)) = self.0.get_layout(0, -1, &[]).await?;
        entries.into_iter().map(line).collect()
    }

    /// What is read in it, from its top. What cannot be clicked is in brackets, and a separator is `--`.
    pub(crate) async fn lines(&self) -> Result<Vec<String>> {
        let shown = |line: Line| if line.enabled || line.text == "--" { line.text } else { format!("({})", line.text) };
        Ok(self.read().await?.into_iter().map(shown).collect())
    }

    /// Waits until it is read so; what is in it then.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&[String]) -> bool) -> Result<Vec<String>> {
        let mut last = Vec::new();
        let lines = eventually(format!("the menu shows {what}"), async || {
            last = self.lines().await?;
            Ok(is_so(&last).then(|| last.clone()))
        })
        .await;
        lines.map_err(|error| format!("{error}: {last:?}").into())
    }

    /// Clicks the line that begins so, once it is there.
    pub(crate) async fn click(&self, begins: &str) -> Result<()> {
        let id = eventually(format!("the menu has “{begins}”"), async || {
            let lines = self.read().await?;
            Ok(lines.into_iter().find(|line| line.enabled && line.text.starts_with(begins)).map(|line| line.id))
        })
        .await?;
        Ok(self.0.event(id, "clicked", &Value::I32(0), 0).await?)
    }
}

fn line(entry: OwnedValue) -> Result<Line> {
    let (id, mut properties, _): Layout = entry.try_into()?;
    let mut text = |name: &str| -> Result<String> {
        let value = properties.remove(name).map(String::try_from).transpose()?;
        Ok(value.unwrap_or_default())
    };
    let is_separator = text("type")? == "separator";
    // A single one marks the letter after it, and is not seen.
    let label = text("label")?.replace("__", "\u{0}").replace('_', "").replace('\u{0}', "_");
    let enabled = properties.remove("enabled").map(bool::try_from).transpose()?.unwrap_or(true);
    Ok(Line { id, text: if is_separator { "--".into() } else { label }, enabled: enabled && !is_separator })
}
