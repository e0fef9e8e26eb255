//! All exchanges, plugins and VMs of one thread, as one state machine.
//!
//! A driver (the proxy, or the simulation of the harness) feeds events in and takes [`Effect`]s
//! and [`Command`]s out. Nothing here waits, reads a clock or opens a socket.

use crate::chain::{Chain, Effect};
use crate::exchange::{Exchange, Info, LocalReply, SharedExchange, Side};
use crate::guest::{Callback, ContextId};
use crate::headers::Headers;
use crate::host::queues::Notice;
use crate::host::{Deferred, GrpcAction, GrpcPart, HttpCall, HttpCallOutcome, Phase, Services};
use crate::number_map::NumberMap;
use crate::plugin::{PluginOptions, Plugins, StartError, Vm, VmPlan};
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Envoy's default for `per_connection_buffer_limit_bytes`.
pub const DEFAULT_BUFFER_LIMIT: usize = 1 << 20;

/// A plugin of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PluginId(usize);

/// A VM of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VmId(u64);

impl VmId {
    /// The VM that was made first.
    #[cfg(test)]
    pub(crate) fn first() -> Self {
        Self(1)
    }
}

/// An exchange of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(u64);

/// What the driver has to do beside the effects of the exchange that it has just fed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Command {
    /// Start a callout, and give its outcome to [`Worker::call_done`].
    Call {
        /// Whose it is.
        vm: VmId,
        /// What to send.
        call: HttpCall,
    },
    /// Open a gRPC callout and give what comes of it to [`Worker::grpc_part`], or go on with it.
    Grpc {
        /// Whose it is.
        vm: VmId,
        /// What to do.
        action: GrpcAction,
    },
    /// Call [`Worker::tick`] in this rhythm from now on; `None` stops it.
    Tick {
        /// Whose it is.
        vm: VmId,
        /// Root context.
        root: ContextId,
        /// Period.
        period: Option<Duration>,
    },
    /// Another exchange has effects now.
    Wake(StreamId),
}

/// One thread's engine.
pub struct Worker {
    services: Services,
    plugins: Plugins,
    streams: NumberMap<StreamId, Chain>,
    commands: VecDeque<Command>,
    last_stream: u64,
}

impl Worker {
    /// An engine without plugins.
    #[must_use]
    pub fn new(services: Services) -> Self {
        Self {
            services,
            plugins: Plugins::default(),
            streams: NumberMap::default(),
            commands: VecDeque::new(),
            last_stream: 0,
        }
    }

    /// Starts a plugin: `on_context_create`, `on_vm_start`, `on_configure` of a root context.
    ///
    /// Where a VM of the same key runs already, the plugin shares it.
    ///
    /// # Errors
    /// When the VM cannot be made, a start callback answers false, or it traps.
    pub fn add_plugin(&mut self, options: PluginOptions, plan: VmPlan) -> Result<PluginId, StartError> {
        let index = self.plugins.add(&self.services, options, plan)?;
        self.settle();
        Ok(PluginId(index))
    }

    /// Takes a plugin out of force: no exchange begins in it from now on. When the last one that is in it
    /// is over, its root context gets `on_done` and `on_delete`, and its VM goes if no other plugin uses it.
    pub fn remove_plugin(&mut self, plugin: PluginId) {
        self.plugins.retiring.push(plugin.0);
        self.stop_retired();
    }

    fn stop_retired(&mut self) {
        if self.plugins.retiring.is_empty() {
            return;
        }
        let used = |index: &usize| self.streams.values().any(|chain| chain.has_plugin(*index));
        let (used, unused) = std::mem::take(&mut self.plugins.retiring).into_iter().partition(used);
        self.plugins.retiring = used;
        let unused: Vec<usize> = unused;
        for index in unused {
            self.plugins.stop(&self.services, index);
        }
        self.settle();
    }

    /// Begins an exchange through these plugins, and reloads those whose time has come.
    pub fn open(&mut self, chain: &[PluginId], info: Info, buffer_limit: usize) -> StreamId {
        for plugin in chain {
            self.plugins.revive(&self.services, plugin.0);
        }
        if !self.plugins.outbox.is_empty() {
            self.settle();
        }
        self.last_stream += 1;
        let id = StreamId(self.last_stream);
        let exchange = Rc::new(RefCell::new(Exchange { number: id.0, info, ..Exchange::default() }));
        let indices: Vec<usize> = chain.iter().map(|plugin| plugin.0).collect();
        self.streams.insert(id, Chain::new(exchange, &self.plugins, &indices, buffer_limit));
        id
    }

