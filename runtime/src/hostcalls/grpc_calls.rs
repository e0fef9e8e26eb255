//! gRPC callouts.

use super::call::{Answer, Call, MAX_DATA, MAX_TEXT};
use super::link::Link;
use crate::abi::pairs;
use crate::host::GrpcMethod;
use crate::vm::memory::{GuestMemory, MemoryError};

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add("proxy_grpc_call", proxy_grpc_call)?
        .add("proxy_grpc_stream", proxy_grpc_stream)?
        .add("proxy_grpc_send", proxy_grpc_send)?
        .add("proxy_grpc_close", proxy_grpc_close)?
        .add("proxy_grpc_cancel", proxy_grpc_cancel)?;
    Ok(())
}

fn grpc_method<'a>(
    memory: &'a GuestMemory<'_>,
    [target, service, method]: [(u32, u32); 3],
) -> Result<GrpcMethod<'a>, MemoryError> {
    let text = |(pointer, size)| memory.read(pointer, size, MAX_TEXT);
    Ok(GrpcMethod { target: text(target)?, service: text(service)?, method: text(method)? })
}

#[expect(clippy::too_many_arguments, reason = "the ABI has them")]
fn proxy_grpc_call(
    call: &mut Call<'_>,
    target: u32,
    target_size: u32,
    service: u32,
    service_size: u32,
    method: u32,
    method_size: u32,
    metadata: u32,
    metadata_size: u32,
    message: u32,
    message_size: u32,
    timeout_ms: u32,
    token_out: u32,
) -> Answer {
    let (mut memory, mut host) = call.open()?;
    // First: a call whose number cannot be told must not begin. Where it fails nothing is written, as in Envoy.
    memory.read(token_out, 4, 4)?;
    let to = grpc_method(&memory, [(target, target_size), (service, service_size), (method, method_size)])?;
    let metadata = pairs::decode(memory.read(metadata, metadata_size, u32::MAX)?);
    let token = host.grpc_call(to, metadata, memory.read(message, message_size, MAX_DATA)?, timeout_ms)?;
    Ok(memory.write_u32(token_out, token)?)
}

#[expect(clippy::too_many_arguments, reason = "the ABI has them")]
fn proxy_grpc_stream(
    call: &mut Call<'_>,
    target: u32,
    target_size: u32,
    service: u32,
    service_size: u32,
    method: u32,
    method_size: u32,
    metadata: u32,
    metadata_size: u32,
    token_out: u32,
) -> Answer {
    let (mut memory, mut host) = call.open()?;
    memory.read(token_out, 4, 4)?;
    let to = grpc_method(&memory, [(target, target_size), (service, service_size), (method, method_size)])?;
    let token = host.grpc_stream(to, pairs::decode(memory.read(metadata, metadata_size, u32::MAX)?))?;
    Ok(memory.write_u32(token_out, token)?)
}

fn proxy_grpc_send(call: &mut Call<'_>, token: u32, message: u32, message_size: u32, end: u32) -> Answer {
    let (memory, mut host) = call.open()?;
    Ok(host.grpc_send(token, memory.read(message, message_size, MAX_DATA)?, end != 0)?)
}

fn proxy_grpc_close(call: &mut Call<'_>, token: u32) -> Answer {
    Ok(call.host()?.grpc_close(token)?)
}

fn proxy_grpc_cancel(call: &mut Call<'_>, token: u32) -> Answer {
    Ok(call.host()?.grpc_cancel(token)?)
}
