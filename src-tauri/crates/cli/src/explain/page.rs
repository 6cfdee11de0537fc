//! How wide the text is, and in what colours. What is not a terminal gets none: see `output::styled`.

use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};
use terminal_size::{Width, terminal_size};
use textwrap::Options;

/// What is assumed where there is no terminal to ask.
const USUAL: usize = 80;

/// Longer lines are hard to read.
const WIDEST: usize = 100;

/// Less than this is not worth the trouble.
const NARROWEST: usize = 40;

/// A page to write on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    /// Columns.
    pub(super) width: usize,
}

impl Page {
    /// As wide as the terminal, within reason.
    pub(super) fn of_terminal() -> Self {
        let asked = std::io::stdout().is_terminal().then(terminal_size).flatten();
        let width = asked.map_or(USUAL, |(Width(width), _)| usize::from(width));
        Page { width: width.clamp(NARROWEST, WIDEST) }
    }

    /// The text in lines that fit, the first after `first` and the others after `then`.
    pub(super) fn wrapped(self, text: &str, first: &str, then: &str) -> String {
        // Names and commands are not broken: they are to be copied.
        let options = Options::new(self.width)
            .initial_indent(first)
            .subsequent_indent(then)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        textwrap::fill(text, options)
    }

    pub(super) fn bold(self, text: &str) -> String {
        styled(Style::new().bold(), text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        styled(Style::new().dimmed(), text)
    }

    pub(super) fn good(self, text: &str) -> String {
        styled(AnsiColor::Green.on_default(), text)
    }

    pub(super) fn bad(self, text: &str) -> String {
        styled(AnsiColor::Red.on_default().bold(), text)
    }

    pub(super) fn doubtful(self, text: &str) -> String {
        styled(AnsiColor::Yellow.on_default().bold(), text)
    }

    pub(super) fn noted(self, text: &str) -> String {
        styled(AnsiColor::Cyan.on_default().bold(), text)
    }
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
