//! Foreign functions and what Envoy adds: present, so that any plugin links, but not there yet.

use super::link::Link;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add_missing("proxy_call_foreign_function")?.add_missing("envoy_resolve_dns")?;
    Ok(())
}
