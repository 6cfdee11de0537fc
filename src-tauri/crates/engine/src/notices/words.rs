//! What a notice says: a desktop shows a line, and a few more for who looks.

use super::{Ailment, News, Notice};
use crate::error::list;

impl Notice {
    /// `svc/web broke`, `8 tunnels to staging wait`.
    pub fn title(&self) -> String {
        let context = &self.context.name;
        let one = match self.sessions.as_slice() {
            [only] => Some(only.target.as_str()),
            _ => None,
        };
        let (who, s) = match one {
            Some(target) => (target.to_owned(), "s"),
            None => (format!("{} tunnels to {context}", self.sessions.len()), ""),
        };
        match &self.news {
            News::Back => format!("{who} {} back", if one.is_some() { "is" } else { "are" }),
            News::Ill(Ailment::Waits(_)) => format!("{who} wait{s}"),
            News::Ill(Ailment::NeedsYou(_)) => format!("{who} need{s} you"),
            News::Ill(Ailment::Unstable(_)) => format!("{who} come{s} and go{}", if one.is_some() { "es" } else { "" }),
            News::Ill(Ailment::Over(_)) => format!("{who} broke"),
        }
    }

    /// Which they are, why, and what to do.
    pub fn body(&self) -> String {
        let which = match self.sessions.as_slice() {
            [_] => format!("Context {}.", self.context.name),
            many => format!("{}.", list(many.iter().map(|one| &one.target))),
        };
        match &self.news {
            News::Back => which,
            News::Ill(ailment) => {
                let problem = ailment.problem();
                let lines = [problem.message.clone(), problem.next.clone(), which];
                lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
            }
        }
    }
}
