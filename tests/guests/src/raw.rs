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
        pub(super) fn proxy_set_property(
            path: *const u8,
            size: usize,
            value: *const u8,
            value_size: usize,
        ) -> u32;
        pub(super) fn proxy_get_header_map_pairs(map: u32, out: *mut *mut u8, out_size: *mut usize) -> u32;
        pub(super) fn proxy_get_status(code: *mut u32, out: *mut *mut u8, out_size: *mut usize) -> u32;
        pub(super) fn proxy_register_shared_queue(name: *const u8, size: usize, token: *mut u32) -> u32;
        pub(super) fn proxy_resolve_shared_queue(
            vm_id: *const u8,
            vm_id_size: usize,
            name: *const u8,
            size: usize,
            token: *mut u32,
        ) -> u32;
        pub(super) fn proxy_enqueue_shared_queue(token: u32, data: *const u8, size: usize) -> u32;
        pub(super) fn proxy_dequeue_shared_queue(token: u32, out: *mut *mut u8, out_size: *mut usize) -> u32;
        pub(super) fn proxy_call_foreign_function(
            name: *const u8,
            size: usize,
            arguments: *const u8,
            arguments_size: usize,
            out: *mut *mut u8,
            out_size: *mut usize,
        ) -> u32;
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
        pub(super) fn proxy_grpc_send(token: u32, message: *const u8, size: usize, end_stream: u32) -> u32;
        pub(super) fn proxy_grpc_close(token: u32) -> u32;
        pub(super) fn proxy_grpc_cancel(token: u32) -> u32;
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

/// Writes a property whose path segments are separated by NUL bytes.
pub fn set_property(path: &[u8], value: &[u8]) -> u32 {
    // SAFETY: pointers and lengths describe live values.
    unsafe { import::proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len()) }
}

/// Reads a property whose path segments are separated by NUL bytes.
#[must_use]
pub fn property_at(path: &[u8]) -> Answer {
    // SAFETY: pointers and lengths describe live values.
    bytes(|out, size| unsafe { import::proxy_get_property(path.as_ptr(), path.len(), out, size) })
}

/// Reads a header map as the host serialises it.
#[must_use]
pub fn pairs(map: u32) -> Answer {
    // SAFETY: the out pointers are live.
    bytes(|out, size| unsafe { import::proxy_get_header_map_pairs(map, out, size) })
}

/// Code and message of the callout that is being told about.
#[must_use]
pub fn status() -> (u32, u32, Vec<u8>) {
    let mut code = 0;
    // SAFETY: the out pointers are live.
    let (status, message) = bytes(|out, size| unsafe { import::proxy_get_status(&raw mut code, out, size) });
    (status, code, message)
}

/// Makes a queue, or takes it over; answers its token.
pub fn register_queue(name: &str) -> (u32, u32) {
    let mut token = 0;
    // SAFETY: pointers and lengths describe live values.
    (unsafe { import::proxy_register_shared_queue(name.as_ptr(), name.len(), &raw mut token) }, token)
}

/// Finds a queue of a VM; answers its token.
#[must_use]
pub fn resolve_queue(vm_id: &str, name: &str) -> (u32, u32) {
    let mut token = 0;
    // SAFETY: pointers and lengths describe live values.
    let status = unsafe {
        import::proxy_resolve_shared_queue(
            vm_id.as_ptr(),
            vm_id.len(),
            name.as_ptr(),
            name.len(),
            &raw mut token,
        )
    };
    (status, token)
}

/// Puts a value at the end of a queue.
pub fn enqueue(token: u32, data: &[u8]) -> u32 {
    // SAFETY: pointer and length describe a live value.
    unsafe { import::proxy_enqueue_shared_queue(token, data.as_ptr(), data.len()) }
}

/// Takes the first value of a queue.
pub fn dequeue(token: u32) -> Answer {
    // SAFETY: the out pointers are live.
    bytes(|out, size| unsafe { import::proxy_dequeue_shared_queue(token, out, size) })
}

