//! A proxy for the SDK's own tests: it keeps what it is told, and can be told what to answer.

use crate::dispatch::{Action, Plugin};
use crate::host::{
    BufferKind, GrpcMethod, Host, Installed, LogLevel, MapKind, MetricKind, Side, Status, install,
};
use crate::{Filter, testing};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// A map as this proxy keeps it.
type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// What the plugin may find, and what it did.
#[derive(Default)]
pub(crate) struct Fake {
    maps: RefCell<BTreeMap<u32, Pairs>>,
    buffers: RefCell<BTreeMap<u32, Vec<u8>>>,
    /// Hostcalls that change something, in order, as `verb argument..`.
    pub(crate) done: RefCell<Vec<String>>,
    pub(crate) lines: RefCell<Vec<String>>,
    /// How often a map was read.
    pub(crate) reads: Cell<usize>,
    pub(crate) now_ms: Cell<u64>,
    pub(crate) hold_headers: Cell<bool>,
    /// The status that the hostcall with this verb answers.
    pub(crate) refuse: RefCell<BTreeMap<&'static str, Status>>,
    pub(crate) shared: RefCell<BTreeMap<String, (Vec<u8>, u32)>>,
    pub(crate) properties: RefCell<BTreeMap<Vec<u8>, Vec<u8>>>,
    /// The least level that is logged; how often it was asked for.
    pub(crate) level: Cell<u32>,
    pub(crate) level_reads: Cell<usize>,
    /// Name and values of each queue; a token is the place in this list, from 1.
    pub(crate) queues: RefCell<Vec<(String, VecDeque<Vec<u8>>)>>,
    metrics: RefCell<Vec<String>>,
    tokens: Cell<u32>,
    pub(crate) random: Cell<u64>,
    /// Every random byte is 0.
    pub(crate) not_random: Cell<bool>,
    /// What `get_status` answers.
    pub(crate) status: RefCell<(u32, Vec<u8>)>,
}

impl Fake {
    fn act(&self, verb: &'static str, argument: &str) -> Result<(), Status> {
        if let Some(status) = self.refuse.borrow().get(verb) {
            return Err(*status);
        }
        self.done.borrow_mut().push(format!("{verb} {argument}").trim().to_owned());
        Ok(())
    }

    fn edit(&self, map: MapKind, edit: impl FnOnce(&mut Pairs)) -> Result<(), Status> {
        // As proxies do, a map that is not there refuses to be changed.
        self.maps.borrow_mut().get_mut(&(map as u32)).map(edit).ok_or(Status::BAD_ARGUMENT)
    }

