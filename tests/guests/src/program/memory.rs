//! Memory that the host reads and writes.

#![expect(unsafe_code, reason = "the host works on addresses")]

use std::alloc::{Layout, alloc, dealloc};
use std::ptr::null_mut;

/// What memory holds that nobody has written to.
const UNTOUCHED: u8 = 0xa5;

/// A piece of memory at a fixed address.
pub(super) struct Out(Box<[u8]>);

impl Out {
    /// With these bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// For the host to fill.
    pub(super) fn untouched() -> Self {
        Self(Box::new([UNTOUCHED; 16]))
    }

    /// Where it begins, for the host.
    pub(super) fn address(&self) -> u64 {
        self.0.as_ptr().addr() as u64
    }

    pub(super) fn size(&self) -> u64 {
        self.0.len() as u64
    }

    /// `N` bytes at an offset; `None` if the host left them alone.
    pub(super) fn written<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        // The host wrote through the address; the compiler must look again.
        let bytes = std::hint::black_box(&self.0).get(offset..)?.first_chunk::<N>()?;
        (*bytes != [UNTOUCHED; N]).then_some(*bytes)
    }
}

/// What a host function returns in memory of this module's allocator: an address and a size.
pub(super) fn returned(address: u32, size: u32) -> Vec<u8> {
    let start: *mut u8 = std::ptr::with_exposed_provenance_mut(address as usize);
    let size = size as usize;
    if start.is_null() || size == 0 {
        return Vec::new();
    }
    // SAFETY: the host filled `size` bytes that `allocate` gave it.
    let bytes = unsafe { std::slice::from_raw_parts(start, size) }.to_vec();
    if let Ok(layout) = Layout::array::<u8>(size) {
        // SAFETY: `allocate` made it with this layout, and nobody else has the address.
        unsafe { dealloc(start, layout) };
    }
    bytes
}

/// Memory for the host.
pub(super) fn allocate(size: usize) -> *mut u8 {
    match Layout::array::<u8>(size) {
        // SAFETY: the layout has a size.
        Ok(layout) if size > 0 => unsafe { alloc(layout) },
        _ => null_mut(),
    }
}

/// Traps without a word; a panic would write one.
pub(super) fn trap() {
    #[cfg(target_arch = "wasm32")]
    std::arch::wasm32::unreachable();
}
