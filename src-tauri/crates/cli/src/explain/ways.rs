//! The access paths as a table for 80 columns: what they are, whether they answer from here, and where; under each its way.
//! Then, once for all that share it, what never changes.
//!
//! What is told is told by mark and word; colour only repeats it.

use portolan_engine::explain::view::{AccessPath, PathKind, Verdict};

use super::page::Page;

/// The kinds, the longest of which is `tunnel to Service`.
const KIND: usize = 19;
/// The verdicts that fit beside an address; longer ones have lines of their own.
const FROM_HERE: usize = 26;
/// The names of what never changes, and before them.
const FACT: usize = 18;
/// Before what belongs to the line above.
const INDENT: &str = "  ";

/// The whole of it; nothing where there is no way to show.
pub(super) fn text(paths: &[AccessPath], page: Page) -> String {
    if paths.is_empty() {
        return String::new();
    }
    let head = format!("{:<KIND$}{:<FROM_HERE$}{}", "Way", "From here", "Address");
    let mut lines = vec![page.bold(&head)];
    for (at, path) in paths.iter().enumerate() {
        lines.extend(row(path, page));
        // Those of other ports differ in nothing else.
        let is_first = paths[..at].iter().all(|before| before.kind != path.kind);
        if is_first && path.copy.starts_with("portolan ") {
            lines.push(page.dim(&format!("{INDENT}$ {}", path.copy)));
        }
    }
    lines.push(String::new());
    lines.push(page.bold("What never changes of them"));
    let mut told: Vec<&AccessPath> = Vec::new();
    for path in paths {
        if told.iter().any(|other| same_facts(other, path)) {
            continue;
        }
        told.push(path);
        // What was measured stands in one price only; that one says more.
        let alike = paths.iter().filter(|other| same_facts(other, path));
        lines.extend(facts(alike.max_by_key(|path| path.price.len()).unwrap_or(path), page));
    }
    format!("\n{}\n\n", lines.join("\n"))
}

fn row(path: &AccessPath, page: Page) -> Vec<String> {
    let (mark, words) = verdict(&path.verdict);
    let words = format!("{mark} {words}");
    let beside = words.chars().count() < FROM_HERE;
    let cell = if beside { words.as_str() } else { mark };
    let fits = KIND + FROM_HERE + path.address.chars().count() <= page.width;
    let mut lines = vec![format!("{:<KIND$}{}", kind(path.kind), painted(&path.verdict, cell, page))];
    if fits {
        lines[0].push_str(&" ".repeat(FROM_HERE - cell.chars().count()));
        lines[0].push_str(&path.address);
    } else {
        // Never broken, so that it can be copied.
        lines.push(format!("{INDENT}{}", path.address));
    }
    if !beside {
        lines.push(painted(&path.verdict, &page.wrapped(words[mark.len()..].trim(), INDENT, INDENT), page));
    }
    if !path.way.is_empty() {
        lines.push(page.dim(&page.wrapped(&path.way.join(" → "), INDENT, INDENT)));
    }
    lines
}

fn facts(path: &AccessPath, page: Page) -> Vec<String> {
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
    let (title, from) = match path.configured {
        true => (kind(path.kind).to_owned(), 0),
        false => (format!("{}, not there", kind(path.kind)), 6),
    };
    let told = all[from..].iter().map(|(name, what)| {
        let first = format!("{:<FACT$}", format!("{INDENT}{name}"));
        page.wrapped(what, &first, &" ".repeat(FACT))
    });
    [title].into_iter().chain(told).collect()
}

/// Whether what never changes is the same, but for what was measured.
fn same_facts(one: &AccessPath, other: &AccessPath) -> bool {
    let facts = |path: &AccessPath| {
        let cells = [&path.protocols, &path.balances, &path.survives_pod, &path.survives_node, &path.gives];
        (path.kind, path.configured, cells.map(String::clone))
    };
    facts(one) == facts(other)
}

/// A mark and the words.
fn verdict(verdict: &Verdict) -> (&'static str, String) {
    match verdict {
        Verdict::Answers { took_us, what } => {
            let tenths = (took_us + 50) / 100;
            ("✓", format!("{what}, {}.{} ms", tenths / 10, tenths % 10))
        }
        Verdict::Silent { why } => ("✗", why.clone()),
        Verdict::NotProbed { why } => ("·", format!("not asked: {why}")),
        Verdict::InClusterOnly => ("·", "in the cluster only".into()),
        Verdict::NotConfigured => ("-", "not there".into()),
    }
}

fn painted(verdict: &Verdict, words: &str, page: Page) -> String {
    match verdict {
        Verdict::Answers { .. } => page.good(words),
        Verdict::Silent { .. } => page.bad(words),
        Verdict::NotProbed { .. } | Verdict::InClusterOnly => words.to_owned(),
        Verdict::NotConfigured => page.dim(words),
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

#[cfg(test)]
mod tests;
