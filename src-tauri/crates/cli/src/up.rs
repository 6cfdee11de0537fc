//! `portolan up`: all tunnels of some profiles, until the user ends them or none can go on.

use futures::future::join_all;
use portolan_engine::{
    engine::Engine,
    error::Problem,
    forward::Forward,
    kubeconfig::Source,
    phase::Phase,
    profiles::{Profile, Profiles},
    session::view::{SessionId, SessionView},
};

use crate::{
    Ended,
    args::UpArgs,
    forward::{Teller, follow, until_stopped},
    output,
};

/// A tunnel that was started: its profile and target, and what it is asked for.
struct Started {
    which: String,
    id: SessionId,
}

pub(crate) async fn run(args: UpArgs) -> Result<(), Ended> {
    let profiles = Profiles::open()?;
    let chosen = profiles.named(&args.names)?;
    let mut wanted = Vec::new();
    for profile in &chosen {
        wanted.extend(profile.forwards()?.into_iter().map(|forward| (which(profile, &forward), forward)));
        warn_of_other_servers(profile);
    }
    let engine = Engine::new(Source::Default, args.carried.wire);
    let ended = until_stopped(&engine, args.carried.output, open_all(&engine, wanted, &args)).await;
    // What was opened once counts as used, however it ended. That it cannot be noted ends no tunnel.
    if let Err(error) = profiles.used(&args.names) {
        output::note(&format!("not noted as used: {}", error.problem()));
    }
    ended
}

fn which(profile: &Profile, forward: &Forward) -> String {
    if profile.forwards.len() == 1 { profile.name.clone() } else { format!("{} {}", profile.name, forward.target) }
}

/// Says where a context's name means another cluster than when the profile was saved.
fn warn_of_other_servers(profile: &Profile) {
    for saved in profile.forwards.iter().filter(|saved| !saved.server.is_empty()) {
        let source =
            if saved.kubeconfig.is_empty() { Source::Default } else { Source::File(saved.kubeconfig.clone().into()) };
        // What cannot be read is told by the tunnel itself.
        let now = source.load().and_then(|contexts| contexts.find(Some(&saved.context)));
        if let Ok(now) = now
            && now.server != saved.server
        {
            let (name, before, server) = (&saved.context, &saved.server, &now.server);
            output::note(&format!(
                "{}: context {name} is {server} now, and was {before} when it was saved",
                profile.name
            ));
        }
    }
}

/// Starts all and tells of them, until none goes on. Where one cannot have its port, none is kept.
async fn open_all(engine: &Engine, wanted: Vec<(String, Forward)>, args: &UpArgs) -> Result<(), Problem> {
    let start = |(which, forward)| Started { which, id: engine.start(forward) };
    let started: Vec<Started> = wanted.into_iter().map(start).collect();
    let settled = join_all(started.iter().map(|started| settled(engine, started))).await;
    if let Some(problem) = all_of(settled.into_iter().flatten().collect()) {
        return Err(problem);
    }
    let ends = started.iter().map(|started| async {
        let ended = follow(engine, started.id, Teller::new(args.carried.output, true), Some(&started.which)).await;
        // The others go on.
        ended.inspect_err(|problem| output::note(&format!("{}: {problem}", started.which)))
    });
    match join_all(ends).await.into_iter().find_map(Result::err) {
        Some(problem) => Err(Problem { next: String::new(), message: "No tunnel is left.".into(), ..problem }),
        None => Ok(()),
    }
}

/// Waits until a tunnel has its ports, or cannot have them, or waits for something else first. What is wrong with it.
async fn settled(engine: &Engine, started: &Started) -> Option<Problem> {
    let mut views = engine.sessions().watch(started.id)?;
    let is_settled = |view: &SessionView| {
        let resolving = matches!(view.phase, Phase::Resolving);
        !resolving || view.listeners.len() == view.forward.ports.len()
    };
    let view = views.wait_for(is_settled).await.ok()?.clone();
    match view.phase {
        Phase::Failed { error } => Some(Problem { message: format!("{}: {}", started.which, error.message), ..error }),
        _ => None,
    }
}

/// All that is wrong, as one problem of the first one's kind.
fn all_of(problems: Vec<Problem>) -> Option<Problem> {
    let message = problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("\n");
    let first = problems.into_iter().next()?;
    Some(Problem { message, ..first })
}
