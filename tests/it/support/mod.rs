//! What acceptance tests stand on: built programs and modules, hosts as processes, a raw client and a raw upstream.

pub(crate) mod answers;
pub(crate) mod bootstrap;
pub(crate) mod build;
pub(crate) mod client;
pub(crate) mod compare;
pub(crate) mod grpc;
pub(crate) mod host;
pub(crate) mod http2;
pub(crate) mod message;
pub(crate) mod upstream;
pub(crate) mod world;
