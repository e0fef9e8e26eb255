//! Adds to trailers that exist and tells in the log what came.
//!
//! Settings: `request NAME VALUE`, `response NAME VALUE`.

use mesh_filter_guests::{Settings, Stream, stream};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel, MapType};

stream!(Trailers);

struct Trailers(Settings);

impl Stream for Trailers {
    fn new(settings: &Settings) -> Self {
        Self(settings.clone())
    }
}

impl Trailers {
    fn change(&self, side: &str, map: MapType, count: usize) -> Action {
        let names: Vec<_> =
            hostcalls::get_map(map).unwrap_or_default().into_iter().map(|(name, _)| name).collect();
        let _ = hostcalls::log(LogLevel::Info, &format!("{side} trailers: {count} {}", names.join(",")));
        for (name, value) in self.0.all(side).filter_map(|line| line.split_once(' ')) {
            let _ = hostcalls::add_map_value(map, name, value);
        }
        Action::Continue
    }
}

impl Context for Trailers {}

impl HttpContext for Trailers {
    fn on_http_request_trailers(&mut self, count: usize) -> Action {
        self.change("request", MapType::HttpRequestTrailers, count)
    }

    fn on_http_response_trailers(&mut self, count: usize) -> Action {
        self.change("response", MapType::HttpResponseTrailers, count)
    }
}
