//! Shared queues.

use super::call::{Answer, Call, MAX_DATA, MAX_TEXT};
use super::link::Link;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add("proxy_register_shared_queue", proxy_register_shared_queue)?
        .add("proxy_resolve_shared_queue", proxy_resolve_shared_queue)?
        .add("proxy_dequeue_shared_queue", proxy_dequeue_shared_queue)?
        .add("proxy_enqueue_shared_queue", proxy_enqueue_shared_queue)?;
    Ok(())
}

fn proxy_register_shared_queue(call: &mut Call<'_>, name: u32, name_size: u32, token_out: u32) -> Answer {
    let (mut memory, host) = call.open()?;
    let token = host.register_queue(memory.read(name, name_size, MAX_TEXT)?)?;
    Ok(memory.write_u32(token_out, token)?)
}

fn proxy_resolve_shared_queue(
    call: &mut Call<'_>,
    vm_id: u32,
    vm_id_size: u32,
    name: u32,
    name_size: u32,
    token_out: u32,
) -> Answer {
    let (mut memory, host) = call.open()?;
    let vm_id = memory.read(vm_id, vm_id_size, MAX_TEXT)?;
    let token = host.resolve_queue(vm_id, memory.read(name, name_size, MAX_TEXT)?)?;
    Ok(memory.write_u32(token_out, token)?)
}

fn proxy_dequeue_shared_queue(call: &mut Call<'_>, token: u32, value_out: u32, size_out: u32) -> Answer {
    let value = call.host()?.dequeue(token)?;
    call.give(&value, value_out, size_out)
}

fn proxy_enqueue_shared_queue(call: &mut Call<'_>, token: u32, value: u32, value_size: u32) -> Answer {
    let (memory, host) = call.open()?;
    Ok(host.enqueue(token, memory.read(value, value_size, MAX_DATA)?)?)
}
