//! Lets everything pass.

use mesh_filter_guests::{Settings, Stream, stream};
use proxy_wasm::traits::{Context, HttpContext};

stream!(Noop);

struct Noop;

impl Stream for Noop {
    fn new(_settings: &Settings) -> Self {
        Self
    }
}

impl Context for Noop {}
impl HttpContext for Noop {}
