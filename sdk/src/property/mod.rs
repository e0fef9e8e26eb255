//! Properties of the proxy and the exchange, each as the kind of value that it is.
//!
//! Groups have a function each, and a property is a method of its group: [`request`], [`response`],
//! [`source`], [`destination`], [`connection`], [`upstream`], [`route`], [`virtual_host`],
//! [`cluster`], [`listener`], [`node`] and [`plugin`]. What has no method is read by its path, with
//! the kind of value as type ([`read`]); bytes are a kind too, so everything can be read.
//!
//! ```no_run
//! # use mesh_filter::prelude::*;
//! # fn run() -> Result<()> {
//! let client = property::source().address()?.and_then(|address| address.ip());
//! let caller = property::connection().peer_certificate().uri_san()?;
//! let canary: Option<bool> = property::route().metadata().get(&["team.example", "canary"])?;
//! let id: Option<String> = property::read(&["upstream", "locality", "zone"])?;
//! # Ok(()) }
//! ```
//!
//! A property that does not exist, or not yet, is `None`; bytes that are not of the kind are a
//! [`PropertyError`] that shows them. Properties are of the exchange whose future runs; in
//! [`crate::Filter::new`] and in jobs there are only those of [`plugin`], [`node`] and [`listener`].
//! Which there are in Envoy:
//! <https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes>.
//!
//! A filter also leaves values for access logs and other filters: [`set`].

mod address;
mod connection;
mod error;
mod exchange;
mod flags;
mod map;
mod names;
mod state;
mod value;

#[cfg(test)]
mod tests;

pub use address::Address;
pub use connection::{
    Certificate, Connection, Endpoint, Upstream, connection, destination, source, upstream,
};
pub use error::PropertyError;
pub use exchange::{Request, Response, request, response};
pub use flags::ResponseFlags;
pub use map::Map;
pub use names::{
    Cluster, Direction, Listener, Metadata, Node, Plugin, Route, VirtualHost, cluster, dynamic_metadata,
    listener, node, plugin, route, virtual_host,
};
pub use state::{filter_state, set};
pub use value::Value;

use crate::host::{HostError, Status, host};

type Result<T> = std::result::Result<T, PropertyError>;

/// A property by the segments of its path, as a value of the kind `T`; `None` where there is none.
///
/// A segment is a name, the key of a map, or the number of an item of a list.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// # fn run() -> Result<()> {
/// // Numbers inside of metadata have fractions, whatever they look like.
/// let weight: Option<f64> = property::read(&["metadata", "filter_metadata", "team.example", "weight"])?;
/// let unknown: Option<Vec<u8>> = property::read(&["request", "new-in-the-next-release"])?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// When the bytes are not of that kind, or the proxy refuses for another reason than that there is
/// no such property.
pub fn read<T: Value>(path: &[&str]) -> Result<Option<T>> {
    let bytes = match host().get_property(path.join("\0").as_bytes()) {
        Ok(bytes) => bytes,
        Err(Status::NOT_FOUND) => return Ok(None),
        Err(status) => return Err(HostError::new("proxy_get_property", path.join("."), status).into()),
    };
    match T::from_bytes(bytes) {
        Ok(value) => Ok(Some(value)),
        Err(bytes) => Err(PropertyError::kind(path, T::EXPECTED, &bytes)),
    }
}

/// Defines a group of properties: a method for each, with its kind and the last segment of its path.
macro_rules! group {
    (
        $(#[$about:meta])* $group:ident: $root:literal {
            $($(#[$doc:meta])* $method:ident: $kind:ty = $name:literal,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy)]
        pub struct $group(pub(super) ());

        impl $group {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// When the proxy refuses, or gives bytes of another kind.
                pub fn $method(self) -> super::Result<Option<$kind>> {
                    super::read(&[$root, $name])
                }
            )*
        }
    };
}
use group;
