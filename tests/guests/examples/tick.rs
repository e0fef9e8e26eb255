//! Counts ticks in the counter `ticks` and in the log.
//!
//! Settings: `period MS`, `last N` (stops the timer after N ticks).

use std::time::Duration;

use mesh_filter_guests::Settings;
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel, MetricType};

mesh_filter_guests::root!(Tick::default());

#[derive(Default)]
struct Tick {
    counter: u32,
    ticks: u32,
    last: Option<u32>,
}

struct Pass;

impl Context for Pass {}
impl HttpContext for Pass {}
impl Context for Tick {}

impl RootContext for Tick {
    fn on_configure(&mut self, _size: usize) -> bool {
        let settings = Settings::new(self.get_plugin_configuration());
        self.last = settings.number("last");
        self.set_tick_period(Duration::from_millis(settings.number("period").unwrap_or(100)));
        hostcalls::define_metric(MetricType::Counter, "ticks").map(|id| self.counter = id).is_ok()
    }

    fn on_tick(&mut self) {
        self.ticks += 1;
        let _ = hostcalls::increment_metric(self.counter, 1);
        let _ = hostcalls::log(LogLevel::Info, &format!("tick {}", self.ticks));
        if self.last == Some(self.ticks) {
            self.set_tick_period(Duration::ZERO);
        }
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Pass))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
