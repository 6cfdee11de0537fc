//! What this process holds, over time: what grows without an end is a leak.

use std::time::Duration;

use portolan_tests::{Result, process};
use tokio::runtime::Handle;

/// What is held at one time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// Open files, and so connections: upgrades are among them.
    files: usize,
    /// Tasks.
    tasks: usize,
    /// Memory, in KiB.
    memory: usize,
}

impl Held {
    /// Now; `None` where the system does not tell.
    pub(crate) fn now() -> Result<Option<Held>> {
        let tasks = Handle::current().metrics().num_alive_tasks();
        Ok(process::holds(std::process::id())?.map(|holds| Held { files: holds.files, tasks, memory: holds.memory }))
    }
}

/// Something that is held: its name, how to read it, the slack, and how long it takes to level off.
type Measure = (&'static str, fn(&Held) -> usize, usize, Duration);

/// How much more than before is no leak: connections come and go, and memory is given back late. Memory has its peaks when
/// all connections are made anew at once, and fifty lists of a thousand events take their time to fill: what it does in two
/// minutes tells nothing.
const SLACK: [Measure; 3] = [
    ("open files", |held| held.files, 60, Duration::ZERO),
    ("tasks", |held| held.tasks, 60, Duration::ZERO),
    ("KiB of memory", |held| held.memory, 16 * 1024, Duration::from_secs(600)),
];

/// What of it has grown by more than a quarter, and the slack, from the second quarter of the time to the last: until the
/// first quarter is over, pools fill and pods start. `length` is what all quarters took.
pub(crate) fn grown(samples: &[Held], length: Duration) -> Vec<String> {
    let quarter = samples.len() / 4;
    if quarter == 0 {
        return vec!["there are too few samples to tell whether anything grows".into()];
    }
    let (early, late) = (&samples[quarter..2 * quarter], &samples[samples.len() - quarter..]);
    let mut grown = Vec::new();
    for (what, of, slack, levels_off) in SLACK {
        let (before, after) = (median(early, of), median(late, of));
        eprintln!("{what}: {before} in the second quarter, {after} in the last");
        if length >= levels_off && after > before + before / 4 + slack {
            grown.push(format!("{what} grew from {before} to {after}"));
        }
    }
    grown
}

fn median(samples: &[Held], of: fn(&Held) -> usize) -> usize {
    let mut all: Vec<usize> = samples.iter().map(of).collect();
    all.sort_unstable();
    all[all.len() / 2]
}

#[test]
fn what_grows_is_found_and_what_levels_off_is_not() {
    let held = |n: usize| Held { files: 500 + 20 * n, tasks: 800, memory: 50_000 + n };
    let growing: Vec<Held> = (0..40).map(held).collect();
    let long = Duration::from_secs(600);
    assert_eq!(grown(&growing, Duration::ZERO), ["open files grew from 800 to 1200"].map(String::from));
    let level: Vec<Held> = (0..40).map(|n: usize| held(n.min(10))).collect();
    assert!(grown(&level, long).is_empty());
    assert_eq!(grown(&level[..3], long).len(), 1);
    let greedy: Vec<Held> = (0..40).map(|n| Held { memory: 50_000 + 2_000 * n, ..held(0) }).collect();
    assert_eq!(grown(&greedy, long).len(), 1);
    assert!(grown(&greedy, Duration::from_secs(120)).is_empty(), "it may yet level off");
}
