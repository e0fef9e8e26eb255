//! Requests of clients and replies of upstreams and clusters, as tests write them.

use crate::sim::Properties;
use crate::traffic::{Behaviour, Message};
use bytes::Bytes;
use mesh_filter_runtime::headers::Headers;
use std::time::Duration;

/// A request that the client sends.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) message: Message,
    pub(super) properties: Properties,
}

/// What an upstream or a cluster answers.
#[derive(Debug, Clone)]
pub struct Reply {
    message: Message,
    delay: Duration,
}

/// A `GET`.
#[must_use]
pub fn get(path: &str) -> Request {
    request("GET", path)
}

/// A `POST`.
#[must_use]
pub fn post(path: &str) -> Request {
    request("POST", path)
}

/// A request to `http://localhost` with this method.
#[must_use]
pub fn request(method: &str, path: &str) -> Request {
    Request { message: Message::request("localhost", path, method, "http"), properties: Properties::new() }
}

/// A reply with this status.
#[must_use]
pub fn reply(status: u16) -> Reply {
    Reply { message: Message::response(status), delay: Duration::ZERO }
}

impl Request {
    /// Sends to another host.
    #[must_use]
    pub fn authority(mut self, authority: &str) -> Self {
        self.message.headers.set(":authority".into(), authority.to_owned().into());
        self
    }

    /// Adds a header, also where it is there already.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        add(&mut self.message.headers, name, value);
        self
    }

    /// Adds `authorization: Bearer ..`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Gives a property that the proxy would have, by its path with dots, in the proxy's encoding:
    /// texts as they are, numbers as eight bytes.
    #[must_use]
    pub fn property(mut self, path: &str, value: impl Into<Bytes>) -> Self {
        self.properties.insert(path.to_owned(), Some(value.into()));
        self
    }

    /// Sends this body in one piece.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.message.body = Some(vec![body.into()]);
        self
    }

    /// Sends a body in these pieces.
    #[must_use]
    pub fn chunks<B: Into<Bytes>>(mut self, chunks: impl IntoIterator<Item = B>) -> Self {
        self.message.body = Some(chunks.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a trailer.
    #[must_use]
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        add(self.message.trailers.get_or_insert_default(), name, value);
        self
    }
}

impl Reply {
    /// Adds a header, also where it is there already.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        add(&mut self.message.headers, name, value);
        self
    }

    /// Sends this body in one piece.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.message.body = Some(vec![body.into()]);
        self
    }

    /// Sends a body in these pieces.
    #[must_use]
    pub fn chunks<B: Into<Bytes>>(mut self, chunks: impl IntoIterator<Item = B>) -> Self {
        self.message.body = Some(chunks.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a trailer.
    #[must_use]
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        add(self.message.trailers.get_or_insert_default(), name, value);
        self
    }

    /// Answers only after this time.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(super) fn into_behaviour(self) -> Behaviour {
        Behaviour { delay: self.delay, ..Behaviour::reply(self.message) }
    }
}

fn add(headers: &mut Headers, name: &str, value: &str) {
    headers.append(name.to_owned().into(), value.to_owned().into());
}
