//! `make bench`: Portolan against kubectl, kube's own forwarder and the bare wire, on the real cluster, in one run.
//!
//! - [`args`] what can be typed; [`measure`] what is measured with which sizes; [`row`] the figures and their goals
//! - [`site`] the cluster, near and behind the [`relay`], and the programs; [`forwarder`] and [`children`] run them
//! - [`line`](mod@line) what a load is put on, local ports or the [`bare`] client, straight or over a local [`hop`]; [`load`]
//!   the load
//! - [`process`] CPU time and memory; [`machine`] what the figures belong to
//! - [`bench`] the rounds; [`results`] medians and ratios; [`table`] and [`report`] what is printed and written
//!
//! It asserts nothing: a figure is a figure. What fails is counted and shown, whoever's it is. Everything stays between this
//! machine's loopback and the cluster.

mod args;
mod bare;
mod bench;
mod children;
mod clock;
mod forwarder;
mod hop;
mod line;
mod load;
mod machine;
mod measure;
mod process;
mod relay;
mod report;
mod results;
mod row;
mod site;
mod table;

use std::{io, process::ExitCode};

use clap::Parser;
use portolan_tests::Result;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    args::Args,
    bench::Bench,
    machine::{Machine, Versions},
    measure::Sizes,
    report::Report,
    site::Site,
};

/// Open files that the bench and every forwarder may have: a thousand connections, both of their ends, and a good deal over.
const OPEN_FILES: u64 = 16_384;

#[tokio::main]
async fn main() -> ExitCode {
    let ended = tokio::select! {
        ended = run(Args::parse()) => ended,
        stopped = stop_asked() => stopped.and(Err("stopped".into())),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            // Not by a return, which would wait for the threads.
            std::process::exit(1);
        }
    }
}

async fn run(args: Args) -> Result {
    rlimit::increase_nofile_limit(OPEN_FILES)
        .map_err(|error| format!("cannot raise the limit of open files: {error}"))?;
    // It holds a kubeconfig, and goes with this function, also when a signal ends it.
    let folder = tempfile::tempdir()?;
    let site = Site::find(&args, folder.path()).await?;
    let versions = Versions::ask(&args.kubectl, &args.portolan()?, site.kubernetes.clone())?;
    eprintln!("{}", versions.told());
    let (sizes, rounds) = if args.quick { (Sizes::QUICK, 1) } else { (Sizes::FULL, usize::from(args.rounds)) };
    let bench = Bench { site, sizes, rounds, measures: args.measures(), ways: args.ways() };
    let results = tokio::task::spawn_blocking(move || bench.run()).await?;
    let report = Report { command: args.command, machine: Machine::this(), versions, sizes, rounds, results };
    println!("{}", report.markdown());
    if let Some(path) = &args.json {
        report.write_json(path)?;
    }
    if let Some(path) = &args.markdown {
        report.write_markdown(path)?;
    }
    Ok(())
}

/// Ends when the user, or the system on the user's behalf, asks for an end.
async fn stop_asked() -> Result {
    let listen = |kind: SignalKind| -> io::Result<_> { signal(kind) };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    // Whoever is being measured: the thread that started it cannot be told.
    children::stop_all();
    Ok(())
}
