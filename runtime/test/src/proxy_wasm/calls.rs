//! Hostcalls of a native plugin, as the proxy does them: bytes in, bytes or a status out.

use crate::native::{NativeHost, bytes as shown_bytes, n, nothing, number, t};
use bytes::Bytes;
use mesh_filter::testing::Status;
use mesh_filter_runtime::abi::{self, BufferKind, LogLevel, MapKind, MetricKind, StreamKind, pairs};
use mesh_filter_runtime::exchange::LocalReply;
use mesh_filter_runtime::host::trace::Part;
use mesh_filter_runtime::host::{GrpcMethod, Host};
use std::time::Duration;

/// What a hostcall gives.
pub(super) type Answer<T> = Result<T, Status>;

/// Bytes that a hostcall was given.
pub(super) type Given = Vec<u8>;

type HostAnswer<T> = Result<T, abi::Status>;

fn kind<K>(kind: Option<K>) -> HostAnswer<K> {
    kind.ok_or(abi::Status::BAD_ARGUMENT)
}

fn map(map: u32) -> HostAnswer<MapKind> {
    kind(MapKind::from_number(map))
}

fn word(word: Option<&'static str>, number: u32) -> Part<'static> {
    word.map_or(n(number), Part::Word)
}

fn map_word(map: u32) -> Part<'static> {
    word(MapKind::from_number(map).map(MapKind::word), map)
}

fn buffer_word(buffer: u32) -> Part<'static> {
    word(BufferKind::from_number(buffer).map(BufferKind::word), buffer)
}

fn stream_word(stream: u32) -> Part<'static> {
    word(StreamKind::from_number(stream).map(StreamKind::word), stream)
}

fn owned(bytes: HostAnswer<Bytes>) -> HostAnswer<Vec<u8>> {
    bytes.map(|bytes| bytes.to_vec())
}

