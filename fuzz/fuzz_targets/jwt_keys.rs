//! Fuzz target: jwt-auth's reading of key sets, of the configuration and fetched ones.
#![no_main]

#[path = "../../filters/jwt-auth/tests/it/fuzz/keys.rs"]
mod keys;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| keys::run(bytes));
