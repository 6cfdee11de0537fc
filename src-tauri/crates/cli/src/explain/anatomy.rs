//! The anatomy in a terminal: the objects as blocks beside each other, as many as fit, and the joins under them.

use portolan_engine::explain::view::{Anatomy, AnatomyObject, End, Join, JoinKind};
use textwrap::core::display_width;

use super::{findings::title, page::Page};

/// Before a join.
const INDENT: &str = "  ";

/// Between two blocks.
const GAP: usize = 3;

pub(super) fn text(anatomy: &Anatomy, page: Page) -> String {
    if anatomy.objects.is_empty() {
        return String::new();
    }
    let blocks: Vec<Block> = anatomy.objects.iter().map(Block::of).collect();
    let mut text = String::new();
    let mut rest = blocks.as_slice();
    while !rest.is_empty() {
        // As many as fit, and one at least.
        let fitting = (1..=rest.len()).rev().find(|count| width(&rest[..*count]) <= page.width).unwrap_or(1);
        let (row, below) = rest.split_at(fitting);
        text.push_str(&beside(row, page));
        text.push('\n');
        rest = below;
    }
    text.push_str(&joins(anatomy, page));
    format!("{}\n", text.trim_end())
}

/// An object, line by line.
struct Block {
    title: String,
    lines: Vec<String>,
    width: usize,
}

impl Block {
    fn of(object: &AnatomyObject) -> Self {
        let indented = |depth: u32| "  ".repeat(depth as usize);
        let lines: Vec<String> =
            object.lines.iter().map(|line| format!("{}{}", indented(line.depth), line.text)).collect();
        let width = lines.iter().chain([&object.object]).map(|line| display_width(line)).max().unwrap_or_default();
        Block { title: object.object.clone(), lines, width }
    }
}

fn width(blocks: &[Block]) -> usize {
    blocks.iter().map(|block| block.width + GAP).sum::<usize>().saturating_sub(GAP)
}

fn beside(blocks: &[Block], page: Page) -> String {
    let row = |cell: &dyn Fn(&Block) -> (String, String)| {
        let mut line = String::new();
        let mut due = 0;
        for block in blocks {
            let (shown, plain) = cell(block);
            if !plain.is_empty() {
                line.push_str(&" ".repeat(due));
                line.push_str(&shown);
                due = 0;
            }
            due += block.width + GAP - display_width(&plain);
        }
        line + "\n"
    };
    let mut text = row(&|block| (page.bold(&block.title), block.title.clone()));
    for place in 0..blocks.iter().map(|block| block.lines.len()).max().unwrap_or_default() {
        text.push_str(&row(&|block| {
            let line = block.lines.get(place).cloned().unwrap_or_default();
            (line.clone(), line)
        }));
    }
    text
}

/// The joins by kind, each kind with what it does.
fn joins(anatomy: &Anatomy, page: Page) -> String {
    let mut text = String::new();
    for kind in [JoinKind::Selector, JoinKind::NodePort, JoinKind::TargetPort, JoinKind::ContainerPort] {
        let of_kind: Vec<&Join> = anatomy.joins.iter().filter(|join| join.kind == kind).collect();
        let mut lessons: Vec<&str> = Vec::new();
        if of_kind.is_empty() {
            continue;
        }
        text.push_str(&format!("{}\n", page.bold(name(kind))));
        for join in of_kind {
            text.push_str(&format!("{INDENT}{}\n", line(anatomy, join, page)));
            if !lessons.contains(&join.lesson.as_str()) {
                lessons.push(&join.lesson);
            }
        }
        for lesson in lessons {
            text.push_str(&page.dim(&page.wrapped(lesson, INDENT, INDENT)));
            text.push('\n');
        }
    }
    text
}

fn name(kind: JoinKind) -> &'static str {
    match kind {
        JoinKind::Selector => "selector ↔ labels",
        JoinKind::NodePort => "nodePort → port",
        JoinKind::TargetPort => "port → targetPort",
        JoinKind::ContainerPort => "targetPort → containerPort",
    }
}

/// `✓ app: web → deploy/web app: web`
fn line(anatomy: &Anatomy, join: &Join, page: Page) -> String {
    let (from, to) = (at(anatomy, &join.from), join.to.as_ref().and_then(|end| at(anatomy, end)));
    let from = from.map(|(_, line)| line).unwrap_or_default();
    let to = match (to, &join.to) {
        (Some((_, line)), Some(end)) if end.object == join.from.object => line.to_owned(),
        (Some((object, line)), _) => format!("{object} {line}"),
        // Nobody declares it, which is allowed; or it leads nowhere.
        (None, _) if join.broken.is_none() => "not declared".into(),
        (None, _) => "nothing".into(),
    };
    let Some(code) = join.broken else { return format!("{} {from} → {to}", page.good("✓")) };
    let (line, why) = (format!("{from} → {to}"), title(code));
    // On the same line where it fits.
    let fits = INDENT.len() + 2 + display_width(&line) + 2 + display_width(why) <= page.width;
    let between = if fits { "  ".to_owned() } else { format!("\n{INDENT}  ") };
    format!("{} {line}{between}{}", page.bad("✗"), page.bad(why))
}

/// The object's name and the line, without the dash of a list.
fn at<'a>(anatomy: &'a Anatomy, end: &End) -> Option<(&'a str, &'a str)> {
    let object = anatomy.objects.get(usize::try_from(end.object).ok()?)?;
    let line = object.lines.iter().find(|line| line.field == end.field)?;
    Some((&object.object, line.text.trim_start_matches("- ")))
}
