//! Finds the context that a callback is for, hands the callback on, and lets go on what it woke.

use super::exchange::Exchange;
use super::handler::{self, Factory};
use super::reactor::{Event, Reactor};
use super::ready::Owner;
use super::root::Root;
use super::table::Table;
use super::{Action, Plugin, Stream};
use crate::filter::Filter;
use crate::host::{BufferKind, MapKind, Pairs, Side, Status, host};
use crate::logger;
use std::rc::Rc;

/// A plugin whose streams are handled by one [`Filter`].
pub(crate) struct Dispatch {
    factory: Factory,
    reactor: Rc<Reactor>,
    roots: Table<Root>,
    exchanges: Table<Exchange>,
}

impl Dispatch {
    pub(crate) fn new<F: Filter>() -> Self {
        Self {
            factory: handler::factory::<F>,
            reactor: Rc::default(),
            roots: Table::default(),
            exchanges: Table::default(),
        }
    }

    /// A callback of one side of a stream: what it does, then all that this woke, then the answer.
    fn exchange(&mut self, context: u32, side: Side, event: impl FnOnce(&mut Exchange)) -> Action {
        let Some(exchange) = self.exchanges.get_mut(context) else { return Action::Continue };
        event(exchange);
        if !self.reactor.ready.is_stirred() {
            return exchange.action(side);
        }
        let mut effective = self.settle(context);
        self.make_effective(context, &mut effective);
        self.exchanges.get_mut(context).map_or(Action::Continue, |exchange| exchange.action(side))
    }

    /// What a call has brought; nothing is read where nobody waits for it any more.
    fn deliver(&mut self, root: u32, token: u32, event: Result<Event, Status>) {
        let event = event.unwrap_or_else(|status| {
            log::error!("what call {token} brought could not be read: {status}");
            Event::Reset
        });
        if self.reactor.deliver(token, event) {
            self.settle(root);
        } else {
            log::debug!("nobody waits for call {token} any more");
        }
    }

    /// Polls every future that can go on. `current` is the context whose callback runs: where that
    /// is a stream, its callback's answer lets it go on. Answers which context is effective then.
    fn settle(&mut self, current: u32) -> u32 {
        let mut effective = current;
        if !self.reactor.ready.is_stirred() {
            return effective;
        }
        loop {
            let mut owners = Vec::new();
            for (root, task) in self.reactor.take_spawned() {
                owners.extend(self.roots.get_mut(root).map(|root| root.adopt(task)));
            }
            owners.extend(self.reactor.ready.take());
            if owners.is_empty() {
                break;
            }
            for owner in owners {
                let context = owner.context();
                if !self.make_effective(context, &mut effective) {
                    continue;
                }
                match owner {
                    Owner::Stream { .. } => {
                        if let Some(exchange) = self.exchanges.get_mut(context) {
                            exchange.wake(context != current);
                        }
                    }
                    Owner::Task { root, task } => {
                        if let Some(root) = self.roots.get_mut(root) {
                            root.wake(task, &self.reactor);
                        }
                    }
                }
            }
        }
        let changed = self.reactor.timers().take_changed();
        for id in changed {
            // From a stream the timer of its own root context is set.
            let here = self.exchanges.get(effective).is_some_and(|exchange| exchange.root() == id);
            if self.roots.get(id).is_some()
                && (here || self.make_effective(id, &mut effective))
                && let Some(root) = self.roots.get_mut(id)
                && let Err(error) = root.arm(&self.reactor)
            {
                log::error!("{error}");
            }
        }
        self.reactor.ready.calm();
        effective
    }

    /// Lets hostcalls act on this context; answers whether they do. One that cannot be reached has
    /// gone, and with it all that could be done there.
    fn make_effective(&mut self, context: u32, effective: &mut u32) -> bool {
        if context == *effective {
            return true;
        }
        match host().set_effective_context(context) {
            Ok(()) => {
                *effective = context;
                true
            }
            Err(status) => {
                log::debug!("context {context} could not be made effective: {status}");
                self.exchanges.remove(context);
                false
            }
        }
    }
}

impl Plugin for Dispatch {
    fn context_create(&mut self, context: u32, parent: u32) {
        if parent == 0 {
            self.roots.insert(context, Root::new(context));
        } else if let Some(root) = self.roots.get(parent)
            && let Some(handler) = &root.handler
        {
            let stream = Stream::new(parent, context, root.hold_allowed);
            let exchange =
                Exchange::new(stream, Rc::clone(handler), root.errors.clone(), Rc::clone(&self.reactor));
            self.exchanges.insert(context, exchange);
        }
    }

    fn vm_start(&mut self, _root: u32, _configuration_size: usize) -> bool {
        true
    }

