//! What can be typed.

use std::{
    env,
    path::{Path, PathBuf},
};

use clap::Parser;
use portolan_tests::Result;

use crate::measure::{Measure, Way};

/// Measures `portolan forward` against `kubectl port-forward`, kube's own forwarder and the bare wire.
///
/// PORTOLAN_TEST_KUBECONFIG names the cluster, which must hold the tests' workloads: scripts/bench.sh sees to both.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub(crate) struct Args {
    /// How often everything is measured; the table shows medians
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) rounds: u16,
    /// One round with small sizes, to see whether everything works
    #[arg(long, conflicts_with = "rounds")]
    pub(crate) quick: bool,
    /// Only these, comma-separated
    #[arg(long, value_name = "MEASURE", value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<Measure>,
    /// Only these, comma-separated
    #[arg(long, value_name = "WAY", value_enum, value_delimiter = ',')]
    pub(crate) ways: Vec<Way>,
    /// The command to measure [default: the one that was built beside this]
    #[arg(long, value_name = "FILE")]
    portolan: Option<PathBuf>,
    /// What `portolan forward` is told besides, separated by spaces
    #[arg(long, value_name = "ARGS", default_value = "", allow_hyphen_values = true)]
    pub(crate) portolan_args: String,
    /// The kubectl to compare with
    #[arg(long, value_name = "FILE", default_value = "kubectl")]
    pub(crate) kubectl: PathBuf,
    /// Write all figures there, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Replace the generated section of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// How the report says that it was made
    #[arg(long, value_name = "TEXT", default_value = "make bench")]
    pub(crate) command: String,
}

impl Args {
    /// What to measure, each once and in the table's order.
    pub(crate) fn measures(&self) -> Vec<Measure> {
        let all = <Measure as clap::ValueEnum>::value_variants();
        all.iter().copied().filter(|measure| self.only.is_empty() || self.only.contains(measure)).collect()
    }

    /// Whom to measure, each once.
    pub(crate) fn ways(&self) -> Vec<Way> {
        Way::ALL.into_iter().filter(|way| self.ways.is_empty() || self.ways.contains(way)).collect()
    }

    /// The command.
    ///
    /// # Errors
    /// When none was built.
    pub(crate) fn portolan(&self) -> Result<PathBuf> {
        match &self.portolan {
            Some(path) => Ok(path.clone()),
            None => built(Path::new("..").join("portolan"), "cargo build --release -p portolan-cli"),
        }
    }

    /// The example program.
    ///
    /// # Errors
    /// When it was not built.
    pub(crate) fn kube_forward(&self) -> Result<PathBuf> {
        built("kube-forward".into(), "cargo build --release -p portolan-tests --examples")
    }
}

/// A program, from the folder of this one.
fn built(program: PathBuf, by: &str) -> Result<PathBuf> {
    let here = env::current_exe()?;
    let path = here.parent().ok_or("the bench has no folder")?.join(program);
    if path.exists() { Ok(path) } else { Err(format!("there is no {}: {by}", path.display()).into()) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn measures_come_once_and_in_order() {
        let args = Args::parse_from(["bench", "--only", "upload,start,start", "--ways", "portolan,kubectl"]);
        assert_eq!(args.measures(), [Measure::Start, Measure::Upload]);
        assert_eq!(args.ways(), [Way::Kubectl, Way::Portolan]);
    }
}
