//! Notices what happens to the machine and not to the cluster: it slept, its network changed, a kubeconfig or the settings
//! were edited.
//!
//! Looked for by a look every [`TICK`], which costs some microseconds: there is no one way that tells of a network's
//! change on all systems, and none at all that tells of an edit in every kind of folder, link and mount that a kubeconfig
//! may lie behind. What is noticed is a reason to look again at what may be broken, never to end what works.

use std::{
    collections::BTreeSet,
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// Between two looks.
pub(crate) const TICK: Duration = Duration::from_secs(2);

/// More wall time than this between two looks, and the machine has slept. It is told by the wall clock, as the monotonic one
/// stands still during sleep on some systems and goes on during it on others.
const SLEPT: Duration = Duration::from_secs(10);

/// What a look sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    at: SystemTime,
    /// The addresses of the network interfaces, without those that mean this machine alone.
    addresses: BTreeSet<IpAddr>,
    /// The kubeconfig's files, and what tells an edit of each; `None` of one that is not there.
    files: Vec<(PathBuf, Option<Stamp>)>,
    /// The same of the settings.
    settings: Option<(PathBuf, Option<Stamp>)>,
}

/// What changes when a file is edited: an editor may keep any one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

/// What has happened since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Noticed {
    /// The machine has slept for so long, or stood still.
    pub(crate) slept: Option<Duration>,
    /// An address has come or gone: another network, a VPN up or down.
    pub(crate) network: bool,
    /// A kubeconfig file was edited, has come or has gone.
    pub(crate) kubeconfig: bool,
    /// The settings were edited, by us or somebody else.
    pub(crate) settings: bool,
}

impl Stamp {
    /// Of a file as it is now; `None` if it is not there.
    pub(crate) fn of(path: &Path) -> Option<Stamp> {
        // Through links, to what is edited.
        let meta = fs::metadata(path).ok()?;
        Some(Stamp { length: meta.len(), modified: meta.modified().ok() })
    }
}

impl Seen {
    /// Looks.
    pub(crate) fn now(kubeconfigs: Vec<PathBuf>, settings: Option<PathBuf>) -> Seen {
        let stamped = |path: PathBuf| {
            let stamp = Stamp::of(&path);
            (path, stamp)
        };
        let files = kubeconfigs.into_iter().map(stamped).collect();
        Seen { at: SystemTime::now(), addresses: addresses(), files, settings: settings.map(stamped) }
    }

    /// What has happened between `before` and this look.
    pub(crate) fn since(&self, before: &Seen) -> Noticed {
        // A clock that was set back has not slept.
        let passed = self.at.duration_since(before.at).unwrap_or_default();
        Noticed {
            slept: (passed > SLEPT).then_some(passed),
            network: self.addresses != before.addresses,
            kubeconfig: self.files != before.files,
            settings: self.settings != before.settings,
        }
    }
}

fn addresses() -> BTreeSet<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::debug!(%error, "the network's addresses cannot be read");
        Vec::new()
    });
    interfaces.iter().map(if_addrs::Interface::ip).filter(leads_elsewhere).collect()
}

/// Whether an address is one of a network that leads somewhere. Each container that starts brings a link-local one.
fn leads_elsewhere(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(seconds: u64, addresses: &[&str], stamps: &[Option<u64>]) -> Seen {
        let stamp = |length: u64| Stamp { length, modified: None };
        Seen {
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
            addresses: addresses.iter().map(|ip| ip.parse().unwrap()).collect(),
            files: stamps.iter().map(|length| (PathBuf::from("config"), length.map(stamp))).collect(),
            settings: None,
        }
    }

    #[test]
    fn what_has_happened_between_two_looks() {
        let before = seen(100, &["10.0.0.1"], &[Some(5)]);
        let nothing = Noticed::default();
        let slept = Noticed { slept: Some(Duration::from_secs(600)), ..nothing };
        let network = Noticed { network: true, ..nothing };
        let kubeconfig = Noticed { kubeconfig: true, ..nothing };
        let table = [
            (seen(102, &["10.0.0.1"], &[Some(5)]), nothing),
            (seen(110, &["10.0.0.1"], &[Some(5)]), nothing),
            (seen(700, &["10.0.0.1"], &[Some(5)]), slept),
            (seen(40, &["10.0.0.1"], &[Some(5)]), nothing),
            (seen(102, &["10.0.0.1", "10.8.0.2"], &[Some(5)]), network),
            (seen(102, &[], &[Some(5)]), network),
            (seen(102, &["10.0.0.1"], &[Some(6)]), kubeconfig),
            (seen(102, &["10.0.0.1"], &[None]), kubeconfig),
        ];
        for (now, expected) in table {
            assert_eq!(now.since(&before), expected, "{now:?}");
        }
    }

    #[test]
    fn an_edit_is_seen_also_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("real"), folder.path().join("config"));
        #[cfg(unix)]
        std::os::unix::fs::symlink(&file, &link).unwrap();
        #[cfg(not(unix))]
        let link = file.clone();
        let look = || Seen::now(vec![link.clone()], Some(link.clone()));
        let missing = look();
        fs::write(&file, "one").unwrap();
        let there = look();
        assert!(there.since(&missing).kubeconfig && there.since(&missing).settings);
        assert!(!look().since(&there).kubeconfig && !look().since(&there).settings);
        fs::write(&file, "longer").unwrap();
        assert!(look().since(&there).kubeconfig && look().since(&there).settings);
    }

    #[test]
    fn addresses_that_lead_nowhere_are_no_network() {
        for (ip, leads) in [
            ("127.0.0.1", false),
            ("169.254.1.1", false),
            ("10.0.0.1", true),
            ("fe80::1", false),
            ("::1", false),
            ("2001:db8::1", true),
        ] {
            assert_eq!(leads_elsewhere(&ip.parse().unwrap()), leads, "{ip}");
        }
    }
}
