//! The functions by which a native plugin and this program find each other when they are linked.
//!
//! A hostcall takes its arguments out of memory and is done elsewhere.
#![expect(unsafe_code, reason = "symbols have names that the linker must not change")]

use super::calls::{self, Method};
use super::memory::{code, give, put, read, tell};
use super::vm::hostcall;
// The callbacks below are this crate's; the plugin's own copy is the same.
use proxy_wasm as _;

/// Runs a plugin of the `proxy-wasm` crate natively: `proxy_wasm!(my_plugin)` is a [`World`](crate::World).
///
/// The name is that of a crate whose library is an `rlib` too (`crate-type = ["cdylib", "rlib"]`); of such
/// plugins there can be one in a test program, because `proxy_wasm::main!` gives each the same symbol.
#[macro_export]
macro_rules! proxy_wasm {
    ($plugin:ident) => {{
        // Nothing of it is named, and it has to be linked.
        use $plugin as _;
        unsafe extern "C" {
            safe fn _initialize();
        }
        $crate::World::proxy_wasm(_initialize)
    }};
}

#[unsafe(no_mangle)]
extern "C" fn proxy_log(level: u32, message: *const u8, message_size: usize) -> u32 {
    let message = read(message, message_size);
    // Whoever logs outside of callbacks, such as a test of the plugin's own, is not heard and not hindered.
    code(&hostcall(move |host| calls::log(host, level, &message)).or(Some(Ok(()))))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_get_log_level(out: *mut u32) -> u32 {
    tell(hostcall(calls::log_level), out)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_get_current_time_nanoseconds(out: *mut u64) -> u32 {
    tell(hostcall(calls::time), out)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_tick_period_milliseconds(period: u32) -> u32 {
    code(&hostcall(move |host| calls::set_tick_period(host, period)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_get_buffer_bytes(
    buffer: u32,
    start: usize,
    most: usize,
    out: *mut *mut u8,
    out_size: *mut usize,
) -> u32 {
    give(hostcall(move |host| calls::buffer(host, buffer, start, most)), out, out_size)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_buffer_bytes(
    buffer: u32,
    start: usize,
    size: usize,
    value: *const u8,
    value_size: usize,
) -> u32 {
    let value = read(value, value_size);
    code(&hostcall(move |host| calls::set_buffer(host, buffer, start, size, &value)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_get_header_map_pairs(map: u32, out: *mut *mut u8, out_size: *mut usize) -> u32 {
    give(hostcall(move |host| calls::map_pairs(host, map)), out, out_size)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_header_map_pairs(map: u32, pairs: *const u8, pairs_size: usize) -> u32 {
    let pairs = read(pairs, pairs_size);
    code(&hostcall(move |host| calls::set_pairs(host, map, &pairs)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_get_header_map_value(
    map: u32,
    name: *const u8,
    name_size: usize,
    out: *mut *mut u8,
    out_size: *mut usize,
) -> u32 {
    let name = read(name, name_size);
    give(hostcall(move |host| calls::value(host, map, &name)), out, out_size)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_add_header_map_value(
    map: u32,
    name: *const u8,
    name_size: usize,
    value: *const u8,
    value_size: usize,
) -> u32 {
    let name = read(name, name_size);
    let value = read(value, value_size);
    code(&hostcall(move |host| calls::add_value(host, map, &name, &value)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_replace_header_map_value(
    map: u32,
    name: *const u8,
    name_size: usize,
    value: *const u8,
    value_size: usize,
) -> u32 {
    let name = read(name, name_size);
    let value = read(value, value_size);
    code(&hostcall(move |host| calls::replace_value(host, map, &name, &value)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_remove_header_map_value(map: u32, name: *const u8, name_size: usize) -> u32 {
    let name = read(name, name_size);
    code(&hostcall(move |host| calls::remove_value(host, map, &name)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_get_property(
    path: *const u8,
    path_size: usize,
    out: *mut *mut u8,
    out_size: *mut usize,
) -> u32 {
    let path = read(path, path_size);
    give(hostcall(move |host| calls::property(host, &path)), out, out_size)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_property(
    path: *const u8,
    path_size: usize,
    value: *const u8,
    value_size: usize,
) -> u32 {
    let path = read(path, path_size);
    let value = read(value, value_size);
    code(&hostcall(move |host| calls::set_property(host, &path, &value)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_get_shared_data(
    key: *const u8,
    key_size: usize,
    out: *mut *mut u8,
    out_size: *mut usize,
    cas_out: *mut u32,
) -> u32 {
    let key = read(key, key_size);
    let answer = hostcall(move |host| calls::shared_data(host, &key));
    if let Some(Ok((_, cas))) = &answer {
        put(cas_out, *cas);
    }
    give(answer.map(|answer| answer.map(|(value, _)| value)), out, out_size)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_shared_data(
    key: *const u8,
    key_size: usize,
    value: *const u8,
    value_size: usize,
    cas: u32,
) -> u32 {
    let key = read(key, key_size);
    let value = read(value, value_size);
    code(&hostcall(move |host| calls::set_shared_data(host, &key, &value, cas)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_register_shared_queue(name: *const u8, name_size: usize, out: *mut u32) -> u32 {
    let name = read(name, name_size);
    tell(hostcall(move |host| calls::register_queue(host, &name)), out)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_resolve_shared_queue(
    vm_id: *const u8,
    vm_id_size: usize,
    name: *const u8,
    name_size: usize,
    out: *mut u32,
) -> u32 {
    let vm_id = read(vm_id, vm_id_size);
    let name = read(name, name_size);
    tell(hostcall(move |host| calls::resolve_queue(host, &vm_id, &name)), out)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_dequeue_shared_queue(queue: u32, out: *mut *mut u8, out_size: *mut usize) -> u32 {
    give(hostcall(move |host| calls::dequeue(host, queue)), out, out_size)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_enqueue_shared_queue(queue: u32, value: *const u8, value_size: usize) -> u32 {
    let value = read(value, value_size);
    code(&hostcall(move |host| calls::enqueue(host, queue, &value)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_continue_stream(stream: u32) -> u32 {
    code(&hostcall(move |host| calls::continue_stream(host, stream)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_close_stream(stream: u32) -> u32 {
    code(&hostcall(move |host| calls::close_stream(host, stream)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_send_local_response(
    status: u32,
    details: *const u8,
    details_size: usize,
    body: *const u8,
    body_size: usize,
    headers: *const u8,
    headers_size: usize,
    grpc_status: i32,
) -> u32 {
    let details = read(details, details_size);
    let body = read(body, body_size);
    let headers = read(headers, headers_size);
    code(&hostcall(move |host| {
        calls::send_local_response(host, status, &details, body, &headers, grpc_status)
    }))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_http_call(
    cluster: *const u8,
    cluster_size: usize,
    headers: *const u8,
    headers_size: usize,
    body: *const u8,
    body_size: usize,
    trailers: *const u8,
    trailers_size: usize,
    timeout: u32,
    out: *mut u32,
) -> u32 {
    let cluster = read(cluster, cluster_size);
    let headers = read(headers, headers_size);
    let body = read(body, body_size);
    let trailers = read(trailers, trailers_size);
    tell(hostcall(move |host| calls::http_call(host, &cluster, &headers, &body, &trailers, timeout)), out)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_grpc_call(
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
    timeout: u32,
    out: *mut u32,
) -> u32 {
    let target = read(target, target_size);
    let service = read(service, service_size);
    let method = read(method, method_size);
    let metadata = read(metadata, metadata_size);
    let message = read(message, message_size);
    tell(
        hostcall(move |host| {
            calls::grpc_call(host, &Method { target, service, method }, &metadata, &message, timeout)
        }),
        out,
    )
}

#[unsafe(no_mangle)]
extern "C" fn proxy_grpc_stream(
    target: *const u8,
    target_size: usize,
    service: *const u8,
    service_size: usize,
    method: *const u8,
    method_size: usize,
    metadata: *const u8,
    metadata_size: usize,
    out: *mut u32,
) -> u32 {
    let target = read(target, target_size);
    let service = read(service, service_size);
    let method = read(method, method_size);
    let metadata = read(metadata, metadata_size);
    tell(hostcall(move |host| calls::grpc_stream(host, &Method { target, service, method }, &metadata)), out)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_grpc_send(token: u32, message: *const u8, message_size: usize, end: bool) -> u32 {
    let message = read(message, message_size);
    code(&hostcall(move |host| calls::grpc_send(host, token, &message, end)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_grpc_cancel(token: u32) -> u32 {
    code(&hostcall(move |host| calls::grpc_cancel(host, token)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_grpc_close(token: u32) -> u32 {
    code(&hostcall(move |host| calls::grpc_close(host, token)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_get_status(code_out: *mut u32, out: *mut *mut u8, out_size: *mut usize) -> u32 {
    let answer = hostcall(calls::status);
    if let Some(Ok((code, _))) = &answer {
        put(code_out, *code);
    }
    give(answer.map(|answer| answer.map(|(_, message)| message)), out, out_size)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_effective_context(context: u32) -> u32 {
    code(&hostcall(move |host| calls::set_effective_context(host, context)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_call_foreign_function(
    name: *const u8,
    name_size: usize,
    argument: *const u8,
    argument_size: usize,
    out: *mut *mut u8,
    out_size: *mut usize,
) -> u32 {
    let name = read(name, name_size);
    let argument = read(argument, argument_size);
    // None of the functions has a result.
    give(
        hostcall(move |host| calls::foreign_function(host, &name, &argument))
            .map(|answer| answer.map(|()| Vec::new())),
        out,
        out_size,
    )
}

#[unsafe(no_mangle)]
extern "C" fn proxy_done() -> u32 {
    code(&hostcall(calls::done))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_define_metric(kind: u32, name: *const u8, name_size: usize, out: *mut u32) -> u32 {
    let name = read(name, name_size);
    tell(hostcall(move |host| calls::define_metric(host, kind, &name)), out)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_get_metric(metric: u32, out: *mut u64) -> u32 {
    tell(hostcall(move |host| calls::metric(host, metric)), out)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_record_metric(metric: u32, value: u64) -> u32 {
    code(&hostcall(move |host| calls::record_metric(host, metric, value)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_increment_metric(metric: u32, offset: i64) -> u32 {
    code(&hostcall(move |host| calls::increment_metric(host, metric, offset)))
}
