//! The request while this filter has it.

use crate::body::{BodyError, Chunk, Message};
use crate::dispatch::{BodyPlan, Plan, Stream};
use crate::error::Result;
use crate::headers::{HeaderError, Headers, Query, Value};
use crate::host::{MapKind, Side};
use crate::response::Response;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;

/// A request whose headers wait in the proxy.
///
/// [`crate::Next::run`] consumes it. Dropped without that, its changes are never written.
pub struct Request {
    stream: Rc<Stream>,
    headers: Headers,
    plan: Plan,
    gate: Option<Box<GatePlan>>,
}

/// A verdict over a gated body; see [`Request::gate_body`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Gate {
    /// The body goes on to the upstream.
    Open,
    /// The client gets this; the upstream sees its request reset, and never a complete body.
    Reply(Response),
}

/// What decides over a gated body.
pub(crate) struct GatePlan {
    pub(crate) limit: usize,
    pub(crate) decide: Decide,
}

/// Who decides, and how it gets to see the body.
pub(crate) enum Decide {
    Whole(DecideOver<Vec<u8>>),
    Watched { look: Look, decide: DecideOver<Watched> },
}

type Look = Box<dyn FnMut(&[u8])>;
/// How watching a body ended.
type Watched = Result<(), BodyError>;

type DecideOver<T> = Box<dyn FnOnce(T) -> Pin<Box<dyn Future<Output = Result<Gate>>>>>;

impl Request {
    pub(crate) fn new(stream: Rc<Stream>) -> Self {
        let headers = Headers::of(Rc::clone(&stream), MapKind::RequestHeaders);
        Self { stream, headers, plan: Plan::default(), gate: None }
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The headers, to change them. Changes are written when the request goes on.
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut self.headers
    }

