//! `kubectl port-forward` lines, as they are pasted or stand in a shell's history.

use super::{Here, free_name};
use crate::{
    kubectl::Asked,
    profiles::{Profile, Saved, saved::default_hold},
};

/// Each line that forwards, once; and why some are not taken.
pub(super) fn read(text: &str, here: &Here) -> (Vec<Profile>, Vec<String>) {
    let (mut found, mut left_out): (Vec<Profile>, Vec<String>) = (Vec::new(), Vec::new());
    for (n, line) in (1..).zip(text.lines()) {
        for command in commands(&words(line)) {
            match saved(command, here) {
                Ok(saved) if found.iter().any(|profile| profile.forwards[0] == saved) => {}
                Ok(saved) => {
                    let name = free_name(
                        saved.target.trim_start_matches("-l ").rsplit('/').next().unwrap_or_default(),
                        &found,
                    );
                    found.push(Profile { name, forwards: vec![saved], ..Profile::default() });
                }
                Err(why) => left_out.push(format!("line {n}: {why}")),
            }
        }
    }
    (found, left_out)
}

/// The words of a line as a shell would split them. A shell's history may put a time in front, which is no matter here.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote): (Vec<String>, Option<String>, Option<char>) = (Vec::new(), None, None);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, '#') if word.is_none() => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            // What follows is another command.
            (None, ';' | '&' | '|') => {
                words.extend(word.take());
                words.push(";".into());
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The words behind `kubectl … port-forward`, with those between them, of each such command.
fn commands(words: &[String]) -> Vec<Vec<&str>> {
    words
        .split(|word| word == ";")
        .filter_map(|command| {
            let kubectl =
                command.iter().position(|word| word == "kubectl" || word.ends_with("/kubectl") || word == "k")?;
            let forward = command.iter().skip(kubectl).position(|word| word == "port-forward")? + kubectl;
            let rest = command[kubectl + 1..forward].iter().chain(&command[forward + 1..]);
            Some(rest.map(String::as_str).collect())
        })
        .collect()
}

fn saved(words: Vec<&str>, here: &Here) -> Result<Saved, String> {
    let asked = Asked::read(words)?;
    if asked.kubeconfig.is_some() {
        return Err("it names its cluster by --kubeconfig, and a profile names a context".into());
    }
    let named = asked.context.as_deref().map(|name| here.named(name));
    let known = named.unwrap_or_else(|| here.current());
    let context = asked.context.clone().or_else(|| known.map(|known| known.id.name.clone()));
    Ok(Saved {
        context: context.ok_or("it names no context, and there is no current one here")?,
        // As kubectl has it: the context's own.
        namespace: asked
            .namespace
            .or_else(|| known.map(|known| known.namespace.clone()))
            .unwrap_or_else(|| "default".into()),
        target: asked.target.to_string(),
        ports: asked.ports.into_iter().map(|(text, _)| text).collect(),
        address: asked.address,
        hold_seconds: default_hold(),
        ..Saved::default()
    })
}
