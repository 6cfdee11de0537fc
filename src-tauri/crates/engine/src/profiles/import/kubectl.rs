//! `kubectl port-forward` lines, as they are pasted or stand in a shell's history.

use super::{Here, free_name};
use crate::{
    parse,
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

/// Options that are followed by a value which means nothing here.
const WITH_VALUE: [&str; 8] =
    ["--pod-running-timeout", "--request-timeout", "--user", "--as", "--as-group", "-v", "--v", "--profile"];

fn saved(words: Vec<&str>, here: &Here) -> Result<Saved, String> {
    let mut saved = Saved { hold_seconds: default_hold(), ..Saved::default() };
    let mut plain = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if word.starts_with('-') => (option, Some(value)),
            _ => (word, None),
        };
        let mut value = || value.or_else(|| words.next()).map(str::to_owned).ok_or(format!("{option} lacks its value"));
        match option {
            "-n" | "--namespace" => saved.namespace = value()?,
            "--context" => saved.context = value()?,
            "--address" => {
                for address in value()?.split(',').filter(|address| *address != "localhost") {
                    saved.address.push(address.parse().map_err(|_| format!("“{address}” is not an address"))?);
                }
            }
            "--kubeconfig" | "--cluster" | "--server" | "-s" | "--token" => {
                return Err(format!("it names its cluster by {option}, and a profile names a context"));
            }
            option if WITH_VALUE.contains(&option) => drop(value()?),
            option if option.starts_with('-') => {}
            // What a shell makes of the rest is not for here.
            ">" | ">>" | "2>" | "2>&1" | "&>" => break,
            plain_word => plain.push(plain_word),
        }
    }
    let Some((target, ports)) = plain.split_first() else { return Err("it has no target".into()) };
    if ports.is_empty() {
        return Err(format!("{target} has no port"));
    }
    saved.target = parse::target(target).map_err(|error| error.to_string())?.to_string();
    for port in ports {
        parse::port(port).map_err(|error| error.to_string())?;
        saved.ports.push((*port).to_owned());
    }
    if saved.context.is_empty() {
        saved.context = here.current.clone().ok_or("it names no context, and there is no current one here")?;
        if saved.namespace.is_empty() {
            saved.namespace.clone_from(&here.namespace);
        }
    }
    if saved.namespace.is_empty() {
        saved.namespace = "default".into();
    }
    Ok(saved)
}
