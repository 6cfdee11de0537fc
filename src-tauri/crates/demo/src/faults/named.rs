//! Faults by their names, as people give them on the command line.

#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr, time::Duration};

use tokio::time::sleep;

use super::{Dials, Faults};
use crate::{Demo, network::Task};

/// How often what comes again comes again, where nobody says it.
const AGAIN: Duration = Duration::from_secs(30);

/// How long a client is told to stay away, where nobody says it.
const LATER: Duration = Duration::from_secs(1);

/// How late lists are, where nobody says it.
const SLOW: Duration = Duration::from_secs(3);

/// Each fault as it is said, and what it does: for help texts.
pub const FAULTS: &[(&str, &str)] = &[
    ("latency=50ms", "each round trip to the API server takes so much longer"),
    ("jitter=10ms", "up to so much more each way, at random"),
    ("refuse", "dials to pods are refused, as where nothing listens"),
    ("stall", "dials to pods are never answered"),
    ("reset", "connections to pods are reset at once"),
    ("away", "the API server is away; away=10s: for the first 10 seconds"),
    ("silent", "nothing is carried to or from the API server, and nothing closed"),
    ("quiet-watches", "watches stay open and tell nothing"),
    ("forgetful", "watches and later pages of lists get a 410: all has to be listed anew"),
    ("429", "every request is told to come back in a second; 429=5s: in 5"),
    ("401", "tokens expire every 30 seconds, and the kubeconfig has a new one; 401=5m: every 5 minutes"),
    ("forbid=list:pods", "nobody may do that any more; * stands for every verb, or every resource"),
    ("slow-lists", "lists take 3 seconds longer; slow-lists=10s: 10 seconds"),
    ("cut", "open port-forwards are cut every 30 seconds; cut=10s: every 10"),
];

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Each round trip takes so much longer.
    Latency(Duration),
    /// Up to so much more each way.
    Jitter(Duration),
    /// What becomes of dials to pods.
    Dials(Dials),
    /// The API server is away, for so long or for good.
    Away(Option<Duration>),
    /// Nothing is carried.
    Silent,
    /// Watches tell nothing.
    QuietWatches,
    /// The past is forgotten.
    Forgetful,
    /// Come back in so long.
    TooMany(Duration),
    /// Tokens expire so often.
    Expire(Duration),
    /// Nobody may use that verb of that resource.
    Forbid(String, String),
    /// Lists take so much longer.
    SlowLists(Duration),
    /// Upgrades are cut so often.
    Cut(Duration),
}

