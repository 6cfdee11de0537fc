//! What the bench leaves behind: the table for the terminal, the same as a section of a Markdown file, and all figures as JSON.

use std::{fs, path::Path};

use portolan_tests::Result;
use serde_json::{Map, Value, json};

use crate::{
    machine::{Machine, Versions},
    measure::{Sizes, Way},
    results::Results,
    row::ROWS,
    table::table,
};

/// Between these lines of a Markdown file is what the bench writes.
const BEGIN: &str = "<!-- bench: from here on written by make bench -->";
const END: &str = "<!-- bench: up to here -->";

/// All there is to tell of a run.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) command: String,
    pub(crate) machine: Machine,
    pub(crate) versions: Versions,
    pub(crate) sizes: Sizes,
    pub(crate) rounds: usize,
    pub(crate) results: Results,
}

impl Report {
    /// As Markdown that reads as text.
    pub(crate) fn markdown(&self) -> String {
        let Sizes { starts, connections, connections_16, far, far_16, bulk_mib, bulk_8_mib, echo_mib, idle } =
            self.sizes;
        let mut text = format!(
            "- Command: `{}`\n- Machine: {}\n- Versions: {}\n\
             - Rounds: {}. In each: {connections} connections one at a time and {connections_16} 16 at a time, {far} and \
             {far_16} to the far server; {bulk_mib} MiB over one stream, 8 × {bulk_8_mib} MiB over eight; an echo beside \
             {echo_mib} MiB; {idle} idle connections; {starts} starts.\n\n{}",
            self.command,
            self.machine.told(),
            self.versions.told(),
            self.rounds,
            table(&self.results),
        );
        let failures: Vec<String> = self
            .results
            .failures()
            .map(|(measure, way, failed)| {
                format!("- {}, {}: {} failed. The first: {}\n", way.name(), measure.name(), failed.count, failed.first)
            })
            .collect();
        if !failures.is_empty() {
            text += &format!("\nWhat went wrong, in all rounds together (✗ in the table):\n\n{}", failures.concat());
        }
        text
    }

    /// As JSON, with every round's figure.
    pub(crate) fn json(&self) -> Value {
        let results = &self.results;
        let rows: Vec<Value> = ROWS
            .iter()
            .map(|row| {
                let ways: Map<String, Value> = Way::ALL
                    .into_iter()
                    .filter_map(|way| {
                        let rounds = results.rounds(row, way)?;
                        let failed = results.failed(row.measure, way).map_or(0, |failed| failed.count);
                        let told = json!({
                            "median": rounds.median, "min": rounds.min, "max": rounds.max, "rounds": rounds.values, "errors": failed,
                        });
                        Some((way.name().to_owned(), told))
                    })
                    .collect();
                json!({
                    "measure": row.measure.name(), "figure": row.figure.name(), "title": row.title, "unit": row.figure.unit(),
                    "better": if row.figure.more_is_better() { "higher" } else { "lower" }, "ways": ways,
                    "times_better_than_kubectl": results.better_than(row, Way::Kubectl),
                    "times_better_than_bare": results.better_than(row, Way::Bare),
                    "times_better_than_hop": results.better_than(row, Way::Hop),
                    "goal_reached": results.reached(row),
                })
            })
            .filter(|row| row["ways"].as_object().is_some_and(|ways| !ways.is_empty()))
            .collect();
        let failures: Vec<Value> = results
            .failures()
            .map(|(measure, way, failed)| {
                json!({"measure": measure.name(), "way": way.name(), "errors": failed.count, "first": failed.first})
            })
            .collect();
        json!({
            "command": self.command, "machine": self.machine, "versions": self.versions, "rounds": self.rounds,
            "sizes": self.sizes, "rows": rows, "failures": failures,
        })
    }

    /// Writes the JSON.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write_json(&self, path: &Path) -> Result {
        let text = serde_json::to_string_pretty(&self.json())? + "\n";
        fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()).into())
    }

    /// Replaces the generated section of a Markdown file.
    ///
    /// # Errors
    /// When the file cannot be read or written, or has no such section.
    pub(crate) fn write_markdown(&self, path: &Path) -> Result {
        let name = path.display();
        let before = fs::read_to_string(path).map_err(|error| format!("cannot read {name}: {error}"))?;
        let after = replaced(&before, &self.markdown())
            .ok_or_else(|| format!("{name} has no section for the bench: add the lines “{BEGIN}” and “{END}” to it"))?;
        fs::write(path, after).map_err(|error| format!("cannot write {name}: {error}").into())
    }
}

/// The text with another section.
fn replaced(text: &str, section: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{section}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_marked_section_is_replaced() {
        let text = format!("# Title\n\n{BEGIN}\nold\n{END}\n\nmore\n");
        let new = replaced(&text, "new\n").expect("there is a section");
        assert_eq!(new, format!("# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nmore\n"));
        assert_eq!(replaced(&new, "new\n"), Some(new.clone()));
        assert_eq!(replaced("# Title", "new"), None);
    }
}
