//! The functions by which C and Rust allocate, on the SDK's own heap.
//!
//! Because they stand here, the linker takes none from the C library, and all of a module has one
//! heap. A filter that wants another one turns the SDK's feature `heap` off.

use crate::heap::{ALIGNMENT, Heap, Memory, PAGE};
use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr::{null_mut, with_exposed_provenance, with_exposed_provenance_mut};

/// All of the module's memory behind its stack and its constants.
struct Linear;

impl Memory for Linear {
    #[inline]
    fn load(&self, at: usize) -> usize {
        // SAFETY: the heap reads words that it has written, inside the memory that it was given.
        unsafe { with_exposed_provenance::<usize>(at).read() }
    }

    #[inline]
    fn store(&mut self, at: usize, word: usize) {
        // SAFETY: the heap writes inside the memory that it was given, where no block is in use.
        unsafe { with_exposed_provenance_mut::<usize>(at).write(word) }
    }

    fn copy(&mut self, from: usize, to: usize, length: usize) {
        let (from, to) = (with_exposed_provenance::<u8>(from), with_exposed_provenance_mut::<u8>(to));
        // SAFETY: both are blocks in use of at least this length, and two different ones.
        unsafe { to.copy_from_nonoverlapping(from, length) }
    }

    fn grow(&mut self, pages: usize) -> Option<usize> {
        match core::arch::wasm32::memory_grow::<0>(pages) {
            usize::MAX => None,
            before => Some(before * PAGE),
        }
    }
}

unsafe extern "C" {
    /// Stands where the module's constants end; the linker places it.
    static __heap_base: u8;
}

struct Global(UnsafeCell<Heap<Linear>>);

// SAFETY: a module has one thread, and no function of the heap calls another one of this file.
unsafe impl Sync for Global {}

static HEAP: Global = Global(UnsafeCell::new(Heap::new(Linear)));

#[inline]
fn heap() -> &'static mut Heap<Linear> {
    // SAFETY: there is one thread, and each function below lets go of it before it returns.
    unsafe { &mut *HEAP.0.get() }
}

/// Gives the heap what the memory has from the beginning. Before this it works too, on new pages.
pub(crate) fn begin() {
    heap().begin((&raw const __heap_base).addr(), core::arch::wasm32::memory_size::<0>() * PAGE);
}

/// Rust's part allocates here without the detour over C.
#[global_allocator]
static RUST: Rust = Rust;

struct Rust;

// SAFETY: blocks have the length and the alignment that was asked for, are nobody else's until they
// are given back, and none of these functions panics.
unsafe impl GlobalAlloc for Rust {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        with_exposed_provenance_mut(match layout.align() {
            ..=ALIGNMENT => heap().allocate(layout.size()),
            alignment => heap().allocate_aligned(alignment, layout.size()),
        })
    }

    #[inline]
    unsafe fn dealloc(&self, payload: *mut u8, _: Layout) {
        heap().release(payload.addr());
    }

    unsafe fn realloc(&self, payload: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() <= ALIGNMENT {
            return with_exposed_provenance_mut(heap().reallocate(payload.addr(), size));
        }
        let moved = heap().allocate_aligned(layout.align(), size);
        if moved != 0 {
            Linear.copy(payload.addr(), moved, layout.size().min(size));
            heap().release(payload.addr());
        }
        with_exposed_provenance_mut(moved)
    }
}

#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut u8 {
    with_exposed_provenance_mut(heap().allocate(size))
}

#[unsafe(no_mangle)]
extern "C" fn free(payload: *mut u8) {
    heap().release(payload.addr());
}

#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, size: usize) -> *mut u8 {
    let Some(size) = count.checked_mul(size) else { return null_mut() };
    let payload = with_exposed_provenance_mut::<u8>(heap().allocate(size));
    if !payload.is_null() {
        // SAFETY: the block has this length, and nobody else knows of it.
        unsafe { payload.write_bytes(0, size) }
    }
    payload
}

#[unsafe(no_mangle)]
extern "C" fn realloc(payload: *mut u8, size: usize) -> *mut u8 {
    with_exposed_provenance_mut(heap().reallocate(payload.addr(), size))
}

#[unsafe(no_mangle)]
extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut u8 {
    if !alignment.is_power_of_two() {
        return null_mut();
    }
    with_exposed_provenance_mut(heap().allocate_aligned(alignment, size))
}

/// Answers the numbers that C has for a wrong argument and for no memory.
#[unsafe(no_mangle)]
extern "C" fn posix_memalign(place: *mut *mut u8, alignment: usize, size: usize) -> i32 {
    const INVALID: i32 = 28;
    const NO_MEMORY: i32 = 48;
    if !alignment.is_power_of_two() || alignment < ALIGNMENT / 4 {
        return INVALID;
    }
    let payload = heap().allocate_aligned(alignment, size);
    if payload == 0 {
        return NO_MEMORY;
    }
    // SAFETY: whoever calls gives a place for one pointer.
    unsafe { place.write(with_exposed_provenance_mut(payload)) };
    0
}

#[unsafe(no_mangle)]
extern "C" fn malloc_usable_size(payload: *mut u8) -> usize {
    if payload.is_null() { 0 } else { heap().usable(payload.addr()) }
}
