//! The engine's host services as the SDK's hostcalls, each told to whoever traces the filter.

use bytes::Bytes;
use mesh_filter::testing::{self, Pairs, Status};
use mesh_filter_runtime::abi;
use mesh_filter_runtime::exchange::LocalReply;
use mesh_filter_runtime::host::trace::{self, Part};
use mesh_filter_runtime::host::{Faults, GrpcMethod, SharedHost, Trace};
use std::rc::Rc;
use std::time::Duration;

/// The engine's host services as the SDK's hostcalls.
pub(crate) struct NativeHost {
    host: SharedHost,
    faults: Option<Rc<dyn Faults>>,
    trace: Option<Rc<dyn Trace>>,
}

impl NativeHost {
    pub(crate) fn new(host: SharedHost) -> Self {
        let (faults, trace) = (host.borrow().faults(), host.borrow().trace());
        Self { host, faults, trace }
    }

    /// Says why the filter cannot go on.
    pub(crate) fn log_panic(&self, panic: &str) {
        self.host.borrow().log(abi::LogLevel::Critical, panic.as_bytes());
    }

    /// The host services themselves.
    #[cfg(feature = "proxy-wasm-native")]
    pub(crate) fn host(&self) -> &SharedHost {
        &self.host
    }

    /// Makes a hostcall, unless a test answers it: then nothing is done.
    pub(crate) fn hostcall<T: Default>(
        &self,
        name: &'static str,
        arguments: &[Part<'_>],
        call: impl FnOnce() -> Result<T, abi::Status>,
        shown: impl FnOnce(&T, &mut dyn FnMut(&[Part<'_>])),
    ) -> Result<T, Status> {
        let result = match self.faults.as_ref().and_then(|faults| faults.answer(name)) {
            None => call(),
            Some(0) => Ok(T::default()),
            Some(code) => Err(abi::Status(code)),
        };
        if let Some(trace) = &self.trace {
            match &result {
                Ok(value) => {
                    shown(value, &mut |parts| trace.hostcall(trace::line(name, arguments, Ok(parts))));
                }
                Err(status) => trace.hostcall(trace::line(name, arguments, Err(status.name()))),
            }
        }
        result.map_err(|status| Status(status.0))
    }
}

/// The results of a hostcall that has none.
pub(crate) fn nothing<T>(_: &T, tell: &mut dyn FnMut(&[Part<'_>])) {
    tell(&[]);
}

pub(crate) fn bytes(value: &impl AsRef<[u8]>, tell: &mut dyn FnMut(&[Part<'_>])) {
    tell(&[Part::Text(value.as_ref())]);
}

pub(crate) fn number<T: Copy + Into<i128>>(value: &T, tell: &mut dyn FnMut(&[Part<'_>])) {
    tell(&[Part::Number((*value).into())]);
}

/// An argument that is a number.
pub(crate) fn n(value: impl TryInto<i128>) -> Part<'static> {
    Part::Number(value.try_into().unwrap_or(i128::MAX))
}

pub(crate) fn t(text: &(impl AsRef<[u8]> + ?Sized)) -> Part<'_> {
    Part::Text(text.as_ref())
}

fn map(map: testing::MapKind) -> Result<abi::MapKind, abi::Status> {
    abi::MapKind::from_number(map as u32).ok_or(abi::Status::BAD_ARGUMENT)
}

fn buffer(buffer: testing::BufferKind) -> Result<abi::BufferKind, abi::Status> {
    abi::BufferKind::from_number(buffer as u32).ok_or(abi::Status::BAD_ARGUMENT)
}

fn stream(side: testing::Side) -> Result<abi::StreamKind, abi::Status> {
    abi::StreamKind::from_number(side as u32).ok_or(abi::Status::BAD_ARGUMENT)
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
        self.host.borrow().log(level, message);
        Ok(())
    }

    fn get_log_level(&self) -> Result<u32, Status> {
        self.hostcall("proxy_get_log_level", &[], || Ok(self.host.borrow().log_level() as u32), number)
    }

    fn get_current_time_nanoseconds(&self) -> Result<u64, Status> {
        let now = || Ok(self.host.borrow().clock().realtime_ns());
        self.hostcall("proxy_get_current_time_nanoseconds", &[], now, number)
    }

    fn monotonic_nanoseconds(&self) -> u64 {
        self.host.borrow().clock().monotonic_ns()
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), Status> {
        self.host.borrow().random(buffer);
        Ok(())
    }

    fn environment_variable(&self, name: &str) -> Option<String> {
        let host = self.host.borrow();
        host.environment().iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    fn get_property(&self, path: &[u8]) -> Result<Vec<u8>, Status> {
        let read = || self.host.borrow().property(path).map(|value| value.to_vec());
        self.hostcall("proxy_get_property", &[Part::Path(path)], read, bytes)
    }

    fn set_property(&self, path: &[u8], value: &[u8]) -> Result<(), Status> {
        let set = || self.host.borrow().set_property(path, value);
        self.hostcall("proxy_set_property", &[Part::Path(path), t(value)], set, nothing)
    }

    fn get_header_map_pairs(&self, kind: testing::MapKind) -> Result<Pairs, Status> {
        let read = || {
            let headers = self.host.borrow().map_pairs(map(kind)?)?;
            Ok(headers.iter().collect())
        };
        let shown = |pairs: &Pairs, tell: &mut dyn FnMut(&[Part<'_>])| tell(&[Part::Pairs(pairs.len())]);
        self.hostcall("proxy_get_header_map_pairs", &[map_word(kind)], read, shown)
    }

    fn replace_header_map_value(
        &self,
        kind: testing::MapKind,
        name: &str,
        value: &[u8],
    ) -> Result<(), Status> {
        let replace = || self.host.borrow().replace_map_value(map(kind)?, name.as_bytes(), value);
        let arguments = [map_word(kind), t(name), t(value)];
        self.hostcall("proxy_replace_header_map_value", &arguments, replace, nothing)
    }

    fn add_header_map_value(&self, kind: testing::MapKind, name: &str, value: &[u8]) -> Result<(), Status> {
        let add = || self.host.borrow().add_map_value(map(kind)?, name.as_bytes(), value);
        self.hostcall("proxy_add_header_map_value", &[map_word(kind), t(name), t(value)], add, nothing)
    }

    fn remove_header_map_value(&self, kind: testing::MapKind, name: &str) -> Result<(), Status> {
        let remove = || self.host.borrow().remove_map_value(map(kind)?, name.as_bytes());
        self.hostcall("proxy_remove_header_map_value", &[map_word(kind), t(name)], remove, nothing)
    }

    fn get_buffer_bytes(
        &self,
        kind: testing::BufferKind,
        start: usize,
        size: usize,
    ) -> Result<Vec<u8>, Status> {
        let read = || self.host.borrow().buffer_bytes(buffer(kind)?, start, size).map(|bytes| bytes.to_vec());
        self.hostcall("proxy_get_buffer_bytes", &[buffer_word(kind), n(start), n(size)], read, bytes)
    }

    fn set_buffer_bytes(
        &self,
        kind: testing::BufferKind,
        start: usize,
        size: usize,
        bytes: &[u8],
    ) -> Result<(), Status> {
        let set = || self.host.borrow().set_buffer(buffer(kind)?, start, size, bytes);
        let arguments = [buffer_word(kind), n(start), n(size), t(bytes)];
        self.hostcall("proxy_set_buffer_bytes", &arguments, set, nothing)
    }

    fn send_local_response(
        &self,
        status: u16,
        details: &str,
        body: &[u8],
        headers: &[(&str, &[u8])],
        grpc_status: Option<u32>,
    ) -> Result<(), Status> {
        let reply = || LocalReply {
            status,
            // The hostcall does the same: details stand in access logs, between spaces.
            details: details.replace(char::is_whitespace, "_"),
            body: Bytes::copy_from_slice(body),
            headers: pairs(headers),
            grpc_status: grpc_status.filter(|status| *status <= 16),
        };
        let send = || self.host.borrow_mut().send_local_response(reply());
        let grpc_word = grpc_status.map_or(n(-1), n);
        let arguments = [n(status), t(details), t(body), Part::Pairs(headers.len()), grpc_word];
        self.hostcall("proxy_send_local_response", &arguments, send, nothing)
    }

    fn continue_stream(&self, side: testing::Side) -> Result<(), Status> {
        let resume = || self.host.borrow_mut().continue_stream(stream(side)?);
        self.hostcall("proxy_continue_stream", &[stream_word(side)], resume, nothing)
    }

    fn close_stream(&self, side: testing::Side) -> Result<(), Status> {
        let close = || self.host.borrow_mut().close_stream(stream(side)?);
        self.hostcall("proxy_close_stream", &[stream_word(side)], close, nothing)
    }

    fn get_shared_data(&self, key: &str) -> Result<(Vec<u8>, u32), Status> {
        let read =
            || self.host.borrow().shared_data(key.as_bytes()).map(|(value, cas)| (value.to_vec(), cas));
        let shown = |(value, cas): &(Vec<u8>, u32), tell: &mut dyn FnMut(&[Part<'_>])| {
            tell(&[t(value), n(*cas)]);
        };
        self.hostcall("proxy_get_shared_data", &[t(key)], read, shown)
    }

    fn set_shared_data(&self, key: &str, value: &[u8], cas: u32) -> Result<(), Status> {
        let set = || self.host.borrow().set_shared_data(key.as_bytes(), value, cas);
        self.hostcall("proxy_set_shared_data", &[t(key), t(value), n(cas)], set, nothing)
    }

    fn register_shared_queue(&self, name: &str) -> Result<u32, Status> {
        let register = || self.host.borrow().register_queue(name.as_bytes());
        self.hostcall("proxy_register_shared_queue", &[t(name)], register, number)
    }

    fn resolve_shared_queue(&self, vm_id: &str, name: &str) -> Result<u32, Status> {
        let resolve = || self.host.borrow().resolve_queue(vm_id.as_bytes(), name.as_bytes());
        self.hostcall("proxy_resolve_shared_queue", &[t(vm_id), t(name)], resolve, number)
    }

    fn enqueue_shared_queue(&self, token: u32, value: &[u8]) -> Result<(), Status> {
        let enqueue = || self.host.borrow().enqueue(token, value);
        self.hostcall("proxy_enqueue_shared_queue", &[n(token), t(value)], enqueue, nothing)
    }

    fn dequeue_shared_queue(&self, token: u32) -> Result<Vec<u8>, Status> {
        let dequeue = || self.host.borrow().dequeue(token).map(|value| value.to_vec());
        self.hostcall("proxy_dequeue_shared_queue", &[n(token)], dequeue, bytes)
    }

    fn http_call(
        &self,
        cluster: &str,
        headers: &[(&str, &[u8])],
        body: &[u8],
        trailers: &[(&str, &[u8])],
        timeout_ms: u32,
    ) -> Result<u32, Status> {
        let call = || {
            let timeout_ms = i32::try_from(timeout_ms).map_err(|_| abi::Status::BAD_ARGUMENT)?;
            let mut host = self.host.borrow_mut();
            host.http_call(cluster.as_bytes(), pairs(headers), body, pairs(trailers), timeout_ms)
        };
        let (headers, trailers) = (Part::Pairs(headers.len()), Part::Pairs(trailers.len()));
        let arguments = [t(cluster), headers, t(body), trailers, n(timeout_ms)];
        self.hostcall("proxy_http_call", &arguments, call, number)
    }

    fn grpc_call(
        &self,
        method: &testing::GrpcMethod<'_>,
        metadata: &[(&str, &[u8])],
        message: &[u8],
        timeout_ms: u32,
    ) -> Result<u32, Status> {
        let call = || self.host.borrow_mut().grpc_call(grpc(method), pairs(metadata), message, timeout_ms);
        let [target, service, name] = [t(method.target), t(method.service), t(method.method)];
        let arguments = [target, service, name, Part::Pairs(metadata.len()), t(message), n(timeout_ms)];
        self.hostcall("proxy_grpc_call", &arguments, call, number)
    }

    fn grpc_stream(
        &self,
        method: &testing::GrpcMethod<'_>,
        metadata: &[(&str, &[u8])],
    ) -> Result<u32, Status> {
        let open = || self.host.borrow_mut().grpc_stream(grpc(method), pairs(metadata));
        let [target, service, name] = [t(method.target), t(method.service), t(method.method)];
        let arguments = [target, service, name, Part::Pairs(metadata.len())];
        self.hostcall("proxy_grpc_stream", &arguments, open, number)
    }

    fn grpc_send(&self, token: u32, message: &[u8], end_of_stream: bool) -> Result<(), Status> {
        let send = || self.host.borrow_mut().grpc_send(token, message, end_of_stream);
        self.hostcall("proxy_grpc_send", &[n(token), t(message), n(end_of_stream)], send, nothing)
    }

    fn grpc_close(&self, token: u32) -> Result<(), Status> {
        self.hostcall("proxy_grpc_close", &[n(token)], || self.host.borrow_mut().grpc_close(token), nothing)
    }

    fn grpc_cancel(&self, token: u32) -> Result<(), Status> {
        self.hostcall("proxy_grpc_cancel", &[n(token)], || self.host.borrow_mut().grpc_cancel(token), nothing)
    }

    fn get_status(&self) -> Result<(u32, Vec<u8>), Status> {
        let read = || {
            let (code, message) = self.host.borrow().status();
            Ok((code, message.to_vec()))
        };
        let shown = |(code, message): &(u32, Vec<u8>), tell: &mut dyn FnMut(&[Part<'_>])| {
            tell(&[n(*code), t(message)]);
        };
        self.hostcall("proxy_get_status", &[], read, shown)
    }

    fn set_tick_period_milliseconds(&self, period_ms: u32) -> Result<(), Status> {
        let set = || {
            self.host.borrow_mut().set_tick_period(Duration::from_millis(period_ms.into()));
            Ok(())
        };
        self.hostcall("proxy_set_tick_period_milliseconds", &[n(period_ms)], set, nothing)
    }

    fn define_metric(&self, kind: testing::MetricKind, name: &str) -> Result<u32, Status> {
        let kind = abi::MetricKind::from_number(kind as u32).ok_or(Status::BAD_ARGUMENT)?;
        let define = || self.host.borrow_mut().define_metric(kind, name.as_bytes());
        self.hostcall("proxy_define_metric", &[Part::Word(kind.word()), t(name)], define, number)
    }

    fn increment_metric(&self, metric: u32, offset: i64) -> Result<(), Status> {
        let increment = || self.host.borrow().metric(metric).and_then(|metric| metric.increment(offset));
        self.hostcall("proxy_increment_metric", &[n(metric), n(offset)], increment, nothing)
    }

    fn record_metric(&self, metric: u32, value: u64) -> Result<(), Status> {
        let record = || self.host.borrow().record_metric(metric, value);
        self.hostcall("proxy_record_metric", &[n(metric), n(value)], record, nothing)
    }

    fn get_metric(&self, metric: u32) -> Result<u64, Status> {
        let read = || self.host.borrow().metric(metric).and_then(|metric| metric.value());
        self.hostcall("proxy_get_metric", &[n(metric)], read, number)
    }

    fn set_effective_context(&self, context: u32) -> Result<(), Status> {
        let set = || self.host.borrow_mut().set_effective_context(context);
        self.hostcall("proxy_set_effective_context", &[n(context)], set, nothing)
    }
}

fn map_word(kind: testing::MapKind) -> Part<'static> {
    map(kind).map_or(n(kind as u32), |kind| Part::Word(kind.word()))
}

fn buffer_word(kind: testing::BufferKind) -> Part<'static> {
    buffer(kind).map_or(n(kind as u32), |kind| Part::Word(kind.word()))
}

fn stream_word(side: testing::Side) -> Part<'static> {
    stream(side).map_or(n(side as u32), |kind| Part::Word(kind.word()))
}
