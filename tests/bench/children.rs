//! The processes that the bench starts. Each is killed when its [`Child`] is dropped; all of them when the bench is told to
//! stop, after which none can be started.

use std::{
    io, process,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

/// Every child that may run, and whether there may be more.
static ALL: Mutex<All> = Mutex::new(All { stopped: false, running: Vec::new() });

struct All {
    stopped: bool,
    running: Vec<Weak<Mutex<process::Child>>>,
}

/// A process that does not outlive this.
#[derive(Debug)]
pub(crate) struct Child {
    process: Arc<Mutex<process::Child>>,
    pid: u32,
}

impl Child {
    /// Starts it.
    pub(crate) fn spawn(command: &mut process::Command) -> io::Result<(Child, Output)> {
        // Held while it starts, so that a stop finds either no child or a child that it can kill.
        let mut all = lock(&ALL);
        if all.stopped {
            return Err(io::Error::other("the bench has been told to stop"));
        }
        let mut process = command.spawn()?;
        let output = (process.stdout.take(), process.stderr.take());
        let (pid, process) = (process.id(), Arc::new(Mutex::new(process)));
        all.running.retain(|child| child.strong_count() > 0);
        all.running.push(Arc::downgrade(&process));
        Ok((Child { process, pid }, output))
    }

    /// Its id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }
}

/// What a child writes to its two outputs, where they are pipes.
pub(crate) type Output = (Option<process::ChildStdout>, Option<process::ChildStderr>);

impl Drop for Child {
    fn drop(&mut self) {
        end(&self.process);
    }
}

/// Kills all of them, for good.
pub(crate) fn stop_all() {
    let mut all = lock(&ALL);
    all.stopped = true;
    all.running.drain(..).filter_map(|child| child.upgrade()).for_each(|child| end(&child));
}

/// A child that has ended already is no failure.
fn end(process: &Mutex<process::Child>) {
    let mut process = lock(process);
    drop(process.kill());
    drop(process.wait());
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
