//! The imports of the module, and how the proxy hands over bytes.
//!
//! Every result is a plain number: an enumeration would be undefined behaviour where a proxy
//! answers a number outside of it.

use crate::host::Status;
use std::ptr;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    pub(super) fn proxy_log(level: u32, message: *const u8, size: usize) -> u32;
    pub(super) fn proxy_get_log_level(level: *mut u32) -> u32;
    pub(super) fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    pub(super) fn proxy_get_property(
        path: *const u8,
        size: usize,
        out: *mut *mut u8,
        out_size: *mut usize,
    ) -> u32;
    pub(super) fn proxy_set_property(
        path: *const u8,
        size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    pub(super) fn proxy_get_header_map_pairs(map: u32, out: *mut *mut u8, out_size: *mut usize) -> u32;
    pub(super) fn proxy_replace_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    pub(super) fn proxy_add_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    pub(super) fn proxy_remove_header_map_value(map: u32, name: *const u8, name_size: usize) -> u32;
    pub(super) fn proxy_get_buffer_bytes(
        buffer: u32,
        start: usize,
        size: usize,
        out: *mut *mut u8,
        out_size: *mut usize,
    ) -> u32;
    pub(super) fn proxy_set_buffer_bytes(
        buffer: u32,
        start: usize,
        size: usize,
        bytes: *const u8,
        bytes_size: usize,
    ) -> u32;
    pub(super) fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
    pub(super) fn proxy_continue_stream(side: u32) -> u32;
    pub(super) fn proxy_close_stream(side: u32) -> u32;
    pub(super) fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        out: *mut *mut u8,
        out_size: *mut usize,
        cas: *mut u32,
    ) -> u32;
    pub(super) fn proxy_set_shared_data(
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
        cas: u32,
    ) -> u32;
    pub(super) fn proxy_register_shared_queue(name: *const u8, size: usize, token: *mut u32) -> u32;
    pub(super) fn proxy_resolve_shared_queue(
        vm_id: *const u8,
        vm_id_size: usize,
        name: *const u8,
        name_size: usize,
        token: *mut u32,
    ) -> u32;
    pub(super) fn proxy_enqueue_shared_queue(token: u32, value: *const u8, size: usize) -> u32;
    pub(super) fn proxy_dequeue_shared_queue(token: u32, out: *mut *mut u8, out_size: *mut usize) -> u32;
    pub(super) fn proxy_http_call(
        cluster: *const u8,
        cluster_size: usize,
        headers: *const u8,
        headers_size: usize,
        body: *const u8,
        body_size: usize,
        trailers: *const u8,
        trailers_size: usize,
        timeout_ms: u32,
        token: *mut u32,
    ) -> u32;
    pub(super) fn proxy_grpc_call(
        target: *const u8,
        target_size: usize,
        service: *const u8,
        service_size: usize,
        method: *const u8,
        method_size: usize,
        metadata: *const u8,
        metadata_size: usize,
        message: *const u8,
        message_size: usize,
        timeout_ms: u32,
        token: *mut u32,
    ) -> u32;
    pub(super) fn proxy_grpc_stream(
        target: *const u8,
        target_size: usize,
        service: *const u8,
        service_size: usize,
        method: *const u8,
        method_size: usize,
        metadata: *const u8,
        metadata_size: usize,
        token: *mut u32,
    ) -> u32;
    pub(super) fn proxy_grpc_send(token: u32, message: *const u8, size: usize, end_of_stream: u32) -> u32;
    pub(super) fn proxy_grpc_close(token: u32) -> u32;
    pub(super) fn proxy_grpc_cancel(token: u32) -> u32;
    pub(super) fn proxy_get_status(code: *mut u32, out: *mut *mut u8, out_size: *mut usize) -> u32;
    pub(super) fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    pub(super) fn proxy_define_metric(kind: u32, name: *const u8, name_size: usize, metric: *mut u32) -> u32;
    pub(super) fn proxy_increment_metric(metric: u32, offset: i64) -> u32;
    pub(super) fn proxy_record_metric(metric: u32, value: u64) -> u32;
    pub(super) fn proxy_get_metric(metric: u32, value: *mut u64) -> u32;
    pub(super) fn proxy_set_effective_context(context: u32) -> u32;
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    pub(super) fn environ_sizes_get(count: *mut usize, size: *mut usize) -> u32;
    pub(super) fn environ_get(places: *mut *mut u8, bytes: *mut u8) -> u32;
    pub(super) fn clock_time_get(clock: u32, precision: u64, time: *mut u64) -> u32;
    pub(super) fn random_get(buffer: *mut u8, size: usize) -> u32;
}

/// WASI's number of the clock that never runs backwards.
pub(super) const MONOTONIC: u32 = 1;

pub(super) fn check(status: u32) -> Result<(), Status> {
    if status == Status::OK.0 { Ok(()) } else { Err(Status(status)) }
}

/// Where the proxy puts bytes that it allocated in this module.
pub(super) struct Out {
    pub(super) bytes: *mut u8,
    pub(super) size: usize,
}

impl Out {
    pub(super) const EMPTY: Self = Self { bytes: ptr::null_mut(), size: 0 };

    /// The bytes, once the proxy has answered with `status`.
    pub(super) fn take(self, status: u32) -> Result<Vec<u8>, Status> {
        check(status)?;
        if self.bytes.is_null() || self.size == 0 {
            return Ok(Vec::new());
        }
        // SAFETY: both fields start as "nothing" and only the proxy writes them. It writes a
        // pointer that it got from this module's exported allocator for exactly `size` bytes,
        // which is a boxed slice of the global allocator, and gives it away by that.
        Ok(unsafe { Vec::from_raw_parts(self.bytes, self.size, self.size) })
    }
}
