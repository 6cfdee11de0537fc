//! The comparison as lines of text, eighty columns wide. Pure, but for the drawing.

#[cfg(test)]
mod tests;

use std::{io::Write, time::Duration};

use anstyle::{AnsiColor, Style};
use portolan_engine::{
    compare::{
        name, span,
        view::{AccountEntry, Asking, ComparisonView, HopKind, Kept, Lane, LaneKind, Method, Outcome, Probe, Score},
    },
    phase::Phase,
};
use terminal_size::{Width, terminal_size};

/// Wider lines are hard to read, also where there is room.
const WIDTH: usize = 80;

/// So many lines of the account are shown under the lanes.
const ACCOUNT: usize = 6;

/// Where the words of an entry of the account begin.
const AFTER_TIME: usize = 10;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const MIND: Style = AnsiColor::Yellow.on_default();
const QUIET: Style = AnsiColor::BrightBlack.on_default();
const STRONG: Style = Style::new().bold();

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    style: Style,
    text: String,
}

/// A line of pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Line(Vec<Piece>);

impl Line {
    fn and(mut self, style: Style, text: impl Into<String>) -> Line {
        self.0.push(Piece { style, text: text.into() });
        self
    }

    fn plain(text: impl Into<String>) -> Line {
        Line::default().and(Style::new(), text)
    }

    /// No wider than `width`: what is cut off leaves a mark.
    fn clipped(self, width: usize) -> Line {
        let whole: usize = self.0.iter().map(|piece| piece.text.chars().count()).sum();
        if whole <= width {
            return self;
        }
        let mut left = width.saturating_sub(1);
        let mut pieces = Vec::new();
        for Piece { style, text } in self.0 {
            let text: String = text.chars().take(left).collect();
            left -= text.chars().count();
            pieces.push(Piece { style, text });
        }
        Line(pieces).and(Style::new(), "…")
    }

    /// With the terminal's colours, which are left out on the way to anything else.
    fn coloured(&self) -> String {
        self.0.iter().map(|Piece { style, text }| format!("{style}{text}{style:#}")).collect()
    }
}

/// What is drawn in place.
#[derive(Debug, Default)]
pub(super) struct Screen {
    /// Lines that were drawn, and are drawn over.
    drawn: usize,
}

impl Screen {
    /// Draws over what was drawn.
    pub(super) fn draw(&mut self, view: &ComparisonView, probes: &[Probe]) {
        let mut lines = lanes(view, probes, width());
        lines.push(Line::default());
        let account =
            view.account.iter().flat_map(|entry| wrapped(&happened(entry, view.opened_at), AFTER_TIME, width()));
        let account: Vec<String> = account.collect();
        lines.extend(account.iter().skip(account.len().saturating_sub(ACCOUNT)).map(|text| Line::plain(text.clone())));
        let mut text = String::new();
        if self.drawn > 0 {
            text.push_str(&format!("\x1b[{}A", self.drawn));
        }
        for line in &lines {
            text.push_str(&format!("{}\x1b[K\n", line.clone().clipped(width()).coloured()));
        }
        text.push_str("\x1b[J");
        self.drawn = lines.len();
        print(&text);
    }
}

/// The last word: the lanes, and the verdicts.
pub(super) fn last(view: &ComparisonView, probes: &[Probe], verdicts: &[&str]) {
    let mut text = String::from("\n");
    for line in lanes(view, probes, width()) {
        text.push_str(&line.clipped(width()).coloured());
        text.push('\n');
    }
    for verdict in verdicts {
        text.push('\n');
        for line in wrapped(verdict, 0, width()) {
            text.push_str(&Line::default().and(STRONG, line).coloured());
            text.push('\n');
        }
    }
    print(&text);
}

/// A reader that has left is no reason to fail.
fn print(text: &str) {
    let mut stdout = anstream::stdout().lock();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}

fn width() -> usize {
    terminal_size().map_or(WIDTH, |(Width(width), _)| usize::from(width).min(WIDTH))
}

/// `   1.5 s  what happened`.
pub(super) fn happened(entry: &AccountEntry, opened_at: u64) -> String {
    let after = Duration::from_millis(entry.at.saturating_sub(opened_at));
    format!("{:>6.1} s  {}", after.as_secs_f64(), entry.text)
}

/// Cut between words; what goes on is put in by `indent`.
fn wrapped(text: &str, indent: usize, width: usize) -> Vec<String> {
    let indent = " ".repeat(indent);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        if !line.trim().is_empty() && line.chars().count() + word.trim_end().chars().count() > width {
            lines.push(line.trim_end().to_owned());
            line.clone_from(&indent);
        }
        line.push_str(word);
    }
    lines.push(line.trim_end().to_owned());
    lines
}

fn lanes(view: &ComparisonView, probes: &[Probe], width: usize) -> Vec<Line> {
    let port = if view.port.name.is_empty() { view.port.port.to_string() } else { view.port.name.clone() };
    let head = Line::default()
        .and(STRONG, format!("svc/{}:{port}", view.service))
        .and(QUIET, format!("  {} · {} · {}", view.namespace, view.context, asked(&view.asking)));
    let mut lines = vec![head];
    for lane in &view.lanes {
        lines.push(Line::default());
        lines.extend(of_lane(lane, view, probes, width));
    }
    let marks = "  A: answered by pod A · b: by B, held or dialled again before · ?: by one · _: lost";
    lines.push(Line::default());
    lines.push(Line::default().and(QUIET, marks));
    lines
}

