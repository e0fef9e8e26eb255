//! Joins the exports of the `proxy-wasm` crate to the dispatcher.
//!
//! That crate owns the module's exports and routes contexts; nothing else of it is used, except
//! that it must hear of HTTP calls (see `host/wasm.rs`).

use crate::dispatch::{self, Dispatch, Plugin};
use crate::filter::Filter;
use crate::logger;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use std::cell::RefCell;
use std::rc::Rc;

type Shared = Rc<RefCell<dyn Plugin>>;

thread_local! {
    /// The plugin of this module; there is one thread.
    static PLUGIN: RefCell<Option<Shared>> = const { RefCell::new(None) };
}

/// Runs in `_initialize`, where the proxy allows no hostcall but logging.
pub fn start<F: Filter>() {
    logger::install();
    logger::log_panics();
    let plugin: Shared = Rc::new(RefCell::new(Dispatch::new::<F>()));
    PLUGIN.with(|slot| slot.replace(Some(plugin)));
    proxy_wasm::set_root_context(|id| Box::new(Glue::new(id, 0)));
}

/// A context of the `proxy-wasm` crate: only the number of one of ours.
struct Glue {
    id: u32,
}

impl Glue {
    fn new(id: u32, parent: u32) -> Self {
        with((), |plugin| plugin.context_create(id, parent));
        Self { id }
    }
}

/// The crate tells of `proxy_on_delete` only by dropping the context.
impl Drop for Glue {
    fn drop(&mut self) {
        with((), |plugin| plugin.delete(self.id));
    }
}

/// Calls the plugin. It is never called from inside itself, and set before any context exists.
fn with<R>(otherwise: R, f: impl FnOnce(&mut dyn Plugin) -> R) -> R {
    let plugin = PLUGIN.with(|slot| slot.borrow().clone());
    match plugin.as_ref().map(|plugin| plugin.try_borrow_mut()) {
        Some(Ok(mut plugin)) => f(&mut *plugin),
        _ => otherwise,
    }
}

fn act(f: impl FnOnce(&mut dyn Plugin) -> dispatch::Action) -> Action {
    match with(dispatch::Action::Continue, f) {
        dispatch::Action::Continue => Action::Continue,
        dispatch::Action::Pause => Action::Pause,
    }
}

impl Context for Glue {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body_size: usize, trailers: usize) {
        // The crate has made this context the effective one.
        with((), |plugin| plugin.http_call_response(self.id, token, headers, body_size, trailers));
    }

    fn on_done(&mut self) -> bool {
        with(true, |plugin| plugin.done(self.id))
    }
}

impl RootContext for Glue {
    fn on_vm_start(&mut self, size: usize) -> bool {
        with(false, |plugin| plugin.vm_start(self.id, size))
    }

    fn on_configure(&mut self, size: usize) -> bool {
        with(false, |plugin| plugin.configure(self.id, size))
    }

    fn on_tick(&mut self) {
        with((), |plugin| plugin.tick(self.id));
    }

    fn on_log(&mut self) {
        with((), |plugin| plugin.log(self.id));
    }

    fn create_http_context(&self, id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Glue::new(id, self.id)))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl HttpContext for Glue {
    fn on_http_request_headers(&mut self, count: usize, end_of_stream: bool) -> Action {
        act(|plugin| plugin.request_headers(self.id, count, end_of_stream))
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        act(|plugin| plugin.request_body(self.id, size, end_of_stream))
    }

    fn on_http_request_trailers(&mut self, count: usize) -> Action {
        act(|plugin| plugin.request_trailers(self.id, count))
    }

    fn on_http_response_headers(&mut self, count: usize, end_of_stream: bool) -> Action {
        act(|plugin| plugin.response_headers(self.id, count, end_of_stream))
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        act(|plugin| plugin.response_body(self.id, size, end_of_stream))
    }

    fn on_http_response_trailers(&mut self, count: usize) -> Action {
        act(|plugin| plugin.response_trailers(self.id, count))
    }

    fn on_log(&mut self) {
        with((), |plugin| plugin.log(self.id));
    }
}