/// A hostcall that answers with bytes.
fn read(
    host: &NativeHost,
    name: &'static str,
    arguments: &[Part<'_>],
    read: impl FnOnce(&Host) -> HostAnswer<Bytes>,
) -> Answer<Vec<u8>> {
    host.hostcall(name, arguments, || owned(read(&host.host().borrow())), shown_bytes)
}

/// A hostcall that answers with a number.
fn count<T: Default + Copy + Into<i128>>(
    host: &NativeHost,
    name: &'static str,
    arguments: &[Part<'_>],
    call: impl FnOnce(&mut Host) -> HostAnswer<T>,
) -> Answer<T> {
    host.hostcall(name, arguments, || call(&mut host.host().borrow_mut()), number)
}

/// A hostcall that does something.
fn act(
    host: &NativeHost,
    name: &'static str,
    arguments: &[Part<'_>],
    call: impl FnOnce(&mut Host) -> HostAnswer<()>,
) -> Answer<()> {
    host.hostcall(name, arguments, || call(&mut host.host().borrow_mut()), nothing)
}

pub(super) fn log(host: &NativeHost, level: u32, message: &Given) -> Answer<()> {
    let level = LogLevel::from_number(level).ok_or(Status::BAD_ARGUMENT)?;
    host.host().borrow().log(level, message);
    Ok(())
}

pub(super) fn log_level(host: &NativeHost) -> Answer<u32> {
    count(host, "proxy_get_log_level", &[], |host| Ok(host.log_level().number()))
}

pub(super) fn time(host: &NativeHost) -> Answer<u64> {
    count(host, "proxy_get_current_time_nanoseconds", &[], |host| Ok(host.clock().realtime_ns()))
}

pub(super) fn set_tick_period(host: &NativeHost, ms: u32) -> Answer<()> {
    act(host, "proxy_set_tick_period_milliseconds", &[n(ms)], |host| {
        host.set_tick_period(Duration::from_millis(ms.into()));
        Ok(())
    })
}

pub(super) fn buffer(host: &NativeHost, buffer: u32, start: usize, size: usize) -> Answer<Vec<u8>> {
    let arguments = [buffer_word(buffer), n(start), n(size)];
    read(host, "proxy_get_buffer_bytes", &arguments, |host| {
        host.buffer_bytes(kind(BufferKind::from_number(buffer))?, start, size)
    })
}

pub(super) fn set_buffer(
    host: &NativeHost,
    buffer: u32,
    start: usize,
    size: usize,
    bytes: &Given,
) -> Answer<()> {
    let arguments = [buffer_word(buffer), n(start), n(size), t(bytes)];
    act(host, "proxy_set_buffer_bytes", &arguments, |host| {
        host.set_buffer(kind(BufferKind::from_number(buffer))?, start, size, bytes)
    })
}

pub(super) fn map_pairs(host: &NativeHost, of: u32) -> Answer<Vec<u8>> {
    let get = || host.host().borrow().encoded_map(map(of)?);
    let shown = |encoded: &Vec<u8>, tell: &mut dyn FnMut(&[Part<'_>])| {
        tell(&[Part::Pairs(pairs::decode(encoded).len())]);
    };
    host.hostcall("proxy_get_header_map_pairs", &[map_word(of)], get, shown)
}

pub(super) fn set_pairs(host: &NativeHost, of: u32, encoded: &Given) -> Answer<()> {
    let list = pairs::decode(encoded);
    let arguments = [map_word(of), Part::Pairs(list.len())];
    act(host, "proxy_set_header_map_pairs", &arguments, |host| host.set_map_pairs(map(of)?, list))
}

pub(super) fn value(host: &NativeHost, of: u32, name: &Given) -> Answer<Vec<u8>> {
    let arguments = [map_word(of), t(name)];
    read(host, "proxy_get_header_map_value", &arguments, |host| host.map_value(map(of)?, name))
}

pub(super) fn add_value(host: &NativeHost, of: u32, name: &Given, value: &Given) -> Answer<()> {
    let arguments = [map_word(of), t(name), t(value)];
    act(host, "proxy_add_header_map_value", &arguments, |host| host.add_map_value(map(of)?, name, value))
}

pub(super) fn replace_value(host: &NativeHost, of: u32, name: &Given, value: &Given) -> Answer<()> {
    let arguments = [map_word(of), t(name), t(value)];
    let name_of_call = "proxy_replace_header_map_value";
    act(host, name_of_call, &arguments, |host| host.replace_map_value(map(of)?, name, value))
}

pub(super) fn remove_value(host: &NativeHost, of: u32, name: &Given) -> Answer<()> {
    let arguments = [map_word(of), t(name)];
    act(host, "proxy_remove_header_map_value", &arguments, |host| host.remove_map_value(map(of)?, name))
}

pub(super) fn property(host: &NativeHost, path: &Given) -> Answer<Vec<u8>> {
    read(host, "proxy_get_property", &[Part::Path(path)], |host| host.property(path))
}

pub(super) fn set_property(host: &NativeHost, path: &Given, value: &Given) -> Answer<()> {
    let arguments = [Part::Path(path), t(value)];
    act(host, "proxy_set_property", &arguments, |host| host.set_property(path, value))
}

pub(super) fn shared_data(host: &NativeHost, key: &Given) -> Answer<(Vec<u8>, u32)> {
    let get = || host.host().borrow().shared_data(key).map(|(value, cas)| (value.to_vec(), cas));
    let shown = |(value, cas): &(Vec<u8>, u32), tell: &mut dyn FnMut(&[Part<'_>])| tell(&[t(value), n(*cas)]);
    host.hostcall("proxy_get_shared_data", &[t(key)], get, shown)
}

pub(super) fn set_shared_data(host: &NativeHost, key: &Given, value: &Given, cas: u32) -> Answer<()> {
    let arguments = [t(key), t(value), n(cas)];
    act(host, "proxy_set_shared_data", &arguments, |host| host.set_shared_data(key, value, cas))
}

pub(super) fn register_queue(host: &NativeHost, name: &Given) -> Answer<u32> {
    count(host, "proxy_register_shared_queue", &[t(name)], |host| host.register_queue(name))
}

pub(super) fn resolve_queue(host: &NativeHost, vm_id: &Given, name: &Given) -> Answer<u32> {
    let arguments = [t(vm_id), t(name)];
    count(host, "proxy_resolve_shared_queue", &arguments, |host| host.resolve_queue(vm_id, name))
}

pub(super) fn dequeue(host: &NativeHost, token: u32) -> Answer<Vec<u8>> {
    read(host, "proxy_dequeue_shared_queue", &[n(token)], |host| host.dequeue(token))
}

pub(super) fn enqueue(host: &NativeHost, token: u32, value: &Given) -> Answer<()> {
    act(host, "proxy_enqueue_shared_queue", &[n(token), t(value)], |host| host.enqueue(token, value))
}

pub(super) fn continue_stream(host: &NativeHost, stream: u32) -> Answer<()> {
    act(host, "proxy_continue_stream", &[stream_word(stream)], |host| {
        host.continue_stream(kind(StreamKind::from_number(stream))?)
    })
}

pub(super) fn close_stream(host: &NativeHost, stream: u32) -> Answer<()> {
    act(host, "proxy_close_stream", &[stream_word(stream)], |host| {
        host.close_stream(kind(StreamKind::from_number(stream))?)
    })
}

pub(super) fn send_local_response(
    host: &NativeHost,
    status: u32,
    details: &Given,
    body: Given,
    headers: &Given,
    grpc_status: i32,
) -> Answer<()> {
    let headers = pairs::decode(headers);
    let arguments = [n(status), t(details), t(&body), Part::Pairs(headers.len()), n(grpc_status)];
    let details = String::from_utf8_lossy(details).replace(|letter: char| letter.is_ascii_whitespace(), "_");
    act(host, "proxy_send_local_response", &arguments, |host| {
        let status = u16::try_from(status).ok().filter(|status| (200..=599).contains(status));
        host.send_local_response(LocalReply {
            status: kind(status)?,
            details,
            body: Bytes::copy_from_slice(&body),
            headers,
            grpc_status: u32::try_from(grpc_status).ok().filter(|status| *status <= 16),
        })
    })
}

pub(super) fn http_call(
    host: &NativeHost,
    cluster: &Given,
    headers: &Given,
    body: &Given,
    trailers: &Given,
    timeout_ms: u32,
) -> Answer<u32> {
    let (headers, trailers) = (pairs::decode(headers), pairs::decode(trailers));
    let [heads, tails] = [headers.len(), trailers.len()].map(Part::Pairs);
    count(host, "proxy_http_call", &[t(cluster), heads, t(body), tails, n(timeout_ms)], |host| {
        let timeout_ms = kind(i32::try_from(timeout_ms).ok())?;
        host.http_call(cluster, headers, body, trailers, timeout_ms)
    })
}

/// Where a gRPC call goes.
pub(super) struct Method {
    pub(super) target: Given,
    pub(super) service: Given,
    pub(super) method: Given,
}

impl Method {
    fn of(&self) -> GrpcMethod<'_> {
        GrpcMethod { target: &self.target, service: &self.service, method: &self.method }
    }
}

pub(super) fn grpc_call(
    host: &NativeHost,
    to: &Method,
    metadata: &Given,
    message: &Given,
    timeout_ms: u32,
) -> Answer<u32> {
    let metadata = pairs::decode(metadata);
    let [target, service, method] = [&to.target, &to.service, &to.method].map(t);
    let arguments = [target, service, method, Part::Pairs(metadata.len()), t(message), n(timeout_ms)];
    count(host, "proxy_grpc_call", &arguments, |host| host.grpc_call(to.of(), metadata, message, timeout_ms))
}

pub(super) fn grpc_stream(host: &NativeHost, to: &Method, metadata: &Given) -> Answer<u32> {
    let metadata = pairs::decode(metadata);
    let [target, service, method] = [&to.target, &to.service, &to.method].map(t);
    let arguments = [target, service, method, Part::Pairs(metadata.len())];
    count(host, "proxy_grpc_stream", &arguments, |host| host.grpc_stream(to.of(), metadata))
}

pub(super) fn grpc_send(host: &NativeHost, token: u32, message: &Given, end: bool) -> Answer<()> {
    let arguments = [n(token), t(message), n(end)];
    act(host, "proxy_grpc_send", &arguments, |host| host.grpc_send(token, message, end))
}

pub(super) fn grpc_cancel(host: &NativeHost, token: u32) -> Answer<()> {
    act(host, "proxy_grpc_cancel", &[n(token)], |host| host.grpc_cancel(token))
}

pub(super) fn grpc_close(host: &NativeHost, token: u32) -> Answer<()> {
    act(host, "proxy_grpc_close", &[n(token)], |host| host.grpc_close(token))
}

pub(super) fn status(host: &NativeHost) -> Answer<(u32, Vec<u8>)> {
    let get = || {
        let (code, message) = host.host().borrow().status();
        Ok((code, message.to_vec()))
    };
    let shown = |(code, message): &(u32, Vec<u8>), tell: &mut dyn FnMut(&[Part<'_>])| {
        tell(&[n(*code), t(message)]);
    };
    host.hostcall("proxy_get_status", &[], get, shown)
}

pub(super) fn set_effective_context(host: &NativeHost, context: u32) -> Answer<()> {
    act(host, "proxy_set_effective_context", &[n(context)], |host| host.set_effective_context(context))
}

pub(super) fn foreign_function(host: &NativeHost, name: &Given, argument: &Given) -> Answer<()> {
    act(host, "proxy_call_foreign_function", &[t(name), t(argument)], |host| {
        let function = host.foreign_function(name).ok_or(abi::Status::NOT_FOUND)?;
        host.call_foreign_function(function, argument)
    })
}

pub(super) fn done(host: &NativeHost) -> Answer<()> {
    act(host, "proxy_done", &[], Host::done)
}

pub(super) fn define_metric(host: &NativeHost, of: u32, name: &Given) -> Answer<u32> {
    let kind_of = MetricKind::from_number(of);
    let arguments = [word(kind_of.map(MetricKind::word), of), t(name)];
    count(host, "proxy_define_metric", &arguments, |host| host.define_metric(kind(kind_of)?, name))
}

pub(super) fn metric(host: &NativeHost, metric: u32) -> Answer<u64> {
    count(host, "proxy_get_metric", &[n(metric)], |host| host.metric(metric)?.value())
}

pub(super) fn record_metric(host: &NativeHost, metric: u32, value: u64) -> Answer<()> {
    act(host, "proxy_record_metric", &[n(metric), n(value)], |host| host.record_metric(metric, value))
}

pub(super) fn increment_metric(host: &NativeHost, metric: u32, offset: i64) -> Answer<()> {
    act(host, "proxy_increment_metric", &[n(metric), n(offset)], |host| {
        host.metric(metric)?.increment(offset)
    })
}
