//! The root context of most guests: it reads the settings and creates the stream contexts.

use std::marker::PhantomData;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;

use crate::Settings;

/// The HTTP context of a guest.
pub trait Stream: HttpContext + Sized + 'static {
    /// Creates the context of one stream.
    fn new(settings: &Settings) -> Self;
}

/// Holds the settings and makes one `S` for each stream.
pub struct Root<S> {
    settings: Settings,
    stream: PhantomData<S>,
}

impl<S> Default for Root<S> {
    fn default() -> Self {
        Self { settings: Settings::default(), stream: PhantomData }
    }
}

impl<S> Context for Root<S> {}

impl<S: Stream> RootContext for Root<S> {
    fn on_configure(&mut self, _size: usize) -> bool {
        self.settings = Settings::new(self.get_plugin_configuration());
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(S::new(&self.settings)))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
