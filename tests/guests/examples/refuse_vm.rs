//! Refuses to start.

use proxy_wasm::traits::{Context, RootContext};
use proxy_wasm::types::ContextType;

mesh_filter_guests::root!(RefuseVm);

struct RefuseVm;

impl Context for RefuseVm {}

impl RootContext for RefuseVm {
    fn on_vm_start(&mut self, _size: usize) -> bool {
        false
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
