//! Something between a client and its pods is away for a while, and comes back: what a session must do then, whatever it
//! was. Beside the sessions, kube's own port-forward is asked when all is back, and keeps one connection open, which tells
//! whether the cluster itself kept what was open.

use std::time::Duration;

use futures::future::{join_all, try_join_all};
use portolan_engine::{phase::Phase, session::view::SessionView};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    task::JoinHandle,
    time::{Instant, interval, sleep, sleep_until, timeout},
};

use crate::{
    Result, carries,
    cluster::Cluster,
    site::{Site, Tunnel},
    temporary::Temporary,
};

/// So soon after its return each session serves new connections again.
const RECOVERY: Duration = Duration::from_secs(6);

/// A session may be shown open for so long though nothing answers, and a moment to notice.
const SHOWN_OPEN: Duration = Duration::from_secs(32);

/// A part that is started again takes its time until it works.
const RETURN: Duration = Duration::from_secs(120);

/// A session that serves nothing for so long after the return does not do so by itself.
const GIVEN_UP: Duration = Duration::from_secs(60);

/// What a sender holds back after a silence, until it tries again.
const RESUMES: Duration = Duration::from_secs(90);

/// What is away, and what of it a session has to notice.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// For the output.
    pub what: &'static str,
    /// How long.
    pub lasts: Duration,
    /// Whether a session must be seen waiting, and say when it tries next: the API server cannot be asked meanwhile.
    pub must_wait: bool,
}

/// Four sessions, an outage, and its end. `begin` and `end` bring it about.
///
/// # Errors
/// All that a session did wrong, in words. Its figures are printed either way.
pub async fn is_survived(
    site: &Site,
    outage: Outage,
    begin: impl AsyncFnOnce() -> Result,
    end: impl AsyncFnOnce() -> Result,
) -> Result {
    let (own, pod) = (Temporary::new("outage"), Temporary::new("outage-pod"));
    own.deployment(&site.cluster, 2).await?;
    own.service(&site.cluster).await?;
    pod.pod(&site.cluster).await?;
    site.cluster.until_rolled(own.name()).await?;
    site.cluster.until_ready(&pod.labels(), 1, &Default::default()).await?;
    let targets = [
        format!("svc/{}", own.name()),
        format!("deploy/{}", own.name()),
        format!("-l {}", own.labels()),
        format!("pod/{}", pod.name()),
    ];
    let mut sessions = try_join_all(targets.iter().map(|target| Observed::open(site, target))).await?;
    let mut control = Control::open(site, pod.name()).await?;
    let went = Instant::now();
    begin().await?;
    eprintln!("{}: begun", outage.what);
    sleep_until(went + outage.lasts).await;
    // Whatever happens, it is ended first.
    end().await?;
    let ended = Instant::now();
    let returned = returned(site, pod.name()).await?;
    let away = (ended - went).as_secs_f32();
    eprintln!("{}: away for {away:.1} s; back {:.1} s later", outage.what, (returned - ended).as_secs_f32());
    let recovered = join_all(sessions.iter().map(|session| session.recovered(returned))).await;
    let kept = control.lives().await;
    eprintln!("{}: the cluster kept what was open: {kept}", outage.what);
    let streams = join_all(sessions.iter_mut().map(Observed::stream_lives)).await;
    let mut wrong = Vec::new();
    for ((session, recovered), stream) in sessions.into_iter().zip(recovered).zip(streams) {
        let target = session.tunnel_name.clone();
        let seen = session.seen(went, returned).await;
        eprintln!(
            "{target}: serves {}; its stream {}; {seen}",
            recovered.as_ref().map_or_else(Clone::clone, |took| format!("{} ms after the return", took.as_millis())),
            if let Some(took) = stream { format!("lives, after {} ms", took.as_millis()) } else { "ended".into() },
        );
        match recovered {
            Ok(took) if took <= RECOVERY => {}
            Ok(took) => wrong.push(format!("{target}: served new connections {took:?} after the return")),
            Err(why) => wrong.push(format!("{target}: served no new connection for {GIVEN_UP:?}: {why}")),
        }
        if kept && stream.is_none() {
            wrong.push(format!("{target}: what was open ended, though the cluster kept it"));
        }
        wrong.extend(seen.wrong(outage).into_iter().map(|what| format!("{target}: {what}")));
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}:\n{}", outage.what, wrong.join("\n")).into()) }
}

/// A session, a connection that it carries all the time, and what is seen of it.
struct Observed<'a> {
    tunnel_name: String,
    tunnel: Tunnel<'a>,
    stream: TcpStream,
    history: JoinHandle<Vec<(Instant, Phase)>>,
    asking: JoinHandle<Vec<Instant>>,
    end: watch::Sender<bool>,
}