    /// The data of an exchange, until [`Self::close`].
    #[must_use]
    pub fn exchange(&self, id: StreamId) -> Option<SharedExchange> {
        self.streams.get(&id).map(|chain| Rc::clone(chain.exchange()))
    }

    /// Whether the driver may feed more of this side, or should stop reading it for now.
    #[must_use]
    pub fn wants(&self, id: StreamId, side: Side) -> bool {
        self.streams.get(&id).is_some_and(|chain| chain.wants(side))
    }

    /// Headers have arrived; `end` where nothing follows.
    pub fn headers(&mut self, id: StreamId, side: Side, headers: Headers, end: bool) {
        self.feed(id, |chain, plugins| chain.headers(plugins, side, headers, end));
    }

    /// Body bytes have arrived; `end` where nothing follows.
    pub fn body(&mut self, id: StreamId, side: Side, bytes: Bytes, end: bool) {
        self.feed(id, |chain, plugins| chain.body(plugins, side, bytes, end));
    }

    /// Trailers have arrived.
    pub fn trailers(&mut self, id: StreamId, side: Side, trailers: Headers) {
        self.feed(id, |chain, plugins| chain.trailers(plugins, side, trailers));
    }

    /// The router answers by itself: no route, no upstream, a timeout.
    pub fn reply(&mut self, id: StreamId, reply: LocalReply) {
        self.feed(id, |chain, plugins| chain.reply(plugins, reply));
    }

    /// The upstream broke its response off, or the driver gives the exchange up.
    pub fn reset(&mut self, id: StreamId) {
        self.feed(id, |chain, _| chain.reset());
    }

    /// The exchange is over for client and upstream: `on_log`, `on_done`, `on_delete`.
    pub fn close(&mut self, id: StreamId) {
        if let Some(mut chain) = self.streams.remove(&id) {
            chain.finish(&mut self.plugins);
            self.settle();
            self.stop_retired();
        }
    }

    /// The next thing to do for an exchange.
    pub fn next_effect(&mut self, id: StreamId) -> Option<Effect> {
        let chain = self.streams.get_mut(&id)?;
        let effect = chain.next_effect();
        if effect.is_some() || !chain.has_released() {
            return effect;
        }
        self.feed(id, Chain::go_on_released);
        self.streams.get_mut(&id)?.next_effect()
    }

    /// The next thing to do beside.
    pub fn next_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// A callout has ended.
    pub fn call_done(&mut self, vm: VmId, root: ContextId, token: u32, outcome: HttpCallOutcome) {
        let Some(target) = self.plugins.vms.get_mut(&vm.0) else { return };
        if !target.host.borrow().has_root(root) {
            return;
        }
        let (headers, body_size, trailers) = outcome.sizes();
        target.host.borrow_mut().deliver(root, outcome);
        let (_, deferred) = target
            .call(Callback::HttpCallResponse { root, token, headers, body_size, trailers }, Phase::Running);
        target.host.borrow_mut().delivered();
        self.plugins.outbox.extend(deferred.into_iter().map(|request| (vm.0, request)));
        self.settle();
    }

    /// A part of the response of a gRPC callout has come. Answers whether the driver shall go on with it.
    pub fn grpc_part(&mut self, vm: VmId, token: u32, part: GrpcPart) -> bool {
        self.tell_grpc(vm.0, token, Some(part));
        self.settle();
        let host = self.plugins.vms.get(&vm.0).filter(|vm| !vm.is_failed()).map(|vm| &vm.host);
        host.is_some_and(|host| host.borrow().wants_grpc(token))
    }

    /// A period of a root's tick has passed.
    pub fn tick(&mut self, vm: VmId, root: ContextId) {
        let Some(target) = self.plugins.vms.get_mut(&vm.0) else { return };
        let (_, deferred) = target.call(Callback::Tick { root }, Phase::Running);
        self.plugins.outbox.extend(deferred.into_iter().map(|request| (vm.0, request)));
        self.settle();
    }

