//! Filter state: what filters note on an exchange or its connection, for each other and for later.
//!
//! `set_property` writes objects named `wasm.` and the path; how long they live and whether they
//! can be changed is said by `declare_property`. `set_envoy_filter_state` writes objects that
//! Envoy itself knows, see `foreign`.

use super::Host;
use crate::abi::Status;
use crate::guest::ContextId;
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Most bytes of names and values that filters may note on one exchange, and on one connection.
const MAX_BYTES: usize = 1 << 20;
/// Most bytes of names that one context may declare.
const MAX_DECLARED: usize = 64 << 10;

/// How long an object lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum LifeSpan {
    /// As long as the exchange.
    #[default]
    FilterChain,
    /// As long as the exchange, internal redirects included: they are not there in this proxy.
    Request,
    /// As long as the client's connection.
    Connection,
}

/// What a declared property is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Prototype {
    pub(super) read_only: bool,
    /// Its bytes are a message, of which Envoy knows no more.
    pub(super) message: bool,
    pub(super) life_span: LifeSpan,
}

/// The properties that a context has declared, by path.
pub(super) type Prototypes = BTreeMap<ContextId, BTreeMap<Vec<u8>, Prototype>>;

/// One object.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Object {
    kind: Kind,
    life_span: LifeSpan,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// Set by `set_property`.
    Property { value: Bytes, prototype: Prototype },
    /// One of Envoy's own; what it is as text, where it can be read.
    Native(Option<Bytes>),
}

type Objects = BTreeMap<Vec<u8>, Object>;

/// The objects of a connection, shared by its exchanges.
#[derive(Debug, Clone, Default)]
pub struct ConnectionState(Rc<RefCell<Objects>>);

/// The objects that an exchange sees.
#[derive(Debug, Clone, Default)]
pub struct FilterState {
    objects: Objects,
    connection: ConnectionState,
}

impl FilterState {
    /// The state of a new exchange on this connection.
    #[must_use]
    pub fn on(connection: ConnectionState) -> Self {
        Self { objects: Objects::new(), connection }
    }

    /// The value of a property, by its path.
    pub(super) fn property(&self, path: &[u8]) -> Option<Bytes> {
        match self.find(&key(path))?.kind {
            Kind::Property { value, .. } => Some(value),
            Kind::Native(_) => None,
        }
    }

    /// Sets a property; `declared` counts where it is not there yet.
    fn set_property(&mut self, path: &[u8], value: &[u8], declared: Prototype) -> Result<(), Status> {
        let key = key(path);
        let prototype = match self.find(&key) {
            Some(Object { kind: Kind::Property { prototype, .. }, .. }) if prototype.read_only => {
                return Err(Status::BAD_ARGUMENT);
            }
            Some(Object { kind: Kind::Property { prototype, .. }, .. }) => prototype,
            _ => declared,
        };
        let kind = Kind::Property { value: Bytes::copy_from_slice(value), prototype };
        self.put(key, Object { kind, life_span: prototype.life_span })
    }

    /// Sets one of Envoy's own objects.
    pub(super) fn set_native(
        &mut self,
        key: &str,
        text: Option<Bytes>,
        life_span: LifeSpan,
    ) -> Result<(), Status> {
        // An object does not change how long it lives: Envoy drops the new one without a word.
        if self.find(key.as_bytes()).is_some_and(|object| object.life_span != life_span) {
            return Ok(());
        }
        self.put(key.as_bytes().to_owned(), Object { kind: Kind::Native(text), life_span })
    }

    fn find(&self, key: &[u8]) -> Option<Object> {
        self.objects.get(key).cloned().or_else(|| self.connection.0.borrow().get(key).cloned())
    }

    fn put(&mut self, key: Vec<u8>, object: Object) -> Result<(), Status> {
        let mut connection = self.connection.0.borrow_mut();
        let objects =
            if object.life_span == LifeSpan::Connection { &mut *connection } else { &mut self.objects };
        let others = objects.iter().filter(|(other, _)| **other != key);
        let used: usize = others.map(|(key, object)| key.len() + object.size()).sum();
        if used + key.len() + object.size() > MAX_BYTES {
            return Err(Status::INTERNAL_FAILURE);
        }
        objects.insert(key, object);
        Ok(())
    }
}