    fn configure(&mut self, root: u32, configuration_size: usize) -> bool {
        logger::refresh();
        let Some(root) = self.roots.get_mut(root) else { return false };
        match root.configure(self.factory, configuration_size, &self.reactor) {
            Ok(()) => true,
            Err(error) => {
                log::error!("the filter refuses its configuration: {error}");
                false
            }
        }
    }

    fn tick(&mut self, root: u32) {
        logger::refresh();
        if let Some(context) = self.roots.get_mut(root) {
            context.tick(&self.reactor);
            self.settle(root);
        }
    }

    fn queue_ready(&mut self, root: u32, queue: u32) {
        self.reactor.queues.wake(queue);
        self.settle(root);
    }

    fn request_headers(&mut self, context: u32, _count: usize, end_of_stream: bool) -> Action {
        self.exchange(context, Side::Request, |exchange| exchange.request_headers(end_of_stream))
    }

    fn request_body(&mut self, context: u32, size: usize, end_of_stream: bool) -> Action {
        self.exchange(context, Side::Request, |exchange| exchange.body(Side::Request, size, end_of_stream))
    }

    fn request_trailers(&mut self, context: u32, _count: usize) -> Action {
        self.exchange(context, Side::Request, |exchange| exchange.trailers(Side::Request))
    }

    fn response_headers(&mut self, context: u32, _count: usize, end_of_stream: bool) -> Action {
        self.exchange(context, Side::Response, |exchange| exchange.response_headers(end_of_stream))
    }

    fn response_body(&mut self, context: u32, size: usize, end_of_stream: bool) -> Action {
        self.exchange(context, Side::Response, |exchange| exchange.body(Side::Response, size, end_of_stream))
    }

    fn response_trailers(&mut self, context: u32, _count: usize) -> Action {
        self.exchange(context, Side::Response, |exchange| exchange.trailers(Side::Response))
    }

    fn http_call_response(
        &mut self,
        root: u32,
        token: u32,
        headers: usize,
        body_size: usize,
        trailers: usize,
    ) {
        self.deliver(root, token, reply(headers, body_size, trailers));
    }

    fn grpc_initial_metadata(&mut self, root: u32, token: u32, count: usize) {
        let metadata = pairs(MapKind::GrpcInitialMetadata, count);
        self.deliver(root, token, metadata.map(Event::InitialMetadata));
    }

    fn grpc_message(&mut self, root: u32, token: u32, size: usize) {
        let event = if size > self.reactor.limit(token) {
            Ok(Event::TooLarge { size })
        } else {
            bytes(BufferKind::GrpcMessage, size).map(Event::Message)
        };
        self.deliver(root, token, event);
    }

    fn grpc_trailing_metadata(&mut self, root: u32, token: u32, count: usize) {
        let metadata = pairs(MapKind::GrpcTrailingMetadata, count);
        self.deliver(root, token, metadata.map(Event::TrailingMetadata));
    }

    fn grpc_close(&mut self, root: u32, token: u32, status: u32) {
        // Without its message the status still says most.
        let message = host().get_status().map(|(_, message)| message).unwrap_or_default();
        let message = String::from_utf8_lossy(&message).into_owned();
        self.deliver(root, token, Ok(Event::Closed { status, message }));
    }

    fn done(&mut self, context: u32) -> bool {
        if let Some(exchange) = self.exchanges.get_mut(context) {
            exchange.end();
        }
        true
    }

    fn log(&mut self, context: u32) {
        if let Some(exchange) = self.exchanges.get_mut(context) {
            exchange.log();
            self.settle(context);
        }
    }

    fn delete(&mut self, context: u32) {
        if self.exchanges.remove(context).is_none() {
            self.roots.remove(context);
        }
    }
}

/// Reads a call's reply, which is there only while its callback runs.
fn reply(headers: usize, body_size: usize, trailers: usize) -> Result<Event, Status> {
    if headers == 0 {
        return Ok(Event::Reset);
    }
    Ok(Event::Reply {
        headers: pairs(MapKind::CallResponseHeaders, headers)?,
        body: bytes(BufferKind::CallResponseBody, body_size)?,
        trailers: pairs(MapKind::CallResponseTrailers, trailers)?,
    })
}

fn pairs(map: MapKind, count: usize) -> Result<Pairs, Status> {
    if count == 0 { Ok(Pairs::new()) } else { host().get_header_map_pairs(map) }
}

fn bytes(buffer: BufferKind, size: usize) -> Result<Vec<u8>, Status> {
    if size == 0 { Ok(Vec::new()) } else { host().get_buffer_bytes(buffer, 0, size) }
}
