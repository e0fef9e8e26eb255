//! The list itself: read lazily by one hostcall, changed in memory, written back as few hostcalls.

use super::field::{self, Action};
use super::{Cookie, HeaderError, Value};
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
    /// The stream whose map this is while it may be changed; none for headers that are only read,
    /// and for those that exist in this VM only.
    stream: Option<Rc<Stream>>,
    /// Names are in lower case, and text.
    fields: OnceCell<Pairs>,
    failure: Cell<Option<Box<HostError>>>,
    changes: Vec<Change>,
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

    fn apply(&self, fields: &mut Pairs) {
        match self {
            Self::Set(name, value) => {
                // Where the first stood, so that the order of the others stays.
                let position = fields.iter().position(|(have, _)| have == name.as_bytes());
                if position.is_some() {
                    fields.retain(|have| have != name.as_bytes());
                }
                fields.insert(position.unwrap_or(usize::MAX), name.as_bytes(), value);
            }
            Self::Append(name, value) => fields.push(name.as_bytes(), value),
            Self::Remove(name) => fields.retain(|have| have != name.as_bytes()),
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

    /// The headers of a stream that is over, not read yet.
    pub(crate) fn ended(map: MapKind) -> Self {
        Self { map, stream: None, fields: OnceCell::new(), failure: Cell::new(None), changes: Vec::new() }
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
        let fields = self.fields().iter();
        fields.filter(move |(have, _)| is(have, name.as_ref())).map(|(_, value)| Value::new(value))
    }

    /// Whether the name occurs.
    #[must_use]
    pub fn contains(&self, name: impl AsRef<str>) -> bool {
        self.get(name).is_some()
    }

    /// All names and values in order, pseudo headers included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.fields().iter().map(|(name, value)| (text(name), Value::new(value)))
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

    /// The media type of the body in lower case, without parameters: `application/json`.
    ///
    /// `None` where there is no `content-type`, or none that is a type ([RFC 9110, section
    /// 8.3.1](https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1)).
    #[must_use]
    pub fn content_type(&self) -> Option<String> {
        let value = self.get("content-type")?.as_str().ok()?;
        let essence = value.split(';').next()?.trim();
        let (kind, subtype) = essence.split_once('/')?;
        (field::is_token(kind) && field::is_token(subtype)).then(|| essence.to_ascii_lowercase())
    }

    /// Whether the message is gRPC: its media type is `application/grpc`, or begins so.
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        self.content_type().is_some_and(|media| {
            media
                .strip_prefix("application/grpc")
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('+'))
        })
    }

    /// The cookies that the client sent, in order, over all `cookie` headers.
    pub fn cookies(&self) -> impl Iterator<Item = Cookie<'_>> {
        self.get_all("cookie").flat_map(|value| Cookie::all(value.as_bytes()))
    }

    /// The value of the first cookie of this name. Names of cookies have case.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<Value<'_>> {
        self.cookies().find(|cookie| cookie.name() == name).map(|cookie| cookie.value())
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
            return Err(*failure);
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
        let all = self.fields().iter().map(|(name, value)| (text(name), value));
        all.filter(|(name, _)| !name.starts_with(':')).collect()
    }

    // The public methods are generic and compiled anew for each kind of argument, so they only
    // convert; the work is done here, once in a module.

    fn find(&self, name: &str) -> Option<Value<'_>> {
        self.fields().iter().find(|(have, _)| is(have, name)).map(|(_, value)| Value::new(value))
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
        let mut same = fields.iter().filter(|(have, _)| *have == name.as_bytes());
        match action {
            Action::Set => same.next().is_some_and(|(_, have)| have == value) && same.next().is_none(),
            Action::Append => false,
            Action::Remove => same.next().is_none(),
        }
    }

    fn fields(&self) -> &Pairs {
        self.fields.get_or_init(|| {
            let mut list = self.read().unwrap_or_else(|failure| {
                log::error!("{failure}");
                self.failure.set(Some(Box::new(failure)));
                Pairs::new()
            });
            for change in &self.changes {
                change.apply(&mut list);
            }
            list
        })
    }

    fn read(&self) -> Result<Pairs, HostError> {
        // The proxy takes the map away when the headers have left; whoever still holds this list
        // then (in state shared between streams, say) must not reach another stream's map.
        if self.stream.as_ref().is_some_and(|stream| !stream.may_touch(self.map)) {
            let status = crate::host::Status::BAD_ARGUMENT;
            return Err(HostError::new("proxy_get_header_map_pairs", format!("{:?}", self.map), status));
        }
        host()
            .get_header_map_pairs(self.map)
            .map(fields)
            .map_err(|status| HostError::new("proxy_get_header_map_pairs", format!("{:?}", self.map), status))
    }
}

/// Whether a name of the list is the one that is asked for.
fn is(have: &[u8], name: &str) -> bool {
    have.eq_ignore_ascii_case(name.as_bytes())
}

/// A name of the list, which is text.
fn text(name: &[u8]) -> &str {
    std::str::from_utf8(name).unwrap_or_default()
}

/// Pairs with names as the list has them.
fn fields(mut pairs: Pairs) -> Pairs {
    pairs.rename(|name| {
        name.make_ascii_lowercase();
        // Proxies let only tokens through; anything else is kept visible, but matches nothing.
        let is_text = name.is_ascii() || std::str::from_utf8(name).is_ok();
        (!is_text).then(|| String::from_utf8_lossy(name).into_owned().into_bytes())
    });
    pairs
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests;
