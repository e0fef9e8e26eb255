//! What the future of an exchange and the callbacks of its stream share.

use super::plan::{Parts, Plan, TrailersPlan};
use super::reactor;
use super::ready::Owner;
use crate::body::{BodyError, Flow, Message, Transform, read};
use crate::error::Result;
use crate::headers::Headers;
use crate::host::{MapKind, Side};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// A body is shown in pieces of at most so many bytes, so that a long one never lies in a module's memory.
const MOST_OF_A_PIECE: usize = 64 * 1024;

/// One stream, both directions.
pub(crate) struct Stream {
    pub(crate) owner: Owner,
    /// The proxy hands out bodies while headers wait.
    hold_allowed: bool,
    request: Half,
    response: Half,
}

impl Stream {
    pub(crate) fn new(root: u32, context: u32, hold_allowed: bool) -> Self {
        let owner = Owner::Stream { root, context };
        Self { owner, hold_allowed, request: Half::new(Side::Request), response: Half::new(Side::Response) }
    }

    pub(crate) fn half(&self, side: Side) -> &Half {
        match side {
            Side::Request => &self.request,
            Side::Response => &self.response,
        }
    }

    /// Whether hostcalls may name this map now: its headers wait, and this stream's future runs.
    pub(crate) fn may_touch(&self, map: MapKind) -> bool {
        let open = match map {
            MapKind::RequestHeaders => self.request.is_held(),
            MapKind::RequestTrailers => self.request.trailers_open.get(),
            MapKind::ResponseHeaders => self.response.is_held(),
            MapKind::ResponseTrailers => self.response.trailers_open.get(),
            _ => false,
        };
        open && reactor::current().is_some_and(|(_, owner)| owner == self.owner)
    }

    /// Reads a body as a whole while its headers wait.
    pub(crate) async fn collect(&self, side: Side, limit: usize) -> Result<Vec<u8>> {
        if !self.half(side).is_bodiless() && !self.hold_allowed {
            return Err(BodyError::HoldNotAllowed { message: Message::of(side) }.into());
        }
        poll_fn(|_| self.poll_whole(side, limit)).await
    }

    /// The body as a whole, once it is here.
    pub(crate) fn poll_whole(&self, side: Side, limit: usize) -> Poll<Result<Vec<u8>>> {
        let half = self.half(side);
        if half.size.get() > limit {
            let message = Message::of(side);
            Poll::Ready(Err(BodyError::TooLarge { message, limit }.into()))
        } else if half.ended.get() {
            Poll::Ready(half.read())
        } else {
            Poll::Pending
        }
    }

    /// Shows a body to `look` as it comes, in the proxy's pieces or smaller ones, from the byte `seen` on; ready once all of it was
    /// shown, or is too long.
    pub(crate) fn poll_pieces(
        &self,
        side: Side,
        limit: usize,
        seen: &Cell<usize>,
        look: &mut dyn FnMut(&[u8]),
    ) -> Poll<Result<(), BodyError>> {
        let half = self.half(side);
        let size = half.size.get();
        if size > limit {
            return Poll::Ready(Err(BodyError::TooLarge { message: Message::of(side), limit }));
        }
        while seen.get() < size {
            let piece = (size - seen.get()).min(MOST_OF_A_PIECE);
            match read(side.body(), seen.get(), piece) {
                Ok(bytes) if !bytes.is_empty() => {
                    look(&bytes);
                    seen.set(seen.get() + bytes.len());
                }
                Ok(_) => return Poll::Ready(Err(BodyError::Missing { message: Message::of(side) })),
                Err(source) => {
                    log::error!("{source}");
                    return Poll::Ready(Err(BodyError::Missing { message: Message::of(side) }));
                }
            }
        }
        if half.ended.get() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Shows a body to `look` while its headers wait.
    pub(crate) async fn watch(
        &self,
        side: Side,
        limit: usize,
        look: &mut dyn FnMut(&[u8]),
    ) -> Result<(), BodyError> {
        if !self.half(side).is_bodiless() && !self.hold_allowed {
            return Err(BodyError::HoldNotAllowed { message: Message::of(side) });
        }
        let seen = Cell::new(0);
        poll_fn(|_| self.poll_pieces(side, limit, &seen, look)).await
    }

    /// Writes the headers back and lets them go, with what is to be done to what follows.
    pub(crate) fn release(self: &Rc<Self>, side: Side, headers: &mut Headers, plan: Plan) -> Result<()> {
        let half = self.half(side);
        match plan.into_parts() {
            Some(parts) => half.follow(*parts, headers)?,
            None => headers.commit()?,
        }
        if half.body_seen.get() {
            // These bytes came while the headers waited. The proxy will not show them again.
            half.transform_bytes().inspect_err(|_| drop(half.transform.take()))?;
        }
        if half.ended.get() && !half.is_bodiless() {
            self.finish(side)?;
        }
        half.gate.set(Gate::Open);
        Ok(())
    }

    /// Lets a gated body go, with what is to be done to it.
    pub(crate) fn open_gate(self: &Rc<Self>, side: Side) -> Result<()> {
        let half = self.half(side);
        half.gated.set(false);
        if half.body_seen.get() {
            half.transform_bytes()?;
        }
        if half.ended.get() && !half.is_bodiless() { self.finish(side) } else { Ok(()) }
    }

    /// The message has ended: changes the trailers that have come, or makes some.
    pub(crate) fn finish(self: &Rc<Self>, side: Side) -> Result<()> {
        let half = self.half(side);
        let Some(plan) = half.trailers.take() else { return Ok(()) };
        if !half.trailers_seen.get() && !half.ending.get() {
            return plan.refuse(side);
        }
        half.trailers_open.set(true);
        let done = plan.run(self, side, half.trailers_seen.get());
        half.trailers_open.set(false);
        done
    }
}

/// How far the headers of one direction have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Not here yet.
    Awaited,
    /// Here; the filter may read and change them.
    Held,
    /// On their way; the proxy does not show them any more.
    Open,
}

