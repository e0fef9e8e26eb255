//! Shows what WASI and the host's clock give: environment variables, time and randomness, in response headers.
//!
//! Settings: `variable NAME` (repeatable), shown as `x-env-NAME`; `clock` and `random` show these.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

use mesh_filter_guests::{Settings, Stream, stream};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

stream!(Environ);

struct Environ(Settings);

impl Stream for Environ {
    fn new(settings: &Settings) -> Self {
        Self(settings.clone())
    }
}

fn millis(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH)
        .map_or_else(|_| "before 1970".to_owned(), |since| since.as_millis().to_string())
}

impl Context for Environ {}

impl HttpContext for Environ {
    fn on_http_response_headers(&mut self, _count: usize, _end: bool) -> Action {
        for name in self.0.all("variable") {
            let value = std::env::var(name).unwrap_or_else(|_| "(unset)".to_owned());
            self.set_http_response_header(&format!("x-env-{name}"), Some(&value));
        }
        self.set_http_response_header("x-arguments", Some(&std::env::args().count().to_string()));
        if self.0.has("clock") {
            self.set_http_response_header("x-clock-host", Some(&millis(self.get_current_time())));
            self.set_http_response_header("x-clock-wasi", Some(&millis(SystemTime::now())));
        }
        if self.0.has("random") {
            // The standard library seeds its hash maps from WASI's `random_get`.
            let random = RandomState::new().build_hasher().finish();
            self.set_http_response_header("x-random", Some(&format!("{random:016x}")));
        }
        Action::Continue
    }
}
