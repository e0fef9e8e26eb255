//! Header maps: which map a context may read or change now, and how.

use super::grpc::GrpcEvent;
use super::quotas::HEADER_OVERHEAD;
use super::{Host, View};
use crate::abi::{MapKind, Status, pairs};
use crate::exchange::Side;
use crate::headers::Headers;
use bytes::Bytes;

const AUTHORITY: &[u8] = b":authority";

impl Host {
    /// The first value of a header.
    ///
    /// # Errors
    /// `BadArgument` where the map is not open (`NotFound` in `on_log`), `NotFound` where the
    /// header is missing.
    pub fn map_value(&self, map: MapKind, name: &[u8]) -> Result<Bytes, Status> {
        let logging = self.view().is_some_and(|view| view.logging);
        let closed = if logging { Status::NOT_FOUND } else { Status::BAD_ARGUMENT };
        let name = self.canonical(map, name).to_ascii_lowercase();
        // An answer without trailers has no map for them.
        let absent = |headers: &Headers| map == MapKind::CallResponseTrailers && headers.is_empty();
        let found = self.read(map, |headers| (!absent(headers)).then(|| headers.get(&name).cloned()));
        found.flatten().ok_or(closed)?.ok_or(Status::NOT_FOUND)
    }

    /// All headers in order; none where the map is not open.
    ///
    /// # Errors
    /// `BadArgument` where the map is not open and this is no proxy's host, see [`Host::set_strict_maps`].
    pub fn map_pairs(&self, map: MapKind) -> Result<Headers, Status> {
        self.read(map, Headers::clone).map_or_else(|| self.closed_pairs(), Ok)
    }

    /// All headers as serialised pairs, without a copy of the list; empty where the map is not open.
    ///
    /// # Errors
    /// As [`Self::map_pairs`].
    pub fn encoded_map(&self, map: MapKind) -> Result<Vec<u8>, Status> {
        self.read(map, |headers| pairs::encode(headers.iter())).map_or_else(|| self.closed_pairs(), Ok)
    }

    /// Bytes of all names and values.
    ///
    /// # Errors
    /// `BadArgument` where the map cannot be changed now (as in Envoy, which asks for more than it needs).
    pub fn map_size(&self, map: MapKind) -> Result<usize, Status> {
        self.write(map, |headers| headers.byte_size())
    }

    /// Adds a header, also where the name is there already.
    ///
    /// # Errors
    /// `BadArgument` where the map is not open; `InternalFailure` beyond the quota.
    pub fn add_map_value(&self, map: MapKind, name: &[u8], value: &[u8]) -> Result<(), Status> {
        let (side, name) = (side(map), self.canonical(map, name));
        let quota = self.services.quotas.headers;
        self.change(map, |headers| {
            fits(headers, name.len() + value.len(), quota)?;
            headers.add(side, Bytes::copy_from_slice(name), Bytes::copy_from_slice(value));
            Ok(())
        })
    }

    /// Replaces every copy of a header by one.
    ///
    /// # Errors
    /// `BadArgument` where the map is not open; `InternalFailure` beyond the quota.
    pub fn replace_map_value(&self, map: MapKind, name: &[u8], value: &[u8]) -> Result<(), Status> {
        let name = self.canonical(map, name);
        let quota = self.services.quotas.headers;
        self.change(map, |headers| {
            fits(headers, name.len() + value.len(), quota)?;
            headers.set(Bytes::copy_from_slice(name), Bytes::copy_from_slice(value));
            Ok(())
        })
    }

    /// Removes every copy of a header.
    ///
    /// # Errors
    /// `BadArgument` where the map is not open.
    pub fn remove_map_value(&self, map: MapKind, name: &[u8]) -> Result<(), Status> {
        self.change(map, |headers| {
            headers.remove(self.canonical(map, name));
            Ok(())
        })
    }

    /// Replaces all headers.
    ///
    /// # Errors
    /// `BadArgument` where the map is not open; `InternalFailure` beyond the quota.
    pub fn set_map_pairs(&self, map: MapKind, pairs: Vec<(Bytes, Bytes)>) -> Result<(), Status> {
        let side = side(map);
        let size: usize = pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
        let quota = self.services.quotas.headers;
        self.change(map, |headers| {
            fits(&Headers::new(), size + pairs.len() * HEADER_OVERHEAD, quota)?;
            *headers = headers.emptied(pairs.len());
            for (name, value) in pairs {
                let is_alias = self.canonical(map, &name) != name.as_ref();
                let name = if is_alias { Bytes::from_static(AUTHORITY) } else { name };
                headers.add(side, name, value);
            }
            Ok(())
        })
    }

