//! Answers that a host would not give, for tests of what plugins do when one gives them.

/// Answers hostcalls in place of the host.
pub trait Faults {
    /// The number that this call of this host function answers, without anything being done;
    /// `None` lets the host do it.
    ///
    /// Functions of WASI are asked about too, by their names without module.
    fn answer(&self, hostcall: &'static str) -> Option<u32>;

    /// Bytes beyond which the VM's memory does not grow, while it starts or in the callback that begins now; `None`
    /// leaves it to the engine's limit. Memory that it has already stays.
    fn memory_limit(&self) -> Option<u64> {
        None
    }

    /// The VM has asked for more memory than this, and did not get it.
    fn memory_refused(&self, _limit: u64) {}
}
