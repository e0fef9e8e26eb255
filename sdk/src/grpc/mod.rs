//! gRPC calls to clusters of the proxy, awaited wherever a filter's future runs.
//!
//! A unary call brings one message, or an error that says how it failed:
//!
//! ```no_run
//! # use mesh_filter::prelude::*;
//! # use mesh_filter::grpc::{Code, GrpcError};
//! # async fn ask(cluster: &ClusterName, request: Vec<u8>) -> Result<()> {
//! let call = grpc::call(cluster, "acme.users.v1.Users", "Find").metadata("x-caller", "filter").timeout(millis(50));
//! match call.send_bytes(&request).await {
//!     Ok(reply) => log::info!("{} bytes", reply.message().len()),
//!     Err(error) if error.code() == Code::NotFound => log::info!("no such user"),
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok(()) }
//! ```
//!
//! A stream is open until both sides have ended it, or until it is dropped:
//!
//! ```no_run
//! # use mesh_filter::prelude::*;
//! # async fn tail(cluster: &ClusterName, request: Vec<u8>) -> Result<()> {
//! let mut stream = grpc::stream(cluster, "acme.flags.v1.Flags", "Watch").open()?;
//! stream.send_bytes(&request)?;
//! stream.finish();
//! while let Some(message) = stream.next_bytes().await? {
//!     log::info!("{} bytes", message.len());
//! }
//! log::info!("{:?}", stream.trailing_metadata().get("x-version"));
//! # Ok(()) }
//! ```
//!
//! With the feature `prost`, `send` and `next` take and give messages of that crate. Dropping a
//! call or a stream cancels it; both are dropped with the exchange that waits for them.
//!
//! Reading order: `call` and `stream`, then `head` (what both begin with), `status` (how they end).

mod base64;
mod call;
mod code;
mod error;
mod head;
mod metadata;
mod open;
mod status;
mod stream;
mod target;

#[cfg(test)]
mod tests;

pub use call::{Call, Reply};
pub use code::Code;
pub use error::{GrpcError, InvalidGrpc, Rpc};
pub use head::MAX_MESSAGE;
pub use metadata::{Metadata, MetadataError};
pub use stream::{Opening, Stream};

use crate::call::ClusterName;
use head::Head;

/// A unary call of a method, named as in its `.proto` file: package and service, then method.
pub fn call(cluster: &ClusterName, service: impl Into<String>, method: impl Into<String>) -> Call {
    Call::new(Head::new(Rpc::new(cluster.clone(), service.into(), method.into())))
}

/// A stream to a method; it streams in both directions, whichever of them the method uses.
pub fn stream(cluster: &ClusterName, service: impl Into<String>, method: impl Into<String>) -> Opening {
    Opening::new(Head::new(Rpc::new(cluster.clone(), service.into(), method.into())))
}

/// Reads a message.
#[cfg(feature = "prost")]
fn decode<T: prost::Message + Default>(rpc: Rpc, message: &[u8]) -> Result<T, GrpcError> {
    T::decode(message).map_err(|error| GrpcError::Undecodable { rpc, reason: error.to_string() })
}
