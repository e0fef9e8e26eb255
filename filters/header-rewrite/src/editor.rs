//! The one way in which operations change a message: checked, bounded and counted.

use crate::fields::Fields;
use crate::safety::{self, Safety};
use mesh_filter::headers::HeaderError;
use serde::Deserialize;

/// What becomes of values where the header is there already, or is not; Envoy's `HeaderAppendAction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AppendAction {
    /// They come behind those that are there.
    #[default]
    AppendIfExistsOrAdd,
    /// They come where there are none.
    AddIfAbsent,
    /// They take the place of all that are there.
    OverwriteIfExistsOrAdd,
    /// They take the place of those that are there, if there are any.
    OverwriteIfExists,
}

/// A request or a response that does not go on.
#[derive(Debug)]
pub(crate) enum Refused {
    /// What the request's values would make of path or authority cannot be.
    Target,
    /// A change that is not allowed, where that is an error.
    Mutation,
    /// The proxy's list would not take a name or a value.
    Header(HeaderError),
}

impl From<HeaderError> for Refused {
    fn from(error: HeaderError) -> Self {
        Self::Header(error)
    }
}

/// The headers of a message while they are changed.
pub(crate) struct Editor<'e> {
    pub(crate) fields: &'e mut dyn Fields,
    safety: &'e Safety,
    /// Bytes that have come to the message.
    added: usize,
    /// Changes that were not made.
    pub(crate) rejected: u32,
}

impl<'e> Editor<'e> {
    pub(crate) fn new(fields: &'e mut dyn Fields, safety: &'e Safety) -> Self {
        Self { fields, safety, added: 0, rejected: 0 }
    }

    /// Bytes of the longest value.
    pub(crate) fn longest_value(&self) -> usize {
        self.safety.longest_value
    }

    /// Writes a value under a name.
    pub(crate) fn write(&mut self, name: &str, value: &[u8], action: AppendAction) -> Result<(), Refused> {
        let Some(value) = self.fit(name, value) else { return self.verdict() };
        let writes = match action {
            AppendAction::AppendIfExistsOrAdd | AppendAction::OverwriteIfExistsOrAdd => true,
            AppendAction::AddIfAbsent => self.fields.first(name).is_none(),
            AppendAction::OverwriteIfExists => self.fields.first(name).is_some(),
        };
        match action {
            _ if !writes => {}
            AppendAction::AppendIfExistsOrAdd | AppendAction::AddIfAbsent => {
                self.fields.append(name, value)?
            }
            AppendAction::OverwriteIfExistsOrAdd | AppendAction::OverwriteIfExists => {
                self.fields.set(name, value)?;
            }
        }
        Ok(())
    }

    /// Writes values under a name, as if they were one.
    pub(crate) fn write_all(
        &mut self,
        name: &str,
        values: &[Vec<u8>],
        action: AppendAction,
    ) -> Result<(), Refused> {
        let is_there = self.fields.first(name).is_some();
        let (writes, mut next) = match action {
            AppendAction::AppendIfExistsOrAdd => (true, action),
            AppendAction::AddIfAbsent => (!is_there, AppendAction::AppendIfExistsOrAdd),
            AppendAction::OverwriteIfExistsOrAdd => (true, action),
            AppendAction::OverwriteIfExists => (is_there, action),
        };
        for value in values.iter().filter(|_| writes) {
            let rejected = self.rejected;
            self.write(name, value, next)?;
            if self.rejected == rejected {
                next = AppendAction::AppendIfExistsOrAdd;
            }
        }
        Ok(())
    }

    /// Changes each value of a name; what the function gives nothing for goes, what cannot be stays as it was.
    pub(crate) fn map(
        &mut self,
        name: &str,
        change: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<(), Refused> {
        let old = self.fields.copies(name);
        let mut new = Vec::with_capacity(old.len());
        for value in &old {
            match change(value) {
                Some(changed) if changed == *value => new.push(changed),
                Some(changed) => new.push(self.fit(name, &changed).unwrap_or(value).to_vec()),
                None => {}
            }
        }
        if new != old {
            self.replace(name, &new)?;
        }
        self.verdict()
    }

    /// Leaves exactly these values.
    pub(crate) fn replace(&mut self, name: &str, values: &[Vec<u8>]) -> Result<(), HeaderError> {
        match values {
            [] => self.fields.remove(name),
            [one] => self.fields.set(name, one),
            several if self.fields.values(name).into_iter().eq(several) => Ok(()),
            [first, rest @ ..] => {
                self.fields.set(name, first)?;
                rest.iter().try_for_each(|value| self.fields.append(name, value))
            }
        }
    }

    /// Removes the headers whose names are such, but for those that may not be changed.
    pub(crate) fn remove_where(&mut self, is_meant: impl Fn(&str) -> bool) -> Result<(), Refused> {
        let mut names: Vec<String> = Vec::new();
        for name in self.fields.names() {
            let is_routing = name.starts_with(':') || name == "host";
            if is_meant(name) && !is_routing && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        for name in names {
            match self.safety.refusal(&name) {
                Some(_) => self.rejected += 1,
                None => self.fields.remove(&name)?,
            }
        }
        self.verdict()
    }

    /// The value as it may be written; nothing, and counted, where it may not.
    fn fit<'v>(&mut self, name: &str, value: &'v [u8]) -> Option<&'v [u8]> {
        let added = |value: &[u8]| self.added + name.len() + value.len();
        let fits = |value: &&[u8]| {
            value.len() <= self.safety.longest_value && added(value) <= self.safety.most_added
        };
        let fitting = safety::value(value).filter(fits);
        match fitting {
            Some(value) => self.added = added(value),
            None => self.rejected += 1,
        }
        fitting
    }

    fn verdict(&self) -> Result<(), Refused> {
        match self.safety.is_error && self.rejected > 0 {
            true => Err(Refused::Mutation),
            false => Ok(()),
        }
    }
}