/// Faults that come and go. They stay as they are when this is dropped.
#[derive(Debug, Default)]
#[must_use = "what comes again, or ends, does so only as long as this is there"]
pub struct Begun(#[expect(dead_code, reason = "held: they end with this")] Vec<Task>);

impl Demo {
    /// Makes it do badly what these faults say.
    pub fn misbehave(&self, faults: &[Fault]) -> Begun {
        Begun(faults.iter().filter_map(|fault| fault.begin(self)).collect())
    }
}

impl Fault {
    fn begin(&self, demo: &Demo) -> Option<Task> {
        let faults = demo.faults();
        match self.clone() {
            Fault::Latency(latency) => faults.set(|faulty| faulty.latency = latency),
            Fault::Jitter(jitter) => faults.set(|faulty| faulty.jitter = jitter),
            Fault::Dials(dials) => faults.set(|faulty| faulty.dials = dials),
            Fault::Silent => faults.set(|faulty| faulty.silent = true),
            Fault::QuietWatches => faults.set(|faulty| faulty.quiet_watches = true),
            Fault::Forgetful => faults.set(|faulty| faulty.forgetful = true),
            Fault::TooMany(after) => faults.set(|faulty| faulty.too_many = Some(after)),
            Fault::Forbid(verb, resource) => faults.set(|faulty| faulty.forbidden.push((verb, resource))),
            Fault::SlowLists(longer) => faults.set(|faulty| faulty.slow_lists = longer),
            Fault::Away(lasts) => {
                faults.set(|faulty| faulty.away = true);
                return lasts.map(|lasts| back(faults.clone(), lasts));
            }
            Fault::Cut(every) => {
                let faults = faults.clone();
                return Some(again(every, move || faults.cut_upgrades()));
            }
            Fault::Expire(every) => {
                let expire = demo.server().expiry();
                return Some(again(every, move || {
                    if let Err(error) = expire() {
                        tracing::warn!(%error, "the new token is in no kubeconfig");
                    }
                }));
            }
        }
        None
    }
}

fn back(faults: Faults, after: Duration) -> Task {
    Task::new(tokio::spawn(async move {
        sleep(after).await;
        faults.set(|faulty| faulty.away = false);
    }))
}

fn again(every: Duration, act: impl Fn() + Send + 'static) -> Task {
    Task::new(tokio::spawn(async move {
        loop {
            sleep(every).await;
            act();
        }
    }))
}

/// What is no fault, and what would be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{said:?} is no fault: {why}")]
pub struct Unknown {
    said: String,
    why: String,
}

impl FromStr for Fault {
    type Err = Unknown;

    fn from_str(said: &str) -> Result<Self, Unknown> {
        let (name, value) = match said.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (said, None),
        };
        let wrong = |why: String| Unknown { said: said.to_owned(), why };
        let time =
            |value: &str| duration(value).ok_or_else(|| wrong(format!("{value:?} is no time; 50ms, 10s and 5m are")));
        let or = |otherwise: Duration| value.map_or(Ok(otherwise), time);
        let needed = || time(value.unwrap_or_default());
        let fault = match name {
            "latency" => return needed().map(Fault::Latency),
            "jitter" => return needed().map(Fault::Jitter),
            "away" => return value.map(time).transpose().map(Fault::Away),
            "429" => return or(LATER).map(Fault::TooMany),
            "401" => return or(AGAIN).map(Fault::Expire),
            "slow-lists" => return or(SLOW).map(Fault::SlowLists),
            "cut" => return or(AGAIN).map(Fault::Cut),
            "forbid" => {
                let (verb, resource) = value
                    .and_then(|value| value.split_once(':'))
                    .filter(|(verb, resource)| !verb.is_empty() && !resource.is_empty())
                    .ok_or_else(|| wrong("it is said as forbid=VERB:RESOURCE, as in forbid=list:pods".into()))?;
                return Ok(Fault::Forbid(verb.into(), resource.into()));
            }
            "refuse" => Fault::Dials(Dials::Refuse),
            "stall" => Fault::Dials(Dials::Stall),
            "reset" => Fault::Dials(Dials::Reset),
            "silent" => Fault::Silent,
            "quiet-watches" => Fault::QuietWatches,
            "forgetful" => Fault::Forgetful,
            _ => {
                let known: Vec<_> = FAULTS.iter().map(|(name, _)| *name).collect();
                return Err(wrong(format!("there are {}", known.join(", "))));
            }
        };
        match value {
            None => Ok(fault),
            Some(_) => Err(wrong(format!("{name} takes no value"))),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Latency(time) => write!(f, "latency={time:?}"),
            Fault::Jitter(time) => write!(f, "jitter={time:?}"),
            Fault::Dials(Dials::Reach) => write!(f, "no fault of dials"),
            Fault::Dials(Dials::Refuse) => write!(f, "refuse"),
            Fault::Dials(Dials::Stall) => write!(f, "stall"),
            Fault::Dials(Dials::Reset) => write!(f, "reset"),
            Fault::Away(None) => write!(f, "away"),
            Fault::Away(Some(time)) => write!(f, "away={time:?}"),
            Fault::Silent => write!(f, "silent"),
            Fault::QuietWatches => write!(f, "quiet-watches"),
            Fault::Forgetful => write!(f, "forgetful"),
            Fault::TooMany(time) => write!(f, "429={time:?}"),
            Fault::Expire(time) => write!(f, "401={time:?}"),
            Fault::Forbid(verb, resource) => write!(f, "forbid={verb}:{resource}"),
            Fault::SlowLists(time) => write!(f, "slow-lists={time:?}"),
            Fault::Cut(time) => write!(f, "cut={time:?}"),
        }
    }
}

/// `50ms`, `10s`, `5m`.
fn duration(said: &str) -> Option<Duration> {
    let unit = said.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = said.split_at(unit);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}
