//! The pods behind a Service, as they come and go. Pure.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use super::view::PodMet;
use crate::{phase::Endpoint, pod};

/// What a comparison needs of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) uid: String,
    pub(super) name: String,
    pub(super) ready: bool,
    /// Somebody has asked for its deletion.
    pub(super) leaving: bool,
    /// The address of its node, as the pod knows it; empty where it is not known.
    pub(super) host: String,
    /// Its node; empty while it has none.
    pub(super) node: String,
}

impl Facts {
    pub(super) fn of(pod: &Pod) -> Facts {
        let status = pod.status.as_ref();
        Facts {
            uid: pod.metadata.uid.clone().unwrap_or_default(),
            name: pod.name_any(),
            ready: pod::is_ready(pod),
            leaving: pod::is_terminating(pod),
            host: status.and_then(|status| status.host_ip.clone()).unwrap_or_default(),
            node: pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).unwrap_or_default(),
        }
    }

    fn serves(&self) -> bool {
        self.ready && !self.leaving
    }
}

/// Something that happened to a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is on its way out, or gone.
    Deleted { uid: String, name: String },
    /// It takes connections.
    Ready { uid: String, name: String },
    /// It does not any more.
    NotReady { uid: String, name: String },
}

/// All that were met, and what is known of those that are there.
#[derive(Debug, Default)]
pub(super) struct Pods {
    met: Vec<PodMet>,
    /// `None` until they were read, and where they may not be.
    there: Option<Vec<Facts>>,
}

impl Pods {
    /// Every pod that was met, in the order in which it was.
    pub(super) fn met(&self) -> &[PodMet] {
        &self.met
    }

