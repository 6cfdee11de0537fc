//! What the doctor says, in full.

use portolan_engine::explain::view::{Evidence, Finding, FindingCode, Severity};
use textwrap::core::display_width;

use super::page::Page;

/// What is under a finding's title.
const INDENT: &str = "  ";

/// The names of a finding's parts are as wide as this: `found`, `next`, `copy`.
const NAME: usize = 7;

pub(super) fn text(findings: &[Finding], page: Page) -> String {
    if findings.is_empty() {
        return format!("\n{} nothing found wrong\n", page.good("✓"));
    }
    findings.iter().map(|finding| format!("\n{}", one(finding, page))).collect()
}

fn one(finding: &Finding, page: Page) -> String {
    let (mark, name) = match finding.severity {
        Severity::Error => (page.bad("✗"), page.bad(title(finding.code))),
        Severity::Warning => (page.doubtful("!"), page.doubtful(title(finding.code))),
        Severity::Note => (page.noted("i"), page.noted(title(finding.code))),
    };
    let mut text = format!("{mark} {name}  {}\n", page.dim(&finding.object));
    text.push_str(&page.wrapped(&finding.why, INDENT, INDENT));
    text.push('\n');
    text.push_str(&read(&finding.evidence, page));
    let next = format!("{INDENT}{:<NAME$}", "next");
    text.push_str(&page.wrapped(&finding.next, &next, &" ".repeat(next.len())));
    text.push('\n');
    if let Some(snippet) = &finding.snippet {
        text.push_str(&format!("{INDENT}{:<NAME$}{}:\n", "copy", snippet.title));
        // As it is: it is to be copied, however long.
        let lines = snippet.text.lines().map(|line| format!("{INDENT}  {line}\n"));
        text.extend(lines);
    }
    text
}

/// What was read, in columns where they fit.
fn read(evidence: &[Evidence], page: Page) -> String {
    let widest =
        |of: fn(&Evidence) -> &str| evidence.iter().map(|one| display_width(of(one))).max().unwrap_or_default();
    let (object, field) = (widest(|one| &one.object), widest(|one| &one.field));
    let start = INDENT.len() + NAME + object + 2 + field + 2;
    let mut text = String::new();
    for (place, one) in evidence.iter().enumerate() {
        let name = if place == 0 { "read" } else { "" };
        let head = format!("{INDENT}{name:<NAME$}");
        let told = if start + 16 <= page.width {
            let head = format!("{head}{}  {}  ", padded(&one.object, object), padded(&one.field, field));
            page.wrapped(&one.value, &head, &" ".repeat(start))
        } else {
            let indent = " ".repeat(INDENT.len() + NAME + 2);
            page.wrapped(&format!("{} {}: {}", one.object, one.field, one.value), &head, &indent)
        };
        text.push_str(&told);
        text.push('\n');
    }
    text
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(display_width(text))))
}

/// A finding's name.
pub(super) fn title(code: FindingCode) -> &'static str {
    match code {
        FindingCode::SelectorMatchesNothing => "the selector matches no pod",
        FindingCode::NoPodReady => "no pod is ready",
        FindingCode::SomePodsNotReady => "some pods are not ready",
        FindingCode::ScaledToZero => "scaled to 0",
        FindingCode::TargetPortUnnamed => "no container has the targetPort",
        FindingCode::TargetPortDiffers => "some pods lack the targetPort",
        FindingCode::NothingListens => "nothing listens",
        FindingCode::LocalhostOnly => "listens on 127.0.0.1 only",
        FindingCode::PodIpOnly => "listens on the pod's address only",
        FindingCode::NoSelector => "no selector",
        FindingCode::ExternalName => "a DNS alias",
        FindingCode::NotTcp => "not TCP",
        FindingCode::Forbidden => "forbidden",
        FindingCode::Unreachable => "the API server does not answer",
        FindingCode::Login => "not logged in",
        FindingCode::PluginMissing => "the login's program is not there",
        FindingCode::ServiceNotFound => "no such Service",
    }
}
