//! Fuzz target: access to a guest's memory.
#![no_main]

#[path = "../../runtime/tests/it/fuzz/exchange.rs"]
mod exchange;
#[path = "../../runtime/tests/it/fuzz/guest_memory.rs"]
mod guest_memory;
#[path = "../../runtime/tests/it/fuzz/interpreter.rs"]
mod interpreter;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| guest_memory::run(bytes));
