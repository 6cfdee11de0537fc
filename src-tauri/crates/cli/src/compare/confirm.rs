//! The question before a pod is deleted.

use std::io::{self, Write};

use portolan_engine::compare::view::ComparisonView;
use tokio::sync::oneshot;

/// Asks on the terminal. Only a plain yes is one.
pub(super) async fn deletion(view: &ComparisonView, pod: &str) -> bool {
    let mut stderr = io::stderr();
    let asked = write!(stderr, "Delete pod {pod} in {}, context {}? [y/N] ", view.namespace, view.context);
    if asked.and_then(|()| stderr.flush()).is_err() {
        return false;
    }
    let (answer, answered) = oneshot::channel();
    // On a thread that nobody waits for: the user may end the command instead of answering.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        // The command may have ended meanwhile.
        let _ = answer.send(read.is_ok() && agrees(&line));
    });
    answered.await.unwrap_or(false)
}

fn agrees(line: &str) -> bool {
    matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        assert!(["y\n", "Y", " yes \n"].into_iter().all(agrees));
        assert!(["", "\n", "n\n", "yesno", "j"].into_iter().all(|line| !agrees(line)));
    }
}
