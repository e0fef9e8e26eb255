//! Answers in place of the upstream.
//!
//! Settings: `in CALLBACK` (`request_headers`, `request_body`, `response_headers`, `response_body`; a request header
//! `x-in` overrides it), `status N`, `body TEXT`, `header NAME VALUE` (repeatable), `grpc N` (a gRPC status instead).

use mesh_filter_guests::{Settings, Stream, stream};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, GrpcStatusCode};

stream!(LocalReply);

struct LocalReply {
    settings: Settings,
    chosen: String,
}

impl Stream for LocalReply {
    fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone(), chosen: settings.one("in").unwrap_or_default() }
    }
}

impl LocalReply {
    fn reach(&self, callback: &str) -> Action {
        if self.chosen != callback {
            return Action::Continue;
        }
        if self.settings.has("grpc") {
            self.send_grpc_response(GrpcStatusCode::PermissionDenied, Some("not allowed"), vec![]);
            return Action::Pause;
        }
        let headers = self.settings.all("header").filter_map(|line| line.split_once(' ')).collect();
        let body = self.settings.one("body");
        let status = self.settings.number("status").unwrap_or(403);
        self.send_http_response(status, headers, body.as_deref().map(str::as_bytes));
        Action::Pause
    }
}

impl Context for LocalReply {}

impl HttpContext for LocalReply {
    fn on_http_request_headers(&mut self, _count: usize, _end: bool) -> Action {
        if let Some(callback) = self.get_http_request_header("x-in") {
            self.chosen = callback;
        }
        self.reach("request_headers")
    }

    fn on_http_request_body(&mut self, _size: usize, _end: bool) -> Action {
        self.reach("request_body")
    }

    fn on_http_response_headers(&mut self, _count: usize, _end: bool) -> Action {
        // Its own reply passes here too.
        self.add_http_response_header("x-passed", "response_headers");
        self.reach("response_headers")
    }

    fn on_http_response_body(&mut self, _size: usize, _end: bool) -> Action {
        self.reach("response_body")
    }
}
