use std::sync::Arc;

use tokio::{
    sync::watch,
    time::{advance, sleep},
};

use super::*;
use crate::{
    feed::{Feed, Part},
    forward::{LocalPort, PortMap, PortRef, Target},
    phase::Endpoint,
    session::{
        first_view,
        view::{Counters, Unstable},
    },
    settings::Settings,
};

fn problem(code: Code) -> Problem {
    Problem { code, message: format!("{code:?} happened."), next: "Do something.".into() }
}

fn active() -> Phase {
    Phase::Active { endpoints: vec![Endpoint { slot: 0, pod: "web-1".into(), uid: "u".into(), port: 80 }] }
}

fn waiting(code: Code, needs_you: bool) -> Phase {
    Phase::Waiting { reason: problem(code), needs_you, attempt: 0, retry_at: None }
}

fn unreachable() -> Phase {
    waiting(Code::Unreachable, false)
}

fn broken() -> Phase {
    Phase::Broken { reason: problem(Code::PodGone) }
}

fn view(id: u64, context: &str, phase: Phase) -> SessionView {
    let forward = Forward {
        context: ContextId { source: "default".into(), name: context.into() },
        namespace: "shop".into(),
        target: Target::Service { name: format!("web{id}") },
        ports: vec![PortMap { local: LocalPort::Any, remote: PortRef::Number(80) }],
        bind: Vec::new(),
        balance: None,
        hold_seconds: 30,
        wait_for_name: false,
    };
    SessionView { phase, ..first_view(SessionId(id), &forward) }
}

fn unstable(id: u64, phase: Phase) -> SessionView {
    let reason = problem(Code::PodNotRunning);
    let unstable = Unstable { changes: 4, reason, restarts: 3, restarted_because: String::new() };
    SessionView { unstable: Some(unstable), ..view(id, "staging", phase) }
}

/// The machine, and a log of what it told: `2.0 s: svc/web1 waits`.
struct Log {
    notices: Notices,
    silence: Silence,
    begun: Instant,
    told: Vec<String>,
}

impl Log {
    fn new() -> Self {
        Log { notices: Notices::default(), silence: Silence::default(), begun: Instant::now(), told: Vec::new() }
    }

