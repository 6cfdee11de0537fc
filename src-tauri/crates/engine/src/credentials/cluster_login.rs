//! What one cluster's client asks its user's login for. Several clusters may share a login, and one of them may refuse
//! what the others accept; that is this one's trouble alone.
//!
//! A credential that is refused is made anew once. If the new one is refused, too, the plugin cannot help, and is left
//! alone until the user signs in.

#[cfg(test)]
mod tests;

use std::{
    error::Error,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use portolan_wire::client::{Credential, Credentials};
use tokio::time::{Instant, timeout};

use super::{
    failure::{Failure, Why},
    login::Login,
};

/// A request waits so long for a plugin, and then says what it waits for. Most plugins are quicker; one that waits for the
/// user is not, and a tunnel's phase is to say so. The plugin goes on.
const PATIENCE: Duration = Duration::from_secs(4);

/// A credential that was made anew for this cluster and is refused within this time is not made anew again.
const AGAIN: Duration = Duration::from_secs(300);

/// A login, as one cluster sees it.
#[derive(Debug)]
pub(crate) struct ClusterLogin {
    login: Arc<Login>,
    /// The API server's URL, for messages.
    server: String,
    refusal: Mutex<Refusal>,
}

/// What this cluster has refused last.
#[derive(Clone, Debug)]
enum Refusal {
    None,
    /// This one, and another is to be made, since then.
    First(Credential, Instant),
    /// This one, soon after it was made for the sake of the first.
    Second(Credential, Instant),
}

impl ClusterLogin {
    pub(crate) fn new(login: Arc<Login>, server: String) -> Arc<Self> {
        Arc::new(ClusterLogin { login, server, refusal: Mutex::new(Refusal::None) })
    }

    /// The login itself.
    pub(crate) fn login(&self) -> &Arc<Login> {
        &self.login
    }

    fn refusal(&self) -> MutexGuard<'_, Refusal> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A credential that this cluster has not refused.
    async fn credential(&self) -> Result<Credential, Failure> {
        let refusal = self.refusal().clone();
        let refused = match &refusal {
            Refusal::None => None,
            Refusal::First(refused, _) => Some(refused),
            Refusal::Second(refused, _) if self.login.holds(refused) => {
                return Err(self.login.failure(Why::Refused { server: self.server.clone() }));
            }
            Refusal::Second(..) => None,
        };
        match timeout(PATIENCE, self.login.credential(refused)).await {
            Ok(made) => made,
            Err(_) => Err(self.login.failure(Why::Running)),
        }
    }

    /// Takes note of a refusal.
    fn note(&self, used: &Credential) {
        if !self.login.holds(used) {
            // There is another one already.
            return;
        }
        let mut refusal = self.refusal();
        let second = match &*refusal {
            Refusal::None => false,
            // Others who used the same one.
            Refusal::First(refused, _) | Refusal::Second(refused, _) if refused.is(used) => return,
            Refusal::First(_, at) | Refusal::Second(_, at) => at.elapsed() < AGAIN,
        };
        let now = Instant::now();
        *refusal = match second {
            true => Refusal::Second(used.clone(), now),
            false => Refusal::First(used.clone(), now),
        };
    }
}

impl Credentials for ClusterLogin {
    fn current(&self) -> BoxFuture<'_, Result<Credential, Box<dyn Error + Send + Sync>>> {
        Box::pin(async { Ok(self.credential().await?) })
    }

    fn refused<'a>(&'a self, used: &'a Credential) -> BoxFuture<'a, Result<Credential, Box<dyn Error + Send + Sync>>> {
        self.note(used);
        self.current()
    }
}
