//! The request while this filter has it.

use crate::body::{BodyError, Chunk, Message};
use crate::dispatch::{BodyPlan, Stream};
use crate::error::Result;
use crate::headers::{Headers, Value};
use crate::host::{MapKind, Side};
use std::fmt;
use std::rc::Rc;

/// A request whose headers wait in the proxy.
///
/// [`crate::Next::run`] consumes it. Dropped without that, its changes are never written.
pub struct Request {
    stream: Rc<Stream>,
    headers: Headers,
    plan: Option<BodyPlan>,
}

impl Request {
    pub(crate) fn new(stream: Rc<Stream>) -> Self {
        let headers = Headers::of(Rc::clone(&stream), MapKind::RequestHeaders);
        Self { stream, headers, plan: None }
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
    pub fn path(&self) -> Option<Value<'_>> {
        self.headers.get(":path")
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
        self.plan = Some(BodyPlan::Replace(body.into()));
        Ok(())
    }

    /// Runs a function over the body while it streams to the upstream.
    ///
    /// `content-length` is removed. A request without a body is left alone. An error of the
    /// function resets the stream, because its headers have left.
    pub fn map_body(&mut self, function: impl FnMut(&mut Chunk) -> Result<()> + 'static) {
        self.plan = Some(BodyPlan::map(function));
    }

    pub(crate) fn belongs_to(&self, stream: &Rc<Stream>) -> bool {
        Rc::ptr_eq(&self.stream, stream)
    }

    pub(crate) fn release(mut self) -> Result<()> {
        self.stream.half(Side::Request).release(&mut self.headers, self.plan.take())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("headers", &self.headers).finish_non_exhaustive()
    }
}