    pub(crate) fn map(&self, map: MapKind) -> Vec<(String, String)> {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        let maps = self.maps.borrow();
        maps.get(&(map as u32)).into_iter().flatten().map(|(name, value)| (text(name), text(value))).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn rpc(method: &GrpcMethod<'_>, metadata: &[(&str, &[u8])]) -> String {
    let metadata: String = metadata.iter().map(|(name, value)| format!(" {name}={}", text(value))).collect();
    format!("{} {}/{}{metadata}", text(method.target), method.service, method.method)
}

impl Host for Fake {
    fn log(&self, level: LogLevel, message: &[u8]) -> Result<(), Status> {
        self.lines.borrow_mut().push(format!("{level:?}: {}", text(message)));
        Ok(())
    }

    fn get_log_level(&self) -> Result<u32, Status> {
        self.level_reads.set(self.level_reads.get() + 1);
        Ok(self.level.get())
    }

    fn get_current_time_nanoseconds(&self) -> Result<u64, Status> {
        Ok(self.now_ms.get() * 1_000_000)
    }

    fn monotonic_nanoseconds(&self) -> u64 {
        self.now_ms.get() * 1_000_000
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), Status> {
        assert!(buffer.len() <= 65_536, "proxies refuse more at once");
        for byte in buffer {
            let next = self.random.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            self.random.set(next);
            *byte = if self.not_random.get() { 0 } else { (next >> 56) as u8 };
        }
        Ok(())
    }

    fn environment_variable(&self, name: &str) -> Option<String> {
        (name == "MESH_FILTER_HOLD_HEADERS" && self.hold_headers.get()).then(|| "1".to_owned())
    }

    fn get_property(&self, path: &[u8]) -> Result<Vec<u8>, Status> {
        self.properties.borrow().get(path).cloned().ok_or(Status::NOT_FOUND)
    }

    fn set_property(&self, path: &[u8], value: &[u8]) -> Result<(), Status> {
        self.properties.borrow_mut().insert(path.to_vec(), value.to_vec());
        Ok(())
    }

    fn get_header_map_pairs(&self, map: MapKind) -> Result<crate::host::Pairs, Status> {
        self.reads.set(self.reads.get() + 1);
        match self.refuse.borrow().get("pairs") {
            Some(status) => Err(*status),
            None => Ok(self.maps.borrow().get(&(map as u32)).into_iter().flatten().cloned().collect()),
        }
    }

    fn replace_header_map_value(&self, map: MapKind, name: &str, value: &[u8]) -> Result<(), Status> {
        self.act("set", &format!("{name}={}", text(value)))?;
        self.edit(map, |pairs| {
            pairs.retain(|(have, _)| have != name.as_bytes());
            pairs.push((name.into(), value.to_vec()));
        })
    }

    fn add_header_map_value(&self, map: MapKind, name: &str, value: &[u8]) -> Result<(), Status> {
        self.act("add", &format!("{name}={}", text(value)))?;
        self.edit(map, |pairs| pairs.push((name.into(), value.to_vec())))
    }

    fn remove_header_map_value(&self, map: MapKind, name: &str) -> Result<(), Status> {
        self.act("remove", name)?;
        self.edit(map, |pairs| pairs.retain(|(have, _)| have != name.as_bytes()))
    }

    fn get_buffer_bytes(&self, buffer: BufferKind, start: usize, size: usize) -> Result<Vec<u8>, Status> {
        let buffers = self.buffers.borrow();
        let bytes = buffers.get(&(buffer as u32)).ok_or(Status::NOT_FOUND)?;
        Ok(bytes.iter().skip(start).take(size).copied().collect())
    }

    fn set_buffer_bytes(
        &self,
        buffer: BufferKind,
        start: usize,
        size: usize,
        bytes: &[u8],
    ) -> Result<(), Status> {
        self.act("body", &text(bytes))?;
        let mut buffers = self.buffers.borrow_mut();
        let held = buffers.get_mut(&(buffer as u32)).ok_or(Status::BAD_ARGUMENT)?;
        if start != 0 {
            return Err(Status::BAD_ARGUMENT);
        }
        held.splice(..size.min(held.len()), bytes.iter().copied());
        Ok(())
    }

    fn send_local_response(
        &self,
        status: u16,
        details: &str,
        body: &[u8],
        headers: &[(&str, &[u8])],
        _grpc_status: Option<u32>,
    ) -> Result<(), Status> {
        let headers: String =
            headers.iter().map(|(name, value)| format!(" {name}={}", text(value))).collect();
        self.act("reply", &format!("{status} {details}{headers} {}", text(body)))
    }

    fn continue_stream(&self, side: Side) -> Result<(), Status> {
        self.act("continue", &format!("{side:?}"))
    }

    fn close_stream(&self, side: Side) -> Result<(), Status> {
        self.act("close", &format!("{side:?}"))
    }

    fn get_shared_data(&self, key: &str) -> Result<(Vec<u8>, u32), Status> {
        self.shared.borrow().get(key).cloned().ok_or(Status::NOT_FOUND)
    }

    fn set_shared_data(&self, key: &str, value: &[u8], cas: u32) -> Result<(), Status> {
        let mut shared = self.shared.borrow_mut();
        let have = shared.get(key).map(|(_, version)| *version);
        if cas != 0 && have.is_some_and(|have| have != cas) {
            return Err(Status::CAS_MISMATCH);
        }
        shared.insert(key.to_owned(), (value.to_vec(), have.unwrap_or(0) + 1));
        Ok(())
    }

    fn register_shared_queue(&self, name: &str) -> Result<u32, Status> {
        self.resolve_shared_queue("", name).or_else(|_| {
            self.queues.borrow_mut().push((name.to_owned(), VecDeque::new()));
            self.resolve_shared_queue("", name)
        })
    }

    fn resolve_shared_queue(&self, _vm_id: &str, name: &str) -> Result<u32, Status> {
        let place = self.queues.borrow().iter().position(|(have, _)| have == name);
        place.map(|place| place as u32 + 1).ok_or(Status::NOT_FOUND)
    }

    fn enqueue_shared_queue(&self, token: u32, value: &[u8]) -> Result<(), Status> {
        let mut queues = self.queues.borrow_mut();
        let (_, values) = queues.get_mut(token as usize - 1).ok_or(Status::NOT_FOUND)?;
        values.push_back(value.to_vec());
        Ok(())
    }

    fn dequeue_shared_queue(&self, token: u32) -> Result<Vec<u8>, Status> {
        let mut queues = self.queues.borrow_mut();
        let (_, values) = queues.get_mut(token as usize - 1).ok_or(Status::NOT_FOUND)?;
        values.pop_front().ok_or(Status::EMPTY)
    }

    fn http_call(
        &self,
        cluster: &str,
        headers: &[(&str, &[u8])],
        _body: &[u8],
        _trailers: &[(&str, &[u8])],
        timeout_ms: u32,
    ) -> Result<u32, Status> {
        let headers: Vec<_> = headers.iter().map(|(_, value)| text(value)).collect();
        self.act("call", &format!("{cluster} {} {timeout_ms}", headers.join(" ")))?;
        self.tokens.set(self.tokens.get() + 4);
        Ok(self.tokens.get())
    }

    fn grpc_call(
        &self,
        method: &GrpcMethod<'_>,
        metadata: &[(&str, &[u8])],
        message: &[u8],
        timeout_ms: u32,
    ) -> Result<u32, Status> {
        self.act("grpc", &format!("{} {} {timeout_ms}", rpc(method, metadata), text(message)))?;
        self.tokens.set(self.tokens.get() + 4);
        Ok(self.tokens.get() + 1)
    }

    fn grpc_stream(&self, method: &GrpcMethod<'_>, metadata: &[(&str, &[u8])]) -> Result<u32, Status> {
        self.act("stream", &rpc(method, metadata))?;
        self.tokens.set(self.tokens.get() + 4);
        Ok(self.tokens.get() + 2)
    }

    fn grpc_send(&self, token: u32, message: &[u8], end_of_stream: bool) -> Result<(), Status> {
        self.act("send", &format!("{token} {}{}", text(message), if end_of_stream { " end" } else { "" }))
    }

    fn grpc_close(&self, token: u32) -> Result<(), Status> {
        self.act("close", &token.to_string())
    }

    fn grpc_cancel(&self, token: u32) -> Result<(), Status> {
        self.act("cancel", &token.to_string())
    }

    fn get_status(&self) -> Result<(u32, Vec<u8>), Status> {
        Ok(self.status.borrow().clone())
    }

    fn set_tick_period_milliseconds(&self, period_ms: u32) -> Result<(), Status> {
        self.act("tick", &period_ms.to_string())
    }

    fn define_metric(&self, _: MetricKind, name: &str) -> Result<u32, Status> {
        let mut metrics = self.metrics.borrow_mut();
        metrics.push(name.to_owned());
        u32::try_from(metrics.len() - 1).map_err(|_| Status::INTERNAL_FAILURE)
    }

    fn increment_metric(&self, metric: u32, offset: i64) -> Result<(), Status> {
        let name = self.metrics.borrow()[metric as usize].clone();
        self.act("metric", &format!("{name} {offset:+}"))
    }

    fn record_metric(&self, metric: u32, value: u64) -> Result<(), Status> {
        let name = self.metrics.borrow()[metric as usize].clone();
        self.act("metric", &format!("{name} {value}"))
    }

    fn get_metric(&self, _: u32) -> Result<u64, Status> {
        Err(Status::NOT_FOUND)
    }

    fn set_effective_context(&self, context: u32) -> Result<(), Status> {
        self.act("effective", &context.to_string())
    }
}

/// A plugin with one root context (1) and one stream (2), driven as a proxy drives it.
pub(crate) struct Run {
    pub(crate) plugin: Box<dyn Plugin>,
    pub(crate) fake: Rc<Fake>,
    _installed: Installed,
}

impl Run {
    pub(crate) fn new<F: Filter>() -> Self {
        Self::with::<F>(Fake::default(), "").expect("the configuration is accepted")
    }

    pub(crate) fn with<F: Filter>(fake: Fake, configuration: &str) -> Option<Self> {
        let fake = Rc::new(fake);
        let _installed = install(Rc::clone(&fake) as Rc<dyn Host>);
        let mut plugin = testing::plugin::<F>();
        fake.buffers.borrow_mut().insert(BufferKind::PluginConfiguration as u32, configuration.into());
        plugin.context_create(1, 0);
        let accepted = plugin.vm_start(1, 0) && plugin.configure(1, configuration.len());
        let mut run = Self { plugin, fake, _installed };
        if !accepted {
            return None;
        }
        run.plugin.context_create(2, 1);
        Some(run)
    }

    pub(crate) fn request(&mut self, headers: &[(&str, &str)], end: bool) -> Action {
        self.arrive(MapKind::RequestHeaders, headers);
        self.plugin.request_headers(2, headers.len(), end)
    }

    pub(crate) fn response(&mut self, headers: &[(&str, &str)], end: bool) -> Action {
        self.arrive(MapKind::ResponseHeaders, headers);
        self.plugin.response_headers(2, headers.len(), end)
    }

    pub(crate) fn arrive(&self, map: MapKind, headers: &[(&str, &str)]) {
        let pairs = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        self.fake.maps.borrow_mut().insert(map as u32, pairs);
    }

    /// Adds to the buffer; what goes on is taken out of it and answered.
    pub(crate) fn body(&mut self, side: Side, bytes: &str, end: bool) -> (Action, String) {
        let buffer = side.body() as u32;
        let size = {
            let mut buffers = self.fake.buffers.borrow_mut();
            let held = buffers.entry(buffer).or_default();
            held.extend_from_slice(bytes.as_bytes());
            held.len()
        };
        let action = match side {
            Side::Request => self.plugin.request_body(2, size, end),
            Side::Response => self.plugin.response_body(2, size, end),
        };
        (action, if action == Action::Continue { self.flush(side) } else { String::new() })
    }

    /// Takes the buffer, as a proxy does when the stream goes on.
    pub(crate) fn flush(&self, side: Side) -> String {
        text(&self.fake.buffers.borrow_mut().remove(&(side.body() as u32)).unwrap_or_default())
    }

    /// Answers a call, with the root context effective as proxies do it.
    pub(crate) fn answer(&mut self, token: u32, status: &str, body: &str) {
        self.arrive(MapKind::CallResponseHeaders, &[(":status", status)]);
        self.fake.buffers.borrow_mut().insert(BufferKind::CallResponseBody as u32, body.into());
        self.plugin.http_call_response(1, token, 1, body.len(), 0);
    }

    /// A message of a gRPC call or stream.
    pub(crate) fn grpc_message(&mut self, token: u32, message: &str) {
        self.fake.buffers.borrow_mut().insert(BufferKind::GrpcMessage as u32, message.into());
        self.plugin.grpc_message(1, token, message.len());
    }

    /// The end of a gRPC call or stream.
    pub(crate) fn grpc_close(&mut self, token: u32, status: u32, message: &str) {
        *self.fake.status.borrow_mut() = (status, message.into());
        self.plugin.grpc_close(1, token, status);
    }

    /// What was done since it was asked last.
    pub(crate) fn done(&self) -> Vec<String> {
        self.fake.done.take()
    }

    /// The lines logged since they were asked for last.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.fake.lines.take()
    }
}
