//! What bounds a running VM: its memory and tables, and the CPU time of a call.

use cpu_time::ThreadTime;
use std::time::Duration;
use wasmtime::ResourceLimiter;

/// Most elements of a table; the largest plugins have some ten thousand functions.
const MAX_TABLE_ELEMENTS: usize = 1_000_000;
/// Most tables of a module; compilers make one or two.
const MAX_TABLES: usize = 16;

/// Refuses growth beyond the limit, which the guest sees as a failed `memory.grow`, as in Envoy.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    limit: usize,
    /// A growth was refused in the current call.
    pub(super) refused: bool,
}

impl MemoryLimit {
    pub(super) fn new(limit: Option<u64>) -> Self {
        let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        Self { limit, refused: false }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.limit as u64
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let allowed = desired <= self.limit;
        self.refused |= !allowed;
        Ok(allowed)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        1
    }
}

/// The CPU time of the call that is running.
#[derive(Debug, Default)]
pub(crate) struct CpuBudget {
    limit: Duration,
    since: Option<ThreadTime>,
}

impl CpuBudget {
    /// Starts a call.
    pub(super) fn start(&mut self, limit: Duration) {
        self.limit = limit;
        // The clock costs a system call; it is first read when the call outlasts a tick.
        self.since = None;
    }

    /// Whether the call must end; asked at every tick, on the thread that runs the guest.
    pub(super) fn is_over(&mut self) -> bool {
        self.since.get_or_insert_with(ThreadTime::now).elapsed() >= self.limit
    }
}
