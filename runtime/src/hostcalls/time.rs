//! Clocks and ticks.

use super::call::{Answer, Call};
use super::link::Link;
use std::time::Duration;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add("proxy_set_tick_period_milliseconds", proxy_set_tick_period_milliseconds)?
        .add("proxy_get_current_time_nanoseconds", proxy_get_current_time_nanoseconds)?;
    Ok(())
}

fn proxy_set_tick_period_milliseconds(call: &mut Call<'_>, period_ms: u32) -> Answer {
    call.host()?.set_tick_period(Duration::from_millis(period_ms.into()));
    Ok(())
}

fn proxy_get_current_time_nanoseconds(call: &mut Call<'_>, time_out: u32) -> Answer {
    let (mut memory, host) = call.open()?;
    Ok(memory.write_u64(time_out, host.clock().realtime_ns())?)
}
