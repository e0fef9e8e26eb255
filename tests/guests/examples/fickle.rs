//! A plugin whose next start does what a request of its last life asked for.
//!
//! A request header `x-next: refuse` or `x-next: trap` is kept in shared data; `on_configure` answers false or panics
//! as it says. `x-trap` ends this life. The answer to `x-life` tells the number of its root context and how often the
//! plugin has started, by the shared data.

use proxy_wasm::hostcalls::{get_shared_data, log, set_shared_data};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

mesh_filter_guests::root!(Fickle);

struct Fickle;
struct Stream;

fn read(key: &str) -> Vec<u8> {
    get_shared_data(key).ok().and_then(|(value, _)| value).unwrap_or_default()
}

impl Context for Fickle {}

impl RootContext for Fickle {
    #[expect(clippy::panic, reason = "the behaviour that this guest is for")]
    fn on_configure(&mut self, _size: usize) -> bool {
        let starts = read("starts").len();
        let _ = set_shared_data("starts", Some(&vec![b'|'; starts + 1]), None);
        let _ = log(LogLevel::Warn, &format!("start {}", starts + 1));
        match read("next").as_slice() {
            b"trap" => panic!("asked to"),
            b"refuse" => false,
            _ => true,
        }
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    #[expect(clippy::panic, reason = "the behaviour that this guest is for")]
    fn on_http_request_headers(&mut self, _count: usize, _end: bool) -> Action {
        if let Some(next) = self.get_http_request_header("x-next") {
            let _ = set_shared_data("next", Some(next.as_bytes()), None);
        }
        if self.get_http_request_header("x-trap").is_some() {
            panic!("asked to");
        }
        Action::Continue
    }
}
