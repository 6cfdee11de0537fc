//! What can be typed.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use portolan_demo::{Demo, Fault, Options, faults::FAULTS};
use portolan_engine::{
    Wire,
    compare::view::Method,
    error::Error,
    explain::view::ProbePorts,
    forward::{Balance, Forward, PortMap, Target},
    kubeconfig::{ContextEntry, Source},
    parse,
};

use crate::{Ended, demo};

/// Tunnels to Kubernetes that stay open while pods come and go.
#[derive(Debug, Parser)]
#[command(name = "portolan", version, propagate_version = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Open a tunnel to a Service, a workload or a pod, and keep it open
    Forward(ForwardArgs),
    /// List what there is to forward to
    Get(GetArgs),
    /// Open all tunnels of one or more profiles, and keep them open
    Up(UpArgs),
    /// List, add, remove, export and import profiles
    Profiles(ProfilesArgs),
    /// Say what a Service is, and why it does or does not work
    Explain(ExplainArgs),
    /// Put a Service beside one of its pods, and see what each survives
    Compare(CompareArgs),
    /// Run a small cluster of Portolan's own, to try things on
    Demo(DemoArgs),
}

/// Which cluster and namespace.
#[derive(Debug, clap::Args)]
pub(crate) struct ClusterArgs {
    /// The namespace [default: the context's]
    #[arg(short, long, value_name = "NS")]
    pub(crate) namespace: Option<String>,
    /// The kubeconfig's context [default: the current one]
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// The kubeconfig [default: the files in $KUBECONFIG, else ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Instead: a demo cluster, which this command starts and which ends with it
    #[arg(long, conflicts_with_all = ["context", "kubeconfig"])]
    pub(crate) demo: bool,
}

/// Where the command finds its cluster.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) source: Source,
    /// Runs while the command does.
    demo: Option<Demo>,
}

impl Opened {
    /// Whether it is a demo cluster that this command has started.
    pub(crate) fn is_demo(&self) -> bool {
        self.demo.is_some()
    }
}

impl ClusterArgs {
    /// Finds the kubeconfig, or starts a demo cluster that has one.
    pub(crate) async fn open(&self) -> Result<Opened, Ended> {
        if self.demo {
            let demo = demo::start(Options::default()).await?;
            return Ok(Opened { source: Source::File(demo.kubeconfig().to_owned()), demo: Some(demo) });
        }
        let source = self.kubeconfig.clone().map_or(Source::Default, Source::File);
        Ok(Opened { source, demo: None })
    }

    /// The context that is meant, which must exist.
    pub(crate) fn context(&self, opened: &Opened) -> Result<ContextEntry, Ended> {
        Ok(opened.source.load()?.find(self.context.as_deref())?)
    }

    /// The namespace that is meant.
    pub(crate) fn namespace(&self, context: &ContextEntry) -> String {
        self.namespace.clone().unwrap_or_else(|| context.namespace.clone())
    }
}

/// Open a tunnel to a Service, a workload or a pod, and keep it open.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
TARGET is svc/NAME, deploy/NAME, sts/NAME, ds/NAME, rs/NAME, rc/NAME, job/NAME, pod/NAME or a pod's NAME.
A Service's ports are the Service's; the others' are the containers'.

Examples:
  portolan forward svc/web 8080:80        a Service's port 80 on localhost:8080
  portolan forward svc/web 8080:http      the same port by its name
  portolan forward deploy/web :80         any free local port
  portolan forward -l app=web 8080:80     any ready pod with that label
  portolan forward db-0 5432              one pod, while it lives
  portolan forward --demo svc/web 8080:80     no cluster is needed for this one")]
pub(crate) struct ForwardArgs {
    #[command(flatten)]
    pub(crate) tunnel: TunnelArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    /// Wait for a target that does not exist yet, is forbidden or cannot be reached
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) carried: CarriedArgs,
}

/// What to forward, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct TunnelArgs {
    /// The target (left out with -l), then one or more ports
    #[arg(value_name = "TARGET [LOCAL:]REMOTE", required = true)]
    pub(crate) target_and_ports: Vec<String>,
    /// Forward to the ready pods with these labels
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,
    /// Local addresses to listen on, comma-separated: IPs or localhost
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',', default_value = "localhost", value_parser = address)]
    pub(crate) address: Vec<Address>,
    /// Each connection to another ready pod (the default for Services)
    #[arg(long, conflicts_with = "sticky")]
    pub(crate) balanced: bool,
    /// One pod until it goes (the default for workloads and labels)
    #[arg(long)]
    pub(crate) sticky: bool,
    /// How long a connection waits for a ready pod
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub(crate) hold: Duration,
}

