//! For authors of test harnesses: runs a filter on native targets over a host that they supply.
//!
//! Filter authors use `mesh-filter-test` instead, which is built on this.
//!
//! A harness implements [`Host`], makes a [`Plugin`] with [`plugin`], and calls it with the
//! callbacks in the order in which a proxy does, each time with its host in place ([`install`]):
//! `context_create(1, 0)`, `vm_start`, `configure`, then for each stream `context_create(2, 1)`,
//! `request_headers` and so on, `log`, `done`, `delete`. Hostcalls arrive while the callback runs
//! and never call back. Everything stays on one thread.

pub use crate::dispatch::{Action, Plugin};
pub use crate::host::{
    BufferKind, GrpcMethod, Host, Installed, LogLevel, MapKind, MetricKind, Pairs, Side, Status, install,
};

use crate::dispatch::Dispatch;
use crate::filter::Filter;
use crate::logger;

/// A filter as its proxy sees it: a VM with no context yet.
#[must_use]
pub fn plugin<F: Filter>() -> Box<dyn Plugin> {
    logger::install();
    Box::new(Dispatch::new::<F>())
}
