//! Fuzz target: jwt-auth's reading of tokens, what they say, and where requests have them.
#![no_main]

#[path = "../../filters/jwt-auth/tests/it/fuzz/tokens.rs"]
mod tokens;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tokens::run(bytes));
