//! Fuzz target: loading of modules.
#![no_main]

#[path = "../../runtime/tests/it/fuzz/exchange.rs"]
mod exchange;
#[path = "../../runtime/tests/it/fuzz/guest_memory.rs"]
mod guest_memory;
#[path = "../../runtime/tests/it/fuzz/interpreter.rs"]
mod interpreter;
#[path = "../../runtime/tests/it/fuzz/modules.rs"]
mod modules;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| modules::run(bytes));
