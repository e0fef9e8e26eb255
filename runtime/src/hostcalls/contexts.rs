//! Contexts.

use super::call::{Answer, Call};
use super::link::Link;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add("proxy_set_effective_context", proxy_set_effective_context)?.add("proxy_done", proxy_done)?;
    Ok(())
}

fn proxy_set_effective_context(call: &mut Call<'_>, context: u32) -> Answer {
    Ok(call.host()?.set_effective_context(context)?)
}

fn proxy_done(call: &mut Call<'_>) -> Answer {
    Ok(call.host()?.done()?)
}
