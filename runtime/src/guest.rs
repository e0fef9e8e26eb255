//! The one way in which the engine calls a filter, whatever the filter is made of.
//!
//! A wasmtime instance implements [`Guest`], and so does a native filter under test. The way
//! back, from the filter to the engine, is [`crate::host::Host`].

use std::fmt;

/// Number of a context; roots and streams count together, from 1.
pub type ContextId = u32;

/// Something that can be called with the callbacks of the ABI.
///
/// A guest is never called from inside one of its own hostcalls.
pub trait Guest {
    /// Calls the callback; `None` where the guest does not have it.
    ///
    /// Callbacks without a result answer 0.
    ///
    /// # Errors
    /// When the guest traps or exceeds a limit. It must not be called again.
    fn call(&mut self, callback: Callback) -> Result<Option<u32>, Box<Trap>>;

    /// What it has used since its beginning; `None` where nobody counts.
    fn usage(&self) -> Option<Usage> {
        None
    }
}

/// What a guest has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Fuel, where it is counted.
    pub fuel: u64,
    /// Calls of host functions, WASI included.
    pub hostcalls: u64,
    /// Bytes that host functions have read from its memory or written to it.
    pub copied: u64,
    /// Bytes of memory that it has now.
    pub memory: u64,
}

/// A callback with its arguments, named as the export without `proxy_on_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the parameters that the ABI names")]
#[non_exhaustive]
pub enum Callback {
    ContextCreate { context: ContextId, parent: ContextId },
    VmStart { root: ContextId, size: u32 },
    Configure { root: ContextId, size: u32 },
    Tick { root: ContextId },
    RequestHeaders { context: ContextId, count: u32, end_of_stream: bool },
    RequestBody { context: ContextId, size: u32, end_of_stream: bool },
    RequestTrailers { context: ContextId, count: u32 },
    ResponseHeaders { context: ContextId, count: u32, end_of_stream: bool },
    ResponseBody { context: ContextId, size: u32, end_of_stream: bool },
    ResponseTrailers { context: ContextId, count: u32 },
    HttpCallResponse { root: ContextId, token: u32, headers: u32, body_size: u32, trailers: u32 },
    GrpcReceiveInitialMetadata { root: ContextId, token: u32, count: u32 },
    GrpcReceive { root: ContextId, token: u32, size: u32 },
    GrpcReceiveTrailingMetadata { root: ContextId, token: u32, count: u32 },
    GrpcClose { root: ContextId, token: u32, status: u32 },
    QueueReady { root: ContextId, token: u32 },
    Done { context: ContextId },
    Log { context: ContextId },
    Delete { context: ContextId },
}

impl Callback {
    /// The export that is called.
    #[must_use]
    pub fn export(self) -> &'static str {
        match self {
            Self::ContextCreate { .. } => "proxy_on_context_create",
            Self::VmStart { .. } => "proxy_on_vm_start",
            Self::Configure { .. } => "proxy_on_configure",
            Self::Tick { .. } => "proxy_on_tick",
            Self::RequestHeaders { .. } => "proxy_on_request_headers",
            Self::RequestBody { .. } => "proxy_on_request_body",
            Self::RequestTrailers { .. } => "proxy_on_request_trailers",
            Self::ResponseHeaders { .. } => "proxy_on_response_headers",
            Self::ResponseBody { .. } => "proxy_on_response_body",
            Self::ResponseTrailers { .. } => "proxy_on_response_trailers",
            Self::HttpCallResponse { .. } => "proxy_on_http_call_response",
            Self::GrpcReceiveInitialMetadata { .. } => "proxy_on_grpc_receive_initial_metadata",
            Self::GrpcReceive { .. } => "proxy_on_grpc_receive",
            Self::GrpcReceiveTrailingMetadata { .. } => "proxy_on_grpc_receive_trailing_metadata",
            Self::GrpcClose { .. } => "proxy_on_grpc_close",
            Self::QueueReady { .. } => "proxy_on_queue_ready",
            Self::Done { .. } => "proxy_on_done",
            Self::Log { .. } => "proxy_on_log",
            Self::Delete { .. } => "proxy_on_delete",
        }
    }

    /// The context that hostcalls act on while the callback runs.
    #[must_use]
    pub fn context(self) -> ContextId {
        match self {
            Self::ContextCreate { context, .. }
            | Self::RequestHeaders { context, .. }
            | Self::RequestBody { context, .. }
            | Self::RequestTrailers { context, .. }
            | Self::ResponseHeaders { context, .. }
            | Self::ResponseBody { context, .. }
            | Self::ResponseTrailers { context, .. }
            | Self::Done { context }
            | Self::Log { context }
            | Self::Delete { context } => context,
            Self::VmStart { root, .. }
            | Self::Configure { root, .. }
            | Self::Tick { root }
            | Self::GrpcReceiveInitialMetadata { root, .. }
            | Self::GrpcReceive { root, .. }
            | Self::GrpcReceiveTrailingMetadata { root, .. }
            | Self::GrpcClose { root, .. }
            | Self::QueueReady { root, .. }
            | Self::HttpCallResponse { root, .. } => root,
        }
    }
}

/// Why a guest cannot be called any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// What happened.
    pub reason: TrapReason,
    /// The guest's frames, innermost first, one line each; empty where there are none.
    pub backtrace: Vec<String>,
    /// The last hostcalls of the callback, with arguments and answers, the last one last.
    pub hostcalls: Vec<String>,
}

impl Trap {
    /// A trap of which only the reason is known.
    #[must_use]
    pub fn new(reason: TrapReason) -> Self {
        Self { reason, backtrace: Vec::new(), hostcalls: Vec::new() }
    }
}

/// The kinds of traps.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrapReason {
    /// The module trapped by itself: `unreachable`, out of bounds, a panic.
    Guest(String),
    /// The call used more CPU time than it may.
    CpuLimit {
        /// Milliseconds allowed per call.
        limit_ms: u64,
    },
    /// The fuel of a simulation ran out.
    FuelLimit {
        /// Units allowed per call.
        limit: u64,
    },
    /// The memory may not grow as far as the guest asked.
    MemoryLimit {
        /// Bytes allowed per VM.
        limit: u64,
    },
    /// A hostcall that is not allowed in this phase.
    Restricted {
        /// Its name.
        hostcall: &'static str,
    },
    /// A function that the host does not have.
    Unknown {
        /// Its module and name.
        function: String,
    },
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            TrapReason::Guest(message) => write!(f, "the plugin trapped: {message}")?,
            TrapReason::CpuLimit { limit_ms } => {
                write!(f, "the plugin used more than its {limit_ms} ms of CPU time in one call")?;
            }
            TrapReason::FuelLimit { limit } => {
                write!(f, "the plugin used more than its {limit} units of fuel in one call")?
            }
            TrapReason::MemoryLimit { limit } => {
                write!(f, "the plugin asked for more than its {limit} bytes of memory")?
            }
            TrapReason::Restricted { hostcall } => {
                write!(f, "`{hostcall}` is not allowed while the plugin starts or allocates")?
            }
            TrapReason::Unknown { function } => {
                write!(f, "the plugin called `{function}`, which this host does not have")?
            }
        }
        for frame in &self.backtrace {
            write!(f, "\n  at {frame}")?;
        }
        if !self.hostcalls.is_empty() {
            write!(f, "\n  after the hostcalls")?;
        }
        for hostcall in &self.hostcalls {
            write!(f, "\n    {hostcall}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Trap {}
