//! HTTP/1.1 towards clients and upstreams, byte for byte as Envoy writes it.
//!
//! A general HTTP library regroups repeated headers, answers broken requests in its own words and
//! owns the order of framing headers; all of that is visible to peers, so heads and bodies are
//! read and written here. Parsing of header lines is `httparse`'s.
//!
//! Reading order: `head` (request and response heads), `body` (framing of what follows them),
//! `encode` (the way out), [`server`] and [`client`] (one connection each).

mod body;
pub(super) mod client;
mod encode;
mod head;
mod reason;
pub(super) mod server;
mod socket;

pub(super) use client::Client;
pub(super) use head::{Bounds, Refusal};
pub(super) use server::Server;
