//! What all connections of one worker share: its engine, clusters, timers and clocks.
//!
//! The engine is borrowed for one call at a time and never across a wait.

use super::callouts;
use super::cluster::Cluster;
use super::date::DateCache;
use super::grpc;
use super::slot::Slot;
use crate::guest::ContextId;
use crate::host::{GrpcAction, Random};
use crate::worker::{Command, StreamId, VmId, Worker};
use bytes::Bytes;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// One worker's state.
pub(super) struct Thread {
    worker: RefCell<Worker>,
    pub(super) clusters: HashMap<String, Rc<Cluster>>,
    pub(super) random: Rc<RefCell<FastRandom>>,
    pub(super) date: DateCache,
    pub(super) machine: IpAddr,
    draining: Cell<bool>,
    streams: RefCell<HashMap<StreamId, Rc<Slot>>>,
    connections: RefCell<HashMap<u64, Rc<Slot>>>,
    empty: Notify,
    ticks: RefCell<HashMap<(VmId, ContextId), JoinHandle<()>>>,
    grpc: RefCell<HashMap<(VmId, u32), Rc<grpc::Link>>>,
}

impl Thread {
    /// How many endpoints a cluster has.
    pub(super) fn endpoint_count(&self, cluster: &str) -> Option<usize> {
        self.clusters.get(cluster).map(|cluster| cluster.endpoint_count())
    }

    pub(super) fn new(
        worker: Worker,
        clusters: HashMap<String, Rc<Cluster>>,
        random: Rc<RefCell<FastRandom>>,
        machine: IpAddr,
    ) -> Rc<Self> {
        Rc::new(Self {
            worker: RefCell::new(worker),
            clusters,
            random,
            date: DateCache::default(),
            machine,
            draining: Cell::new(false),
            streams: RefCell::default(),
            connections: RefCell::default(),
            empty: Notify::new(),
            ticks: RefCell::default(),
            grpc: RefCell::default(),
        })
    }

    /// Calls the engine, then carries out what it has asked for beside.
    pub(super) fn act<T>(self: &Rc<Self>, call: impl FnOnce(&mut Worker) -> T) -> T {
        let result = call(&mut self.worker.borrow_mut());
        self.carry_out();
        result
    }

    /// Asks the engine something that changes nothing.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&Worker) -> T) -> T {
        question(&self.worker.borrow())
    }

    /// A new request id: a random UUID.
    pub(super) fn request_id(&self) -> Bytes {
        let mut id = [0; 16];
        self.random.borrow_mut().fill(&mut id);
        uuid(id)
    }

    /// Lets an exchange be woken when another one's callback has moved it.
    pub(super) fn add_stream(&self, id: StreamId, slot: &Rc<Slot>) {
        self.streams.borrow_mut().insert(id, Rc::clone(slot));
    }

    pub(super) fn remove_stream(&self, id: StreamId) {
        self.streams.borrow_mut().remove(&id);
    }

    /// Lets a connection be woken when draining begins.
    pub(super) fn add_connection(&self, id: u64, slot: &Rc<Slot>) {
        self.connections.borrow_mut().insert(id, Rc::clone(slot));
    }

    pub(super) fn remove_connection(&self, id: u64) {
        self.connections.borrow_mut().remove(&id);
        if self.connections.borrow().is_empty() {
            self.empty.notify_one();
        }
    }

    /// Waits until no connection is open.
    pub(super) async fn emptied(&self) {
        while self.open_connections() > 0 {
            self.empty.notified().await;
        }
    }

    pub(super) fn open_connections(&self) -> usize {
        self.connections.borrow().len()
    }

    /// Whether connections are to end after what they are doing.
    pub(super) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// Asks all connections to end.
    pub(super) fn drain(&self) {
        self.draining.set(true);
        self.connections.borrow().values().for_each(|slot| slot.ring());
    }

    /// Tells plugins of values in their shared queues, which any worker may have put there.
    pub(super) async fn watch_queues(self: Rc<Self>) {
        loop {
            std::future::poll_fn(|context| self.worker.borrow_mut().poll_queues(context)).await;
            self.carry_out();
        }
    }

    fn carry_out(self: &Rc<Self>) {
        loop {
            let Some(command) = self.worker.borrow_mut().next_command() else { return };
            match command {
                Command::Call { vm, call } => {
                    tokio::task::spawn_local(callouts::run(Rc::clone(self), vm, call));
                }
                Command::Grpc { vm, action } => self.go_on_with_grpc(vm, action),
                Command::Tick { vm, root, period } => self.set_tick(vm, root, period),
                Command::Wake(id) => {
                    if let Some(slot) = self.streams.borrow().get(&id) {
                        slot.ring();
                    }
                }
            }
        }
    }

    fn go_on_with_grpc(self: &Rc<Self>, vm: VmId, action: GrpcAction) {
        match action {
            GrpcAction::Open(call) => {
                let link = Rc::<grpc::Link>::default();
                self.grpc.borrow_mut().insert((vm, call.token), Rc::clone(&link));
                tokio::task::spawn_local(grpc::run(Rc::clone(self), vm, call, link));
            }
            GrpcAction::Send { token, bytes, end } => {
                if let Some(link) = self.grpc.borrow().get(&(vm, token)) {
                    link.send(bytes, end);
                }
            }
            GrpcAction::Reset { token } => {
                if let Some(link) = self.grpc.borrow().get(&(vm, token)) {
                    link.give_up();
                }
            }
        }
    }

    /// A gRPC callout has ended.
    pub(super) fn remove_grpc(&self, vm: VmId, token: u32) {
        self.grpc.borrow_mut().remove(&(vm, token));
    }

    fn set_tick(self: &Rc<Self>, vm: VmId, root: ContextId, period: Option<Duration>) {
        let task = period.map(|period| {
            let thread = Rc::clone(self);
            tokio::task::spawn_local(async move {
                loop {
                    tokio::time::sleep(period).await;
                    thread.act(|worker| worker.tick(vm, root));
                }
            })
        });
        let mut ticks = self.ticks.borrow_mut();
        let old = match task {
            Some(task) => ticks.insert((vm, root), task),
            None => ticks.remove(&(vm, root)),
        };
        if let Some(old) = old {
            old.abort();
        }
    }
}

/// A generator for request ids and plugins, seeded by the operating system.
#[derive(Debug)]
pub(super) struct FastRandom(StdRng);

impl FastRandom {
    pub(super) fn new() -> Result<Self, rand::rngs::SysError> {
        StdRng::try_from_rng(&mut SysRng).map(Self)
    }
}

impl Random for FastRandom {
    fn fill(&mut self, buffer: &mut [u8]) {
        self.0.fill_bytes(buffer);
    }
}

/// Random bytes as a UUID of version 4.
fn uuid(random: [u8; 16]) -> Bytes {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let mut text = Vec::with_capacity(36);
    for (index, byte) in random.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push(b'-');
        }
        let byte = match index {
            6 => byte & 0x0f | 0x40,
            8 => byte & 0x3f | 0x80,
            _ => byte,
        };
        for half in [byte >> 4, byte & 15] {
            text.extend(DIGITS.get(usize::from(half)));
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_of_version_4() {
        assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid([0; 16]), "00000000-0000-4000-8000-000000000000");
    }
}
