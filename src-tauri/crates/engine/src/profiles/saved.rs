//! A profile as it is written down.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{
    context::ContextId,
    error::Error,
    forward::{Balance, Forward, LocalPort, PortMap, Target},
    parse,
};

/// A named set of forwards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What the user calls it; no two have the same.
    pub name: String,
    /// The forwards. At least one.
    pub forwards: Vec<Saved>,
    /// Those of one group stand together; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// What the user wants to remember.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Which of the window's colours it has: from 0 to 6; none for its context's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<u8>,
    /// Whether it is a favourite.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pinned: bool,
    /// Whether it is started with the app.
    #[serde(default, skip_serializing_if = "is_default")]
    pub autostart: bool,
    /// When it was last started, in milliseconds since 1970; 0 if never.
    #[serde(default, skip_serializing_if = "is_default")]
    pub used_at: u64,
}

/// One forward of a profile, in the words of the command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// The context's name.
    pub context: String,
    /// The kubeconfig that has it, where that is a file which the user named.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kubeconfig: String,
    /// The API server's URL when it was saved: if it differs now, the name means another cluster. Empty where unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub server: String,
    /// The namespace.
    pub namespace: String,
    /// `svc/web`, `deploy/web`, `pod/web-7d9`, or `-l app=web`.
    pub target: String,
    /// `8080:80`, `8080:http`, `:80`.
    pub ports: Vec<String>,
    /// The local addresses; none for loopback.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub address: Vec<IpAddr>,
    /// How connections are spread; none for the target's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<Balance>,
    /// How long a connection is held, in seconds.
    #[serde(default = "default_hold", skip_serializing_if = "is_default_hold")]
    pub hold_seconds: u32,
    /// Whether a tunnel to a pod goes on with the next pod of that name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub wait_for_name: bool,
}

/// How many colours the window has.
pub(super) const COLOURS: u8 = 7;

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

pub(super) fn default_hold() -> u32 {
    Forward::DEFAULT_HOLD_SECONDS
}

fn is_default_hold(seconds: &u32) -> bool {
    *seconds == default_hold()
}

impl Profile {
    /// Its forwards, as a session takes them.
    ///
    /// # Errors
    /// When it has none, or one of them cannot mean anything.
    pub fn forwards(&self) -> Result<Vec<Forward>, Error> {
        if self.forwards.is_empty() {
            return Err(Error::BadProfile { name: self.name.clone(), why: "it has no forward".into() });
        }
        let forwards = self.forwards.iter().map(Saved::forward).collect::<Result<Vec<_>, _>>();
        forwards.map_err(|error| Error::BadProfile { name: self.name.clone(), why: error.to_string() })
    }

    /// Finds what cannot mean anything, wherever the profile comes from.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), Error> {
        let bad = |why: &str| Err(Error::BadProfile { name: self.name.clone(), why: why.into() });
        if self.name.trim().is_empty() || self.name.trim() != self.name || self.name.contains(char::is_control) {
            return bad("a name has at least one letter, and none that cannot be seen, also at its ends");
        }
        if self.name.starts_with('-') {
            return bad("a name does not begin with “-”, or a command would take it for an option");
        }
        if self.colour.is_some_and(|colour| colour >= COLOURS) {
            return bad(&format!("a colour is a number from 0 to {}", COLOURS - 1));
        }
        let ports = self.forwards()?.into_iter().flat_map(|forward| {
            let addresses = forward.addresses();
            let fixed = forward.ports.into_iter().filter_map(|map| map.local.fixed());
            fixed
                .flat_map(move |port| addresses.clone().into_iter().map(move |address| (address, port)))
                .collect::<Vec<_>>()
        });
        let mut taken = Vec::new();
        for one in ports {
            if taken.contains(&one) {
                return bad(&format!("local port {} on {} is asked for twice", one.1, one.0));
            }
            taken.push(one);
        }
        Ok(())
    }

    /// As others may have it: without this machine's files, and not started by itself.
    pub(super) fn for_others(self) -> Profile {
        let forwards = self.forwards.into_iter().map(|saved| Saved { kubeconfig: String::new(), ..saved });
        Profile { forwards: forwards.collect(), autostart: false, used_at: 0, ..self }
    }
}

impl Saved {
    /// What a running session would be saved as: its local ports are the ones that it has. `server` is its context's.
    pub fn of(forward: &Forward, server: &str) -> Saved {
        let ContextId { source, name } = forward.context.clone();
        Saved {
            context: name,
            kubeconfig: if source == ContextId::DEFAULT_SOURCE { String::new() } else { source },
            server: server.into(),
            namespace: forward.namespace.clone(),
            target: forward.target.to_string(),
            ports: forward.ports.iter().map(port).collect(),
            address: forward.bind.clone(),
            balance: forward.balance,
            hold_seconds: forward.hold_seconds,
            wait_for_name: forward.wait_for_name,
        }
    }

    /// The context, whether there is one or not.
    pub(crate) fn context_id(&self) -> ContextId {
        let source = if self.kubeconfig.is_empty() { ContextId::DEFAULT_SOURCE } else { &self.kubeconfig };
        ContextId { source: source.into(), name: self.context.clone() }
    }

    /// As a session takes it.
    ///
    /// # Errors
    /// When its target or one of its ports cannot mean anything.
    pub fn forward(&self) -> Result<Forward, Error> {
        let target = match self.target.strip_prefix("-l ") {
            Some(labels) => Target::Selector { labels: labels.into() },
            None => parse::target(&self.target)?,
        };
        let forward = Forward {
            context: self.context_id(),
            namespace: self.namespace.clone(),
            target,
            ports: self.ports.iter().map(|text| parse::port(text)).collect::<Result<_, _>>()?,
            bind: self.address.clone(),
            balance: self.balance,
            hold_seconds: self.hold_seconds,
            wait_for_name: self.wait_for_name,
        };
        forward.check()?;
        Ok(forward)
    }
}

/// A port as it is typed.
fn port(map: &PortMap) -> String {
    let remote = map.remote.plain();
    match map.local {
        LocalPort::Fixed { port } => format!("{port}:{remote}"),
        LocalPort::Same => remote,
        LocalPort::Any | LocalPort::Suggested { before: None } => format!(":{remote}"),
        LocalPort::Suggested { before: Some(port) } => format!("{port}:{remote}"),
    }
}
