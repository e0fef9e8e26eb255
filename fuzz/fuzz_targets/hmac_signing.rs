//! Fuzz target: hmac-auth's reading of what it signs itself, by each scheme.
#![no_main]

#[path = "../../filters/hmac-auth/tests/it/fuzz/signing.rs"]
mod signing;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| signing::run(bytes));
