use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use futures::{FutureExt, future::join_all};
use serde_json::json;
use tokio::time::{Instant, advance};

use super::*;

/// How long a run takes.
const RUN: Duration = Duration::from_secs(2);
const HOUR: Duration = Duration::from_secs(3600);

/// A plugin that is none: each run ends with the next of these, and after them with one more token.
#[derive(Debug)]
pub(in crate::credentials) struct Fake {
    pub(in crate::credentials) login: Arc<Login>,
    begun: Arc<AtomicUsize>,
    stopped: Arc<AtomicUsize>,
}

impl Fake {
    /// How often it has been run.
    pub(in crate::credentials) fn runs(&self) -> usize {
        self.begun.load(SeqCst)
    }
}

pub(in crate::credentials) fn token() -> Credential {
    Credential::new(Some("s3cr3t"), None).unwrap()
}

/// `takes` is how long a run takes; a token lasts for as long as it says.
pub(in crate::credentials) fn fake(takes: Duration, ends: Vec<Result<Option<Duration>, Why>>) -> Fake {
    let (begun, stopped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let started = Instant::now();
    let now = move || SystemTime::UNIX_EPOCH + HOUR + started.elapsed();
    let ends = Arc::new(Mutex::new(ends.into_iter()));
    let make: Make = Box::new({
        let (begun, stopped) = (begun.clone(), stopped.clone());
        move || {
            let (ends, begun, stopped) = (ends.clone(), begun.clone(), stopped.clone());
            async move {
                begun.fetch_add(1, SeqCst);
                let dropped = Dropped(Some(stopped));
                tokio::time::sleep(takes).await;
                dropped.not();
                let end = ends.lock().unwrap().next().unwrap_or(Ok(None));
                let lasts = end.map_err(|why| Failure { plugin: "aws".into(), why })?;
                Ok(Made { credential: token(), expires: lasts.map(|lasts| now() + lasts) })
            }
            .boxed()
        }
    });
    let auth = json!({ "exec": { "apiVersion": "client.authentication.k8s.io/v1", "command": "aws" } });
    let plugin = Plugin::of("default", "me", &serde_json::from_value(auth).unwrap()).unwrap();
    Fake { login: Login::new(&plugin, Runs::default(), make, Box::new(now)), begun, stopped }
}

/// Counts those that are dropped before their end.
struct Dropped(Option<Arc<AtomicUsize>>);

impl Dropped {
    fn not(mut self) {
        self.0 = None;
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        if let Some(count) = &self.0 {
            count.fetch_add(1, SeqCst);
        }
    }
}

fn failed() -> Why {
    Why::Ended { status: "exit status: 1".into(), said: None }
}

#[tokio::test(start_paused = true)]
async fn eight_who_need_it_at_once_are_served_by_one_run() {
    let fake = fake(RUN, vec![]);
    let all = join_all((0..8).map(|_| fake.login.credential(None))).await;
    let first = all[0].clone().unwrap();
    assert!(all.into_iter().all(|one| one.unwrap().is(&first)));
    assert!(fake.login.credential(None).await.unwrap().is(&first));
    assert_eq!(fake.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_expires_is_made_anew_when_it_is_needed_and_not_before() {
    let fake = fake(RUN, vec![Ok(Some(HOUR))]);
    let first = fake.login.credential(None).await.unwrap();
    advance(HOUR - MARGIN - Duration::from_secs(1)).await;
    assert!(fake.login.credential(None).await.unwrap().is(&first));
    advance(2 * HOUR).await;
    tokio::task::yield_now().await;
    assert_eq!(fake.runs(), 1);
    let all = join_all((0..8).map(|_| fake.login.credential(None))).await;
    assert!(!all[0].as_ref().unwrap().is(&first));
    assert_eq!(fake.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn one_is_not_used_in_its_last_seconds() {
    let fake = fake(RUN, vec![Ok(Some(HOUR))]);
    let first = fake.login.credential(None).await.unwrap();
    advance(HOUR - MARGIN).await;
    assert!(!fake.login.credential(None).await.unwrap().is(&first));
}

#[tokio::test(start_paused = true)]
async fn one_that_has_expired_when_it_comes_is_used_until_it_is_refused() {
    for lasts in [Duration::ZERO, MARGIN] {
        let fake = fake(RUN, vec![Ok(Some(lasts))]);
        let first = fake.login.credential(None).await.unwrap();
        advance(HOUR).await;
        assert!(fake.login.credential(None).await.unwrap().is(&first));
        assert_eq!(fake.runs(), 1);
        assert!(!fake.login.credential(Some(&first)).await.unwrap().is(&first));
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_everybodys_until_somebody_signs_in() {
    let fake = fake(RUN, vec![Err(failed()), Err(failed())]);
    let mut changed = fake.login.changed();
    let all = join_all((0..8).map(|_| fake.login.credential(None))).await;
    assert!(all.iter().all(|one| one.as_ref().unwrap_err().why == failed()));
    advance(HOUR).await;
    assert_eq!(fake.login.credential(None).await.unwrap_err().why, failed());
    assert_eq!(fake.runs(), 1);
    assert_eq!(fake.login.sign_in().await.unwrap_err().why, failed());
    assert!(!changed.has_changed().unwrap());
    // Who waits for it goes on, and so does who asks while it runs.
    let (signed_in, waited, asked) = tokio::join!(fake.login.sign_in(), changed.changed(), fake.login.credential(None));
    assert_eq!((signed_in, waited.is_ok(), asked.is_ok()), (Ok(()), true, true));
    assert_eq!(fake.runs(), 3);
    fake.login.credential(None).await.unwrap();
    assert_eq!(fake.runs(), 3);
}

#[tokio::test(start_paused = true)]
async fn eight_who_sign_in_at_once_are_served_by_one_run() {
    let fake = fake(RUN, vec![]);
    assert!(join_all((0..8).map(|_| fake.login.sign_in())).await.iter().all(Result::is_ok));
    assert_eq!(fake.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_is_stopped_when_nobody_has_waited_for_a_while() {
    let fake = fake(HOUR, vec![]);
    let gives_up = async |after| timeout(after, fake.login.credential(None)).await.unwrap_err();
    // Those who come back in time find it still running.
    for _ in 0..3 {
        gives_up(Duration::from_secs(4)).await;
        tokio::time::sleep(DESERTED - Duration::from_secs(1)).await;
    }
    assert_eq!((fake.runs(), fake.stopped.load(SeqCst)), (1, 0));
    tokio::time::sleep(DESERTED).await;
    assert_eq!(fake.stopped.load(SeqCst), 1);
    // That was nobody's failure.
    fake.login.credential(None).await.unwrap();
    assert_eq!(fake.runs(), 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_after_the_end() {
    let fake = fake(HOUR, vec![]);
    let (ended, asked) = tokio::join!(
        async {
            tokio::time::sleep(RUN).await;
            fake.login.runs.end().await;
            fake.stopped.load(SeqCst)
        },
        fake.login.credential(None)
    );
    assert_eq!((ended, asked.unwrap_err().why), (1, Why::Stopped));
    assert_eq!(fake.login.sign_in().await.unwrap_err().why, Why::Stopped);
    assert_eq!(fake.runs(), 1);
}

#[test]
fn what_is_held_serves_those_who_have_not_refused_it_whatever_becomes_of_the_plugin() {
    let now = SystemTime::UNIX_EPOCH + HOUR;
    let (held, other) = (token(), token());
    let failure = Failure { plugin: "aws".into(), why: failed() };
    let runs = [Run::Past, Run::Now, Run::Failed(failure)];
    let says = |held: Option<Held>, run: &Run, refused| match decide(&State { held, run: run.clone() }, refused, now) {
        Decision::Use(_) => "use",
        Decision::Fail(_) => "fail",
        Decision::Start => "start",
        Decision::Wait => "wait",
    };
    let until = |good_until| Some(Held { credential: held.clone(), good_until });
    let otherwise = ["start", "wait", "fail"];
    for (run, otherwise) in runs.iter().zip(otherwise) {
        assert_eq!(says(until(None), run, None), "use");
        assert_eq!(says(until(Some(now + RUN)), run, None), "use");
        assert_eq!(says(until(None), run, Some(&other)), "use");
        assert_eq!(says(until(Some(now)), run, None), otherwise);
        assert_eq!(says(until(None), run, Some(&held)), otherwise);
        assert_eq!(says(None, run, None), otherwise);
    }
}
