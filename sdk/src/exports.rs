//! The callbacks of the ABI as this module exports them, each handed on to the dispatcher.
//!
//! The SDK has exports of its own because those of the `proxy-wasm` crate panic where a proxy does
//! something unforeseen (an unknown context, an answer to a call of a stream that is gone), and a
//! panic takes the whole VM away, with every exchange in it.
#![expect(unsafe_code, reason = "exports have names that the linker must not change")]

use crate::dispatch::{Action, Dispatch, Plugin};
use crate::filter::Filter;
use crate::logger;
use std::cell::RefCell;

thread_local! {
    /// The plugin of this module; there is one thread.
    static PLUGIN: RefCell<Option<Box<dyn Plugin>>> = const { RefCell::new(None) };
}

unsafe extern "C" {
    /// Runs what languages and libraries do before a program starts; the linker writes it.
    fn __wasm_call_ctors();
}

/// Runs in `_initialize`, where the proxy allows no hostcall but logging.
pub fn start<F: Filter>() {
    #[cfg(feature = "heap")]
    crate::host::heap::begin();
    // SAFETY: the linker defines it, it takes nothing, and it runs once, before anything else.
    unsafe { __wasm_call_ctors() };
    logger::install();
    logger::log_panics();
    PLUGIN.with(|slot| slot.replace(Some(Box::new(Dispatch::new::<F>()))));
}

/// Calls the plugin. It is there before any context is, and never called from inside itself.
fn with<R>(otherwise: R, call: impl FnOnce(&mut dyn Plugin) -> R) -> R {
    PLUGIN.with(|slot| match slot.try_borrow_mut().as_deref_mut() {
        Ok(Some(plugin)) => call(&mut **plugin),
        _ => otherwise,
    })
}

fn act(call: impl FnOnce(&mut dyn Plugin) -> Action) -> u32 {
    match with(Action::Continue, call) {
        Action::Continue => 0,
        Action::Pause => 1,
    }
}

/// The version of the ABI, told by the name of this function.
#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

/// Memory in which the proxy hands something over; null where there is none left.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    let mut bytes = Vec::new();
    if bytes.try_reserve_exact(size).is_err() {
        return std::ptr::null_mut();
    }
    bytes.resize(size, 0_u8);
    Box::into_raw(bytes.into_boxed_slice()).cast()
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(context: u32, parent: u32) {
    with((), |plugin| plugin.context_create(context, parent));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_vm_start(root: u32, configuration_size: usize) -> u32 {
    with(false, |plugin| plugin.vm_start(root, configuration_size)).into()
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(root: u32, configuration_size: usize) -> u32 {
    with(false, |plugin| plugin.configure(root, configuration_size)).into()
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_tick(root: u32) {
    with((), |plugin| plugin.tick(root));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_queue_ready(root: u32, queue: u32) {
    with((), |plugin| plugin.queue_ready(root, queue));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(context: u32, count: usize, end_of_stream: u32) -> u32 {
    act(|plugin| plugin.request_headers(context, count, end_of_stream != 0))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_body(context: u32, size: usize, end_of_stream: u32) -> u32 {
    act(|plugin| plugin.request_body(context, size, end_of_stream != 0))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_trailers(context: u32, count: usize) -> u32 {
    act(|plugin| plugin.request_trailers(context, count))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(context: u32, count: usize, end_of_stream: u32) -> u32 {
    act(|plugin| plugin.response_headers(context, count, end_of_stream != 0))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_body(context: u32, size: usize, end_of_stream: u32) -> u32 {
    act(|plugin| plugin.response_body(context, size, end_of_stream != 0))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_trailers(context: u32, count: usize) -> u32 {
    act(|plugin| plugin.response_trailers(context, count))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_http_call_response(
    root: u32,
    token: u32,
    headers: usize,
    body_size: usize,
    trailers: usize,
) {
    with((), |plugin| plugin.http_call_response(root, token, headers, body_size, trailers));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_grpc_receive_initial_metadata(root: u32, token: u32, count: usize) {
    with((), |plugin| plugin.grpc_initial_metadata(root, token, count));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_grpc_receive(root: u32, token: u32, size: usize) {
    with((), |plugin| plugin.grpc_message(root, token, size));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_grpc_receive_trailing_metadata(root: u32, token: u32, count: usize) {
    with((), |plugin| plugin.grpc_trailing_metadata(root, token, count));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_grpc_close(root: u32, token: u32, status: u32) {
    with((), |plugin| plugin.grpc_close(root, token, status));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_done(context: u32) -> u32 {
    with(true, |plugin| plugin.done(context)).into()
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_log(context: u32) {
    with((), |plugin| plugin.log(context));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(context: u32) {
    with((), |plugin| plugin.delete(context));
}
