//! gRPC callouts: present, so that any plugin links, but not there yet.

use super::link::Link;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add_missing("proxy_grpc_call")?
        .add_missing("proxy_grpc_stream")?
        .add_missing("proxy_grpc_send")?
        .add_missing("proxy_grpc_close")?
        .add_missing("proxy_grpc_cancel")?;
    Ok(())
}
