//! Counts requests over all workers with compare-and-swap and shows the count in `x-count`.
//!
//! Settings: `key NAME`.

use mesh_filter_guests::{Settings, Stream, stream};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, Status};

stream!(SharedData);

struct SharedData {
    key: String,
}

impl Stream for SharedData {
    fn new(settings: &Settings) -> Self {
        Self { key: settings.one("key").unwrap_or_else(|| "count".to_owned()) }
    }
}

impl SharedData {
    /// Adds one, trying again as long as another worker was faster.
    fn increment(&self) -> Result<u64, Status> {
        loop {
            let (value, cas) = self.get_shared_data(&self.key);
            let count = value.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes) + 1;
            match self.set_shared_data(&self.key, Some(&count.to_le_bytes()), cas) {
                Ok(()) => return Ok(count),
                Err(Status::CasMismatch) => {}
                Err(status) => return Err(status),
            }
        }
    }
}

impl Context for SharedData {}

impl HttpContext for SharedData {
    fn on_http_response_headers(&mut self, _count: usize, _end: bool) -> Action {
        let shown = self.increment().map_or_else(|status| format!("{status:?}"), |count| count.to_string());
        self.set_http_response_header("x-count", Some(&shown));
        Action::Continue
    }
}
