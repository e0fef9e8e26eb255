//! What all VMs of a simulation have used, together.

use super::shared::lock;
use mesh_filter_runtime::guest::Usage;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Adds up what guests say of themselves.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Readings>);

#[derive(Debug, Default)]
struct Readings {
    fuel: u64,
    hostcalls: u64,
    /// By guest: bytes that it has now.
    memory: BTreeMap<usize, u64>,
    guests: usize,
}

impl Meter {
    /// A number for a guest.
    pub(super) fn number(&self) -> usize {
        let mut readings = lock(&self.0);
        readings.guests += 1;
        readings.guests
    }

    /// What a guest had used before a callback, and after it.
    pub(super) fn add(&self, guest: usize, before: Usage, after: Usage) {
        let mut readings = lock(&self.0);
        readings.fuel += after.fuel.saturating_sub(before.fuel);
        readings.hostcalls += after.hostcalls.saturating_sub(before.hostcalls);
        readings.memory.insert(guest, after.memory);
    }

    /// The guest is gone, and its memory with it.
    pub(super) fn remove(&self, guest: usize) {
        lock(&self.0).memory.remove(&guest);
    }

    /// The sums; `None` where no guest counts.
    pub(crate) fn usage(&self) -> Option<Usage> {
        let Readings { fuel, hostcalls, memory, guests: _ } = &*lock(&self.0);
        let usage = Usage { fuel: *fuel, hostcalls: *hostcalls, memory: memory.values().sum() };
        (!memory.is_empty() || usage.hostcalls > 0).then_some(usage)
    }
}