impl<'a> Observed<'a> {
    async fn open(site: &'a Site, target: &str) -> Result<Self> {
        let mut tunnel = site.open(target, &[":80", ":7"]).await?;
        tunnel.until_active().await?;
        carries::http_get(tunnel.port()).await?;
        let mut stream = carries::connect(tunnel.ports[1]).await?;
        carries::echo_over(&mut stream, 1, 1000).await?;
        let (end, ended) = watch::channel(false);
        let history = tokio::spawn(history(tunnel.views(), ended.clone()));
        let asking = tokio::spawn(ask(tunnel.port(), ended));
        Ok(Observed { tunnel_name: target.into(), tunnel, stream, history, asking, end })
    }

    /// How long after the return the first request was answered that was made after it.
    async fn recovered(&self, returned: Instant) -> Result<Duration, String> {
        loop {
            match carries::http_get_within(self.tunnel.port(), GIVEN_UP).await {
                Ok(_) => return Ok(returned.elapsed()),
                Err(why) if returned.elapsed() > GIVEN_UP => return Err(why),
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// After how long its connection carries on; `None` if it has ended.
    async fn stream_lives(&mut self) -> Option<Duration> {
        let began = Instant::now();
        lives(&mut self.stream).await.then(|| began.elapsed())
    }

    async fn seen(self, from: Instant, to: Instant) -> Seen {
        self.end.send_replace(true);
        // They end with that, and not before.
        let history = self.history.await.unwrap_or_default();
        let answers = self.asking.await.unwrap_or_default();
        self.tunnel.stop().await;
        Seen::of(&history, &answers, from, to)
    }
}

/// All phases of a session, and when each began.
async fn history(mut views: watch::Receiver<SessionView>, mut end: watch::Receiver<bool>) -> Vec<(Instant, Phase)> {
    let mut history = Vec::new();
    loop {
        let phase = views.borrow_and_update().phase.clone();
        if history.last().is_none_or(|(_, last)| *last != phase) {
            history.push((Instant::now(), phase));
        }
        tokio::select! {
            changed = views.changed() => if changed.is_err() { return history },
            _ = end.wait_for(|ended| *ended) => return history,
        }
    }
}

/// A request each second, whatever became of those before; when they were answered.
async fn ask(port: u16, mut end: watch::Receiver<bool>) -> Vec<Instant> {
    let mut clock = interval(Duration::from_secs(1));
    let mut asked = tokio::task::JoinSet::new();
    let mut answers = Vec::new();
    loop {
        tokio::select! {
            _ = end.wait_for(|ended| *ended) => return answers,
            Some(answer) = asked.join_next() => answers.extend(answer.ok().flatten()),
            _ = clock.tick() => {
                asked.spawn(async move { carries::http_get(port).await.ok().map(|_| Instant::now()) });
            }
        }
    }
}

/// What a session showed during an outage.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    /// How long it was shown open at most while nothing answered.
    shown_open: Duration,
    /// When it was first seen waiting, after the begin; and its reason's code.
    waited: Option<(Duration, String)>,
    /// Whether it then said when it tries next.
    said_when: bool,
    /// Requests that were answered meanwhile.
    answered: usize,
    /// It was over.
    over: bool,
}

impl Seen {
    fn of(history: &[(Instant, Phase)], answers: &[Instant], from: Instant, to: Instant) -> Seen {
        let mut seen = Seen::default();
        let answers: Vec<Instant> = answers.iter().copied().filter(|at| (from..to).contains(at)).collect();
        seen.answered = answers.len();
        let ends = history.iter().skip(1).map(|(at, _)| *at).chain([to]);
        // Adjacent stretches in which it is open are one: only its endpoints changed.
        let mut open_since: Option<Instant> = None;
        for ((began, phase), ends) in history.iter().zip(ends) {
            let (began, ends) = ((*began).max(from), ends.min(to));
            if ends <= began && began != from {
                continue;
            }
            match phase {
                Phase::Active { .. } => {
                    let since = *open_since.get_or_insert(began);
                    let marks = answers.iter().copied().filter(|at| (since..ends).contains(at));
                    let marks: Vec<Instant> = [since].into_iter().chain(marks).chain([ends]).collect();
                    let longest = marks.windows(2).map(|pair| pair[1].saturating_duration_since(pair[0])).max();
                    seen.shown_open = seen.shown_open.max(longest.unwrap_or_default());
                }
                Phase::Waiting { reason, retry_at, .. } => {
                    open_since = None;
                    seen.waited.get_or_insert((began - from, format!("{:?}", reason.code)));
                    seen.said_when |= retry_at.is_some();
                }
                other => {
                    open_since = None;
                    seen.over |= other.is_final();
                }
            }
        }
        seen
    }

    fn wrong(&self, outage: Outage) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.shown_open > SHOWN_OPEN {
            wrong.push(format!("it was shown open for {:?} though nothing answered", self.shown_open));
        }
        if outage.must_wait && !(self.waited.is_some() && self.said_when) {
            wrong.push("it did not say what it waits for and when it tries next".into());
        }
        if self.over {
            wrong.push("it ended".into());
        }
        wrong
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.waited {
            Some((after, code)) => write!(f, "waits for {code} after {} ms", after.as_millis())?,
            None => f.write_str("never seen waiting")?,
        }
        let open = self.shown_open.as_secs_f32();
        write!(f, ", says when it tries next: {}; shown open without an answer for {open:.1} s", self.said_when)
    }
}

/// Waits until kube's own port-forward, over a connection of its own, reaches a pod; when that was.
async fn returned(site: &Site, pod: &str) -> Result<Instant> {
    const TRY: Duration = Duration::from_secs(3);
    crate::eventually("kube's own port-forward works again", RETURN, async || {
        let tried = timeout(TRY, async {
            let cluster = Cluster::of(site.cluster.kubeconfig()).await?;
            let mut forward = cluster.pods().portforward(pod, &[7]).await?;
            let mut stream = forward.take_stream(7).ok_or("no stream")?;
            if echoes(&mut stream).await { crate::Result::<Instant>::Ok(Instant::now()) } else { Err("no echo".into()) }
        });
        Ok(tried.await.ok().and_then(Result::ok))
    })
    .await
}

/// A connection through kube's own port-forward: it sends nothing by itself, and never gives up.
struct Control {
    _forward: kube::api::Portforwarder,
    stream: Box<dyn Stream>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Control {
    async fn open(site: &Site, pod: &str) -> Result<Control> {
        let mut forward = site.cluster.pods().portforward(pod, &[7]).await?;
        let mut stream: Box<dyn Stream> = Box::new(forward.take_stream(7).ok_or("no stream")?);
        if echoes(&mut stream).await {
            Ok(Control { _forward: forward, stream })
        } else {
            Err("kube's own port-forward does not echo".into())
        }
    }

    async fn lives(&mut self) -> bool {
        lives(&mut self.stream).await
    }
}

async fn lives(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> bool {
    timeout(RESUMES, echoes(stream)).await.unwrap_or(false)
}

async fn echoes(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> bool {
    let mut back = [0; 4];
    let echo = async {
        stream.write_all(b"here").await?;
        stream.flush().await?;
        stream.read_exact(&mut back).await
    };
    echo.await.is_ok() && back == *b"here"
}

#[cfg(test)]
mod tests {
    use portolan_engine::{
        error::{Code, Problem},
        phase::Endpoint,
    };

    use super::*;

    const ALL: Outage = Outage { what: "", lasts: Duration::ZERO, must_wait: true };

    fn active(pod: &str) -> Phase {
        let endpoint = Endpoint { slot: 0, pod: pod.into(), uid: pod.into(), port: 80 };
        Phase::Active { endpoints: vec![endpoint] }
    }

    fn waiting(retry_at: Option<u64>) -> Phase {
        let reason = Problem { code: Code::Unreachable, message: String::new(), next: String::new() };
        Phase::Waiting { reason, needs_you: false, attempt: 1, retry_at }
    }

    #[test]
    fn a_session_that_shows_itself_open_while_nothing_answers_is_found() {
        let from = Instant::now();
        let at = |seconds| from + Duration::from_secs(seconds);
        let seen = |history: &[(Instant, Phase)], answers: &[Instant]| Seen::of(history, answers, at(0), at(60));
        let open = [(from - Duration::from_secs(9), active("a"))];
        assert_eq!(seen(&open, &[]).shown_open, Duration::from_secs(60));
        assert_eq!(seen(&open, &[]).wrong(ALL).len(), 2);
        assert_eq!(seen(&open, &[at(20), at(50), at(70)]).shown_open, Duration::from_secs(30));
        let changed = [open[0].clone(), (at(20), active("b"))];
        assert_eq!(seen(&changed, &[]).shown_open, Duration::from_secs(60), "another endpoint is no answer");
        let waited = [open[0].clone(), (at(20), waiting(Some(1))), (at(55), active("a"))];
        assert_eq!(seen(&waited, &[]).shown_open, Duration::from_secs(20));
        assert_eq!(seen(&waited, &[]).waited, Some((Duration::from_secs(20), "Unreachable".into())));
        assert!(seen(&waited, &[]).wrong(ALL).is_empty());
        let silent = [open[0].clone(), (at(20), waiting(None)), (at(55), active("a"))];
        assert_eq!(seen(&silent, &[]).wrong(ALL).len(), 1, "it does not say when");
        let late = [open[0].clone(), (at(61), waiting(Some(1)))];
        assert_eq!(seen(&late, &[]).waited, None, "all was back by then");
        let over = [open[0].clone(), (at(5), Phase::Stopped)];
        assert!(seen(&over, &[]).wrong(ALL).contains(&"it ended".into()));
    }
}