    /// Shows it these for so long, and asks it whenever it wants to be asked.
    async fn pass(&mut self, seconds: u64, views: &[SessionView]) {
        let until = Instant::now() + Duration::from_secs(seconds);
        self.notices.see(views, Instant::now());
        loop {
            let told = self.notices.due(&self.silence, Instant::now());
            let at = self.begun.elapsed().as_secs();
            self.told.extend(told.iter().map(|notice| format!("{at} s: {}", notice.title())));
            let next = self.notices.next().unwrap_or(until).min(until);
            if Instant::now() >= until {
                return;
            }
            advance(next - Instant::now()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_session_goes_through_and_what_is_told_of_it() {
    let of = |phase: Phase| vec![view(1, "staging", phase)];
    /// What it is called, what is seen for how many seconds, what is told.
    type Case<'a> = (&'a str, Vec<(u64, Vec<SessionView>)>, &'a [&'a str]);
    let answered = |phase: Phase| {
        let counters = Counters { bytes_down: 1, ..Counters::default() };
        vec![SessionView { counters, ..view(1, "staging", phase) }]
    };
    let table: [Case<'_>; 13] = [
        (
            "an outage and its end",
            vec![(20, of(active())), (60, of(unreachable())), (20, of(active()))],
            &["25 s: svc/web1 waits", "85 s: svc/web1 is back"],
        ),
        ("a pod that is replaced", vec![(20, of(active())), (4, of(unreachable())), (20, of(active()))], &[]),
        (
            "one that worked for a moment only",
            vec![(1, of(active())), (60, of(unreachable()))],
            &["6 s: svc/web1 waits"],
        ),
        ("one that worked between two looks", vec![(60, answered(unreachable()))], &["5 s: svc/web1 waits"]),
        (
            "back for a moment only",
            vec![(20, of(active())), (20, of(unreachable())), (4, of(active())), (60, of(unreachable()))],
            &["25 s: svc/web1 waits"],
        ),
        ("its pod is gone", vec![(20, of(active())), (60, of(broken()))], &["25 s: svc/web1 broke"]),
        ("it never worked and waits by itself", vec![(600, of(waiting(Code::NoReadyPod, false)))], &[]),
        (
            "it never worked and needs somebody",
            vec![(600, of(waiting(Code::Forbidden, true)))],
            &["5 s: svc/web1 needs you"],
        ),
        (
            "a login that expires needs somebody",
            vec![(20, of(active())), (9, of(waiting(Code::Login, false)))],
            &["25 s: svc/web1 needs you"],
        ),
        (
            "from one trouble into another",
            vec![(20, of(active())), (20, of(unreachable())), (20, of(waiting(Code::NoReadyPod, false)))],
            &["25 s: svc/web1 waits"],
        ),
        (
            "into one that needs somebody",
            vec![(20, of(active())), (20, of(unreachable())), (20, of(waiting(Code::Forbidden, true)))],
            &["25 s: svc/web1 waits", "45 s: svc/web1 needs you"],
        ),
        (
            "it comes and goes",
            vec![
                (20, of(active())),
                (9, vec![unstable(1, active())]),
                (30, vec![unstable(1, unreachable())]),
                (9, of(active())),
            ],
            &["25 s: svc/web1 comes and goes", "64 s: svc/web1 is back"],
        ),
        (
            "the user ends it",
            vec![(20, of(active())), (3, of(unreachable())), (9, of(Phase::Stopped)), (9, vec![])],
            &[],
        ),
    ];
    for (case, passes, told) in table {
        let mut log = Log::new();
        for (seconds, views) in passes {
            log.pass(seconds, &views).await;
        }
        assert_eq!(log.told, told, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_cause_is_one_notice_however_many_wait() {
    /// Eight of them, the first so many of which are ill.
    fn eight(ill: u64) -> Vec<SessionView> {
        (1..=8).map(|id| view(id, "staging", if id <= ill { unreachable() } else { active() })).collect()
    }
    let mut log = Log::new();
    log.pass(20, &eight(0)).await;
    // They notice one after the other.
    for ill in 1..=8 {
        log.pass(1, &eight(ill)).await;
    }
    log.pass(60, &eight(8)).await;
    log.pass(20, &eight(0)).await;
    assert_eq!(log.told, ["25 s: 5 tunnels to staging wait", "93 s: 8 tunnels to staging are back"]);
}

#[tokio::test(start_paused = true)]
async fn another_context_and_another_cause_are_news_of_their_own() {
    let well = [view(1, "staging", active()), view(2, "prod", active()), view(3, "prod", active())];
    let ill = [view(1, "staging", unreachable()), view(2, "prod", unreachable()), view(3, "prod", broken())];
    let mut log = Log::new();
    log.pass(20, &well).await;
    log.pass(20, &ill).await;
    assert_eq!(log.told, ["25 s: svc/web1 waits", "25 s: svc/web2 waits", "25 s: svc/web3 broke"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_silenced_passes_untold_and_hides_nothing_of_others() {
    let both = |one: Phase, two: Phase| [view(1, "staging", one), view(2, "staging", two)];
    let mut log = Log::new();
    log.silence.sessions.insert(SessionId(1));
    log.pass(20, &both(active(), active())).await;
    log.pass(20, &both(unreachable(), active())).await;
    log.pass(20, &both(unreachable(), unreachable())).await;
    // Not silenced any more: what was not heard of does not come back.
    log.silence.sessions.clear();
    log.pass(20, &both(active(), active())).await;
    assert_eq!(log.told, ["45 s: svc/web2 waits", "65 s: svc/web2 is back"]);
    log.told.clear();
    log.silence.all = true;
    log.pass(20, &both(broken(), broken())).await;
    log.silence.all = false;
    log.pass(20, &both(broken(), broken())).await;
    assert_eq!(log.told, [] as [&str; 0], "it is not told later");
}

#[test]
fn a_notice_says_what_happened_to_whom_and_what_to_do() {
    let notice = |ids: &[u64], news: News| Notice {
        context: ContextId { source: "default".into(), name: "staging".into() },
        sessions: ids.iter().map(|id| Told { id: SessionId(*id), target: format!("svc/web{id}") }).collect(),
        news,
    };
    let ill = || problem(Code::Unreachable);
    let table = [
        (notice(&[1], News::Back), "svc/web1 is back", "Context staging."),
        (notice(&[1, 2], News::Back), "2 tunnels to staging are back", "svc/web1 and svc/web2."),
        (
            notice(&[1], News::Ill(Ailment::NeedsYou(ill()))),
            "svc/web1 needs you",
            "Unreachable happened.\nDo something.\nContext staging.",
        ),
        (
            notice(&[1, 2], News::Ill(Ailment::NeedsYou(ill()))),
            "2 tunnels to staging need you",
            "Unreachable happened.\nDo something.\nsvc/web1 and svc/web2.",
        ),
        (
            notice(&[1, 2], News::Ill(Ailment::Unstable(ill()))),
            "2 tunnels to staging come and go",
            "Unreachable happened.\nDo something.\nsvc/web1 and svc/web2.",
        ),
        (
            notice(&[1, 2], News::Ill(Ailment::Over(ill()))),
            "2 tunnels to staging broke",
            "Unreachable happened.\nDo something.\nsvc/web1 and svc/web2.",
        ),
    ];
    for (notice, title, body) in table {
        assert_eq!((notice.title().as_str(), notice.body().as_str()), (title, body));
    }
}

#[tokio::test(start_paused = true)]
async fn the_feed_is_followed_and_the_settings_are_heeded() {
    let feed = Arc::<Feed>::default();
    let settings = watch::Sender::new(Settings::default());
    let (told_in, mut told) = tokio::sync::mpsc::unbounded_channel();
    let show = move |notice: Notice| drop(told_in.send(notice.title()));
    let put = |phase: Phase| feed.set("session/1", Part::Session(Box::new(view(1, "staging", phase))));
    let acts = async {
        for (phase, on) in [(active(), true), (unreachable(), true), (active(), false), (broken(), true)] {
            settings.send_modify(|settings| settings.notifications = on);
            put(phase);
            sleep(Duration::from_secs(20)).await;
        }
    };
    tokio::select! {
        never = tell(&feed, settings.subscribe(), show) => match never {},
        () = acts => {}
    }
    assert_eq!(told.recv().await.as_deref(), Some("svc/web1 waits"));
    assert_eq!(told.recv().await.as_deref(), Some("svc/web1 broke"));
    assert_eq!(told.recv().await, None);
}
