//! The `portolan` command. It reads arguments, delegates to the engine and words what comes back; nothing else.
//!
//! Exit codes: 0 stopped by the user, 1 failed, 2 usage.

mod args;
mod compare;
mod demo;
mod explain;
mod forward;
mod get;
mod output;
mod profiles;
mod stop;
mod up;

use std::process::ExitCode;

use clap::Parser;
use portolan_engine::{error::Problem, open_files};
use tracing_subscriber::EnvFilter;

use args::{Args, Command};

// One thread carries more than a cluster can serve, and what it carries never waits for another core to wake up.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_env("PORTOLAN_LOG")
        .unwrap_or_else(|_| EnvFilter::new("portolan_engine=warn,portolan_wire=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    open_files::raise_limit();
    let done = match args.command {
        Command::Forward(args) => forward::run(args).await,
        Command::Get(args) => get::run(args).await,
        Command::Up(args) => up::run(args).await,
        Command::Profiles(args) => profiles::run(args.command).await,
        Command::Explain(args) => explain::run(args).await,
        Command::Compare(args) => compare::run(args).await,
        Command::Demo(args) => demo::run(args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Ended::Failed(problem)) => {
            output::error(&problem);
            ExitCode::from(1)
        }
        Err(Ended::Usage(problem)) => {
            output::error(&problem);
            ExitCode::from(2)
        }
    }
}

/// A command that did not end well.
#[derive(Debug)]
enum Ended {
    /// Exit code 1.
    Failed(Problem),
    /// Exit code 2: the arguments cannot mean anything.
    Usage(Problem),
}

impl From<portolan_engine::error::Error> for Ended {
    fn from(error: portolan_engine::error::Error) -> Self {
        Ended::Failed(error.problem())
    }
}
