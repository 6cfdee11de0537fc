//! The access paths as a table for 80 columns: what they are, whether they answer from here, and where; under each its way.
//! Then, once for all that share it, what never changes.
//!
//! What is told is told by mark and word; colour only repeats it. The text carries colours: whoever writes it strips them
//! where there is no terminal ([`anstream`]).

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use portolan_engine::explain::view::{AccessPath, PathKind, Verdict};

/// What a terminal has at least.
const WIDTH: usize = 80;
/// The kinds, the longest of which is `tunnel to Service`.
const KIND: usize = 19;
/// The verdicts that fit beside an address; longer ones have lines of their own.
const FROM_HERE: usize = 26;
/// Before what belongs to the line above.
const INDENT: usize = 2;
/// The names of what never changes.
const FACT: usize = 16;

/// The whole of it; lines end with a newline each. Nothing where there is no way to show.
pub(crate) fn table(paths: &[AccessPath]) -> String {
    let mut text = String::new();
    if paths.is_empty() {
        return text;
    }
    line(&mut text, Style::new().bold(), &format!("{:<KIND$}{:<FROM_HERE$}{}", "WAY", "FROM HERE", "ADDRESS"));
    for path in paths {
        row(&mut text, path);
    }
    text.push('\n');
    line(&mut text, Style::new().bold(), "WHAT NEVER CHANGES");
    let mut told: Vec<&AccessPath> = Vec::new();
    for path in paths {
        if told.iter().any(|other| same_facts(other, path)) {
            continue;
        }
        told.push(path);
        // What was measured stands in one price only; that one says more.
        let alike = paths.iter().filter(|other| same_facts(other, path));
        facts(&mut text, alike.max_by_key(|path| path.price.len()).unwrap_or(path));
    }
    text
}

fn row(text: &mut String, path: &AccessPath) {
    let (mark, words, style) = verdict(&path.verdict);
    let words = format!("{mark} {words}");
    let beside = words.chars().count() < FROM_HERE;
    let cell = if beside { words.as_str() } else { mark };
    let address = (KIND + FROM_HERE + path.address.chars().count() <= WIDTH).then_some(path.address.as_str());
    let padding = " ".repeat(FROM_HERE - cell.chars().count());
    let head = format!("{:<KIND$}{style}{cell}{style:#}{padding}{}", kind(path.kind), address.unwrap_or_default());
    text.push_str(head.trim_end());
    text.push('\n');
    if address.is_none() {
        // Never broken, so that it can be copied.
        line(text, Style::new(), &format!("{:INDENT$}{}", "", path.address));
    }
    if !beside {
        wrapped(text, style, "", &words[mark.len()..]);
    }
    if !path.way.is_empty() {
        wrapped(text, Style::new().dimmed(), "", &path.way.join(" → "));
    }
    if path.copy.starts_with("portolan ") {
        line(text, Style::new().dimmed(), &format!("{:INDENT$}$ {}", "", path.copy));
    }
}

fn facts(text: &mut String, path: &AccessPath) {
    let title = if path.configured { kind(path.kind).to_owned() } else { format!("{}, not there", kind(path.kind)) };
    line(text, Style::new().underline(), &title);
    let all = [
        ("protocols", &path.protocols),
        ("balances", &path.balances),
        ("pod replaced", &path.survives_pod),
        ("node lost", &path.survives_node),
        ("lasts", &path.lasts),
        ("reached by", &path.exposure),
        ("for", &path.used_for),
        ("gives", &path.gives),
        ("price", &path.price),
    ];
    // Of what is not there the rest is nobody's question yet.
    let from = if path.configured { 0 } else { 6 };
    for (name, what) in &all[from..] {
        wrapped(text, Style::new(), name, what);
    }
}

/// Whether what never changes is the same, but for what was measured.
fn same_facts(one: &AccessPath, other: &AccessPath) -> bool {
    let facts = |path: &AccessPath| {
        let cells = [&path.protocols, &path.balances, &path.survives_pod, &path.survives_node, &path.gives];
        (path.kind, path.configured, cells.map(String::clone))
    };
    facts(one) == facts(other)
}

/// A mark, the words and the colour.
fn verdict(verdict: &Verdict) -> (&'static str, String, Style) {
    let colour = |colour: AnsiColor| colour.on_default();
    match verdict {
        Verdict::Answers { took_us, what } => {
            let tenths = (took_us + 50) / 100;
            ("✓", format!("{what}, {}.{} ms", tenths / 10, tenths % 10), colour(AnsiColor::Green))
        }
        Verdict::Silent { why } => ("✗", why.clone(), colour(AnsiColor::Red)),
        Verdict::NotProbed { why } => ("·", format!("not asked: {why}"), Style::new()),
        Verdict::InClusterOnly => ("·", "in the cluster only".into(), Style::new()),
        Verdict::NotConfigured => ("-", "not there".into(), Style::new().dimmed()),
    }
}

fn kind(kind: PathKind) -> &'static str {
    match kind {
        PathKind::ServiceTunnel => "tunnel to Service",
        PathKind::PodTunnel => "tunnel to pod",
        PathKind::ApiProxy => "API-server proxy",
        PathKind::ClusterIp => "ClusterIP",
        PathKind::NodePort => "NodePort",
        PathKind::LoadBalancer => "LoadBalancer",
        PathKind::Ingress => "Ingress",
        PathKind::HeadlessName => "name in DNS",
    }
}

fn line(text: &mut String, style: Style, words: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{style}{}{style:#}", words.trim_end());
}

/// Words in as many lines as they take, beside a name or below what they belong to. A word that is longer than a line
/// stays whole.
fn wrapped(text: &mut String, style: Style, name: &str, words: &str) {
    let indent = if name.is_empty() { INDENT } else { INDENT + FACT };
    let mut lines = vec![String::new()];
    for word in words.split_whitespace() {
        let last = lines.len() - 1;
        let taken = lines[last].chars().count();
        if taken > 0 && indent + taken + 1 + word.chars().count() > WIDTH {
            lines.push(word.to_owned());
        } else {
            lines[last] = format!("{} {word}", lines[last]).trim_start().to_owned();
        }
    }
    for (number, words) in lines.iter().enumerate() {
        let name = if number == 0 { name } else { "" };
        let before = format!("{:INDENT$}{name}", "");
        let _ = writeln!(text, "{before:<indent$}{style}{words}{style:#}");
    }
}

#[cfg(test)]
mod tests;
