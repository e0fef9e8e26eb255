//! Answers that a host would not give, for tests of what plugins do when one gives them.

/// Answers hostcalls in place of the host.
pub trait Faults {
    /// The number that this call of this host function answers, without anything being done;
    /// `None` lets the host do it.
    ///
    /// Functions of WASI are asked about too, by their names without module.
    fn answer(&self, hostcall: &'static str) -> Option<u32>;
}
