//! Where words go: answers to standard output, everything else to standard error.

use std::io::{self, Write};

use portolan_engine::error::Problem;

/// A line of the answer. A reader that has left is no reason to end a tunnel.
pub(crate) fn line(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// An answer in colours, which only a terminal gets that has not asked to be spared.
pub(crate) fn styled(text: &str) {
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// A line about what is going on.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// What went wrong, and what to do.
pub(crate) fn error(problem: &Problem) {
    note(&format!("error: {problem}"));
}

/// Columns as wide as what is in them.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let print = |cells: &[String]| {
        let mut text = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            text.push_str(&format!("{cell:<width$}   "));
        }
        line(text.trim_end());
    };
    print(&head.iter().map(ToString::to_string).collect::<Vec<_>>());
    for row in rows {
        print(row);
    }
}
