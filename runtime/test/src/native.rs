//! Runs filters of the SDK in the test program itself, over the engine's own host services.

mod host;

use crate::panics;
use crate::world::{Kind, World};
pub(crate) use host::NativeHost;
#[cfg(feature = "proxy-wasm-native")]
pub(crate) use host::{bytes, n, nothing, number, t};

use mesh_filter::Filter;
use mesh_filter::testing::{self, Action, Plugin};
use mesh_filter_runtime::guest::{Callback, Guest, Trap, TrapReason};
use std::rc::Rc;

impl World {
    /// The filter as ordinary Rust.
    #[must_use]
    pub fn native<F: Filter>() -> Self {
        Self::new(Kind::Native, |host| {
            Ok(Box::new(Native { plugin: testing::plugin::<F>(), host: Rc::new(NativeHost::new(host)) }))
        })
    }
}

/// A filter as the chain calls it.
struct Native {
    plugin: Box<dyn Plugin>,
    host: Rc<NativeHost>,
}

impl Guest for Native {
    fn call(&mut self, callback: Callback) -> Result<Option<u32>, Box<Trap>> {
        let _installed = testing::install(self.host.clone());
        let plugin = &mut self.plugin;
        // After a panic the plugin is not called again, so nobody sees a broken state.
        panics::caught(|| call(&mut **plugin, callback)).map_err(|panic| {
            // A module of the SDK logs its panic too, before it traps.
            self.host.log_panic(&panic);
            Box::new(Trap::new(TrapReason::Guest(panic)))
        })
    }
}

fn call(plugin: &mut dyn Plugin, callback: Callback) -> Option<u32> {
    let stops = |action| u32::from(action == Action::Pause);
    let answer = match callback {
        Callback::ContextCreate { context, parent } => {
            plugin.context_create(context, parent);
            0
        }
        Callback::VmStart { root, size: bytes } => plugin.vm_start(root, size(bytes)).into(),
        Callback::Configure { root, size: bytes } => plugin.configure(root, size(bytes)).into(),
        Callback::Tick { root } => {
            plugin.tick(root);
            0
        }
        Callback::RequestHeaders { context, count, end_of_stream } => {
            stops(plugin.request_headers(context, size(count), end_of_stream))
        }
        Callback::RequestBody { context, size: bytes, end_of_stream } => {
            stops(plugin.request_body(context, size(bytes), end_of_stream))
        }
        Callback::RequestTrailers { context, count } => stops(plugin.request_trailers(context, size(count))),
        Callback::ResponseHeaders { context, count, end_of_stream } => {
            stops(plugin.response_headers(context, size(count), end_of_stream))
        }
        Callback::ResponseBody { context, size: bytes, end_of_stream } => {
            stops(plugin.response_body(context, size(bytes), end_of_stream))
        }
        Callback::ResponseTrailers { context, count } => {
            stops(plugin.response_trailers(context, size(count)))
        }
        Callback::HttpCallResponse { root, token, headers, body_size, trailers } => {
            plugin.http_call_response(root, token, size(headers), size(body_size), size(trailers));
            0
        }
        Callback::GrpcReceiveInitialMetadata { root, token, count } => {
            plugin.grpc_initial_metadata(root, token, size(count));
            0
        }
        Callback::GrpcReceive { root, token, size: bytes } => {
            plugin.grpc_message(root, token, size(bytes));
            0
        }
        Callback::GrpcReceiveTrailingMetadata { root, token, count } => {
            plugin.grpc_trailing_metadata(root, token, size(count));
            0
        }
        Callback::GrpcClose { root, token, status } => {
            plugin.grpc_close(root, token, status);
            0
        }
        Callback::QueueReady { root, token } => {
            plugin.queue_ready(root, token);
            0
        }
        Callback::Done { context } => plugin.done(context).into(),
        Callback::Log { context } => {
            plugin.log(context);
            0
        }
        Callback::Delete { context } => {
            plugin.delete(context);
            0
        }
        _ => return None,
    };
    Some(answer)
}

fn size(size: u32) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}
