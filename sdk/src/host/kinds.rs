//! The enumerations of the ABI that hostcalls take, with their numbers.

/// `proxy_log_level_t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
#[non_exhaustive]
pub enum LogLevel {
    /// Everything.
    Trace = 0,
    /// For the filter's developer.
    Debug = 1,
    /// For the operator, in the normal run of things.
    Info = 2,
    /// Something is not as it should be.
    Warn = 3,
    /// Something failed.
    Error = 4,
    /// The filter cannot go on.
    Critical = 5,
}

/// `proxy_header_map_type_t`, as far as the SDK uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum MapKind {
    /// Headers from the client.
    RequestHeaders = 0,
    /// Trailers from the client.
    RequestTrailers = 1,
    /// Headers from the upstream.
    ResponseHeaders = 2,
    /// Trailers from the upstream.
    ResponseTrailers = 3,
    /// Metadata with which a gRPC response begins.
    GrpcInitialMetadata = 4,
    /// Metadata with which a gRPC response ends.
    GrpcTrailingMetadata = 5,
    /// Headers of the call's response that is being delivered.
    CallResponseHeaders = 6,
    /// Trailers of the call's response that is being delivered.
    CallResponseTrailers = 7,
}

/// `proxy_buffer_type_t`, as far as the SDK uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum BufferKind {
    /// Request body, or what of it is visible now.
    RequestBody = 0,
    /// Response body, or what of it is visible now.
    ResponseBody = 1,
    /// Body of the call's response that is being delivered.
    CallResponseBody = 4,
    /// The gRPC message that is being delivered.
    GrpcMessage = 5,
    /// The plugin's `configuration`.
    PluginConfiguration = 7,
}

/// `proxy_metric_type_t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum MetricKind {
    /// Only grows.
    Counter = 0,
    /// Goes up and down.
    Gauge = 1,
    /// A distribution of samples.
    Histogram = 2,
}

/// `proxy_stream_type_t`: one direction of an HTTP exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum Side {
    /// From the client to the upstream.
    Request = 0,
    /// From the upstream to the client.
    Response = 1,
}

impl Side {
    /// The body buffer of this direction.
    #[must_use]
    pub fn body(self) -> BufferKind {
        match self {
            Self::Request => BufferKind::RequestBody,
            Self::Response => BufferKind::ResponseBody,
        }
    }
}
