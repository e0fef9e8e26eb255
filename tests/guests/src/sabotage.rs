//! A plugin that does something harmful in one callback of its life.
//!
//! Settings: `in CALLBACK`. A request header `x-in: CALLBACK` chooses a callback of its own stream instead. Callbacks are
//! named as in the ABI, without `proxy_on_`: `vm_start`, `configure`, `tick`, `context_create`, `request_headers`,
//! `request_body`, `request_trailers`, `response_headers`, `response_body`, `response_trailers`, `http_call_response`
//! (with a line `cluster NAME` to call), `done` and `log`.

use std::time::Duration;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};

use crate::Settings;

/// The harmful thing.
type Act = fn();

/// The root context of such a plugin.
pub struct SabotageRoot {
    act: Act,
    settings: Settings,
}

impl SabotageRoot {
    /// A root context that will run `act`.
    #[must_use]
    pub fn new(act: Act) -> Self {
        Self { act, settings: Settings::default() }
    }

    fn reach(&self, callback: &str) {
        if self.settings.one("in").as_deref() == Some(callback) {
            (self.act)();
        }
    }
}

impl Context for SabotageRoot {}

impl RootContext for SabotageRoot {
    fn on_vm_start(&mut self, _size: usize) -> bool {
        // The plugin's configuration is not readable yet; the VM's is.
        self.settings = Settings::new(self.get_vm_configuration());
        self.reach("vm_start");
        true
    }

    fn on_configure(&mut self, _size: usize) -> bool {
        self.settings = Settings::new(self.get_plugin_configuration());
        self.reach("configure");
        if self.settings.one("in").as_deref() == Some("tick") {
            self.set_tick_period(Duration::from_millis(1));
        }
        true
    }

    fn on_tick(&mut self) {
        self.reach("tick");
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        self.reach("context_create");
        let chosen = self.settings.one("in").unwrap_or_default();
        Some(Box::new(Sabotage { act: self.act, chosen, cluster: self.settings.one("cluster") }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// The stream context of such a plugin.
struct Sabotage {
    act: Act,
    chosen: String,
    cluster: Option<String>,
}

impl Sabotage {
    fn reach(&self, callback: &str) {
        if self.chosen == callback {
            (self.act)();
        }
    }

    fn proceed(&self, callback: &str) -> Action {
        self.reach(callback);
        Action::Continue
    }
}

impl Context for Sabotage {
    fn on_http_call_response(&mut self, _token: u32, _headers: usize, _body: usize, _trailers: usize) {
        self.reach("http_call_response");
        self.resume_http_request();
    }

    fn on_done(&mut self) -> bool {
        self.reach("done");
        true
    }
}

impl HttpContext for Sabotage {
    fn on_http_request_headers(&mut self, _count: usize, _end: bool) -> Action {
        if let Some(callback) = self.get_http_request_header("x-in") {
            self.chosen = callback;
        }
        self.reach("request_headers");
        let Some(cluster) = self.cluster.as_deref().filter(|_| self.chosen == "http_call_response") else {
            return Action::Continue;
        };
        let headers = vec![(":method", "GET"), (":path", "/"), (":authority", cluster)];
        match self.dispatch_http_call(cluster, headers, None, vec![], Duration::from_secs(1)) {
            Ok(_) => Action::Pause,
            Err(_) => Action::Continue,
        }
    }

    fn on_http_request_body(&mut self, _size: usize, _end: bool) -> Action {
        self.proceed("request_body")
    }

    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        self.proceed("request_trailers")
    }

    fn on_http_response_headers(&mut self, _count: usize, _end: bool) -> Action {
        self.proceed("response_headers")
    }

    fn on_http_response_body(&mut self, _size: usize, _end: bool) -> Action {
        self.proceed("response_body")
    }

    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        self.proceed("response_trailers")
    }

    fn on_log(&mut self) {
        self.reach("log");
    }
}
