//! Hears of each hostcall before the host does: answers those that a test answers, and lets other workers
//! run first.

use super::baton::Baton;
use super::faults::FaultPlan;
use super::journal::Diary;
use crate::scenario::shown;
use mesh_filter_runtime::abi::Status;
use mesh_filter_runtime::abi::table::{Chapter, IMPORTS};
use mesh_filter_runtime::host::Faults;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// What stands between the plugins of a worker and their host.
#[derive(Debug)]
pub(super) struct Hooks {
    faults: Arc<FaultPlan>,
    diary: Rc<Diary>,
    /// The interleaving that the worker is in.
    baton: RefCell<Option<(Arc<Baton>, usize)>>,
}

impl Hooks {
    pub(super) fn new(faults: Arc<FaultPlan>, diary: Rc<Diary>) -> Self {
        Self { faults, diary, baton: RefCell::default() }
    }

    /// Whether a test lets this callback trap.
    pub(super) fn traps(&self, callback: &'static str) -> bool {
        self.faults.traps(callback)
    }

    /// From now on the worker, of this number, is in an interleaving, or in none.
    pub(super) fn join(&self, baton: Option<(Arc<Baton>, usize)>) {
        self.baton.replace(baton);
    }
}

impl Faults for Hooks {
    fn answer(&self, hostcall: &'static str) -> Option<u32> {
        if let Some((baton, worker)) = self.baton.borrow().as_ref() {
            baton.before(hostcall, *worker);
        }
        let code = self.faults.hostcall(hostcall)?;
        let wasi = IMPORTS.iter().any(|import| import.name == hostcall && import.chapter == Chapter::Wasi);
        let shown = if wasi { code.to_string() } else { format!("{:?}", Status(code)) };
        self.diary.note(format!("  the test answers `{hostcall}`: {shown}"));
        Some(code)
    }

    fn memory_limit(&self) -> Option<u64> {
        self.faults.memory_limit()
    }

    fn memory_refused(&self, limit: u64) {
        self.diary.note(format!("  the test lets memory grow no further than {}", shown(limit)));
        self.faults.memory_refused(limit);
    }
}
