//! What happened to a session, as a file of the user's: one event a line, for whoever searches it with other tools.

use super::Sessions;
use crate::{
    downloads,
    error::Problem,
    forward::Target,
    session::{journal::SessionEvent, view::SessionId},
};

impl Sessions {
    /// Leaves a session's events, oldest first, as lines of JSON in the user's downloads; in which file. `None` if there is
    /// no such session.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save_events(&self, id: SessionId) -> Result<Option<String>, Problem> {
        let Some(view) = self.watch(id) else { return Ok(None) };
        let name = file_name(&view.borrow().forward.target);
        let text = lines(&self.events(id, 0));
        Ok(Some(downloads::leave(&downloads::folder()?, &name, "jsonl", &text)?.display().to_string()))
    }
}

fn file_name(target: &Target) -> String {
    // `app=web,tier in (a, b)` and `svc/web`: what a file's name may not hold everywhere is left out.
    let text = target.to_string();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-');
    let words: Vec<&str> = words.filter(|word| !word.trim_matches('-').is_empty()).collect();
    format!("portolan-{}-events", words.join("-").trim_matches('-'))
}

fn lines(events: &[SessionEvent]) -> String {
    // What these types hold can always be written.
    let lines = events.iter().filter_map(|event| serde_json::to_string(event).ok());
    lines.map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::journal::What;

    #[test]
    fn a_file_is_named_after_the_target() {
        let table = [
            (Target::Service { name: "web".into() }, "portolan-svc-web-events"),
            (Target::Pod { name: "web-7d9.x".into() }, "portolan-pod-web-7d9.x-events"),
            (Target::Selector { labels: "app=web,tier in (a, b)".into() }, "portolan-l-app-web-tier-in-a-b-events"),
        ];
        for (target, name) in table {
            assert_eq!(file_name(&target), name);
        }
    }

    #[test]
    fn each_event_is_a_line_that_reads_back() {
        let events = [SessionEvent::new(What::Active), SessionEvent::new(What::Refused).text("two\nlines")];
        let text = lines(&events);
        let read: Vec<SessionEvent> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, events);
    }
}
