//! Modules that need no compiler.

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
