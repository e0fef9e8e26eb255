//! Hears of each hostcall before the host does: answers those that a test answers.

use super::faults::FaultPlan;
use super::journal::Diary;
use mesh_filter_runtime::abi::Status;
use mesh_filter_runtime::abi::table::{Chapter, IMPORTS};
use mesh_filter_runtime::host::Faults;
use std::rc::Rc;
use std::sync::Arc;

/// What stands between the plugins of a worker and their host.
#[derive(Debug)]
pub(super) struct Hooks {
    pub(super) faults: Arc<FaultPlan>,
    pub(super) diary: Rc<Diary>,
}

impl Faults for Hooks {
    fn answer(&self, hostcall: &'static str) -> Option<u32> {
        let code = self.faults.hostcall(hostcall)?;
        let wasi = IMPORTS.iter().any(|import| import.name == hostcall && import.chapter == Chapter::Wasi);
        let shown = if wasi { code.to_string() } else { format!("{:?}", Status(code)) };
        self.diary.note(format!("  the test answers `{hostcall}`: {shown}"));
        Some(code)
    }
}
