//! Finds the context that a callback is for, and hands the callback on.

use super::exchange::Exchange;
use super::handler::{self, Factory};
use super::reactor::{Delivered, Owner, Reactor};
use super::root::Root;
use super::table::Table;
use super::{Action, Plugin, Stream};
use crate::filter::Filter;
use crate::host::{BufferKind, MapKind, Side, Status, host};
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

    fn exchange(&mut self, context: u32, f: impl FnOnce(&mut Exchange) -> Action) -> Action {
        self.exchanges.get_mut(context).map_or(Action::Continue, f)
    }
}

impl Plugin for Dispatch {
    fn context_create(&mut self, context: u32, parent: u32) {
        if parent == 0 {
            self.roots.insert(context, Root::new(context));
        } else if let Some(root) = self.roots.get(parent)
            && let Some(handler) = &root.handler
        {
            let stream = Stream::new(context, root.hold_allowed);
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
        match root.configure(self.factory, configuration_size) {
            Ok(()) => true,
            Err(error) => {
                log::error!("the filter refuses its configuration: {error}");
                false
            }
        }
    }

    fn tick(&mut self, root: u32) {
        logger::refresh();
        if let Some(root) = self.roots.get_mut(root) {
            root.tick(&self.reactor);
        }
    }

    fn request_headers(&mut self, context: u32, _count: usize, end_of_stream: bool) -> Action {
        self.exchange(context, |exchange| exchange.request_headers(end_of_stream))
    }

    fn request_body(&mut self, context: u32, size: usize, end_of_stream: bool) -> Action {
        self.exchange(context, |exchange| exchange.body(Side::Request, size, end_of_stream))
    }

    fn request_trailers(&mut self, context: u32, _count: usize) -> Action {
        self.exchange(context, |exchange| exchange.trailers(Side::Request))
    }

    fn response_headers(&mut self, context: u32, _count: usize, end_of_stream: bool) -> Action {
        self.exchange(context, |exchange| exchange.response_headers(end_of_stream))
    }

    fn response_body(&mut self, context: u32, size: usize, end_of_stream: bool) -> Action {
        self.exchange(context, |exchange| exchange.body(Side::Response, size, end_of_stream))
    }

    fn response_trailers(&mut self, context: u32, _count: usize) -> Action {
        self.exchange(context, |exchange| exchange.trailers(Side::Response))
    }

    fn http_call_response(
        &mut self,
        effective: u32,
        token: u32,
        headers: usize,
        body_size: usize,
        _trailers: usize,
    ) {
        let reactor = Rc::clone(&self.reactor);
        let Some((owner, answer)) = reactor.take(token) else {
            log::debug!("nobody waits for call {token} any more");
            return;
        };
        answer(delivered(headers, body_size).unwrap_or_else(|status| {
            log::error!("the reply to call {token} could not be read: {status}");
            Delivered::Reset
        }));
        if owner.context() != effective
            && let Err(status) = host().set_effective_context(owner.context())
        {
            // The stream has gone, and with it all that could be done here.
            log::debug!("context {} could not be made effective: {status}", owner.context());
            self.exchanges.remove(owner.context());
            return;
        }
        match owner {
            Owner::Stream(context) => {
                if let Some(exchange) = self.exchanges.get_mut(context) {
                    exchange.wake();
                }
            }
            Owner::Job { root, job } => {
                if let Some(root) = self.roots.get_mut(root) {
                    root.wake(job, &reactor);
                }
            }
        }
    }

    fn done(&mut self, context: u32) -> bool {
        if let Some(exchange) = self.exchanges.get_mut(context) {
            exchange.end();
        }
        true
    }

    fn log(&mut self, _context: u32) {}

    fn delete(&mut self, context: u32) {
        self.exchanges.remove(context);
        self.roots.remove(context);
    }
}

/// Reads a call's reply, which is there only while its callback runs.
fn delivered(headers: usize, body_size: usize) -> Result<Delivered, Status> {
    if headers == 0 {
        return Ok(Delivered::Reset);
    }
    let headers = host().get_header_map_pairs(MapKind::CallResponseHeaders)?;
    let body = match body_size {
        0 => Vec::new(),
        size => host().get_buffer_bytes(BufferKind::CallResponseBody, 0, size)?,
    };
    Ok(Delivered::Reply { headers, body })
}
