//! HTTP callouts.

use super::call::{Answer, Call, MAX_DATA, MAX_TEXT};
use super::link::Link;
use crate::abi::pairs;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add("proxy_http_call", proxy_http_call)?.add("proxy_get_status", proxy_get_status)?;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the ABI has them")]
fn proxy_http_call(
    call: &mut Call<'_>,
    cluster: u32,
    cluster_size: u32,
    headers: u32,
    headers_size: u32,
    body: u32,
    body_size: u32,
    trailers: u32,
    trailers_size: u32,
    timeout_ms: i32,
    token_out: u32,
) -> Answer {
    let (mut memory, mut host) = call.open()?;
    let cluster = memory.read(cluster, cluster_size, MAX_TEXT)?.to_vec();
    let headers = pairs::decode(memory.read(headers, headers_size, u32::MAX)?);
    let body = memory.read(body, body_size, MAX_DATA)?.to_vec();
    let trailers = pairs::decode(memory.read(trailers, trailers_size, u32::MAX)?);
    // Before the call, as in Envoy: one whose number cannot be told must not begin.
    memory.write_u32(token_out, 0)?;
    let token = host.http_call(&cluster, headers, &body, trailers, timeout_ms)?;
    Ok(memory.write_u32(token_out, token)?)
}

fn proxy_get_status(call: &mut Call<'_>, code_out: u32, message_out: u32, size_out: u32) -> Answer {
    let (mut memory, host) = call.open()?;
    let (code, message) = host.status();
    memory.write_u32(code_out, code)?;
    drop(host);
    call.give(&message, message_out, size_out)
}