/// Calls a function that only some hosts have.
pub fn foreign(name: &str, arguments: &[u8]) -> Answer {
    // SAFETY: pointers and lengths describe live values.
    bytes(|out, size| unsafe {
        import::proxy_call_foreign_function(
            name.as_ptr(),
            name.len(),
            arguments.as_ptr(),
            arguments.len(),
            out,
            size,
        )
    })
}

/// Asks a cluster; answers the token of the call.
pub fn http_call(cluster: &str, headers: &[(&str, &str)], timeout_ms: u32) -> (u32, u32) {
    let (headers, mut token) = (serialised(headers), 0);
    // SAFETY: pointers and lengths describe live values; there are no body and trailers.
    let status = unsafe {
        import::proxy_http_call(
            cluster.as_ptr(),
            cluster.len(),
            headers.as_ptr(),
            headers.len(),
            null_mut(),
            0,
            null_mut(),
            0,
            timeout_ms,
            &raw mut token,
        )
    };
    (status, token)
}

/// Where a gRPC method is.
#[derive(Clone, Copy, Debug)]
pub struct Method<'a> {
    /// A cluster's name or a serialised `GrpcService`.
    pub target: &'a [u8],
    /// Full name of the service.
    pub service: &'a str,
    /// Name of the method.
    pub method: &'a str,
}

/// Calls a unary gRPC method; answers the token of the call.
pub fn grpc_call(to: Method<'_>, metadata: &[(&str, &str)], message: &[u8], timeout_ms: u32) -> (u32, u32) {
    let (metadata, mut token) = (serialised(metadata), 0);
    // SAFETY: pointers and lengths describe live values.
    let status = unsafe {
        import::proxy_grpc_call(
            to.target.as_ptr(),
            to.target.len(),
            to.service.as_ptr(),
            to.service.len(),
            to.method.as_ptr(),
            to.method.len(),
            metadata.as_ptr(),
            metadata.len(),
            message.as_ptr(),
            message.len(),
            timeout_ms,
            &raw mut token,
        )
    };
    (status, token)
}

/// Opens a gRPC stream; answers its token.
pub fn grpc_stream(to: Method<'_>, metadata: &[(&str, &str)]) -> (u32, u32) {
    let (metadata, mut token) = (serialised(metadata), 0);
    // SAFETY: pointers and lengths describe live values.
    let status = unsafe {
        import::proxy_grpc_stream(
            to.target.as_ptr(),
            to.target.len(),
            to.service.as_ptr(),
            to.service.len(),
            to.method.as_ptr(),
            to.method.len(),
            metadata.as_ptr(),
            metadata.len(),
            &raw mut token,
        )
    };
    (status, token)
}

/// Sends a message on a gRPC stream.
pub fn grpc_send(token: u32, message: &[u8], end_stream: bool) -> u32 {
    // SAFETY: pointer and length describe a live value.
    unsafe { import::proxy_grpc_send(token, message.as_ptr(), message.len(), end_stream.into()) }
}

/// Ends the sending side of a gRPC stream, or cancels a call.
pub fn grpc_close(token: u32) -> u32 {
    // SAFETY: no pointers.
    unsafe { import::proxy_grpc_close(token) }
}

/// Cancels a gRPC call or stream.
pub fn grpc_cancel(token: u32) -> u32 {
    // SAFETY: no pointers.
    unsafe { import::proxy_grpc_cancel(token) }
}

/// Pairs as the ABI writes them: the count, all sizes, then names and values with a NUL after each.
fn serialised(pairs: &[(&str, &str)]) -> Vec<u8> {
    let number = |size: usize| u32::try_from(size).unwrap_or_default().to_le_bytes();
    let mut bytes = number(pairs.len()).to_vec();
    for (name, value) in pairs {
        bytes.extend(number(name.len()));
        bytes.extend(number(value.len()));
    }
    for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(text.as_bytes());
        bytes.push(0);
    }
    bytes
}
