//! `portolan compare`: the comparison in a terminal, for a while.

mod confirm;
mod screen;
mod told;

use std::{io::IsTerminal, time::Duration};

use portolan_engine::{
    compare::view::{ComparisonState, ComparisonView, Happened, Method, NotStarted},
    engine::Engine,
    error::{Code, Error, Problem},
    forward::{PortRef, Target},
    parse,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout_at},
};

use crate::{
    Ended,
    args::{CompareArgs, Format},
    output,
    stop::stop_asked,
};
use told::Told;

/// A verdict is waited for this long after the time is up: it is given within 20 s of the deletion.
const VERDICT: Duration = Duration::from_secs(21);

/// The pod that is to be deleted is waited for this long: the tunnels have to be open.
const OPENS: Duration = Duration::from_secs(30);

pub(crate) async fn run(args: CompareArgs) -> Result<(), Ended> {
    let (service, port) = service_and_port(&args.target).map_err(|error| Ended::Usage(error.problem()))?;
    if args.delete_pod && !args.yes && !std::io::stdin().is_terminal() {
        return Err(Ended::Usage(Problem {
            code: Code::BadTarget,
            message: "There is no terminal on which to ask whether a pod may be deleted.".into(),
            next: "Say so beforehand: --yes.".into(),
        }));
    }
    let opened = args.cluster.open().await?;
    let context = args.cluster.context(&opened)?;
    let namespace = args.cluster.namespace(&context);
    let engine = Engine::new(opened.source.clone(), None);
    // What is protected in the window is protected here.
    engine.use_settings();
    if opened.is_demo() {
        engine.mark_demo(&context.id);
    }
    let comparing = async {
        engine.compare(context.id.clone(), namespace, service, port).await?;
        follow(&engine, &args).await
    };
    let ended = tokio::select! {
        ended = comparing => ended,
        () = stop_asked() => Ok(()),
        never = engine.attend() => match never {},
    };
    // What there was is reported also where the user has ended it, or something went wrong on the way.
    report(&engine, args.output);
    engine.shutdown().await;
    ended.map_err(Ended::Failed)
}

/// Reads `svc/web:http`.
fn service_and_port(text: &str) -> Result<(String, PortRef), Error> {
    let bad = |why: &str| Error::BadTarget { text: text.to_owned(), why: why.to_owned() };
    let Some((target, port)) = text.rsplit_once(':') else {
        return Err(bad("it needs the Service's port: svc/NAME:PORT"));
    };
    let Target::Service { name } = parse::target(target)? else {
        return Err(bad("only a Service is put beside its pods: svc/NAME:PORT"));
    };
    Ok((name, parse::port(&format!(":{port}"))?.remote))
}

/// Shows the comparison until its time is up, and deletes the pod if that was asked for.
async fn follow(engine: &Engine, args: &CompareArgs) -> Result<(), Problem> {
    let Some(mut views) = engine.comparison() else { return Ok(()) };
    let asking = views.borrow().asking.clone();
    let method = args.method.map_or(asking.method, Method::from);
    if method != asking.method || args.path != asking.path {
        engine.ask(method, args.path.clone())?;
    }
    // Asking by HTTP is the user's word that the port speaks it.
    let wanted = args.start || args.method.is_some();
    match &views.borrow().state {
        ComparisonState::NotStarted { .. } if wanted => engine.start_comparison()?,
        ComparisonState::NotStarted { because: NotStarted::NotHttp } => {
            output::note(
                "The port does not look like HTTP, so that nothing is asked: --start asks by bare connections.",
            );
        }
        ComparisonState::NotStarted { .. } | ComparisonState::Running | ComparisonState::Failed { .. } => {}
    }
    let victim = if args.delete_pod { Some(victim(&mut views, args.yes).await?) } else { None };
    let begun = Instant::now();
    let mut delete_at = victim.map(|uid| (begun + args.length / 4, uid));
    let mut told = Told::new(args.output);
    let mut until = begun + args.length;
    loop {
        let next = delete_at.as_ref().map_or(until, |(at, _)| *at);
        tokio::select! {
            () = told.follow(engine, &mut views) => {}
            () = sleep_until(next) => match delete_at.take() {
                Some((_, uid)) => engine.delete_pod(&uid).await?,
                None if args.delete_pod && awaits_verdict(&views.borrow()) && until < begun + args.length + VERDICT => {
                    until = begun + args.length + VERDICT;
                }
                None => return Ok(()),
            },
        }
        if let ComparisonState::Failed { problem } = &views.borrow().state {
            return Err(problem.clone());
        }
        // The verdict that was waited for.
        if Instant::now() >= begun + args.length && !awaits_verdict(&views.borrow()) {
            return Ok(());
        }
    }
}

/// The UID of the pod that is to be deleted: the direct tunnel's, once that is open and answers.
async fn victim(views: &mut watch::Receiver<ComparisonView>, yes: bool) -> Result<String, Problem> {
    let ready = |view: &ComparisonView| {
        let answers = view.lanes.iter().any(|lane| lane.total.answered > 0);
        let asked = view.state == ComparisonState::Running;
        view.experiment.pod.is_some() && (answers || !asked)
    };
    // Where nothing came in time, what there is says what is missing.
    let _ = timeout_at(Instant::now() + OPENS, views.wait_for(ready)).await.map(drop);
    let view = views.borrow().clone();
    let place = view.experiment.pod.and_then(|place| usize::try_from(place).ok());
    let Some(pod) = place.and_then(|place| view.pods.get(place)) else {
        return Err(Problem {
            code: Code::NoReadyPod,
            message: format!("There is no pod of svc/{} to delete.", view.service),
            next: "Try again once one is ready, or leave out --delete-pod.".into(),
        });
    };
    if yes || confirm::deletion(&view, &pod.name).await {
        return Ok(pod.uid.clone());
    }
    Err(Problem {
        code: Code::Protected,
        message: format!("{} is not deleted: you did not agree.", pod.name),
        next: String::new(),
    })
}

/// Whether a pod was deleted whose verdict is still to come.
fn awaits_verdict(view: &ComparisonView) -> bool {
    let last = |what| view.account.iter().rposition(|entry| entry.what == what);
    last(Happened::PodDeleted) > last(Happened::Verdict)
}

/// What is left when it is over: the numbers and the verdict, or all of it as JSON.
fn report(engine: &Engine, format: Format) {
    let Some(view) = engine.comparison().map(|views| views.borrow().clone()) else { return };
    match format {
        Format::Json => {
            if let Ok(json) = engine.comparison_json() {
                output::line(json.trim_end());
            }
        }
        Format::Text => {
            let verdicts = view.account.iter().filter(|entry| entry.what == Happened::Verdict);
            let verdicts: Vec<&str> = verdicts.map(|entry| entry.text.as_str()).collect();
            screen::last(&view, &engine.probes(0), &verdicts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_and_its_port() {
        let read = |text: &str| service_and_port(text).map_err(|error| error.code());
        assert_eq!(read("svc/web:http"), Ok(("web".into(), PortRef::Name("http".into()))));
        assert_eq!(read("service/web:8080"), Ok(("web".into(), PortRef::Number(8080))));
        for text in ["svc/web", "web:80", "deploy/web:80", "svc/:80", ":80", ""] {
            assert_eq!(read(text), Err(Code::BadTarget), "{text}");
        }
        for text in ["svc/web:", "svc/web:0", "svc/web:-"] {
            assert_eq!(read(text), Err(Code::BadPort), "{text}");
        }
    }
}
