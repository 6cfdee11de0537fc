//! What this process holds, over time: what grows without an end is a leak.

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

/// Something that is held: its name, how to read it, and the slack.
type Measure = (&'static str, fn(&Held) -> usize, usize);

/// How much more than before is no leak: connections come and go, and memory is given back late.
const SLACK: [Measure; 3] = [
    ("open files", |held| held.files, 60),
    ("tasks", |held| held.tasks, 60),
    ("KiB of memory", |held| held.memory, 16 * 1024),
];

/// What of it has grown by more than a quarter, and the slack, from the second quarter of the time to the last: until the
/// first quarter is over, pools fill and pods start.
pub(crate) fn grown(samples: &[Held]) -> Vec<String> {
    let quarter = samples.len() / 4;
    if quarter == 0 {
        return vec!["there are too few samples to tell whether anything grows".into()];
    }
    let (early, late) = (&samples[quarter..2 * quarter], &samples[samples.len() - quarter..]);
    let mut grown = Vec::new();
    for (what, of, slack) in SLACK {
        let (before, after) = (median(early, of), median(late, of));
        eprintln!("{what}: {before} in the second quarter, {after} in the last");
        if after > before + before / 4 + slack {
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
    assert_eq!(grown(&growing), ["open files grew from 800 to 1200"].map(String::from));
    let level: Vec<Held> = (0..40).map(|n: usize| held(n.min(10))).collect();
    assert!(grown(&level).is_empty());
    assert_eq!(grown(&level[..3]).len(), 1);
}