/// One direction of a stream.
pub(crate) struct Half {
    side: Side,
    pub(crate) gate: Cell<Gate>,
    /// Our last answer to a callback of this side was `Pause`.
    pub(crate) paused: Cell<bool>,
    /// The proxy has told of body bytes.
    body_seen: Cell<bool>,
    /// Bytes in the proxy's buffer.
    size: Cell<usize>,
    ended: Cell<bool>,
    /// The callback runs that shows the last bytes.
    pub(crate) ending: Cell<bool>,
    /// The proxy has told of trailers.
    trailers_seen: Cell<bool>,
    /// Hostcalls may name the trailers now.
    trailers_open: Cell<bool>,
    transform: RefCell<Option<Box<Transform>>>,
    trailers: RefCell<Option<Box<TrailersPlan>>>,
    flow: Cell<Flow>,
    /// The headers have left, and the body waits for the filter's verdict.
    gated: Cell<bool>,
}

impl Half {
    fn new(side: Side) -> Self {
        Self {
            side,
            gate: Cell::new(Gate::Awaited),
            paused: Cell::new(false),
            body_seen: Cell::new(false),
            size: Cell::new(0),
            ended: Cell::new(false),
            ending: Cell::new(false),
            trailers_seen: Cell::new(false),
            trailers_open: Cell::new(false),
            transform: RefCell::new(None),
            trailers: RefCell::new(None),
            flow: Cell::new(Flow::Send),
            gated: Cell::new(false),
        }
    }

    /// Headers are here.
    pub(crate) fn arrive(&self, end_of_stream: bool) {
        self.gate.set(Gate::Held);
        self.ended.set(end_of_stream);
    }

    /// Body bytes are here, `size` in all.
    pub(crate) fn grow(&self, size: usize, end_of_stream: bool) {
        self.body_seen.set(true);
        self.size.set(size);
        self.ended.set(end_of_stream);
    }

    /// Trailers are here, so the body has ended.
    pub(crate) fn end(&self) {
        self.trailers_seen.set(true);
        self.ended.set(true);
    }

    /// Writes the headers back, and remembers what is to be done to what follows.
    fn follow(&self, parts: Parts, headers: &mut Headers) -> Result<()> {
        let transform = match parts.body {
            Some(_) if self.is_bodiless() => None,
            Some(body) => Some(body.prepare(headers)?),
            None => None,
        };
        headers.commit()?;
        self.transform.replace(transform.map(Box::new));
        self.trailers.replace(parts.trailers.map(Box::new));
        Ok(())
    }

    /// Whether the last part of the message is here.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.get()
    }

    /// Keeps the body back until [`Stream::open_gate`].
    pub(crate) fn close_gate(&self) {
        self.gated.set(!self.is_bodiless());
    }

    /// Lets everything of the message go as it is.
    pub(crate) fn pass(&self) {
        self.gate.set(Gate::Open);
        self.gated.set(false);
    }

    /// Whether the filter's future waits for parts of the message.
    pub(crate) fn is_awaited(&self) -> bool {
        self.is_held() || self.gated.get()
    }

    /// The message ended with its headers, so the proxy will not ask about a body.
    pub(crate) fn is_bodiless(&self) -> bool {
        self.ended.get() && !self.body_seen.get()
    }

    /// The headers are here, and the filter may read and change them.
    pub(crate) fn is_held(&self) -> bool {
        self.gate.get() == Gate::Held
    }

    /// Whether something here still has to wait.
    pub(crate) fn stops(&self) -> bool {
        // The headers of a gated message leave, unless parts of its body have come and would follow.
        let gated = self.gated.get() && (self.body_seen.get() || self.trailers_seen.get());
        gated || self.is_held() || self.flow.get() == Flow::Hold
    }

    /// Runs the transform over what the proxy's buffer holds.
    pub(crate) fn transform_bytes(&self) -> Result<()> {
        if let Some(transform) = self.transform.borrow_mut().as_mut() {
            self.flow.set(transform.step(self.side, self.size.get(), self.ended.get())?);
        }
        Ok(())
    }

    /// Runs the transform a last time because trailers have come.
    pub(crate) fn transform_end(&self) -> Result<()> {
        self.flow.set(Flow::Send);
        match self.transform.borrow_mut().as_mut() {
            Some(transform) => transform.end(self.side),
            None => Ok(()),
        }
    }

    fn read(&self) -> Result<Vec<u8>> {
        match self.size.get() {
            0 => Ok(Vec::new()),
            size => Ok(read(self.side.body(), 0, size)?),
        }
    }
}
