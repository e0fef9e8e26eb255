//! Contexts: who is calling, what it may see, and what it has asked for.

use super::{GrpcAction, GrpcPart, Host, HttpCall, PluginSettings};
use crate::abi::{Status, StreamKind};
use crate::exchange::{LocalReply, SharedExchange, Side};
use crate::guest::ContextId;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// What the VM is doing, for the rules that depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// `_initialize`, `_start` or `main`: almost nothing is allowed.
    Start,
    /// `on_context_create` of a root, or `on_configure`.
    Configure,
    /// Any other callback.
    Running,
}

/// Which bytes a filter sees as the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The chunk that is going through the chain.
    Chunk,
    /// All that the filter has held back.
    Buffer,
}

/// What one filter may see of an exchange now. The chain opens and closes it around callbacks.
#[derive(Debug)]
pub struct View {
    /// The exchange.
    pub exchange: SharedExchange,
    /// The root context of the filter's plugin.
    pub root: ContextId,
    /// What of the request is open.
    pub request: Open,
    /// What of the response is open.
    pub response: Open,
    /// The last headers or chunk ended its message.
    pub end_of_stream: bool,
    /// The exchange is over: everything can be read, nothing changed.
    pub logging: bool,
    /// Trailers that this filter made itself: they stay open to it for the rest of the exchange.
    pub made_trailers: MadeTrailers,
}

/// Which trailers a filter has made by touching them in the last body callback.
#[derive(Debug, Default)]
pub struct MadeTrailers {
    request: Cell<bool>,
    response: Cell<bool>,
}

impl MadeTrailers {
    /// Of this side.
    #[must_use]
    pub fn of(&self, side: Side) -> &Cell<bool> {
        match side {
            Side::Request => &self.request,
            Side::Response => &self.response,
        }
    }
}

/// The open parts of one message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Open {
    /// Headers can be read and changed.
    pub headers: bool,
    /// Trailers can be read and changed.
    pub trailers: bool,
    /// Body bytes that can be read and changed.
    pub body: Option<Part>,
}

impl View {
    /// A view in which nothing is open.
    #[must_use]
    pub fn closed(exchange: SharedExchange, root: ContextId) -> Self {
        Self {
            exchange,
            root,
            request: Open::default(),
            response: Open::default(),
            end_of_stream: false,
            logging: false,
            made_trailers: MadeTrailers::default(),
        }
    }

    /// The open parts of one side.
    #[must_use]
    pub fn side(&self, side: Side) -> Open {
        match side {
            Side::Request => self.request,
            Side::Response => self.response,
        }
    }

    /// The open parts of one side.
    pub fn side_mut(&mut self, side: Side) -> &mut Open {
        match side {
            Side::Request => &mut self.request,
            Side::Response => &mut self.response,
        }
    }
}

/// What a guest asked for during a call, done when the call has returned.
#[derive(Debug)]
#[non_exhaustive]
pub enum Deferred {
    /// Let the paused side of the stream go on.
    Continue {
        /// Stream context.
        context: ContextId,
        /// Side.
        side: Side,
    },
    /// Reset the stream.
    Close {
        /// Stream context.
        context: ContextId,
    },
    /// Answer the client.
    Reply {
        /// Stream context.
        context: ContextId,
        /// Answer.
        reply: LocalReply,
    },
    /// Start an HTTP callout.
    Call(HttpCall),
    /// Open, go on with or give up a gRPC callout.
    Grpc(GrpcAction),
    /// A gRPC callout has failed at once.
    GrpcFailed {
        /// Number of the call or stream.
        token: u32,
        /// What there is instead of a response; `None` where there is no such cluster.
        part: Option<GrpcPart>,
    },
    /// Call `on_tick` of the root in this rhythm; `None` stops it.
    Tick {
        /// Root context.
        root: ContextId,
        /// Period.
        period: Option<Duration>,
    },
    /// The root that answered `on_done` with 0 is done now.
    Done {
        /// Root context.
        root: ContextId,
    },
}

impl Host {
    /// The root contexts.
    pub(crate) fn roots(&self) -> impl Iterator<Item = ContextId> {
        self.plugins.keys().copied()
    }

    /// Whether this root is there.
    pub(crate) fn has_root(&self, root: ContextId) -> bool {
        self.plugins.contains_key(&root)
    }

    /// Adds a root context; returns its number. The caller calls `on_context_create`.
    pub fn add_root(&mut self, plugin: Rc<PluginSettings>) -> ContextId {
        let root = self.next_context();
        self.plugins.insert(root, plugin);
        root
    }

    /// Adds a stream context; returns its number. The caller calls `on_context_create`.
    pub fn add_stream(&mut self, view: View) -> ContextId {
        let context = self.next_context();
        self.streams.insert(context, view);
        context
    }

