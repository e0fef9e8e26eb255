//! What the future of an exchange and the callbacks of its stream share.

use super::reactor;
use super::ready::Owner;
use crate::body::{BodyError, Chunk, Flow, Message, Transform, read};
use crate::error::Result;
use crate::headers::Headers;
use crate::host::{MapKind, Side};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::Poll;

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
        let gate = match map {
            MapKind::RequestHeaders => self.request.gate.get(),
            MapKind::ResponseHeaders => self.response.gate.get(),
            _ => return false,
        };
        gate == Gate::Held && reactor::current().is_some_and(|(_, owner)| owner == self.owner)
    }

    /// Reads a body as a whole while its headers wait.
    pub(crate) async fn collect(&self, side: Side, limit: usize) -> Result<Vec<u8>> {
        let message = Message::of(side);
        let half = self.half(side);
        if half.is_bodiless() {
            return Ok(Vec::new());
        }
        if !self.hold_allowed {
            return Err(BodyError::HoldNotAllowed { message }.into());
        }
        poll_fn(|_| {
            if half.size.get() > limit {
                Poll::Ready(Err(BodyError::TooLarge { message, limit }.into()))
            } else if half.ended.get() {
                Poll::Ready(half.read())
            } else {
                Poll::Pending
            }
        })
        .await
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

/// What a filter wants of a body besides letting it through.
pub(crate) enum BodyPlan {
    Map(Transform),
    Replace(Vec<u8>),
}

impl BodyPlan {
    pub(crate) fn map(mut function: impl FnMut(&mut Chunk) -> Result<()> + 'static) -> Self {
        Self::Map(Transform::new(Box::new(move |chunk| function(chunk))))
    }
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
    transform: RefCell<Option<Transform>>,
    flow: Cell<Flow>,
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
            transform: RefCell::new(None),
            flow: Cell::new(Flow::Send),
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
        self.ended.set(true);
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
        self.is_held() || self.flow.get() == Flow::Hold
    }

    /// Writes the headers back and lets them go, with what is to be done to the body.
    pub(crate) fn release(&self, headers: &mut Headers, plan: Option<BodyPlan>) -> Result<()> {
        let transform = match plan {
            Some(_) if self.is_bodiless() => None,
            Some(BodyPlan::Map(transform)) => {
                headers.remove("content-length")?;
                Some(transform)
            }
            Some(BodyPlan::Replace(body)) => {
                headers.set("content-length", body.len().to_string())?;
                Some(Transform::replacement(body))
            }
            None => None,
        };
        headers.commit()?;
        self.transform.replace(transform);
        if self.body_seen.get() {
            // These bytes came while the headers waited. The proxy will not show them again.
            self.transform_bytes().inspect_err(|_| drop(self.transform.take()))?;
        }
        self.gate.set(Gate::Open);
        Ok(())
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
