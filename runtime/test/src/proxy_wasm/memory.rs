//! What hostcalls of a native plugin pass by pointers.
//!
//! The plugin's SDK passes pointers in the way of the ABI: to bytes and their length, and to places for results.
//! Bytes that it gets belong to it: it makes a `Vec` of pointer and length, so they come from Rust's
//! allocator, with a capacity that is the length. A status that it has no name for must not reach it, because it reads
//! statuses as an `enum`.
#![expect(unsafe_code, reason = "the SDK passes pointers")]

use super::calls::Answer;
use mesh_filter::testing::Status;

/// Statuses that the SDK has names for.
const NAMED: [u32; 8] = [0, 1, 2, 3, 4, 7, 8, 10];

/// The number by which a hostcall answers.
pub(super) fn code<T>(answer: &Option<Answer<T>>) -> u32 {
    match answer {
        Some(Ok(_)) => 0,
        Some(Err(status)) if NAMED.contains(&status.0) => status.0,
        _ => Status::INTERNAL_FAILURE.0,
    }
}

/// Copies bytes that the SDK lends for the time of a hostcall.
pub(super) fn read(data: *const u8, size: usize) -> Vec<u8> {
    if data.is_null() || size == 0 {
        return Vec::new();
    }
    // SAFETY: the SDK takes pointer and length of one slice, which it holds until the hostcall is over.
    unsafe { std::slice::from_raw_parts(data, size) }.to_vec()
}

/// Puts a result where the SDK has a variable for it.
pub(super) fn put<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: the SDK takes the address of a variable of this type on its stack, and reads it afterwards.
        unsafe { place.write(value) };
    }
}

/// Hands bytes over: null stands for none.
pub(super) fn give(answer: Option<Answer<Vec<u8>>>, data: *mut *mut u8, size: *mut usize) -> u32 {
    let code = code(&answer);
    if let Some(Ok(bytes)) = answer {
        put(size, bytes.len());
        let owned = if bytes.is_empty() {
            std::ptr::null_mut()
        } else {
            Box::into_raw(bytes.into_boxed_slice()).cast()
        };
        put(data, owned);
    }
    code
}

/// Hands a number over.
pub(super) fn tell<T>(answer: Option<Answer<T>>, place: *mut T) -> u32 {
    let code = code(&answer);
    if let Some(Ok(number)) = answer {
        put(place, number);
    }
    code
}