    /// Tells a plugin that a shared queue of its own has got a value, from whichever worker.
    ///
    /// Where there is nothing to tell the task is woken as soon as there is. After each time that
    /// this is ready the driver looks for commands, and polls again.
    pub fn poll_queues(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Notice { vm, root, token } = ready!(self.services.inbox.poll(context));
        // A VM that is gone or has failed leaves its queues without an owner.
        let mut vms = self.plugins.vms.iter_mut();
        if let Some((number, target)) = vms.find(|(_, target)| {
            let host = target.host.borrow();
            host.number() == vm && host.has_root(root)
        }) {
            let (_, deferred) = target.call(Callback::QueueReady { root, token }, Phase::Running);
            self.plugins.outbox.extend(deferred.into_iter().map(|request| (*number, request)));
            self.settle();
        }
        Poll::Ready(())
    }

    /// Whether [`Self::poll_queues`] has something to tell.
    #[must_use]
    pub fn has_queued(&self) -> bool {
        !self.services.inbox.is_empty()
    }

    /// Whether the plugin's VM has trapped.
    #[must_use]
    pub fn is_failed(&self, plugin: PluginId) -> bool {
        let vm = self.plugins.plugins.get(plugin.0).and_then(|plugin| self.plugins.vms.get(&plugin.vm));
        vm.is_none_or(Vm::is_failed)
    }

    /// Number of exchanges that are open.
    #[must_use]
    pub fn open_streams(&self) -> usize {
        self.streams.len()
    }

    fn feed(&mut self, id: StreamId, event: impl FnOnce(&mut Chain, &mut Plugins)) {
        if let Some(chain) = self.streams.get_mut(&id) {
            event(chain, &mut self.plugins);
            self.settle();
        }
    }

    /// Carries out what guests asked for outside the exchange that was fed.
    fn settle(&mut self) {
        let mut woken = BTreeSet::new();
        while !self.plugins.outbox.is_empty() {
            for (vm, request) in std::mem::take(&mut self.plugins.outbox) {
                match request {
                    Deferred::Call(call) => self.commands.push_back(Command::Call { vm: VmId(vm), call }),
                    Deferred::Grpc(action) => {
                        self.commands.push_back(Command::Grpc { vm: VmId(vm), action });
                    }
                    Deferred::GrpcFailed { token, part } => self.tell_grpc(vm, token, part),
                    Deferred::Tick { root, period } => {
                        self.commands.push_back(Command::Tick { vm: VmId(vm), root, period });
                    }
                    Deferred::Continue { context, side } => {
                        woken.extend(self.with_context(vm, context, |chain, plugins, index| {
                            chain.resume(plugins, side, index);
                        }));
                    }
                    Deferred::Close { context } => {
                        woken.extend(self.with_context(vm, context, |chain, _, _| chain.reset()));
                    }
                    Deferred::Reply { context, reply } => {
                        woken.extend(
                            self.with_context(vm, context, |chain, plugins, _| chain.reply(plugins, reply)),
                        );
                    }
                    Deferred::Done { root } => self.plugins.delete_root(&self.services, vm, root),
                }
            }
        }
        self.commands.extend(woken.into_iter().map(Command::Wake));
    }

    fn tell_grpc(&mut self, vm: u64, token: u32, part: Option<GrpcPart>) {
        let Some(target) = self.plugins.vms.get_mut(&vm) else { return };
        let events = target.host.borrow_mut().grpc_events(token, part);
        for event in events {
            // In one of the callbacks the guest may lose its interest in the next ones.
            let callback = target.host.borrow_mut().deliver_grpc(token, event);
            let Some(callback) = callback else { return };
            let (_, deferred) = target.call(callback, Phase::Running);
            target.host.borrow_mut().grpc_delivered(token);
            self.plugins.outbox.extend(deferred.into_iter().map(|request| (vm, request)));
        }
    }

    fn with_context(
        &mut self,
        vm: u64,
        context: ContextId,
        act: impl FnOnce(&mut Chain, &mut Plugins, usize),
    ) -> Option<StreamId> {
        let host = Rc::clone(&self.plugins.vms.get(&vm)?.host);
        let id = StreamId(host.borrow_mut().view_mut(context)?.exchange.borrow().number);
        let chain = self.streams.get_mut(&id)?;
        let index = chain.position_of(vm, context)?;
        act(chain, &mut self.plugins, index);
        chain.has_effects().then_some(id)
    }
}

#[cfg(test)]
mod tests;
