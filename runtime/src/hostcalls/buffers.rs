//! Buffers.

use super::call::{Answer, Call, MAX_DATA, kind, size};
use super::link::Link;
use crate::abi::BufferKind;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add("proxy_get_buffer_status", proxy_get_buffer_status)?
        .add("proxy_get_buffer_bytes", proxy_get_buffer_bytes)?
        .add("proxy_set_buffer_bytes", proxy_set_buffer_bytes)?
        .add("proxy_get_configuration", proxy_get_configuration)?;
    Ok(())
}

fn proxy_get_buffer_status(call: &mut Call<'_>, buffer: u32, size_out: u32, flags_out: u32) -> Answer {
    let buffer = kind(buffer)?;
    let (mut memory, host) = call.open()?;
    let bytes = host.buffer_len(buffer)?;
    memory.write_u32(size_out, size(bytes))?;
    // Envoy has no flags either, whatever the specification says.
    Ok(memory.write_u32(flags_out, 0)?)
}

fn proxy_get_buffer_bytes(
    call: &mut Call<'_>,
    buffer: u32,
    start: u32,
    max_size: u32,
    bytes_out: u32,
    size_out: u32,
) -> Answer {
    let buffer = kind(buffer)?;
    let host = call.host()?;
    let bytes = host.buffer_bytes(buffer, position(start), position(max_size))?;
    drop(host);
    call.give(&bytes, bytes_out, size_out)
}

fn proxy_set_buffer_bytes(
    call: &mut Call<'_>,
    buffer: u32,
    start: u32,
    replaced: u32,
    bytes: u32,
    bytes_size: u32,
) -> Answer {
    let buffer = kind(buffer)?;
    let (memory, host) = call.open()?;
    let bytes = memory.read(bytes, bytes_size, MAX_DATA)?;
    Ok(host.set_buffer(buffer, position(start), position(replaced), bytes)?)
}

fn proxy_get_configuration(call: &mut Call<'_>, bytes_out: u32, size_out: u32) -> Answer {
    // Nothing where it is not there, unlike the buffer.
    let bytes = call.host()?.buffer_bytes(BufferKind::PluginConfiguration, 0, usize::MAX).unwrap_or_default();
    call.give(&bytes, bytes_out, size_out)
}

fn position(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