    /// The name under which a header is kept: Envoy knows `host` of requests as `:authority`.
    fn canonical<'a>(&self, map: MapKind, name: &'a [u8]) -> &'a [u8] {
        let is_alias = map == MapKind::RequestHeaders && name.eq_ignore_ascii_case(b"host");
        if is_alias && !self.strict_maps { AUTHORITY } else { name }
    }

    /// What stands for the pairs of a map that is not open.
    fn closed_pairs<T: Default>(&self) -> Result<T, Status> {
        if self.strict_maps { Err(Status::BAD_ARGUMENT) } else { Ok(T::default()) }
    }

    fn read<T>(&self, map: MapKind, read: impl FnOnce(&Headers) -> T) -> Option<T> {
        let call = self.delivered.as_ref();
        match map {
            MapKind::CallResponseHeaders => call.map(|outcome| read(outcome.headers())),
            MapKind::CallResponseTrailers => call.map(|outcome| read(outcome.trailers())),
            MapKind::GrpcInitialMetadata => match &self.grpc.delivered {
                Some(GrpcEvent::InitialMetadata(headers)) => Some(read(headers)),
                _ => None,
            },
            MapKind::GrpcTrailingMetadata => match &self.grpc.delivered {
                Some(GrpcEvent::TrailingMetadata(headers)) => Some(read(headers)),
                _ => None,
            },
            _ => {
                let view = self.view()?;
                let (side, trailers) = place(map)?;
                let readable = if view.logging {
                    map != MapKind::RequestTrailers
                } else {
                    is_open(view, side, trailers) || (trailers && view.made_trailers.of(side).get())
                };
                let exchange = view.exchange.borrow();
                let message = exchange.message(side);
                let headers = if trailers { message.trailers.as_ref() } else { message.headers.as_ref() };
                headers.filter(|_| readable).map(read)
            }
        }
    }

    /// Writes; a change of the request's headers lets the route be chosen again, as in Envoy.
    fn change(
        &self,
        map: MapKind,
        write: impl FnOnce(&mut Headers) -> Result<(), Status>,
    ) -> Result<(), Status> {
        self.write(map, write)??;
        if map == MapKind::RequestHeaders {
            self.clear_route_cache();
        }
        Ok(())
    }

    fn write<T>(&self, map: MapKind, write: impl FnOnce(&mut Headers) -> T) -> Result<T, Status> {
        let view = self.view().ok_or(Status::BAD_ARGUMENT)?;
        let (side, trailers) = place(map).ok_or(Status::BAD_ARGUMENT)?;
        let mut exchange = view.exchange.borrow_mut();
        let message = exchange.message_mut(side);
        let made = view.made_trailers.of(side);
        let headers = if !trailers {
            message.headers.as_mut().filter(|_| is_open(view, side, false))
        } else if is_open(view, side, true) || made.get() {
            message.trailers.as_mut()
        } else if view.end_of_stream && view.side(side).body.is_some() {
            // Touching the trailers in the last body callback makes them.
            made.set(true);
            Some(message.trailers.get_or_insert_default())
        } else {
            None
        };
        headers.map(write).ok_or(Status::BAD_ARGUMENT)
    }
}

/// Whether a map may have so many bytes more.
fn fits(headers: &Headers, more: usize, quota: usize) -> Result<(), Status> {
    let size = headers.byte_size() + headers.len() * HEADER_OVERHEAD;
    if size.saturating_add(more) > quota { Err(Status::INTERNAL_FAILURE) } else { Ok(()) }
}

fn place(map: MapKind) -> Option<(Side, bool)> {
    match map {
        MapKind::RequestHeaders => Some((Side::Request, false)),
        MapKind::RequestTrailers => Some((Side::Request, true)),
        MapKind::ResponseHeaders => Some((Side::Response, false)),
        MapKind::ResponseTrailers => Some((Side::Response, true)),
        _ => None,
    }
}

/// The name under which a header of a request that a plugin makes is kept.
pub(super) fn in_request(name: Bytes) -> Bytes {
    if name.eq_ignore_ascii_case(b"host") { Bytes::from_static(AUTHORITY) } else { name }
}

fn is_open(view: &View, side: Side, trailers: bool) -> bool {
    let open = view.side(side);
    if trailers { open.trailers } else { open.headers }
}

fn side(map: MapKind) -> Side {
    place(map).map_or(Side::Request, |(side, _)| side)
}
