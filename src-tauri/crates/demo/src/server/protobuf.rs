//! The little of Kubernetes' Protocol Buffers that newer kubectls insist on: their questions what one may do.
//!
//! Everything else is asked for, and answered, in JSON.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

/// What such a body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// A review, as JSON would have it; `None` if it is none.
pub(crate) fn review(bytes: &[u8]) -> Option<Value> {
    let envelope = fields(bytes.strip_prefix(MAGIC)?)?;
    let of = fields(find(&envelope, 1)?)?;
    let raw = fields(find(&envelope, 2)?)?;
    let spec = find(&raw, 2).map_or(Some(Vec::new()), fields)?;
    let mut said = Map::new();
    let kind = text(find(&of, 2)?)?;
    match kind.as_str() {
        Some("SelfSubjectAccessReview") => {
            const RESOURCE: [&str; 7] = ["namespace", "verb", "group", "version", "resource", "subresource", "name"];
            for (number, name, parts) in
                [(1, "resourceAttributes", &RESOURCE[..]), (2, "nonResourceAttributes", &["path", "verb"][..])]
            {
                if let Some(part) = find(&spec, number) {
                    said.insert(name.into(), texts(part, parts)?);
                }
            }
        }
        Some("SelfSubjectRulesReview") => drop(said.insert("namespace".into(), text(find(&spec, 1)?)?)),
        _ => return None,
    }
    let mut review = Map::new();
    review.insert("apiVersion".into(), text(find(&of, 1)?)?);
    review.insert("kind".into(), kind);
    review.insert("spec".into(), said.into());
    Some(review.into())
}

/// A message whose fields are texts, by their numbers from 1 on.
fn texts(message: &[u8], names: &[&str]) -> Option<Value> {
    let fields = fields(message)?;
    let mut said = Map::new();
    for (number, name) in (1..).zip(names) {
        if let Some(value) = find(&fields, number) {
            said.insert((*name).into(), text(value)?);
        }
    }
    Some(said.into())
}

fn text(bytes: &[u8]) -> Option<Value> {
    std::str::from_utf8(bytes).ok().map(Value::from)
}

fn find<'a>(fields: &[(u64, &'a [u8])], number: u64) -> Option<&'a [u8]> {
    fields.iter().find(|(known, _)| *known == number).map(|(_, value)| *value)
}

/// The fields of a message that have a length; others are passed over.
fn fields(mut message: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let tag = number(&mut message)?;
        match tag & 7 {
            0 => drop(number(&mut message)?),
            1 => message = message.get(8..)?,
            2 => {
                let length = usize::try_from(number(&mut message)?).ok()?;
                let (value, rest) = message.split_at_checked(length)?;
                fields.push((tag >> 3, value));
                message = rest;
            }
            5 => message = message.get(4..)?,
            _ => return None,
        }
    }
    Some(fields)
}

fn number(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        number |= u64::from(byte & 127) << shift;
        if byte & 128 == 0 {
            return Some(number);
        }
    }
    None
}
