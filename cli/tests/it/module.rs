//! Modules that need no Rust compiler.

/// A plugin of 0.2.1 that has an allocator and no callbacks: it lets everything pass.
pub(crate) const PASSING: &[u8] = b"\0asm\x01\0\0\0\
    \x01\x09\x02\x60\0\0\x60\x01\x7f\x01\x7f\
    \x03\x03\x02\0\x01\
    \x05\x03\x01\0\x01\
    \x07\x2d\x03\
    \x06memory\x02\0\
    \x17proxy_abi_version_0_2_1\0\0\
    \x06malloc\0\x01\
    \x0a\x09\x02\x02\0\x0b\x04\0\x41\x08\x0b";

/// The same with an import that no host has.
pub(crate) const UNKNOWN: &[u8] = b"\0asm\x01\0\0\0\
    \x01\x0c\x03`\0\0`\x01\x7f\x01\x7f`\0\0\
    \x02\x15\x01\x03env\x0dproxy_nothing\0\x02\
    \x03\x03\x02\0\x01\
    \x05\x03\x01\0\x01\
    \x07-\x03\x06memory\x02\0\x17proxy_abi_version_0_2_1\0\x01\x06malloc\0\x02\
    \x0a\x09\x02\x02\0\x0b\x04\0A\x08\x0b";

/// The same with an import that Envoy has for version 0.1.0 only.
pub(crate) const NOT_IN_ENVOY: &[u8] = b"\0asm\x01\0\0\0\
    \x01\x0d\x03`\0\0`\x01\x7f\x01\x7f`\0\x01\x7f\
    \x02\x1e\x01\x03env\x16proxy_continue_request\0\x02\
    \x03\x03\x02\0\x01\
    \x05\x03\x01\0\x01\
    \x07-\x03\x06memory\x02\0\x17proxy_abi_version_0_2_1\0\x01\x06malloc\0\x02\
    \x0a\x09\x02\x02\0\x0b\x04\0A\x08\x0b";

/// A plugin whose requests cost it so many rounds of a loop and two calls of the host, of which one reads ten bytes; each
/// fifth one leaves a page of memory behind.
pub(crate) fn counting(rounds: u32) -> Vec<u8> {
    let text = format!(
        r#"(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $requests (mut i32) (i32.const 0))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 8))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (local $round i32)
    (global.set $requests (i32.add (global.get $requests) (i32.const 1)))
    (loop $again
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $round) (i32.const {rounds}))))
    (drop (call $log (i32.const 2) (i32.const 100) (i32.const 10)))
    (drop (call $log (i32.const 2) (i32.const 100) (i32.const 0)))
    (if (i32.eqz (i32.rem_u (global.get $requests) (i32.const 5)))
      (then (drop (memory.grow (i32.const 1)))))
    (i32.const 0)))"#
    );
    wat::parse_str(text).unwrap()
}
