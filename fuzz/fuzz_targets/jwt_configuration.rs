//! Fuzz target: jwt-auth's reading of the configuration.
#![no_main]

#[path = "../../filters/jwt-auth/tests/it/fuzz/configuration.rs"]
mod configuration;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| configuration::run(bytes));
