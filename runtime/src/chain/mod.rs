//! A phase through the filters: pause, resume, buffer, local reply. No sockets, no clock.
//!
//! Requests go through the filters forward, responses backward. The algorithm is that of Envoy's
//! filter manager; `iterate.rs` has it once for both sides, `callback.rs` calls one filter and
//! reads its answer, `reply.rs` makes local replies.

mod callback;
mod iterate;
mod reply;
#[cfg(test)]
mod tests;

use crate::body::Body;
use crate::exchange::{SharedExchange, Side};
use crate::guest::ContextId;
use crate::plugin::Plugins;
use std::collections::VecDeque;

/// What the driver has to do for an exchange, in order.
#[derive(Debug)]
#[non_exhaustive]
pub enum Effect {
    /// Headers are through the chain: they stand in the exchange. For a request: choose the
    /// upstream and send them; for a response: send them to the client.
    Headers {
        /// Which message.
        side: Side,
        /// Nothing follows.
        end_of_stream: bool,
    },
    /// Body bytes are through the chain.
    Body {
        /// Which message.
        side: Side,
        /// The bytes; may be none.
        body: Body,
        /// Nothing follows.
        end_of_stream: bool,
    },
    /// Trailers are through the chain: they stand in the exchange. Nothing follows.
    Trailers {
        /// Which message.
        side: Side,
    },
    /// The client gets a local reply: the upstream request, if there is one, is to be dropped.
    Abandon,
    /// Both sides are to be reset. Nothing follows.
    Reset,
}

/// One exchange on its way through the filters.
pub(crate) struct Chain {
    exchange: SharedExchange,
    filters: Vec<Filter>,
    request: Progress,
    response: Progress,
    effects: VecDeque<Effect>,
    buffer_limit: usize,
    replied: bool,
    response_began: bool,
    response_sent: bool,
    dead: bool,
    /// From which place the rest of a held message goes on, once its headers have left: where a
    /// request has no way to go the proxy answers, and no filter sees the rest.
    released: Option<(Side, usize)>,
}

/// One filter's part in the exchange.
struct Filter {
    plugin: usize,
    vm: u64,
    root: ContextId,
    hold_headers: bool,
    context: Option<ContextId>,
    skipped: bool,
    request: FilterSide,
    response: FilterSide,
}

/// Where one filter stands with one message.
#[derive(Debug, Clone, Copy, Default)]
struct FilterSide {
    stopped: Stopped,
    headers_continued: bool,
    ended: bool,
    buffering: bool,
}

/// What a filter has stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stopped {
    #[default]
    Nothing,
    /// What it has seen; later parts still reach it.
    Single,
    /// Everything: later parts wait before it.
    All,
}

/// Where the chain stands with one message.
#[derive(Debug, Default)]
struct Progress {
    /// The last part has arrived.
    complete: bool,
    /// Held bytes exert backpressure instead of being an error beyond the limit.
    streaming: bool,
}

impl Chain {
    pub(crate) fn new(
        exchange: SharedExchange,
        plugins: &Plugins,
        chain: &[usize],
        buffer_limit: usize,
    ) -> Self {
        let filters = chain
            .iter()
            .filter_map(|index| plugins.plugins.get(*index).map(|plugin| (*index, plugin)))
            .map(|(index, plugin)| Filter {
                plugin: index,
                vm: plugin.vm,
                root: plugin.root,
                hold_headers: plugin.options.hold_headers,
                context: None,
                skipped: false,
                request: FilterSide::default(),
                response: FilterSide::default(),
            })
            .collect();
        Self {
            exchange,
            filters,
            request: Progress::default(),
            response: Progress::default(),
            effects: VecDeque::new(),
            buffer_limit,
            replied: false,
            response_began: false,
            response_sent: false,
            dead: false,
            released: None,
        }
    }

    pub(crate) fn exchange(&self) -> &SharedExchange {
        &self.exchange
    }

    pub(crate) fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    pub(crate) fn has_effects(&self) -> bool {
        !self.effects.is_empty()
    }

    /// Whether more of this side may arrive, or the driver should stop reading it.
    pub(crate) fn wants(&self, side: Side) -> bool {
        if self.dead {
            return false;
        }
        let exchange = self.exchange.borrow();
        let held = exchange.message(side).buffer.as_ref().map_or(0, Body::len);
        !(self.progress(side).streaming && held > self.buffer_limit)
    }

    /// Whether it goes through this plugin.
    pub(crate) fn has_plugin(&self, index: usize) -> bool {
        self.filters.iter().any(|filter| filter.plugin == index)
    }

    /// Whether the context belongs to this exchange.
    pub(crate) fn position_of(&self, vm: u64, context: ContextId) -> Option<usize> {
        self.filters.iter().position(|filter| filter.vm == vm && filter.context == Some(context))
    }

    fn progress(&self, side: Side) -> &Progress {
        match side {
            Side::Request => &self.request,
            Side::Response => &self.response,
        }
    }

    fn progress_mut(&mut self, side: Side) -> &mut Progress {
        match side {
            Side::Request => &mut self.request,
            Side::Response => &mut self.response,
        }
    }

    /// The filter at this place on the way of `side`.
    fn index(&self, side: Side, place: usize) -> usize {
        match side {
            Side::Request => place,
            Side::Response => self.filters.len().saturating_sub(place + 1),
        }
    }

    fn filter(&mut self, side: Side, place: usize) -> Option<&mut FilterSide> {
        let index = self.index(side, place);
        self.filters.get_mut(index).map(|filter| match side {
            Side::Request => &mut filter.request,
            Side::Response => &mut filter.response,
        })
    }

    /// Whether `side` has ended before its time: a reply replaced the request, or a reset all.
    fn is_over(&self, side: Side) -> bool {
        self.dead || (side == Side::Request && self.replied)
    }
}
