//! Shared queues: present, so that any plugin links, but not there yet.

use super::link::Link;

pub(super) fn link(link: &mut Link) -> wasmtime::Result<()> {
    link.add_missing("proxy_register_shared_queue")?
        .add_missing("proxy_resolve_shared_queue")?
        .add_missing("proxy_dequeue_shared_queue")?
        .add_missing("proxy_enqueue_shared_queue")?;
    Ok(())
}
