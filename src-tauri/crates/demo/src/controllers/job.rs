//! Jobs: pods that run to their end, so many of them.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::api::batch::v1::{Job, JobCondition, JobSpec, JobStatus};
use tokio::time::Instant;

use crate::{Store, kind::Kind, store::kind_of};

use super::{
    Pace,
    events::{Events, Teller, Tone, about},
    ownership::pod_from,
    reconcile::{Again, Reconcile},
    replicas::{create_pod, remove_pod},
    views::{PodView, pods_of},
};

const TELLER: &str = "job-controller";
/// How often a job's pods may fail, where nobody says.
const LIMIT: i32 = 6;
/// How long a job waits after the first failure, and at most; it doubles.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(360));

/// The controller.
#[derive(Debug)]
pub(super) struct Jobs {
    store: Store,
    events: Events,
    pace: Pace,
    /// How many failures of a job were seen, and until when it waits for them.
    waits: BTreeMap<String, (i32, Instant)>,
}

/// How many of a job's pods there are of each sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    active: i32,
    ready: i32,
    succeeded: i32,
    failed: i32,
}

impl Counts {
    fn of(pods: &[PodView]) -> Counts {
        let count = |is: &dyn Fn(&PodView) -> bool| {
            i32::try_from(pods.iter().filter(|pod| is(pod)).count()).unwrap_or(i32::MAX)
        };
        Counts {
            active: count(&PodView::active),
            ready: count(&|pod| pod.active() && pod.ready()),
            succeeded: count(&|pod| pod.status.phase == "Succeeded"),
            failed: count(&|pod| pod.status.phase == "Failed" && !pod.terminating()),
        }
    }
}

/// How a job has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Complete,
    Failed,
}

impl Jobs {
    pub(super) fn new(store: &Store, events: &Events, pace: Pace) -> Self {
        Jobs { store: store.clone(), events: events.clone(), pace, waits: BTreeMap::new() }
    }

    /// Until when the job waits before it adds a pod in place of one that has failed.
    fn wait(&mut self, uid: &str, failed: i32) -> Again {
        let now = Instant::now();
        if failed == 0 {
            self.waits.remove(uid);
            return None;
        }
        let doubled = BACK_OFF.0 * 2_u32.saturating_pow(failed.unsigned_abs().saturating_sub(1).min(10));
        let wait = self.pace.of(doubled.min(BACK_OFF.1));
        let (seen, until) = self.waits.entry(uid.to_owned()).or_insert((0, now));
        if *seen < failed {
            *until = now + wait;
        }
        *seen = failed;
        Some(*until).filter(|until| *until > now)
    }

    fn sync(&mut self, job: &Job, spec: &JobSpec, pods: &[PodView]) -> (Option<Ended>, Again) {
        let counts = Counts::of(pods);
        let parallelism = spec.parallelism.unwrap_or(1);
        // Without a number it is done when one has succeeded and none is left.
        let done = match spec.completions {
            Some(completions) => counts.succeeded >= completions,
            None => counts.succeeded > 0 && counts.active == 0,
        };
        let failed = counts.failed > spec.backoff_limit.unwrap_or(LIMIT);
        if done || failed {
            pods.iter().filter(|pod| pod.active()).for_each(|pod| {
                remove_pod(&self.store, &self.events, job, pod, TELLER);
            });
            return (Some(if done { Ended::Complete } else { Ended::Failed }), None);
        }
        let left = spec.completions.map_or(parallelism, |completions| completions - counts.succeeded);
        let wanted = match spec.suspend {
            Some(true) => 0,
            _ if spec.completions.is_none() && counts.succeeded > 0 => counts.active,
            _ => left.min(parallelism),
        };
        let uid = job.metadata.uid.clone().unwrap_or_default();
        let again = self.wait(&uid, counts.failed).filter(|_| counts.active < wanted);
        if again.is_none() {
            for _ in counts.active..wanted {
                create_pod(&self.store, &self.events, job, &pod_from(job, &spec.template), TELLER);
            }
        }
        let surplus = usize::try_from(counts.active - wanted).unwrap_or(0);
        for pod in pods.iter().filter(|pod| pod.active()).take(surplus) {
            remove_pod(&self.store, &self.events, job, pod, TELLER);
        }
        (None, again)
    }

    fn status(&self, job: &Job, ended: Option<Ended>) -> JobStatus {
        let counts = Counts::of(&pods_of(&self.store, job.metadata.uid.as_deref().unwrap_or_default()));
        let (now, before) = (self.store.clock().now(), job.status.clone().unwrap_or_default());
        let some = |count: i32| Some(count).filter(|count| *count > 0);
        let condition = |type_: &str, reason: &str, message: &str| JobCondition {
            type_: type_.into(),
            status: "True".into(),
            reason: Some(reason.into()),
            message: Some(message.into()),
            last_probe_time: Some(now.clone()),
            last_transition_time: Some(now.clone()),
        };
        let conditions = ended.map(|ended| match ended {
            Ended::Complete => {
                vec![condition("Complete", "CompletionsReached", "Reached expected number of succeeded pods")]
            }
            Ended::Failed => {
                vec![condition("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")]
            }
        });
        JobStatus {
            active: some(counts.active),
            ready: Some(counts.ready),
            succeeded: some(counts.succeeded),
            failed: some(counts.failed),
            start_time: before.start_time.or_else(|| Some(now.clone())),
            completion_time: (ended == Some(Ended::Complete)).then(|| now.clone()),
            conditions,
            ..JobStatus::default()
        }
    }
}

impl Reconcile for Jobs {
    fn kind(&self) -> &'static Kind {
        kind_of::<Job>()
    }

    fn reconcile(&mut self, namespace: &str, name: &str) -> Again {
        let job = self.store.read::<Job>(namespace, name)?;
        if job.metadata.deletion_timestamp.is_some() || job.status.as_ref().is_some_and(|s| s.conditions.is_some()) {
            // What has ended stays as it is.
            return None;
        }
        let pods = pods_of(&self.store, job.metadata.uid.as_deref()?);
        let (ended, again) = self.sync(&job, job.spec.as_ref()?, &pods);
        let status = self.status(&job, ended);
        if job.status.as_ref() != Some(&status) {
            // Gone meanwhile: then nobody needs it.
            let _ = self.store.edit::<Job>(namespace, name, |job| job.status = Some(status));
        }
        match ended {
            Some(Ended::Complete) => self.tell(&job, Tone::Normal, "Completed", "Job completed"),
            Some(Ended::Failed) => {
                let message = "Job has reached the specified backoff limit";
                self.tell(&job, Tone::Warning, "BackoffLimitExceeded", message);
            }
            None => {}
        }
        again
    }
}

impl Jobs {
    fn tell(&self, job: &Job, tone: Tone, reason: &str, message: &str) {
        self.events.tell(about(job), tone, reason, message, Teller::controller(TELLER));
    }
}
