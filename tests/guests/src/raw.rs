//! Host functions as the ABI has them, for guests that do what the `proxy-wasm` crate cannot express.
//!
//! Statuses are plain numbers here. The safe functions below pass only addresses of live Rust values, which is all
//! that the host needs; what the numbers mean is the guest's affair.

#![expect(unsafe_code, reason = "the imports of the ABI")]

use std::ptr::null_mut;

mod import {
    unsafe extern "C" {
        pub(super) fn proxy_log(level: u32, message: *const u8, size: usize) -> u32;
        pub(super) fn proxy_get_header_map_value(
            map: u32,
            name: *const u8,
            size: usize,
            out: *mut *mut u8,
            out_size: *mut usize,
        ) -> u32;
        pub(super) fn proxy_replace_header_map_value(
            map: u32,
            name: *const u8,
            size: usize,
            value: *const u8,
            value_size: usize,
        ) -> u32;
        pub(super) fn proxy_get_header_map_size(map: u32, out: *mut u32) -> u32;
        pub(super) fn proxy_get_buffer_bytes(
            buffer: u32,
            start: usize,
            max: usize,
            out: *mut *mut u8,
            out_size: *mut usize,
        ) -> u32;
        pub(super) fn proxy_set_buffer_bytes(
            buffer: u32,
            start: usize,
            length: usize,
            data: *const u8,
            size: usize,
        ) -> u32;
        pub(super) fn proxy_get_property(
            path: *const u8,
            size: usize,
            out: *mut *mut u8,
            out_size: *mut usize,
        ) -> u32;
        pub(super) fn proxy_continue_stream(stream: u32) -> u32;
        pub(super) fn proxy_get_metric(id: u32, out: *mut u64) -> u32;
        pub(super) fn proxy_increment_metric(id: u32, offset: i64) -> u32;
        pub(super) fn proxy_set_effective_context(id: u32) -> u32;
        pub(super) fn proxy_done() -> u32;
    }
}

/// What a call that returns bytes answered: its status, and the bytes if there were any.
pub type Answer = (u32, Vec<u8>);

fn bytes(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Answer {
    let (mut data, mut size) = (null_mut(), 0);
    let status = call(&raw mut data, &raw mut size);
    // SAFETY: the host filled `size` bytes that it got from this module's allocator, or left the null pointer.
    let value = if data.is_null() { Vec::new() } else { unsafe { Vec::from_raw_parts(data, size, size) } };
    (status, value)
}

/// Writes a line to the host's log.
pub fn log(level: u32, message: &str) -> u32 {
    // SAFETY: pointer and length describe a live string.
    unsafe { import::proxy_log(level, message.as_ptr(), message.len()) }
}

/// Reads one header.
#[must_use]
pub fn header(map: u32, name: &str) -> Answer {
    // SAFETY: pointers and lengths describe live values.
    bytes(|out, size| unsafe {
        import::proxy_get_header_map_value(map, name.as_ptr(), name.len(), out, size)
    })
}

/// Sets one header.
pub fn replace_header(map: u32, name: &str, value: &[u8]) -> u32 {
    // SAFETY: pointers and lengths describe live values.
    unsafe {
        import::proxy_replace_header_map_value(map, name.as_ptr(), name.len(), value.as_ptr(), value.len())
    }
}

/// The size of a header map in bytes.
#[must_use]
pub fn header_map_size(map: u32) -> (u32, u32) {
    let mut size = 0;
    // SAFETY: the out pointer is live.
    (unsafe { import::proxy_get_header_map_size(map, &raw mut size) }, size)
}

/// Reads a part of a buffer.
#[must_use]
pub fn buffer(buffer: u32, start: usize, max: usize) -> Answer {
    // SAFETY: the out pointers are live.
    bytes(|out, size| unsafe { import::proxy_get_buffer_bytes(buffer, start, max, out, size) })
}

/// Replaces a part of a buffer.
pub fn set_buffer(buffer: u32, start: usize, length: usize, data: &[u8]) -> u32 {
    // SAFETY: pointer and length describe a live value.
    unsafe { import::proxy_set_buffer_bytes(buffer, start, length, data.as_ptr(), data.len()) }
}

/// Reads a property whose path segments are separated by dots here.
#[must_use]
pub fn property(path: &str) -> Answer {
    let path = path.replace('.', "\0");
    // SAFETY: pointers and lengths describe live values.
    bytes(|out, size| unsafe { import::proxy_get_property(path.as_ptr(), path.len(), out, size) })
}

/// Lets a stream go on.
pub fn continue_stream(stream: u32) -> u32 {
    // SAFETY: no pointers.
    unsafe { import::proxy_continue_stream(stream) }
}

/// Reads a metric.
#[must_use]
pub fn metric(id: u32) -> (u32, u64) {
    let mut value = 0;
    // SAFETY: the out pointer is live.
    (unsafe { import::proxy_get_metric(id, &raw mut value) }, value)
}

/// Adds to a metric.
pub fn increment_metric(id: u32, offset: i64) -> u32 {
    // SAFETY: no pointers.
    unsafe { import::proxy_increment_metric(id, offset) }
}

/// Chooses the context that later calls act on.
pub fn set_effective_context(id: u32) -> u32 {
    // SAFETY: no pointers.
    unsafe { import::proxy_set_effective_context(id) }
}

/// Says that a context which asked for time is done.
pub fn done() -> u32 {
    // SAFETY: no pointers.
    unsafe { import::proxy_done() }
}