    /// The place of a pod, which is met now if it was not before.
    pub(super) fn place(&mut self, uid: &str, name: &str) -> u32 {
        let place = self.met.iter().position(|met| met.uid == uid).unwrap_or_else(|| {
            let exists = self.there.as_ref().is_none_or(|there| there.iter().any(|facts| facts.uid == uid));
            self.met.push(PodMet { uid: uid.to_owned(), name: name.to_owned(), exists });
            self.met.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// The name of the pod at a place.
    pub(super) fn name(&self, place: u32) -> &str {
        usize::try_from(place).ok().and_then(|place| self.met.get(place)).map_or("", |met| &met.name)
    }

    /// The place of a pod that was met, by what `named` says of its name; `None` if that is said of none or of several.
    pub(super) fn named(&self, named: impl Fn(&str) -> bool) -> Option<u32> {
        let mut found = self.met.iter().enumerate().filter(|(_, met)| named(&met.name)).map(|(place, _)| place);
        let only = found.next().filter(|_| found.next().is_none())?;
        u32::try_from(only).ok()
    }

    /// The node of a pod; empty where it is not known.
    pub(super) fn node(&self, uid: &str) -> &str {
        self.there.iter().flatten().find(|facts| facts.uid == uid).map_or("", |facts| &facts.node)
    }

    /// Those that serve now, where they are known.
    pub(super) fn serving(&self) -> impl Iterator<Item = &Facts> {
        self.there.iter().flatten().filter(|facts| facts.serves())
    }

    /// Whether this pod is there and stays; where pods may not be read, whether it was not seen to go.
    pub(super) fn stays(&self, place: u32) -> bool {
        let Some(met) = usize::try_from(place).ok().and_then(|place| self.met.get(place)) else { return false };
        match &self.there {
            Some(there) => there.iter().any(|facts| facts.uid == met.uid && !facts.leaving),
            None => met.exists,
        }
    }

    /// The pod that a button may name: `preferred` if it stays, else the first that serves.
    pub(super) fn to_delete(&self, preferred: Option<u32>) -> Option<u32> {
        let serves = |place: &u32| {
            let uid = usize::try_from(*place).ok().and_then(|place| self.met.get(place)).map(|met| &met.uid);
            self.stays(*place) && (self.there.is_none() || self.serving().any(|facts| Some(&facts.uid) == uid))
        };
        let all = 0..u32::try_from(self.met.len()).unwrap_or(u32::MAX);
        preferred.filter(|place| self.stays(*place)).or_else(|| all.into_iter().find(serves))
    }

    /// Takes in what is there now; what has changed since. What is seen first is no change.
    pub(super) fn take_in(&mut self, mut now: Vec<Facts>) -> Vec<Change> {
        now.sort_by(|one, other| one.name.cmp(&other.name));
        let before = self.there.replace(now.clone());
        for facts in now.iter().filter(|facts| facts.serves()) {
            self.place(&facts.uid, &facts.name);
        }
        for met in &mut self.met {
            met.exists = now.iter().any(|facts| facts.uid == met.uid);
        }
        let Some(before) = before else { return Vec::new() };
        let mut changes = Vec::new();
        let was = |uid: &str| before.iter().find(|facts| facts.uid == uid);
        for gone in before.iter().filter(|was| !was.leaving) {
            let (uid, name) = (gone.uid.clone(), gone.name.clone());
            match now.iter().find(|facts| facts.uid == gone.uid) {
                Some(facts) if !facts.leaving => {
                    if gone.ready && !facts.ready {
                        changes.push(Change::NotReady { uid, name });
                    }
                }
                _ => changes.push(Change::Deleted { uid, name }),
            }
        }
        for facts in now.iter().filter(|facts| facts.serves() && !was(&facts.uid).is_some_and(Facts::serves)) {
            changes.push(Change::Ready { uid: facts.uid.clone(), name: facts.name.clone() });
        }
        changes
    }

    /// Takes in what a tunnel knows, where pods may not be read.
    pub(super) fn take_in_endpoints(&mut self, endpoints: &[Endpoint]) {
        for endpoint in endpoints {
            self.place(&endpoint.uid, &endpoint.pod);
        }
        if self.there.is_none() && !endpoints.is_empty() {
            for met in &mut self.met {
                met.exists = endpoints.iter().any(|endpoint| endpoint.uid == met.uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(name: &str, ready: bool, leaving: bool) -> Facts {
        let (host, node) = (String::new(), String::new());
        Facts { uid: format!("uid-{name}"), name: name.into(), ready, leaving, host, node }
    }

    /// Each change as `deleted a`.
    fn changes(pods: &mut Pods, now: &[(&str, bool, bool)]) -> Vec<String> {
        let now = now.iter().map(|(name, ready, leaving)| facts(name, *ready, *leaving)).collect();
        let told = pods.take_in(now).into_iter().map(|change| match change {
            Change::Deleted { name, .. } => format!("deleted {name}"),
            Change::Ready { name, .. } => format!("ready {name}"),
            Change::NotReady { name, .. } => format!("not ready {name}"),
        });
        told.collect()
    }

    #[test]
    fn what_happens_to_pods_is_told_once() {
        const READY: (bool, bool) = (true, false);
        let mut pods = Pods::default();
        let none: [&str; 0] = [];
        assert_eq!(changes(&mut pods, &[("b", READY.0, READY.1), ("a", true, false), ("c", false, false)]), none);
        let names = |pods: &Pods| pods.met().iter().map(|met| met.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&pods), ["a", "b"], "one that never served was not met");
        assert_eq!(changes(&mut pods, &[("a", true, true), ("b", true, false), ("c", false, false)]), ["deleted a"]);
        assert!(pods.met()[0].exists && !pods.stays(0) && pods.stays(1));
        assert_eq!(changes(&mut pods, &[("b", false, false), ("c", true, false)]), ["not ready b", "ready c"]);
        assert_eq!(names(&pods), ["a", "b", "c"]);
        assert!(!pods.met()[0].exists, "its object has gone, and that it was deleted was told");
        assert_eq!(changes(&mut pods, &[("b", true, false)]), ["deleted c", "ready b"], "at once, without a warning");
        assert_eq!(changes(&mut pods, &[("b", true, false)]), none);
        // The same name is another pod.
        let mut again = vec![facts("b", true, false)];
        again[0].uid = "other".into();
        assert_eq!(pods.take_in(again).len(), 2);
        assert_eq!(names(&pods), ["a", "b", "c", "b"]);
    }

    #[test]
    fn the_button_names_a_pod_that_stays() {
        let mut pods = Pods::default();
        assert_eq!(pods.to_delete(None), None);
        changes(&mut pods, &[("a", true, false), ("b", true, false)]);
        assert_eq!(pods.to_delete(Some(1)), Some(1));
        changes(&mut pods, &[("a", true, false), ("b", false, false)]);
        assert_eq!(pods.to_delete(Some(1)), Some(1), "an ailing one too, where it is the one that is meant");
        changes(&mut pods, &[("a", true, false), ("b", true, true)]);
        assert_eq!(pods.to_delete(Some(1)), Some(0));
        changes(&mut pods, &[("a", false, false)]);
        assert_eq!(pods.to_delete(Some(1)), None);
        assert_eq!(pods.to_delete(Some(9)), None);
    }

    #[test]
    fn where_pods_may_not_be_read_the_tunnel_says_which_are_there() {
        let endpoint = |name: &str| Endpoint { slot: 0, pod: name.into(), uid: format!("uid-{name}"), port: 80 };
        let mut pods = Pods::default();
        pods.take_in_endpoints(&[endpoint("a"), endpoint("b")]);
        pods.take_in_endpoints(&[endpoint("b")]);
        assert_eq!((pods.stays(0), pods.stays(1), pods.to_delete(Some(0))), (false, true, Some(1)));
        // While it waits it knows of none, which says nothing of them.
        pods.take_in_endpoints(&[]);
        assert!(pods.stays(1));
    }

    #[test]
    fn a_name_that_two_pods_had_is_nobodys() {
        let mut pods = Pods::default();
        pods.place("1", "db-0");
        assert_eq!(pods.named(|name| name == "db-0"), Some(0));
        pods.place("2", "db-0");
        assert_eq!((pods.named(|name| name == "db-0"), pods.named(|name| name == "db-1")), (None, None));
    }
}
