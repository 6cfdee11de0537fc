//! What `forward` says of a session in text, one thing at a time. Pure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portolan_engine::{
    error::Problem,
    phase::Phase,
    session::{
        journal::{SessionEvent, What},
        view::{ListenerView, Unstable},
    },
};

/// kubectl's line for an address that is listened on. Scripts wait for it.
pub(super) fn forwarding(address: &str, listener: &ListenerView, phase: &Phase) -> String {
    let endpoint = phase.endpoints(listener.slot).next().map(|endpoint| endpoint.port.to_string());
    let remote = endpoint.unwrap_or_else(|| listener.remote.plain());
    format!("Forwarding from {address} -> {remote}")
}

/// What is waited for, and what is done about it.
pub(super) fn waiting(reason: &Problem, retry_at: Option<u64>, now: SystemTime) -> String {
    let Some(retry_at) = retry_at else { return format!("Waiting: {reason}\nWatching: the tunnel opens by itself.") };
    let left = (UNIX_EPOCH + Duration::from_millis(retry_at)).duration_since(now).unwrap_or_default();
    let when = match left.as_millis().div_ceil(1000) {
        0 => "now".to_owned(),
        seconds => format!("in {seconds} s"),
    };
    format!("Waiting: {reason}\nTrying again {when}, and on until it works.")
}

/// A tunnel that comes and goes.
pub(super) fn unstable(unstable: &Unstable) -> String {
    let Unstable { changes, reason, restarts, restarted_because } = unstable;
    let restarted = match (*restarts, restarted_because.as_str()) {
        (0, _) => String::new(),
        (n, "") => format!(" Its containers were restarted {n} times."),
        (n, why) => format!(" Its containers were restarted {n} times, last because of {why}."),
    };
    format!("Unstable: it came and went {changes} times in the last minute.{restarted} {reason}")
}

/// What a user would want to know of an event; `None` of most. Held connections are served after all, and the phase has
/// words of its own.
pub(super) fn event(event: &SessionEvent) -> Option<String> {
    let pod = event.pod.as_deref().unwrap_or("a pod");
    let why = event.text.as_deref().map(|text| format!(" ({text})")).unwrap_or_default();
    match event.event {
        What::Moved => Some(format!("New connections go to {pod} now.")),
        What::DeliveredUnanswered => {
            Some(format!("Delivered to {pod} and not answered{why}: it is not tried again, as it may have been done."))
        }
        What::NotFollowed => Some(format!("The API server cannot be asked, while connections still work{why}.")),
        _ => None,
    }
}
