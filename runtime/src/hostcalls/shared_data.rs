//! Shared data.

use super::call::{Answer, Call, MAX_DATA, MAX_TEXT};
use super::link::Link;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add("proxy_get_shared_data", proxy_get_shared_data)?
        .add("proxy_set_shared_data", proxy_set_shared_data)?;
    Ok(())
}

fn proxy_get_shared_data(
    call: &mut Call<'_>,
    key: u32,
    key_size: u32,
    value_out: u32,
    size_out: u32,
    cas_out: u32,
) -> Answer {
    let (memory, host) = call.open()?;
    let (value, cas) = host.shared_data(memory.read(key, key_size, MAX_TEXT)?)?;
    drop(host);
    call.give(&value, value_out, size_out)?;
    Ok(call.memory()?.write_u32(cas_out, cas)?)
}

fn proxy_set_shared_data(
    call: &mut Call<'_>,
    key: u32,
    key_size: u32,
    value: u32,
    value_size: u32,
    cas: u32,
) -> Answer {
    let (memory, host) = call.open()?;
    let key = memory.read(key, key_size, MAX_TEXT)?;
    Ok(host.set_shared_data(key, memory.read(value, value_size, MAX_DATA)?, cas)?)
}
