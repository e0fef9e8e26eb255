//! The fields of a message whose names are known beforehand.

use super::tree::{Field, Kind, Value};
use mesh_filter_runtime::document::{Error, Place, Result, suggest};

/// A message that was found to have no unknown field.
pub(super) struct Fields<'a> {
    present: Vec<(&'static str, &'a Field)>,
}

impl Value {
    /// Reads a message that may have the fields of `known` and no others.
    pub(super) fn message(&self, known: &[&'static str]) -> Result<Fields<'_>> {
        let Kind::Message(fields) = &self.kind else {
            return Err(self.expected("a message").with_help(suggest("", known)));
        };
        let mut present = Vec::with_capacity(fields.len());
        for field in fields {
            let Some(name) = known.iter().copied().find(|name| *name == field.name) else {
                let problem = format!("unknown field `{}`", field.name);
                return Err(Error::new(&field.place, problem).with_help(suggest(&field.name, known)));
            };
            present.push((name, field));
        }
        Ok(Fields { present })
    }
}

impl<'a> Fields<'a> {
    /// The value of a field that is not repeated.
    pub(super) fn one(&self, name: &str) -> Result<Option<&'a Value>> {
        let mut found = self.fields(name);
        let Some(first) = found.next() else { return Ok(None) };
        if let Some(second) = found.next() {
            let problem = format!("`{name}` is set twice, first in line {}", first.place.line());
            return Err(Error::new(&second.place, problem).with_help(format!("`{name}` is not repeated")));
        }
        if let Kind::List(_) = first.value.kind {
            return Err(first.value.expected("one value").with_help(format!("`{name}` is not repeated")));
        }
        Ok(Some(&first.value))
    }

    /// The value of a field read by `read`, if it is there.
    pub(super) fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&'a Value) -> Result<T>,
    ) -> Result<Option<T>> {
        self.one(name)?.map(read).transpose()
    }

    /// The values of a repeated field, however they are written, read by `read`.
    pub(super) fn each<T>(&self, name: &str, mut read: impl FnMut(&'a Value) -> Result<T>) -> Result<Vec<T>> {
        let mut read_all = Vec::new();
        for field in self.fields(name) {
            match &field.value.kind {
                Kind::List(items) => {
                    for item in items {
                        read_all.push(read(item)?);
                    }
                }
                _ => read_all.push(read(&field.value)?),
            }
        }
        Ok(read_all)
    }

    /// The one field of a `oneof` that is there, if any.
    pub(super) fn exclusive(&self, names: &[&'static str]) -> Result<Option<(&'static str, &'a Value)>> {
        let mut found: Option<(&'static str, &'a Field)> = None;
        for (name, field) in self.present.iter().filter(|(name, _)| names.contains(name)) {
            if let Some((first, earlier)) = found.filter(|(first, _)| first != name) {
                let problem =
                    format!("`{name}` excludes `{first}`, which is set in line {}", earlier.place.line());
                let listed = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                return Err(
                    Error::new(&field.place, problem).with_help(format!("only one of {listed} may be set"))
                );
            }
            found = Some((name, field));
        }
        match found {
            Some((name, _)) => Ok(self.one(name)?.map(|value| (name, value))),
            None => Ok(None),
        }
    }

    /// Where the name of a field stands.
    pub(super) fn place_of(&self, name: &str) -> Option<&'a Place> {
        self.fields(name).next().map(|field| &field.place)
    }

    fn fields(&self, name: &str) -> impl Iterator<Item = &'a Field> {
        self.present.iter().filter(move |(present, _)| *present == name).map(|(_, field)| *field)
    }
}