fn asked(asking: &Asking) -> String {
    let every = span(Duration::from_millis(asking.every_ms.into()));
    match asking.method {
        Method::Get => format!("GET {} every {every}", asking.path),
        Method::Head => format!("HEAD {} every {every}", asking.path),
        Method::Connect => format!("a connection every {every}"),
    }
}

fn of_lane(lane: &Lane, view: &ComparisonView, probes: &[Probe], width: usize) -> Vec<Line> {
    let (style, state) = state(lane);
    let address = if lane.address.is_empty() { "not open" } else { &lane.address };
    let head = Line::default()
        .and(STRONG, format!("{:<12}", name(lane.kind)))
        .and(style, format!("{state:<16}"))
        .and(Style::new(), address);
    let Score { answered, helped, lost, p50_us, p95_us, longest_us } = lane.total;
    let took = |us: Option<u64>| us.map_or_else(|| "–".to_owned(), |us| span(Duration::from_micros(us)));
    let numbers = Line::plain(format!("  {answered} answered, "))
        .and(if helped > 0 { MIND } else { Style::new() }, format!("{helped} helped"))
        .and(Style::new(), ", ")
        .and(if lost > 0 { BAD } else { GOOD }, format!("{lost} lost"))
        .and(Style::new(), format!(" · p50 {} · p95 {} · max {}", took(p50_us), took(p95_us), took(longest_us)));
    let way = wrapped(&format!("  {}", way(lane)), 4, width).into_iter().map(|text| Line::default().and(QUIET, text));
    let served = wrapped(&format!("  {}", served(lane, view)), 4, width).into_iter().map(Line::plain);
    [head].into_iter().chain(way).chain([ribbon(lane, probes, width), numbers]).chain(served).collect()
}

/// A shape and a word, then a colour.
fn state(lane: &Lane) -> (Style, &'static str) {
    let lost_last = lane.recent.answered + lane.recent.helped == 0 && lane.recent.lost > 0;
    match &lane.phase {
        Some(Phase::Resolving) => (MIND, "◌ resolving"),
        Some(Phase::Active { .. }) => (GOOD, "● active"),
        Some(Phase::Waiting { .. }) => (MIND, "◐ waiting"),
        Some(Phase::Broken { .. }) => (BAD, "✕ broken"),
        Some(Phase::Failed { .. }) => (BAD, "✕ failed"),
        Some(Phase::Stopped) => (QUIET, "○ stopped"),
        None if lost_last => (BAD, "✕ no answer"),
        None if lane.total.answered > 0 => (GOOD, "● answers"),
        None => (MIND, "◌ not asked yet"),
    }
}

/// The hops; several of one kind beside each other.
fn way(lane: &Lane) -> String {
    let mut text = String::new();
    let mut before: Option<HopKind> = None;
    for hop in &lane.way {
        text.push_str(match before {
            None => "",
            Some(kind) if kind == hop.kind => ", ",
            Some(_) => " ▸ ",
        });
        text.push_str(match hop.kind {
            HopKind::ApiServer => "API server",
            _ => &hop.value,
        });
        if hop.down {
            text.push_str(" (down)");
        }
        before = Some(hop.kind);
    }
    text
}

/// The last probes, a letter each: which pod answered, and how.
fn ribbon(lane: &Lane, probes: &[Probe], width: usize) -> Line {
    let mut of_lane: Vec<&Probe> = probes.iter().filter(|probe| probe.lane == lane.kind).collect();
    of_lane.sort_by_key(|probe| probe.at);
    let shown = of_lane.len().min(width.saturating_sub(2));
    let mut line = Line::plain("  ");
    for probe in &of_lane[of_lane.len() - shown..] {
        let letter = probe.pod.map_or('?', letter);
        let (style, mark) = match probe.outcome {
            Outcome::Answered { .. } => (GOOD, letter),
            Outcome::Held { .. } | Outcome::Again { .. } => (MIND, letter.to_ascii_lowercase()),
            Outcome::Lost { .. } => (BAD, '_'),
        };
        match line.0.last_mut() {
            Some(last) if last.style == style => last.text.push(mark),
            _ => line = line.and(style, mark),
        }
    }
    line
}

/// The letter of the pod at a place. After the twenty-sixth they begin anew: so many are not told apart anyway.
fn letter(place: u32) -> char {
    char::from(b'A' + u8::try_from(place % 26).unwrap_or_default())
}

/// Who answered, how often; and what of open connections.
fn served(lane: &Lane, view: &ComparisonView) -> String {
    let pod = |place: u32| {
        let met = usize::try_from(place).ok().and_then(|place| view.pods.get(place));
        let name = met.map(|met| met.name.as_str()).unwrap_or_default();
        format!("{} {name}", letter(place))
    };
    let by: Vec<String> = lane.by_pod.iter().map(|(place, count)| format!("{} {count}", pod(*place))).collect();
    let kept = match lane.kept {
        Kept::Open { .. } => " · keeps a connection open",
        Kept::Cut { .. } => " · its open connection was cut",
        Kept::None => "",
    };
    let who = match (by.is_empty(), lane.kind) {
        (false, _) => by.join(" · "),
        (true, LaneKind::NodePort) if lane.total.answered > 0 => "its answers do not say which pod".into(),
        (true, _) => "no pod yet".into(),
    };
    format!("{who}{kept}")
}