impl Object {
    fn size(&self) -> usize {
        match &self.kind {
            Kind::Property { value, .. } => value.len(),
            Kind::Native(text) => text.as_ref().map_or(0, Bytes::len),
        }
    }
}

/// The name of the object that a property is kept in.
fn key(path: &[u8]) -> Vec<u8> {
    [b"wasm.", path].concat()
}

impl Host {
    /// `proxy_set_property`: notes a value, readable by the same path if that has one segment.
    ///
    /// # Errors
    /// `NotFound` outside a stream; `BadArgument` where the property is read-only and set;
    /// `InternalFailure` where filters have noted too much already.
    pub fn set_property(&self, path: &[u8], value: &[u8]) -> Result<(), Status> {
        let view = self.view().ok_or(Status::NOT_FOUND)?;
        let declared = self.prototypes.get(&view.root).and_then(|declared| declared.get(path));
        let mut exchange = view.exchange.borrow_mut();
        let state = &mut exchange.info.filter_state;
        state.set_property(path, value, declared.copied().unwrap_or_default())?;
        if let Some(given) = &self.given {
            given.was_set(exchange.number, path, value);
        }
        Ok(())
    }

    /// The foreign function `declare_property`. Only what a root context declares has an effect.
    pub(super) fn declare_property(&mut self, path: &[u8], prototype: Prototype) -> Result<(), Status> {
        let declared = self.prototypes.entry(self.effective).or_default();
        let used: usize = declared.keys().map(Vec::len).sum();
        if declared.contains_key(path) {
            return Err(Status::BAD_ARGUMENT);
        }
        if used + path.len() > MAX_DECLARED {
            return Err(Status::INTERNAL_FAILURE);
        }
        declared.insert(path.to_owned(), prototype);
        Ok(())
    }

    /// The property `filter_state` with the segments that follow.
    pub(super) fn filter_state(&self, rest: &[&[u8]]) -> Result<Bytes, Status> {
        let view = self.view().ok_or(Status::NOT_FOUND)?;
        let exchange = view.exchange.borrow();
        let [key] = rest else {
            // It is no value by itself, and its values have no parts.
            return Err(if rest.is_empty() { Status::SERIALIZATION_FAILURE } else { Status::NOT_FOUND });
        };
        match exchange.info.filter_state.find(key).ok_or(Status::NOT_FOUND)?.kind {
            Kind::Property { prototype, .. } if prototype.message => Err(Status::SERIALIZATION_FAILURE),
            Kind::Property { value, .. } => Ok(value),
            Kind::Native(text) => text.ok_or(Status::NOT_FOUND),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_only_property_keeps_its_first_value() {
        let mut state = FilterState::default();
        let read_only = Prototype { read_only: true, ..Prototype::default() };
        state.set_property(b"p", b"1", read_only).unwrap();
        assert_eq!(state.set_property(b"p", b"2", Prototype::default()), Err(Status::BAD_ARGUMENT));
        assert_eq!(state.property(b"p").unwrap(), "1");
    }

    #[test]
    fn what_lives_as_long_as_the_connection_is_seen_by_its_next_exchange() {
        let connection = ConnectionState::default();
        let mut first = FilterState::on(connection.clone());
        let long = Prototype { life_span: LifeSpan::Connection, ..Prototype::default() };
        first.set_property(b"long", b"1", long).unwrap();
        first.set_property(b"short", b"1", Prototype::default()).unwrap();
        let next = FilterState::on(connection);
        assert_eq!(next.property(b"long").unwrap(), "1");
        assert_eq!(next.property(b"short"), None);
    }

    #[test]
    fn an_object_does_not_change_how_long_it_lives() {
        let mut state = FilterState::default();
        state.set_native("k", Some("1".into()), LifeSpan::FilterChain).unwrap();
        state.set_native("k", Some("2".into()), LifeSpan::Connection).unwrap();
        assert_eq!(state.find(b"k").unwrap().kind, Kind::Native(Some("1".into())));
    }

    #[test]
    fn what_filters_note_is_bounded() {
        let mut state = FilterState::default();
        let value = vec![0; MAX_BYTES / 2];
        state.set_property(b"a", &value, Prototype::default()).unwrap();
        state.set_property(b"a", &value, Prototype::default()).unwrap();
        assert_eq!(state.set_property(b"b", &value, Prototype::default()), Err(Status::INTERNAL_FAILURE));
    }
}
