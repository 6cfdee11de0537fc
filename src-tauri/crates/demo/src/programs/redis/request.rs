//! Requests: an array of strings, or a line of words.

use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// The longest line: as Redis has it.
const LINE: usize = 64 * 1024;

/// The most words of one request, and the longest of them. Redis takes more; this is no place for it.
const WORDS: usize = 1024;
const WORD: usize = 1024 * 1024;

/// The most that one request takes.
const REQUEST: usize = 4 * 1024 * 1024;

/// What a client has asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// An empty line.
    Nothing,
    /// A command and its arguments.
    Command(Vec<Vec<u8>>),
    /// What is none, and why; nothing after it means anything.
    Wrong(String),
}

/// Reads the next request. The end of the stream is an error.
pub(super) async fn read(from: &mut (impl AsyncBufRead + Unpin)) -> Result<Asked> {
    let Some(line) = line(from).await? else { return Ok(Asked::Wrong("too big inline request".into())) };
    let Some(count) = line.strip_prefix(b"*") else { return Ok(inline(&line)) };
    match number(count) {
        Some(count) if count <= 0 => Ok(Asked::Nothing),
        Some(count) if usize::try_from(count).is_ok_and(|count| count <= WORDS) => words(from, count).await,
        _ => Ok(Asked::Wrong("invalid multibulk length".into())),
    }
}

async fn words(from: &mut (impl AsyncBufRead + Unpin), count: i64) -> Result<Asked> {
    let mut words = Vec::new();
    let mut left = REQUEST;
    for _ in 0..count {
        let Some(line) = line(from).await? else { return Ok(Asked::Wrong("too big bulk count string".into())) };
        let Some(length) = line.strip_prefix(b"$") else {
            let got = char::from(line.first().copied().unwrap_or(b'\r'));
            return Ok(Asked::Wrong(format!("expected '$', got '{got}'")));
        };
        let length = number(length).and_then(|length| usize::try_from(length).ok());
        let Some(length) = length.filter(|length| *length <= WORD.min(left)) else {
            return Ok(Asked::Wrong("invalid bulk length".into()));
        };
        left -= length;
        let mut word = Vec::new();
        // It grows as it comes, and not by what was announced.
        AsyncReadExt::take(&mut *from, length as u64 + 2).read_to_end(&mut word).await?;
        if word.len() < length + 2 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        word.truncate(length);
        words.push(word);
    }
    Ok(Asked::Command(words))
}

/// A line without its end; `None` if it is too long.
async fn line(from: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    AsyncReadExt::take(&mut *from, LINE as u64).read_until(b'\n', &mut line).await?;
    if line.pop_if(|last| *last == b'\n').is_none() {
        return if line.len() < LINE { Err(Error::from(ErrorKind::UnexpectedEof)) } else { Ok(None) };
    }
    line.pop_if(|last| *last == b'\r');
    Ok(Some(line))
}

fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Words between blanks; quotes hold blanks together.
fn inline(line: &[u8]) -> Asked {
    let (mut words, mut rest) = (Vec::new(), line);
    loop {
        rest = rest.trim_ascii_start();
        let Some(first) = rest.first().copied() else { break };
        if first == b'"' || first == b'\'' {
            let Some(end) = rest[1..].iter().position(|byte| *byte == first) else {
                return Asked::Wrong("unbalanced quotes in request".into());
            };
            words.push(rest[1..=end].to_vec());
            rest = &rest[end + 2..];
        } else {
            let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
            words.push(rest[..end].to_vec());
            rest = &rest[end..];
        }
    }
    if words.is_empty() { Asked::Nothing } else { Asked::Command(words) }
}
