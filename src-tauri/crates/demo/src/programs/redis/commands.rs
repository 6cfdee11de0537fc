//! The commands, and Redis' words where they do not fit.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::network::Inside;

/// What one pod's store may hold, in bytes.
const FULL: usize = 16 * 1024 * 1024;

/// What is counted for an entry beside its bytes.
const ENTRY: usize = 64;

const OOM: &str = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
const NO_INTEGER: &str = "-ERR value is not an integer or out of range\r\n";

/// What a pod remembers.
#[derive(Debug, Default)]
pub(super) struct Store(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
    held: usize,
}

/// What is answered, and whether the connection ends then.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Next(Vec<u8>),
    Last(Vec<u8>),
}

impl Store {
    /// Answers one command, which has at least its name.
    pub(super) fn answer(&self, words: &[Vec<u8>], inside: &Inside) -> Reply {
        let Some((name, args)) = words.split_first() else { return Reply::Next(Vec::new()) };
        let name = String::from_utf8_lossy(name).into_owned();
        let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
        if name.eq_ignore_ascii_case("quit") {
            return Reply::Last(b"+OK\r\n".to_vec());
        }
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Reply::Next(entries.run(&name, &args, inside))
    }
}

impl Entries {
    fn run(&mut self, name: &str, args: &[&[u8]], inside: &Inside) -> Vec<u8> {
        match (name.to_ascii_lowercase().as_str(), args) {
            ("ping", []) => "+PONG\r\n".into(),
            ("ping" | "echo", [word]) => bulk(word),
            ("set", [key, value]) => self.set(key, value).map_or(OOM.into(), |()| "+OK\r\n".into()),
            ("set", [_, _, ..]) => "-ERR syntax error\r\n".into(),
            ("get", [key]) => self.entries.get(*key).map_or("$-1\r\n".into(), |value| bulk(value)),
            ("del", [_, ..]) => integer(args.iter().filter(|key| self.remove(key)).count()),
            ("exists", [_, ..]) => integer(args.iter().filter(|key| self.entries.contains_key(**key)).count()),
            ("incr", [key]) => self.increment(key),
            ("keys", [pattern]) => {
                let keys = self.entries.keys().filter(|key| matches(pattern, key));
                array(keys.map(|key| bulk(key)).collect())
            }
            ("dbsize", []) => integer(self.entries.len()),
            ("info", _) => bulk(self.info(inside).as_bytes()),
            ("command", _) => "*0\r\n".into(),
            ("client", [what, ..]) => client(what),
            ("select", [index]) => match std::str::from_utf8(index).ok().and_then(|index| index.parse::<i64>().ok()) {
                Some(0) => "+OK\r\n".into(),
                Some(_) => "-ERR DB index is out of range\r\n".into(),
                None => NO_INTEGER.into(),
            },
            (
                known @ ("ping" | "echo" | "set" | "get" | "del" | "exists" | "incr" | "keys" | "dbsize" | "client"
                | "select"),
                _,
            ) => format!("-ERR wrong number of arguments for '{known}' command\r\n").into(),
            _ => unknown(name, args),
        }
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let before = self.entries.get(key).map_or(0, |before| key.len() + before.len() + ENTRY);
        let held = self.held - before + key.len() + value.len() + ENTRY;
        if held > FULL {
            return None;
        }
        self.held = held;
        self.entries.insert(key.to_vec(), value.to_vec());
        Some(())
    }

    fn remove(&mut self, key: &[u8]) -> bool {
        let removed = self.entries.remove(key);
        self.held -= removed.as_ref().map_or(0, |value| key.len() + value.len() + ENTRY);
        removed.is_some()
    }

    fn increment(&mut self, key: &[u8]) -> Vec<u8> {
        let before =
            self.entries.get(key).map_or(Some(0), |value| std::str::from_utf8(value).ok()?.parse::<i64>().ok());
        let Some(after) = before.and_then(|before| before.checked_add(1)) else { return NO_INTEGER.into() };
        match self.set(key, after.to_string().as_bytes()) {
            Some(()) => format!(":{after}\r\n").into(),
            None => OOM.into(),
        }
    }

    fn info(&self, inside: &Inside) -> String {
        let (keys, uptime) = (self.entries.len(), inside.began.elapsed().as_secs());
        format!(
            "# Server\r\nredis_version:7.0.0\r\nredis_mode:standalone\r\nserver_name:{}\r\nuptime_in_seconds:{uptime}\r\n\r\n\
             # Keyspace\r\ndb0:keys={keys},expires=0,avg_ttl=0\r\n",
            inside.pod
        )
    }
}

fn client(what: &[u8]) -> Vec<u8> {
    match what.to_ascii_lowercase().as_slice() {
        b"setname" | b"setinfo" => "+OK\r\n".into(),
        b"getname" => "$-1\r\n".into(),
        b"id" => ":1\r\n".into(),
        _ => format!("-ERR unknown subcommand '{}'. Try CLIENT HELP.\r\n", word(what)).into(),
    }
}

fn unknown(name: &str, args: &[&[u8]]) -> Vec<u8> {
    let args: String = args.iter().take(8).map(|arg| format!("'{}' ", word(arg))).collect();
    let name = word(name.as_bytes());
    format!("-ERR unknown command '{name}', with args beginning with: {args}\r\n").into()
}

/// What may stand in an error: not all of it, and no end of a line.
fn word(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(128)]).replace(['\r', '\n'], " ")
}

fn bulk(bytes: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

fn integer(number: usize) -> Vec<u8> {
    format!(":{number}\r\n").into()
}

fn array(items: Vec<Vec<u8>>) -> Vec<u8> {
    let head = format!("*{}\r\n", items.len()).into_bytes();
    [vec![head], items].concat().concat()
}

/// Whether a key is of a pattern of `*` (any bytes) and `?` (any one).
fn matches(pattern: &[u8], key: &[u8]) -> bool {
    // The last `*`, and how much of the key it stands for: only that has ever to be tried anew.
    let (mut at, mut in_key, mut star) = (0, 0, None);
    while in_key < key.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, in_key));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == key[in_key] => (at, in_key) = (at + 1, in_key + 1),
            _ => match star {
                Some((begun, taken)) => {
                    star = Some((begun, taken + 1));
                    (at, in_key) = (begun + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}
