//! Writes properties into headers.
//!
//! Settings: `request PATH` and `response PATH`, segments separated by dots, read in that phase; the header is
//! `x-property-N`, N counting the lines from 0, and its value `STATUS HEX-BYTES`. Before that, `set PATH VALUE` sets one.

use std::fmt::Write;

use mesh_filter_guests::{Settings, Stream, raw, stream};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MapType};

stream!(Properties);

struct Properties(Settings);

impl Stream for Properties {
    fn new(settings: &Settings) -> Self {
        Self(settings.clone())
    }
}

impl Properties {
    fn show(&self, phase: &str, map: MapType) -> Action {
        for (index, path) in self.0.all(phase).enumerate() {
            let (status, value) = raw::property(path);
            let mut shown = status.to_string();
            for (position, byte) in value.iter().enumerate() {
                // Writing to a string cannot fail.
                let _ = write!(shown, "{}{byte:02x}", if position == 0 { " " } else { "" });
            }
            let _ = hostcalls::set_map_value(map, &format!("x-property-{index}"), Some(&shown));
        }
        Action::Continue
    }
}

impl Context for Properties {}

impl HttpContext for Properties {
    fn on_http_request_headers(&mut self, _count: usize, _end: bool) -> Action {
        for (path, value) in self.0.all("set").filter_map(|line| line.split_once(' ')) {
            self.set_property(path.split('.').collect(), Some(value.as_bytes()));
        }
        self.show("request", MapType::HttpRequestHeaders)
    }

    fn on_http_response_headers(&mut self, _count: usize, _end: bool) -> Action {
        self.show("response", MapType::HttpResponseHeaders)
    }
}
