//! A process that is called kubectl and forwards nothing: see `tests/kubectl.rs`.

use std::{path::Path, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::Result;

/// It, until it is dropped.
#[derive(Debug)]
pub struct StandIn {
    child: Child,
    /// Its process id.
    pub pid: u32,
}

impl StandIn {
    /// Starts the program under kubectl's name, which it gets in `folder`, and waits until it listens.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(program: &str, folder: &Path, args: &[&str]) -> Result<StandIn> {
        let kubectl = folder.join("kubectl");
        std::os::unix::fs::symlink(program, &kubectl)?;
        let mut child = Command::new(kubectl).args(args).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let pid = child.id().ok_or("it has ended at once")?;
        let mut out = BufReader::new(child.stdout.take().ok_or("it says nothing")?);
        let mut line = String::new();
        out.read_line(&mut line).await?;
        if line.is_empty() { Err("it does not listen".into()) } else { Ok(StandIn { child, pid }) }
    }

    /// Ends it; it is gone when this returns.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub async fn end(mut self) -> Result {
        Ok(self.child.kill().await?)
    }

    /// Whether it has ended.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }
}
