//! Fuzz target: the codec of lists of pairs.
#![no_main]

#[path = "../../runtime/tests/it/fuzz/pairs.rs"]
mod pairs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pairs::run(bytes));
