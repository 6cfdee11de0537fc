//! `portolan forward`: one session, until the user ends it or it cannot go on.

mod teller;
mod words;

use std::time::SystemTime;

use portolan_engine::{
    engine::Engine,
    error::{Error, Problem},
    forward::{Balance, Forward, Target},
    parse,
    phase::Phase,
};
use serde_json::json;

use crate::{
    Ended,
    args::{Address, Format, ForwardArgs},
    output,
    stop::stop_asked,
};
use teller::{Said, Teller};

pub(crate) async fn run(args: ForwardArgs) -> Result<(), Ended> {
    let (target, ports) = target_and_ports(&args).map_err(|error| Ended::Usage(error.problem()))?;
    let opened = args.cluster.open().await?;
    let context = args.cluster.context(&opened)?;
    let forward = Forward {
        namespace: args.cluster.namespace(&context),
        context: context.id,
        target,
        ports,
        bind: Address::ips(&args.address),
        balance: match (args.balanced, args.sticky) {
            (true, _) => Some(Balance::Balanced),
            (_, true) => Some(Balance::Sticky),
            _ => None,
        },
        hold_seconds: u32::try_from(args.hold.as_secs()).unwrap_or(u32::MAX),
        wait_for_name: false,
    };
    forward.check().map_err(|error| Ended::Usage(error.problem()))?;

    let engine = Engine::new(opened.source.clone(), args.wire);
    let ended = tokio::select! {
        ended = follow(&engine, forward, &args) => ended.map_err(Ended::Failed),
        () = stop_asked() => Ok(()),
        never = engine.attend() => match never {},
    };
    // Ports and connections first, then the last word: a script that reads it can bind the port at once.
    engine.shutdown().await;
    if ended.is_ok() && args.output == Format::Json {
        output::line(&json!({"event": "phase", "phase": Phase::Stopped}).to_string());
    }
    ended
}

/// The target and the ports, as kubectl reads them: with `-l` all that is typed are ports.
fn target_and_ports(args: &ForwardArgs) -> Result<(Target, Vec<portolan_engine::forward::PortMap>), Error> {
    let (target, ports) = match (&args.selector, args.target_and_ports.split_first()) {
        (Some(labels), _) => (Target::Selector { labels: labels.clone() }, args.target_and_ports.as_slice()),
        (None, Some((target, ports))) => (parse::target(target)?, ports),
        // clap asks for one at least.
        (None, None) => (parse::target("")?, [].as_slice()),
    };
    if ports.is_empty() {
        return Err(Error::NoPort);
    }
    let ports = ports.iter().map(|text| parse::port(text)).collect::<Result<_, _>>()?;
    Ok((target, ports))
}

/// Runs the session and tells of it, until it cannot go on.
async fn follow(engine: &Engine, forward: Forward, args: &ForwardArgs) -> Result<(), Problem> {
    let id = engine.start(forward);
    let Some(mut views) = engine.sessions().watch(id) else { return Ok(()) };
    let mut teller = Teller::new(args.output, args.wait);
    loop {
        let view = views.borrow_and_update().clone();
        let events = engine.sessions().events(id, teller.last_event());
        let end = teller.tell(&view, &events, SystemTime::now());
        for said in teller.said() {
            match said {
                Said::Answer(text) => output::line(&text),
                Said::Note(text) => output::note(&text),
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
