//! The host of `wasm32`: one import for each method.
//!
//! With `exports` the only `unsafe` code of the SDK. The `proxy-wasm` crate declares the same
//! imports, but its wrappers panic on statuses that they do not expect.
#![expect(unsafe_code, reason = "imports are foreign functions")]

#[cfg(feature = "heap")]
pub(crate) mod heap;
mod imports;

use super::{BufferKind, GrpcMethod, Host, LogLevel, MapKind, MetricKind, Pairs, Side, Status, pairs};
use imports::*;

/// The imports.
struct Imports;

/// The host in place: always the imports.
pub(crate) fn host() -> &'static dyn Host {
    &Imports
}

impl Host for Imports {
    fn log(&self, level: LogLevel, message: &[u8]) -> Result<(), Status> {
        // SAFETY: pointer and length are those of one live slice, which the proxy only reads.
        check(unsafe { proxy_log(level as u32, message.as_ptr(), message.len()) })
    }

    fn get_log_level(&self) -> Result<u32, Status> {
        let mut level = 0;
        // SAFETY: the proxy writes one `u32`, and `level` is one.
        check(unsafe { proxy_get_log_level(&raw mut level) }).map(|()| level)
    }

    fn get_current_time_nanoseconds(&self) -> Result<u64, Status> {
        let mut time = 0;
        // SAFETY: the proxy writes one `u64`, and `time` is one.
        check(unsafe { proxy_get_current_time_nanoseconds(&raw mut time) }).map(|()| time)
    }

    fn monotonic_nanoseconds(&self) -> u64 {
        let mut time = 0;
        // SAFETY: the proxy writes one `u64`, and `time` is one. Where it fails, nothing is written.
        let _ = unsafe { clock_time_get(MONOTONIC, 1, &raw mut time) };
        time
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), Status> {
        // SAFETY: pointer and length are those of one live slice, which nobody else uses.
        match unsafe { random_get(buffer.as_mut_ptr(), buffer.len()) } {
            0 => Ok(()),
            _ => Err(Status::INTERNAL_FAILURE),
        }
    }

    fn environment_variable(&self, name: &str) -> Option<String> {
        // Not by `std::env`: the C library below it ends the VM when the proxy answers an error.
        let (mut count, mut size) = (0, 0);
        // SAFETY: the proxy writes two numbers of the size of a pointer, and these are two.
        check(unsafe { environ_sizes_get(&raw mut count, &raw mut size) }).ok()?;
        // A proxy that lies about the sizes would write beyond them; what it says is given to it.
        let mut places: Vec<*mut u8> = Vec::new();
        let mut bytes: Vec<u8> = Vec::new();
        places.try_reserve_exact(count).ok()?;
        places.resize(count, std::ptr::null_mut());
        bytes.try_reserve_exact(size).ok()?;
        bytes.resize(size, 0);
        // SAFETY: the proxy writes as many pointers and bytes as it has said, and there is room.
        check(unsafe { environ_get(places.as_mut_ptr(), bytes.as_mut_ptr()) }).ok()?;
        let mut variables = bytes.split(|byte| *byte == 0);
        let value =
            variables.find_map(|variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
        String::from_utf8(value.to_vec()).ok()
    }

    fn get_property(&self, path: &[u8]) -> Result<Vec<u8>, Status> {
        let mut out = Out::EMPTY;
        // SAFETY: the slice is live and only read; the proxy writes one pointer and one size,
        // and the two fields of `out` are these.
        let status =
            unsafe { proxy_get_property(path.as_ptr(), path.len(), &raw mut out.bytes, &raw mut out.size) };
        out.take(status)
    }

    fn set_property(&self, path: &[u8], value: &[u8]) -> Result<(), Status> {
        // SAFETY: both slices are live, and the proxy only reads them.
        check(unsafe { proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len()) })
    }

    fn get_header_map_pairs(&self, map: MapKind) -> Result<Pairs, Status> {
        let mut out = Out::EMPTY;
        // SAFETY: the proxy writes one pointer and one size, and the two fields of `out` are these.
        let status = unsafe { proxy_get_header_map_pairs(map as u32, &raw mut out.bytes, &raw mut out.size) };
        Pairs::decode(out.take(status)?).ok_or(Status::PARSE_FAILURE)
    }

    fn replace_header_map_value(&self, map: MapKind, name: &str, value: &[u8]) -> Result<(), Status> {
        // SAFETY: both slices are live, and the proxy only reads them.
        check(unsafe {
            proxy_replace_header_map_value(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len())
        })
    }

