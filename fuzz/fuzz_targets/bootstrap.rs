//! Fuzz target: the parser of the proxy's configuration.
#![no_main]

#[path = "../../runtime/tests/it/fuzz/bootstrap.rs"]
mod bootstrap;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bootstrap::run(bytes));
