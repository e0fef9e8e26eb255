//! A plugin of ABI 0.1.0, written by hand: its header callbacks take two parameters and its functions are the old ones.
//!
//! It shows in response headers the configuration that it got (`x-configuration`) and the status of reading a missing
//! header (`x-missing`), which was 0 in that version.

#![expect(unsafe_code, reason = "exports and imports of the ABI")]

use std::alloc::{Layout, alloc};
use std::cell::RefCell;
use std::ptr::null_mut;

// Not by way of the library, which would bring the exports of `proxy-wasm`.
#[path = "../src/raw.rs"]
pub mod raw;

const RESPONSE_HEADERS: u32 = 2;

thread_local! {
    static CONFIGURATION: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

unsafe extern "C" {
    fn proxy_get_configuration(data: *mut *mut u8, size: *mut usize) -> u32;
}

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_1_0() {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    // SAFETY: the host never asks for nothing, so the layout has a size.
    Layout::array::<u8>(size).map_or(null_mut(), |layout| unsafe { alloc(layout) })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(_context: u32, _parent: u32) {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(_root: u32, _size: usize) -> u32 {
    let (mut data, mut size) = (null_mut(), 0);
    // SAFETY: the out pointers are live.
    let status = unsafe { proxy_get_configuration(&raw mut data, &raw mut size) };
    if status == 0 && !data.is_null() {
        // SAFETY: the host filled `size` bytes from `proxy_on_memory_allocate`.
        CONFIGURATION.set(unsafe { Vec::from_raw_parts(data, size, size) });
    }
    1
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(_context: u32, _count: u32) -> u32 {
    0
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(_context: u32, _count: u32) -> u32 {
    let (status, _) = raw::header(RESPONSE_HEADERS, "x-not-there");
    raw::replace_header(RESPONSE_HEADERS, "x-missing", status.to_string().as_bytes());
    CONFIGURATION.with_borrow(|bytes| raw::replace_header(RESPONSE_HEADERS, "x-configuration", bytes));
    0
}
