//! The notification service.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use portolan_tests::Result;
use zbus::{interface, zvariant::OwnedValue};

use super::Program;
use crate::window::eventually;

pub(crate) const NAME: &str = "org.freedesktop.Notifications";

/// A notification, as it would be seen.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// The app's name, its icon's, and that of its entry in the desktop's menu.
    pub(crate) from: (String, String, String),
    pub(crate) title: String,
    pub(crate) body: String,
}

/// A desktop that shows them.
pub(crate) struct Notifications {
    _program: Program,
    shown: Arc<Mutex<Vec<Shown>>>,
}

struct Service(Arc<Mutex<Vec<Shown>>>);

#[interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[allow(clippy::too_many_arguments)] // the specification's
    fn notify(
        &self,
        app_name: String,
        replaces: u32,
        app_icon: String,
        title: String,
        body: String,
        _actions: Vec<String>,
        mut hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        let entry = hints.remove("desktop-entry").and_then(|entry| String::try_from(entry).ok()).unwrap_or_default();
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.push(Shown { from: (app_name, app_icon, entry), title, body });
        if replaces == 0 { u32::try_from(shown.len()).unwrap_or(u32::MAX) } else { replaces }
    }

    fn close_notification(&self, _id: u32) {}

    fn get_capabilities(&self) -> Vec<&str> {
        vec!["body", "body-markup", "icon-static"]
    }

    fn get_server_information(&self) -> (&str, &str, &str, &str) {
        ("desk", "tests", "1", "1.2")
    }
}

impl Notifications {
    /// Begins to show them.
    pub(crate) async fn begin() -> Result<Notifications> {
        let shown = Arc::<Mutex<Vec<Shown>>>::default();
        let service = Service(shown.clone());
        let _program = Program::start(NAME, "/org/freedesktop/Notifications", service).await?;
        Ok(Notifications { _program, shown })
    }

    /// All that were shown.
    pub(crate) fn shown(&self) -> Vec<Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The titles of all that were shown.
    pub(crate) fn titles(&self) -> Vec<String> {
        self.shown().into_iter().map(|one| one.title).collect()
    }

    /// Waits until one of this title is shown; it, and all before and beside it.
    pub(crate) async fn until(&self, title: &str) -> Result<Shown> {
        let found = eventually(format!("“{title}” is shown"), async || {
            Ok(self.shown().into_iter().find(|one| one.title == title))
        })
        .await;
        found.map_err(|error| format!("{error}: {:?}", self.shown()).into())
    }
}