    /// Forgets a root or stream context.
    pub fn remove_context(&mut self, context: ContextId) {
        self.plugins.remove(&context);
        self.pending_done.remove(&context);
        self.streams.remove(&context);
        self.prototypes.remove(&context);
        self.statuses.remove(&context);
    }

    /// The view of a stream context.
    pub fn view_mut(&mut self, context: ContextId) -> Option<&mut View> {
        self.streams.get_mut(&context)
    }

    /// Marks the beginning of a guest call.
    pub fn enter(&mut self, context: ContextId, phase: Phase) {
        self.current = context;
        self.effective = context;
        self.phase = phase;
    }

    /// Takes what the guest asked for, in order.
    pub fn take_deferred(&mut self) -> Vec<Deferred> {
        std::mem::take(&mut self.deferred)
    }

    /// What the VM is doing.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// `proxy_set_effective_context`; 0 leads back to the context of the callback.
    ///
    /// # Errors
    /// `BadArgument` for unknown contexts.
    pub fn set_effective_context(&mut self, context: ContextId) -> Result<(), Status> {
        let known = self.streams.contains_key(&context) || self.plugins.contains_key(&context);
        self.effective = match context {
            0 => self.current,
            _ if known => context,
            _ => return Err(Status::BAD_ARGUMENT),
        };
        Ok(())
    }

    /// `proxy_set_tick_period_milliseconds`: of the root, also from a stream context.
    pub fn set_tick_period(&mut self, period: Duration) {
        let Some(root) = self.root_of(self.effective) else { return };
        self.deferred.push(Deferred::Tick { root, period: (!period.is_zero()).then_some(period) });
    }

    /// The root has been told that it is over; what it answers, or `proxy_done` later, ends it.
    pub(crate) fn expect_done(&mut self, root: ContextId) {
        self.pending_done.insert(root);
    }

    /// `proxy_done`: the root that answered `on_done` with false is done now.
    ///
    /// # Errors
    /// `NotFound` where nothing is pending.
    pub fn done(&mut self) -> Result<(), Status> {
        let root = self.root_of(self.effective).ok_or(Status::NOT_FOUND)?;
        if !self.pending_done.remove(&root) {
            return Err(Status::NOT_FOUND);
        }
        self.deferred.push(Deferred::Done { root });
        Ok(())
    }

    /// `proxy_continue_stream`.
    ///
    /// # Errors
    /// `Unimplemented` for the upstream's side of a TCP connection. What cannot be continued, a root
    /// context or the downstream's side of a connection, is ignored, as in Envoy.
    pub fn continue_stream(&mut self, kind: StreamKind) -> Result<(), Status> {
        let side = match kind {
            StreamKind::Request => Side::Request,
            StreamKind::Response => Side::Response,
            StreamKind::Downstream => return Ok(()),
            StreamKind::Upstream => return Err(Status::UNIMPLEMENTED),
        };
        let context = self.effective;
        let Some(view) = self.streams.get_mut(&context) else { return Ok(()) };
        // Envoy forgets the request's map here, for either side.
        view.request.headers = false;
        view.request.trailers = false;
        self.deferred.push(Deferred::Continue { context, side });
        Ok(())
    }

    /// `proxy_close_stream`: a reset.
    ///
    /// # Errors
    /// As [`Self::continue_stream`].
    pub fn close_stream(&mut self, kind: StreamKind) -> Result<(), Status> {
        let context = self.effective;
        let is_http = matches!(kind, StreamKind::Request | StreamKind::Response);
        if is_http && self.streams.contains_key(&context) {
            self.deferred.push(Deferred::Close { context });
        }
        Ok(())
    }

    /// `proxy_send_local_response`.
    ///
    /// # Errors
    /// `BadArgument` outside a stream.
    pub fn send_local_response(&mut self, reply: LocalReply) -> Result<(), Status> {
        let context = self.effective;
        if self.streams.contains_key(&context) {
            self.deferred.push(Deferred::Reply { context, reply });
        }
        Ok(())
    }

    pub(super) fn view(&self) -> Option<&View> {
        self.streams.get(&self.effective)
    }

    pub(super) fn root_of(&self, context: ContextId) -> Option<ContextId> {
        match self.streams.get(&context) {
            Some(view) => Some(view.root),
            None => self.plugins.contains_key(&context).then_some(context),
        }
    }

    pub(super) fn plugin_of(&self, context: ContextId) -> Option<&PluginSettings> {
        self.plugins.get(&self.root_of(context)?).map(AsRef::as_ref)
    }

    fn next_context(&mut self) -> ContextId {
        // Numbers grow as in Envoy; after 2^32 streams the free ones are taken again.
        loop {
            self.last_context = self.last_context.checked_add(1).unwrap_or(1);
            let context = self.last_context;
            if !self.streams.contains_key(&context) && !self.plugins.contains_key(&context) {
                return context;
            }
        }
    }
}
