//! What the figures belong to: the machine, and the versions of all that took part.

use std::{fs, path::Path, process::Command, thread};

use portolan_tests::Result;
use serde::Serialize;
use serde_json::Value;

/// The machine, as far as it explains a figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    memory_gib: u64,
    kernel: String,
}

impl Machine {
    /// This one.
    pub(crate) fn this() -> Machine {
        let field = |path: &str, name: &str| {
            let text = fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'));
            line.map(|line| line.trim().to_owned())
        };
        let kibibytes = field("/proc/meminfo", "MemTotal").and_then(|size| size.split(' ').next()?.parse::<u64>().ok());
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Machine {
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".into()),
            cores: thread::available_parallelism().map_or(0, usize::from),
            memory_gib: kibibytes.unwrap_or_default().div_ceil(1 << 20),
            // What follows the first dash is whose build it is.
            kernel: kernel.trim().split('-').next().unwrap_or_default().to_owned(),
        }
    }

    /// In one line.
    pub(crate) fn told(&self) -> String {
        let Machine { cpu, cores, memory_gib, kernel } = self;
        format!("{cpu}, {cores} cores, {memory_gib} GiB, Linux {kernel}; the cluster runs on the same machine")
    }
}

/// Who took part.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Versions {
    kubectl: String,
    kube: String,
    portolan: String,
    kubernetes: String,
}

impl Versions {
    /// Asks the commands. `kubernetes` is what the API server says of itself.
    ///
    /// # Errors
    /// When a command does not run.
    pub(crate) fn ask(kubectl: &Path, portolan: &Path, kubernetes: String) -> Result<Versions> {
        let told: Value = serde_json::from_str(&output(kubectl, &["version", "--client", "--output=json"])?)?;
        let kubectl =
            told["clientVersion"]["gitVersion"].as_str().unwrap_or("unknown").trim_start_matches('v').to_owned();
        let portolan = output(portolan, &["--version"])?.trim().trim_start_matches("portolan ").to_owned();
        let kubernetes = kubernetes.trim_start_matches('v').to_owned();
        Ok(Versions { kubectl, kube: locked("kube").unwrap_or("unknown").to_owned(), portolan, kubernetes })
    }

    /// In one line.
    pub(crate) fn told(&self) -> String {
        let Versions { kubectl, kube, portolan, kubernetes } = self;
        format!("kubectl {kubectl}, kube {kube}, portolan {portolan}, Kubernetes {kubernetes}")
    }
}

/// The version of a crate that this was built with.
fn locked(name: &str) -> Option<&'static str> {
    let lock = include_str!("../../Cargo.lock");
    let (_, package) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    package.split('"').next()
}

fn output(command: &Path, args: &[&str]) -> Result<String> {
    let name = command.display();
    let output = Command::new(command)
        .args(args)
        .output()
        .map_err(|error| format!("cannot run {name}: {error}. Name another one: see --help"))?;
    if !output.status.success() {
        return Err(format!("{name} {} failed: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_lock_file_tells_a_version() {
        assert!(super::locked("kube").is_some_and(|version| version.starts_with(|digit: char| digit.is_ascii_digit())));
    }
}
