//! Changes headers as told, in order.
//!
//! Settings, for `request` and `response` alike: `request add NAME VALUE`, `request set NAME VALUE`,
//! `request remove NAME`, `request reverse` (writes the whole list back in reverse order).

use mesh_filter_guests::{Settings, Stream, stream};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MapType};

stream!(Headers);

struct Headers(Settings);

impl Stream for Headers {
    fn new(settings: &Settings) -> Self {
        Self(settings.clone())
    }
}

impl Headers {
    fn change(&self, side: &str, map: MapType) -> Action {
        for line in self.0.all(side) {
            let mut words = line.splitn(3, ' ');
            let (verb, name, value) = (words.next(), words.next().unwrap_or(""), words.next().unwrap_or(""));
            let result = match verb {
                Some("add") => hostcalls::add_map_value(map, name, value),
                Some("set") => hostcalls::set_map_value(map, name, Some(value)),
                Some("remove") => hostcalls::remove_map_value(map, name),
                Some("reverse") => reverse(map),
                _ => Ok(()),
            };
            if let Err(status) = result {
                log(&format!("{line}: {status:?}"));
            }
        }
        Action::Continue
    }
}

fn reverse(map: MapType) -> Result<(), proxy_wasm::types::Status> {
    let mut pairs = hostcalls::get_map_bytes(map)?;
    pairs.reverse();
    hostcalls::set_map_bytes(
        map,
        pairs.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect(),
    )
}

fn log(message: &str) {
    // A log line that cannot be written leaves nothing to do.
    let _ = hostcalls::log(proxy_wasm::types::LogLevel::Error, message);
}

impl Context for Headers {}

impl HttpContext for Headers {
    fn on_http_request_headers(&mut self, _count: usize, _end: bool) -> Action {
        self.change("request", MapType::HttpRequestHeaders)
    }

    fn on_http_response_headers(&mut self, _count: usize, _end: bool) -> Action {
        self.change("response", MapType::HttpResponseHeaders)
    }
}
