//! The callbacks of the ABI, each of which runs its section of the program.

#![expect(unsafe_code, reason = "exports of the ABI")]

use super::memory;

/// Callbacks, each of which runs its section.
macro_rules! exports {
    ($($export:ident = $callback:literal($context:ident $(, $argument:ident)*);)*) => {
        $(#[unsafe(no_mangle)]
        extern "C" fn $export($context: u32 $(, $argument: u32)*) {
            $crate::program::run($callback, $context, &[$($argument),*], 0);
        })*
    };
    (answering $default:literal $($export:ident = $callback:literal($context:ident $(, $argument:ident)*);)*) => {
        $(#[unsafe(no_mangle)]
        extern "C" fn $export($context: u32 $(, $argument: u32)*) -> u32 {
            $crate::program::run($callback, $context, &[$($argument),*], $default)
        })*
    };
}

exports! {
    proxy_on_context_create = "context_create"(context, parent);
    proxy_on_tick = "tick"(root);
    proxy_on_queue_ready = "queue_ready"(root, token);
    proxy_on_http_call_response = "http_call_response"(root, token, headers, size, trailers);
    proxy_on_grpc_receive_initial_metadata = "grpc_receive_initial_metadata"(root, token, count);
    proxy_on_grpc_receive = "grpc_receive"(root, token, size);
    proxy_on_grpc_receive_trailing_metadata = "grpc_receive_trailing_metadata"(root, token, count);
    proxy_on_grpc_close = "grpc_close"(root, token, status);
    proxy_on_foreign_function = "foreign_function"(root, function, size);
    proxy_on_log = "log"(context);
    proxy_on_delete = "delete"(context);
}

exports! { answering 1
    proxy_on_vm_start = "vm_start"(root, size);
    proxy_on_configure = "configure"(root, size);
    proxy_on_done = "done"(context);
}

exports! { answering 0
    proxy_on_request_body = "request_body"(context, size, end);
    proxy_on_request_trailers = "request_trailers"(context, count);
    proxy_on_response_body = "response_body"(context, size, end);
    proxy_on_response_trailers = "response_trailers"(context, count);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    memory::allocate(size)
}
