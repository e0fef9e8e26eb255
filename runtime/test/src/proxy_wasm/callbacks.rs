//! The plugin's callbacks, which its SDK defines.
#![expect(unsafe_code, reason = "the linker finds them by name")]

use mesh_filter_runtime::guest::Callback;

// SAFETY: these are the signatures of `proxy-wasm` 0.2, which this crate depends on; its callbacks take and
// return numbers alone. An `Action` is a `u32`.
unsafe extern "C" {
    safe fn proxy_on_context_create(context: u32, root: u32);
    safe fn proxy_on_vm_start(root: u32, size: usize) -> bool;
    safe fn proxy_on_configure(root: u32, size: usize) -> bool;
    safe fn proxy_on_tick(root: u32);
    safe fn proxy_on_queue_ready(root: u32, queue: u32);
    safe fn proxy_on_request_headers(context: u32, count: usize, end: bool) -> u32;
    safe fn proxy_on_request_body(context: u32, size: usize, end: bool) -> u32;
    safe fn proxy_on_request_trailers(context: u32, count: usize) -> u32;
    safe fn proxy_on_response_headers(context: u32, count: usize, end: bool) -> u32;
    safe fn proxy_on_response_body(context: u32, size: usize, end: bool) -> u32;
    safe fn proxy_on_response_trailers(context: u32, count: usize) -> u32;
    safe fn proxy_on_http_call_response(root: u32, token: u32, headers: usize, body: usize, trailers: usize);
    safe fn proxy_on_grpc_receive_initial_metadata(root: u32, token: u32, count: u32);
    safe fn proxy_on_grpc_receive(root: u32, token: u32, size: usize);
    safe fn proxy_on_grpc_receive_trailing_metadata(root: u32, token: u32, count: u32);
    safe fn proxy_on_grpc_close(root: u32, token: u32, status: u32);
    safe fn proxy_on_done(context: u32) -> bool;
    safe fn proxy_on_log(context: u32);
    safe fn proxy_on_delete(context: u32);
}

/// What callbacks without an answer answer.
const NOTHING: u32 = 0;

/// Calls the plugin of this thread.
pub(super) fn call(callback: Callback) -> Option<u32> {
    let size = |size: u32| usize::try_from(size).unwrap_or(usize::MAX);
    Some(match callback {
        Callback::ContextCreate { context, parent } => {
            proxy_on_context_create(context, parent);
            NOTHING
        }
        Callback::VmStart { root, size: bytes } => proxy_on_vm_start(root, size(bytes)).into(),
        Callback::Configure { root, size: bytes } => proxy_on_configure(root, size(bytes)).into(),
        Callback::Tick { root } => {
            proxy_on_tick(root);
            NOTHING
        }
        Callback::RequestHeaders { context, count, end_of_stream } => {
            proxy_on_request_headers(context, size(count), end_of_stream)
        }
        Callback::RequestBody { context, size: bytes, end_of_stream } => {
            proxy_on_request_body(context, size(bytes), end_of_stream)
        }
        Callback::RequestTrailers { context, count } => proxy_on_request_trailers(context, size(count)),
        Callback::ResponseHeaders { context, count, end_of_stream } => {
            proxy_on_response_headers(context, size(count), end_of_stream)
        }
        Callback::ResponseBody { context, size: bytes, end_of_stream } => {
            proxy_on_response_body(context, size(bytes), end_of_stream)
        }
        Callback::ResponseTrailers { context, count } => proxy_on_response_trailers(context, size(count)),
        Callback::HttpCallResponse { root, token, headers, body_size, trailers } => {
            let (headers, body, trailers) = (size(headers), size(body_size), size(trailers));
            proxy_on_http_call_response(root, token, headers, body, trailers);
            NOTHING
        }
        Callback::GrpcReceiveInitialMetadata { root, token, count } => {
            proxy_on_grpc_receive_initial_metadata(root, token, count);
            NOTHING
        }
        Callback::GrpcReceive { root, token, size: bytes } => {
            proxy_on_grpc_receive(root, token, size(bytes));
            NOTHING
        }
        Callback::GrpcReceiveTrailingMetadata { root, token, count } => {
            proxy_on_grpc_receive_trailing_metadata(root, token, count);
            NOTHING
        }
        Callback::GrpcClose { root, token, status } => {
            proxy_on_grpc_close(root, token, status);
            NOTHING
        }
        Callback::QueueReady { root, token } => {
            proxy_on_queue_ready(root, token);
            NOTHING
        }
        Callback::Done { context } => proxy_on_done(context).into(),
        Callback::Log { context } => {
            proxy_on_log(context);
            NOTHING
        }
        Callback::Delete { context } => {
            proxy_on_delete(context);
            NOTHING
        }
        _ => return None,
    })
}
