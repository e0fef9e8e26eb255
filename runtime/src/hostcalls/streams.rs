//! Streams and local replies.

use super::call::{Answer, Call, MAX_DATA, MAX_TEXT, kind};
use super::link::Link;
use crate::abi::{Status, StreamKind, pairs};
use crate::exchange::LocalReply;
use bytes::Bytes;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add("proxy_continue_stream", proxy_continue_stream)?
        .add("proxy_close_stream", proxy_close_stream)?
        .add("proxy_continue_request", proxy_continue_request)?
        .add("proxy_continue_response", proxy_continue_response)?
        .add("proxy_clear_route_cache", proxy_clear_route_cache)?
        .add("proxy_send_local_response", proxy_send_local_response)?;
    Ok(())
}

fn proxy_continue_stream(call: &mut Call<'_>, stream: u32) -> Answer {
    let stream = kind(stream)?;
    Ok(call.host()?.continue_stream(stream)?)
}

fn proxy_close_stream(call: &mut Call<'_>, stream: u32) -> Answer {
    let stream = kind(stream)?;
    Ok(call.host()?.close_stream(stream)?)
}

fn proxy_continue_request(call: &mut Call<'_>) -> Answer {
    Ok(call.host()?.continue_stream(StreamKind::Request)?)
}

fn proxy_continue_response(call: &mut Call<'_>) -> Answer {
    Ok(call.host()?.continue_stream(StreamKind::Response)?)
}

fn proxy_clear_route_cache(call: &mut Call<'_>) -> Answer {
    call.host()?.clear_route_cache();
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the ABI has them")]
fn proxy_send_local_response(
    call: &mut Call<'_>,
    code: u32,
    details: u32,
    details_size: u32,
    body: u32,
    body_size: u32,
    headers: u32,
    headers_size: u32,
    grpc_status: u32,
) -> Answer {
    let (memory, mut host) = call.open()?;
    let details = String::from_utf8_lossy(memory.read(details, details_size, MAX_TEXT)?);
    let reply = LocalReply {
        status: status(code)?,
        details: details.replace(|letter: char| letter.is_ascii_whitespace(), "_"),
        body: Bytes::copy_from_slice(memory.read(body, body_size, MAX_DATA)?),
        headers: pairs::decode(memory.read(headers, headers_size, u32::MAX)?),
        grpc_status: Some(grpc_status).filter(|status| *status <= 16),
    };
    Ok(host.send_local_response(reply)?)
}

fn status(code: u32) -> Result<u16, Status> {
    let code = u16::try_from(code).map_err(|_| Status::BAD_ARGUMENT)?;
    if (200..=599).contains(&code) { Ok(code) } else { Err(Status::BAD_ARGUMENT) }
}
