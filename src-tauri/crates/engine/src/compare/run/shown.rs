//! What a comparison shows.

use super::{ComparisonView, Experiment, KEY, Known, Part, Permission, Run, now};
use tokio::sync::watch;

impl Run {
    /// Shows what there is now, where that differs from what was shown.
    pub(super) fn publish(&mut self, view: &watch::Sender<ComparisonView>) {
        let shown = self.shown();
        let modified = view.send_if_modified(|before| {
            let modified = *before != shown;
            before.clone_from(&shown);
            modified
        });
        if modified {
            self.means.feed.set(KEY, Part::Comparison(Box::new(shown)));
        }
    }

    /// Shows what there is to begin with.
    pub(in crate::compare) fn show(&mut self) -> ComparisonView {
        let shown = self.shown();
        self.means.feed.set(KEY, Part::Comparison(Box::new(shown.clone())));
        shown
    }

    fn shown(&mut self) -> ComparisonView {
        let at = now();
        let known = Known {
            subject: &self.opening.subject,
            server: &self.cluster.server,
            address: "",
            phase: None,
            endpoints: &self.endpoints,
            direct: None,
            pods: &self.pods,
            answers: false,
        };
        let lanes = self.lanes.iter_mut().map(|lane| lane.shown(at, &known)).collect();
        ComparisonView {
            context: self.opening.context.clone(),
            namespace: self.opening.namespace.clone(),
            service: self.opening.subject.service.clone(),
            port: self.opening.subject.port.clone(),
            asking: self.asking.clone(),
            state: self.state.clone(),
            opened_at: self.opened_at,
            lanes,
            pods: self.pods.met().to_vec(),
            experiment: self.experiment(),
            account: self.account.entries(),
            probes: self.ribbon.last(),
        }
    }

    fn experiment(&self) -> Experiment {
        let delete = match self.may {
            _ if self.means.marks.is_protected(&self.opening.context) => Permission::Protected,
            Some(true) => Permission::Yes,
            Some(false) => Permission::Forbidden,
            None => Permission::Unknown,
        };
        let direct = self.lanes.iter().find_map(|lane| lane.direct.as_ref());
        let direct = direct.and_then(|to| self.pods.met().iter().position(|met| met.uid == to.uid));
        let preferred = direct.and_then(|place| u32::try_from(place).ok());
        Experiment {
            delete,
            pod: self.pods.to_delete(preferred),
            demo: self.means.marks.is_demo(&self.opening.context),
        }
    }
}
