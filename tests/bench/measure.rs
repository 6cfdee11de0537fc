//! What is measured, and with which sizes. What the figures are called and what they should be is in [`crate::row`].

use clap::ValueEnum;
use serde::Serialize;

/// Who carries the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Way {
    /// `kubectl port-forward`
    Kubectl,
    /// kube's `Api::portforward`, in the least program around it
    KubeRs,
    /// The wire itself, with no local listener between
    Bare,
    /// The same through a relay on this machine that passes on what it gets, unread
    Hop,
    /// `portolan forward`
    Portolan,
}

impl Way {
    /// All, in the order of the table's columns.
    pub(crate) const ALL: [Way; 5] = [Way::Kubectl, Way::KubeRs, Way::Bare, Way::Hop, Way::Portolan];

    /// What it is called in the table and on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Way::Kubectl => "kubectl",
            Way::KubeRs => "kube-rs",
            Way::Bare => "bare",
            Way::Hop => "hop",
            Way::Portolan => "portolan",
        }
    }
}

/// One thing that is done with a forwarder of its own, and gives one or more figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Measure {
    /// From the command's start to its `Forwarding from`
    Start,
    /// Fresh connections, one at a time
    FirstByte,
    /// Fresh connections, 16 at a time
    #[value(name = "first-byte-16")]
    FirstByte16,
    /// Fresh connections to a server 50 ms away, one at a time
    Far,
    /// Fresh connections to a server 50 ms away, 16 at a time
    #[value(name = "far-16")]
    Far16,
    /// A download
    Download,
    /// Eight downloads at once
    #[value(name = "download-8")]
    Download8,
    /// An upload
    Upload,
    /// Eight uploads at once
    #[value(name = "upload-8")]
    Upload8,
    /// A small echo while a download runs in the same session
    Echo,
    /// Connections that are held open and idle
    Idle,
}

impl Measure {
    /// What it is called on the command line, and the first part of its figures' names.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether it makes sense of that way: the bare client neither starts up nor listens, and kube's is only an example. Far
    /// away a local hop is not seen.
    pub(crate) fn asks(self, way: Way) -> bool {
        match self {
            Measure::Start | Measure::Idle => matches!(way, Way::Kubectl | Way::Portolan),
            Measure::Far | Measure::Far16 => way != Way::Hop,
            _ => true,
        }
    }

    /// Whether the server is to be far.
    pub(crate) fn is_far(self) -> bool {
        matches!(self, Measure::Far | Measure::Far16)
    }
}

/// How much of everything.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Sizes {
    /// Starts of a command.
    pub(crate) starts: usize,
    /// Fresh connections, one at a time.
    pub(crate) connections: usize,
    /// Fresh connections, 16 at a time.
    pub(crate) connections_16: usize,
    /// Fresh connections to the far server, one at a time.
    pub(crate) far: usize,
    /// Fresh connections to the far server, 16 at a time.
    pub(crate) far_16: usize,
    /// MiB of a transfer over one stream.
    pub(crate) bulk_mib: u64,
    /// MiB of each of eight streams.
    pub(crate) bulk_8_mib: u64,
    /// MiB of the download beside an echo.
    pub(crate) echo_mib: u64,
    /// Connections that are held open.
    pub(crate) idle: usize,
}

impl Sizes {
    /// Enough that one round's percentiles and rates are steady, in some four minutes for all ways. One warm upgrade
    /// of the bare client carries 320 of these at most: containerd before 2.0 keeps something of each.
    pub(crate) const FULL: Sizes = Sizes {
        starts: 5,
        connections: 300,
        connections_16: 1000,
        far: 40,
        far_16: 320,
        bulk_mib: 512,
        bulk_8_mib: 128,
        echo_mib: 1024,
        idle: 1000,
    };

    /// Just enough to see that everything works: the figures are no measure of anything.
    pub(crate) const QUICK: Sizes = Sizes {
        starts: 1,
        connections: 50,
        connections_16: 200,
        far: 10,
        far_16: 64,
        bulk_mib: 64,
        bulk_8_mib: 16,
        echo_mib: 128,
        idle: 100,
    };
}
