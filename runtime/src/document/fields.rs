//! The fields of a mapping whose keys are known beforehand.

use super::node::quoted;
use super::suggest::suggest;
use super::{Error, Node, Result};

/// A mapping that was found to have no unknown key.
#[derive(Debug)]
pub struct Fields<'a> {
    node: &'a Node,
    present: Vec<(&'static str, &'a Node)>,
}

impl Node {
    /// Reads a mapping that may have the keys of `known` and no others.
    ///
    /// # Errors
    /// If the node is not a mapping or has an unknown key; the help then lists those known.
    pub fn mapping(&self, known: &[&'static str]) -> Result<Fields<'_>> {
        self.mapping_by(known, |key| key.to_owned())
    }

    /// As [`Node::mapping`], where several spellings of a key are one field: `canonical` maps a key
    /// of the file to the name in `known`.
    ///
    /// # Errors
    /// As [`Node::mapping`]; also if one field is there in two spellings.
    pub fn mapping_by(
        &self,
        known: &[&'static str],
        canonical: impl Fn(&str) -> String,
    ) -> Result<Fields<'_>> {
        let mut present: Vec<(&'static str, &Self)> = Vec::new();
        for entry in self.entries()? {
            let name = canonical(&entry.key);
            let Some(field) = known.iter().copied().find(|field| *field == name) else {
                let problem = format!("unknown field {}", quoted(&entry.key));
                return Err(Error::new(&entry.place, problem).with_help(suggest(&name, known)));
            };
            if present.iter().any(|(other, _)| *other == field) {
                return Err(Error::new(&entry.place, format!("field `{field}` is set twice")));
            }
            present.push((field, &entry.value));
        }
        Ok(Fields { node: self, present })
    }
}

impl<'a> Fields<'a> {
    /// The mapping itself.
    #[must_use]
    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// The value of `name`, unless it is absent or null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Node> {
        self.present
            .iter()
            .find(|(field, _)| *field == name)
            .map(|(_, node)| *node)
            .filter(|node| !node.is_null())
    }

    /// The value of `name`.
    ///
    /// # Errors
    /// If it is absent or null.
    pub fn required(&self, name: &str) -> Result<&'a Node> {
        self.get(name).ok_or_else(|| self.node.error(format!("missing field `{name}`")))
    }

    /// The value of `name` read by `read`, or `None` if it is absent or null.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn optional<T>(&self, name: &str, read: impl FnOnce(&'a Node) -> Result<T>) -> Result<Option<T>> {
        self.get(name).map(read).transpose()
    }

    /// The items of the list `name` read by `read`; none if it is absent or null.
    ///
    /// # Errors
    /// If it is not a list, and those of `read`.
    pub fn each<T>(&self, name: &str, read: impl FnMut(&'a Node) -> Result<T>) -> Result<Vec<T>> {
        match self.get(name) {
            Some(node) => node.list()?.iter().map(read).collect(),
            None => Ok(Vec::new()),
        }
    }

    /// The one field of `names` that is there.
    ///
    /// # Errors
    /// If there is none or more than one.
    pub fn one_of(&self, names: &[&'static str]) -> Result<(&'static str, &'a Node)> {
        self.at_most_one_of(names)?
            .ok_or_else(|| self.node.error(format!("missing one of {}", listed(names))))
    }

    /// The one field of `names` that is there, if any.
    ///
    /// # Errors
    /// If there is more than one.
    pub fn at_most_one_of(&self, names: &[&'static str]) -> Result<Option<(&'static str, &'a Node)>> {
        let mut found = self.present.iter().filter(|(field, node)| names.contains(field) && !node.is_null());
        let first = found.next().copied();
        match found.next() {
            Some((_, second)) => Err(second.error(format!("only one of {} may be set", listed(names)))),
            None => Ok(first),
        }
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
