//! Refuses its configuration.

use proxy_wasm::traits::{Context, RootContext};
use proxy_wasm::types::ContextType;

mesh_filter_guests::root!(Refuse);

struct Refuse;

impl Context for Refuse {}

impl RootContext for Refuse {
    fn on_configure(&mut self, _size: usize) -> bool {
        false
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
