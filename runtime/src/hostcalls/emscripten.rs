//! What emscripten's runtime imports.

use super::call::{Answer, Call, Failure};
use super::link::Link;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add("pthread_equal", pthread_equal)?
        .add_silent("emscripten_notify_memory_growth", emscripten_notify_memory_growth)?;
    Ok(())
}

/// Answers 1 for the same thread: not a status, but a truth value.
fn pthread_equal(_call: &mut Call<'_>, left: u32, right: u32) -> Answer {
    if left == right { Err(Failure::Code(1)) } else { Ok(()) }
}

/// The memory is looked up at each call, so there is nothing to renew.
fn emscripten_notify_memory_growth(_call: &mut Call<'_>, _memory: u32) -> Answer {
    Ok(())
}
