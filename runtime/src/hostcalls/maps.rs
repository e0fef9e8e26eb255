//! Header maps.

use super::call::{Answer, Call, Failure, MAX_TEXT, kind, size};
use super::link::Link;
use crate::abi::{MapKind, Status, pairs};
use bytes::Bytes;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add("proxy_get_header_map_value", proxy_get_header_map_value)?
        .add("proxy_add_header_map_value", proxy_add_header_map_value)?
        .add("proxy_replace_header_map_value", proxy_replace_header_map_value)?
        .add("proxy_remove_header_map_value", proxy_remove_header_map_value)?
        .add("proxy_get_header_map_pairs", proxy_get_header_map_pairs)?
        .add("proxy_set_header_map_pairs", proxy_set_header_map_pairs)?
        .add("proxy_get_header_map_size", proxy_get_header_map_size)?;
    Ok(())
}

fn proxy_get_header_map_value(
    call: &mut Call<'_>,
    map: u32,
    name: u32,
    name_size: u32,
    value_out: u32,
    size_out: u32,
) -> Answer {
    let map = kind(map)?;
    let (memory, host) = call.open()?;
    let value = host.map_value(map, memory.read(name, name_size, MAX_TEXT)?);
    let value = match value {
        // The oldest version cannot tell a missing header from an empty one.
        Err(Status::NOT_FOUND) if host.is_legacy() => Bytes::new(),
        value => value?,
    };
    drop(host);
    call.give(&value, value_out, size_out)
}

fn proxy_add_header_map_value(
    call: &mut Call<'_>,
    map: u32,
    name: u32,
    name_size: u32,
    value: u32,
    value_size: u32,
) -> Answer {
    let map = kind(map)?;
    let (memory, host) = call.open()?;
    let name = memory.read(name, name_size, MAX_TEXT)?;
    Ok(host.add_map_value(map, name, memory.read(value, value_size, MAX_TEXT)?)?)
}

fn proxy_replace_header_map_value(
    call: &mut Call<'_>,
    map: u32,
    name: u32,
    name_size: u32,
    value: u32,
    value_size: u32,
) -> Answer {
    let map = kind(map)?;
    let (memory, host) = call.open()?;
    let name = memory.read(name, name_size, MAX_TEXT)?;
    Ok(host.replace_map_value(map, name, memory.read(value, value_size, MAX_TEXT)?)?)
}

fn proxy_remove_header_map_value(call: &mut Call<'_>, map: u32, name: u32, name_size: u32) -> Answer {
    let map = kind(map)?;
    let (memory, host) = call.open()?;
    Ok(host.remove_map_value(map, memory.read(name, name_size, MAX_TEXT)?)?)
}

fn proxy_get_header_map_pairs(call: &mut Call<'_>, map: u32, pairs_out: u32, size_out: u32) -> Answer {
    let map = kind(map)?;
    let encoded = call.host()?.encoded_map(map)?;
    call.give(&encoded, pairs_out, size_out)
}

fn proxy_set_header_map_pairs(call: &mut Call<'_>, map: u32, pairs: u32, pairs_size: u32) -> Answer {
    let map = kind(map)?;
    let (memory, host) = call.open()?;
    // A list beyond its own limit decodes to nothing; it is read all the same.
    let pairs = pairs::decode(memory.read(pairs, pairs_size, u32::MAX)?);
    Ok(host.set_map_pairs(map, pairs)?)
}

fn proxy_get_header_map_size(call: &mut Call<'_>, map: u32, size_out: u32) -> Answer {
    let map: MapKind = kind(map)?;
    let (mut memory, host) = call.open()?;
    let bytes = host.map_size(map).map_err(Failure::from)?;
    Ok(memory.write_u32(size_out, size(bytes))?)
}
