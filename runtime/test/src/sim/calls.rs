//! The callbacks of a filter with what they were given and what they left, for expectations about them.

use bytes::Bytes;
use mesh_filter_runtime::abi::BufferKind;
use mesh_filter_runtime::guest::Callback;
use mesh_filter_runtime::host::SharedHost;
use std::sync::Arc;

/// A callback that has been called.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The plugin's name.
    pub(crate) filter: Arc<str>,
    pub(crate) callback: Callback,
    /// What the filter answered; `None` where it trapped, or does not have the callback.
    pub(crate) answer: Option<u32>,
    /// Of callbacks for bodies: what could be read before and after.
    pub(crate) body: Option<(Bytes, Bytes)>,
}

/// The body that a callback is about, as the filter could read it now.
pub(super) fn body(host: &SharedHost, callback: Callback) -> Option<Bytes> {
    let kind = match callback {
        Callback::RequestBody { .. } => BufferKind::RequestBody,
        Callback::ResponseBody { .. } => BufferKind::ResponseBody,
        _ => return None,
    };
    Some(host.borrow().buffer_bytes(kind, 0, usize::MAX).unwrap_or_default())
}
