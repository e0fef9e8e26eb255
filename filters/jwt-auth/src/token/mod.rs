//! Tokens: where a request has them, and what one is made of.

mod base64url;
mod cookies;
mod header;
mod json;
mod jws;
mod location;
mod query;

pub(crate) use base64url::{decode, encode};
pub(crate) use header::media_type;
pub(crate) use json::object;
pub(crate) use jws::Jws;
pub(crate) use location::Location;
