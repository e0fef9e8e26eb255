//! Fuzz target: hmac-auth's reading of the configuration.
#![no_main]

#[path = "../../filters/hmac-auth/tests/it/fuzz/configuration.rs"]
mod configuration;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| configuration::run(bytes));
