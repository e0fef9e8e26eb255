//! Logs at every level, and through the standard streams, for each request; its root context logs each step of its start.

use mesh_filter_guests::Settings;
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

mesh_filter_guests::root!(Logs);

struct Logs;
struct LogStream;

fn log(level: LogLevel, message: &str) {
    let _ = hostcalls::log(level, message);
}

impl Context for Logs {}

impl RootContext for Logs {
    fn on_vm_start(&mut self, size: usize) -> bool {
        log(LogLevel::Warn, &format!("vm start, {size} bytes"));
        true
    }

    fn on_configure(&mut self, _size: usize) -> bool {
        let settings = Settings::new(self.get_plugin_configuration());
        log(LogLevel::Warn, &format!("configured: {}", settings.text()));
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(LogStream))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl Context for LogStream {
    fn on_done(&mut self) -> bool {
        log(LogLevel::Info, "stream done");
        true
    }
}

impl HttpContext for LogStream {
    fn on_http_request_headers(&mut self, _count: usize, _end: bool) -> Action {
        log(LogLevel::Trace, "at trace");
        log(LogLevel::Debug, "at debug");
        log(LogLevel::Info, "at info");
        log(LogLevel::Warn, "at warn");
        log(LogLevel::Error, "at error");
        log(LogLevel::Critical, "at critical");
        println!("on standard output");
        eprintln!("on standard error");
        Action::Continue
    }

    fn on_log(&mut self) {
        log(LogLevel::Info, "stream logged");
    }
}
