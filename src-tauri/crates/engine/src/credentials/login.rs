//! A user entry's credential: made once for all who need it, and what came of it remembered.
//!
//! What is held and whether the plugin runs are two things: while it runs, because one cluster refuses what others accept,
//! those others go on with what they have. `decide` says what becomes of somebody who needs a credential.

#[cfg(test)]
pub(super) mod tests;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::future::BoxFuture;
use portolan_wire::client::Credential;
use tokio::{sync::watch, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    failure::{Failure, Why},
    plugin::Plugin,
};

/// A credential is not used for so long before it expires: clocks differ, and a request takes its time.
const MARGIN: Duration = Duration::from_secs(10);

/// A plugin for whose credential nobody has waited for so long is stopped. Those who give up meanwhile ask again within
/// 5 s; if that began another run, the user would have a browser full of tabs.
const DESERTED: Duration = Duration::from_secs(15);

/// What a plugin has made.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) credential: Credential,
    /// By the wall clock, as the plugin says it.
    pub(super) expires: Option<SystemTime>,
}

/// Runs the plugin once. Dropping the future stops it.
pub(super) type Make = Box<dyn Fn() -> BoxFuture<'static, Result<Made, Failure>> + Send + Sync>;

/// Tells the time of day.
pub(super) type Clock = Box<dyn Fn() -> SystemTime + Send + Sync>;

/// The plugins that run now, and what ends them. Its clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    tasks: TaskTracker,
    ended: CancellationToken,
}

impl Runs {
    pub(super) async fn end(&self) {
        self.ended.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// A user entry's credential, and the plugin that makes it.
pub struct Login {
    plugin: String,
    make: Make,
    now: Clock,
    runs: Runs,
    state: watch::Sender<State>,
    /// How many credentials there have been.
    made: watch::Sender<u64>,
    /// How many wait for one.
    waiting: watch::Sender<usize>,
}

#[derive(Clone, Debug, Default)]
struct State {
    held: Option<Held>,
    run: Run,
}

#[derive(Clone, Debug)]
struct Held {
    credential: Credential,
    good_until: Option<SystemTime>,
}

/// What is to be said of the plugin's last run.
#[derive(Clone, Debug, Default)]
enum Run {
    /// Nothing: there was none, or `held` came of it, or nobody waited for it.
    #[default]
    Past,
    /// It goes on.
    Now,
    /// It failed, and is not tried again unasked.
    Failed(Failure),
}

/// What becomes of somebody who needs a credential.
#[derive(Debug)]
enum Decision {
    Use(Credential),
    Fail(Failure),
    Start,
    Wait,
}

/// `refused` is the one that was refused to who asks.
fn decide(state: &State, refused: Option<&Credential>, now: SystemTime) -> Decision {
    let held = state.held.as_ref().filter(|held| held.good_until.is_none_or(|until| now < until));
    let held = held.filter(|held| !refused.is_some_and(|refused| refused.is(&held.credential)));
    match (held, &state.run) {
        (Some(held), _) => Decision::Use(held.credential.clone()),
        (None, Run::Now) => Decision::Wait,
        (None, Run::Failed(failure)) => Decision::Fail(failure.clone()),
        (None, Run::Past) => Decision::Start,
    }
}

impl Held {
    /// One that has expired when it comes is used all the same: it may be this machine's clock that is wrong, and the API
    /// server says so if it is not. Else the plugin would be run for every request.
    fn new(made: Made, now: SystemTime) -> Self {
        let good_until = made.expires.and_then(|expires| expires.checked_sub(MARGIN));
        Held { credential: made.credential, good_until: good_until.filter(|until| now < *until) }
    }
}

impl Login {
    pub(super) fn new(plugin: &Plugin, runs: Runs, make: Make, now: Clock) -> Arc<Self> {
        Arc::new(Login {
            plugin: plugin.command.clone(),
            make,
            now,
            runs,
            state: watch::Sender::default(),
            made: watch::Sender::default(),
            waiting: watch::Sender::default(),
        })
    }

    /// A credential that is good; another than `refused`. Waits for the plugin as long as that may take.
    ///
    /// # Errors
    /// Why there is none. It is the same for everybody, until somebody calls [`Login::sign_in`].
    pub async fn credential(self: &Arc<Self>, refused: Option<&Credential>) -> Result<Credential, Failure> {
        let mut states = self.state.subscribe();
        let _waiting = self.wait();
        loop {
            let decision = decide(&states.borrow_and_update(), refused, (self.now)());
            match decision {
                Decision::Use(credential) => return Ok(credential),
                Decision::Fail(failure) => return Err(failure),
                Decision::Start => self.start(),
                Decision::Wait => {
                    // The sender lives as long as `self`, so that this cannot fail.
                    let _ = states.changed().await;
                }
            }
        }
    }

    /// Has the plugin make a new credential, whatever came of it before: the user asks for it. All who wait for one go on
    /// with it.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn sign_in(self: &Arc<Self>) -> Result<(), Failure> {
        let mut states = self.state.subscribe();
        let _waiting = self.wait();
        self.start();
        // As above, it cannot fail.
        let _ = states.wait_for(|state| !matches!(state.run, Run::Now)).await;
        let run = states.borrow().run.clone();
        match run {
            Run::Failed(failure) => Err(failure),
            Run::Past | Run::Now => Ok(()),
        }
    }

    /// Counts the credentials that were made. Who was told a failure waits here for the next one.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.made.subscribe()
    }

    /// Whether it is this one that is held now.
    pub(super) fn holds(&self, credential: &Credential) -> bool {
        self.state.borrow().held.as_ref().is_some_and(|held| held.credential.is(credential))
    }

    /// For errors.
    pub(super) fn failure(&self, why: Why) -> Failure {
        Failure { plugin: self.plugin.clone(), why }
    }

    /// Runs the plugin, unless it runs.
    fn start(self: &Arc<Self>) {
        let begun = self.state.send_if_modified(|state| {
            let begun = !matches!(state.run, Run::Now);
            state.run = Run::Now;
            begun
        });
        if begun {
            self.runs.tasks.spawn(self.clone().run());
        }
    }

    async fn run(self: Arc<Self>) {
        tracing::info!(plugin = self.plugin, "runs for its credential");
        let made = tokio::select! {
            biased;
            () = self.runs.ended.cancelled() => Some(Err(self.failure(Why::Stopped))),
            made = (self.make)() => Some(made),
            () = self.deserted() => None,
        };
        let new = matches!(made, Some(Ok(_)));
        self.state.send_modify(|state| match made {
            Some(Ok(made)) => *state = State { held: Some(Held::new(made, (self.now)())), run: Run::Past },
            Some(Err(failure)) => {
                tracing::info!(%failure, "no credential");
                state.run = Run::Failed(failure);
            }
            None => state.run = Run::Past,
        });
        if new {
            self.made.send_modify(|count| *count += 1);
        }
    }

    /// Ends when nobody has waited for long enough.
    async fn deserted(&self) {
        let mut waiting = self.waiting.subscribe();
        // The sender is `self`'s: waiting for its values cannot fail.
        while waiting.wait_for(|count| *count == 0).await.is_ok() {
            if timeout(DESERTED, waiting.wait_for(|count| *count > 0)).await.is_err() {
                return;
            }
        }
    }

    fn wait(&self) -> Waiting<'_> {
        self.waiting.send_modify(|count| *count += 1);
        Waiting(self)
    }
}

/// Somebody who waits for a credential.
struct Waiting<'a>(&'a Login);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.send_modify(|count| *count -= 1);
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("plugin", &self.plugin).finish_non_exhaustive()
    }
}
