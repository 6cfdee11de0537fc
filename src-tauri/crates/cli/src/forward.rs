//! `portolan forward`: one session, until the user ends it or it cannot go on.

use portolan_engine::{
    engine::Engine,
    error::{Code, Error, Problem},
    forward::{Balance, Forward, PortRef, Target},
    parse,
    phase::Phase,
    session::view::{ListenerView, SessionView},
};
use serde_json::json;

use crate::{
    Ended,
    args::{Address, Format, ForwardArgs},
    output,
    stop::stop_asked,
};

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
    let mut teller = Teller { format: args.output, wait: args.wait, told: None, marked: None, listening: false };
    loop {
        let view = views.borrow_and_update().clone();
        teller.tell(&view)?;
        if views.changed().await.is_err() {
            return Ok(());
        }
    }
}

/// Says each thing once.
struct Teller {
    format: Format,
    wait: bool,
    told: Option<Phase>,
    marked: Option<String>,
    listening: bool,
}

impl Teller {
    fn tell(&mut self, view: &SessionView) -> Result<(), Problem> {
        if let Some(problem) = self.fatal(&view.phase) {
            if self.format == Format::Json {
                self.phase(&view.phase);
            }
            return Err(problem);
        }
        let resolved = match &view.phase {
            Phase::Active { .. } => true,
            Phase::Waiting { reason, .. } => self.wait || only_lacks_a_pod(reason),
            _ => false,
        };
        if resolved && !self.listening && !view.listeners.is_empty() {
            self.listening = true;
            for listener in &view.listeners {
                self.listener(view, listener);
            }
        }
        self.phase(&view.phase);
        self.mark(view.mark.as_ref());
        Ok(())
    }

    /// What ends the command: bad input, a direct tunnel's pod that is gone, and, before the first endpoint and without
    /// `--wait`, whatever kubectl would not wait for either.
    fn fatal(&self, phase: &Phase) -> Option<Problem> {
        match phase {
            Phase::Failed { error: problem } | Phase::Broken { reason: problem } => Some(problem.clone()),
            Phase::Waiting { reason, .. } => {
                let may_wait = self.wait || self.listening || only_lacks_a_pod(reason);
                (!may_wait).then(|| Problem {
                    next: format!("{} Or wait for it: --wait.", reason.next).trim_start().to_owned(),
                    ..reason.clone()
                })
            }
            _ => None,
        }
    }

    fn listener(&self, view: &SessionView, listener: &ListenerView) {
        match self.format {
            Format::Json => output::line(&json!({"event": "listening", "listener": listener}).to_string()),
            Format::Text => {
                let endpoint = view.phase.endpoints(listener.slot).next().map(|e| e.port.to_string());
                let remote = endpoint.unwrap_or_else(|| match &listener.remote {
                    PortRef::Number(number) => number.to_string(),
                    PortRef::Name(name) => name.clone(),
                });
                for address in &listener.addresses {
                    output::line(&format!("Forwarding from {address} -> {remote}"));
                }
            }
        }
    }

    /// What the last connection met, if it failed; once, as long as the next ones meet the same.
    fn mark(&mut self, mark: Option<&String>) {
        if self.marked.as_ref() == mark {
            return;
        }
        self.marked = mark.cloned();
        match (mark, self.format) {
            (None, _) => {}
            (Some(mark), Format::Json) => output::line(&json!({"event": "mark", "mark": mark}).to_string()),
            (Some(mark), Format::Text) => output::note(&format!("A connection failed: {mark}")),
        }
    }

    fn phase(&mut self, phase: &Phase) {
        if self.told.as_ref() == Some(phase) {
            return;
        }
        let before = self.told.replace(phase.clone());
        match self.format {
            Format::Json => output::line(&json!({"event": "phase", "phase": phase}).to_string()),
            Format::Text => {
                let words = match (phase, &before) {
                    (Phase::Active { endpoints }, Some(Phase::Waiting { .. })) => Some(format!(
                        "Active again: {}",
                        endpoints.iter().map(|e| e.pod.as_str()).next().unwrap_or_default()
                    )),
                    // The same reason with other numbers is no news.
                    (Phase::Waiting { reason, .. }, Some(Phase::Waiting { reason: told, .. }))
                        if reason.code == told.code =>
                    {
                        None
                    }
                    (Phase::Waiting { reason, retry_at: None, .. }, _) => {
                        Some(format!("Waiting: {reason}\nWatching: the tunnel opens by itself."))
                    }
                    (Phase::Waiting { reason, .. }, _) => Some(format!("Waiting: {reason}\nPortolan keeps trying.")),
                    _ => None,
                };
                if let Some(words) = words {
                    output::note(&words);
                }
            }
        }
    }
}

/// Whether the target is there and right, and only its pods are to come: that is waited for without `--wait`.
fn only_lacks_a_pod(reason: &Problem) -> bool {
    matches!(reason.code, Code::NoReadyPod | Code::PodNotRunning)
}
