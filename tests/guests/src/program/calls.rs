//! Host functions by name. A call passes on the numbers that the program gives: right addresses and wrong ones.

#![expect(unsafe_code, reason = "the imports of the ABI")]

use super::memory::{Out, returned};

/// A parameter of a host function.
pub(crate) trait Parameter {
    fn of(argument: u64) -> Self;
}

impl Parameter for u32 {
    /// The lower half, so that -1 is what it is in 32 bits.
    fn of(argument: u64) -> Self {
        (argument & u64::from(u32::MAX)) as Self
    }
}

impl Parameter for u64 {
    fn of(argument: u64) -> Self {
        argument
    }
}

/// Declares host functions of a module, and a function that calls them by name.
macro_rules! imports {
    ($call:ident, $module:ident, $from:literal: $($name:ident($($argument:ident: $kind:ty),*);)*) => {
        mod $module {
            #[link(wasm_import_module = $from)]
            unsafe extern "C" {
                $(pub(super) fn $name($($argument: $kind),*) -> u32;)*
            }
        }

        fn $call(name: &str, arguments: &[u64]) -> Option<u32> {
            $(if name == stringify!($name) {
                let [$($argument),*] = *arguments else { return None };
                // SAFETY: what the host makes of wrong addresses is what programs want to see; right ones are live.
                return Some(unsafe { $module::$name($($crate::program::calls::Parameter::of($argument)),*) });
            })*
            None
        }
    };
}

imports! { proxy, env, "env":
    proxy_log(a: u32, b: u32, c: u32);
    proxy_set_tick_period_milliseconds(a: u32);
    proxy_get_current_time_nanoseconds(a: u32);
    proxy_get_header_map_value(a: u32, b: u32, c: u32, d: u32, e: u32);
    proxy_add_header_map_value(a: u32, b: u32, c: u32, d: u32, e: u32);
    proxy_replace_header_map_value(a: u32, b: u32, c: u32, d: u32, e: u32);
    proxy_remove_header_map_value(a: u32, b: u32, c: u32);
    proxy_get_header_map_pairs(a: u32, b: u32, c: u32);
    proxy_set_header_map_pairs(a: u32, b: u32, c: u32);
    proxy_get_header_map_size(a: u32, b: u32);
    proxy_get_buffer_status(a: u32, b: u32, c: u32);
    proxy_get_buffer_bytes(a: u32, b: u32, c: u32, d: u32, e: u32);
    proxy_set_buffer_bytes(a: u32, b: u32, c: u32, d: u32, e: u32);
    proxy_send_local_response(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32, h: u32);
    proxy_get_shared_data(a: u32, b: u32, c: u32, d: u32, e: u32);
    proxy_set_shared_data(a: u32, b: u32, c: u32, d: u32, e: u32);
    proxy_register_shared_queue(a: u32, b: u32, c: u32);
    proxy_resolve_shared_queue(a: u32, b: u32, c: u32, d: u32, e: u32);
    proxy_dequeue_shared_queue(a: u32, b: u32, c: u32);
    proxy_enqueue_shared_queue(a: u32, b: u32, c: u32);
    proxy_http_call(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32, h: u32, i: u32, j: u32);
    proxy_get_status(a: u32, b: u32, c: u32);
    proxy_grpc_call(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32, h: u32, i: u32, j: u32, k: u32, l: u32);
    proxy_grpc_stream(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32, h: u32, i: u32);
    proxy_grpc_send(a: u32, b: u32, c: u32, d: u32);
    proxy_grpc_close(a: u32);
    proxy_grpc_cancel(a: u32);
    proxy_define_metric(a: u32, b: u32, c: u32, d: u32);
    proxy_increment_metric(a: u32, b: u64);
    proxy_record_metric(a: u32, b: u64);
    proxy_get_metric(a: u32, b: u32);
    proxy_get_property(a: u32, b: u32, c: u32, d: u32);
    proxy_set_property(a: u32, b: u32, c: u32, d: u32);
    proxy_set_effective_context(a: u32);
    proxy_done();
    proxy_call_foreign_function(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32);
}

imports! { wasi, wasi_snapshot, "wasi_snapshot_preview1":
    args_sizes_get(a: u32, b: u32);
    clock_res_get(a: u32, b: u32);
    clock_time_get(a: u32, b: u64, c: u32);
    environ_sizes_get(a: u32, b: u32);
    fd_advise(a: u32, b: u64, c: u64, d: u32);
    fd_close(a: u32);
    fd_datasync(a: u32);
    fd_fdstat_get(a: u32, b: u32);
    fd_fdstat_set_flags(a: u32, b: u32);
    fd_filestat_get(a: u32, b: u32);
    fd_prestat_dir_name(a: u32, b: u32, c: u32);
    fd_prestat_get(a: u32, b: u32);
    fd_read(a: u32, b: u32, c: u32, d: u32);
    fd_readdir(a: u32, b: u32, c: u32, d: u64, e: u32);
    fd_renumber(a: u32, b: u32);
    fd_seek(a: u32, b: u64, c: u32, d: u32);
    fd_sync(a: u32);
    fd_tell(a: u32, b: u32);
    path_create_directory(a: u32, b: u32, c: u32);
    path_open(a: u32, b: u32, c: u32, d: u32, e: u32, f: u64, g: u64, h: u32, i: u32);
    path_unlink_file(a: u32, b: u32, c: u32);
    poll_oneoff(a: u32, b: u32, c: u32, d: u32);
    random_get(a: u32, b: u32);
    sched_yield();
    sock_shutdown(a: u32, b: u32);
}

/// Calls a host function, named without `proxy_`, or one of WASI; `None` if there is none with so many parameters.
pub(super) fn call(name: &str, arguments: &[u64]) -> Option<u32> {
    let full = format!("proxy_{name}");
    proxy(&full, arguments).or_else(|| crate::of_version(&full, arguments)).or_else(|| wasi(name, arguments))
}

/// Calls a host function whose last two parameters are addresses for an address and a size.
pub(super) fn bytes(name: &str, arguments: &[u64]) -> (u32, Vec<u8>) {
    let out = Out::untouched();
    let mut all = arguments.to_vec();
    all.extend([out.address(), out.address() + 4]);
    let status = call(name, &all).unwrap_or(u32::MAX);
    let number = |offset| out.written(offset).map_or(0, u32::from_le_bytes);
    (status, returned(number(0), number(4)))
}
