//! The proxy as a filter sees it: one method per hostcall, and nothing else.
//!
//! On `wasm32` the methods are the imports of the module (`wasm`), on other targets a test
//! harness supplies them (`slot`). Everything above this module works the same over both.

mod error;
mod kinds;
mod status;

pub(crate) mod pairs;
#[cfg(not(target_arch = "wasm32"))]
mod slot;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use error::HostError;
pub use kinds::{BufferKind, LogLevel, MapKind, MetricKind, Side};
pub use pairs::Pairs;
pub use status::Status;

#[cfg(not(target_arch = "wasm32"))]
pub use slot::{Installed, install};

#[cfg(test)]
pub(crate) use slot::Refusing;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use slot::host;
#[cfg(all(feature = "heap", target_arch = "wasm32"))]
pub(crate) use wasm::heap;
#[cfg(target_arch = "wasm32")]
pub(crate) use wasm::host;

/// Where a gRPC call goes.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(target_arch = "wasm32"), expect(clippy::exhaustive_structs, reason = "the ABI's parameters"))]
pub struct GrpcMethod<'a> {
    /// Name of a cluster, or a serialised `envoy.config.core.v3.GrpcService`.
    pub target: &'a [u8],
    /// Full name of the service.
    pub service: &'a str,
    /// Name of the method.
    pub method: &'a str,
}

/// What a filter may ask of its proxy.
///
/// Methods are named as the imports, without `proxy_`. They act on the context whose callback
/// runs, or on the one named by [`Host::set_effective_context`]. Nothing here checks anything:
/// callers pass arguments that are already valid, and get every status but `OK` as an error.
pub trait Host {
    /// Writes one line to the proxy's log.
    fn log(&self, level: LogLevel, message: &[u8]) -> Result<(), Status>;

    /// The number of the least level that is logged; 6 where nothing is.
    fn get_log_level(&self) -> Result<u32, Status>;

    /// The wall clock, in nanoseconds since 1970.
    fn get_current_time_nanoseconds(&self) -> Result<u64, Status>;

    /// The monotonic clock, in nanoseconds since some moment (WASI `clock_time_get`).
    fn monotonic_nanoseconds(&self) -> u64;

    /// Fills the buffer with random bytes, at most 65,536 at once (WASI `random_get`).
    fn random(&self, buffer: &mut [u8]) -> Result<(), Status>;

    /// A variable of the VM's environment (WASI `environ_get`).
    fn environment_variable(&self, name: &str) -> Option<String>;

    /// A property; `path` holds the segments joined with NUL bytes.
    fn get_property(&self, path: &[u8]) -> Result<Vec<u8>, Status>;

    /// Sets a property of the stream.
    fn set_property(&self, path: &[u8], value: &[u8]) -> Result<(), Status>;

    /// All pairs of a map; an empty list where the map is not there.
    fn get_header_map_pairs(&self, map: MapKind) -> Result<Pairs, Status>;

    /// Leaves exactly one entry of this name.
    fn replace_header_map_value(&self, map: MapKind, name: &str, value: &[u8]) -> Result<(), Status>;

    /// Adds one more entry of this name.
    fn add_header_map_value(&self, map: MapKind, name: &str, value: &[u8]) -> Result<(), Status>;

    /// Removes every entry of this name.
    fn remove_header_map_value(&self, map: MapKind, name: &str) -> Result<(), Status>;

    /// Bytes of a buffer, cut at its end.
    fn get_buffer_bytes(&self, buffer: BufferKind, start: usize, size: usize) -> Result<Vec<u8>, Status>;

    /// Replaces bytes of a buffer.
    fn set_buffer_bytes(
        &self,
        buffer: BufferKind,
        start: usize,
        size: usize,
        bytes: &[u8],
    ) -> Result<(), Status>;

    /// Answers the request without the upstream.
    fn send_local_response(
        &self,
        status: u16,
        details: &str,
        body: &[u8],
        headers: &[(&str, &[u8])],
        grpc_status: Option<u32>,
    ) -> Result<(), Status>;

    /// Lets a paused side of the stream go on.
    fn continue_stream(&self, side: Side) -> Result<(), Status>;

    /// Resets the stream.
    fn close_stream(&self, side: Side) -> Result<(), Status>;

    /// A shared value and its version.
    fn get_shared_data(&self, key: &str) -> Result<(Vec<u8>, u32), Status>;

    /// Writes a shared value; `cas` 0 writes whatever the version is.
    fn set_shared_data(&self, key: &str, value: &[u8], cas: u32) -> Result<(), Status>;

    /// Makes a queue, or takes it over with what is in it, and answers its token.
    fn register_shared_queue(&self, name: &str) -> Result<u32, Status>;

    /// The token of a queue that somebody has registered; an empty `vm_id` is the own one.
    fn resolve_shared_queue(&self, vm_id: &str, name: &str) -> Result<u32, Status>;

    /// Puts a value at the end of a queue.
    fn enqueue_shared_queue(&self, token: u32, value: &[u8]) -> Result<(), Status>;

    /// Takes the value at the front of a queue; `EMPTY` where there is none.
    fn dequeue_shared_queue(&self, token: u32) -> Result<Vec<u8>, Status>;

    /// Starts an HTTP call and answers its token.
    fn http_call(
        &self,
        cluster: &str,
        headers: &[(&str, &[u8])],
        body: &[u8],
        trailers: &[(&str, &[u8])],
        timeout_ms: u32,
    ) -> Result<u32, Status>;

    /// Starts a unary gRPC call and answers its token.
    fn grpc_call(
        &self,
        method: &GrpcMethod<'_>,
        metadata: &[(&str, &[u8])],
        message: &[u8],
        timeout_ms: u32,
    ) -> Result<u32, Status>;

    /// Opens a gRPC stream and answers its token.
    fn grpc_stream(&self, method: &GrpcMethod<'_>, metadata: &[(&str, &[u8])]) -> Result<u32, Status>;

    /// Sends a message on a gRPC stream.
    fn grpc_send(&self, token: u32, message: &[u8], end_of_stream: bool) -> Result<(), Status>;

    /// Ends our side of a gRPC stream.
    fn grpc_close(&self, token: u32) -> Result<(), Status>;

    /// Gives a gRPC call or stream up.
    fn grpc_cancel(&self, token: u32) -> Result<(), Status>;

    /// Code and message of what happened to the call whose callback runs.
    fn get_status(&self) -> Result<(u32, Vec<u8>), Status>;

    /// Sets the period of the root context's tick; 0 ends it.
    fn set_tick_period_milliseconds(&self, period_ms: u32) -> Result<(), Status>;

    /// Defines a metric and answers its number.
    fn define_metric(&self, kind: MetricKind, name: &str) -> Result<u32, Status>;

    /// Changes a counter or a gauge by an amount.
    fn increment_metric(&self, metric: u32, offset: i64) -> Result<(), Status>;

    /// Sets a gauge, or adds a sample to a histogram.
    fn record_metric(&self, metric: u32, value: u64) -> Result<(), Status>;

    /// The value of a counter or a gauge.
    fn get_metric(&self, metric: u32) -> Result<u64, Status>;

    /// Chooses the context on which the hostcalls that follow act.
    fn set_effective_context(&self, context: u32) -> Result<(), Status>;
}
