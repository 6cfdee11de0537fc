//! What this process holds: what is left over once nothing is carried, and memory that grows, are leaks.

use std::time::Duration;

use portolan_tests::{Result, process};
use tokio::{
    runtime::Handle,
    time::{Instant, sleep},
};

/// How often it is looked whether what is held has changed.
const LOOK: Duration = Duration::from_millis(500);

/// What is held at one time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// Open files, and so connections: upgrades are among them.
    files: usize,
    tasks: usize,
    /// In KiB.
    memory: usize,
}

impl Held {
    /// Now; `None` where the system does not tell.
    pub(crate) fn now() -> Result<Option<Held>> {
        let tasks = Handle::current().metrics().num_alive_tasks();
        Ok(process::holds(std::process::id())?.map(|holds| Held { files: holds.files, tasks, memory: holds.memory }))
    }

    /// What there is `after` that was not there before.
    fn left(self, after: Held) -> Vec<String> {
        let counts = [("open files", self.files, after.files), ("tasks", self.tasks, after.tasks)];
        let left = counts.into_iter().filter(|(_, before, after)| *after > before + SLACK);
        left.map(|(what, before, after)| format!("{after} {what}, and {before} before")).collect()
    }
}

/// More than before is no leak up to this: the cluster's clients keep a few connections of their own for a while.
const SLACK: usize = 20;

/// Nothing has changed for so long: it rests. A burst's upgrades go after 10 s.
const RESTS: Duration = Duration::from_secs(12);

/// By then it does, and connections that requests have left open are closed, too: they are kept for 90 s.
const SETTLES: Duration = Duration::from_secs(120);

/// Memory may be more by so many KiB and a quarter: it is given back late, and has its peaks when all connections are made
/// anew at once.
const MEMORY_SLACK: usize = 16 * 1024;

/// Fifty lists of a thousand events take their time to fill: what memory does in less tells nothing.
const LEVELS_OFF: Duration = Duration::from_secs(600);

/// What is held once files and tasks do not change; `None` where the system does not tell.
pub(crate) async fn at_rest() -> Result<Option<Held>> {
    let Some(mut held) = Held::now()? else { return Ok(None) };
    let (began, mut since) = (Instant::now(), Instant::now());
    while since.elapsed() < RESTS {
        if began.elapsed() > SETTLES {
            return Err(format!("what is held does not come to rest: {held:?}").into());
        }
        sleep(LOOK).await;
        let Some(now) = Held::now()? else { return Ok(None) };
        if (now.files, now.tasks) != (held.files, held.tasks) {
            since = Instant::now();
        }
        held = now;
    }
    Ok(Some(held))
}

/// What is still held that was not held `before`, once there was time for it to go. Both times nothing is carried: under load,
/// how many upgrades are in reserve is a matter of the last burst.
pub(crate) async fn left(before: Held) -> Result<Vec<String>> {
    let began = Instant::now();
    loop {
        let Some(after) = at_rest().await? else { return Ok(Vec::new()) };
        let left = before.left(after);
        if left.is_empty() || began.elapsed() > SETTLES {
            eprintln!("at rest, before: {before:?}, and {:.0?} after: {after:?}", began.elapsed());
            return Ok(left);
        }
    }
}

/// Whether memory has grown from the second quarter of the time to the last: until the first quarter is over, pools fill and
/// pods start. `length` is what all quarters took.
pub(crate) fn grown(samples: &[Held], length: Duration) -> Option<String> {
    let quarter = samples.len() / 4;
    if quarter == 0 {
        return Some("there are too few samples to tell whether memory grows".into());
    }
    let (before, after) = (median(&samples[quarter..2 * quarter]), median(&samples[samples.len() - quarter..]));
    eprintln!("KiB of memory: {before} in the second quarter, {after} in the last");
    (length >= LEVELS_OFF && after > before + before / 4 + MEMORY_SLACK)
        .then(|| format!("memory grew from {before} to {after} KiB"))
}

fn median(samples: &[Held]) -> usize {
    let mut all: Vec<usize> = samples.iter().map(|held| held.memory).collect();
    all.sort_unstable();
    all[all.len() / 2]
}

#[test]
fn memory_that_grows_is_found_and_what_levels_off_is_not() {
    let samples = |memory: fn(usize) -> usize| -> Vec<Held> {
        (0..40).map(|n| Held { files: 500, tasks: 800, memory: memory(n) }).collect()
    };
    let growing = samples(|n| 50_000 + 2_000 * n);
    assert_eq!(grown(&growing, LEVELS_OFF).as_deref(), Some("memory grew from 80000 to 120000 KiB"));
    assert_eq!(grown(&growing, Duration::from_secs(120)), None, "it may yet level off");
    assert_eq!(grown(&samples(|n| 50_000 + 2_000 * n.min(10)), LEVELS_OFF), None);
    assert!(grown(&growing[..3], LEVELS_OFF).is_some(), "too few");
}

#[test]
fn what_is_left_over_is_named() {
    let before = Held { files: 378, tasks: 810, memory: 0 };
    let after = |files, tasks| before.left(Held { files, tasks, memory: 0 });
    assert_eq!(after(398, 830), [""; 0]);
    assert_eq!(after(300, 831), ["831 tasks, and 810 before"]);
    assert_eq!(after(399, 900).len(), 2);
}
