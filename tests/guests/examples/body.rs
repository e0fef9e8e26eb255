//! Changes bodies, buffered or as they stream.
//!
//! Settings, for `request` and `response` alike: `request replace TEXT` (pauses until the end, then replaces all),
//! `request hold` (pauses until the end, changes nothing), `request upper` (each chunk as it comes, in upper case),
//! `request prepend TEXT` (to the first chunk), `request append TEXT` (to the last chunk).

use mesh_filter_guests::{Settings, Stream, stream};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, BufferType};

stream!(Body);

struct Body {
    settings: Settings,
    request_begun: bool,
    response_begun: bool,
}

impl Stream for Body {
    fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone(), request_begun: false, response_begun: false }
    }
}

impl Body {
    /// Whether the length of this side's body may change.
    fn resizes(&self, side: &str) -> bool {
        self.settings
            .all(side)
            .any(|line| ["replace", "prepend", "append"].iter().any(|verb| line.starts_with(verb)))
    }

    fn change(&self, side: &str, buffer: BufferType, size: usize, first: bool, end: bool) -> Action {
        for line in self.settings.all(side) {
            let (verb, text) = line.split_once(' ').unwrap_or((line, ""));
            let result = match verb {
                "hold" | "replace" if !end => return Action::Pause,
                "replace" => hostcalls::set_buffer(buffer, 0, size, text.as_bytes()),
                "prepend" if first => hostcalls::set_buffer(buffer, 0, 0, text.as_bytes()),
                "append" if end => hostcalls::set_buffer(buffer, usize::MAX, 0, text.as_bytes()),
                "upper" => hostcalls::get_buffer(buffer, 0, size).and_then(|chunk| {
                    hostcalls::set_buffer(buffer, 0, size, &chunk.unwrap_or_default().to_ascii_uppercase())
                }),
                _ => Ok(()),
            };
            if let Err(status) = result {
                let _ = hostcalls::log(proxy_wasm::types::LogLevel::Error, &format!("{line}: {status:?}"));
            }
        }
        Action::Continue
    }
}

impl Context for Body {}

impl HttpContext for Body {
    fn on_http_request_headers(&mut self, _count: usize, end: bool) -> Action {
        if !end && self.resizes("request") {
            self.remove_http_request_header("content-length");
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        let first = !std::mem::replace(&mut self.request_begun, true);
        self.change("request", BufferType::HttpRequestBody, size, first, end)
    }

    fn on_http_response_headers(&mut self, _count: usize, end: bool) -> Action {
        if !end && self.resizes("response") {
            self.remove_http_response_header("content-length");
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        let first = !std::mem::replace(&mut self.response_begun, true);
        self.change("response", BufferType::HttpResponseBody, size, first, end)
    }
}
