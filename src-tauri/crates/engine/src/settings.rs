//! What the user has chosen: `settings.json` in the configuration folder, written to be read and edited by people.
//!
//! - [`Settings`] are all of them, [`Change`] is one choice, [`Settings::with`] the pure function that applies it.
//! - `keeper` has those that hold now, and the file. What cannot be written holds until Portolan ends, and that is told;
//!   what was edited by hand is taken in.
//! - Which contexts are protected is said here; `marks` answers for it, also to the engine's own refusals.

pub(crate) mod keeper;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    context::ContextId,
    error::{Error, Problem},
    forward::Forward,
};

/// The longest that a connection is held. Clients have given up by then.
const LONGEST_HOLD: u32 = 600;

/// All that the user has chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct Settings {
    /// What the window looks like.
    pub theme: Theme,
    /// What closing the window does.
    pub closing: Closing,
    /// Whether the desktop is told when tunnels break and come back.
    pub notifications: bool,
    /// How long a new tunnel holds a connection while no pod can take it, in seconds.
    pub hold_seconds: u32,
    /// Whether Portolan starts when the user logs in.
    pub start_at_login: bool,
    /// Where nothing is deleted, and nothing is asked before somebody says so.
    pub protected: Vec<ProtectedContext>,
}

/// What the window looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Theme {
    /// As the desktop does.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// What closing the window does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Closing {
    /// Tunnels stay open, and the window waits in the tray.
    #[default]
    Keep,
    /// Everything ends.
    Quit,
}

/// A context that is protected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProtectedContext {
    /// As in [`ContextId`].
    #[serde(default = "default_source")]
    pub source: String,
    /// The context's name in that source.
    pub name: String,
    /// The API server's URL when it was marked, to see what was meant. The mark goes by the name: a context that was given
    /// another server stays protected.
    #[serde(default)]
    pub server: String,
}

fn default_source() -> String {
    ContextId::DEFAULT_SOURCE.into()
}

impl ProtectedContext {
    /// Which context it is.
    pub fn id(&self) -> ContextId {
        ContextId { source: self.source.clone(), name: self.name.clone() }
    }
}

/// One choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "what", content = "to", rename_all = "snake_case")]
#[ts(export)]
pub enum Change {
    /// See [`Settings::theme`].
    Theme(Theme),
    /// See [`Settings::closing`].
    Closing(Closing),
    /// See [`Settings::notifications`].
    Notifications(bool),
    /// See [`Settings::hold_seconds`].
    HoldSeconds(u32),
    /// See [`Settings::start_at_login`].
    StartAtLogin(bool),
}

/// The settings as the window shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SettingsView {
    /// Those that hold now.
    pub settings: Settings,
    /// The file that keeps them; `None` where nothing does.
    pub path: Option<String>,
    /// Why the file does not say the same: it cannot be read, or not be written.
    pub problem: Option<Problem>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            theme: Theme::System,
            closing: Closing::Keep,
            notifications: true,
            hold_seconds: Forward::DEFAULT_HOLD_SECONDS,
            start_at_login: false,
            protected: Vec::new(),
        }
    }
}

impl Settings {
    /// Applies one choice.
    ///
    /// # Errors
    /// When it cannot be meant.
    pub fn with(self, change: &Change) -> Result<Settings, Error> {
        let changed = match *change {
            Change::Theme(theme) => Settings { theme, ..self },
            Change::Closing(closing) => Settings { closing, ..self },
            Change::Notifications(notifications) => Settings { notifications, ..self },
            Change::HoldSeconds(hold_seconds) => Settings { hold_seconds, ..self },
            Change::StartAtLogin(start_at_login) => Settings { start_at_login, ..self },
        };
        changed.check()?;
        Ok(changed)
    }

    /// Marks a context as protected, or takes the mark away. `server` is what the context means now.
    pub(crate) fn protecting(mut self, context: &ContextId, server: &str, protected: bool) -> Settings {
        self.protected.retain(|one| one.id() != *context);
        if protected {
            let ContextId { source, name } = context.clone();
            self.protected.push(ProtectedContext { source, name, server: server.into() });
        }
        self
    }

    /// As they can be used, and what could not: all else holds, above all what is protected.
    fn within_bounds(self) -> (Settings, Option<Error>) {
        match self.check() {
            Ok(()) => (self, None),
            Err(error) => (Settings { hold_seconds: Forward::DEFAULT_HOLD_SECONDS, ..self }, Some(error)),
        }
    }

    /// Finds what cannot be meant, also by who edits the file.
    fn check(&self) -> Result<(), Error> {
        if self.hold_seconds <= LONGEST_HOLD {
            return Ok(());
        }
        let why = format!("a connection is held for {LONGEST_HOLD} s at most, and not for {} s", self.hold_seconds);
        Err(Error::BadSetting { why })
    }
}
