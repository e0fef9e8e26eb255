//! What a store holds for its guest besides memory: the host, and what is allowed now.

use super::calls::Calls;
use super::capabilities::Capabilities;
use super::limits::{CpuBudget, MemoryLimit};
use super::memory::Copied;
use super::symbols::Symbols;
use crate::abi::table::{Chapter, Import};
use crate::host::{Faults, SharedHost, Trace};
use std::collections::HashMap;
use std::rc::Rc;
use wasmtime::{Memory, TypedFunc};

/// The data of a store.
pub(crate) struct State {
    /// The VM's host.
    pub(crate) host: SharedHost,
    /// Which hostcalls are allowed.
    pub(crate) restriction: Restriction,
    /// Who answers hostcalls in place of the host.
    pub(crate) faults: Option<Rc<dyn Faults>>,
    /// Who hears of hostcalls.
    pub(super) trace: Option<Rc<dyn Trace>>,
    /// Names and lines of the module, for who traces.
    pub(super) symbols: Option<Symbols>,
    /// Lines that have been looked up, by the offsets of a call's frames.
    pub(super) places: HashMap<Vec<Option<usize>>, Option<String>>,
    /// How often the guest has called `proc_exit` in this call.
    pub(crate) exits: u32,
    /// The last hostcalls of this callback.
    pub(super) calls: Calls,
    pub(super) copied: Copied,
    /// Known once the instance stands; not yet in a start section.
    pub(super) memory: Option<Memory>,
    /// The guest's allocator.
    pub(super) allocator: Option<TypedFunc<u32, u32>>,
    pub(super) capabilities: Capabilities,
    pub(super) memory_limit: MemoryLimit,
    pub(super) cpu: CpuBudget,
}

impl State {
    /// A store that runs nothing.
    #[cfg(test)]
    pub(crate) fn for_tests(host: SharedHost) -> Self {
        Self::new(host, MemoryLimit::new(None))
    }

    pub(super) fn new(host: SharedHost, memory_limit: MemoryLimit) -> Self {
        let (faults, trace) = host.try_borrow().map_or((None, None), |host| (host.faults(), host.trace()));
        Self {
            host,
            faults,
            trace,
            symbols: None,
            places: HashMap::new(),
            restriction: Restriction::Start,
            exits: 0,
            calls: Calls::default(),
            copied: Copied::default(),
            memory: None,
            allocator: None,
            capabilities: Capabilities::ALL,
            memory_limit,
            cpu: CpuBudget::default(),
        }
    }
}

impl State {
    /// Sets how far memory may grow from now on: as the VM is limited, or less where a test says so.
    pub(super) fn limit_memory(&mut self, limit: Option<u64>) {
        let ordered = self.faults.as_ref().and_then(|faults| faults.memory_limit());
        self.memory_limit = MemoryLimit::new(limit.into_iter().chain(ordered).min());
    }

    /// Tells who limits memory that more of it was asked for.
    pub(super) fn tell_refused_memory(&self) {
        if let Some(faults) = self.faults.as_ref().filter(|_| self.memory_limit.refused) {
            faults.memory_refused(self.memory_limit.bytes());
        }
    }
}

/// Phases in which Envoy allows few hostcalls and traps at the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restriction {
    /// All are allowed.
    None,
    /// While the guest starts: logging and WASI.
    Start,
    /// While the guest allocates memory for a result.
    Allocator,
}

impl Restriction {
    /// Whether the host function may be called.
    pub(crate) fn allows(self, import: &Import) -> bool {
        match self {
            Self::None => true,
            Self::Start => {
                import.name == "proxy_log" || matches!(import.chapter, Chapter::Wasi | Chapter::Emscripten)
            }
            Self::Allocator => {
                matches!(import.name, "proxy_log" | "fd_write" | "clock_time_get" | "poll_oneoff")
                    || import.chapter == Chapter::Emscripten
            }
        }
    }
}

/// A hostcall came in a phase that does not allow it.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("`{hostcall}` is not allowed while the plugin starts or allocates")]
pub(crate) struct RestrictedCall {
    /// Its name.
    pub(crate) hostcall: &'static str,
}

/// A function was called that this host does not have.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`{function}` is not a function of this host")]
pub(crate) struct UnknownCall {
    /// Its module and name.
    pub(crate) function: String,
}
