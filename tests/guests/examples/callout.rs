//! Asks another cluster before it lets the headers pass.
//!
//! Settings: `cluster NAME`, `path /PATH`, `timeout MS`, `header NAME` (set from the answer), `in response` (asks while
//! the response headers wait, instead of the request headers). The header's value is `STATUS BODY`, `failed` when the
//! stream of the call broke, and `refused STATUS` when the host did not start it.

use std::time::Duration;

use mesh_filter_guests::{Settings, Stream, stream};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

stream!(Callout);

struct Callout {
    settings: Settings,
    in_response: bool,
}

impl Stream for Callout {
    fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone(), in_response: settings.one("in").as_deref() == Some("response") }
    }
}

impl Callout {
    fn ask(&self) -> Action {
        let cluster = self.settings.one("cluster").unwrap_or_default();
        let path = self.settings.one("path").unwrap_or_else(|| "/".to_owned());
        let timeout = Duration::from_millis(self.settings.number("timeout").unwrap_or(1000));
        let headers = vec![(":method", "GET"), (":path", path.as_str()), (":authority", cluster.as_str())];
        match self.dispatch_http_call(&cluster, headers, None, vec![], timeout) {
            Ok(_) => Action::Pause,
            Err(status) => {
                self.tell(&format!("refused {status:?}"));
                Action::Continue
            }
        }
    }

    fn tell(&self, value: &str) {
        let name = self.settings.one("header").unwrap_or_else(|| "x-callout".to_owned());
        if self.in_response {
            self.set_http_response_header(&name, Some(value));
        } else {
            self.set_http_request_header(&name, Some(value));
        }
    }
}

impl Context for Callout {
    fn on_http_call_response(&mut self, _token: u32, headers: usize, body: usize, _trailers: usize) {
        if headers == 0 {
            self.tell("failed");
        } else {
            let status = self.get_http_call_response_header(":status").unwrap_or_default();
            let body = self.get_http_call_response_body(0, body).unwrap_or_default();
            self.tell(format!("{status} {}", String::from_utf8_lossy(&body)).trim_end());
        }
        if self.in_response {
            self.resume_http_response();
        } else {
            self.resume_http_request();
        }
    }
}

impl HttpContext for Callout {
    fn on_http_request_headers(&mut self, _count: usize, _end: bool) -> Action {
        if self.in_response { Action::Continue } else { self.ask() }
    }

    fn on_http_response_headers(&mut self, _count: usize, _end: bool) -> Action {
        if self.in_response { self.ask() } else { Action::Continue }
    }
}