    fn add_header_map_value(&self, map: MapKind, name: &str, value: &[u8]) -> Result<(), Status> {
        // SAFETY: both slices are live, and the proxy only reads them.
        check(unsafe {
            proxy_add_header_map_value(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len())
        })
    }

    fn remove_header_map_value(&self, map: MapKind, name: &str) -> Result<(), Status> {
        // SAFETY: the slice is live, and the proxy only reads it.
        check(unsafe { proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
    }

    fn get_buffer_bytes(&self, buffer: BufferKind, start: usize, size: usize) -> Result<Vec<u8>, Status> {
        let mut out = Out::EMPTY;
        // SAFETY: the proxy writes one pointer and one size, and the two fields of `out` are these.
        let status = unsafe {
            proxy_get_buffer_bytes(buffer as u32, start, size, &raw mut out.bytes, &raw mut out.size)
        };
        out.take(status)
    }

    fn set_buffer_bytes(
        &self,
        buffer: BufferKind,
        start: usize,
        size: usize,
        bytes: &[u8],
    ) -> Result<(), Status> {
        // SAFETY: the slice is live, and the proxy only reads it.
        check(unsafe { proxy_set_buffer_bytes(buffer as u32, start, size, bytes.as_ptr(), bytes.len()) })
    }

    fn send_local_response(
        &self,
        status: u16,
        details: &str,
        body: &[u8],
        headers: &[(&str, &[u8])],
        grpc_status: Option<u32>,
    ) -> Result<(), Status> {
        let headers = pairs::encode(headers);
        let grpc_status = grpc_status.and_then(|code| i32::try_from(code).ok()).unwrap_or(-1);
        // SAFETY: the three slices are live, and the proxy only reads them.
        check(unsafe {
            proxy_send_local_response(
                u32::from(status),
                details.as_ptr(),
                details.len(),
                body.as_ptr(),
                body.len(),
                headers.as_ptr(),
                headers.len(),
                grpc_status,
            )
        })
    }

    fn continue_stream(&self, side: Side) -> Result<(), Status> {
        // SAFETY: takes and returns numbers only.
        check(unsafe { proxy_continue_stream(side as u32) })
    }

    fn close_stream(&self, side: Side) -> Result<(), Status> {
        // SAFETY: takes and returns numbers only.
        check(unsafe { proxy_close_stream(side as u32) })
    }

    fn get_shared_data(&self, key: &str) -> Result<(Vec<u8>, u32), Status> {
        let mut out = Out::EMPTY;
        let mut cas = 0;
        // SAFETY: the slice is live and only read; the proxy writes one pointer, one size and one
        // `u32`, and the fields of `out` and `cas` are these.
        let status = unsafe {
            proxy_get_shared_data(
                key.as_ptr(),
                key.len(),
                &raw mut out.bytes,
                &raw mut out.size,
                &raw mut cas,
            )
        };
        Ok((out.take(status)?, cas))
    }

    fn set_shared_data(&self, key: &str, value: &[u8], cas: u32) -> Result<(), Status> {
        // SAFETY: both slices are live, and the proxy only reads them.
        check(unsafe { proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas) })
    }

    fn register_shared_queue(&self, name: &str) -> Result<u32, Status> {
        let mut token = 0;
        // SAFETY: the slice is live and only read; the proxy writes one `u32`, and `token` is one.
        check(unsafe { proxy_register_shared_queue(name.as_ptr(), name.len(), &raw mut token) })
            .map(|()| token)
    }

    fn resolve_shared_queue(&self, vm_id: &str, name: &str) -> Result<u32, Status> {
        let mut token = 0;
        // SAFETY: both slices are live and only read; the proxy writes one `u32`, and `token` is one.
        check(unsafe {
            proxy_resolve_shared_queue(vm_id.as_ptr(), vm_id.len(), name.as_ptr(), name.len(), &raw mut token)
        })
        .map(|()| token)
    }

    fn enqueue_shared_queue(&self, token: u32, value: &[u8]) -> Result<(), Status> {
        // SAFETY: the slice is live, and the proxy only reads it.
        check(unsafe { proxy_enqueue_shared_queue(token, value.as_ptr(), value.len()) })
    }

    fn dequeue_shared_queue(&self, token: u32) -> Result<Vec<u8>, Status> {
        let mut out = Out::EMPTY;
        // SAFETY: the proxy writes one pointer and one size, and the two fields of `out` are these.
        let status = unsafe { proxy_dequeue_shared_queue(token, &raw mut out.bytes, &raw mut out.size) };
        out.take(status)
    }

    fn http_call(
        &self,
        cluster: &str,
        headers: &[(&str, &[u8])],
        body: &[u8],
        trailers: &[(&str, &[u8])],
        timeout_ms: u32,
    ) -> Result<u32, Status> {
        let (headers, trailers) = (pairs::encode(headers), pairs::encode(trailers));
        let mut token = 0;
        // SAFETY: the four slices are live and only read; the proxy writes one `u32`, and `token` is one.
        check(unsafe {
            proxy_http_call(
                cluster.as_ptr(),
                cluster.len(),
                headers.as_ptr(),
                headers.len(),
                body.as_ptr(),
                body.len(),
                trailers.as_ptr(),
                trailers.len(),
                timeout_ms,
                &raw mut token,
            )
        })
        .map(|()| token)
    }

    fn grpc_call(
        &self,
        method: &GrpcMethod<'_>,
        metadata: &[(&str, &[u8])],
        message: &[u8],
        timeout_ms: u32,
    ) -> Result<u32, Status> {
        let GrpcMethod { target, service, method } = method;
        let metadata = pairs::encode(metadata);
        let mut token = 0;
        // SAFETY: the five slices are live and only read; the proxy writes one `u32`, and `token` is one.
        check(unsafe {
            proxy_grpc_call(
                target.as_ptr(),
                target.len(),
                service.as_ptr(),
                service.len(),
                method.as_ptr(),
                method.len(),
                metadata.as_ptr(),
                metadata.len(),
                message.as_ptr(),
                message.len(),
                timeout_ms,
                &raw mut token,
            )
        })
        .map(|()| token)
    }

    fn grpc_stream(&self, method: &GrpcMethod<'_>, metadata: &[(&str, &[u8])]) -> Result<u32, Status> {
        let GrpcMethod { target, service, method } = method;
        let metadata = pairs::encode(metadata);
        let mut token = 0;
        // SAFETY: the four slices are live and only read; the proxy writes one `u32`, and `token` is one.
        check(unsafe {
            proxy_grpc_stream(
                target.as_ptr(),
                target.len(),
                service.as_ptr(),
                service.len(),
                method.as_ptr(),
                method.len(),
                metadata.as_ptr(),
                metadata.len(),
                &raw mut token,
            )
        })
        .map(|()| token)
    }

    fn grpc_send(&self, token: u32, message: &[u8], end_of_stream: bool) -> Result<(), Status> {
        // SAFETY: the slice is live, and the proxy only reads it.
        check(unsafe { proxy_grpc_send(token, message.as_ptr(), message.len(), end_of_stream.into()) })
    }

    fn grpc_close(&self, token: u32) -> Result<(), Status> {
        // SAFETY: takes and returns numbers only.
        check(unsafe { proxy_grpc_close(token) })
    }

    fn grpc_cancel(&self, token: u32) -> Result<(), Status> {
        // SAFETY: takes and returns numbers only.
        check(unsafe { proxy_grpc_cancel(token) })
    }

    fn get_status(&self) -> Result<(u32, Vec<u8>), Status> {
        let (mut code, mut out) = (0, Out::EMPTY);
        // SAFETY: the proxy writes one `u32`, one pointer and one size, and these are they.
        let status = unsafe { proxy_get_status(&raw mut code, &raw mut out.bytes, &raw mut out.size) };
        Ok((code, out.take(status)?))
    }

    fn set_tick_period_milliseconds(&self, period_ms: u32) -> Result<(), Status> {
        // SAFETY: takes and returns numbers only.
        check(unsafe { proxy_set_tick_period_milliseconds(period_ms) })
    }

    fn define_metric(&self, kind: MetricKind, name: &str) -> Result<u32, Status> {
        let mut metric = 0;
        // SAFETY: the slice is live and only read; the proxy writes one `u32`, and `metric` is one.
        check(unsafe { proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &raw mut metric) })
            .map(|()| metric)
    }

    fn increment_metric(&self, metric: u32, offset: i64) -> Result<(), Status> {
        // SAFETY: takes and returns numbers only.
        check(unsafe { proxy_increment_metric(metric, offset) })
    }

    fn record_metric(&self, metric: u32, value: u64) -> Result<(), Status> {
        // SAFETY: takes and returns numbers only.
        check(unsafe { proxy_record_metric(metric, value) })
    }

    fn get_metric(&self, metric: u32) -> Result<u64, Status> {
        let mut value = 0;
        // SAFETY: the proxy writes one `u64`, and `value` is one.
        check(unsafe { proxy_get_metric(metric, &raw mut value) }).map(|()| value)
    }

    fn set_effective_context(&self, context: u32) -> Result<(), Status> {
        // SAFETY: takes and returns numbers only.
        check(unsafe { proxy_set_effective_context(context) })
    }
}
