//! The list itself: read lazily by one hostcall, changed in memory, written back as few hostcalls.

use super::field::{self, Action};
use super::{HeaderError, Value};
use crate::dispatch::Stream;
use crate::host::{HostError, MapKind, Pairs, host};
use std::cell::{Cell, OnceCell};
use std::fmt;
use std::rc::Rc;

/// Headers of a request, a response or a call's reply, in order, with repeated names.
///
/// Names compare without regard to case and are written in lower case.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// # fn show(mut request: Request) -> Result<()> {
/// let user = request.headers().get("x-user").map(|user| user.as_str()).transpose()?;
/// log::info!("user {user:?}");
/// request.headers_mut().remove("x-user")?; // every copy
/// request.headers_mut().set("x-team", "blue")?; // exactly one copy
/// request.headers_mut().append("via", "1.1 mesh")?; // one more
/// # Ok(()) }
/// ```
pub struct Headers {
    map: MapKind,
    /// The stream whose map this is; none for headers that exist in this VM only.
    stream: Option<Rc<Stream>>,
    fields: OnceCell<Vec<Field>>,
    failure: Cell<Option<HostError>>,
    changes: Vec<Change>,
}

struct Field {
    name: String,
    value: Vec<u8>,
}

enum Change {
    Set(String, Vec<u8>),
    Append(String, Vec<u8>),
    Remove(String),
}

impl Change {
    fn name(&self) -> &str {
        match self {
            Self::Set(name, _) | Self::Append(name, _) | Self::Remove(name) => name,
        }
    }

    fn apply(&self, fields: &mut Vec<Field>) {
        let field = |name: &String, value: &Vec<u8>| Field { name: name.clone(), value: value.clone() };
        match self {
            Self::Set(name, value) => {
                // Where the first stood, so that the order of the others stays.
                let position = fields.iter().position(|field| field.name == *name).unwrap_or(fields.len());
                fields.retain(|field| field.name != *name);
                fields.insert(position, field(name, value));
            }
            Self::Append(name, value) => fields.push(field(name, value)),
            Self::Remove(name) => fields.retain(|field| field.name != *name),
        }
    }
}

impl Headers {
    /// The headers of a stream, not read yet.
    pub(crate) fn of(stream: Rc<Stream>, map: MapKind) -> Self {
        Self {
            map,
            stream: Some(stream),
            fields: OnceCell::new(),
            failure: Cell::new(None),
            changes: Vec::new(),
        }
    }

    /// Headers that exist in this VM only.
    pub(crate) fn local(map: MapKind, pairs: Pairs) -> Self {
        Self {
            map,
            stream: None,
            fields: OnceCell::from(fields(pairs)),
            failure: Cell::new(None),
            changes: Vec::new(),
        }
    }

    /// The first value of a name.
    ///
    /// A client may send a name several times: where that matters, ask [`Headers::get_all`].
    #[must_use]
    pub fn get(&self, name: impl AsRef<str>) -> Option<Value<'_>> {
        self.find(name.as_ref())
    }

    /// All values of a name, in order.
    pub fn get_all(&self, name: impl AsRef<str>) -> impl Iterator<Item = Value<'_>> {
        self.fields()
            .iter()
            .filter(move |field| field.is(name.as_ref()))
            .map(|field| Value::new(&field.value))
    }

    /// Whether the name occurs.
    #[must_use]
    pub fn contains(&self, name: impl AsRef<str>) -> bool {
        self.get(name).is_some()
    }

    /// All names and values in order, pseudo headers included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.fields().iter().map(|field| (field.name.as_str(), Value::new(&field.value)))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields().len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields().is_empty()
    }

    /// Leaves exactly one entry of this name.
    ///
    /// # Errors
    /// When the name or the value cannot be; see [`HeaderError`].
    pub fn set(&mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result<(), HeaderError> {
        self.change(Action::Set, name.as_ref(), value.as_ref())
    }

    /// Adds one more entry of this name.
    ///
    /// # Errors
    /// When the name or the value cannot be; see [`HeaderError`].
    pub fn append(&mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result<(), HeaderError> {
        self.change(Action::Append, name.as_ref(), value.as_ref())
    }

    /// Removes every entry of this name.
    ///
    /// # Errors
    /// When the name cannot be, or is a pseudo header: a message without them is none.
    pub fn remove(&mut self, name: impl AsRef<str>) -> Result<(), HeaderError> {
        self.change(Action::Remove, name.as_ref(), &[])
    }

    /// Writes the changes to the proxy: one hostcall for each that still matters.
    pub(crate) fn commit(&mut self) -> Result<(), HostError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let host = host();
        for change in std::mem::take(&mut self.changes) {
            let (hostcall, result) = match &change {
                Change::Set(name, value) => {
                    ("proxy_replace_header_map_value", host.replace_header_map_value(self.map, name, value))
                }
                Change::Append(name, value) => {
                    ("proxy_add_header_map_value", host.add_header_map_value(self.map, name, value))
                }
                Change::Remove(name) => {
                    ("proxy_remove_header_map_value", host.remove_header_map_value(self.map, name))
                }
            };
            result.map_err(|status| HostError::new(hostcall, change.name(), status))?;
        }
        Ok(())
    }

    /// All entries but pseudo headers, for a local reply.
    pub(crate) fn plain_fields(&self) -> Vec<(&str, &[u8])> {
        self.fields()
            .iter()
            .filter(|field| !field.name.starts_with(':'))
            .map(|field| (field.name.as_str(), field.value.as_slice()))
            .collect()
    }

    // The public methods are generic and compiled anew for each kind of argument, so they only
    // convert; the work is done here, once in a module.

    fn find(&self, name: &str) -> Option<Value<'_>> {
        self.fields().iter().find(|field| field.is(name)).map(|field| Value::new(&field.value))
    }

    fn change(&mut self, action: Action, name: &str, value: &[u8]) -> Result<(), HeaderError> {
        let name = name.to_ascii_lowercase();
        field::check_name(self.map, &name, action)?;
        if action != Action::Remove {
            field::check_value(&name, value)?;
        }
        if self.is_already(action, &name, value) {
            return Ok(());
        }
        let change = match action {
            Action::Set => Change::Set(name, value.to_vec()),
            Action::Append => Change::Append(name, value.to_vec()),
            Action::Remove => Change::Remove(name),
        };
        if let Some(fields) = self.fields.get_mut() {
            change.apply(fields);
        }
        if action != Action::Append {
            self.changes.retain(|earlier| earlier.name() != change.name());
        }
        self.changes.push(change);
        Ok(())
    }

    /// Whether the list, if it has been read, is as the change would make it.
    fn is_already(&self, action: Action, name: &str, value: &[u8]) -> bool {
        let Some(fields) = self.fields.get() else { return false };
        let mut same = fields.iter().filter(|field| field.name == name);
        match action {
            Action::Set => same.next().is_some_and(|field| field.value == value) && same.next().is_none(),
            Action::Append => false,
            Action::Remove => same.next().is_none(),
        }
    }

    fn fields(&self) -> &[Field] {
        self.fields.get_or_init(|| {
            let mut list = self.read().unwrap_or_else(|failure| {
                log::error!("{failure}");
                self.failure.set(Some(failure));
                Vec::new()
            });
            for change in &self.changes {
                change.apply(&mut list);
            }
            list
        })
    }

    fn read(&self) -> Result<Vec<Field>, HostError> {
        // The proxy takes the map away when the headers have left; whoever still holds this list
        // then (in state shared between streams, say) must not reach another stream's map.
        if !self.stream.as_ref().is_some_and(|stream| stream.may_touch(self.map)) {
            let status = crate::host::Status::BAD_ARGUMENT;
            return Err(HostError::new("proxy_get_header_map_pairs", format!("{:?}", self.map), status));
        }
        host()
            .get_header_map_pairs(self.map)
            .map(fields)
            .map_err(|status| HostError::new("proxy_get_header_map_pairs", format!("{:?}", self.map), status))
    }
}

