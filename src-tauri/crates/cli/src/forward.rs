//! `portolan forward`: one session, until the user ends it or it cannot go on.

mod teller;
mod words;

use std::time::SystemTime;

use portolan_engine::{engine::Engine, error::Problem, phase::Phase, session::view::SessionId};
use serde_json::{Value, json};

use crate::{
    Ended,
    args::{Format, ForwardArgs},
    output,
    stop::stop_asked,
};
use teller::Said;
pub(crate) use teller::Teller;

pub(crate) async fn run(args: ForwardArgs) -> Result<(), Ended> {
    let (opened, _, forward) = args.tunnel.forward(&args.cluster).await?;
    let engine = Engine::new(opened.source.clone(), args.carried.wire);
    let id = engine.start(forward);
    let told = follow(&engine, id, Teller::new(args.carried.output, args.wait), None);
    until_stopped(&engine, args.carried.output, told).await
}

/// Tells of tunnels until none can go on or the user ends them, and ends the engine.
pub(crate) async fn until_stopped(
    engine: &Engine,
    format: Format,
    told: impl Future<Output = Result<(), Problem>>,
) -> Result<(), Ended> {
    let ended = tokio::select! {
        ended = told => ended.map_err(Ended::Failed),
        () = stop_asked() => Ok(()),
        never = engine.attend() => match never {},
    };
    // Ports and connections first, then the last word: a script that reads it can bind the port at once.
    engine.shutdown().await;
    if ended.is_ok() && format == Format::Json {
        output::line(&json!({"event": "phase", "phase": Phase::Stopped}).to_string());
    }
    ended
}

/// Tells of a session until it cannot go on; of which one, where there are several.
pub(crate) async fn follow(
    engine: &Engine,
    id: SessionId,
    mut teller: Teller,
    which: Option<&str>,
) -> Result<(), Problem> {
    let Some(mut views) = engine.sessions().watch(id) else { return Ok(()) };
    loop {
        let view = views.borrow_and_update().clone();
        let events = engine.sessions().events(id, teller.last_event());
        let end = teller.tell(&view, &events, SystemTime::now());
        for said in teller.said() {
            match said {
                Said::Answer(text) => output::line(&which.map_or(text.clone(), |which| named(&text, which))),
                Said::Note(text) => output::note(&which.map_or(text.clone(), |which| format!("{which}: {text}"))),
            }
        }
        if let Some(problem) = end {
            return Err(problem);
        }
        if views.changed().await.is_err() {
            return Ok(());
        }
    }
}

/// A JSON line that says which tunnel it is about. kubectl's line stays as scripts know it.
fn named(line: &str, which: &str) -> String {
    match serde_json::from_str(line) {
        Ok(Value::Object(mut fields)) => {
            fields.insert("tunnel".into(), which.into());
            Value::Object(fields).to_string()
        }
        _ => line.to_owned(),
    }
}
