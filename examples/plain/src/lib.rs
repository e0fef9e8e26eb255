//! Adds the header `x-hello` to each response, written on the `proxy-wasm` crate alone.
//!
//! It exists to be compared with `hello-header`, and to show that any plugin runs here.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use serde::Deserialize;

// A block, because the exports that the macro writes are no part of this crate's interface.
const _: () = {
    proxy_wasm::main! {{
        proxy_wasm::set_log_level(LogLevel::Trace);
        proxy_wasm::set_root_context(|_| Box::new(Root { config: Config::default() }));
    }}
};

/// The plugin's configuration.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Value of the header.
    value: String,
}

struct Root {
    config: Config,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        let bytes = self.get_plugin_configuration().unwrap_or_default();
        match serde_json::from_slice(&bytes) {
            Ok(config) => {
                self.config = config;
                true
            }
            Err(error) => {
                let line = format!("the filter refuses its configuration: {error}");
                proxy_wasm::hostcalls::log(LogLevel::Error, &line).is_err()
            }
        }
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { config: self.config.clone() }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Stream {
    config: Config,
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        self.set_http_response_header("x-hello", Some(&self.config.value));
        Action::Continue
    }
}
