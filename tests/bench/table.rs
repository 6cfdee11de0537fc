//! The table, as aligned Markdown that reads as well in a terminal.

use crate::{
    measure::Way,
    results::Results,
    row::{Goal, ROWS, Row},
};

/// Marks a figure beside which something went wrong, before how often it did.
const WRONG: &str = "✗";

/// The whole table: a line for each row of which anything was measured.
pub(crate) fn table(results: &Results) -> String {
    let mut head = vec!["measure".to_owned()];
    head.extend(Way::ALL.map(|way| way.name().to_owned()));
    head.extend(["portolan to kubectl", "portolan to bare", "portolan to hop", "goal"].map(str::to_owned));
    let measured = |row: &&Row| Way::ALL.into_iter().any(|way| cell(results, row, way) != "–");
    let rows: Vec<Vec<String>> = ROWS.iter().filter(measured).map(|row| line(results, row)).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| rows.iter().chain([&head]).map(|cells| cells[column].chars().count()).max().unwrap_or(0))
        .collect();
    let rule = widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>();
    [&head, &rule].into_iter().chain(&rows).map(|cells| aligned(cells, &widths)).collect()
}

fn aligned(cells: &[String], widths: &[usize]) -> String {
    let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    format!("| {} |\n", padded.join(" | "))
}

fn line(results: &Results, row: &Row) -> Vec<String> {
    let mut cells = vec![format!("{} ({})", row.title, row.figure.unit())];
    cells.extend(Way::ALL.map(|way| cell(results, row, way)));
    cells.push(results.better_than(row, Way::Kubectl).map_or("–".into(), |times| times_better(row, times)));
    cells.push(beside(results, row, Way::Bare));
    cells.push(beside(results, row, Way::Hop));
    cells.push(goal(results, row));
    cells
}

/// The median, the spread of the rounds, and how often something went wrong.
fn cell(results: &Results, row: &Row, way: Way) -> String {
    let wrong = results.failed(row.measure, way).map(|failed| format!("{WRONG}{}", failed.count));
    let figure = results.rounds(row, way).map(|rounds| match rounds.values.len() {
        1 => number(rounds.median),
        _ => format!("{} ({}–{})", number(rounds.median), number(rounds.min), number(rounds.max)),
    });
    match (figure, wrong) {
        (Some(figure), Some(wrong)) => format!("{figure} {wrong}"),
        (Some(figure), None) => figure,
        (None, Some(wrong)) => wrong,
        (None, None) => "–".into(),
    }
}

/// `2.4× faster`, `1.3× slower`, `2.0× less`.
fn times_better(row: &Row, times: f64) -> String {
    let (better, worse) = row.figure.words();
    if times >= 1.0 { format!("{times:.1}× {better}") } else { format!("{:.1}× {worse}", 1.0 / times) }
}

/// A rate as a share of another way's; of anything else, what comes on top of the other's.
fn beside(results: &Results, row: &Row, other: Way) -> String {
    let (Some(ours), Some(theirs)) = (results.rounds(row, Way::Portolan), results.rounds(row, other)) else {
        return "–".into();
    };
    let percent = 100.0 * ours.median / theirs.median;
    match percent {
        percent if !percent.is_finite() => "–".into(),
        percent if row.figure.more_is_better() => format!("{percent:.0} %"),
        percent => format!("{:+.0} %", percent - 100.0),
    }
}

/// What is to be reached, and whether it is.
fn goal(results: &Results, row: &Row) -> String {
    let Goal { times, aim, of_bare, at_most } = row.goal;
    let better = row.figure.words().0;
    let mut parts = Vec::new();
    if let Some(times) = times {
        let aim = aim.map_or(String::new(), |aim| format!(" (aim {aim}×)"));
        parts.push(format!("≥ {times}× {better}{aim}"));
    }
    parts.extend(of_bare.map(|share| match row.figure.more_is_better() {
        true => format!("≥ {:.0} % of bare", share * 100.0),
        false => format!("≤ {:+.0} % to bare", (share - 1.0) * 100.0),
    }));
    parts.extend(at_most.map(|limit| format!("≤ {limit}")));
    match results.reached(row) {
        Some(true) => format!("{}: reached", parts.join(", ")),
        Some(false) => format!("{}: missed", parts.join(", ")),
        None if parts.is_empty() => "–".into(),
        None => parts.join(", "),
    }
}

/// Three digits, or all before the point.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{measure::Measure, row::Figure};

    #[test]
    fn a_row_says_who_is_faster_and_what_went_wrong() {
        let mut results = Results::default();
        for (way, values) in
            [(Way::Kubectl, [2.0, 2.4, 3.0]), (Way::Bare, [0.9, 1.0, 1.0]), (Way::Portolan, [1.1, 1.0, 1.2])]
        {
            values.into_iter().for_each(|value| results.add(Measure::FirstByte, Figure::P50, way, value));
        }
        results.add_failures(Measure::FirstByte, Way::Kubectl, 3, "refused".into());
        let table = table(&results);
        let row = table.lines().nth(2).expect("a head, a rule and a row");
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(
            cells[1..11],
            [
                "first byte, one at a time, p50 (ms)",
                "2.40 (2.00–3.00) ✗3",
                "–",
                "1.00 (0.90–1.00)",
                "–",
                "1.10 (1.00–1.20)",
                "2.2× faster",
                "+10 %",
                "–",
                "≥ 2× faster (aim 3×), ≤ +15 % to bare: reached",
            ]
        );
    }

    #[test]
    fn numbers() {
        assert_eq!([0.333, 2.4, 23.45, 546.4].map(number), ["0.33", "2.40", "23.4", "546"]);
    }
}
