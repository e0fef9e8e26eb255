//! Runs filters of the SDK in the test program itself, over the engine's own host services.

use crate::panics;
use crate::world::World;
use bytes::Bytes;
use mesh_filter::Filter;
use mesh_filter::testing::{self, Action, Pairs, Plugin, Status};
use mesh_filter_runtime::abi;
use mesh_filter_runtime::exchange::LocalReply;
use mesh_filter_runtime::guest::{Callback, Guest, Trap, TrapReason};
use mesh_filter_runtime::host::{GrpcMethod, SharedHost};
use std::rc::Rc;
use std::time::Duration;

impl World {
    /// The filter as ordinary Rust.
    #[must_use]
    pub fn native<F: Filter>() -> Self {
        Self::new("native", |host| {
            Ok(Box::new(Native { plugin: testing::plugin::<F>(), host: Rc::new(NativeHost(host)) }))
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
            self.host.0.borrow().log(abi::LogLevel::Critical, panic.as_bytes());
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

/// The engine's host services as the SDK's hostcalls.
struct NativeHost(SharedHost);

/// The engine's answer as the SDK's.
fn answer<T>(result: Result<T, abi::Status>) -> Result<T, Status> {
    result.map_err(|status| Status(status.0))
}

fn map(map: testing::MapKind) -> Result<abi::MapKind, Status> {
    abi::MapKind::from_number(map as u32).ok_or(Status::BAD_ARGUMENT)
}

fn buffer(buffer: testing::BufferKind) -> Result<abi::BufferKind, Status> {
    abi::BufferKind::from_number(buffer as u32).ok_or(Status::BAD_ARGUMENT)
}

fn stream(side: testing::Side) -> Result<abi::StreamKind, Status> {
    abi::StreamKind::from_number(side as u32).ok_or(Status::BAD_ARGUMENT)
}

fn grpc<'a>(method: &testing::GrpcMethod<'a>) -> GrpcMethod<'a> {
    GrpcMethod { target: method.target, service: method.service.as_bytes(), method: method.method.as_bytes() }
}

fn pairs<'a, N: AsRef<[u8]> + 'a, V: AsRef<[u8]> + 'a>(
    pairs: impl IntoIterator<Item = &'a (N, V)>,
) -> Vec<(Bytes, Bytes)> {
    let copy = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
    pairs.into_iter().map(|(name, value)| (copy(name.as_ref()), copy(value.as_ref()))).collect()
}

impl testing::Host for NativeHost {
    fn log(&self, level: testing::LogLevel, message: &[u8]) -> Result<(), Status> {
        let level = abi::LogLevel::from_number(level as u32).ok_or(Status::BAD_ARGUMENT)?;
        self.0.borrow().log(level, message);
        Ok(())
    }

    fn get_log_level(&self) -> Result<u32, Status> {
        Ok(self.0.borrow().log_level() as u32)
    }

    fn get_current_time_nanoseconds(&self) -> Result<u64, Status> {
        Ok(self.0.borrow().clock().realtime_ns())
    }

    fn monotonic_nanoseconds(&self) -> u64 {
        self.0.borrow().clock().monotonic_ns()
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), Status> {
        self.0.borrow().random(buffer);
        Ok(())
    }