    /// The method, as sent.
    #[must_use]
    pub fn method(&self) -> Option<Value<'_>> {
        self.headers.get(":method")
    }

    /// Path and query, as sent.
    #[must_use]
    pub fn target(&self) -> Option<Value<'_>> {
        self.headers.get(":path")
    }

    /// The path without the query, as sent: neither decoded nor normalised.
    #[must_use]
    pub fn path(&self) -> Option<Value<'_>> {
        let target = self.target()?.as_bytes();
        target.split(|byte| *byte == b'?').next().map(Value::new)
    }

    /// The parameters behind the path.
    #[must_use]
    pub fn query(&self) -> Query<'_> {
        let target = self.target().map(Value::as_bytes).unwrap_or_default();
        let mark = target.iter().position(|byte| *byte == b'?');
        Query::new(mark.and_then(|mark| target.get(mark + 1..)).unwrap_or_default())
    }

    /// Host and port that the client asked for.
    #[must_use]
    pub fn authority(&self) -> Option<Value<'_>> {
        self.headers.get(":authority")
    }

    /// Reads the whole body while the headers wait, at most `limit` bytes.
    ///
    /// It stays in the proxy and goes on with the request. The proxy has to allow this
    /// (`allow_on_headers_stop_iteration`) and to say so by the VM variable
    /// `MESH_FILTER_HOLD_HEADERS=1`.
    ///
    /// # Errors
    /// [`BodyError::HoldNotAllowed`] at once where the proxy does not allow it,
    /// [`BodyError::TooLarge`] as soon as the limit is passed.
    pub async fn body(&mut self, limit: usize) -> Result<Vec<u8>> {
        self.stream.collect(Side::Request, limit).await
    }

    /// Puts another body in place of the client's, with its `content-length`.
    ///
    /// # Errors
    /// [`BodyError::None`] when the request came without a body.
    pub fn set_body(&mut self, body: impl Into<Vec<u8>>) -> Result<(), BodyError> {
        if self.stream.half(Side::Request).is_bodiless() {
            return Err(BodyError::None { message: Message::Request });
        }
        *self.plan.body() = Some(BodyPlan::Replace(body.into()));
        Ok(())
    }

    /// Runs a function over the body while it streams to the upstream.
    ///
    /// `content-length` is removed. A request without a body is left alone. An error of the
    /// function resets the stream, because its headers have left.
    pub fn map_body(&mut self, function: impl FnMut(&mut Chunk) -> Result<()> + 'static) {
        *self.plan.body() = Some(BodyPlan::map(function));
    }

    /// Adds bytes at the end of the body, behind what else is done to it; `content-length` is
    /// corrected.
    ///
    /// # Errors
    /// [`BodyError::None`] when the request came without a body. Trailers that follow a single
    /// chunk of more than 64 KiB directly leave no moment to add bytes: that stream is reset.
    pub fn append_body(&mut self, bytes: impl Into<Vec<u8>>) -> Result<(), BodyError> {
        if self.stream.half(Side::Request).is_bodiless() {
            return Err(BodyError::None { message: Message::Request });
        }
        self.plan.append(bytes.into());
        Ok(())
    }

    /// Lets the headers go to the upstream and keeps the body until `decide` has seen all of it.
    ///
    /// This is how a body is checked where the proxy does not allow headers to be held
    /// ([`Request::body`]): the upstream sees the headers at once, and a complete body only if the
    /// verdict is [`Gate::Open`]. The proxy holds the body meanwhile, which it bounds too
    /// (`per_connection_buffer_limit_bytes`; beyond it the client gets 413). A request without a
    /// body is decided over with no bytes. An upstream that answers before it has the body ends the
    /// matter: its response comes back from [`crate::Next::run`].
    ///
    /// A body longer than `limit` bytes, and an error of `decide`, end the exchange as
    /// [`crate::Filter::on_error`] says.
    ///
    /// ```no_run
    /// # use mesh_filter::prelude::*;
    /// # async fn handle(mut request: Request, next: Next) -> Result<Response> {
    /// request.gate_body(64 * 1024, async |body| match body.is_empty() || body.starts_with(b"{") {
    ///     true => Ok(Gate::Open),
    ///     false => Ok(Gate::Reply(Response::new(400).with_body("JSON is expected\n"))),
    /// });
    /// next.run(request).await
    /// # }
    /// ```
    pub fn gate_body<D>(&mut self, limit: usize, decide: D)
    where
        D: AsyncFnOnce(Vec<u8>) -> Result<Gate> + 'static,
    {
        let decide: DecideOver<_> = Box::new(move |body| Box::pin(async move { decide(body).await }));
        self.gate = Some(Box::new(GatePlan { limit, decide: Decide::Whole(decide) }));
    }

    /// The same for a body that need not be here as a whole: `look` sees it piece by piece as it comes, and `decide` decides when
    /// it has seen all.
    ///
    /// The body stays in the proxy, and never lies in the module's memory: this is how it is hashed. `decide` is also asked
    /// where the body is longer than `limit` ([`BodyError::TooLarge`], without the rest): [`Gate::Open`] lets it go on nevertheless.
    ///
    /// ```no_run
    /// # use mesh_filter::prelude::*;
    /// # use std::{cell::Cell, rc::Rc};
    /// # async fn handle(mut request: Request, next: Next) -> Result<Response> {
    /// let lines = Rc::new(Cell::new(0));
    /// let seen = Rc::clone(&lines);
    /// let look = move |piece: &[u8]| seen.set(seen.get() + piece.iter().filter(|byte| **byte == b'\n').count());
    /// request.gate_watched(64 * 1024, look, async move |watched| {
    ///     watched?;
    ///     Ok(if lines.get() <= 100 { Gate::Open } else { Gate::Reply(Response::new(400)) })
    /// });
    /// next.run(request).await
    /// # }
    /// ```
    pub fn gate_watched<D>(&mut self, limit: usize, look: impl FnMut(&[u8]) + 'static, decide: D)
    where
        D: AsyncFnOnce(Result<(), BodyError>) -> Result<Gate> + 'static,
    {
        let decide: DecideOver<_> = Box::new(move |watched| Box::pin(async move { decide(watched).await }));
        self.gate =
            Some(Box::new(GatePlan { limit, decide: Decide::Watched { look: Box::new(look), decide } }));
    }

    /// Looks at the body piece by piece as it comes, while the headers wait: at most `limit` bytes.
    ///
    /// As [`Request::body`], which the proxy has to allow, but the body never lies in the module's memory.
    ///
    /// # Errors
    /// [`BodyError::HoldNotAllowed`] at once where the proxy does not allow it,
    /// [`BodyError::TooLarge`] as soon as the limit is passed. After the latter the request can still go on.
    pub async fn watch_body(&mut self, limit: usize, mut look: impl FnMut(&[u8])) -> Result<(), BodyError> {
        self.stream.watch(Side::Request, limit, &mut look).await
    }

    /// Whether the request goes on after its headers: with a body, which may be empty, or with trailers.
    #[must_use]
    pub fn has_body(&self) -> bool {
        !self.stream.half(Side::Request).is_bodiless()
    }

    /// Runs a function over the trailers, if any come.
    ///
    /// An error of the function resets the stream, because its headers have left.
    pub fn map_trailers(&mut self, function: impl FnOnce(&mut Headers) -> Result<()> + 'static) {
        self.plan.trailers().map(function);
    }

    /// Adds a trailer: to those that come, or as the first.
    ///
    /// Peers that speak HTTP/1.1 get trailers only where the proxy is configured to pass them.
    ///
    /// # Errors
    /// When the name or the value cannot be. A request that came without a body gets no trailers,
    /// and one whose body was read before its headers left only where it has some already: then
    /// [`crate::Next::run`] fails with [`BodyError::NoTrailers`].
    pub fn add_trailer(&mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result<(), HeaderError> {
        self.plan.trailers().add(name.as_ref(), value.as_ref())
    }

    pub(crate) fn belongs_to(&self, stream: &Rc<Stream>) -> bool {
        Rc::ptr_eq(&self.stream, stream)
    }

    /// Lets the headers go; what decides over the body stays.
    pub(crate) fn release(mut self) -> Result<Option<Box<GatePlan>>> {
        let gate = self.gate.take();
        let half = self.stream.half(Side::Request);
        self.stream.release(Side::Request, &mut self.headers, self.plan)?;
        if gate.is_some() {
            half.close_gate();
        }
        Ok(gate)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("headers", &self.headers).finish_non_exhaustive()
    }
}
