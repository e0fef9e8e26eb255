//! The functions of an instance that the host calls, looked up once.

use super::state::State;
use crate::guest::Callback;
use wasmtime::{Func, Instance, Store, TypedFunc, WasmParams, WasmResults};

type One<R> = Option<TypedFunc<u32, R>>;
type Two<R> = Option<TypedFunc<(u32, u32), R>>;
type Three<R> = Option<TypedFunc<(u32, u32, u32), R>>;
type Five = Option<TypedFunc<(u32, u32, u32, u32, u32), ()>>;

/// The callbacks that the guest has.
pub(super) struct Exports {
    context_create: Two<()>,
    vm_start: Two<u32>,
    configure: Two<u32>,
    tick: One<()>,
    request_headers: HeadersCallback,
    request_body: Three<u32>,
    request_trailers: Two<u32>,
    response_headers: HeadersCallback,
    response_body: Three<u32>,
    response_trailers: Two<u32>,
    http_call_response: Five,
    grpc_receive_initial_metadata: Three<()>,
    grpc_receive: Three<()>,
    grpc_receive_trailing_metadata: Three<()>,
    grpc_close: Three<()>,
    queue_ready: Two<()>,
    done: One<u32>,
    log: One<()>,
    delete: One<()>,
}

/// Modules of 0.1.0 have two parameters or three: what is there counts, not the version.
enum HeadersCallback {
    Missing,
    Short(TypedFunc<(u32, u32), u32>),
    Full(TypedFunc<(u32, u32, u32), u32>),
}

impl Exports {
    /// Looks the callbacks up; their types were checked when the module was loaded.
    pub(super) fn of(instance: &Instance, store: &mut Store<State>) -> wasmtime::Result<Self> {
        Ok(Self {
            context_create: find(instance, store, "proxy_on_context_create")?,
            vm_start: find(instance, store, "proxy_on_vm_start")?,
            configure: find(instance, store, "proxy_on_configure")?,
            tick: find(instance, store, "proxy_on_tick")?,
            request_headers: HeadersCallback::of(instance, store, "proxy_on_request_headers")?,
            request_body: find(instance, store, "proxy_on_request_body")?,
            request_trailers: find(instance, store, "proxy_on_request_trailers")?,
            response_headers: HeadersCallback::of(instance, store, "proxy_on_response_headers")?,
            response_body: find(instance, store, "proxy_on_response_body")?,
            response_trailers: find(instance, store, "proxy_on_response_trailers")?,
            http_call_response: find(instance, store, "proxy_on_http_call_response")?,
            grpc_receive_initial_metadata: find(instance, store, "proxy_on_grpc_receive_initial_metadata")?,
            grpc_receive: find(instance, store, "proxy_on_grpc_receive")?,
            grpc_receive_trailing_metadata: find(instance, store, "proxy_on_grpc_receive_trailing_metadata")?,
            grpc_close: find(instance, store, "proxy_on_grpc_close")?,
            queue_ready: find(instance, store, "proxy_on_queue_ready")?,
            done: find(instance, store, "proxy_on_done")?,
            log: find(instance, store, "proxy_on_log")?,
            delete: find(instance, store, "proxy_on_delete")?,
        })
    }

    /// Calls one.
    pub(super) fn call(&self, store: &mut Store<State>, callback: Callback) -> wasmtime::Result<Option<u32>> {
        use Callback as C;
        match callback {
            C::ContextCreate { context, parent } => silent(&self.context_create, store, (context, parent)),
            C::VmStart { root, size } => answering(&self.vm_start, store, (root, size)),
            C::Configure { root, size } => answering(&self.configure, store, (root, size)),
            C::Tick { root } => silent(&self.tick, store, root),
            C::RequestHeaders { context, count, end_of_stream } => {
                self.request_headers.call(store, context, count, end_of_stream)
            }
            C::RequestBody { context, size, end_of_stream } => {
                answering(&self.request_body, store, (context, size, end_of_stream.into()))
            }
            C::RequestTrailers { context, count } => {
                answering(&self.request_trailers, store, (context, count))
            }
            C::ResponseHeaders { context, count, end_of_stream } => {
                self.response_headers.call(store, context, count, end_of_stream)
            }
            C::ResponseBody { context, size, end_of_stream } => {
                answering(&self.response_body, store, (context, size, end_of_stream.into()))
            }
            C::ResponseTrailers { context, count } => {
                answering(&self.response_trailers, store, (context, count))
            }
            C::HttpCallResponse { root, token, headers, body_size, trailers } => {
                silent(&self.http_call_response, store, (root, token, headers, body_size, trailers))
            }
            C::GrpcReceiveInitialMetadata { root, token, count } => {
                silent(&self.grpc_receive_initial_metadata, store, (root, token, count))
            }
            C::GrpcReceive { root, token, size } => silent(&self.grpc_receive, store, (root, token, size)),
            C::GrpcReceiveTrailingMetadata { root, token, count } => {
                silent(&self.grpc_receive_trailing_metadata, store, (root, token, count))
            }
            C::GrpcClose { root, token, status } => silent(&self.grpc_close, store, (root, token, status)),
            C::QueueReady { root, token } => silent(&self.queue_ready, store, (root, token)),
            C::Done { context } => answering(&self.done, store, context),
            C::Log { context } => silent(&self.log, store, context),
            C::Delete { context } => silent(&self.delete, store, context),
        }
    }
}

impl HeadersCallback {
    fn of(instance: &Instance, store: &mut Store<State>, name: &str) -> wasmtime::Result<Self> {
        let Some(function) = exported(instance, store, name) else { return Ok(Self::Missing) };
        if function.ty(&*store).params().len() == 2 {
            function.typed(store).map(Self::Short)
        } else {
            function.typed(store).map(Self::Full)
        }
    }

    fn call(
        &self,
        store: &mut Store<State>,
        context: u32,
        count: u32,
        end_of_stream: bool,
    ) -> wasmtime::Result<Option<u32>> {
        match self {
            Self::Missing => Ok(None),
            Self::Short(function) => function.call(store, (context, count)).map(Some),
            Self::Full(function) => function.call(store, (context, count, end_of_stream.into())).map(Some),
        }
    }
}

/// The exported function with this name and type.
pub(super) fn find<P: WasmParams, R: WasmResults>(
    instance: &Instance,
    store: &mut Store<State>,
    name: &str,
) -> wasmtime::Result<Option<TypedFunc<P, R>>> {
    exported(instance, store, name).map(|function| function.typed(store)).transpose()
}

/// The exported function with this name; one that the plugin is not called with is not there.
fn exported(instance: &Instance, store: &mut Store<State>, name: &str) -> Option<Func> {
    let allowed = store.data().capabilities.allows_export(name);
    instance.get_func(&mut *store, name).filter(|_| allowed)
}

fn silent<P: WasmParams>(
    function: &Option<TypedFunc<P, ()>>,
    store: &mut Store<State>,
    params: P,
) -> wasmtime::Result<Option<u32>> {
    function.as_ref().map(|function| function.call(store, params).map(|()| 0)).transpose()
}

fn answering<P: WasmParams>(
    function: &Option<TypedFunc<P, u32>>,
    store: &mut Store<State>,
    params: P,
) -> wasmtime::Result<Option<u32>> {
    function.as_ref().map(|function| function.call(store, params)).transpose()
}