    fn environment_variable(&self, name: &str) -> Option<String> {
        let host = self.0.borrow();
        host.environment().iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    fn get_property(&self, path: &[u8]) -> Result<Vec<u8>, Status> {
        answer(self.0.borrow().property(path)).map(|value| value.to_vec())
    }

    fn set_property(&self, path: &[u8], value: &[u8]) -> Result<(), Status> {
        answer(self.0.borrow().set_property(path, value))
    }

    fn get_header_map_pairs(&self, kind: testing::MapKind) -> Result<Pairs, Status> {
        let headers = self.0.borrow().map_pairs(map(kind)?);
        Ok(headers.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect())
    }

    fn replace_header_map_value(
        &self,
        kind: testing::MapKind,
        name: &str,
        value: &[u8],
    ) -> Result<(), Status> {
        answer(self.0.borrow().replace_map_value(map(kind)?, name.as_bytes(), value))
    }

    fn add_header_map_value(&self, kind: testing::MapKind, name: &str, value: &[u8]) -> Result<(), Status> {
        answer(self.0.borrow().add_map_value(map(kind)?, name.as_bytes(), value))
    }

    fn remove_header_map_value(&self, kind: testing::MapKind, name: &str) -> Result<(), Status> {
        answer(self.0.borrow().remove_map_value(map(kind)?, name.as_bytes()))
    }

    fn get_buffer_bytes(
        &self,
        kind: testing::BufferKind,
        start: usize,
        size: usize,
    ) -> Result<Vec<u8>, Status> {
        answer(self.0.borrow().buffer_bytes(buffer(kind)?, start, size)).map(|bytes| bytes.to_vec())
    }

    fn set_buffer_bytes(
        &self,
        kind: testing::BufferKind,
        start: usize,
        size: usize,
        bytes: &[u8],
    ) -> Result<(), Status> {
        answer(self.0.borrow().set_buffer(buffer(kind)?, start, size, bytes))
    }

    fn send_local_response(
        &self,
        status: u16,
        details: &str,
        body: &[u8],
        headers: &[(&str, &[u8])],
        grpc_status: Option<u32>,
    ) -> Result<(), Status> {
        answer(self.0.borrow_mut().send_local_response(LocalReply {
            status,
            // The hostcall does the same: details stand in access logs, between spaces.
            details: details.replace(char::is_whitespace, "_"),
            body: Bytes::copy_from_slice(body),
            headers: pairs(headers),
            grpc_status: grpc_status.filter(|status| *status <= 16),
        }))
    }

    fn continue_stream(&self, side: testing::Side) -> Result<(), Status> {
        answer(self.0.borrow_mut().continue_stream(stream(side)?))
    }

    fn close_stream(&self, side: testing::Side) -> Result<(), Status> {
        answer(self.0.borrow_mut().close_stream(stream(side)?))
    }

    fn get_shared_data(&self, key: &str) -> Result<(Vec<u8>, u32), Status> {
        answer(self.0.borrow().shared_data(key.as_bytes())).map(|(value, cas)| (value.to_vec(), cas))
    }

    fn set_shared_data(&self, key: &str, value: &[u8], cas: u32) -> Result<(), Status> {
        answer(self.0.borrow().set_shared_data(key.as_bytes(), value, cas))
    }

    fn register_shared_queue(&self, name: &str) -> Result<u32, Status> {
        answer(self.0.borrow().register_queue(name.as_bytes()))
    }

    fn resolve_shared_queue(&self, vm_id: &str, name: &str) -> Result<u32, Status> {
        answer(self.0.borrow().resolve_queue(vm_id.as_bytes(), name.as_bytes()))
    }

    fn enqueue_shared_queue(&self, token: u32, value: &[u8]) -> Result<(), Status> {
        answer(self.0.borrow().enqueue(token, value))
    }

    fn dequeue_shared_queue(&self, token: u32) -> Result<Vec<u8>, Status> {
        answer(self.0.borrow().dequeue(token)).map(|value| value.to_vec())
    }

    fn http_call(
        &self,
        cluster: &str,
        headers: &[(&str, &[u8])],
        body: &[u8],
        trailers: &[(&str, &[u8])],
        timeout_ms: u32,
    ) -> Result<u32, Status> {
        let timeout_ms = i32::try_from(timeout_ms).map_err(|_| Status::BAD_ARGUMENT)?;
        let mut host = self.0.borrow_mut();
        answer(host.http_call(cluster.as_bytes(), pairs(headers), body, pairs(trailers), timeout_ms))
    }

    fn grpc_call(
        &self,
        method: &testing::GrpcMethod<'_>,
        metadata: &[(&str, &[u8])],
        message: &[u8],
        timeout_ms: u32,
    ) -> Result<u32, Status> {
        answer(self.0.borrow_mut().grpc_call(grpc(method), pairs(metadata), message, timeout_ms))
    }

    fn grpc_stream(
        &self,
        method: &testing::GrpcMethod<'_>,
        metadata: &[(&str, &[u8])],
    ) -> Result<u32, Status> {
        answer(self.0.borrow_mut().grpc_stream(grpc(method), pairs(metadata)))
    }

    fn grpc_send(&self, token: u32, message: &[u8], end_of_stream: bool) -> Result<(), Status> {
        answer(self.0.borrow_mut().grpc_send(token, message, end_of_stream))
    }

    fn grpc_close(&self, token: u32) -> Result<(), Status> {
        answer(self.0.borrow_mut().grpc_close(token))
    }

    fn grpc_cancel(&self, token: u32) -> Result<(), Status> {
        answer(self.0.borrow_mut().grpc_cancel(token))
    }

    fn get_status(&self) -> Result<(u32, Vec<u8>), Status> {
        let (code, message) = self.0.borrow().status();
        Ok((code, message.to_vec()))
    }

    fn set_tick_period_milliseconds(&self, period_ms: u32) -> Result<(), Status> {
        self.0.borrow_mut().set_tick_period(Duration::from_millis(period_ms.into()));
        Ok(())
    }

    fn define_metric(&self, kind: testing::MetricKind, name: &str) -> Result<u32, Status> {
        let kind = abi::MetricKind::from_number(kind as u32).ok_or(Status::BAD_ARGUMENT)?;
        answer(self.0.borrow_mut().define_metric(kind, name.as_bytes()))
    }

    fn increment_metric(&self, metric: u32, offset: i64) -> Result<(), Status> {
        answer(self.0.borrow().metric(metric).and_then(|metric| metric.increment(offset)))
    }

    fn record_metric(&self, metric: u32, value: u64) -> Result<(), Status> {
        answer(self.0.borrow().record_metric(metric, value))
    }

    fn get_metric(&self, metric: u32) -> Result<u64, Status> {
        answer(self.0.borrow().metric(metric).and_then(|metric| metric.value()))
    }

    fn set_effective_context(&self, context: u32) -> Result<(), Status> {
        answer(self.0.borrow_mut().set_effective_context(context))
    }
}
