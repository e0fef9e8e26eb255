//! Fuzz target: property paths.
#![no_main]

#[path = "../../runtime/tests/it/fuzz/exchange.rs"]
mod exchange;
#[path = "../../runtime/tests/it/fuzz/paths.rs"]
mod paths;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| paths::run(bytes));
