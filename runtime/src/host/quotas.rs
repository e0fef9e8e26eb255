//! How much plugins may have the proxy keep and do, beside the memory and CPU time of their VMs.
//!
//! What would go beyond is refused with `InternalFailure` and changes nothing. Lists of pairs,
//! names and single values have bounds of the ABI besides ([`crate::abi::pairs`], `hostcalls`).

/// Most bytes of one map after a change by a plugin: twice what the proxy accepts from a peer.
pub const MAX_HEADERS: usize = 16 << 20;
/// What a header takes beside its bytes, so that empty ones are bounded too.
pub(super) const HEADER_OVERHEAD: usize = 64;
/// Most bytes of one body after a change by a plugin.
///
/// Buffers' own limits do not count what plugins put in, and one call can append again and again.
pub const MAX_BODY: usize = 256 << 20;
/// Most bytes of a line in the log; what is longer is cut.
pub const MAX_LOG_LINE: usize = 1 << 20;
/// Most callouts that one VM may have open, of HTTP and of gRPC each.
///
/// Each holds a connection; a plugin that starts more than it awaits would exhaust the proxy.
pub const MAX_CALLOUTS: usize = 10_000;
/// Most bytes of keys and values that plugins may keep as shared data in one process.
///
/// The ABI cannot delete, so a key per client would else fill the proxy's memory.
pub const MAX_SHARED_DATA: usize = 256 << 20;
/// Most bytes of names and values that plugins may keep in queues of one process.
pub const MAX_QUEUES: usize = 256 << 20;
/// Most metrics that plugins may define in one process.
///
/// A plugin that puts client data into names would else fill the proxy's memory.
pub const MAX_METRICS: usize = 10_000;

/// The bounds that hold; each constant of this module is the default of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Bytes of one map after a change.
    pub headers: usize,
    /// Bytes of one body after a change.
    pub body: usize,
    /// Bytes of a line in the log.
    pub log_line: usize,
    /// Open callouts of a VM.
    pub callouts: usize,
    /// Bytes of shared data of a process; given to [`super::SharedData::with_limit`].
    pub shared_data: usize,
    /// Bytes in queues of a process; given to [`super::Queues::with_limit`].
    pub queues: usize,
    /// Metrics of a process; given to [`super::Metrics::with_limit`].
    pub metrics: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            headers: MAX_HEADERS,
            body: MAX_BODY,
            log_line: MAX_LOG_LINE,
            callouts: MAX_CALLOUTS,
            shared_data: MAX_SHARED_DATA,
            queues: MAX_QUEUES,
            metrics: MAX_METRICS,
        }
    }
}
