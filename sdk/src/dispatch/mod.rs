//! Turns the proxy's callbacks into steps of the filters' futures.
//!
//! Each exchange is one boxed future, polled inside callbacks and nowhere else. A callback that
//! leaves the future waiting pauses the side of the stream that it waits on; the callback that
//! lets it go on resumes it. Reading order: [`Plugin`] (what the proxy calls), `plugin` (which
//! context it is for), `exchange` (the life of one stream), `stream` (what the future and the
//! callbacks share), `root` (configuration, jobs and tasks), `reactor` (what futures reach),
//! `ready`, `timers` and `queues` (what lets them go on).

mod exchange;
mod handler;
mod plan;
mod plugin;
mod queues;
mod reactor;
mod ready;
mod root;
mod stream;
mod table;
mod timers;

#[cfg(test)]
mod tests;

pub(crate) use handler::Handler;
pub(crate) use plan::{BodyPlan, Plan};
pub(crate) use plugin::Dispatch;
pub(crate) use queues::look;
pub(crate) use reactor::{Event, InFlight, Reactor, current};
pub(crate) use root::Job;
pub(crate) use stream::Stream;
pub(crate) use timers::TOLERANCE;

use std::future::Future;
use std::pin::Pin;

/// A boxed future, as exchanges and jobs are kept.
pub(crate) type Task<T> = Pin<Box<dyn Future<Output = T>>>;

/// What a callback answers about the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Go on to the next filter.
    Continue,
    /// Stop here until the stream is continued.
    Pause,
}

/// A plugin as its proxy drives it: one method per callback of the ABI, named as the export
/// without `proxy_on_`.
///
/// A method is never called while another one runs. Contexts that are not known are ignored.
pub trait Plugin {
    /// A context begins: a root context where `parent` is 0, else a stream of that root context.
    fn context_create(&mut self, context: u32, parent: u32);
    /// The VM has started; answers whether it may go on.
    fn vm_start(&mut self, root: u32, configuration_size: usize) -> bool;
    /// The plugin's configuration is there; answers whether it is accepted.
    fn configure(&mut self, root: u32, configuration_size: usize) -> bool;
    /// The timer of the root context fired.
    fn tick(&mut self, root: u32);
    /// Headers came from the client.
    fn request_headers(&mut self, context: u32, count: usize, end_of_stream: bool) -> Action;
    /// Body bytes came from the client; `size` is all that the buffer holds.
    fn request_body(&mut self, context: u32, size: usize, end_of_stream: bool) -> Action;
    /// Trailers came from the client.
    fn request_trailers(&mut self, context: u32, count: usize) -> Action;
    /// Headers came from the upstream, or from the proxy instead of it.
    fn response_headers(&mut self, context: u32, count: usize, end_of_stream: bool) -> Action;
    /// Body bytes came from the upstream; `size` is all that the buffer holds.
    fn response_body(&mut self, context: u32, size: usize, end_of_stream: bool) -> Action;
    /// Trailers came from the upstream.
    fn response_trailers(&mut self, context: u32, count: usize) -> Action;
    /// A shared queue that the root context has registered has got a value.
    fn queue_ready(&mut self, root: u32, queue: u32);
    /// An HTTP call ended; no headers mean that it was reset.
    fn http_call_response(
        &mut self,
        root: u32,
        token: u32,
        headers: usize,
        body_size: usize,
        trailers: usize,
    );
    /// The response to a gRPC call or stream begins.
    fn grpc_initial_metadata(&mut self, root: u32, token: u32, count: usize);
    /// A gRPC message has come.
    fn grpc_message(&mut self, root: u32, token: u32, size: usize);
    /// The response to a gRPC stream ends.
    fn grpc_trailing_metadata(&mut self, root: u32, token: u32, count: usize);
    /// A gRPC call or stream is over, with this gRPC status.
    fn grpc_close(&mut self, root: u32, token: u32, status: u32);
    /// The exchange is over, or the root context goes; answers whether it may be deleted at once.
    fn done(&mut self, context: u32) -> bool;
    /// The access log is written.
    fn log(&mut self, context: u32);
    /// The context is gone.
    fn delete(&mut self, context: u32);
}