impl TunnelArgs {
    /// Where it is found, the context, and what is asked for. What cannot mean anything is said before anything is opened.
    pub(crate) async fn forward(&self, cluster: &ClusterArgs) -> Result<(Opened, ContextEntry, Forward), Ended> {
        let (target, ports) = self.target_and_ports().map_err(|error| Ended::Usage(error.problem()))?;
        let opened = cluster.open().await?;
        let context = cluster.context(&opened)?;
        let forward = Forward {
            namespace: cluster.namespace(&context),
            context: context.id.clone(),
            target,
            ports,
            bind: Address::ips(&self.address),
            balance: match (self.balanced, self.sticky) {
                (true, _) => Some(Balance::Balanced),
                (_, true) => Some(Balance::Sticky),
                _ => None,
            },
            hold_seconds: u32::try_from(self.hold.as_secs()).unwrap_or(u32::MAX),
            wait_for_name: false,
        };
        forward.check().map_err(|error| Ended::Usage(error.problem()))?;
        Ok((opened, context, forward))
    }

    /// The target and the ports, as kubectl reads them: with `-l` all that is typed are ports.
    fn target_and_ports(&self) -> Result<(Target, Vec<PortMap>), Error> {
        let (target, ports) = match (&self.selector, self.target_and_ports.split_first()) {
            (Some(labels), _) => (Target::Selector { labels: labels.clone() }, self.target_and_ports.as_slice()),
            (None, Some((target, ports))) => (parse::target(target)?, ports),
            // clap asks for one at least.
            (None, None) => (parse::target("")?, [].as_slice()),
        };
        if ports.is_empty() {
            return Err(Error::NoPort);
        }
        let ports = ports.iter().map(|text| parse::port(text)).collect::<Result<_, _>>()?;
        Ok((target, ports))
    }
}

/// How it is carried, and told.
#[derive(Debug, clap::Args)]
pub(crate) struct CarriedArgs {
    /// How bytes travel to the cluster: spdy, tunnel or websocket [default: what works best]
    #[arg(long, value_name = "WIRE", env = "PORTOLAN_WIRE", hide_env_values = true)]
    pub(crate) wire: Option<Wire>,
    /// Text, or one JSON object a line
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

/// Open all tunnels of one or more profiles, and keep them open.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
All their local ports are taken at once, or none. A tunnel whose target does not exist yet waits for it.")]
pub(crate) struct UpArgs {
    /// The profiles: see `portolan profiles list`
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) carried: CarriedArgs,
}

/// List, add, remove, export and import profiles.
#[derive(Debug, clap::Args)]
pub(crate) struct ProfilesArgs {
    #[command(subcommand)]
    pub(crate) command: ProfilesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfilesCommand {
    /// List them
    List {
        /// Text, or one JSON document
        #[arg(short, long, value_enum, default_value_t = Format::Text)]
        output: Format,
    },
    /// Add a profile of one tunnel, or a tunnel to a profile
    Add(Box<AddArgs>),
    /// Remove one
    Remove {
        /// Which
        name: String,
    },
    /// Write them as JSON, for others or for another machine
    Export {
        /// Which [default: all]
        names: Vec<String>,
    },
    /// Take in what was exported, `kubectl port-forward` lines, a shell's history, or kftray's JSON
    Import {
        /// The file, or - for standard input
        file: PathBuf,
        /// Say what would be done, and do nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// Add a profile of one tunnel, or a tunnel to a profile.
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// What it is to be called; one that there is gets the tunnel, too
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) tunnel: TunnelArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    /// The group that it belongs to
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) group: String,
    /// What to remember of it
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) note: String,
}

