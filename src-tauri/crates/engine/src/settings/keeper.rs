//! The settings that hold now, and the file that keeps them.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::{Settings, SettingsView};
use crate::{
    error::{Code, Error, Problem},
    feed::{Feed, Part},
    storage::{Document, Schema},
};

/// The feed's key of the settings.
const KEY: &str = "settings";

/// The file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    #[serde(flatten)]
    settings: Settings,
    /// What somebody wrote beside them is theirs, and stays.
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl Schema for Content {
    const VERSION: u64 = 1;
}

/// The settings that hold now. The file is one way to them: what is chosen holds at once, whether it can be kept or not.
#[derive(Debug)]
pub(crate) struct Keeper {
    feed: Arc<Feed>,
    now: watch::Sender<Settings>,
    /// Held while the file is read or written, so that what is told is what came last.
    file: Mutex<Option<(PathBuf, Document<Content>)>>,
}

impl Keeper {
    /// The default settings, which nothing keeps.
    pub(crate) fn new(feed: Arc<Feed>) -> Self {
        let keeper = Keeper { feed, now: watch::Sender::default(), file: Mutex::default() };
        keeper.tell(&keeper.file(), None);
        keeper
    }

    fn file(&self) -> MutexGuard<'_, Option<(PathBuf, Document<Content>)>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that hold, as they change.
    pub(crate) fn watch(&self) -> watch::Receiver<Settings> {
        self.now.subscribe()
    }

    /// The file that keeps them, if one does.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.file().as_ref().map(|(path, _)| path.clone())
    }

    /// Reads the file, which keeps them from now on. A damaged one is moved aside.
    pub(crate) fn keep_in(&self, path: Result<PathBuf, Error>) {
        let mut file = self.file();
        let path = match path {
            Ok(path) => path,
            Err(error) => return self.tell(&file, Some(error.problem())),
        };
        let (_, document) = file.insert((path.clone(), Document::at(path)));
        let problem = match document.read() {
            Ok(read) => {
                let (settings, refused) = read.value.settings.within_bounds();
                self.now.send_replace(settings);
                let moved = read.moved_aside.map(|(aside, why)| damaged(&aside.display().to_string(), &why));
                moved.or(refused.map(|error| error.problem()))
            }
            Err(error) => Some(error.problem()),
        };
        self.tell(&file, problem);
    }

    /// Takes in what somebody has edited. While it cannot be understood it is left to them, and what held before holds.
    pub(crate) fn read_again(&self) {
        let file = self.file();
        let Some((path, document)) = &*file else { return };
        let problem = match document.peek() {
            Ok(Ok(content)) => match content.settings.check() {
                Ok(()) => {
                    self.set(content.settings);
                    None
                }
                Err(error) => Some(error.problem()),
            },
            Ok(Err(why)) => Some(unclear(&path.display().to_string(), &why)),
            Err(error) => Some(error.problem()),
        };
        self.tell(&file, problem);
    }

    /// Changes them, and the file. Whatever becomes of the file, the change holds.
    ///
    /// # Errors
    /// When it cannot be meant; then nothing is changed. When it cannot be kept.
    pub(crate) fn change(&self, change: impl Fn(Settings) -> Result<Settings, Error>) -> Result<(), Problem> {
        let file = self.file();
        let here = change(self.now.borrow().clone())?;
        let Some((_, document)) = &*file else {
            // Nothing keeps them: the command, and tests.
            self.set(here);
            self.tell(&file, None);
            return Ok(());
        };
        // What another process or an editor has written meanwhile is not undone by it.
        let kept = document.change(|content| {
            content.settings = change(content.settings.clone())?;
            Ok(content.settings.clone())
        });
        let (settings, problem) = match kept {
            Ok(settings) => (settings, None),
            Err(error) => (here, Some(unkept(error.problem()))),
        };
        self.set(settings);
        self.tell(&file, problem.clone());
        problem.map_or(Ok(()), Err)
    }

    fn set(&self, settings: Settings) {
        self.now.send_if_modified(|now| {
            let differs = *now != settings;
            *now = settings;
            differs
        });
    }

    fn tell(&self, file: &Option<(PathBuf, Document<Content>)>, problem: Option<Problem>) {
        if let Some(problem) = &problem {
            tracing::warn!(%problem, "settings");
        }
        let path = file.as_ref().map(|(path, _)| path.display().to_string());
        let view = SettingsView { settings: self.now.borrow().clone(), path, problem };
        self.feed.set(KEY, Part::Settings(view));
    }
}

fn damaged(aside: &str, why: &str) -> Problem {
    Problem {
        code: Code::Storage,
        message: format!("The settings could not be understood, and begin anew: {why}. No context is protected now."),
        next: format!("What was there is in {aside}: mend it and put it back, or choose again."),
    }
}

fn unclear(path: &str, why: &str) -> Problem {
    Problem {
        code: Code::Storage,
        message: format!("{path} cannot be understood: {why}. What was chosen before holds."),
        next: "Mend the file; it is read again when it is saved.".into(),
    }
}

fn unkept(problem: Problem) -> Problem {
    let message = format!("{} What you chose holds until Portolan ends.", problem.message);
    Problem { message, ..problem }
}
