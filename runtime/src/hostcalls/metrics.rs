//! Metrics.

use super::call::{Answer, Call, MAX_TEXT, kind};
use super::link::Link;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add("proxy_define_metric", proxy_define_metric)?
        .add("proxy_increment_metric", proxy_increment_metric)?
        .add("proxy_record_metric", proxy_record_metric)?
        .add("proxy_get_metric", proxy_get_metric)?;
    Ok(())
}

fn proxy_define_metric(call: &mut Call<'_>, metric: u32, name: u32, name_size: u32, id_out: u32) -> Answer {
    let metric = kind(metric)?;
    let (mut memory, mut host) = call.open()?;
    let id = host.define_metric(metric, memory.read(name, name_size, MAX_TEXT)?)?;
    Ok(memory.write_u32(id_out, id)?)
}

fn proxy_increment_metric(call: &mut Call<'_>, id: u32, offset: i64) -> Answer {
    Ok(call.host()?.metric(id)?.increment(offset)?)
}

fn proxy_record_metric(call: &mut Call<'_>, id: u32, value: u64) -> Answer {
    Ok(call.host()?.record_metric(id, value)?)
}

fn proxy_get_metric(call: &mut Call<'_>, id: u32, value_out: u32) -> Answer {
    let (mut memory, host) = call.open()?;
    let value = host.metric(id)?.value()?;
    Ok(memory.write_u64(value_out, value)?)
}
