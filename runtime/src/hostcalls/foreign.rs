//! Foreign functions and what Envoy adds; `envoy_resolve_dns` is not there yet.

use super::call::{Answer, Call, MAX_DATA, MAX_TEXT};
use super::link::Link;
use crate::abi::Status;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add("proxy_call_foreign_function", proxy_call_foreign_function)?.add_missing("envoy_resolve_dns")?;
    Ok(())
}

fn proxy_call_foreign_function(
    call: &mut Call<'_>,
    name: u32,
    name_size: u32,
    arguments: u32,
    arguments_size: u32,
    result_out: u32,
    size_out: u32,
) -> Answer {
    let (memory, mut host) = call.open()?;
    let name = memory.read(name, name_size, MAX_TEXT)?;
    let arguments = memory.read(arguments, arguments_size, MAX_DATA)?;
    let function = host.foreign_function(name).ok_or(Status::NOT_FOUND)?;
    let answer = host.call_foreign_function(function, arguments);
    drop(host);
    // None of the functions has a result; callers that want none leave the pointers out.
    let mut memory = call.memory()?;
    for out in [result_out, size_out].into_iter().filter(|out| *out != 0) {
        memory.write_u32(out, 0)?;
    }
    Ok(answer?)
}
