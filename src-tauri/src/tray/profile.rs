//! What the tray does with profiles.

use std::sync::Arc;

use portolan_engine::{
    engine::Engine,
    error::{Code, Error, Problem},
    profiles::{Profile, Profiles},
};

use super::menu;

/// All profiles.
pub(super) async fn all() -> Result<Vec<Profile>, Problem> {
    on_a_thread(|| Ok(Profiles::open()?.list()?.profiles)).await
}

/// Starts a profile, or stops what runs of it. What goes wrong with one of its tunnels is told by its card.
pub(super) async fn toggle(engine: &Arc<Engine>, name: &str) {
    let named = vec![name.to_owned()];
    let found = on_a_thread({
        let named = named.clone();
        move || Profiles::open()?.named(&named)
    });
    let done = match found.await {
        Ok(profiles) => {
            let running: Vec<_> =
                profiles.iter().flat_map(|profile| menu::running(profile, &engine.feed().sessions())).collect();
            if running.is_empty() {
                start(engine, &profiles, named).await
            } else {
                futures::future::join_all(running.into_iter().map(|id| engine.sessions().stop(id))).await;
                Ok(())
            }
        }
        Err(problem) => Err(problem),
    };
    if let Err(problem) = done {
        crate::notify::show_problem(engine, name, &problem).await;
    }
}

async fn start(engine: &Engine, profiles: &[Profile], named: Vec<String>) -> Result<(), Problem> {
    let forwards: Vec<_> = profiles.iter().map(Profile::forwards).collect::<Result<_, Error>>()?;
    for forward in forwards.into_iter().flatten() {
        engine.start(forward);
    }
    on_a_thread(move || Profiles::open()?.used(&named)).await
}

/// Files may lie on a server that does not answer.
async fn on_a_thread<T: Send + 'static>(act: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(act).await {
        Ok(done) => Ok(done?),
        Err(error) => Err(Problem {
            code: Code::Storage,
            message: format!("The profiles cannot be read: {error}."),
            next: String::new(),
        }),
    }
}