impl Field {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

fn fields(pairs: Pairs) -> Vec<Field> {
    let text = |name: Vec<u8>| {
        // Proxies let only tokens through; anything else is kept visible, but matches nothing.
        String::from_utf8(name).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into())
    };
    pairs
        .into_iter()
        .map(|(name, value)| {
            let mut name = text(name);
            name.make_ascii_lowercase();
            Field { name, value }
        })
        .collect()
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response() -> Headers {
        let pair = |name: &str, value: &str| (name.into(), value.into());
        Headers::local(
            MapKind::ResponseHeaders,
            vec![pair(":status", "200"), pair("Via", "a"), pair("x", "1"), pair("via", "b")],
        )
    }

    #[test]
    fn names_compare_without_case_and_all_values_count() {
        let headers = response();
        assert_eq!(headers.get("VIA").unwrap(), "a");
        assert_eq!(headers.get_all("via").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(headers.iter().map(|(name, _)| name).collect::<Vec<_>>(), [":status", "via", "x", "via"]);
        assert!(headers.get("y").is_none() && !headers.contains("y"));
    }

    #[test]
    fn set_leaves_one_copy_where_the_first_stood_and_remove_none() {
        let mut headers = response();
        headers.set("VIA", "c").unwrap();
        assert_eq!(format!("{headers:?}"), r#"{":status": "200", "via": "c", "x": "1"}"#);
        headers.remove("Via").unwrap();
        headers.append("x", "2").unwrap();
        assert_eq!(format!("{headers:?}"), r#"{":status": "200", "x": "1", "x": "2"}"#);
    }

    #[test]
    fn what_would_break_a_message_apart_is_refused() {
        let mut headers = response();
        for name in ["", "a b", "a:b", "ä", "a\n"] {
            assert!(matches!(headers.set(name, ""), Err(HeaderError::Name { .. })), "{name:?}");
        }
        for value in ["a\r\nb", "a\nb", "a\0"] {
            let error = headers.append("x-secret", value).unwrap_err().to_string();
            assert!(error.starts_with("the value for `x-secret` holds byte 0x"), "{error}");
        }
        for status in ["", "99", "600", "20", "0200", "+20", "ok"] {
            assert!(matches!(headers.set(":status", status), Err(HeaderError::Status { .. })), "{status}");
        }
        assert!(headers.set(":status", "204").is_ok());
        assert!(headers.set(":path", "/").is_err() && headers.append(":status", "200").is_err());
        assert!(headers.remove(":status").is_err());
    }

    #[test]
    fn a_value_that_is_not_text_is_still_a_value() {
        let mut headers = response();
        headers.set("x", [b'a', 0xff]).unwrap();
        let value = headers.get("x").unwrap();
        assert_eq!(value.as_bytes(), [b'a', 0xff]);
        assert_eq!(value.as_str(), Err(HeaderError::NotText { valid_up_to: 1 }));
    }
}
