//! Properties.

use super::call::{Answer, Call, MAX_TEXT};
use super::link::Link;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add("proxy_get_property", proxy_get_property)?.add("proxy_set_property", proxy_set_property)?;
    Ok(())
}

fn proxy_get_property(
    call: &mut Call<'_>,
    path: u32,
    path_size: u32,
    value_out: u32,
    size_out: u32,
) -> Answer {
    let (memory, host) = call.open()?;
    let value = host.property(memory.read(path, path_size, MAX_TEXT)?)?;
    drop(host);
    call.give(&value, value_out, size_out)
}

fn proxy_set_property(call: &mut Call<'_>, path: u32, path_size: u32, value: u32, value_size: u32) -> Answer {
    let (memory, host) = call.open()?;
    let path = memory.read(path, path_size, MAX_TEXT)?;
    Ok(host.set_property(path, memory.read(value, value_size, MAX_TEXT)?)?)
}
