//! Which objects a list or a watch is about: label and field selectors.

mod fields;
#[cfg(test)]
mod tests;

use super::status::Status;
use crate::{kind::Kind, store::Object};

/// All that has to hold of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    labels: Vec<Labelled>,
    /// Path, value, and whether it has to be that value.
    fields: Vec<(String, String, bool)>,
}

/// What has to hold of one label.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Labelled {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    There(String),
    Missing(String),
}

impl Selector {
    /// As a query says it.
    pub(crate) fn parse(labels: &str, fields: &str) -> Result<Self, Status> {
        let labels = split(labels).map(labelled).collect::<Result<_, _>>()?;
        let fields = fields.split(',').filter(|part| !part.trim().is_empty());
        let fields = fields.map(fields::parse).collect::<Result<_, _>>()?;
        Ok(Selector { labels, fields })
    }

    /// Refuses fields that cannot be selected by.
    pub(crate) fn check(&self, kind: &Kind) -> Result<(), Status> {
        self.fields.iter().try_for_each(|(field, ..)| fields::check(kind, field))
    }

    /// Whether it selects nothing out.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// The one name that it selects.
    pub(crate) fn name(&self) -> Option<&str> {
        let (_, name, _) = self.fields.iter().find(|(field, _, is)| field == "metadata.name" && *is)?;
        Some(name)
    }

    /// Whether all of it holds.
    pub(crate) fn matches(&self, object: &Object) -> bool {
        self.labels.iter().all(|label| label.holds(object)) && fields::hold(&self.fields, object)
    }
}

impl Labelled {
    fn holds(&self, object: &Object) -> bool {
        let value = |name: &String| object.labels.get(name);
        match self {
            Labelled::In(name, values) => value(name).is_some_and(|value| values.contains(value)),
            Labelled::NotIn(name, values) => value(name).is_none_or(|value| !values.contains(value)),
            Labelled::There(name) => value(name).is_some(),
            Labelled::Missing(name) => value(name).is_none(),
        }
    }
}

/// The requirements of a label selector: commas part them, but not within `(…)`.
fn split(selector: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    let parts = selector.split(move |c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

fn labelled(said: &str) -> Result<Labelled, Status> {
    let set = |name: &str, values: &str| -> Result<_, Status> {
        let values = values.trim().strip_prefix('(').and_then(|values| values.strip_suffix(')'));
        let values = values.ok_or_else(|| wrong(said))?;
        Ok((key(name, said)?, values.split(',').map(|value| value.trim().to_owned()).collect::<Vec<_>>()))
    };
    if let Some((name, values)) = said.split_once(" notin") {
        return set(name, values).map(|(name, values)| Labelled::NotIn(name, values));
    }
    if let Some((name, values)) = said.split_once(" in") {
        return set(name, values).map(|(name, values)| Labelled::In(name, values));
    }
    if let Some(name) = said.strip_prefix('!') {
        return Ok(Labelled::Missing(key(name, said)?));
    }
    let Some((name, value)) = said.split_once('=') else { return Ok(Labelled::There(key(said, said)?)) };
    let value = value.strip_prefix('=').unwrap_or(value).trim();
    if value.contains(['=', '!', ' ']) {
        return Err(wrong(said));
    }
    Ok(match name.strip_suffix('!') {
        Some(name) => Labelled::NotIn(key(name, said)?, vec![value.into()]),
        None => Labelled::In(key(name, said)?, vec![value.into()]),
    })
}

fn key(name: &str, said: &str) -> Result<String, Status> {
    let name = name.trim();
    let letters = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if name.is_empty() || !name.chars().all(letters) { Err(wrong(said)) } else { Ok(name.to_owned()) }
}

fn wrong(said: &str) -> Status {
    Status::bad_request(format!("unable to parse requirement: \"{said}\" is no requirement of a label"))
}
