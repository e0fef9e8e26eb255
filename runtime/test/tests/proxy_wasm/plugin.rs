//! What the path of the request says, by hostcalls.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, MetricType};
use std::time::{Duration, SystemTime};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Trace);
    proxy_wasm::set_root_context(|_| Box::new(Root::default()));
}}

#[derive(Default)]
struct Root {
    greeting: String,
    requests: u32,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        let bytes = self.get_plugin_configuration().unwrap();
        assert_eq!(bytes.len(), size);
        let config: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        self.greeting = config["greeting"].as_str().unwrap().to_owned();
        self.set_tick_period(Duration::from_secs(1));
        self.requests = proxy_wasm::hostcalls::define_metric(MetricType::Counter, "plugin.requests").unwrap();
        self.register_shared_queue("counts");
        true
    }

    fn on_tick(&mut self) {
        let now = self.get_current_time().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        say(&format!("tick at {}", now.as_secs()));
    }

    fn on_queue_ready(&mut self, queue: u32) {
        while let Ok(Some(value)) = self.dequeue_shared_queue(queue) {
            say(&format!("queued: {}", String::from_utf8(value).unwrap()));
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream {
            greeting: self.greeting.clone(),
            requests: self.requests,
            path: String::new(),
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

fn say(line: &str) {
    proxy_wasm::hostcalls::log(LogLevel::Info, line).unwrap();
}

struct Stream {
    greeting: String,
    requests: u32,
    path: String,
}

impl Context for Stream {
    fn on_http_call_response(&mut self, _: u32, _: usize, size: usize, _: usize) {
        let status = self.get_http_call_response_header(":status").unwrap();
        let body = self.get_http_call_response_body(0, size).unwrap_or_default();
        let who = if status == "200" { String::from_utf8(body).unwrap() } else { status };
        self.set_http_request_header("x-who", Some(&who));
        self.resume_http_request();
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        self.path = self.get_http_request_header(":path").unwrap();
        proxy_wasm::hostcalls::increment_metric(self.requests, 1).unwrap();
        match self.path.split('?').next().unwrap() {
            "/headers" => {
                let all = self.get_http_request_headers();
                let one = all.iter().find(|(name, _)| name == "x-one").map_or("none", |(_, value)| value);
                let none = self.get_http_request_header("x-none").unwrap_or("none".to_owned());
                self.add_http_request_header("x-seen", &format!("{} {one} {none}", self.path));
                self.set_http_request_header("x-gone", None);
                let path = self.get_property(vec!["request", "path"]).unwrap();
                self.set_http_request_header("x-path", Some(std::str::from_utf8(&path).unwrap()));
            }
            "/deny" => {
                self.send_http_response(403, vec![("x-why", "so")], Some(b"no"));
                return Action::Pause;
            }
            "/ask" => {
                let headers = vec![(":method", "GET"), (":path", "/who"), (":authority", "who")];
                self.dispatch_http_call("who", headers, None, vec![], Duration::from_millis(100)).unwrap();
                return Action::Pause;
            }
            "/count" => self.count(),
            "/panic" => panic!("on purpose"),
            "/bytes" => {
                self.set_http_request_header_bytes("x-bytes", Some(&[0xff, 0xfe]));
                self.get_http_request_header("x-bytes");
            }
            _ => {}
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        if self.path != "/body" {
            return Action::Continue;
        }
        if !end {
            return Action::Pause;
        }
        let body = self.get_http_request_body(0, size).unwrap();
        self.set_http_request_body(0, size, &body.to_ascii_uppercase());
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.set_http_response_header("x-greeting", Some(&self.greeting));
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, _: bool) -> Action {
        if let Some(body) = self.get_http_response_body(0, size) {
            self.set_http_response_body(0, size, &body.to_ascii_uppercase());
        }
        Action::Continue
    }
}

impl Stream {
    fn count(&self) {
        let (value, cas) = self.get_shared_data("count");
        let count = value.map_or(0, |bytes| String::from_utf8(bytes).unwrap().parse().unwrap()) + 1;
        self.set_shared_data("count", Some(u32::to_string(&count).as_bytes()), cas).unwrap();
        assert!(self.set_shared_data("count", Some(b"lost"), Some(99)).is_err());
        self.set_http_request_header("x-count", Some(&count.to_string()));
        let queue = self.resolve_shared_queue("", "counts").unwrap();
        self.enqueue_shared_queue(queue, Some(count.to_string().as_bytes())).unwrap();
    }
}
