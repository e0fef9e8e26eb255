//! Logging.

use super::call::{Answer, Call, kind};
use super::link::Link;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add("proxy_log", proxy_log)?.add("proxy_get_log_level", proxy_get_log_level)?;
    Ok(())
}

fn proxy_log(call: &mut Call<'_>, level: u32, message: u32, message_size: u32) -> Answer {
    let level = kind(level)?;
    let (memory, host) = call.open()?;
    let message = memory.read(message, message_size, u32::MAX)?;
    // Cut, not refused: SDKs fail when a line cannot be logged.
    host.log(level, message);
    Ok(())
}

fn proxy_get_log_level(call: &mut Call<'_>, level_out: u32) -> Answer {
    let (mut memory, host) = call.open()?;
    Ok(memory.write_u32(level_out, host.log_level().number())?)
}
