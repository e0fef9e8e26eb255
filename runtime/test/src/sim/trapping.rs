//! A guest whose callbacks trap where a test says so.

use super::hooks::Hooks;
use mesh_filter_runtime::guest::{Callback, Guest, Trap, TrapReason, Usage};
use std::rc::Rc;

/// Stands between the engine and a guest.
pub(super) struct Trapping {
    pub(super) guest: Box<dyn Guest>,
    pub(super) hooks: Rc<Hooks>,
}

impl Guest for Trapping {
    fn call(&mut self, callback: Callback) -> Result<Option<u32>, Box<Trap>> {
        if self.hooks.traps(callback.export()) {
            // The engine takes the VM for dead, and never calls the guest again.
            let reason = "the test lets this callback trap".to_owned();
            return Err(Box::new(Trap::new(TrapReason::Guest(reason))));
        }
        self.guest.call(callback)
    }

    fn usage(&self) -> Option<Usage> {
        self.guest.usage()
    }
}
