//! A module that needs no compiler.

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