/// List what there is to forward to.
#[derive(Debug, clap::Args)]
pub(crate) struct GetArgs {
    /// Which list
    #[arg(value_enum)]
    pub(crate) list: List,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    /// All namespaces
    #[arg(short = 'A', long, action = ArgAction::SetTrue, conflicts_with = "namespace")]
    pub(crate) all_namespaces: bool,
    /// Text, or one JSON document
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

/// Say what a Service is, and why it does or does not work.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Ports that look like HTTP are asked once, by every way that there is: GET /. With --probe all the others get a connection
without a byte, which a database may log as a login that broke off.

Examples:
  portolan explain svc/web -n shop        its objects side by side, and what is wrong with them
  portolan explain svc/web -o json        the same for programs; `findings` is empty for a healthy Service")]
pub(crate) struct ExplainArgs {
    /// The Service: svc/NAME
    #[arg(value_name = "SERVICE")]
    pub(crate) service: String,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    /// Which of its ports are asked whether they answer
    #[arg(long, value_enum, value_name = "PORTS", default_value_t = Probed::Http)]
    pub(crate) probe: Probed,
    /// Text, or one JSON document
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

/// Which ports are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Probed {
    /// None: nothing is sent to a pod
    None,
    /// Those that look like HTTP
    Http,
    /// All
    All,
}

impl From<Probed> for ProbePorts {
    fn from(probed: Probed) -> ProbePorts {
        match probed {
            Probed::None => ProbePorts::None,
            Probed::Http => ProbePorts::Http,
            Probed::All => ProbePorts::All,
        }
    }
}

/// Put a Service beside one of its pods, and see what each survives.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A tunnel to the Service, a tunnel to one of its pods and the NodePort, if there is one, are asked the same on one clock,
each time over a fresh connection: GET / twice a second where the port speaks HTTP.

Examples:
  portolan compare svc/web:http                     half a minute of each way
  portolan compare svc/web:80 --delete-pod          and what happens when the pod goes
  portolan compare --demo svc/web:http --delete-pod     no cluster is needed for this one")]
pub(crate) struct CompareArgs {
    /// The Service and its port, by name or by number
    #[arg(value_name = "svc/NAME:PORT")]
    pub(crate) target: String,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    /// How long
    #[arg(long = "for", value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub(crate) length: Duration,
    /// Delete the direct tunnel's pod after a quarter of the time
    #[arg(long)]
    pub(crate) delete_pod: bool,
    /// Delete it without asking
    #[arg(short, long, requires = "delete_pod")]
    pub(crate) yes: bool,
    /// What is asked [default: get where the port looks like HTTP]
    #[arg(long, value_enum, value_name = "METHOD")]
    pub(crate) method: Option<Asked>,
    /// The path that is asked for
    #[arg(long, value_name = "PATH", default_value = "/")]
    pub(crate) path: String,
    /// Ask also where the port does not look like HTTP: a connection every 5 s, and nothing sent over it
    #[arg(long)]
    pub(crate) start: bool,
    /// Text, or one JSON document at the end
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

/// What a probe asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Asked {
    Get,
    Head,
    /// Nothing: that the connection is accepted is enough
    Connect,
}

impl From<Asked> for Method {
    fn from(asked: Asked) -> Method {
        match asked {
            Asked::Get => Method::Get,
            Asked::Head => Method::Head,
            Asked::Connect => Method::Connect,
        }
    }
}

/// Run a small cluster of Portolan's own, to try things on.
#[derive(Debug, clap::Args)]
#[command(after_help = faults())]
pub(crate) struct DemoArgs {
    /// So many pods more, in the namespace crowd
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) pods: usize,
    /// What it does badly on purpose, as below; may be repeated
    #[arg(long, value_name = "FAULT")]
    pub(crate) fault: Vec<Fault>,
    /// Text, or one JSON object a line
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum List {
    #[value(alias = "context", alias = "ctx")]
    Contexts,
    #[value(alias = "namespace", alias = "ns")]
    Namespaces,
    #[value(alias = "service", alias = "svc")]
    Services,
    #[value(alias = "workload")]
    Workloads,
    #[value(alias = "pod", alias = "po")]
    Pods,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// What `--fault` takes.
fn faults() -> String {
    let lines: Vec<String> = FAULTS.iter().map(|(name, what)| format!("  {name:<17} {what}")).collect();
    format!("FAULT is one of:\n{}", lines.join("\n"))
}

/// A local address as kubectl takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// 127.0.0.1, and ::1 where the machine has it.
    Localhost,
    Ip(IpAddr),
}

impl Address {
    /// The addresses to bind; none means loopback.
    pub(crate) fn ips(addresses: &[Address]) -> Vec<IpAddr> {
        let loopback = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
        match addresses {
            [Address::Localhost] => Vec::new(),
            many => many
                .iter()
                .flat_map(|address| match address {
                    Address::Localhost => loopback.to_vec(),
                    Address::Ip(ip) => vec![*ip],
                })
                .collect(),
        }
    }
}

fn address(text: &str) -> Result<Address, String> {
    match text {
        "localhost" => Ok(Address::Localhost),
        ip => ip.parse().map(Address::Ip).map_err(|_| "write an IP address of this machine, or localhost".into()),
    }
}

/// `30s`, `2m`, `0s` or a plain number of seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| "write a number and a unit: 30s or 2m".to_owned())?;
    match unit {
        "" | "s" => Ok(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs).ok_or_else(|| "that is too long".into()),
        other => Err(format!("“{other}” is no unit: write s or m")),
    }
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
    fn durations() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("7"), Ok(Duration::from_secs(7)));
        for text in ["", "s", "-1s", "1h", "1.5s", "500ms", "99999999999999999999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(Address::ips(&[Address::Localhost]), Vec::<IpAddr>::new());
        assert_eq!(Address::ips(&[Address::Ip([0, 0, 0, 0].into())]), [IpAddr::from([0, 0, 0, 0])]);
        assert_eq!(Address::ips(&[Address::Localhost, Address::Ip([127, 0, 0, 2].into())]).len(), 3);
        assert!(address("nowhere").is_err());
    }
}
