//! Properties: Envoy's attributes of the current exchange, in Envoy's byte encodings.
//!
//! Strings are raw bytes, numbers 8 bytes little-endian, booleans one byte, durations and
//! timestamps nanoseconds, maps the serialised pairs, messages their serialised bytes. What only TLS
//! or a mesh can know is missing, or as empty as in an Envoy without them.

mod given;
mod place;
mod request;
mod response;
mod values;

pub use given::GivenProperties;

use super::{Host, View};
use crate::abi::{Status, path};
use bytes::Bytes;
use values::{number, text};

/// What is found at a path; `NotFound` where it names nothing that is known now, and
/// `SerializationFailure` where it names something that has no bytes.
type Found = Result<Bytes, Status>;

const MISSING: Found = Err(Status::NOT_FOUND);
const NO_VALUE: Found = Err(Status::SERIALIZATION_FAILURE);

impl Host {
    /// `proxy_get_property`.
    ///
    /// # Errors
    /// `NotFound` where the path names nothing that is known now; `SerializationFailure` where what
    /// it names is no value by itself.
    pub fn property(&self, path: &[u8]) -> Result<Bytes, Status> {
        if path.is_empty() {
            return NO_VALUE;
        }
        if let Some(given) = &self.given {
            let exchange = self.view().map(|view| view.exchange.borrow().number);
            if let Some(found) = given.property(exchange, path) {
                return found;
            }
        }
        let plugin = || self.plugin_of(self.effective).ok_or(Status::NOT_FOUND);
        match path::segments(path).as_slice() {
            [b"plugin_name"] => plugin().map(|plugin| text(&plugin.name)),
            [b"plugin_root_id"] => plugin().map(|plugin| text(&plugin.root_id)),
            [b"plugin_vm_id"] => Ok(text(&self.vm.id)),
            // The proxy is known also outside of exchanges.
            [b"xds"] => NO_VALUE,
            [b"xds", b"node", rest @ ..] => place::node(rest),
            [b"filter_state", rest @ ..] => self.filter_state(rest),
            segments => self.of_exchange(self.view().ok_or(Status::NOT_FOUND)?, segments),
        }
    }

    fn of_exchange(&self, view: &View, segments: &[&[u8]]) -> Found {
        let exchange = view.exchange.borrow();
        let info = &exchange.info;
        match segments {
            [b"request" | b"response" | b"source" | b"destination" | b"upstream" | b"connection"] => NO_VALUE,
            [b"request", rest @ ..] => request::property(view, &exchange, rest),
            [b"response", rest @ ..] => response::property(view, &exchange, rest),
            [b"source", rest @ ..] => place::address(info.downstream_remote, rest),
            [b"destination", rest @ ..] => place::address(info.downstream_local, rest),
            [b"upstream", rest @ ..] => place::upstream(info, rest),
            [b"connection", rest @ ..] => place::connection(info, rest),
            [b"connection_id"] => Ok(number(info.connection_id)),
            [b"xds", rest @ ..] => place::xds(info, rest),
            [b"metadata", rest @ ..] => place::metadata(rest),
            [b"upstream_filter_state"] if info.upstream_local.is_some() => NO_VALUE,
            // A path of several segments is stored as a whole, and cannot be read back by segments.
            [name] => info.filter_state.property(name).ok_or(Status::NOT_FOUND),
            _ => MISSING,
        }
    }
}
